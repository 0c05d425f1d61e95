/* SPDX-License-Identifier: GPL-2.0-only */
/* SRCU's domains, and the records of their grace periods. */
#ifndef LEDGER_ENTRY_DOMAINS_H
#define LEDGER_ENTRY_DOMAINS_H

#include "ledger/entry/book.h"

/* A new domain at @ssp, in place of the one that was there. The ledger's; NULL: out of memory. */
struct domain *domains_add(struct ledger *ledger, uint64_t ssp, enum domain_kind kind,
			   uint64_t kvm);

/* The domain at @ssp. Those that are no VM's own get in by being waited for. NULL: there is none
 * at 0, no more room, or no memory. */
struct domain *domains_find(struct ledger *ledger, uint64_t ssp);

/* The VM of @dom is gone. Another may have its address by now: that one's stays. */
void domains_drop(struct ledger *ledger, struct domain *dom);

/*
 * Is @dom, or NULL, mmu_notifier's? That has no symbol. It is the one that a stack shows
 * mmu_notifier_unregister() in, and without a stack the first in the close of a VM that is not the
 * VM's own: before that function, kvm_destroy_vm() waits on no other (virt/kvm/kvm_main.c, the same
 * from 6.1 to 7.3).
 */
void domains_prove(struct ledger *ledger, struct domain *dom, const struct ks_sleep *sleep,
		   const struct stack *stack);

/* Records, as ledger_record(). */
int domains_take_step(struct ledger *ledger, const struct record_view *view);
int domains_take_callbacks(struct ledger *ledger, const struct record_view *view);
int domains_take_start(struct ledger *ledger, const struct record_view *view);

#endif
