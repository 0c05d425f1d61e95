/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which mutex a task waits for. While it does it may contend for other locks, the mutex's own
 * wait_lock or those of an interrupt: what they do is not about the mutex. Plain C: unit tests
 * include it.
 */
#ifndef BPF_LOCKED_H
#define BPF_LOCKED_H

#ifndef __VMLINUX_H__ /* vmlinux.h brings its own bool */
#include <stdbool.h>
#endif

#include <kvmstall/records.h>

struct locked {
	__u64 addr;  /* 0: it waits for none */
	__u32 which; /* enum ks_lock_which */
	__u32 unused;
};

/* Returns if that is news: a mutex reports twice, when it spins and when it sleeps. */
static inline __attribute__((always_inline)) bool locked_begin(struct locked *locked, __u64 addr,
							       __u32 which)
{
	if (locked->addr == addr)
		return false;
	locked->addr = addr;
	locked->which = which;
	return true;
}

static inline __attribute__((always_inline)) void locked_end(struct locked *locked, __u64 addr)
{
	if (locked->addr != addr)
		return;
	locked->addr = 0;
	locked->which = KS_LOCK_OTHER;
}

#endif
