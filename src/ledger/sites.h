/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kvmstall knows about functions of the kernel, as one table: which of them wait on which SRCU
 * domain and how, or for plain RCU, which register devices, what their presence in a stack means.
 * No other file of src/ names one (tests/lint/functions.sh).
 */
#ifndef LEDGER_SITES_H
#define LEDGER_SITES_H

#include <stddef.h>
#include <stdint.h>

#include <kvmstall/records.h>

#include "ledger/ioctls.h"

/* Whose an SRCU domain is. */
enum domain_kind {
	DOMAIN_SRCU,	 /* kvm.srcu */
	DOMAIN_IRQ_SRCU, /* kvm.irq_srcu */
	DOMAIN_SHARED,	 /* host-wide: mmu_notifier's */
	DOMAIN_TRACK,	 /* kvm.arch.track_notifier_head.track_srcu: x86, until v6.5 always there */
	DOMAIN_OTHER,	 /* nobody's that we know: a KVM call waited on it */
	DOMAIN_KIND_CNT
};

enum site_is {
	SITE_NOISE = 1 << 0,	 /* says that a task was scheduled or traced, not why */
	SITE_SLEEPS = 1 << 1,	 /* a way to sleep, not a reason */
	SITE_MUTEX = 1 << 2,	 /* sleeps for a mutex */
	SITE_SRCU = 1 << 3,	 /* SRCU's own, or what it calls to ask for a grace period */
	SITE_INTERRUPT = 1 << 4, /* between SRCU and whom its interrupt interrupted */
	SITE_SYNC = 1 << 5,	 /* waits for a grace period */
	SITE_QUEUES = 1 << 6,	 /* queues a callback, and waits for nothing */
	SITE_REGISTERS = 1 << 7, /* registers a device; since v6.18 by a callback */
	SITE_KVM = 1 << 8,	 /* KVM's, or the end of an address space with KVM in it */
	SITE_DROPS = 1 << 9,	 /* whoever is in it does not hold kvm->srcu's read side */
	SITE_FLUSHES = 1 << 10,	 /* waits for the host-wide queue that shuts irqfds down */
	SITE_FAULTS = 1 << 11,	 /* waits for a userfaultfd handler */
	SITE_MEMSLOTS = 1 << 12, /* installs memory slots */
	SITE_VCPU = 1 << 13,	 /* makes a vCPU */
	SITE_IOCTL = 1 << 14,	 /* every ioctl on a VM is in it: there where KVM is */
	SITE_HURRIES = 1 << 15,	 /* queues a callback, and has its grace period expedited */
	SITE_RCU = 1 << 16,	 /* waits for plain RCU, or is a part of such a wait */
	SITE_LOCKS = 1 << 17,	 /* takes a mutex of KVM's by itself */
	SITE_BY_TASK = 1 << 20,	 /* waits for a task to do something: it is the one that wakes */
	SITE_SPAWNS = 1 << 21,	 /* waits for kthreadd to make a thread */
	SITE_NOTIFIES =
		1 << 22, /* calls an address space's notifiers: holds mmu_notifier's read side */
	SITE_INVALIDATED =
		1 << 24, /* sleeps by itself until no MMU-notifier invalidation is in flight */
	SITE_RECOVERS = 1 << 25, /* makes the kthread that recovers a VM's huge pages */
	SITE_KTHREAD =
		1 << 26, /* waits for one thread of the kernel: a way to sleep, or the reason */
	SITE_ENTERS = 1 << 23, /* as the innermost function: a guest runs, or is about to */
	/* the mutex is a vCPU's, which KVM_RUN holds */
	SITE_VCPU_LOCK = 1 << 18,
	/* between the start and the end of an MMU-notifier invalidation, as a rule */
	SITE_UNMAPS = 1 << 27,
	/* sleeps by itself until the readers of a VMA's lock have gone; the last one wakes it */
	SITE_VMA_LOCK = 1 << 19,
};

struct site {
	const char *func;	/* a '*' at its end: all that begin so */
	uint32_t is;		/* enum site_is */
	uint8_t api;		/* enum ks_api: what it is, or calls in every release; 0: differs */
	uint8_t domains;	/* 1 << enum domain_kind that it waits on; 0: none, or any */
	enum call_id call;	/* that a task with it in its stack is in */
	enum call_id reads;	/* the same, if it holds the read side of kvm->srcu meanwhile */
	enum call_id by_itself; /* the call that it is reported as, outside any other */
	const char *callback;	/* what it gives to call_srcu() */
	const char *advice;	/* who waits in it, for plain RCU or otherwise: what to do about
				   it; NULL: nothing special */
};

/* The table. Where a stack has several of them, the one that comes first here counts. */
extern const struct site sites[];
extern const size_t sites_cnt;

/* What all rows together say of @name: enum site_is. A compiler's suffix does not count. */
uint32_t site_is(const char *name);

/* The row of this function; NULL: none but patterns, or @name is NULL. */
const struct site *site_find(const char *name);

/* Who queues this callback: __free_bus() is kvm_io_bus_register_dev()'s. NULL: not known. */
const struct site *site_of_callback(const char *callback);

/* The function that is reported as @call; never NULL for one of CALL_FN_*. */
const struct site *site_of_call(enum call_id call);

/* The first that @is so: the name to print where the function itself was not seen. */
const struct site *site_that(enum site_is is);

/* "synchronize_srcu"; NULL for KS_API_NONE. */
const char *api_name(enum ks_api api);

/* "kvm.srcu". */
const char *domain_kind_name(enum domain_kind kind);

#endif
