// SPDX-License-Identifier: GPL-2.0-only
#include "diff/explain.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diff/comparison.h"

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

void explain_cause(struct change *change)
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

#define RCU	  (1u << KS_CAUSE_RCU)
#define TIMERS	  (1u << KS_CAUSE_GP_TIMER | 1u << KS_CAUSE_CB_TIMER | 1u << KS_CAUSE_POLL_BACKOFF)
#define SRCU	  (TIMERS | 1u << KS_CAUSE_READER | 1u << KS_CAUSE_GP_WORK | 1u << KS_CAUSE_KWORKER)
#define SCHEDULER (1u << KS_CAUSE_RUN | 1u << KS_CAUSE_KWORKER | 1u << KS_CAUSE_WAKEUP)
#define SLEEPS                                                                                     \
	(1u << KS_CAUSE_OTHER_SLEEP | 1u << KS_CAUSE_LOCK | 1u << KS_CAUSE_INVALIDATION |          \
	 1u << KS_CAUSE_KTHREAD)
#define ANY (~0u)

/* Which facts can be the reason for which causes: the start of their key; likely ones first. */
static const struct {
	const char *prefix;
	uint32_t causes;
} explanations[] = {
	{"kernel.release", ANY},
	{"kernel.version", ANY},
	{"kernel.build_id", ANY},
	{"kernel.hz", TIMERS | RCU},
	{"rcu", SRCU | RCU},
	{"srcutree.", SRCU},
	{"kvm.", SRCU | RCU | SLEEPS},
	{"kvm_", SRCU | RCU | SLEEPS},
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

void explain_facts(const struct comparison *comparison, struct change *change)
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
int explain_compare_facts(struct comparison *comparison)
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
