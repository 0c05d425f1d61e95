/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What went on in a stretch of time, in lanes: the call, and for each SRCU domain of its VM what
 * its grace periods and its callbacks did. A copy, so that it can be looked at when the domains
 * have forgotten it.
 */
#ifndef VIEW_LANES_H
#define VIEW_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/stall.h"
#include "ledger/walk.h"

#define LANES_MAX	8
#define LANES_SPANS_MAX 96

struct screen;

struct lanes_one {
	char name[16]; /* "kvm.srcu GP" */
	struct walk_span *list;
	size_t cnt;
};

struct lanes {
	uint64_t from_ns, to_ns; /* nothing is known outside of it */
	uint64_t begin_ns;	 /* what jiffies are counted from */
	struct lanes_one lanes[LANES_MAX];
	size_t cnt;
	bool lacks_memory; /* one is missing */
};

/* Of @stall, and of as much before it as it took. A lane in which nothing happened is left out. */
void lanes_of_stall(struct lanes *lanes, const struct stall *stall);

/* Of a VM that lives, for the @ns before @now_ns. */
void lanes_of_vm(struct lanes *lanes, const struct vm *vm, uint64_t now_ns, uint64_t ns);

void lanes_fini(struct lanes *lanes);

/* Which part of it is shown: so many ns from .from_ns on. */
struct lanes_window {
	uint64_t from_ns, ns;
};

/* A line for each lane, and one with marks at jiffies; @hz 0: without. */
void lanes_put(const struct lanes *lanes, const struct lanes_window *window, uint32_t hz,
	       struct screen *screen);

#endif
