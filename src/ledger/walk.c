// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/walk.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/history.h"

/* How far back a state of callbacks is looked for, in moments of all CPUs. */
#define CALLBACKS_BACK 64

/* .few stays as it is: clearing it would take longer than most of the walks. */
void pieces_init(struct pieces *pieces)
{
	pieces->list = pieces->few;
	pieces->cnt = 0;
	pieces->cap = sizeof(pieces->few) / sizeof(pieces->few[0]);
	pieces->is_forgotten = false;
	pieces->lacks_memory = false;
}

void pieces_fini(struct pieces *pieces)
{
	if (pieces->list != pieces->few)
		free(pieces->list);
}

static bool pieces_grow(struct pieces *pieces)
{
	size_t cap = 2 * pieces->cap;
	struct piece *grown = malloc(cap * sizeof(*grown));

	if (!grown)
		return false;
	memcpy(grown, pieces->list, pieces->cnt * sizeof(*grown));
	pieces_fini(pieces);
	pieces->list = grown;
	pieces->cap = cap;
	return true;
}

void pieces_add(struct pieces *pieces, enum ks_cause cause, uint64_t gp, uint64_t ns)
{
	struct piece *last = pieces->cnt ? &pieces->list[pieces->cnt - 1] : NULL;

	if (!ns)
		return;
	if (last && last->cause == cause && last->gp == gp) {
		last->ns += ns;
	} else if (pieces->cnt < pieces->cap || pieces_grow(pieces)) {
		pieces->list[pieces->cnt++] = (struct piece){.cause = cause, .gp = gp, .ns = ns};
	} else {
		pieces->lacks_memory = true;
	}
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void charge_gp(const struct transition *moment, uint64_t from, uint64_t to,
		      struct pieces *pieces)
{
	static const enum ks_cause causes[] = {
		[GP_UNKNOWN] = KS_CAUSE_UNEXPLAINED, [GP_IDLE] = KS_CAUSE_UNEXPLAINED,
		[GP_ARMED] = KS_CAUSE_GP_TIMER,	     [GP_QUEUED] = KS_CAUSE_KWORKER,
		[GP_RUNNING] = KS_CAUSE_GP_WORK,
	};
	uint64_t held_to;

	if (moment->state != GP_HELD) {
		pieces_add(pieces, causes[moment->state], moment->gp, to - from);
		return;
	}
	held_to = max_u64(from, min_u64(moment->fail_ns, to));
	pieces_add(pieces, KS_CAUSE_READER, moment->gp, held_to - from);
	pieces_add(pieces, KS_CAUSE_POLL_BACKOFF, moment->gp, to - held_to);
}

/* Of a sleep that goes on: that the reader has left is not known before a scan finds it gone. */
static void keep_reader(const struct transition *last, uint64_t from, uint64_t now,
			struct pieces *pieces)
{
	if (last->state == GP_HELD)
		pieces_add(pieces, KS_CAUSE_READER, last->gp, now - from);
	else
		charge_gp(last, from, now, pieces);
}

/* The last piece, which has @ns, was over when the timer of @armed fired: it was @fired then. */
static void note_timer(const struct transition *armed, const struct transition *fired, uint64_t ns,
		       struct pieces *pieces)
{
	if (!ns || pieces->lacks_memory || !armed->expires || !fired->jiffies)
		return;
	pieces->list[pieces->cnt - 1].timer = (struct armed_timer){
		.armed_ns = armed->ts_ns - armed->armed_before_ns,
		.expires = armed->expires,
		.fired_ns = fired->ts_ns,
		.jiffies = fired->jiffies,
		.tid = fired->tid,
	};
}

static void account_gp(const struct domain *dom, uint64_t from, uint64_t to, bool is_open,
		       struct pieces *pieces)
{
	const struct transitions *track = &dom->gps;
	size_t i = history_after(track, from);

	if (!i && from < to) { /* before anything we know */
		uint64_t known =
			transitions_cnt(track) ? min_u64(transitions_at(track, 0)->ts_ns, to) : to;

		pieces_add(pieces, KS_CAUSE_UNEXPLAINED, 0, known - from);
		pieces->is_forgotten |= dom->dropped != 0;
		from = known;
		i = 1;
	}
	for (; from < to && i <= transitions_cnt(track); i++) {
		const struct transition *moment = transitions_at(track, i - 1);
		const struct transition *then =
			i < transitions_cnt(track) ? transitions_at(track, i) : NULL;
		uint64_t next = then ? min_u64(then->ts_ns, to) : to;

		if (is_open && !then)
			keep_reader(moment, from, to, pieces);
		else
			charge_gp(moment, from, next, pieces);
		if (then && moment->state == GP_ARMED && then->state == GP_QUEUED &&
		    then->ts_ns == next)
			note_timer(moment, then, next - from, pieces);
		from = next;
	}
}

static enum ks_cause cb_cause(enum gp_state state)
{
	switch (state) {
	case CB_ARMED:
		return KS_CAUSE_CB_TIMER;
	case CB_QUEUED:
		return KS_CAUSE_KWORKER;
	case CB_RUNNING:
		return KS_CAUSE_GP_WORK;
	default:
		return KS_CAUSE_UNEXPLAINED;
	}
}

/* What the callbacks of @cpu were doing just before the @i-th moment. */
static const struct transition *cb_before(const struct transitions *track, size_t i, uint16_t cpu)
{
	static const struct transition unknown = {.state = GP_UNKNOWN};

	while (i--) {
		const struct transition *moment = transitions_at(track, i);

		if (moment->state == GP_UNKNOWN || moment->cpu == cpu)
			return moment;
	}
	return &unknown;
}

/* From the end of @gp to the wake-up: what the callbacks of @cpu were doing. */
static void account_cb(const struct domain *dom, uint64_t from, uint64_t to, uint16_t cpu,
		       uint64_t gp, struct pieces *pieces)
{
	size_t i = history_after(&dom->cbs, from);
	const struct transition *since = cb_before(&dom->cbs, i, cpu);

	for (; i < transitions_cnt(&dom->cbs) && from < to; i++) {
		const struct transition *moment = transitions_at(&dom->cbs, i);
		uint64_t next = min_u64(moment->ts_ns, to);

		if (moment->state != GP_UNKNOWN && moment->cpu != cpu)
			continue;
		pieces_add(pieces, cb_cause(since->state), gp, next - from);
		if (since->state == CB_ARMED && moment->state == CB_QUEUED && moment->ts_ns == next)
			note_timer(since, moment, next - from, pieces);
		from = next;
		since = moment;
	}
	pieces_add(pieces, cb_cause(since->state), gp, to - from);
}

/*
 * When the domain was first seen at rest after @from; @to: it never was. No grace period that
 * begins later is one that the sleeper needs: it asked for its own before it slept, and a domain
 * does not rest while one is needed (srcu_gp_end(), srcu_funnel_gp_start()).
 */
static uint64_t idle_since(const struct domain *dom, uint64_t from, uint64_t to)
{
	size_t i = history_after(&dom->gps, from);

	if (i && transitions_at(&dom->gps, i - 1)->state == GP_IDLE)
		return min_u64(from, to);
	for (; i < transitions_cnt(&dom->gps) && transitions_at(&dom->gps, i)->ts_ns < to; i++)
		if (transitions_at(&dom->gps, i)->state == GP_IDLE)
			return transitions_at(&dom->gps, i)->ts_ns;
	return to;
}

/*
 * The end that a waiter for @needed waits for; without @needed, the last one before @last_ns, by
 * which it was over. @needed may be a later waiter's, taken for this one's:
 * being woken by a callback proves that the GP was over. NULL: not seen yet, or lost.
 */
static const struct gp_end *find_end(const struct domain *dom, uint64_t needed, uint64_t last_ns,
				     bool by_callback)
{
	const struct gp_end *last, *found = NULL;
	size_t i = gp_ends_cnt(&dom->ends);

	while (i && gp_ends_at(&dom->ends, i - 1)->ts_ns > last_ns)
		i--;
	last = i ? gp_ends_at(&dom->ends, i - 1) : NULL;
	for (; needed && i; i--) {
		const struct gp_end *end = gp_ends_at(&dom->ends, i - 1);

		if ((int64_t)(end->gp - gp_id_done(needed)) < 0)
			break;
		found = end;
	}
	if (found)
		return found;
	return needed && !by_callback ? NULL : last;
}

/* Is there nothing newer of the same CPU's callbacks, up to the @end-th? */
static bool is_newest(const struct transitions *track, size_t i, size_t end)
{
	uint16_t cpu = transitions_at(track, i)->cpu;

	return cb_before(track, end, cpu) == transitions_at(track, i);
}

/* Of all CPUs, at @ts_ns; queued is more than anything else, and not to know more than nothing. */
static enum callbacks_state callbacks_at(const struct transitions *track, uint64_t ts_ns,
					 uint16_t *cpu)
{
	size_t end = history_after(track, ts_ns);
	size_t first = end > CALLBACKS_BACK ? end - CALLBACKS_BACK : 0;
	enum callbacks_state state = CALLBACKS_NONE;

	for (size_t i = end; i > first; i--) {
		const struct transition *moment = transitions_at(track, i - 1);

		if (moment->state == GP_UNKNOWN)
			return state == CALLBACKS_NONE ? CALLBACKS_UNKNOWN : state;
		if (moment->state == CB_NONE || !is_newest(track, i - 1, end))
			continue;
		if (moment->state == CB_QUEUED) {
			*cpu = moment->cpu;
			return CALLBACKS_QUEUED;
		}
		state = CALLBACKS_LATER;
	}
	return state;
}

void walk_split(const struct domain *dom, const struct walk_wait *wait, struct pieces *pieces)
{
	uint64_t wake_ns = wait->wake_ns ? wait->wake_ns : wait->in_ns;
	uint64_t last_ns = wait->needed ? wake_ns : idle_since(dom, wait->off_ns, wake_ns);
	const struct gp_end *end = find_end(dom, wait->needed, last_ns, wait->by_callback);
	uint64_t end_ns = wake_ns;
	uint16_t cpu = wait->wake_cpu;

	if (wait->is_open) /* nobody has woken it, so where is not known by that */
		callbacks_at(&dom->cbs, wait->in_ns, &cpu);
	if (end)
		end_ns = max_u64(wait->off_ns, end->ts_ns);
	account_gp(dom, wait->off_ns, end_ns, wait->is_open && !end, pieces);
	if (end)
		account_cb(dom, end_ns, wake_ns, cpu, end->gp, pieces);
	pieces_add(pieces, wait->wake_ns ? KS_CAUSE_WAKEUP : KS_CAUSE_UNEXPLAINED, 0,
		   wait->in_ns - wake_ns);
}

int walk_callbacks(const struct domain *dom, const struct walk_wait *wait)
{
	size_t i = history_after(&dom->cbs, wait->off_ns);

	for (; i < transitions_cnt(&dom->cbs); i++) {
		const struct transition *moment = transitions_at(&dom->cbs, i);

		if (moment->state == CB_RUNNING && moment->cpu == wait->wake_cpu)
			return moment->callbacks ? (int)moment->callbacks - 1 : 0;
	}
	return -1;
}

/* ---- what is queued, and nobody runs ---- */

uint64_t walk_ended_ns(const struct domain *dom, const struct walk_wait *wait,
		       enum callbacks_state *state, uint16_t *cpu)
{
	const struct gp_end *end =
		wait->needed ? find_end(dom, wait->needed, wait->in_ns, false) : NULL;

	*state = end ? callbacks_at(&dom->cbs, wait->in_ns, cpu) : CALLBACKS_UNKNOWN;
	return end ? end->ts_ns : 0;
}

bool walk_queued_cpu(const struct domain *dom, uint64_t ts_ns, uint16_t *cpu)
{
	size_t i = history_after(&dom->gps, ts_ns);
	const struct transition *last = i ? transitions_at(&dom->gps, i - 1) : NULL;

	if (callbacks_at(&dom->cbs, ts_ns, cpu) == CALLBACKS_QUEUED)
		return true;
	if (!last || last->state != GP_QUEUED)
		return false;
	*cpu = last->cpu;
	return true;
}

/* ---- what it did, whoever waited ---- */

struct span_list {
	struct walk_span *list;
	size_t cnt, max;
	uint64_t from_ns, to_ns;
};

static void add_span(struct span_list *spans, enum ks_cause cause, uint64_t from, uint64_t to)
{
	from = max_u64(from, spans->from_ns);
	to = min_u64(to, spans->to_ns);
	if (from >= to || !spans->max)
		return;
	if (spans->cnt == spans->max)
		memmove(spans->list, spans->list + 1, --spans->cnt * sizeof(*spans->list));
	spans->list[spans->cnt++] = (struct walk_span){from, to, cause};
}

/* When the @i-th moment's state ends: at the next one, which of callbacks is its own CPU's. */
static uint64_t state_end(const struct transitions *track, size_t i, bool of_callbacks,
			  uint64_t to_ns)
{
	const struct transition *moment = transitions_at(track, i);

	for (i++; i < transitions_cnt(track); i++) {
		const struct transition *next = transitions_at(track, i);

		if (!of_callbacks || next->state == GP_UNKNOWN || next->cpu == moment->cpu ||
		    next->ts_ns >= to_ns)
			return next->ts_ns;
	}
	return to_ns;
}

/* @state is not GP_HELD; -1: the domain rests. */
static int cause_of_state(enum gp_state state)
{
	switch (state) {
	case GP_ARMED:
		return KS_CAUSE_GP_TIMER;
	case CB_ARMED:
		return KS_CAUSE_CB_TIMER;
	case GP_QUEUED:
	case CB_QUEUED:
		return KS_CAUSE_KWORKER;
	case GP_RUNNING:
	case CB_RUNNING:
		return KS_CAUSE_GP_WORK;
	case GP_UNKNOWN:
		return KS_CAUSE_UNEXPLAINED;
	default:
		return -1;
	}
}

static void add_state(struct span_list *spans, const struct transition *moment, uint64_t end_ns)
{
	int cause = cause_of_state(moment->state);
	uint64_t held_to;

	if (moment->state == GP_HELD) {
		held_to = max_u64(moment->ts_ns, min_u64(moment->fail_ns, end_ns));
		add_span(spans, KS_CAUSE_READER, moment->ts_ns, held_to);
		add_span(spans, KS_CAUSE_POLL_BACKOFF, held_to, end_ns);
	} else if (cause >= 0) {
		add_span(spans, cause, moment->ts_ns, end_ns);
	}
}

/* Of callbacks, states that began long before still go on: another CPU's moments are between. */
static size_t first_of(const struct transitions *track, bool of_callbacks, uint64_t from_ns)
{
	size_t i = history_after(track, from_ns);

	if (of_callbacks)
		return i > CALLBACKS_BACK ? i - CALLBACKS_BACK : 0;
	return i ? i - 1 : 0;
}

size_t walk_spans(const struct domain *dom, bool of_callbacks, uint64_t from_ns, uint64_t to_ns,
		  struct walk_span *list, size_t max)
{
	const struct transitions *track = of_callbacks ? &dom->cbs : &dom->gps;
	struct span_list spans = {.list = list, .max = max, .from_ns = from_ns, .to_ns = to_ns};

	for (size_t i = first_of(track, of_callbacks, from_ns); i < transitions_cnt(track); i++) {
		const struct transition *moment = transitions_at(track, i);

		if (moment->ts_ns >= to_ns)
			break;
		add_state(&spans, moment, state_end(track, i, of_callbacks, to_ns));
	}
	return spans.cnt;
}
