// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/gp_durations.h"

#include <stdlib.h>

#include "ledger/domain.h"

void gp_durations_lose(struct gp_durations *periods)
{
	map_clear(&periods->running, free);
}

void gp_durations_fini(struct gp_durations *periods)
{
	gp_durations_lose(periods);
}

void gp_durations_forget(struct gp_durations *periods, uint64_t ssp)
{
	if (ssp)
		free(map_del(&periods->running, ssp));
}

/* In the place of one that is there. Without memory it is not measured. */
static void begin(struct gp_durations *periods, const struct gp_duration *period)
{
	struct gp_duration *copy = map_get(&periods->running, period->ssp);

	if (copy) {
		*copy = *period;
		return;
	}
	copy = malloc(sizeof(*copy));
	if (!copy)
		return;
	*copy = *period;
	if (map_put(&periods->running, period->ssp, copy))
		free(copy);
}

/* It is over at @ts_ns, and still there. */
static void end(const struct gp_duration *period, uint64_t ts_ns, struct gp_duration *ended)
{
	*ended = *period;
	ended->ns = ts_ns > period->begin_ns ? ts_ns - period->begin_ns : 0;
}

bool gp_durations_start(struct gp_durations *periods, const struct ks_start *start,
			struct gp_duration *ended)
{
	const struct gp_duration *before =
		start->ssp ? map_get(&periods->running, start->ssp) : NULL;
	uint64_t gp = gp_id_in_progress(start->seq);
	bool is_over = before && before->gp < gp; /* process_srcu, which ended it, still runs */

	if (!start->ssp)
		return false;
	if (is_over)
		end(before, start->head.ts_ns, ended);
	begin(periods, &(struct gp_duration){.ssp = start->ssp,
					     .gp = gp,
					     .begin_ns = start->head.ts_ns,
					     .is_normal = start->expires != 0});
	return is_over;
}

/* One that began as the one before ended has no initiator: its first timer shows what it is. */
static void note(struct gp_duration *period, const struct ks_step *step)
{
	if (step->head.type == KS_GP_ARM && !period->has_run)
		period->is_normal = true;
	if (step->head.type == KS_GP_BEGIN)
		period->has_run = true;
}

bool gp_durations_step(struct gp_durations *periods, const struct ks_step *step,
		       struct gp_duration *ended)
{
	bool is_armed = step->head.type == KS_GP_ARM, is_over;
	struct gp_duration *period;

	if (step->head.type != KS_GP_END && !is_armed && step->head.type != KS_GP_BEGIN)
		return false;
	period = step->ssp ? map_get(&periods->running, step->ssp) : NULL;
	is_over = period && period->gp <= gp_id_done(step->seq);
	if (!is_over) {
		if (period)
			note(period, step);
		return false;
	}
	end(period, step->head.ts_ns, ended);
	if (gp_seq_is_idle(step->seq))
		gp_durations_forget(periods, step->ssp);
	else
		begin(periods, &(struct gp_duration){.ssp = step->ssp,
						     .gp = gp_id_in_progress(step->seq),
						     .begin_ns = step->head.ts_ns,
						     .is_normal = is_armed});
	return true;
}
