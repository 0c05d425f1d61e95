// SPDX-License-Identifier: GPL-2.0-only
#include "diff/comparison.h"

#include <stdlib.h>

static const char *const verdicts[VERDICT_CNT] = {
	[VERDICT_WORSE] = "worse",
	[VERDICT_BETTER] = "better",
	[VERDICT_TOO_FEW] = "too few samples",
	[VERDICT_ONE_SIDED] = "on one side only",
	[VERDICT_SAME] = "same",
	[VERDICT_RARE] = "rare",
};

static const char *const reasons[REASON_CNT] = {
	[REASON_LOST] = "records were lost: calls are missing",
	[REASON_CUT] = "a capture is cut: its end is missing",
	[REASON_WORKLOAD] =
		"these are different workloads: most calls differ in how often they are made",
	[REASON_ONE_SIDED] =
		"calls were made on one side only, or more than twice as often as on the other",
	[REASON_TOO_FEW] = "too few samples of some calls",
	[REASON_EMPTY] = "there is no call that both sides made",
	[REASON_UNTIMED] = "calls of a log have no duration, or did not end: they are missing",
};

static const char *const tolerances[TOLERANCE_CNT] = {"none", "timer", "holdoff", "scheduler"};

const char *tolerance_name(enum tolerance tolerance)
{
	return tolerances[tolerance];
}

const char *verdict_name(enum verdict verdict)
{
	return verdicts[verdict];
}

const char *comparison_reason_text(enum compare_reason reason)
{
	return reasons[reason];
}

const char *comparison_verdict(const struct comparison *comparison)
{
	switch (comparison->outcome) {
	case OUTCOME_WORSE:
		return "worse";
	case OUTCOME_NOT_COMPARABLE:
		return "not comparable";
	default:
		return comparison->deciding[VERDICT_BETTER] ? "better" : "same";
	}
}

size_t measure_samples(const struct measure *measure)
{
	return measure->group ? measure->group->kept : 0;
}

size_t change_samples(const struct change *change)
{
	size_t base = measure_samples(&change->sides[SIDE_BASE]);
	size_t new = measure_samples(&change->sides[SIDE_NEW]);

	return base < new ? base : new;
}

bool change_is_same_call(const struct change *a, const struct change *b)
{
	const struct group *left = a->sides[SIDE_BASE].group;
	const struct group *right = b->sides[SIDE_BASE].group;

	if (!left != !right)
		return false;
	if (!left) {
		left = a->sides[SIDE_NEW].group;
		right = b->sides[SIDE_NEW].group;
	}
	return left->call == right->call && left->phase == right->phase &&
	       left->occurrence == right->occurrence;
}

bool change_is_span(const struct change *change)
{
	const struct group *base = change->sides[SIDE_BASE].group;

	return group_is_span(base ? base : change->sides[SIDE_NEW].group);
}

void comparison_fini(struct comparison *comparison)
{
	free(comparison->changes);
	free(comparison->facts);
	*comparison = (struct comparison){0};
}
