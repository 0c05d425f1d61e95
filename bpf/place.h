/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which CPU a task waited for that has one now. It is in the queue of one CPU, and another that
 * has nothing to do may take it from there: who had the first one kept it waiting. Plain C: unit
 * tests include it.
 */
#ifndef BPF_PLACE_H
#define BPF_PLACE_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

/* Of a task, when it began to want a CPU, or has one. */
struct place {
	__u32 cpu;   /* that it was on */
	__u32 moves; /* from one CPU to another, so far (task_struct.se.nr_migrations) */
};

#define PLACE_UNKNOWN (-1)

/*
 * Which CPU it wanted, from @since_ns to @now_ns. It was in the queue of the CPU that it has now
 * since @queued_ns; 0: not known. If that is less than half of it, and it has moved once, it was in
 * the queue of the CPU before; if more often, nothing says of which. Who is woken may be moved at
 * once, to a CPU that takes the interrupt for it late: that looks the same as a move from the
 * queue, but such a CPU was idle, and yet took no interrupt for half of the time.
 */
static inline __attribute__((always_inline)) int place_wanted(const struct place *then,
							      const struct place *now,
							      __u64 since_ns, __u64 queued_ns,
							      __u64 now_ns)
{
	if (queued_ns <= since_ns || queued_ns - since_ns <= (now_ns - since_ns) / 2 ||
	    then->moves == now->moves)
		return now->cpu;
	return now->moves - then->moves == 1 ? (int)then->cpu : PLACE_UNKNOWN;
}

#endif
