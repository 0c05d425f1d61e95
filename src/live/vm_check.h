/* SPDX-License-Identifier: GPL-2.0-only */
/* VMs whose ends' records were lost: who lives is in the programs' map. */
#ifndef LIVE_VM_CHECK_H
#define LIVE_VM_CHECK_H

struct ledger;
struct probes;
struct reorder;

/*
 * Put a KS_VM_GONE of now into @order for each VM of @ledger that the programs do not know. All
 * records that were made before the last sweep must have come to @ledger. Returns 0 or a negative
 * errno.
 */
int vm_check(const struct ledger *ledger, const struct probes *probes, struct reorder *order);

#endif
