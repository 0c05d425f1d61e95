/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The start of a VM, and its end, as one figure each: how long, of what, and how long with no grace
 * period outstanding. A single call says little of what a user waits for.
 *
 * A start lasts from KVM_CREATE_VM to vCPU 0's first KVM_RUN. If the VM does not run, it is left
 * paused, as after a restore, and its start is over with the last of its calls that took time: that
 * slept, or ran for a millisecond; without such a call it was not started, and nothing is reported.
 * An end lasts from the first close to the one that destroys it. Where the tracepoint backend sees
 * only the sleeps of a system call that closes it (execve(2), io_uring_enter(2)), from the first to
 * the last of them.
 */
#ifndef LEDGER_LIFE_H
#define LEDGER_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/stall.h"

enum span_kind { SPAN_START, SPAN_END, SPAN_KIND_CNT };

const char *span_kind_name(enum span_kind kind);

/* Valid during the callback only. */
struct span {
	enum span_kind kind;
	const struct vm *vm;
	uint64_t begin_ns;
	uint64_t ns;
	/* Each moment of the calls that took time once, however many threads were in one: with
	 * .outside_ns, which is between them, the sum is .ns. */
	uint64_t by_cause[KS_CAUSE_CNT];
	uint64_t outside_ns;
	uint64_t without_ns; /* with no grace period outstanding */
	uint64_t calls;
	uint32_t timers;  /* segments that waited for a timer of SRCU's, or of RCU's kthread */
	bool is_held_off; /* a call started the GP whose timer it waited for */
	bool has_run;	  /* a start: it ended with the first KVM_RUN */
	bool is_complete; /* so are its calls, and no record of another can have been lost */
	/* The call that waited longest; .worst_ns 0: none waited. */
	uint64_t worst_ns;
	enum call_id worst_call;
	enum ks_cause worst_cause;
	char worst_func[64];	    /* of its culprit, or where it slept; "": not known */
	enum call_id worst_culprit; /* the call that the culprit was in */
	bool is_worst_place;	    /* .worst_func is where it slept */
};

/* A VM that has not run for so long after its last call was left paused. */
#define LIFE_PAUSED_NS 30000000000ULL

/* More holes between calls than these are not kept open: they are outside for good. */
#define LIFE_GAPS_MAX 32

/* A start or an end in the making. */
struct span_account {
	struct span span;
	/* End of the last call. What is before is in a call, in .gaps, or outside for good. */
	uint64_t upto_ns;
	uint64_t saved_ns;
	struct {
		uint64_t from_ns, to_ns;
	} gaps[LIFE_GAPS_MAX]; /* in order of time */
	uint32_t gaps_cnt;
	bool is_over; /* an end: its last call was seen */
	/* An end: the thread whose execve(2), io_uring_enter(2) or the like closes the VM. Only its
	 * sleeps are seen, so the end lasts from the first of them to the last. 0: none */
	uint32_t closer;
};

/* A start or an end of @vm that began at @begin_ns. The VM owns it; NULL: out of memory. */
struct span_account *life_new(enum span_kind kind, const struct vm *vm, uint64_t begin_ns);

/* A call of it ended. One that did not take time is not part of it: see above. */
void life_add(struct span_account *life, const struct stall *stall);

/* What it was, if it was over at @end_ns, or with its last call if that was later. */
const struct span *life_span(struct span_account *life, uint64_t end_ns);

#endif
