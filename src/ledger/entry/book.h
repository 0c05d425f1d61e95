/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ledger from inside: for ledger.c, and for the files of this directory, each of which enters
 * the records that are about one thing.
 */
#ifndef LEDGER_ENTRY_BOOK_H
#define LEDGER_ENTRY_BOOK_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "ledger/account.h"
#include "ledger/blame/cpu_waits.h"
#include "ledger/blame/children.h"
#include "ledger/blame/halts.h"
#include "ledger/blame/irqfds.h"
#include "ledger/blame/rcu.h"
#include "ledger/domain.h"
#include "ledger/ledger.h"
#include "ledger/record_view.h"
#include "ledger/stacks.h"
#include "ledger/vms.h"

#define CPUS_MAX 1024

struct ledger {
	struct stacks *stacks;
	uint32_t hz;
	struct tick tick;
	struct ledger_ops ops;
	void *ctx;
	struct vms vms;
	bool knows_shared; /* which domain is mmu_notifier's */
	struct history_budget history;
	struct map domains; /* ssp -> struct domain; owns a reference */
	struct map tasks;   /* tid -> struct task */
	struct task *spare; /* the last one that was let go: the next call is not far */
	struct loss_windows losses;
	struct irqfds irqfds;
	struct children children;
	struct cpu_waits late; /* threads of the kernel */
	struct halts halts;    /* threads in users' processes that work for the kernel */
	struct rcu_history rcu;
	struct account_scratch scratch;
	uint64_t cpu_ts[CPUS_MAX]; /* of each CPU's last record */
	/* The next look for what can be forgotten: then, and not before as many records as it looks
	 * at domains and tasks. */
	uint64_t tidy_ns, tidy_records;
	uint64_t sought_kvm; /* ledger_take_sought() */
	struct ledger_stats stats;
};

/* Why there is no more room in @map: -ENOMEM, or -ENOSPC if it has @max, a loss of the kind
 * @loss. */
static inline int book_no_room(struct ledger *ledger, const struct map *map, size_t max,
			       enum ks_loss loss)
{
	if (map->cnt < max)
		return -ENOMEM;
	ledger->stats.losses[loss]++;
	return -ENOSPC;
}

/* The record's stack, as long as no other is resolved; NULL: out of memory. */
static inline const struct stack *book_stack(const struct ledger *ledger,
					     const struct record_view *view)
{
	return stacks_resolve(ledger->stacks, view->stack, view->frames);
}

#endif
