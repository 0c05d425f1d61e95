/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which lock a task waits for, who has it, and since when it spins for that one to let go. While
 * it does it may contend for other locks, a mutex's own wait_lock or those of an interrupt: what
 * they do is not about the first. Plain C: unit tests include it.
 */
#ifndef BPF_LOCKED_H
#define BPF_LOCKED_H

#ifndef __VMLINUX_H__ /* vmlinux.h brings its own bool */
#include <stdbool.h>
#endif

#include <kvmstall/records.h>

struct locked {
	__u64 addr;    /* 0: it waits for none */
	__u32 which;   /* enum ks_lock_which */
	__u32 owner;   /* tid, as it was reported last; 0: nobody was seen to have it */
	__u64 spin_ns; /* it spins since then; 0: it does not */
};

/* Returns if that is news: a mutex reports each time it spins or sleeps. */
static inline __attribute__((always_inline)) bool locked_begin(struct locked *locked, __u64 addr,
							       __u32 which)
{
	if (locked->addr == addr)
		return false;
	locked->addr = addr;
	locked->which = which;
	locked->owner = 0;
	locked->spin_ns = 0;
	return true;
}

/* Who has it now: is that news? Somebody else may have got it before us. */
static inline __attribute__((always_inline)) bool locked_by(struct locked *locked, __u32 owner)
{
	if (!owner || locked->owner == owner)
		return false;
	locked->owner = owner;
	return true;
}

/* It does not spin for @addr any more. Returns since when it did, or 0. */
static inline __attribute__((always_inline)) __u64 locked_spun(struct locked *locked, __u64 addr)
{
	__u64 since_ns = locked->spin_ns;

	if (locked->addr != addr)
		return 0;
	locked->spin_ns = 0;
	return since_ns;
}

/* One for which nobody sleeps, and of which the kernel does not keep who has it. */
static inline __attribute__((always_inline)) bool locked_by_spinning(__u32 which)
{
	return which == KS_LOCK_MMU || which == KS_LOCK_SPIN;
}

/*
 * It spins for a spinlock. While it waits for a mutex or rwsem that is about the mutex, and while
 * it @is_switching, about the switch, in which an interrupt or a tracer may spin: that is part of
 * its sleep. In another spinlock's wait it is an interrupt's, or the end of the first was not seen.
 */
static inline __attribute__((always_inline)) void
locked_spin(struct locked *locked, __u64 addr, __u32 which, bool is_switching, __u64 now_ns)
{
	if (is_switching || (locked->addr && !locked_by_spinning(locked->which)))
		return;
	locked->addr = addr;
	locked->which = which;
	locked->owner = 0;
	locked->spin_ns = now_ns;
}

/* It sleeps: so it does not wait for a spinlock, whose end was not seen then. */
static inline __attribute__((always_inline)) void locked_sleep(struct locked *locked)
{
	if (!locked_by_spinning(locked->which))
		return;
	locked->addr = 0;
	locked->which = KS_LOCK_OTHER;
	locked->spin_ns = 0;
}

static inline __attribute__((always_inline)) void locked_end(struct locked *locked, __u64 addr)
{
	if (locked->addr != addr)
		return;
	locked->addr = 0;
	locked->which = KS_LOCK_OTHER;
}

#endif
