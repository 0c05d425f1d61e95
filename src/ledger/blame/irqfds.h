/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host-wide work queue that shuts irqfds down: kvm_irqfd_release() and a
 * deassigning KVM_IRQFD flush it (virt/kvm/eventfd.c), and so wait for the
 * grace periods of other VMs too. What it did lately, and whom to name for it.
 */
#ifndef LEDGER_BLAME_IRQFDS_H
#define LEDGER_BLAME_IRQFDS_H

#include <stdint.h>

#include "base/vec.h"
#include "ledger/stall.h"

/* One irqfd_shutdown() that waited. */
struct irqfd_shutdown {
	uint64_t begin_ns;
	uint64_t end_ns;
	uint64_t kvm; /* whose irqfd it was */
	uint32_t tid; /* the kworker */
	enum ks_cause cause;
	char comm[KS_COMM_LEN];
};

VEC_DECL(irqfd_shutdowns, struct irqfd_shutdown);

/* In the order in which they ended. All zero bytes is none. */
struct irqfds {
	struct irqfd_shutdowns list;
};

void irqfds_fini(struct irqfds *irqfds);

/* Remember @stall if it is one of these. */
void irqfds_note(struct irqfds *irqfds, const struct stall *stall);

/* If @stall slept in a flush of that queue, its culprit is the shutdown that it waited for longest.
 */
const struct irqfd_shutdown *irqfds_blame(const struct irqfds *irqfds, struct stall *stall);

#endif
