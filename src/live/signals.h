/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Signals as something to wait for, and what became of them undone for COMMAND: it gets the mask
 * and the dispositions that we were started with.
 */
#ifndef LIVE_SIGNALS_H
#define LIVE_SIGNALS_H

#include <signal.h>

struct err;

struct signals {
	int fd; /* readable (without waiting) when one came: signalfd(2); -1: not open */
};

/*
 * First of all in main(): keep what we were started with, and ignore SIGXFSZ, so that a file that
 * grows too large is an error (EFBIG) like a full disk.
 */
void signals_init(void);

/*
 * From now on SIGINT, SIGTERM, SIGHUP, SIGCHLD and @more (0: none) only make .fd readable; SIGPIPE
 * is ignored: an output that nobody reads is no reason to end before we have detached. One that was
 * ignored or blocked when we were started stays so (nohup(1)); but see signals_take(). A negative
 * errno with @err set.
 */
int signals_open(struct signals *signals, int more, struct err *err);

/*
 * The next one's number; 0: there is none. Shells start what they do not wait for with SIGINT
 * ignored, so that ^C is not for it: then the terminal's does not count, but kill(1)'s does.
 */
int signals_take(int fd);

/* In a child, before it becomes another program. */
void signals_restore(void);

void signals_close(struct signals *signals);

#endif
