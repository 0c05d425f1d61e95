/* SPDX-License-Identifier: GPL-2.0-only */
/* How long grace periods take: those in progress, by domain, from the records that step them. */
#ifndef LEDGER_GP_DURATIONS_H
#define LEDGER_GP_DURATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <kvmstall/records.h>

#include "base/map.h"

struct gp_durations {
	struct map running; /* ssp -> struct gp_duration, only while one is in progress */
};

/* A grace period that is over. */
struct gp_duration {
	uint64_t ssp;
	uint64_t gp;	   /* see gp_id_done() */
	uint64_t begin_ns; /* 0: before we looked */
	uint64_t ns;
	bool is_normal; /* began with a timer; else expedited */
	bool has_run;	/* process_srcu has looked at it */
};

void gp_durations_fini(struct gp_durations *periods);

/* Both return true when what they say ended a grace period that was seen to begin: @ended. */
bool gp_durations_start(struct gp_durations *periods, const struct ks_start *start,
			struct gp_duration *ended);
bool gp_durations_step(struct gp_durations *periods, const struct ks_step *step,
		       struct gp_duration *ended);

/* Records were lost: whatever is in progress may not be what it seems. */
void gp_durations_lose(struct gp_durations *periods);

/* The domain is no more. */
void gp_durations_forget(struct gp_durations *periods, uint64_t ssp);

#endif
