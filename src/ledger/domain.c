// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/domain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/history.h"

/*
 * What is kept of the past, of each of its lists: so much whatever others take. A GP has about
 * eight transitions; failed scans of one GP fold into one, however many they are.
 */
#define LIST_MIN 64
#define LIST_MAX 65535 /* vec.h */
/* A timer of one jiffy fires in the second jiffy after it was armed, or in the third if the
 * local tick is late (kernel/time/timer.c, calc_index()). */
#define TIMER_MAX_JIFFIES 3

/* How long a state that has ended is kept: a wait that began in it may not have been reported yet,
 * since the waiter got no CPU. */
#define KEEP_NS 60000000000ULL
/* How often it is looked for what has been kept for long enough, which reads all four lists: once
 * in so much time, a second or so. */
#define TRIM_SHIFT 30
/* Where a counter starts since v6.7: at -100 (SRCU_GP_SEQ_INITIAL_VAL). */
#define GP_FIRST_BELOW_0 100

/* How long a domain is at rest before its past is forgotten: longer than calls usually take. */
#define REST_NS 10000000000ULL

/* ---- memory ---- */

static size_t bytes_of(const struct domain *dom)
{
	return transitions_bytes(&dom->gps) + transitions_bytes(&dom->cbs) +
	       initiators_bytes(&dom->initiators) + gp_ends_bytes(&dom->ends);
}

/* After each change of what a list has memory for: what this domain takes is a part of what all may
 * take. */
static void settle(struct domain *dom)
{
	size_t bytes = bytes_of(dom);

	if (dom->budget)
		dom->budget->bytes += bytes - dom->bytes;
	dom->bytes = (uint32_t)bytes;
}

static void lack_memory(struct domain *dom)
{
	if (dom->budget)
		dom->budget->lacks_memory = true;
}

/* How many items a list of @bytes may have, which has room for @cap: twice as many, or no more. */
static size_t list_max(const struct domain *dom, size_t cap, size_t bytes)
{
	const struct history_budget *budget = dom->budget;

	if (!budget || budget->bytes + bytes <= budget->max_bytes)
		return LIST_MAX;
	return cap > LIST_MIN ? cap : LIST_MIN;
}

/* ---- life ---- */

struct domain *domain_new(uint64_t ssp, enum domain_kind kind, uint64_t kvm)
{
	struct domain *dom = calloc(1, sizeof(*dom));

	if (!dom)
		return NULL;
	dom->ssp = ssp;
	dom->kvm = kvm;
	dom->kind = kind;
	dom->refs = 1;
	return dom;
}

struct domain *domain_get(struct domain *dom)
{
	dom->refs++;
	return dom;
}

void domain_put(struct domain *dom)
{
	if (!dom || --dom->refs)
		return;
	transitions_fini(&dom->gps);
	transitions_fini(&dom->cbs);
	initiators_fini(&dom->initiators);
	gp_ends_fini(&dom->ends);
	settle(dom);
	free(dom->readers);
	free(dom->suspects);
	free(dom->invalidator);
	free(dom);
}

void domain_set_budget(struct domain *dom, struct history_budget *budget)
{
	dom->budget = budget;
}

int64_t domain_gp_number(const struct domain *dom, uint64_t gp)
{
	int64_t number = (int64_t)(gp - gp_id_done(0)) + (dom->is_young ? GP_FIRST_BELOW_0 : 0);

	return number < 0 ? -1 : number;
}

uint64_t domain_ssp(const struct domain *dom)
{
	return dom->ssp;
}

uint64_t domain_kvm(const struct domain *dom)
{
	return dom->kvm;
}

enum domain_kind domain_get_kind(const struct domain *dom)
{
	return dom->kind;
}

void domain_set_kind(struct domain *dom, enum domain_kind kind)
{
	dom->kind = kind;
}

/* ---- tracks ---- */

static enum gp_state history_state(const struct transitions *track)
{
	const struct transition *last = transitions_last(track);

	return last ? last->state : GP_UNKNOWN;
}

/*
 * The next moment, for the caller to fill in; NULL: it finds no memory, is a hole, and is reported
 * like one that was forgotten. They are in order of time, whatever came late: the walk relies on
 * it.
 */
static struct transition *history_push(struct domain *dom, struct transitions *track,
				       enum gp_state state, uint64_t ts_ns)
{
	const struct transition *last = transitions_last(track);
	uint64_t last_ns = last ? last->ts_ns : 0;
	size_t cap = transitions_cap(track);
	size_t max = list_max(dom, cap, transitions_bytes(track));
	struct transition *room = transitions_push(track, max, &dom->dropped);

	if (transitions_cap(track) != cap)
		settle(dom);
	if (!room) {
		dom->dropped++;
		lack_memory(dom);
		return NULL;
	}
	room->ts_ns = ts_ns < last_ns ? last_ns : ts_ns;
	room->state = state;
	return room;
}

/*
 * Of @cnt, oldest first, how many to forget: a quarter, once all of it is too old. To forget each
 * as it gets old would move all the others for it.
 */
#define STALE(cnt) ((cnt) / 4)

/* What ended long before @now_ns is of no use to any wait that can still be reported. */
static void history_trim(struct domain *dom, struct transitions *track, uint64_t now_ns)
{
	size_t old = STALE(transitions_cnt(track));

	if (!old || transitions_at(track, old)->ts_ns + KEEP_NS >= now_ns)
		return;
	transitions_drop(track, old);
	dom->dropped += old;
}

/* Those of GPs long over; what is in flight now was started after them. */
static void initiators_trim(struct domain *dom, uint64_t now_ns)
{
	size_t old = STALE(initiators_cnt(&dom->initiators));

	if (old && initiators_at(&dom->initiators, old)->ts_ns + KEEP_NS < now_ns)
		initiators_drop(&dom->initiators, old);
}

static void ends_trim(struct domain *dom, uint64_t now_ns)
{
	size_t old = STALE(gp_ends_cnt(&dom->ends));

	if (old && gp_ends_at(&dom->ends, old)->ts_ns + KEEP_NS < now_ns)
		gp_ends_drop(&dom->ends, old);
}

static void trim(struct domain *dom, uint64_t now_ns)
{
	if (dom->trimmed == (uint32_t)(now_ns >> TRIM_SHIFT))
		return;
	dom->trimmed = (uint32_t)(now_ns >> TRIM_SHIFT);
	history_trim(dom, &dom->gps, now_ns);
	history_trim(dom, &dom->cbs, now_ns);
	initiators_trim(dom, now_ns);
	ends_trim(dom, now_ns);
	settle(dom);
}

static uint64_t seq_gp(uint64_t seq)
{
	return gp_seq_is_idle(seq) ? gp_id_done(seq) : gp_id_in_progress(seq);
}

static struct transition *gp_push(struct domain *dom, enum gp_state state, uint64_t ts_ns,
				  uint64_t gp)
{
	struct transition *moment = history_push(dom, &dom->gps, state, ts_ns);

	if (!moment)
		return NULL;
	moment->gp = gp;
	if (state == GP_HELD)
		moment->fail_ns = ts_ns;
	return moment;
}

/* @armed_ns may be before @ts_ns: by what armed it, which counts as something else. */
static void gp_push_armed(struct domain *dom, uint64_t ts_ns, uint64_t gp, uint64_t armed_ns,
			  uint64_t expires)
{
	struct transition *moment = gp_push(dom, GP_ARMED, ts_ns, gp);

	if (!moment)
		return;
	moment->expires = expires;
	moment->armed_before_ns = ts_ns - armed_ns;
}

/* By its timer, if it had one. */
static void gp_push_queued(struct domain *dom, const struct ks_step *step)
{
	struct transition *moment =
		gp_push(dom, GP_QUEUED, step->head.ts_ns, gp_id_in_progress(step->seq));

	if (!moment)
		return;
	moment->jiffies = step->val;
	moment->tid = step->head.tid;
	moment->cpu = step->head.cpu;
}

static void cb_push(struct domain *dom, enum gp_state state, const struct ks_cb *cb, bool has_timer)
{
	struct transition *moment = history_push(dom, &dom->cbs, state, cb->head.ts_ns);

	if (!moment)
		return;
	moment->gp = seq_gp(cb->seq);
	moment->cpu = cb->cpu;
	moment->has_timer = has_timer;
	if (state == CB_NONE)
		return;
	moment->callbacks = cb->val;
	moment->tid = cb->head.tid;
}

/* ---- records ---- */

/* In order of GP, though a record may come late: domain_initiator() relies on it. */
static void initiator_add(struct domain *dom, const struct initiator *initiator)
{
	struct initiators *list = &dom->initiators;
	size_t cap = initiators_cap(list);
	size_t max = list_max(dom, cap, initiators_bytes(list));
	struct initiator *room = initiators_push(list, max, NULL);
	size_t i = initiators_cnt(list);

	if (initiators_cap(list) != cap)
		settle(dom);
	if (!room) {
		lack_memory(dom);
		return;
	}
	for (i--; i && (int64_t)(initiators_at(list, i - 1)->gp - initiator->gp) > 0; i--)
		*initiators_at(list, i) = *initiators_at(list, i - 1);
	*initiators_at(list, i) = *initiator;
}

static void end_add(struct domain *dom, uint64_t gp, uint64_t ts_ns)
{
	struct gp_ends *list = &dom->ends;
	const struct gp_end *last = gp_ends_last(list);
	uint64_t last_ns = last ? last->ts_ns : 0;
	size_t cap = gp_ends_cap(list);
	size_t max = list_max(dom, cap, gp_ends_bytes(list));
	struct gp_end *room = gp_ends_push(list, max, NULL);

	if (gp_ends_cap(list) != cap)
		settle(dom);
	if (room)
		*room = (struct gp_end){.gp = gp, .ts_ns = ts_ns < last_ns ? last_ns : ts_ns};
	else
		lack_memory(dom);
}

/* A counter below 0 has its start in sight. */
static void note_birth(struct domain *dom, uint64_t seq)
{
	dom->is_young |= (int64_t)seq < 0;
}

void domain_seed(struct domain *dom, const struct ks_domain *seed, uint64_t ts_ns, uint64_t jiffies,
		 uint32_t hz)
{
	uint64_t age_ns = (jiffies - seed->gp_start) * (1000000000ULL / (hz ? hz : 250));
	uint64_t gp = gp_id_in_progress(seed->seq), since_ns;

	note_birth(dom, seed->seq);
	if (gp_seq_is_idle(seed->seq)) {
		gp_push(dom, GP_IDLE, ts_ns, 0);
		return;
	}
	since_ns = age_ns < ts_ns ? ts_ns - age_ns : ts_ns;
	initiator_add(dom, &(struct initiator){.gp = gp, .ts_ns = since_ns});
	/* A timer that is pending was armed before we looked: by the GP's start, or, when the GP
	 * is older than such a timer can take, by a scan that failed. */
	if (!seed->expires)
		gp_push(dom, GP_UNKNOWN, ts_ns, gp);
	else
		gp_push(dom, jiffies - seed->gp_start > TIMER_MAX_JIFFIES ? GP_HELD : GP_ARMED,
			ts_ns, gp);
}

void domain_start(struct domain *dom, const struct ks_start *start,
		  const struct initiator *initiator)
{
	struct initiator known = *initiator;
	struct transition *moment;

	known.gp = gp_id_in_progress(start->seq);
	known.ts_ns = start->head.ts_ns;
	known.is_delayed = start->expires != 0;
	known.is_known = true;
	note_birth(dom, start->seq);
	trim(dom, known.ts_ns);
	initiator_add(dom, &known);
	if (start->expires) {
		gp_push_armed(dom, known.ts_ns, known.gp, known.ts_ns, start->expires);
		return;
	}
	moment = gp_push(dom, GP_QUEUED, known.ts_ns, known.gp);
	if (moment)
		moment->cpu = start->head.cpu;
}

static void gp_queue(struct domain *dom, const struct ks_step *step)
{
	if (history_state(&dom->gps) == GP_RUNNING)
		dom->run.next = GP_QUEUED;
	else
		gp_push_queued(dom, step);
}

static void gp_arm(struct domain *dom, const struct ks_step *step)
{
	if (history_state(&dom->gps) == GP_RUNNING) {
		dom->run.next = GP_ARMED;
		dom->run.armed_ns = step->head.ts_ns;
		dom->run.expires = step->val;
	} else {
		gp_push_armed(dom, step->head.ts_ns, gp_id_in_progress(step->seq), step->head.ts_ns,
			      step->val);
	}
}

static void gp_begin(struct domain *dom, const struct ks_step *step)
{
	struct transition *moment;

	dom->run = (struct run){.seq = step->seq, .tid = step->head.tid, .is_on = true};
	moment = gp_push(dom, GP_RUNNING, step->head.ts_ns, gp_id_in_progress(step->seq));
	if (moment)
		moment->tid = step->head.tid;
}

/*
 * A scan that found a reader. Repeated ones fold into the first's moment: what
 * was queued and run since then was in the reader's time too.
 */
static void gp_fail(struct domain *dom, uint64_t ts_ns, uint64_t gp)
{
	size_t i = transitions_cnt(&dom->gps);

	while (i && transitions_at(&dom->gps, i - 1)->state != GP_HELD &&
	       transitions_at(&dom->gps, i - 1)->gp == gp)
		i--;
	if (i && transitions_at(&dom->gps, i - 1)->state == GP_HELD &&
	    transitions_at(&dom->gps, i - 1)->gp == gp) {
		transitions_cut(&dom->gps, i);
		transitions_last(&dom->gps)->fail_ns = ts_ns;
	} else {
		gp_push(dom, GP_HELD, ts_ns, gp);
	}
}

/*
 * Somebody needed another GP, and it began at once. Whoever took the domain
 * out of idle is its initiator all the same.
 */
static void gp_follow(struct domain *dom, const struct run *run, const struct ks_step *step)
{
	uint64_t gp = gp_id_in_progress(step->seq);
	const struct initiator *initiator = domain_initiator(dom, gp - 1);
	struct initiator same;

	if (initiator) {
		same = *initiator;
		same.gp = gp;
		same.is_inherited = true;
		initiator_add(dom, &same);
	}
	if (run->next == GP_ARMED)
		gp_push_armed(dom, step->head.ts_ns, gp, run->armed_ns, run->expires);
	else
		gp_push(dom, run->next, step->head.ts_ns, gp);
}

static void gp_finish(struct domain *dom, const struct ks_step *step)
{
	struct run *run = &dom->run;
	bool has_begun = run->is_on; /* else its begin was lost: only the end is known */
	bool has_ended = has_begun && gp_id_done(step->seq) != gp_id_done(run->seq);

	run->is_on = false;
	if (has_ended && !run->end_of_gp_ns)
		end_add(dom, gp_id_done(step->seq), step->head.ts_ns);
	if (has_begun && history_state(&dom->gps) != GP_RUNNING)
		return; /* somebody started the next GP before this run returned */
	if (gp_seq_is_idle(step->seq))
		gp_push(dom, GP_IDLE, step->head.ts_ns, 0);
	else if (has_ended)
		gp_follow(dom, run, step);
	else if (has_begun)
		gp_fail(dom, step->head.ts_ns, gp_id_in_progress(step->seq));
	else
		gp_push(dom, GP_UNKNOWN, step->head.ts_ns, gp_id_in_progress(step->seq));
}

/*
 * srcu_gp_end() schedules the callbacks: inside a run, that is the moment the
 * GP ended, and they may have run before the run returns. Those of the GP
 * before may be queued inside a run too, by their timer: they end nothing.
 */
static void cb_note_end(struct domain *dom, const struct ks_cb *cb)
{
	if (!dom->run.is_on || dom->run.end_of_gp_ns ||
	    gp_id_done(cb->seq) == gp_id_done(dom->run.seq))
		return;
	dom->run.end_of_gp_ns = cb->head.ts_ns;
	end_add(dom, gp_id_done(cb->seq), cb->head.ts_ns);
}

static struct transition *cb_last(const struct domain *dom, uint16_t cpu)
{
	for (size_t i = transitions_cnt(&dom->cbs); i; i--) {
		struct transition *moment = transitions_at(&dom->cbs, i - 1);

		if (moment->cpu == cpu || moment->state == GP_UNKNOWN)
			return moment;
	}
	return NULL;
}

static bool cb_has_timer(const struct domain *dom, uint16_t cpu)
{
	const struct transition *last = cb_last(dom, cpu);

	return last && last->has_timer;
}

/* Is the timer that was armed last of @cpu? */
static bool knows_timer(const struct domain *dom, uint16_t cpu)
{
	return dom->cb_timer.expires && dom->cb_timer.cpu == cpu;
}

/* For a timer that was armed now, or while something else went on. */
static void cb_push_armed(struct domain *dom, const struct ks_cb *cb)
{
	struct transition *moment = history_push(dom, &dom->cbs, CB_ARMED, cb->head.ts_ns);

	if (!moment)
		return;
	moment->gp = seq_gp(cb->seq);
	moment->cpu = cb->cpu;
	moment->has_timer = true;
	if (!knows_timer(dom, cb->cpu))
		return;
	moment->expires = dom->cb_timer.expires;
	moment->armed_before_ns = cb->head.ts_ns - dom->cb_timer.armed_ns;
}

/*
 * timer_reduce() only brings forward what is pending (kernel/time/timer.c): one that is armed for
 * later, where one was armed, was armed while that one fired. It was off its list on its CPU, and
 * had not queued the callbacks yet, when another CPU ended the next GP.
 */
static bool is_armed_anew(const struct transition *last, const struct ks_cb *cb)
{
	return last->state == CB_ARMED && last->expires && (int64_t)(cb->val - last->expires) > 0;
}

/* Is the timer that was armed last for after @queue? Then it was not the one that fired. */
static bool is_for_later(const struct domain *dom, const struct ks_cb *queue)
{
	return knows_timer(dom, queue->cpu) && queue->val &&
	       (int64_t)(dom->cb_timer.expires - queue->val) > 0;
}

static void cb_arm(struct domain *dom, const struct ks_cb *cb)
{
	struct transition *last = cb_last(dom, cb->cpu);

	cb_note_end(dom, cb);
	dom->cb_timer =
		(struct cb_timer){.armed_ns = cb->head.ts_ns, .expires = cb->val, .cpu = cb->cpu};
	if (last &&
	    (last->state == CB_QUEUED || last->state == CB_RUNNING || is_armed_anew(last, cb)))
		last->has_timer = true;
	else
		cb_push_armed(dom, cb);
}

/*
 * Queued by the end of a GP, or by the timer that an earlier end left: only the
 * latter takes the timer away. Queued while it runs, it runs once more.
 */
static void cb_queue(struct domain *dom, const struct ks_cb *cb)
{
	bool by_end = dom->run.is_on && cb->head.tid == dom->run.tid;

	cb_note_end(dom, cb);
	cb_push(dom, CB_QUEUED, cb,
		(by_end && cb_has_timer(dom, cb->cpu)) || is_for_later(dom, cb));
	if (by_end && history_state(&dom->cbs) == CB_QUEUED)
		transitions_last(&dom->cbs)->jiffies = 0; /* no timer fired */
}

/* Not queued, as far as is known, and they run: the timer fired unseen, and is over. */
static void cb_begin(struct domain *dom, const struct ks_cb *cb)
{
	const struct transition *last = cb_last(dom, cb->cpu);

	cb_push(dom, CB_RUNNING, cb, last && last->has_timer && last->state != CB_ARMED);
}

/*
 * timer_reduce() reports nothing of a timer that is pending already: the next
 * normal GP's callbacks wait for that one.
 */
static void cb_finish(struct domain *dom, const struct ks_cb *cb)
{
	const struct transition *last = cb_last(dom, cb->cpu);

	if (!last || last->state != CB_RUNNING)
		return;
	if (last->has_timer)
		cb_push_armed(dom, cb);
	else
		cb_push(dom, CB_NONE, cb, false);
}

void domain_step(struct domain *dom, const struct ks_step *step)
{
	note_birth(dom, step->seq);
	switch (step->head.type) {
	case KS_GP_ARM:
		gp_arm(dom, step);
		break;
	case KS_GP_QUEUE:
		gp_queue(dom, step);
		break;
	case KS_GP_BEGIN:
		gp_begin(dom, step);
		break;
	case KS_GP_END:
		gp_finish(dom, step);
		break;
	}
}

void domain_callbacks(struct domain *dom, const struct ks_cb *cb)
{
	switch (cb->head.type) {
	case KS_CB_ARM:
		cb_arm(dom, cb);
		break;
	case KS_CB_QUEUE:
		cb_queue(dom, cb);
		break;
	case KS_CB_BEGIN:
		cb_begin(dom, cb);
		break;
	case KS_CB_END:
		cb_finish(dom, cb);
		break;
	}
}

/* On each CPU the last that is known is that callbacks were done, and left no timer. */
static bool cbs_are_at_rest(const struct domain *dom)
{
	for (size_t i = 0; i < transitions_cnt(&dom->cbs); i++) {
		const struct transition *moment = transitions_at(&dom->cbs, i);

		if (moment == cb_last(dom, moment->cpu) &&
		    (moment->state != CB_NONE || moment->has_timer))
			return false;
	}
	return true;
}

static bool is_quiet_since(const struct transitions *track, uint64_t ts_ns)
{
	const struct transition *last = transitions_last(track);

	return !last || last->ts_ns < ts_ns;
}

void domain_tidy(struct domain *dom, uint64_t now_ns)
{
	uint64_t rest_ns = now_ns > REST_NS ? now_ns - REST_NS : 0;

	if (history_state(&dom->gps) != GP_IDLE || !is_quiet_since(&dom->gps, rest_ns) ||
	    !is_quiet_since(&dom->cbs, rest_ns) || !cbs_are_at_rest(dom))
		return;
	dom->dropped += transitions_cnt(&dom->gps) - 1 + transitions_cnt(&dom->cbs);
	transitions_keep_last(&dom->gps);
	transitions_fini(&dom->cbs);
	initiators_fini(&dom->initiators);
	gp_ends_fini(&dom->ends);
	settle(dom);
	free(dom->readers);
	dom->readers = NULL;
	free(dom->suspects);
	dom->suspects = NULL;
	dom->suspects_cnt = 0;
}

/* A CPU's loss starts at its last record: others may have reported later transitions by then. */
static void history_cut(struct transitions *track, uint64_t ts_ns)
{
	while (transitions_cnt(track) &&
	       transitions_at(track, transitions_cnt(track) - 1)->ts_ns > ts_ns)
		transitions_cut(track, transitions_cnt(track) - 1);
}

void domain_lose(struct domain *dom, uint64_t ts_ns)
{
	dom->run.is_on = false;
	history_cut(&dom->gps, ts_ns);
	history_cut(&dom->cbs, ts_ns);
	if (history_state(&dom->gps) != GP_UNKNOWN)
		gp_push(dom, GP_UNKNOWN, ts_ns, 0);
	if (transitions_cnt(&dom->cbs) && history_state(&dom->cbs) != GP_UNKNOWN)
		history_push(dom, &dom->cbs, GP_UNKNOWN, ts_ns);
	if (dom->readers) /* somebody may have been seen meanwhile */
		*dom->readers = (struct reader_counts){.gp = 0};
}

/* ---- what others ask ---- */

static const struct transition *history_at(const struct transitions *track, uint64_t ts_ns)
{
	size_t i = history_after(track, ts_ns);

	return i ? transitions_at(track, i - 1) : NULL;
}

uint64_t domain_gp_at(const struct domain *dom, uint64_t ts_ns)
{
	const struct transition *moment = history_at(&dom->gps, ts_ns);

	return moment && moment->state != GP_IDLE ? moment->gp : 0;
}

static uint32_t worker_at(const struct transitions *track, uint64_t ts_ns)
{
	size_t i = history_after(track, ts_ns);
	const struct transition *moment;

	for (; i; i--) {
		moment = transitions_at(track, i - 1);
		if (moment->ts_ns != ts_ns)
			break;
		if (moment->state == GP_RUNNING || moment->state == CB_RUNNING)
			return moment->tid;
	}
	return 0;
}

uint32_t domain_worker_at(const struct domain *dom, uint64_t ts_ns)
{
	uint32_t tid = worker_at(&dom->gps, ts_ns);

	return tid ? tid : worker_at(&dom->cbs, ts_ns);
}

uint64_t domain_rest_ns(const struct domain *dom, uint64_t ts_ns)
{
	size_t i = gp_ends_cnt(&dom->ends);

	while (i && gp_ends_at(&dom->ends, i - 1)->ts_ns > ts_ns)
		i--;
	return i ? ts_ns - gp_ends_at(&dom->ends, i - 1)->ts_ns : 0;
}

static bool is_of_later_gp(const struct initiator *initiator, uint64_t gp)
{
	return (int64_t)(initiator->gp - gp) > 0;
}

const struct initiator *domain_initiator(const struct domain *dom, uint64_t gp)
{
	size_t i = initiators_after(&dom->initiators, is_of_later_gp, gp);
	const struct initiator *found = i ? initiators_at(&dom->initiators, i - 1) : NULL;

	return found && found->gp == gp ? found : NULL;
}

int domain_suspect(struct domain *dom, const struct suspect *suspect)
{
	size_t i;

	if (!dom->suspects)
		dom->suspects = calloc(SUSPECTS_MAX, sizeof(*dom->suspects));
	if (!dom->suspects)
		return -ENOMEM;
	if (dom->suspects_cnt && dom->suspects[0].gp != suspect->gp)
		dom->suspects_cnt = 0;
	for (i = 0; i < dom->suspects_cnt && dom->suspects[i].rank >= suspect->rank; i++)
		if (dom->suspects[i].tid == suspect->tid)
			return 0;
	if (i == SUSPECTS_MAX)
		return 0;
	if (dom->suspects_cnt < SUSPECTS_MAX)
		dom->suspects_cnt++;
	memmove(&dom->suspects[i + 1], &dom->suspects[i],
		(dom->suspects_cnt - i - 1) * sizeof(*dom->suspects));
	dom->suspects[i] = *suspect;
	return 0;
}

const struct suspect *domain_suspects(const struct domain *dom, uint64_t gp, size_t *cnt)
{
	*cnt = 0;
	if (!dom->suspects_cnt || dom->suspects[0].gp != gp)
		return NULL;
	*cnt = dom->suspects_cnt;
	return dom->suspects;
}

int domain_count_readers(struct domain *dom, const struct ks_readers *rec)
{
	if (gp_seq_is_idle(rec->seq))
		return 0; /* it had ended by then */
	if (!dom->readers)
		dom->readers = calloc(1, sizeof(*dom->readers));
	if (!dom->readers)
		return -ENOMEM;
	readers_note(dom->readers, rec, gp_id_in_progress(rec->seq));
	return 0;
}

const struct reader_counts *domain_readers(const struct domain *dom, uint64_t gp)
{
	return gp && dom->readers && dom->readers->gp == gp ? dom->readers : NULL;
}

int domain_invalidates(struct domain *dom, const struct invalidator *invalidator)
{
	if (!dom->invalidator)
		dom->invalidator = malloc(sizeof(*dom->invalidator));
	if (!dom->invalidator)
		return -ENOMEM;
	*dom->invalidator = *invalidator;
	return 0;
}

const struct invalidator *domain_invalidator(const struct domain *dom)
{
	return dom->invalidator;
}
