// SPDX-License-Identifier: GPL-2.0-only
#include "diff/compare.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diff/explain.h"
#include "diff/judge.h"
#include "diff/pair.h"
#include "diff/weigh.h"
#include "diff/workload.h"

static void find_reasons(struct comparison *comparison)
{
	const struct side *base = comparison->sides[SIDE_BASE], *new = comparison->sides[SIDE_NEW];

	workload_compare(comparison);
	if (base->lost || new->lost)
		comparison->reasons |= 1u << REASON_LOST;
	if (base->cut || new->cut)
		comparison->reasons |= 1u << REASON_CUT;
	if (base->untimed || new->untimed)
		comparison->reasons |= 1u << REASON_UNTIMED;
	if (comparison->deciding[VERDICT_TOO_FEW])
		comparison->reasons |= 1u << REASON_TOO_FEW;
	if (comparison->deciding[VERDICT_ONE_SIDED])
		comparison->reasons |= 1u << REASON_ONE_SIDED;
	if (!comparison->tested)
		comparison->reasons |= 1u << REASON_EMPTY;
}

/* A call that is worse is so whatever else is missing, unless the two have nothing in common. */
static enum outcome decide(const struct comparison *comparison)
{
	if (comparison->reasons & (1u << REASON_WORKLOAD | 1u << REASON_EMPTY))
		return OUTCOME_NOT_COMPARABLE;
	if (comparison->deciding[VERDICT_WORSE])
		return OUTCOME_WORSE;
	return comparison->reasons ? OUTCOME_NOT_COMPARABLE : OUTCOME_NOT_WORSE;
}

static const struct group *any_group(const struct change *change)
{
	const struct group *base = change->sides[SIDE_BASE].group;

	return base ? base : change->sides[SIDE_NEW].group;
}

static int compare_changes(const void *a, const void *b)
{
	const struct change *x = a, *y = b;
	const struct group *left = any_group(x), *right = any_group(y);
	int order = change_is_span(y) - change_is_span(x);

	if (order)
		return order;
	if (change_is_span(x))
		return (int)left->call - (int)right->call;
	if (x->verdict != y->verdict)
		return x->verdict < y->verdict ? -1 : 1;
	if (x->verdict <= VERDICT_BETTER && fabs(x->diff) != fabs(y->diff))
		return fabs(x->diff) > fabs(y->diff) ? -1 : 1;
	order = call_order(left->call, right->call);
	if (!order && left->phase != right->phase)
		order = left->phase < right->phase ? -1 : 1;
	if (!order && left->occurrence != right->occurrence)
		order = left->occurrence < right->occurrence ? -1 : 1;
	return order;
}

static int judge_all(struct comparison *comparison)
{
	double whole_ns;
	int ret = 0;

	for (size_t i = 0; !ret && i < comparison->cnt; i++)
		ret = judge_test(comparison, &comparison->changes[i]);
	if (!ret)
		ret = judge_correct(comparison);
	if (ret)
		return ret;
	whole_ns = weigh_whole_ns(comparison);
	for (size_t i = 0; i < comparison->cnt; i++) {
		struct change *change = &comparison->changes[i];

		explain_cause(change);
		if (change->verdict == VERDICT_CNT)
			ret = judge_change(comparison, change);
		if (ret)
			return ret;
		explain_facts(comparison, change);
		weigh_change(comparison, whole_ns, change);
	}
	weigh_parts(comparison);
	for (size_t i = 0; i < comparison->cnt; i++) {
		const struct change *change = &comparison->changes[i];

		comparison->by_verdict[change->verdict] += !change_is_span(change);
		comparison->deciding[change->verdict] += !change->is_minor;
	}
	return 0;
}

int compare_sides(struct comparison *comparison, struct side *base, struct side *new,
		  const struct compare_cfg *cfg)
{
	int ret;

	*comparison = (struct comparison){.cfg = *cfg, .sides = {base, new}};
	samples_sort(&base->samples);
	samples_sort(&new->samples);
	ret = explain_compare_facts(comparison);
	if (!ret)
		ret = pair_groups(comparison);
	if (!ret)
		ret = judge_all(comparison);
	if (ret)
		return ret;
	qsort(comparison->changes, comparison->cnt, sizeof(struct change), compare_changes);
	find_reasons(comparison);
	comparison->outcome = decide(comparison);
	return 0;
}
