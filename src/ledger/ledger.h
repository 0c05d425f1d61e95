/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ledger: records in, accounted calls out. It knows no kernel, no clock
 * and no output; a capture replayed through it gives what the live trace gave.
 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include <kvmstall/records.h>

#include "ledger/stall.h"

struct ledger;
struct map;
struct span;
struct symbols;

struct ledger_ops {
	/* A call ended. @stall and all that it points to are the ledger's, for this time. */
	void (*stall)(void *ctx, const struct stall *stall);
	/* A VM was born or found: the place to fill in its name. NULL: not wanted. */
	void (*vm_new)(void *ctx, struct vm *vm);
	void (*vm_gone)(void *ctx, const struct vm *vm);
	/* An iterator found this task asleep in SRCU or in a KVM call: its account so far. */
	void (*asleep)(void *ctx, const struct stall *stall);
	/* The start or the end of a VM is over. NULL: not wanted. */
	void (*span)(void *ctx, const struct span *span);
};

struct ledger_stats {
	uint64_t records;
	uint64_t lost; /* reported by the records themselves */
	uint64_t calls;
	uint64_t vms;
	uint64_t malformed; /* too short, of no type that we know, or of no time that is */
	uint64_t losses[KS_LOSS_CNT]; /* the ledger's own */
};

/* @syms must outlive the ledger. @hz: jiffies a second, of the kernel that the records are from. */
struct ledger *ledger_new(const struct symbols *syms, uint32_t hz, const struct ledger_ops *ops,
			  void *ctx);
void ledger_free(struct ledger *ledger);

/*
 * Take one record, in order of time. Returns 0, -ENOMEM, -EINVAL for a malformed one, or -ENOSPC
 * when it is about more VMs, domains or tasks than can be: both are counted, and no reason to stop.
 */
int ledger_record(struct ledger *ledger, const void *record, size_t size);

/* Forget what no call can need any more. Records do this by themselves; on a host where none come,
 * somebody else must. */
void ledger_tidy(struct ledger *ledger, uint64_t now_ns);

/* No more records come: ends that waited for a last call are over. */
void ledger_finish(struct ledger *ledger);

const struct ledger_stats *ledger_get_stats(const struct ledger *ledger);

/* What the histories of all domains (struct history_budget) and of plain RCU take now. */
size_t ledger_history_bytes(const struct ledger *ledger);

/* The live VM at this address, or NULL. */
struct vm *ledger_vm(const struct ledger *ledger, uint64_t kvm);

/* The domain at this address, as long as no record is taken; NULL: none is known. */
const struct domain *ledger_domain(const struct ledger *ledger, uint64_t ssp);

/*
 * A VM whose memory slots wait for an invalidation, and it is not known whose: who scans the
 * threads of its process (KS_SUSPECT on its kvm->srcu, in @ssp) may find that out. 0: none. Each
 * is returned once.
 */
uint64_t ledger_take_sought(struct ledger *ledger, uint64_t *ssp);

/* All live VMs, struct vm by address; as long as no record is taken. */
const struct map *ledger_vms(const struct ledger *ledger);

#endif
