// SPDX-License-Identifier: GPL-2.0-only
#include "diff/compare.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/*
 * Enough samples are those by which a change would be found four times in five that makes 85 of
 * 100 pairs of calls differ the same way: what a stall more or less does, and most do it better.
 */
#define POWER	    0.8
#define SHARE	    0.85
#define SEED	    0x6b766d7374616c6cULL /* the same every time */
#define RARE_ONE_IN 10

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

const char *compare_reason_text(enum compare_reason reason)
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
		return comparison->by_verdict[VERDICT_BETTER] ? "better" : "same";
	}
}

/* ---- sides ---- */

void side_init(struct side *side)
{
	*side = (struct side){0};
	samples_init(&side->samples);
}

void side_fini(struct side *side)
{
	samples_fini(&side->samples);
	environment_fini(&side->facts);
}

static bool has_value(const char *list, const char *value)
{
	size_t len = strlen(value);

	for (; list; list = strstr(list, " / ")) {
		list += strncmp(list, " / ", 3) ? 0 : 3;
		if (!strncmp(list, value, len) && (!list[len] || !strncmp(list + len, " / ", 3)))
			return true;
	}
	return false;
}

int side_add_fact(struct side *side, const char *key, const char *value)
{
	const char *old = environment_get(&side->facts, key);
	_free_ char *both = NULL;
	int ret;

	if (old && (!*value || has_value(old, value)))
		return 0;
	if (old && asprintf(&both, "%s / %s", old, value) < 0) {
		both = NULL;
		return -ENOMEM;
	}
	ret = environment_set(&side->facts, key, both ? both : value);
	return ret == -E2BIG ? 0 : ret;
}

/* ---- pairs ---- */

static bool is_pair(const struct group *a, const struct group *b, bool is_strict)
{
	return !strcmp(a->call, b->call) && a->occurrence == b->occurrence &&
	       (!is_strict || a->phase == b->phase);
}

static bool is_taken(const struct comparison *comparison, const struct group *group)
{
	for (size_t i = 0; i < comparison->cnt; i++)
		for (int side = 0; side < SIDE_CNT; side++)
			if (comparison->changes[i].sides[side].group == group)
				return true;
	return false;
}

static const struct group *find_partner(const struct comparison *comparison,
					const struct samples *samples, const struct group *group,
					bool is_strict)
{
	for (size_t i = 0; i < samples->cnt; i++)
		if (is_pair(group, samples->groups[i], is_strict) &&
		    !is_taken(comparison, samples->groups[i]))
			return samples->groups[i];
	return NULL;
}

static void add_pair(struct comparison *comparison, const struct group *base,
		     const struct group *new)
{
	struct change *change = &comparison->changes[comparison->cnt++];

	*change = (struct change){.p = 1, .test = {.p = 1}};
	change->sides[SIDE_BASE].group = base;
	change->sides[SIDE_NEW].group = new;
}

/*
 * First those of the same phase. What is left is paired over phases: who moves devices behind the
 * memory slots, or vCPUs before them, has moved the call into another phase and wants to know what
 * that did to it.
 */
static int pair_groups(struct comparison *comparison)
{
	const struct samples *base = &comparison->sides[SIDE_BASE]->samples;
	const struct samples *new = &comparison->sides[SIDE_NEW]->samples;

	comparison->changes = calloc(base->cnt + new->cnt + 1, sizeof(struct change));
	if (!comparison->changes)
		return -ENOMEM;
	for (int is_strict = 1; is_strict >= 0; is_strict--)
		for (size_t i = 0; i < base->cnt; i++) {
			const struct group *group = base->groups[i], *partner;

			if (is_taken(comparison, group))
				continue;
			partner = find_partner(comparison, new, group, is_strict);
			if (partner || !is_strict)
				add_pair(comparison, group, partner);
		}
	for (size_t i = 0; i < new->cnt; i++)
		if (!is_taken(comparison, new->groups[i]))
			add_pair(comparison, NULL, new->groups[i]);
	return 0;
}

/* ---- what a side measured ---- */

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
static int test_one(struct comparison *comparison, struct change *change)
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
static int correct(struct comparison *comparison)
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

/* ---- verdicts ---- */

size_t measure_samples(const struct measure *measure)
{
	return measure->group ? measure->group->kept : 0;
}

size_t compare_fewest(const struct change *change)
{
	size_t base = measure_samples(&change->sides[SIDE_BASE]);
	size_t new = measure_samples(&change->sides[SIDE_NEW]);

	return base < new ? base : new;
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

/* All that it may be is less: it surely did not. */
static bool is_within(const struct change *change)
{
	return compare_fewest(change) >= INTERVAL_MIN &&
	       change->interval.low > -change->threshold &&
	       change->interval.high < change->threshold;
}

static void judge(const struct comparison *comparison, struct change *change)
{
	set_threshold(comparison, change);
	if (change->p <= comparison->cfg.alpha && is_beyond(change))
		change->verdict = change->diff > 0 ? VERDICT_WORSE : VERDICT_BETTER;
	else if (compare_fewest(change) < comparison->needed && !is_within(change))
		change->verdict = VERDICT_TOO_FEW;
	else
		change->verdict = VERDICT_SAME;
	change->is_unsure = change->verdict == VERDICT_SAME && change->is_large &&
			    change->p <= comparison->cfg.alpha;
}

/* ---- why ---- */

/* Most of the calls with that cause, on the side that has more of it. */
static void find_origin(struct change *change)
{
	const struct measure *sides = change->sides;
	const struct group *group = sides[change->moved_ns > 0 ? SIDE_NEW : SIDE_BASE].group;
	size_t cnt[ORIGINS_MAX] = {0}, most = 0;

	if (!group)
		return;
	for (size_t i = 0; i < group->kept; i++) {
		if (group->samples[i].cause != change->moved)
			continue;
		change->moved_cnt++;
		cnt[group->samples[i].origin]++;
	}
	for (size_t i = 1; i < group->origins_cnt; i++)
		if (cnt[i] > cnt[most] || !most)
			most = i;
	if (!cnt[most] || !most)
		return;
	change->origin = &group->origins[most];
	change->origin_cnt = cnt[most];
}

static void find_cause(struct change *change)
{
	for (int cause = 0; cause < KS_CAUSE_CNT; cause++) {
		double moved = change->sides[SIDE_NEW].by_cause[cause] -
			       change->sides[SIDE_BASE].by_cause[cause];

		if (fabs(moved) <= fabs(change->moved_ns))
			continue;
		change->moved = cause;
		change->moved_ns = moved;
	}
	find_origin(change);
}

#define TIMERS	  (1u << KS_CAUSE_GP_TIMER | 1u << KS_CAUSE_CB_TIMER | 1u << KS_CAUSE_POLL_BACKOFF)
#define SRCU	  (TIMERS | 1u << KS_CAUSE_READER | 1u << KS_CAUSE_GP_WORK | 1u << KS_CAUSE_KWORKER)
#define SCHEDULER (1u << KS_CAUSE_RUN | 1u << KS_CAUSE_KWORKER | 1u << KS_CAUSE_WAKEUP)
#define SLEEPS	  (1u << KS_CAUSE_OTHER_SLEEP | 1u << KS_CAUSE_LOCK)
#define ANY	  (~0u)

/* Which facts can be behind which causes: the beginning of their key; likely ones first. */
static const struct {
	const char *prefix;
	uint32_t causes;
} explanations[] = {
	{"kernel.release", ANY},
	{"kernel.version", ANY},
	{"kernel.build_id", ANY},
	{"kernel.hz", TIMERS},
	{"rcu", SRCU},
	{"srcutree.", SRCU},
	{"kvm.", SRCU | SLEEPS},
	{"kvm_", SRCU | SLEEPS},
	{"vmm.", ANY},
	{"kernel.preempt", SCHEDULER},
	{"cpu.", SCHEDULER},
	{"mitigation.", SCHEDULER},
	{"transparent_hugepage", SCHEDULER | SLEEPS},
	{"kernel.cmdline", ANY},
	{"arch", ANY},
	{"backend", ANY},
	{"kvmstall.version", ANY},
};

#define TABLE_CNT (sizeof(explanations) / sizeof(explanations[0]))

/* A fact that one side does not know explains nothing. */
static bool is_known(const struct fact_change *fact)
{
	return fact->values[SIDE_BASE][0] && fact->values[SIDE_NEW][0];
}

static bool is_explained(const struct change *change, size_t fact)
{
	for (size_t i = 0; i < change->explanations_cnt; i++)
		if (change->explanations[i] == fact)
			return true;
	return false;
}

static void explain(const struct comparison *comparison, struct change *change)
{
	for (size_t i = 0; i < TABLE_CNT; i++)
		for (size_t fact = 0; fact < comparison->facts_cnt; fact++) {
			const char *key = comparison->facts[fact].key;

			if (strncmp(key, explanations[i].prefix, strlen(explanations[i].prefix)) ||
			    !(explanations[i].causes & 1u << change->moved) ||
			    change->explanations_cnt == EXPLANATIONS_MAX ||
			    is_explained(change, fact) || !is_known(&comparison->facts[fact]))
				continue;
			change->explanations[change->explanations_cnt++] = fact;
		}
}

static void add_fact_change(struct comparison *comparison, const char *key)
{
	const char *base = environment_get(&comparison->sides[SIDE_BASE]->facts, key);
	const char *new = environment_get(&comparison->sides[SIDE_NEW]->facts, key);

	if (base && new && !strcmp(base, new))
		return;
	comparison->facts[comparison->facts_cnt++] =
		(struct fact_change){key, {base ? base : "", new ? new : ""}};
}

/* A log has no facts: that says nothing about its host. */
static int compare_facts(struct comparison *comparison)
{
	const struct environment *base = &comparison->sides[SIDE_BASE]->facts;
	const struct environment *new = &comparison->sides[SIDE_NEW]->facts;

	comparison->facts = calloc(base->cnt + new->cnt + 1, sizeof(struct fact_change));
	if (!comparison->facts)
		return -ENOMEM;
	if (!base->cnt || !new->cnt)
		return 0;
	for (size_t i = 0; i < base->cnt; i++)
		add_fact_change(comparison, base->list[i].key);
	for (size_t i = 0; i < new->cnt; i++)
		if (!environment_get(base, new->list[i].key))
			add_fact_change(comparison, new->list[i].key);
	return 0;
}

/* ---- the whole ---- */

static uint64_t count_call(const struct side *side, const char *call)
{
	uint64_t cnt = 0;

	for (size_t i = 0; i < side->samples.cnt; i++)
		if (!strcmp(side->samples.groups[i]->call, call))
			cnt += side->samples.groups[i]->cnt;
	return cnt;
}

/* Is the call made more than twice as often a VM as on the other side? */
static bool differs_in_rate(const struct comparison *comparison, const char *call)
{
	double rates[SIDE_CNT];

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
	return !idx || strcmp(samples->groups[idx]->call, samples->groups[idx - 1]->call);
}

static void compare_workloads(struct comparison *comparison)
{
	size_t calls = 0, differing = 0;

	for (int side = 0; side < SIDE_CNT; side++) {
		const struct samples *samples = &comparison->sides[side]->samples;

		for (size_t i = 0; i < samples->cnt; i++) {
			const char *call = samples->groups[i]->call;

			if (!is_first_of_call(samples, i))
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

static void find_reasons(struct comparison *comparison)
{
	const struct side *base = comparison->sides[SIDE_BASE], *new = comparison->sides[SIDE_NEW];

	compare_workloads(comparison);
	if (base->lost || new->lost)
		comparison->reasons |= 1u << REASON_LOST;
	if (base->cut || new->cut)
		comparison->reasons |= 1u << REASON_CUT;
	if (comparison->by_verdict[VERDICT_TOO_FEW])
		comparison->reasons |= 1u << REASON_TOO_FEW;
	if (comparison->by_verdict[VERDICT_ONE_SIDED])
		comparison->reasons |= 1u << REASON_ONE_SIDED;
	if (!comparison->tested)
		comparison->reasons |= 1u << REASON_EMPTY;
}

/* A call that is worse is so whatever else is missing, unless the two have nothing in common. */
static enum outcome decide(const struct comparison *comparison)
{
	if (comparison->reasons & (1u << REASON_WORKLOAD | 1u << REASON_EMPTY))
		return OUTCOME_NOT_COMPARABLE;
	if (comparison->by_verdict[VERDICT_WORSE])
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
	int order;

	if (x->verdict != y->verdict)
		return x->verdict < y->verdict ? -1 : 1;
	if (x->verdict <= VERDICT_BETTER && fabs(x->diff) != fabs(y->diff))
		return fabs(x->diff) > fabs(y->diff) ? -1 : 1;
	order = strcmp(left->call, right->call);
	if (!order && left->phase != right->phase)
		order = left->phase < right->phase ? -1 : 1;
	if (!order && left->occurrence != right->occurrence)
		order = left->occurrence < right->occurrence ? -1 : 1;
	return order;
}

static int judge_all(struct comparison *comparison)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < comparison->cnt; i++)
		ret = test_one(comparison, &comparison->changes[i]);
	if (!ret)
		ret = correct(comparison);
	if (ret)
		return ret;
	for (size_t i = 0; i < comparison->cnt; i++) {
		struct change *change = &comparison->changes[i];

		find_cause(change);
		if (change->verdict == VERDICT_CNT)
			judge(comparison, change);
		explain(comparison, change);
		comparison->by_verdict[change->verdict]++;
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
	ret = compare_facts(comparison);
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

void comparison_fini(struct comparison *comparison)
{
	free(comparison->changes);
	free(comparison->facts);
	*comparison = (struct comparison){0};
}
