// SPDX-License-Identifier: GPL-2.0-only
#include "diff/sample.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/life.h"

/* How often a VM has made each call, up to what is kept apart. */
struct counters {
	uint8_t cnt[CALL_CNT];
};

void samples_init(struct samples *samples)
{
	*samples = (struct samples){.random = 1};
}

static void forget_vms(struct samples *samples)
{
	map_clear(&samples->vms, free);
}

void samples_fini(struct samples *samples)
{
	forget_vms(samples);
	for (size_t i = 0; i < samples->cnt; i++)
		free(samples->groups[i]);
	free(samples->groups);
	samples_init(samples);
}

void samples_begin(struct samples *samples)
{
	forget_vms(samples);
	samples->recordings++;
}

void samples_vm_gone(struct samples *samples, const struct vm *vm)
{
	free(map_del(&samples->vms, vm->id));
}

/* ---- which group ---- */

/* The close that destroys the VM waits in other places than those of its vCPUs. */
static enum call_id find_call(const struct stall *stall)
{
	if (stall->rec->kind == KS_KIND_EXIT)
		return CALL_CLOSE_EXIT;
	if (stall->rec->kind == KS_KIND_CLOSE && stall->rec->flags & KS_CALL_LAST)
		return CALL_CLOSE_LAST;
	return stall->call;
}

/* Calls on no VM, and those that a VM sees once in its life, have no number. */
static bool is_counted(const struct stall *stall)
{
	if (!stall->vm || stall->vm->is_gone || stall->rec->kind == KS_KIND_DEV)
		return false;
	return stall->rec->kind != KS_KIND_EXIT && !(stall->rec->flags & KS_CALL_LAST);
}

static struct counters *find_counters(struct samples *samples, const struct vm *vm)
{
	struct counters *counters = map_get(&samples->vms, vm->id);

	if (counters)
		return counters;
	counters = calloc(1, sizeof(*counters));
	if (!counters || map_put(&samples->vms, vm->id, counters)) {
		free(counters);
		return NULL;
	}
	samples->vms_cnt++;
	return counters;
}

static int number_call(struct samples *samples, const struct stall *stall, unsigned int *occurrence)
{
	struct counters *counters;
	uint8_t *cnt;

	*occurrence = 0;
	if (!is_counted(stall))
		return 0;
	counters = find_counters(samples, stall->vm);
	if (!counters)
		return -ENOMEM;
	cnt = &counters->cnt[stall->call];
	if (*cnt < OCCURRENCE_MAX)
		++*cnt;
	*occurrence = *cnt;
	return 0;
}

static int compare_keys(const struct group *a, const struct group *b)
{
	int order = call_order(a->call, b->call);

	if (!order && a->phase != b->phase)
		order = a->phase < b->phase ? -1 : 1;
	if (!order && a->occurrence != b->occurrence)
		order = a->occurrence < b->occurrence ? -1 : 1;
	return order;
}

static struct group *add_group(struct samples *samples, enum call_id call, enum phase phase,
			       unsigned int occurrence)
{
	struct group **groups;
	struct group *group;

	groups = realloc(samples->groups, (samples->cnt + 1) * sizeof(struct group *));
	if (!groups)
		return NULL;
	samples->groups = groups;
	group = calloc(1, sizeof(*group));
	if (!group)
		return NULL;
	group->call = call;
	group->phase = phase;
	group->occurrence = occurrence;
	group->stride = 1;
	group->origins_cnt = 1; /* the first is "not known" */
	groups[samples->cnt++] = group;
	return group;
}

static struct group *find_group(struct samples *samples, enum call_id call, enum phase phase,
				unsigned int occurrence)
{
	for (size_t i = 0; i < samples->cnt; i++) {
		struct group *group = samples->groups[i];

		if (group->phase == phase && group->occurrence == occurrence && group->call == call)
			return group;
	}
	return add_group(samples, call, phase, occurrence);
}

/* ---- what is kept of a call ---- */

static uint64_t next_random(struct samples *samples)
{
	/* An LCG's high bits: which of two neighbours is kept needs no more than that. */
	samples->random = samples->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return samples->random >> 33;
}

static void find_origin(const struct stall *stall, struct origin *origin)
{
	const struct culprit *culprit = &stall->culprit;

	*origin = (struct origin){0};
	if (culprit->is_known && (culprit->func || culprit->call)) {
		snprintf(origin->func, sizeof(origin->func), "%s",
			 culprit->func ? culprit->func : "");
		origin->call = culprit->call;
	} else if (culprit->seg && culprit->seg->func) {
		origin->is_place = true;
		snprintf(origin->func, sizeof(origin->func), "%s", culprit->seg->func);
	}
}

static bool is_same_origin(const struct origin *a, const struct origin *b)
{
	return a->is_place == b->is_place && !strcmp(a->func, b->func) && a->call == b->call;
}

static uint8_t index_origin(struct group *group, const struct origin *origin)
{
	for (size_t i = 0; i < group->origins_cnt; i++)
		if (is_same_origin(&group->origins[i], origin))
			return i;
	if (group->origins_cnt == ORIGINS_MAX)
		return 0;
	group->origins[group->origins_cnt] = *origin;
	return group->origins_cnt++;
}

static uint8_t few(unsigned int cnt)
{
	return cnt < UINT8_MAX ? cnt : UINT8_MAX;
}

/* Of each two neighbours one: what is left is spread over the whole time. */
static void thin(struct samples *samples, struct group *group)
{
	for (size_t i = 0; i < group->kept / 2; i++)
		group->samples[i] = group->samples[2 * i + next_random(samples) % 2];
	group->kept /= 2;
	group->stride *= 2;
}

static void fill(struct sample *sample, const struct stall *stall, uint16_t recording)
{
	sample->ns = stall->latency_ns;
	sample->recording = recording;
	sample->cause = stall->cause;
	sample->timers = few(stall_timers(stall));
	sample->is_held_off = stall->culprit.is_self && cause_is_timer(stall->cause);
	memcpy(sample->by_cause, stall->by_cause, sizeof(sample->by_cause));
}

/* Room for one more of the group; NULL: none of this one is kept. */
static struct sample *next_sample(struct samples *samples, struct group *group)
{
	if (group->cnt++ % group->stride)
		return NULL;
	if (group->kept == SAMPLES_KEPT)
		thin(samples, group);
	return &group->samples[group->kept++];
}

int samples_add(struct samples *samples, const struct stall *stall)
{
	unsigned int occurrence;
	struct origin origin;
	struct sample *sample;
	struct group *group;

	if (stall->is_stuck)
		return 0; /* it will be reported again, when it is over */
	if (number_call(samples, stall, &occurrence))
		return -ENOMEM;
	group = find_group(samples, find_call(stall), stall->phase, occurrence);
	if (!group)
		return -ENOMEM;
	samples->calls_seen++;
	samples->incomplete += !stall->is_complete;
	sample = next_sample(samples, group);
	if (!sample)
		return 0;
	fill(sample, stall, samples->recordings);
	find_origin(stall, &origin);
	sample->origin = index_origin(group, &origin);
	return 0;
}

/* ---- starts and ends ---- */

bool group_is_span(const struct group *group)
{
	return group->call == CALL_VM_START || group->call == CALL_VM_END;
}

static void fill_span(struct sample *sample, const struct span *span, uint16_t recording)
{
	*sample = (struct sample){
		.ns = span->ns,
		.recording = recording,
		.cause = span->worst_ns ? span->worst_cause : KS_CAUSE_RUN,
		.timers = few(span->timers),
		.is_held_off = span->is_held_off,
	};
	memcpy(sample->by_cause, span->by_cause, sizeof(sample->by_cause));
	sample->by_cause[KS_CAUSE_RUN] += span->outside_ns;
}

int samples_add_span(struct samples *samples, const struct span *span)
{
	bool is_start = span->kind == SPAN_START;
	struct group *group = find_group(samples, is_start ? CALL_VM_START : CALL_VM_END,
					 is_start ? PHASE_SETUP : PHASE_TEARDOWN, 0);
	struct origin origin = {.call = span->worst_culprit, .is_place = span->is_worst_place};
	struct sample *sample;

	if (!group)
		return -ENOMEM;
	sample = next_sample(samples, group);
	if (!sample)
		return 0;
	fill_span(sample, span, samples->recordings);
	snprintf(origin.func, sizeof(origin.func), "%s", span->worst_func);
	sample->origin = index_origin(group, &origin);
	return 0;
}

static int compare_groups(const void *a, const void *b)
{
	return compare_keys(*(struct group *const *)a, *(struct group *const *)b);
}

void samples_sort(struct samples *samples)
{
	if (samples->cnt)
		qsort(samples->groups, samples->cnt, sizeof(struct group *), compare_groups);
}
