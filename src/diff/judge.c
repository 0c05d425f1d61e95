// SPDX-License-Identifier: GPL-2.0-only
#include "diff/judge.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "diff/comparison.h"

/*
 * Enough samples are those by which a change would be found four times in five that makes 85 of
 * 100 pairs of calls differ the same way: what a stall more or less does, and most do it better.
 */
#define POWER 0.8
#define SHARE 0.85
/* How often what is worse by just what counts is said to be no worse. */
#define NO_WORSE_TAIL 0.025
#define SEED	      0x6b766d7374616c6cULL /* the same every time */

struct ranked {
	const struct sample *sample;
};

static int compare_ranked(const void *a, const void *b)
{
	const struct sample *x = ((const struct ranked *)a)->sample;
	const struct sample *y = ((const struct ranked *)b)->sample;

	if (x->ns != y->ns)
		return x->ns < y->ns ? -1 : 1;
	return x < y ? -1 : x > y;
}

/*
 * The means by cause of the middle half: they add up to its mean latency, as a median's parts
 * would not, and one outlier does not decide, as it would with all.
 */
static int measure(struct measure *measure)
{
	const struct group *group = measure->group;
	size_t cnt = group ? group->kept : 0, skip = cnt / 4;
	_free_ struct ranked *order = calloc(cnt + 1, sizeof(*order));
	_free_ uint64_t *sorted = calloc(cnt + 1, sizeof(*sorted));

	if (!order || !sorted)
		return -ENOMEM;
	for (size_t i = 0; i < cnt; i++)
		order[i].sample = &group->samples[i];
	qsort(order, cnt, sizeof(*order), compare_ranked);
	for (size_t i = 0; i < cnt; i++)
		sorted[i] = order[i].sample->ns;
	measure->median = stats_median(sorted, cnt);
	measure->p99 = stats_quantile(sorted, cnt, 0.99);
	for (size_t i = skip; i < cnt - skip; i++)
		for (int cause = 0; cause < KS_CAUSE_CNT; cause++)
			measure->by_cause[cause] +=
				(double)order[i].sample->by_cause[cause] / (cnt - 2 * skip);
	return 0;
}

/* A group as a series: values, and where recordings begin. */
struct values {
	uint64_t *ns;
	size_t *starts;
	struct series series;
};

static void values_fini(struct values *values)
{
	free(values->ns);
	free(values->starts);
}

static int values_init(struct values *values, const struct group *group)
{
	size_t starts = 0;

	values->ns = calloc(group->kept + 1, sizeof(*values->ns));
	values->starts = calloc(group->kept + 1, sizeof(*values->starts));
	if (!values->ns || !values->starts)
		return -ENOMEM;
	for (size_t i = 0; i < group->kept; i++) {
		values->ns[i] = group->samples[i].ns;
		if (!i || group->samples[i].recording != group->samples[i - 1].recording)
			values->starts[starts++] = i;
	}
	values->series = (struct series){values->ns, group->kept, values->starts, starts};
	return 0;
}

/* ---- tests ---- */

static bool is_rare_here(const struct side *side, const struct group *group)
{
	uint64_t vms = side->samples.vms_cnt;

	return !group || (vms >= RARE_ONE_IN && group->cnt * RARE_ONE_IN < vms);
}

static bool is_rare(const struct comparison *comparison, const struct change *change)
{
	return is_rare_here(comparison->sides[SIDE_BASE], change->sides[SIDE_BASE].group) &&
	       is_rare_here(comparison->sides[SIDE_NEW], change->sides[SIDE_NEW].group);
}

static int test_change(struct change *change)
{
	struct values values[SIDE_CNT] = {0};
	int ret = values_init(&values[SIDE_BASE], change->sides[SIDE_BASE].group);

	if (!ret)
		ret = values_init(&values[SIDE_NEW], change->sides[SIDE_NEW].group);
	if (!ret)
		ret = stats_rank_test(&values[SIDE_BASE].series, &values[SIDE_NEW].series,
				      &change->test);
	if (!ret)
		ret = stats_median_difference(&values[SIDE_BASE].series, &values[SIDE_NEW].series,
					      SEED, &change->interval);
	values_fini(&values[SIDE_BASE]);
	values_fini(&values[SIDE_NEW]);
	return ret;
}

/* VERDICT_CNT: to be judged. */
int judge_test(const struct comparison *comparison, struct change *change)
{
	struct measure *sides = change->sides;
	int ret = measure(&sides[SIDE_BASE]);

	if (!ret)
		ret = measure(&sides[SIDE_NEW]);
	if (ret)
		return ret;
	change->diff = sides[SIDE_NEW].median - sides[SIDE_BASE].median;
	change->verdict = VERDICT_CNT;
	if (is_rare(comparison, change))
		change->verdict = VERDICT_RARE;
	else if (!sides[SIDE_BASE].group || !sides[SIDE_NEW].group)
		change->verdict = VERDICT_ONE_SIDED;
	if (!sides[SIDE_BASE].group || !sides[SIDE_NEW].group)
		return 0;
	return test_change(change);
}

/* Holm over what is judged; the others keep what the test alone says. */
int judge_correct(struct comparison *comparison)
{
	_free_ double *p = calloc(comparison->cnt + 1, sizeof(*p));
	size_t cnt = 0;
	int ret;

	if (!p)
		return -ENOMEM;
	for (size_t i = 0; i < comparison->cnt; i++)
		if (comparison->changes[i].verdict == VERDICT_CNT)
			p[cnt++] = comparison->changes[i].test.p;
	ret = stats_holm(p, cnt);
	if (ret)
		return ret;
	comparison->tested = cnt;
	comparison->needed = stats_needed(comparison->cfg.alpha / (cnt ? cnt : 1), POWER, SHARE);
	for (size_t i = 0, at = 0; i < comparison->cnt; i++)
		if (comparison->changes[i].verdict == VERDICT_CNT)
			comparison->changes[i].p = p[at++];
		else
			comparison->changes[i].p = comparison->changes[i].test.p;
	return 0;
}

static int compare_bytes(const void *a, const void *b)
{
	return *(const uint8_t *)a - *(const uint8_t *)b;
}

/* Waits for timers in a typical call; lower of the middle two. */
static unsigned int usual_timers(const struct group *group)
{
	uint8_t timers[SAMPLES_KEPT];

	for (size_t i = 0; i < group->kept; i++)
		timers[i] = group->samples[i].timers;
	qsort(timers, group->kept, 1, compare_bytes);
	return group->kept ? timers[(group->kept - 1) / 2] : 0;
}

/*
 * A wait for a timer takes one to three jiffies, and which of them depends on where in a tick the
 * calls before it left off: a slower call before it can make it a jiffy shorter. Where both sides
 * wait for timers, and jiffies are the same, less than one a timer and one more is no change.
 */
static double timer_jiffies(const struct change *change)
{
	unsigned int base = usual_timers(change->sides[SIDE_BASE].group);
	unsigned int new = usual_timers(change->sides[SIDE_NEW].group);

	return !base || !new ? 0 : 1 + fmax(base, new);
}

/*
 * synchronize_srcu() expedites its grace period unless the domain's last one ended less than
 * srcutree.exp_holdoff, 25 us, before (kernel/rcu/srcutree.c: v6.1 srcu_might_be_idle(), by v6.16
 * srcu_should_expedite()). Where a call sometimes comes so soon and sometimes not, how often
 * depends on what the host's CPUs do, and differs between recordings of the same thing: the timers
 * are no change. Where it always does on one side, and never on the other, they are.
 */
static unsigned int holdoff_timers(const struct group *group)
{
	unsigned int most = 0;
	size_t cnt = 0;

	for (size_t i = 0; i < group->kept; i++) {
		if (!group->samples[i].is_held_off)
			continue;
		cnt++;
		if (group->samples[i].timers > most)
			most = group->samples[i].timers;
	}
	return cnt * RARE_ONE_IN >= group->kept && (group->kept - cnt) * RARE_ONE_IN >= group->kept
		       ? most
		       : 0;
}

/* A timer of one jiffy takes up to three: see timer_jiffies(). Of what else moved it says nothing.
 */
static double holdoff_jiffies(const struct change *change)
{
	if (!cause_is_timer(change->moved))
		return 0;
	return 3 * fmax(holdoff_timers(change->sides[SIDE_BASE].group),
			holdoff_timers(change->sides[SIDE_NEW].group));
}

/* Where somebody else has the CPU, who is to run next may have to wait for a tick: a busy host. */
static double scheduler_jiffies(const struct change *change)
{
	return change->moved == KS_CAUSE_WAKEUP || change->moved == KS_CAUSE_KWORKER;
}

static void set_threshold(const struct comparison *comparison, struct change *change)
{
	uint32_t hz = comparison->sides[SIDE_BASE]->hz;
	double bounds[TOLERANCE_CNT] = {
		[TOLERANCE_NONE] =
			fmax(comparison->cfg.min_effect * change->sides[SIDE_BASE].median,
			     comparison->cfg.floor_ns),
	};

	if (hz && hz == comparison->sides[SIDE_NEW]->hz) {
		bounds[TOLERANCE_TIMER] = 1e9 / hz * timer_jiffies(change);
		bounds[TOLERANCE_HOLDOFF] = 1e9 / hz * holdoff_jiffies(change);
		bounds[TOLERANCE_SCHEDULER] = 1e9 / hz * scheduler_jiffies(change);
	}
	for (int i = TOLERANCE_CNT - 1; i >= 0; i--) {
		if (bounds[i] < change->threshold)
			continue;
		change->threshold = bounds[i];
		change->tolerance = i;
	}
	change->is_large = fabs(change->diff) >= bounds[TOLERANCE_NONE];
}

/* All that the difference may be, by its interval, is more than the threshold: it surely moved. */
static bool is_beyond(const struct change *change)
{
	return change->interval.low > change->threshold ||
	       change->interval.high < -change->threshold;
}

/*
 * Would the same test find NEW smaller, were what counts added to all of BASE? Then NEW is no
 * worse, with an error in one of forty. The interval of the medians asks the same, and needs about
 * twice as many samples for an answer: a median of few that vary is the worst that one can make of
 * them.
 */
static int test_no_worse(struct change *change)
{
	struct values values[SIDE_CNT] = {0};
	struct rank_test test = {.p = 1};
	int ret = values_init(&values[SIDE_BASE], change->sides[SIDE_BASE].group);

	if (!ret)
		ret = values_init(&values[SIDE_NEW], change->sides[SIDE_NEW].group);
	for (size_t i = 0; !ret && i < values[SIDE_BASE].series.cnt; i++)
		values[SIDE_BASE].ns[i] += (uint64_t)change->threshold;
	if (!ret)
		ret = stats_rank_test(&values[SIDE_BASE].series, &values[SIDE_NEW].series, &test);
	values_fini(&values[SIDE_BASE]);
	values_fini(&values[SIDE_NEW]);
	change->is_no_worse = change_samples(change) >= INTERVAL_MIN && test.delta < 0 &&
			      test.p <= 2 * NO_WORSE_TAIL;
	return ret;
}

/*
 * The question is whether NEW is worse. Samples are too few if they leave that open; that it might
 * be better, too, is said (.is_unsure), and no reason to refuse an answer: few samples of calls
 * that vary would have an interval that is too wide on one of its sides most of the time.
 */
static bool is_open(const struct comparison *comparison, const struct change *change)
{
	return change_samples(change) < comparison->needed && !change->is_no_worse;
}

/* Too few samples to know whether it is better; with enough, the test has said. */
static bool may_be_better(const struct comparison *comparison, const struct change *change)
{
	return change_samples(change) < comparison->needed && change->diff < -change->threshold;
}

int judge_change(const struct comparison *comparison, struct change *change)
{
	int ret;

	set_threshold(comparison, change);
	ret = test_no_worse(change);
	if (ret)
		return ret;
	if (change->p <= comparison->cfg.alpha && is_beyond(change))
		change->verdict = change->diff > 0 ? VERDICT_WORSE : VERDICT_BETTER;
	else if (is_open(comparison, change))
		change->verdict = VERDICT_TOO_FEW;
	else
		change->verdict = VERDICT_SAME;
	change->is_unsure =
		change->verdict == VERDICT_SAME && change->is_large &&
		(change->p <= comparison->cfg.alpha || may_be_better(comparison, change));
	return 0;
}
