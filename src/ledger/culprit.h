/* SPDX-License-Identifier: GPL-2.0-only */
/* Who is to blame for a stall, and what the call would have taken without that. */
#ifndef LEDGER_CULPRIT_H
#define LEDGER_CULPRIT_H

#include "ledger/irqfds.h"
#include "ledger/stall.h"
#include "ledger/task.h"
#include "ledger/vms.h"

struct culprit_input {
	const struct task *task;   /* that made the call */
	const struct task *holder; /* of the lock that it blocked on; NULL: none or not known */
	const struct vms *vms;
	const struct irqfds *irqfds;
};

/* Fill in .culprit and .without_ns of @stall, which account_call() has made. */
void culprit_find(const struct culprit_input *in, struct stall *stall);

#endif
