/* SPDX-License-Identifier: GPL-2.0-only */
/* COMMAND: started, but kept waiting at a gate, so that probes are attached before its first
 * instruction. */
#ifndef LIVE_CHILD_H
#define LIVE_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct err;

struct child {
	pid_t pid;    /* 0: none */
	int gate;     /* write end; -1 once open */
	int status;   /* as of waitpid(); -1 while it runs */
	bool is_lost; /* waitpid() does not say, and never will */
};

/* Fork; the child waits. @argv ends with NULL. */
int child_fork(struct child *child, char **argv, struct err *err);

/* Let it exec. When that fails, @err says why. */
int child_go(struct child *child, struct err *err);

/* Reap it if it is over; true once it is, or once nobody can tell, which a warning says. */
bool child_reap(struct child *child);

/* As a shell would have it: 128 and the signal's number when it was killed; -1 while it runs, or
 * not known. */
int child_exit_status(const struct child *child);

/* It must not outlive a failure before child_go(): end it and reap it. */
void child_kill(struct child *child);

#endif
