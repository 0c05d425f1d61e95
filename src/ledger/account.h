/* SPDX-License-Identifier: GPL-2.0-only */
/* The account of one call: its sleeps split by cause, then the whole as a stall. Pure functions. */
#ifndef LEDGER_ACCOUNT_H
#define LEDGER_ACCOUNT_H

#include <kvmstall/records.h>

#include "ledger/stall.h"
#include "ledger/task.h"

struct symbols;

/* Split one sleep by cause and append it to @task; @dom: the domain it waited for, or NULL;
 * @rcu: what RCU's kthread did; @is_open: it goes on, and @sleep ends now. */
int account_sleep(struct task *task, const struct ks_sleep *sleep, const struct stack *stack,
		  struct domain *dom, const struct rcu_history *rcu, bool is_open);

/* Append to @task that it was without a CPU, and did not sleep. Returns 0 or -ENOMEM. */
int account_preempted(struct task *task, const struct ks_cpu *cpu);

/* Append to @task that it spun for the mutex of .lock, if the holder was seen: 0 or -ENOMEM. */
int account_spun(struct task *task, uint64_t since_ns, uint64_t until_ns);

#define LOSS_WINDOWS 16

/* Stretches of time from which records may be missing, the newest few. */
struct loss_windows {
	struct {
		uint64_t from_ns, to_ns;
	} list[LOSS_WINDOWS];
	size_t cnt; /* ever; the list wraps around */
	/* The end of the last of those that are not in it: what began before may have lost records.
	 */
	uint64_t forgotten_ns;
};

void loss_windows_add(struct loss_windows *losses, uint64_t from_ns, uint64_t to_ns);

/* May a record of what lasted from @begin_ns to @end_ns have been lost? */
bool loss_windows_overlap(const struct loss_windows *losses, uint64_t begin_ns, uint64_t end_ns);

struct account_input {
	const struct ks_call *call;
	const struct vm *vm;
	struct task *task;
	const struct task *holder; /* of the lock that @task blocked on; NULL: none or not known */
	const struct loss_windows *losses;
	const struct tick *tick;
};

/* Room for one stall's segments; kept by the caller from call to call. */
struct account_scratch {
	struct segment *segments;
	size_t cap;
};

/*
 * Make the stall of a call that ended; its cause and its culprit are for culprit_find() to fill in.
 * Points into
 * @in and @scratch. Returns 0 or -ENOMEM.
 */
int account_call(const struct account_input *in, struct account_scratch *scratch,
		 struct stall *stall);

#endif
