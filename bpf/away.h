/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When a task lost its CPU, until it has one again. Not each switch is reported to tracers: of 68
 * 396 on a machine with 6.18.44, 140 were not, all of them from one of three tasks that had the
 * CPU, and the kernel's own trace of sched_switch lacked the same. So who has a CPU may not have
 * been seen to get it. Plain C: unit tests include it.
 */
#ifndef BPF_AWAY_H
#define BPF_AWAY_H

#ifdef __VMLINUX_H__
#include <bpf/bpf_helpers.h>
#else
#include <linux/types.h>
#include <stdbool.h>
#endif

struct away {
	__u64 off_ns;	/* asleep, or woken, since then; 0: it is not */
	__u64 ready_ns; /* lost its CPU without having slept; 0: it has one, or sleeps */
	__u64 wake_ns;	/* woken, of .off_ns; 0: it is not */
	__u64 is_early; /* woken, and .off_ns is not known yet, or was not then */
};

/*
 * A task that has a CPU, or sleeps, is woken. Another CPU may do that once it has left its run
 * queue, before it has left its CPU: it is reported before the sleep then (kernel/sched/core.c,
 * try_to_wake_up(): the waker waits for p->on_cpu after trace_sched_waking()). Nobody wakes it
 * twice, so where a second one comes, the first was none of this sleep: since v6.12 the scheduler
 * may pick a task again that it had all but sent to sleep, and no switch comes. False: it is no
 * wake-up from a sleep, or one that is known.
 */
static inline __attribute__((always_inline)) bool away_wakes(struct away *away, bool is_asleep,
							     __u64 now_ns)
{
	if (!away->off_ns) {
		away->is_early |= is_asleep;
		return is_asleep;
	}
	if (away->wake_ns)
		return false;
	away->wake_ns = now_ns;
	away->is_early = false;
	return true;
}

static inline __attribute__((always_inline)) void away_sleeps(struct away *away, __u64 now_ns)
{
	away->wake_ns = 0; /* before: who wakes it asks for .off_ns first */
	away->off_ns = now_ns;
}

/* It has a CPU again. */
static inline __attribute__((always_inline)) void away_returns(struct away *away)
{
	if (away->is_early && !away->wake_ns)
		away->wake_ns = away->off_ns;
	away->is_early = false;
}

/* For all that is known. Within a switch it may have a CPU nevertheless: still, or again. */
static inline __attribute__((always_inline)) bool is_away(const struct away *away)
{
	return away->off_ns || away->ready_ns;
}

/*
 * For a moment at which the task has a CPU, as it loses it or returns from a call. True: when it
 * was given that is not known, so what it was away for has no record, and its time is not to be
 * said to be run.
 */
static inline __attribute__((always_inline)) bool away_missed(struct away *away)
{
	if (!is_away(away))
		return false;
	away->off_ns = 0;
	away->ready_ns = 0;
	return true;
}

#endif
