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
};

/*
 * For a moment at which the task has a CPU, as it loses it or returns from a call. True: when it
 * was given that is not known, so what it was away for has no record, and its time is not to be
 * said to be run.
 */
static inline __attribute__((always_inline)) bool away_missed(struct away *away)
{
	if (!away->off_ns && !away->ready_ns)
		return false;
	away->off_ns = 0;
	away->ready_ns = 0;
	return true;
}

#endif
