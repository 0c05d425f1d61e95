/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What it costs a VM, and what it saves it, that kvm_io_bus_register_dev()
 * defers its work with call_srcu() (since v6.18) where it waited for an
 * expedited grace period before: from records and stalls alone.
 */
#ifndef OUTPUT_DEFERRAL_H
#define OUTPUT_DEFERRAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/stall.h"

struct deferral;
struct symbols;
struct table;

struct deferral *deferral_new(void);
void deferral_free(struct deferral *deferral);

/*
 * VMs that follow are others. @path must live as long. @sees_callbacks: the backend makes a record
 * of each callback; else only grace periods that one started are seen, and counts are the least
 * that there were.
 */
void deferral_next_file(struct deferral *deferral, const char *path, bool sees_callbacks);

/* In the order of the capture; all return 0 or -ENOMEM. */
int deferral_record(struct deferral *deferral, const void *record, size_t size,
		    const struct symbols *syms);
int deferral_vm_new(struct deferral *deferral, const struct vm *vm);
void deferral_vm_gone(struct deferral *deferral, const struct vm *vm);
int deferral_stall(struct deferral *deferral, const struct stall *stall);

/* Has any count been the least? */
bool deferral_is_at_least(const struct deferral *deferral);

/* The median of expedited waits that found their domain idle; 0: there were none. */
uint64_t deferral_expedited_ns(struct deferral *deferral, uint64_t *cnt);

/* A row for each VM with callbacks. @table is the caller's to table_fini(), before @deferral. 0 or
 * -ENOMEM. */
int deferral_table(struct deferral *deferral, struct table *table);

/* What it adds up to. */
struct deferral_sum {
	uint64_t callbacks;
	uint64_t stalls; /* that waited for a grace period of theirs */
	uint64_t lost_ns;
	uint64_t expedited_ns; /* what they would have waited for instead; 0: not known */
};

/* Of the VM with this id, in all files; 0: of all VMs. */
void deferral_add_up(struct deferral *deferral, uint32_t id, struct deferral_sum *sum);

#endif
