/* SPDX-License-Identifier: GPL-2.0-only */
/* The cause of a stall, who is to blame for it, and what the call would have taken without that. */
#ifndef LEDGER_CULPRIT_H
#define LEDGER_CULPRIT_H

#include "ledger/blame/halts.h"
#include "ledger/blame/irqfds.h"
#include "ledger/stall.h"
#include "ledger/task.h"
#include "ledger/vms.h"

struct culprit_input {
	const struct task *task;   /* that made the call */
	const struct task *holder; /* of the lock that it blocked on; NULL: none or not known */
	const struct map *tasks;   /* all of them, by tid */
	const struct vms *vms;
	const struct irqfds *irqfds;
	const struct children *children;
	const struct cpu_waits *late; /* threads of the kernel that waited for a CPU */
	const struct halts *halts;    /* such of users' processes that were stopped */
	uint32_t rcu_kthread;	      /* RCU's; 0: not known */
};

/*
 * Fill in .cause, .culprit and .without_ns of @stall, which account_call() has made. The cause is
 * that of the largest sum, KS_CAUSE_RUN included, where the causes that one culprit makes count
 * as one: a reader and the back-off after it, a normal grace period's timer and that of its
 * callbacks.
 */
void culprit_find(const struct culprit_input *in, struct stall *stall);

#endif
