/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What ends a command that watches this kernel, a signal or its duration, and the one way in which
 * it waits for anything else: no output, slow or gone, keeps the end from it.
 */
#ifndef LIVE_WAITER_H
#define LIVE_WAITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/io.h"
#include "live/signals.h"

struct err;

/* After the end, output that is not read for so long is given up; a second signal gives it up at
 * once. */
#define WAITER_PATIENCE_NS 2000000000ULL

struct waiter {
	struct signals signals;
	int wake_fd;	     /* readable when there is a signal, or input: to wait for */
	int epoll_fd;	     /* .wake_fd, if it is of more than signals; else -1 */
	struct io_waiter io; /* for outputs */
	uint64_t duration_ns;
	uint64_t end_ns;   /* UINT64_MAX: not by itself */
	int more;	   /* a signal that is no end; 0: none */
	unsigned int ends; /* signals that are one */
	bool has_more;	   /* .more came, see waiter_take_more() */
	bool has_child;	   /* SIGCHLD came: see waiter_take_child() */
	uint64_t idle_ns;  /* since when the end waits for an output; 0: it does not */
};

/*
 * Signals as signals_open() has them; the @duration_ns (0: none) begins. @waiter must not move. A
 * negative errno with @err set.
 */
int waiter_open(struct waiter *waiter, uint64_t duration_ns, int more, struct err *err);
/* From now on .wake_fd is readable when @fd is, too: the caller's to read. For each of several. A
 * negative errno with @err set. */
int waiter_add_input(struct waiter *waiter, int fd, struct err *err);

void waiter_close(struct waiter *waiter);

/* What it is for begins only now: the duration, too. */
void waiter_begin(struct waiter *waiter);

/* Take the signals that came. True: it is over. */
bool waiter_is_over(struct waiter *waiter);

/* Did a signal end it? */
bool waiter_is_ended(struct waiter *waiter);

/* Did .more, or SIGCHLD, come since this was last asked? */
bool waiter_take_more(struct waiter *waiter);
bool waiter_take_child(struct waiter *waiter);

#endif
