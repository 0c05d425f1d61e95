/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of a ledger's news is wanted, decided here for all who take them: is it a stall at all, is
 * it of a VM that was asked for, and is it not of our own making.
 */
#ifndef LEDGER_FILTER_H
#define LEDGER_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/ledger.h"

/* Did the call take @min_ns, whatever it spent them on? With 0: did it wait at all? Else it is only
 * a call. */
bool stall_counts(const struct stall *stall, uint64_t min_ns);

/* Whose calls. NULL and 0: everybody's. */
struct filter {
	uint32_t pid;
	const char *vm;
	const char *comm;
	bool is_followed; /* only VMs that COMMAND made */
	/* Calls of which a part lies between these, of CLOCK_MONOTONIC; .until_ns 0: all. */
	uint64_t since_ns, until_ns;
};

/* Does a part of what lasted @ns from @begin_ns on lie in the filter's time? */
bool filter_wants_time(const struct filter *filter, uint64_t begin_ns, uint64_t ns);

/* Is what is done to @vm, or what a stalled thread did, wanted? */
bool filter_wants_vm(const struct filter *filter, const struct vm *vm);
bool filter_wants_span(const struct filter *filter, const struct span *span);
bool filter_wants_stall(const struct filter *filter, const struct stall *stall);

/*
 * From a ledger to who takes its news: VMs get their names on the way, and what the recorder does
 * itself (it makes a VM to try its programs out) is left out.
 */
struct stall_sink {
	const struct ledger_ops *ops; /* each may be NULL */
	void *ctx;		      /* of .ops */
	uint32_t own_tgid;	      /* the recorder */
	/* Fill in what a new VM is called; the record does not say it. */
	void (*name_vm)(void *name_ctx, struct vm *vm);
	void *name_ctx;
};

/* For ledger_new(), with a struct stall_sink as its @ctx. */
extern const struct ledger_ops stall_sink_ops;

#endif
