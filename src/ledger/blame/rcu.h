/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a wait for plain RCU went to, by what the grace-period kthread did meanwhile
 * (kernel/rcu/tree.c, rcu_gp_kthread(), the same from 6.1 to 7.3): it sleeps until a grace period
 * is asked for, starts it, sleeps until the CPUs have reported or its timer fires, looks in the
 * second case for CPUs that are idle, and so on until nobody is waited for.
 */
#ifndef LEDGER_BLAME_RCU_H
#define LEDGER_BLAME_RCU_H

#include <stdbool.h>
#include <stdint.h>

#include <kvmstall/records.h>

#include "base/vec.h"
#include "ledger/blame/timer.h"

/* X(id, name) */
/* clang-format off */
#define RCU_PARTS(X)                                                                               \
	X(NONE, "unsplit")                /* no evidence of what it went to */                      \
	X(START, "start")                 /* none was in flight, the one asked for had not started */ \
	X(PREV_GP, "prev-gp")             /* an earlier grace period was in flight */              \
	X(TIMER, "timer")                 /* the kthread slept: only it sees CPUs that are idle */ \
	X(HOLDOUT, "holdout")             /* a CPU had not passed a quiescent state */             \
	X(PREEMPTED, "preempted")         /* a task that was preempted in a reader had not left it */ \
	X(WORK, "work")                   /* the kthread ran, or waited for a CPU */               \
	X(CALLBACKS, "callbacks")         /* it was over, its callbacks had not run */             \
	X(BARRIER_MUTEX, "barrier-mutex") /* another rcu_barrier() was in flight */                \
	X(BARRIER, "barrier")             /* callbacks of some CPU had not run */                  \
	X(EXPEDITED, "expedited")         /* CPUs had not answered */
/* clang-format on */

enum rcu_part {
#define X(id, name) RCU_PART_##id,
	RCU_PARTS(X)
#undef X
		RCU_PART_CNT
};

const char *rcu_part_name(enum rcu_part part);

/* Of one part: who is to blame. All zero bytes: not split. */
struct rcu_blame {
	enum rcu_part part;
	/* holdout, prev-gp: which CPU held the grace period up. callbacks, barrier: where the last
	 * of them ran. */
	bool has_cpu;
	/* Nobody is to blame, neither .has_cpu nor .tid: the kthread slept for .timer alone. */
	bool has_timer;
	bool in_guest;
	bool is_same_run; /* the task did not leave its CPU from the first of .times to the last */
	uint16_t cpu;
	uint16_t others; /* CPUs that held it up beside this one */
	/* Who was on that CPU, or the preempted reader. 0: nobody, or not known. */
	uint32_t tid;
	union {
		struct {
			int32_t prio;
			/* That the kthread saw it so, one after the other; or would have, if it had
			 * had a CPU. */
			uint32_t times;
			uint64_t switches;
			char comm[KS_COMM_LEN];
		};
		struct armed_timer timer; /* the last one that ended some of this */
	};
};

/* Did it take longer than a CPU does that is busy? */
bool rcu_blame_is_long(const struct rcu_blame *blame);

/* Is the task proven to have been in the kernel? A tick in user space would have been enough. */
bool rcu_blame_in_kernel(const struct rcu_blame *blame);

bool rcu_blame_is_same(const struct rcu_blame *a, const struct rcu_blame *b);

struct rcu_step {
	uint64_t ts_ns;
	struct ks_rcu rec;
	struct armed_timer timer; /* KS_RCU_WAKE: that woke it, if that is known */
	bool is_after_hole;	  /* records may be missing between the one before and this one */
};

VEC_DECL(rcu_step_list, struct rcu_step);

/* The kthread's sleeps and wake-ups, of a minute. All zero bytes is none. */
struct rcu_history {
	struct rcu_step_list list;
	struct armed_timer fired; /* it wakes the kthread next */
	bool has_hole;		  /* after the last one */
};

void rcu_history_note(struct rcu_history *history, const struct ks_rcu *rec);

/* KS_RCU_FIRED: the next wake-up is by this timer. */
void rcu_history_note_timer(struct rcu_history *history, const struct ks_timer *rec);

/* Records that were made since @from_ns may be missing. */
void rcu_history_lose(struct rcu_history *history, uint64_t from_ns);

/* What it has in memory. */
size_t rcu_history_bytes(const struct rcu_history *history);

/* Forget all; it can be used again. */
void rcu_history_fini(struct rcu_history *history);

/* The kthread; 0: not known. */
uint32_t rcu_history_kthread(const struct rcu_history *history);

/* A wait for a normal grace period: from when it slept to its wake-up. */
struct rcu_wait {
	uint64_t from_ns, until_ns;
	bool by_kthread; /* the kthread itself ended it (rcutree.rcu_normal_wake_from_gp) */
	bool is_open;	 /* it goes on */
	uint16_t wake_cpu;
};

struct rcu_piece {
	uint64_t ns;
	struct rcu_blame blame;
};

VEC_DECL(rcu_pieces, struct rcu_piece);

/*
 * Split it into pieces whose sum is exactly its length: into @pieces, which are empty. False: there
 * is no memory for all of them.
 */
bool rcu_split(const struct rcu_history *history, const struct rcu_wait *wait,
	       struct rcu_pieces *pieces);

#endif
