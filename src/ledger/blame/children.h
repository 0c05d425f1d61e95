/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads of the kernel that are made for a VM, or for a vhost device, and what they waited for: a
 * call that waits for one waits for that.
 */
#ifndef LEDGER_BLAME_CHILDREN_H
#define LEDGER_BLAME_CHILDREN_H

#include <stdint.h>

#include "base/vec.h"
#include "ledger/stall.h"

struct child_wait {
	uint64_t begin_ns, end_ns;
	uint32_t tid;
	enum ks_cause cause;
};

VEC_DECL(child_waits, struct child_wait);

/* In the order in which they ended; kept for a minute. All zero bytes is none. */
struct children {
	struct child_waits list;
};

/* Take one that is over; ignores stalls of others. */
void children_note(struct children *children, const struct stall *stall);

/* What thread @tid waited for in most of [@begin_ns, @end_ns]; KS_CAUSE_RUN: nothing that is known.
 */
enum ks_cause children_cause(const struct children *children, uint32_t tid, uint64_t begin_ns,
			     uint64_t end_ns);

/* Forget all; it can be used again. */
void children_fini(struct children *children);

#endif
