/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A process of our own that does nothing but wait for us, and has the terminal as it was: whatever
 * ends us, SIGKILL too, it puts the terminal back before the shell asks for the next command. It is
 * our parent, and so the shell's job.
 */
#ifndef CMD_TOP_KEEPER_H
#define CMD_TOP_KEEPER_H

struct err;

struct keeper {
	int fd; /* to it */
};

/*
 * From now on there are two of us. In the child 0: standard error is kept from the screen, and
 * shown when all is over. In the parent 1 when the child is over, with its exit @status, and with
 * the terminal as it was; where a signal ended the child, it ends the parent too. Before both a
 * negative errno with @err set. After terminal_check(), while there are no threads and no other
 * children.
 */
int keeper_start(struct keeper *keeper, int *status, struct err *err);

/* The shell's: stop until we are in the foreground again. */
void keeper_suspend(struct keeper *keeper);

#endif
