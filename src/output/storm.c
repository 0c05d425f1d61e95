// SPDX-License-Identifier: GPL-2.0-only
#include "output/storm.h"

#include <stdlib.h>
#include <string.h>

/* Kinds of calls at one time: a host with more has other worries. */
#define GROUPS_MAX 256

void storms_init(struct storms *storms, uint64_t min_ns, storm_fn fn, void *ctx)
{
	*storms = (struct storms){.min_ns = min_ns, .fn = fn, .ctx = ctx};
}

void storms_fini(struct storms *storms)
{
	map_clear(&storms->groups, free);
}

/* ---- latencies ---- */

static size_t bucket_of(uint64_t ns)
{
	unsigned int power;

	if (ns < 16)
		return ns;
	power = 63 - __builtin_clzll(ns);
	return 16 * (power - 3) + (ns >> (power - 4)) % 16;
}

static uint64_t middle_of(size_t bucket)
{
	unsigned int power = bucket / 16 + 3;

	if (bucket < 16)
		return bucket;
	return ((16 + bucket % 16) << (power - 4)) + (1ULL << (power - 4)) / 2;
}

uint64_t storm_median_ns(const struct storm *storm)
{
	uint64_t below = 0;

	for (size_t i = 0; i < STORM_BUCKETS; i++) {
		below += storm->buckets[i];
		if (2 * below >= storm->cnt)
			return middle_of(i);
	}
	return storm->max_ns;
}

/* ---- groups ---- */

static uint64_t key_of(const struct stall *stall)
{
	uint64_t whose = stall->vm ? stall->vm->id : 1ULL << 31 | stall->rec->tgid;

	return (uint64_t)stall->call << 32 | whose;
}

static void report(struct storms *storms, struct storm *storm, bool is_over)
{
	if (!storm->next_ns)
		return;
	storm->is_over = is_over;
	storms->fn(storms->ctx, storm);
}

/* It is over after that, if nothing more is heard of it. */
static uint64_t due_ns(const struct map_slot *slot)
{
	return ((const struct storm *)slot->value)->end_ns + STORM_GAP_NS;
}

/* Those that end together are reported in order of time. */
static bool is_before(const struct map_slot *a, const struct map_slot *b)
{
	uint64_t begin_a = ((const struct storm *)a->value)->begin_ns;
	uint64_t begin_b = ((const struct storm *)b->value)->begin_ns;

	return begin_a < begin_b || (begin_a == begin_b && a->key < b->key);
}

/* The oldest that is over by @now_ns; of all others it is noted when the next one may be. */
static const struct map_slot *find_over(struct storms *storms, uint64_t now_ns)
{
	const struct map_slot *slot, *found = NULL, *other;
	size_t pos = 0;

	storms->soonest_ns = UINT64_MAX;
	while ((slot = map_next(&storms->groups, &pos))) {
		other = slot;
		if (due_ns(slot) < now_ns && (!found || is_before(slot, found))) {
			other = found;
			found = slot;
		}
		if (other && due_ns(other) < storms->soonest_ns)
			storms->soonest_ns = due_ns(other);
	}
	return found;
}

void storms_tick(struct storms *storms, uint64_t now_ns)
{
	const struct map_slot *over;

	while (storms->soonest_ns < now_ns && (over = find_over(storms, now_ns))) {
		report(storms, over->value, true);
		free(map_del(&storms->groups, over->key));
	}
}

void storms_end(struct storms *storms)
{
	storms_tick(storms, UINT64_MAX);
}

static struct storm *find_group(struct storms *storms, const struct stall *stall)
{
	struct storm *storm = map_get(&storms->groups, key_of(stall));

	if (storm || storms->groups.cnt >= GROUPS_MAX)
		return storm;
	storm = calloc(1, sizeof(*storm));
	if (!storm || map_put(&storms->groups, key_of(stall), storm)) {
		free(storm);
		return NULL;
	}
	if (storms->soonest_ns > stall->rec->head.ts_ns + STORM_GAP_NS)
		storms->soonest_ns = stall->rec->head.ts_ns + STORM_GAP_NS;
	storm->call = stall->call;
	storm->is_unawaited = !stall_is_waited_for(stall);
	storm->tid = stall->rec->head.tid;
	storm->begin_ns = stall->begin_ns;
	if (stall->vm)
		storm->vm = *stall->vm;
	return storm;
}

static void note_culprit(struct storm *storm, const struct stall *stall)
{
	const struct culprit *culprit = &stall->culprit;

	if (!culprit->is_known || culprit->is_self || stall->latency_ns <= storm->culprit_ns)
		return;
	storm->culprit_ns = stall->latency_ns;
	storm->culprit_kind = culprit->kind;
	storm->culprit_call = culprit->call;
	storm->culprit_tid = culprit->tid;
	memcpy(storm->culprit_comm, culprit->comm, sizeof(storm->culprit_comm));
}

static void count(struct storm *storm, const struct stall *stall)
{
	storm->cnt++;
	storm->sum_ns += stall->latency_ns;
	storm->buckets[bucket_of(stall->latency_ns)]++;
	if (stall->begin_ns < storm->begin_ns)
		storm->begin_ns = stall->begin_ns;
	if (stall->rec->head.ts_ns > storm->end_ns)
		storm->end_ns = stall->rec->head.ts_ns;
	if (stall->latency_ns > storm->max_ns)
		storm->max_ns = stall->latency_ns;
	for (int i = 0; i < KS_CAUSE_CNT; i++)
		storm->by_cause[i] += stall->by_cause[i];
	note_culprit(storm, stall);
}

/* With --min 0 everything has a line already. */
static bool is_storm(const struct storms *storms, const struct storm *storm)
{
	if (!storms->min_ns)
		return false;
	if (storm->is_unawaited)
		return storm->cnt > 1 && storm->max_ns >= storms->min_ns;
	return storm->cnt >= STORM_CALLS && storm->sum_ns >= STORM_MIN_IN * storms->min_ns;
}

/* As long as what makes a storm, a good part of this one, and the longest so far: on a busy host
 * many are long. */
static bool stands_out(const struct storms *storms, const struct storm *storm, uint64_t ns)
{
	return !storm->is_unawaited && ns >= storm->max_ns && ns >= STORM_MIN_IN * storms->min_ns &&
	       ns >= storm->sum_ns / STORM_PART;
}

bool storms_add(struct storms *storms, const struct stall *stall)
{
	struct storm *storm;
	uint64_t age_ns;

	storms_tick(storms, stall->rec->head.ts_ns);
	storm = find_group(storms, stall);
	if (!storm)
		return false;
	count(storm, stall);
	if (!is_storm(storms, storm))
		return false;
	if (!storm->next_ns)
		storm->next_ns = STORM_GAP_NS;
	age_ns = storm->end_ns - storm->begin_ns;
	if (age_ns >= storm->next_ns) {
		while (storm->next_ns <= age_ns && storm->next_ns < UINT64_MAX / 2)
			storm->next_ns *= 2;
		report(storms, storm, false);
	}
	return !stands_out(storms, storm, stall->latency_ns);
}
