/* SPDX-License-Identifier: GPL-2.0-only */
/* How long grace periods take: those in progress, by domain, from the records that step them. */
#ifndef LEDGER_GP_DURATIONS_H
#define LEDGER_GP_DURATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <kvmstall/records.h>

#include "base/map.h"

struct periods {
	struct map running; /* ssp -> struct period, only while one is in progress */
};

/* A grace period that is over. */
struct period {
	uint64_t ssp;
	uint64_t gp;	   /* see gp_id_done() */
	uint64_t begin_ns; /* 0: before we looked */
	uint64_t ns;
	bool is_normal; /* began with a timer; else expedited */
	bool has_run;	/* process_srcu has looked at it */
};

void periods_fini(struct periods *periods);

/* Both return true when what they say ended a grace period that was seen to begin: @ended. */
bool periods_start(struct periods *periods, const struct ks_start *start, struct period *ended);
bool periods_step(struct periods *periods, const struct ks_step *step, struct period *ended);

/* Records were lost: whatever is in progress may not be what it seems. */
void periods_lose(struct periods *periods);

/* The domain is no more. */
void periods_forget(struct periods *periods, uint64_t ssp);

#endif
