/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A trace that ui.perfetto.dev opens: Perfetto's TrackEvents, in order of what is known, not of
 * time. A VM is a group of tracks: of its threads, with calls, the waits in them and the causes in
 * those; of its domains, with grace periods and their scans and timers; of the callbacks of each
 * CPU. Flows lead from who is to blame, by way of the grace period, to the time that was lost to
 * it.
 */
#ifndef OUTPUT_PERFETTO_PERFETTO_H
#define OUTPUT_PERFETTO_PERFETTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/filter.h"
#include "output/text/text.h"

struct perfetto;
struct str;
struct symbols;

/* Bytes are appended to @out, which the caller empties as it likes. NULL when out of memory. */
struct perfetto *perfetto_new(struct str *out);
void perfetto_free(struct perfetto *perfetto);

/*
 * What follows is from another recording (the first as well): other VMs, other domains. Grace
 * periods are shown where @filter's stretch of time is. @cfg: of the account that calls have.
 */
void perfetto_next_file(struct perfetto *perfetto, const struct text_cfg *cfg,
			const struct filter *filter);

/* Each record, before or after the ledger takes it. */
void perfetto_record(struct perfetto *perfetto, const void *record, size_t size,
		     const struct symbols *syms);

/* Of all VMs: grace periods of those that are not @is_wanted are left out. */
void perfetto_vm_new(struct perfetto *perfetto, const struct vm *vm, bool is_wanted);
void perfetto_vm_gone(struct perfetto *perfetto, const struct vm *vm);

/* A call that is to be shown: over, or one that was found waiting, which is shown once, at the end,
 * if it never was over. */
void perfetto_call(struct perfetto *perfetto, const struct stall *stall);
void perfetto_asleep(struct perfetto *perfetto, const struct stall *stall);

/* What is in progress, and the counters. Returns 0, or -ENOMEM: not all is there. */
int perfetto_end(struct perfetto *perfetto);

#endif
