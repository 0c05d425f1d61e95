/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which records wake the reader. Plain C: unit tests include it.
 */
#ifndef BPF_WAKE_H
#define BPF_WAKE_H

#ifdef __VMLINUX_H__
#include <bpf/bpf_helpers.h>
#else
#include <linux/types.h>
#include <stdbool.h>
#endif

/*
 * Does the end of a call at @now wake the reader, whom one at *@woken_ns woke last? A wake-up is an
 * interrupt to this CPU, in the caller's time. For @pause_ns after each the reader reads on by
 * itself, and needs no other. Another CPU's clock may be ahead by a little: that is none but one
 * too many.
 */
static inline __attribute__((always_inline)) bool wake_is_due(__u64 *woken_ns, __u64 now,
							      __u64 pause_ns)
{
	if (now - *woken_ns < pause_ns)
		return false;
	*woken_ns = now;
	return true;
}

#endif
