/* SPDX-License-Identifier: GPL-2.0-only */
/* A call as the ledger accounts for it: what every output prints. Valid during the callback only.
 */
#ifndef LEDGER_STALL_H
#define LEDGER_STALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kvmstall/causes.h>
#include <kvmstall/records.h>

#include "ledger/blame/rcu.h"
#include "ledger/blame/timer.h"
#include "ledger/domain.h"
#include "ledger/ioctls.h"
#include "ledger/stack.h"
#include "ledger/walk.h"

const char *cause_name(enum ks_cause cause);
const char *cause_help(enum ks_cause cause);

/* Is it a wait for one of SRCU's own timers: of a grace period, or of its callbacks? */
static inline bool cause_is_timer(enum ks_cause cause)
{
	return cause == KS_CAUSE_GP_TIMER || cause == KS_CAUSE_CB_TIMER;
}

/* The VM's age in its life. */
enum phase {
	PHASE_SETUP,   /* no vCPU yet */
	PHASE_VCPUS,   /* vCPUs exist, none has run */
	PHASE_RUNNING, /* vCPU 0 has entered KVM_RUN */
	PHASE_TEARDOWN,
	PHASE_CNT
};

const char *phase_name(enum phase phase);

struct span_account;

struct vm {
	uint64_t kvm;
	uint32_t id; /* from 1, in the order seen; never used again */
	uint32_t tgid;
	uint32_t flags; /* enum ks_vm_flags */
	bool is_gone;
	bool is_further;  /* its process had one before: only .id distinguishes them */
	uint64_t born_ns; /* or found */
	uint64_t gone_ns; /* 0: lives */
	/* What its calls have said of its age, for those that do not say it themselves. */
	uint64_t closing_ns; /* its close began; 0: it did not */
	bool has_vcpus;
	bool has_run;
	char comm[KS_COMM_LEN];
	char name[64]; /* what its operator calls it; empty: not known */
	struct domain *srcu;
	struct domain *irq_srcu;
	struct domain *track_srcu; /* NULL: has none */
	struct span_account *life; /* its start or its end, while that lasts; or NULL */
	/* Of struct vms: who died after it; of its process, who was seen before and after it; of
	 * those that died at its address, who did before and after it. NULL: nobody. */
	struct vm *next, *older, *newer, *before, *after;
};

/* Time in one state, for one cause; a call's segments follow each other and sum to its latency. */
struct segment {
	enum ks_cause cause;
	uint64_t ns;
	const struct domain *dom; /* NULL: no SRCU in it */
	uint64_t gp;		  /* 0: none in particular */
	const char *func;	  /* other-sleep, lock: the kernel function it slept in; or NULL */
	/* By the cause: segment_rcu(), segment_timer(). That of RCU's kthread is in .rcu. */
	union {
		struct rcu_blame rcu;	  /* rcu: what it went to */
		struct armed_timer timer; /* gp-timer, cb-timer: the one that ended it, if known */
	};
};

/* NULL: of another cause. */
static inline const struct rcu_blame *segment_rcu(const struct segment *seg)
{
	return seg->cause == KS_CAUSE_RCU ? &seg->rcu : NULL;
}

static inline const struct armed_timer *segment_timer(const struct segment *seg)
{
	if (seg->cause == KS_CAUSE_RCU)
		return seg->rcu.has_timer ? &seg->rcu.timer : NULL;
	return cause_is_timer(seg->cause) ? &seg->timer : NULL;
}

/* One synchronize_srcu*() or srcu_barrier() inside a call. */
struct wait {
	const struct domain *dom; /* NULL: not known */
	enum ks_api api;
	const char *site; /* the function that called it; NULL: no stack was taken */
	uint64_t begin_ns;
	uint64_t ns;
	uint64_t gp_first;  /* in progress when it began; 0: none */
	uint64_t gp_needed; /* whose end it waited for; 0: not known */
	int callbacks;	    /* outstanding beside its own; -1: not known */
	/* It goes on, though .gp_needed ended then; 0: it is not so. And .gp_needed's callbacks
	 * since: those of .queue_cpu, if they are queued. */
	uint64_t ended_ns;
	enum callbacks_state since;
	uint16_t queue_cpu;
	struct stack stack; /* .cnt 0: not taken */
};

enum culprit_kind {
	CULPRIT_NONE,
	CULPRIT_INITIATOR, /* of the GP that the call waited for */
	CULPRIT_READER,	   /* of the domain: it held that GP open */
	CULPRIT_HOLDER,	   /* of the lock */
	CULPRIT_QUEUE,	   /* a work that was in the host-wide irqfd clean-up queue before */
	CULPRIT_CPU,	   /* had the CPU that the call, or a thread that it waited for, wanted */
	CULPRIT_WAKER,	   /* ended the sleep, that is: was waited for */
	CULPRIT_HOLDOUT,   /* of RCU's grace period: on a CPU that held it up, or in a reader */
	CULPRIT_KIND_CNT
};

const char *culprit_kind_name(enum culprit_kind kind);

/* "a mutex", of one that has no name of its own. */
const char *lock_kind_name(enum ks_lock_which which);

/* "readers": who has a lock of which the kernel names nobody. */
const char *lock_held_name(enum ks_lock_held held);

/* "stopped by SIGSTOP", "frozen": of a thread that goes on when it is let. */
const char *halt_text(enum ks_halt halt, uint8_t signal);

/* Who held the holder of a lock up, who may have waited for a lock as well, and so on to the end.
 */
struct lock_root {
	uint32_t links; /* from the holder to this one; 0: it is the holder */
	uint32_t tid;	/* 0: nobody is known */
	enum call_id call;
	enum ks_cause cause; /* of its own stall */
	bool is_cycle;	     /* it waits for one that it holds up: a deadlock */
	char comm[KS_COMM_LEN];
};

/* Who is to blame for one segment of the stall: the one that its cause stands for. */
struct culprit {
	enum culprit_kind kind;
	/* That segment, of the stall's own; NULL: no segment. All that is said of the culprit, its
	 * GP's number too, is of this one's domain: numbers are unique within a domain only. */
	const struct segment *seg;
	bool is_known;
	bool is_self; /* the stalled call itself started, or holds, the GP that it waited for */
	const char *func;
	enum call_id call;   /* it was in; CALL_NONE: none, or before we looked */
	const struct vm *vm; /* whose; NULL: not known */
	uint32_t tid;
	uint32_t tgid;	 /* CULPRIT_INITIATOR; else 0 */
	uint64_t age_ns; /* from the GP's start to the wait */
	/* .is_self, and the wait was for a timer of this GP: so short a time before its start the
	 * one before it had ended that srcutree.exp_holdoff decided; 0: it was longer, or is not
	 * known. */
	uint64_t rest_ns;
	int callbacks; /* outstanding beside the waiter's own; -1: not known */
	uint64_t gp;
	enum ks_cause cause; /* CULPRIT_HOLDER, _QUEUE: of its own stall */
	/* CULPRIT_READER: how many held its GP; NULL: they were not counted. */
	const struct reader_counts *readers;
	/* CULPRIT_HOLDER: of what; and if nobody is known, what the kernel says of who has it. */
	enum ks_lock_which lock;
	enum ks_lock_held held;
	struct lock_root root;
	char comm[KS_COMM_LEN];
	/* CULPRIT_WAKER: it was stopped meanwhile, and so was the call; KS_HALT_NONE: it was not
	 * seen to be. And by which signal; 0: not known. */
	enum ks_halt halt;
	uint8_t halt_signal;
	/* CULPRIT_CPU: has a real-time priority, which is that of chrt(1), 1 to 99; or is
	 * SCHED_DEADLINE: 0. */
	bool is_realtime;
	uint8_t rt_priority;
	/* CULPRIT_CPU: nobody is to blame, but the quota of the caller's cgroup. */
	bool is_throttled;
	/* CULPRIT_CPU: the thread of the kernel that had none, and for how long; 0: the caller. */
	uint32_t late_tid;
	uint64_t late_ns;
	char late_comm[KS_COMM_LEN];
};

struct stall {
	const struct ks_call *rec;
	const struct vm *vm; /* NULL: not known */
	enum call_id call;
	uint64_t begin_ns;
	uint64_t latency_ns;
	uint64_t stall_ns; /* latency less run */
	uint64_t without_ns;
	enum ks_cause cause;
	enum phase phase;
	bool is_stuck;	  /* not over: what is known so far */
	bool is_complete; /* nothing unexplained, and no record that may belong to it was lost */
	const struct tick *tick; /* what timer_explain() goes by; NULL: a log's */
	const char *note; /* of a log: what it shows beside, and what to collect next; or NULL */
	bool is_inferred; /* from a log that has no causes: .cause is a guess */
	bool is_undated;  /* from a log that does not say when it began */
	bool is_ageless;  /* stuck, and the log does not say for how long */
	bool is_stop;	  /* record --stop-on stopped for it; the ledger does not know */
	const struct segment *segments;
	size_t segments_cnt;
	const struct wait *waits;
	size_t waits_cnt;
	struct culprit culprit;
	uint64_t by_cause[KS_CAUSE_CNT]; /* the segments' sums */
};

/* Is it what a thread of the kernel waited for that is made for a VM, or for a vhost device? */
bool stall_is_childs(const struct stall *stall);

/*
 * Does anybody wait while it sleeps? Nobody does for what KVM's kworkers and threads do for
 * themselves: an irqfd that is shut down holds nobody up until somebody flushes the queue, and is
 * accounted then.
 */
bool stall_is_waited_for(const struct stall *stall);

/* How long the wait of a call that goes on has lasted since its grace period ended; 0: it is not
 * over, or that is not known. */
uint64_t stall_since_ns(const struct stall *stall, const struct wait *wait);

/*
 * A suspicion: its grace period ended a second ago or more, and nothing is queued that could end
 * the wait. SRCU could forget callbacks before v6.7 4a8e65b0c348 ("srcu: Fix callbacks acceleration
 * mishandling").
 */
bool stall_may_have_lost(const struct stall *stall, const struct wait *wait);

/*
 * A suspicion: the same readers have been in for READERS_STAY_NS or more, and no scan has found a
 * thread in a place that holds the domain. A read lock was taken and never let go: a bug of the
 * kernel's, as v5.17-rc had one (kvm_arch_vcpu_ioctl_run()). Not of kvm->irq_srcu, whose readers
 * may be any task of the host, a work too.
 */
bool stall_may_have_leaked(const struct stall *stall);

/* How many of its segments waited for a timer: of SRCU's, or of plain RCU's kthread. */
unsigned int stall_timers(const struct stall *stall);

#endif
