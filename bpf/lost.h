/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many records a CPU had no room for: the next one that it writes says so. Plain C: unit
 * tests include it.
 */
#ifndef BPF_LOST_H
#define BPF_LOST_H

#ifdef __VMLINUX_H__
#include <bpf/bpf_helpers.h>
#else
#include <linux/types.h>
#endif

/* What a record's head has room for of @lost, which starts again at 0. More than 255 are said as
 * 255. */
static inline __attribute__((always_inline)) __u8 lost_take(__u32 *lost)
{
	__u32 cnt = *lost;

	if (cnt) /* it nearly never is: leave the cache line clean */
		*lost = 0;
	return cnt > 255 ? 255 : cnt;
}

#endif
