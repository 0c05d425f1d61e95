/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What bpf/dump.bpf.c reads of a hang: tasks that wait and kernel threads that work, a domain's
 * work, a pool's queue, a VM's mutexes. Names of structs: kernel/workqueue.c,
 * kernel/rcu/srcutree.c.
 */
#ifndef KVMSTALL_HANG_RECORDS_H
#define KVMSTALL_HANG_RECORDS_H

#include <kvmstall/records.h>

#define KS_DUMP_FRAMES 24
#define KS_DUMP_WORKS  16   /* of a queue, the first */
#define KS_DUMP_WALK   1021 /* a list that is longer is not counted to its end */
#define KS_DUMP_NAME   24
#define KS_DUMP_WANTED 31 /* tasks that are shown whatever they do */
#define KS_DUMP_FAULTS 31 /* of one userfaultfd and one of its queues */

enum ks_dump_task_flags {
	KS_DUMP_WORKER = 1 << 0,   /* it is a worker of .pool */
	KS_DUMP_SLEEPING = 1 << 1, /* worker.sleeping: the pool knows that it sleeps */
};

/* One worker_pool. */
struct ks_dump_pool {
	__u64 pool;
	__s32 cpu; /* -1: of no CPU */
	__s32 id;
	__s32 workers;
	__s32 idle;
	__s32 running; /* nr_running: those that are not known to sleep */
	__u32 pending; /* works in its list */
	__u32 kept;
	__u32 pad;
	__u64 watchdog; /* jiffies of its last progress */
	struct {
		__u64 work;
		__u64 func;
		__u64 ssp; /* if it runs a domain's callbacks; of another work it is anything */
	} works[KS_DUMP_WORKS];
};

/* A task in uninterruptible sleep, or a worker. */
struct ks_dump_task {
	__u32 tid;
	__u32 tgid;
	__u32 state;
	__u32 flags;	 /* enum ks_dump_task_flags */
	__u64 ran_ns;	 /* last put on a CPU, in sched_clock(); 0: not known */
	__u64 lock;	 /* the mutex that it waits for; 0: none, or not known */
	__u64 pool;	 /* a worker's */
	__u64 work;	 /* that it is at; 0: none */
	__u64 func;	 /* of .work */
	__u32 owner_tid; /* of .lock; 0: none */
	__u32 frames;
	char comm[KS_COMM_LEN];
	char owner_comm[KS_COMM_LEN];
	char queue[KS_DUMP_NAME]; /* of .work */
	__u64 stack[KS_DUMP_FRAMES];
};

/* A task that waits for a page of userfaultfd, and a process that has its descriptor. */
struct ks_dump_fault {
	__u32 tid;
	__u32 tgid;
	__u32 server;	 /* the process */
	__u32 threads;	 /* of .server */
	__u32 is_polled; /* somebody waits for its events, or would be woken by them */
	__u32 pad;
	char comm[KS_COMM_LEN]; /* of .server */
};

/* .ssp is asked for. */
struct ks_dump_domain {
	__u64 ssp;
	__u64 seq;
	__u64 needed;
	__u64 begin;   /* jiffies of the grace period's begin */
	__u64 expires; /* jiffies of the timer of .work; 0: it is not set */
	__u64 work;    /* that ends grace periods */
	__u64 func;
	__u64 pool; /* that .work is queued on; 0: it is not */
	__u32 is_pending;
	__s32 active;	/* nr_active of the queue, on that pool */
	__u32 inactive; /* works that wait for the queue's own limit */
	__u32 pad;
	char queue[KS_DUMP_NAME];
};

#define KS_DUMP_LOCKS(X)                                                                           \
	X(slots_lock)                                                                              \
	X(slots_arch_lock)                                                                         \
	X(lock)                                                                                    \
	X(irq_lock)                                                                                \
	X(irqfds.resampler_lock)

#define X(name) +1
enum { KS_DUMP_LOCK_CNT = KS_DUMP_LOCKS(X) };
#undef X

/* .kvm is asked for. */
struct ks_dump_vm {
	__u64 kvm;
	struct {
		__u64 lock;
		__u32 owner_tid; /* 0: nobody */
		__u32 pad;
		char owner_comm[KS_COMM_LEN];
	} locks[KS_DUMP_LOCK_CNT];
};

/* Both clocks at once, as far as that goes: see kern/hang_reader.c. */
struct ks_dump_clock {
	__u64 now_ns; /* CLOCK_MONOTONIC */
	__u64 ran_ns; /* when this task was put on its CPU, in sched_clock(); 0: not known */
	__u64 jiffies;
};

#endif
