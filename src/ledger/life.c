// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/life.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[SPAN_KIND_CNT] = {"start", "end"};

const char *span_kind_name(enum span_kind kind)
{
	return names[kind];
}

struct span_account *life_new(enum span_kind kind, const struct vm *vm, uint64_t begin_ns)
{
	struct span_account *life = calloc(1, sizeof(*life));

	if (!life)
		return NULL;
	life->span =
		(struct span){.kind = kind, .vm = vm, .begin_ns = begin_ns, .is_complete = true};
	life->upto_ns = begin_ns;
	return life;
}

/* ---- which time is whose ---- */

/* The call's time between the two, which is nobody else's. */
static uint64_t take_time(struct span_account *life, const struct stall *stall, uint64_t from_ns,
			  uint64_t to_ns)
{
	uint64_t at_ns = stall->begin_ns, sum = 0;

	for (size_t i = 0; i < stall->segments_cnt && at_ns < to_ns; i++) {
		uint64_t begin_ns = at_ns, end_ns = at_ns + stall->segments[i].ns;

		at_ns = end_ns;
		if (begin_ns < from_ns)
			begin_ns = from_ns;
		if (end_ns > to_ns)
			end_ns = to_ns;
		if (begin_ns >= end_ns)
			continue;
		life->span.by_cause[stall->segments[i].cause] += end_ns - begin_ns;
		sum += end_ns - begin_ns;
	}
	return sum;
}

/* The oldest hole goes when there is no room. */
static void add_gap(struct span_account *life, uint64_t from_ns, uint64_t to_ns)
{
	if (from_ns >= to_ns)
		return;
	if (life->gaps_cnt == LIFE_GAPS_MAX)
		memmove(&life->gaps[0], &life->gaps[1], --life->gaps_cnt * sizeof(life->gaps[0]));
	life->gaps[life->gaps_cnt].from_ns = from_ns;
	life->gaps[life->gaps_cnt++].to_ns = to_ns;
}

/* Calls come by their ends: this one was there in holes that others left. */
static uint64_t fill_gaps(struct span_account *life, const struct stall *stall, uint64_t from_ns,
			  uint64_t to_ns)
{
	struct span_account old = *life;
	uint64_t sum = 0;

	life->gaps_cnt = 0;
	for (uint32_t i = 0; i < old.gaps_cnt; i++) {
		uint64_t begin_ns = old.gaps[i].from_ns, end_ns = old.gaps[i].to_ns;

		if (end_ns <= from_ns || begin_ns >= to_ns) {
			add_gap(life, begin_ns, end_ns);
			continue;
		}
		add_gap(life, begin_ns, from_ns);
		sum += take_time(life, stall, begin_ns < from_ns ? from_ns : begin_ns,
				 end_ns < to_ns ? end_ns : to_ns);
		add_gap(life, to_ns, end_ns);
	}
	return sum;
}

/* ---- who was worst ---- */

static void note_worst(struct span *span, const struct stall *stall)
{
	const struct culprit *culprit = &stall->culprit;
	const char *func = NULL;

	if (stall->cause == KS_CAUSE_RUN || stall->stall_ns <= span->worst_ns)
		return;
	span->worst_ns = stall->stall_ns;
	span->worst_call = stall->call;
	span->worst_cause = stall->cause;
	span->worst_culprit = CALL_NONE;
	span->is_worst_place = false;
	if (culprit->is_known && (culprit->func || culprit->call)) {
		func = culprit->func;
		span->worst_culprit = culprit->call;
	} else if (culprit->seg && culprit->seg->func) {
		func = culprit->seg->func;
		span->is_worst_place = true;
	}
	snprintf(span->worst_func, sizeof(span->worst_func), "%s", func ? func : "");
}

void life_add(struct span_account *life, const struct stall *stall)
{
	uint64_t from_ns = stall->begin_ns, to_ns = stall->begin_ns + stall->latency_ns;
	uint64_t saved_ns = stall->latency_ns - stall->without_ns, new_ns;

	/* Shorter ones are in some recordings and not in others: in none they are part of it. */
	if (!stall->rec->sleeps && stall->latency_ns < KS_LONG_CALL_NS)
		return;
	if (from_ns < life->span.begin_ns)
		from_ns = life->span.begin_ns;
	if (to_ns <= from_ns)
		return;
	new_ns = fill_gaps(life, stall, from_ns, to_ns);
	add_gap(life, life->upto_ns, from_ns);
	if (to_ns > life->upto_ns) {
		new_ns += take_time(life, stall, from_ns > life->upto_ns ? from_ns : life->upto_ns,
				    to_ns);
		life->upto_ns = to_ns;
	}
	/* what two threads waited for at one time is saved once */
	life->saved_ns += saved_ns < new_ns ? saved_ns : new_ns;
	life->span.calls++;
	life->span.is_complete &= stall->is_complete;
	life->span.timers += stall_timers(stall);
	life->span.is_held_off |= stall->culprit.is_self && cause_is_timer(stall->cause);
	note_worst(&life->span, stall);
}

const struct span *life_span(struct span_account *life, uint64_t end_ns)
{
	struct span *span = &life->span;
	uint64_t inside_ns = 0;

	if (end_ns < life->upto_ns)
		end_ns = life->upto_ns;
	span->ns = end_ns - span->begin_ns;
	for (int i = 0; i < KS_CAUSE_CNT; i++)
		inside_ns += span->by_cause[i];
	span->outside_ns = span->ns - inside_ns;
	span->without_ns = span->ns - life->saved_ns;
	return span;
}
