/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a call's time goes, once: JSON, metrics, text and kvmstall-causes(7)
 * all read this list. Append only: the number may be stored.
 */
#ifndef KVMSTALL_CAUSES_H
#define KVMSTALL_CAUSES_H

/* X(id, name, what it says) */
/* clang-format off */
#define KS_CAUSES(X)                                                                               \
	X(RUN, "run", "on a CPU")                                                                  \
	X(GP_TIMER, "gp-timer", "asleep until the timer of a normal grace period fired")           \
	X(CB_TIMER, "cb-timer", "the grace period was over; its callbacks waited for a timer")     \
	X(READER, "reader", "an SRCU reader held the grace period open")                           \
	X(POLL_BACKOFF, "poll-backoff", "the reader was gone; the kernel had not polled again yet") \
	X(KWORKER, "kworker", "the work was queued and no kworker ran it")                         \
	X(GP_WORK, "gp-work", "the grace-period machinery itself")                                 \
	X(WAKEUP, "wakeup", "completed; the waiter had not run yet")                               \
	X(LOCK, "lock", "waited for a lock that somebody else held")                              \
	X(OTHER_SLEEP, "other-sleep", "asleep in the kernel for a reason that is not SRCU")        \
	X(UNEXPLAINED, "unexplained", "not known: evidence is missing")                            \
	X(RCU, "rcu", "waited for a grace period, or the callbacks, of plain RCU: all CPUs")       \
	X(RUNNABLE, "runnable", "ready to run, while others had the CPU")                          \
	X(INVALIDATION, "invalidation", "guest memory was being unmapped; memory slots waited for that") \
	X(KTHREAD, "kthread", "a thread of the kernel was to start, to end, or to finish its work")
/* clang-format on */

enum ks_cause {
#define X(id, name, help) KS_CAUSE_##id,
	KS_CAUSES(X)
#undef X
		KS_CAUSE_CNT
};

#endif
