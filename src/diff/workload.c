// SPDX-License-Identifier: GPL-2.0-only
#include "diff/workload.h"

#include "diff/comparison.h"

static uint64_t count_call(const struct side *side, enum call_id call)
{
	uint64_t cnt = 0;

	for (size_t i = 0; i < side->samples.cnt; i++)
		if (side->samples.groups[i]->call == call)
			cnt += side->samples.groups[i]->cnt;
	return cnt;
}

/* Is the call made more than twice as often a VM as on the other side? */
static bool differs_in_rate(const struct comparison *comparison, enum call_id call)
{
	double rates[SIDE_CNT] = {}; /* gcc 14 -fanalyzer thinks the loop may end early */

	for (int i = 0; i < SIDE_CNT; i++) {
		uint64_t vms = comparison->sides[i]->samples.vms_cnt;

		rates[i] = (double)count_call(comparison->sides[i], call) / (vms ? vms : 1);
	}
	if (rates[SIDE_BASE] * RARE_ONE_IN < 1 && rates[SIDE_NEW] * RARE_ONE_IN < 1)
		return false;
	return rates[SIDE_BASE] > 2 * rates[SIDE_NEW] || rates[SIDE_NEW] > 2 * rates[SIDE_BASE];
}

static bool is_first_of_call(const struct samples *samples, size_t idx)
{
	return !idx || samples->groups[idx]->call != samples->groups[idx - 1]->call;
}

void workload_compare(struct comparison *comparison)
{
	size_t calls = 0, differing = 0;

	for (int side = 0; side < SIDE_CNT; side++) {
		const struct samples *samples = &comparison->sides[side]->samples;

		for (size_t i = 0; i < samples->cnt; i++) {
			enum call_id call = samples->groups[i]->call;

			if (!is_first_of_call(samples, i) || group_is_span(samples->groups[i]))
				continue;
			if (side == SIDE_NEW && count_call(comparison->sides[SIDE_BASE], call))
				continue;
			calls++;
			differing += differs_in_rate(comparison, call);
		}
	}
	if (differing)
		comparison->reasons |= 1u << REASON_ONE_SIDED;
	if (differing * 2 > calls)
		comparison->reasons |= 1u << REASON_WORKLOAD;
}
