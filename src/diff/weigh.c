// SPDX-License-Identifier: GPL-2.0-only
#include "diff/weigh.h"

#include <math.h>

#include "diff/comparison.h"

double weigh_whole_ns(const struct comparison *comparison)
{
	double sums[SIDE_CNT] = {0};

	for (size_t i = 0; i < comparison->cnt; i++)
		if (change_is_span(&comparison->changes[i]))
			for (int side = 0; side < SIDE_CNT; side++)
				sums[side] += comparison->changes[i].sides[side].median;
	return fmin(sums[SIDE_BASE], sums[SIDE_NEW]);
}

/* Such calls of one VM. */
static double calls_a_vm(const struct comparison *comparison, const struct change *change)
{
	double most = 0;

	for (int side = 0; side < SIDE_CNT; side++) {
		const struct group *group = change->sides[side].group;
		double vms = comparison->sides[side]->samples.vms_cnt;

		if (group)
			most = fmax(most, group->cnt / fmax(vms, 1));
	}
	return most;
}

/*
 * What it moved by; of few samples, all that the calls take. The interval's ends would make more of
 * calls that vary: that the start as a whole did not move has an interval of its own.
 */
static double moved_ns(const struct change *change)
{
	const struct measure *sides = change->sides;

	if (sides[SIDE_BASE].group && sides[SIDE_NEW].group &&
	    change_samples(change) >= INTERVAL_MIN)
		return fabs(change->diff);
	return fmax(sides[SIDE_BASE].median, sides[SIDE_NEW].median);
}

void weigh_change(const struct comparison *comparison, double whole_ns, struct change *change)
{
	change->share = -1;
	change->is_minor = false;
	if (!whole_ns)
		return;
	change->share = moved_ns(change) * calls_a_vm(comparison, change) / whole_ns;
	change->is_minor = !change_is_span(change) && change->share < SHARE_DECISIVE;
}

/* ---- parts of a start or an end ---- */

/* Of which the call is part on both sides; CALL_NONE: it is made while the VM runs. */
static enum call_id span_of(const struct change *change)
{
	enum call_id spans[SIDE_CNT] = {CALL_NONE, CALL_NONE};

	for (int side = 0; side < SIDE_CNT; side++) {
		const struct group *group = change->sides[side].group;

		if (!group)
			return CALL_NONE;
		if (group->phase == PHASE_TEARDOWN)
			spans[side] = CALL_VM_END;
		else if (group->phase != PHASE_RUNNING)
			spans[side] = CALL_VM_START;
	}
	return spans[SIDE_BASE] == spans[SIDE_NEW] ? spans[SIDE_BASE] : CALL_NONE;
}

static bool is_no_worse(const struct comparison *comparison, enum call_id span)
{
	for (size_t i = 0; i < comparison->cnt; i++) {
		const struct change *change = &comparison->changes[i];

		if (change_is_span(change) && span_of(change) == span)
			return change->is_no_worse;
	}
	return false;
}

void weigh_parts(struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->cnt; i++) {
		struct change *change = &comparison->changes[i];

		if (change->verdict != VERDICT_TOO_FEW || change->is_minor ||
		    change_is_span(change))
			continue;
		change->is_covered = is_no_worse(comparison, span_of(change));
		change->is_minor = change->is_covered;
	}
}
