/* SPDX-License-Identifier: GPL-2.0-only */
/* Causes made on purpose: each makes one stall whose cause is known beforehand. */
#ifndef CMD_REPRO_INJECT_H
#define CMD_REPRO_INJECT_H

#include <stdint.h>

#include "cmd/repro/profile.h"

struct err;
struct injection;
struct machine;

struct inject {
	const char *name;
	const char *expects;	 /* the cause that a tracer should name */
	enum script_order order; /* overrides the profile's unless ORDER_OWN */
	enum profile_end end;	 /* the same, unless PROFILE_END_CLOSE */
	uint32_t vms;		 /* VMMs when the user does not say; 0: 1 */
	uint64_t max_hold_ns;	 /* 0: --hold means nothing here */
	/*
	 * Called when the profile's steps are done: make the cause, and the call
	 * that suffers from it; fill in times, tids and detail. NULL: the cause
	 * is how the VMs end.
	 */
	int (*run)(struct machine *vm, uint64_t hold_ns, struct injection *injection,
		   struct err *err);
};

extern const char *const inject_names[];
extern const struct inject injects[]; /* in the order of inject_names */

/* The cause "reader" (inject_reader.c): an SRCU reader asleep on a page withheld for @hold_ns. */
int inject_reader(struct machine *vm, uint64_t hold_ns, struct injection *injection,
		  struct err *err);

/* The same, and another thread that wants the mutex which the victim holds meanwhile. */
int inject_hang(struct machine *vm, uint64_t hold_ns, struct injection *injection, struct err *err);

/* A reader of plain RCU that keeps a CPU for @hold_ns, and eventfd2, which waits for all CPUs. */
int inject_rcu_holdout(struct machine *vm, uint64_t hold_ns, struct injection *injection,
		       struct err *err);

/* A reader of the host-wide domain in another process, and the end of a VM (inject_notifier.c). */
int inject_notifier_reader(struct machine *vm, uint64_t hold_ns, struct injection *injection,
			   struct err *err);

/* Invalidations of the VM's memory that go on for @hold_ns, and a memory slot that is added. */
int inject_invalidation(struct machine *vm, uint64_t hold_ns, struct injection *injection,
			struct err *err);

#endif
