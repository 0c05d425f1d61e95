/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Signals as something to wait for, and what became of them undone for COMMAND: it gets the mask
 * and the dispositions that we were started with.
 */
#ifndef LIVE_SIGNALS_H
#define LIVE_SIGNALS_H

#include <signal.h>

struct err;

/* Those that we change for as long as we run. */
#define SIGNALS_CHANGED 2

struct signals {
	int fd; /* readable (without waiting) when one came: signalfd(2) */
	sigset_t mask;
	struct sigaction actions[SIGNALS_CHANGED];
};

/*
 * From now on SIGINT, SIGTERM, SIGHUP, SIGCHLD and @more (0: none) only make .fd readable; SIGPIPE
 * is ignored: an output that nobody reads is no reason to end before we have detached. A negative
 * errno with @err set.
 */
int signals_open(struct signals *signals, int more, struct err *err);

/* The next one's number; 0: there is none. */
int signals_take(int fd);

/* In a child, before it becomes another program. */
void signals_restore(const struct signals *signals);

void signals_close(struct signals *signals);

#endif
