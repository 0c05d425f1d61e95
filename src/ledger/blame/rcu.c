// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/blame/rcu.h"

#include <string.h>

/* How long a step is kept: a wait is split when it is over. */
#define KEEP_NS	   60000000000ULL
#define STEPS_MAX  65535
#define PIECES_MAX 16384

/* kernel/rcu/rcu.h: RCU_SEQ_CTR_SHIFT */
#define SEQ_STATE     3
#define SEQ_CTR_SHIFT 2

/* A CPU that is busy notices a grace period in one tick, and reports in the next. Each time that
 * the kthread sees it is a jiffy or more after the one before. */
#define TIMES_LONG 3

/* The longest jiffy, of HZ=100: so often at least it would have seen a CPU that it had no CPU to
 * look at. */
#define JIFFY_NS 10000000

/* A look at idle CPUs takes microseconds: with one of this length the kthread had no CPU. */
#define LOOK_NS 1000000

static const char *const names[RCU_PART_CNT] = {
#define X(id, name) [RCU_PART_##id] = name,
	RCU_PARTS(X)
#undef X
};

const char *rcu_part_name(enum rcu_part part)
{
	return names[part];
}

bool rcu_blame_is_long(const struct rcu_blame *blame)
{
	return blame->times >= TIMES_LONG;
}

bool rcu_blame_in_kernel(const struct rcu_blame *blame)
{
	return blame->tid && blame->is_same_run && rcu_blame_is_long(blame) && !blame->in_guest;
}

bool rcu_blame_is_same(const struct rcu_blame *a, const struct rcu_blame *b)
{
	return a->part == b->part && a->has_cpu == b->has_cpu && a->cpu == b->cpu &&
	       a->tid == b->tid && a->in_guest == b->in_guest;
}

/* ---- steps ---- */

static void forget_old(struct rcu_step_list *list, uint64_t now_ns)
{
	size_t old = rcu_step_list_cnt(list) / 4;

	if (old && rcu_step_list_at(list, old)->ts_ns + KEEP_NS < now_ns)
		rcu_step_list_drop(list, old);
}

static bool is_wake(const struct rcu_step *step)
{
	return step->rec.head.type == KS_RCU_WAKE;
}

/* It was woken while it fell asleep, which is recorded first. */
static bool is_woken_already(const struct rcu_history *history, const struct ks_rcu *rec)
{
	const struct rcu_step *last = rcu_step_list_last(&history->list);

	return rec->head.type == KS_RCU_SLEEP && rec->state == KS_RCU_WAIT_FQS && !rec->mask &&
	       !(rec->flags & KS_RCU_READERS) && last && is_wake(last) && last->rec.seq == rec->seq;
}

void rcu_history_note_timer(struct rcu_history *history, const struct ks_timer *rec)
{
	history->fired = (struct armed_timer){
		.armed_ns = rec->armed_ns,
		.expires = rec->expires,
		.fired_ns = rec->head.ts_ns,
		.jiffies = rec->jiffies,
		.tid = rec->head.tid,
	};
}

/* Its timer is reported with the wake-up that it makes. */
static struct armed_timer take_fired(struct rcu_history *history, const struct ks_rcu *rec)
{
	struct armed_timer fired = history->fired;
	bool is_its = rec->head.type == KS_RCU_WAKE && fired.fired_ns == rec->head.ts_ns;

	history->fired = (struct armed_timer){0};
	return is_its ? fired : history->fired;
}

void rcu_history_note(struct rcu_history *history, const struct ks_rcu *rec)
{
	struct armed_timer fired = take_fired(history, rec);
	const struct rcu_step *last = rcu_step_list_last(&history->list);
	struct rcu_step *step;

	if (is_woken_already(history, rec))
		return;
	if (last && rec->head.ts_ns < last->ts_ns) { /* the records are not in order */
		rcu_step_list_drop(&history->list, rcu_step_list_cnt(&history->list));
		history->has_hole = true;
	}
	forget_old(&history->list, rec->head.ts_ns);
	step = rcu_step_list_push(&history->list, STEPS_MAX, NULL);
	if (!step) {
		history->has_hole = true;
		return;
	}
	step->ts_ns = rec->head.ts_ns;
	step->rec = *rec;
	step->rec.comm[KS_COMM_LEN - 1] = 0;
	step->timer = fired;
	step->is_after_hole = history->has_hole;
	history->has_hole = false;
}

void rcu_history_lose(struct rcu_history *history, uint64_t from_ns)
{
	for (size_t i = rcu_step_list_cnt(&history->list); i; i--) {
		struct rcu_step *step = rcu_step_list_at(&history->list, i - 1);

		if (step->ts_ns < from_ns)
			break;
		step->is_after_hole = true;
	}
	history->has_hole = true;
}

size_t rcu_history_bytes(const struct rcu_history *history)
{
	return rcu_step_list_cap(&history->list) * sizeof(struct rcu_step);
}

void rcu_history_fini(struct rcu_history *history)
{
	rcu_step_list_fini(&history->list);
}

uint32_t rcu_history_kthread(const struct rcu_history *history)
{
	const struct rcu_step *last = rcu_step_list_last(&history->list);

	return last ? last->rec.head.tid : 0;
}

static bool in_flight(const struct rcu_step *step)
{
	return step->rec.seq & SEQ_STATE;
}

/* The number of the grace period that is in flight, or that comes next. */
static int64_t gp_of(const struct rcu_step *step)
{
	return (int64_t)step->rec.seq >> SEQ_CTR_SHIFT;
}

/* ---- spans: between two steps, the kthread does one thing ---- */

/* The steps of one wait: those of (from_ns, until_ns]. */
struct rcu_walk {
	const struct rcu_history *history;
	const struct rcu_wait *wait;
	size_t first, end; /* steps [first, end) */
	int64_t needed;	   /* number of the grace period that it waited for */
	struct rcu_pieces *pieces;
	bool lacks_memory;
};

static const struct rcu_step *step_at(const struct rcu_walk *walk, size_t i)
{
	return i >= walk->first && i < walk->end ? rcu_step_list_at(&walk->history->list, i) : NULL;
}

/* Who waits is woken by then, and maybe before; what the kthread does next says what it had found.
 */
static const struct rcu_step *next_sleep(const struct rcu_walk *walk, size_t i)
{
	const struct rcu_step_list *list = &walk->history->list;

	for (; i < rcu_step_list_cnt(list); i++) {
		const struct rcu_step *step = rcu_step_list_at(list, i);

		if (i >= walk->end && step->is_after_hole)
			return NULL;
		if (!is_wake(step))
			return step;
	}
	return NULL;
}

static void find_steps(struct rcu_walk *walk)
{
	const struct rcu_step_list *list = &walk->history->list;
	size_t cnt = rcu_step_list_cnt(list);

	walk->end = cnt;
	while (walk->end && rcu_step_list_at(list, walk->end - 1)->ts_ns > walk->wait->until_ns)
		walk->end--;
	walk->first = walk->end;
	while (walk->first && rcu_step_list_at(list, walk->first - 1)->ts_ns > walk->wait->from_ns)
		walk->first--;
}

/* May records be missing that were made meanwhile? */
static bool has_hole(const struct rcu_walk *walk)
{
	const struct rcu_step_list *list = &walk->history->list;

	for (size_t i = walk->first; i < walk->end; i++)
		if (rcu_step_list_at(list, i)->is_after_hole)
			return true;
	if (walk->end < rcu_step_list_cnt(list))
		return rcu_step_list_at(list, walk->end)->is_after_hole;
	return walk->history->has_hole;
}

/* Woken while it waited for CPUs: if none is left, it ends the grace period, which is not seen
 * before it sleeps again. */
static bool is_ending(const struct rcu_step *step)
{
	return is_wake(step) && in_flight(step) && step->rec.state == KS_RCU_WAIT_FQS;
}

/* Does the kthread go on with this grace period when it sleeps again? */
static bool goes_on(const struct rcu_step *step, const struct rcu_step *next)
{
	return next && in_flight(next) && gp_of(next) == gp_of(step) &&
	       next->rec.state == KS_RCU_WAIT_FQS;
}

/* Was grace period @gp over at the wake-up? */
static bool has_ended(const struct rcu_walk *walk, int64_t gp)
{
	const struct rcu_step *last = step_at(walk, walk->end - 1);

	return gp_of(last) > gp || (gp_of(last) == gp && is_ending(last) && !walk->wait->is_open &&
				    !goes_on(last, next_sleep(walk, walk->end)));
}

/* The last that was seen in flight. */
static bool find_last(const struct rcu_walk *walk, int64_t *gp)
{
	for (size_t i = walk->end; i > walk->first; i--)
		if (in_flight(step_at(walk, i - 1))) {
			*gp = gp_of(step_at(walk, i - 1));
			return true;
		}
	return false;
}

/*
 * A callback runs any time after its grace period. That is the first which can have been meant, or
 * the one after it: a callback is given its grace period in the next tick of its CPU, and another
 * may have started by then. So it is the last of both that was over, unless callbacks were late by
 * a whole one. If none was over, it is the one in flight: the waiter's own, started before it
 * slept.
 */
static bool find_needed_by_callback(struct rcu_walk *walk, int64_t first, bool is_in_flight)
{
	walk->needed = first + is_in_flight;
	if (has_ended(walk, walk->needed + 1) && !has_ended(walk, walk->needed + 2))
		walk->needed++;
	else if (!has_ended(walk, walk->needed) && is_in_flight)
		walk->needed--;
	return has_ended(walk, walk->needed);
}

/*
 * Which grace period did it wait for? One that was in flight when it came may have begun too early;
 * or it is the waiter's own, which started before it slept. So the end decides: the kthread wakes
 * who waited for the grace period that it ends. Of a wait that goes on, the first is shown as its
 * own until it ends.
 */
static bool find_needed(struct rcu_walk *walk)
{
	const struct rcu_step *first = step_at(walk, walk->first), *last;
	bool is_in_flight;

	if (!first)
		return false;
	last = step_at(walk, walk->end - 1);
	if (walk->wait->by_kthread && is_ending(last))
		return find_last(walk, &walk->needed);
	if (walk->wait->by_kthread && !is_wake(last))
		return false; /* it ran, and its wake-up is not there */
	is_in_flight = is_wake(first) && in_flight(first);
	if (!walk->wait->is_open)
		return find_needed_by_callback(walk, gp_of(first), is_in_flight);
	walk->needed = gp_of(first) + (is_in_flight && has_ended(walk, gp_of(first)));
	return true;
}

/* ---- pieces ---- */

static struct rcu_blame *add(struct rcu_walk *walk, const struct rcu_blame *blame, uint64_t ns)
{
	struct rcu_piece *last = rcu_pieces_last(walk->pieces);

	/* so many that nobody reads them one by one are one */
	if (last && (rcu_blame_is_same(&last->blame, blame) ||
		     rcu_pieces_cnt(walk->pieces) >= PIECES_MAX)) {
		last->ns += ns;
		return &last->blame;
	}
	last = rcu_pieces_push(walk->pieces, PIECES_MAX, NULL);
	if (!last) {
		walk->lacks_memory = true;
		return NULL;
	}
	*last = (struct rcu_piece){.ns = ns, .blame = *blame};
	return &last->blame;
}

static void add_part(struct rcu_walk *walk, enum rcu_part part, uint64_t ns)
{
	struct rcu_blame blame = {.part = part};

	if (part == RCU_PART_CALLBACKS && !walk->wait->is_open) {
		blame.has_cpu = true;
		blame.cpu = walk->wait->wake_cpu;
	}
	if (ns)
		add(walk, &blame, ns);
}

static void copy_task(struct rcu_blame *blame, const struct ks_rcu *rec)
{
	blame->tid = rec->tid;
	blame->prio = rec->prio;
	blame->switches = rec->switches;
	blame->in_guest = rec->flags & KS_RCU_GUEST;
	memcpy(blame->comm, rec->comm, sizeof(blame->comm));
}

static uint16_t bits_of(uint64_t mask)
{
	uint16_t cnt = 0;

	for (; mask; mask &= mask - 1)
		cnt++;
	return cnt;
}

static void blame_cpu(struct rcu_blame *blame, const struct ks_rcu *rec)
{
	blame->part = RCU_PART_HOLDOUT;
	blame->has_cpu = rec->flags & KS_RCU_HAS_CPU && rec->cpu_mask;
	if (!blame->has_cpu)
		return;
	blame->cpu = rec->cpu;
	blame->others = bits_of(rec->cpu_mask) - 1;
	copy_task(blame, rec);
}

static bool waits_for_readers(const struct rcu_step *step)
{
	return step && step->rec.state == KS_RCU_WAIT_FQS && step->rec.flags & KS_RCU_READERS;
}

/* The CPU that reported last, and who was on it when the kthread went to sleep, or else then. */
static void blame_reporter(struct rcu_blame *blame, const struct rcu_step *asleep,
			   const struct rcu_step *wake)
{
	bool was_seen = asleep && asleep->rec.flags & KS_RCU_HAS_CPU &&
			asleep->rec.cpu == wake->rec.head.cpu;

	blame->part = RCU_PART_HOLDOUT;
	blame->has_cpu = true;
	blame->cpu = wake->rec.head.cpu;
	copy_task(blame, was_seen ? &asleep->rec : &wake->rec);
}

/* The CPU that was named when the kthread woke is waited for after the look as well; and not only
 * because the look was made there, while another one was left. */
static bool is_left(const struct ks_rcu *wake, const struct ks_rcu *next)
{
	uint16_t bit = wake->cpu - wake->first_cpu;
	bool by_look = wake->cpu == next->head.cpu && wake->cpu != next->cpu;

	return wake->flags & next->flags & KS_RCU_HAS_CPU && wake->first_cpu == next->first_cpu &&
	       bit < 64 && next->cpu_mask >> bit & 1 && !by_look;
}

/* One CPU alone, or those of one rcu_node, were left when it slept, and this is none of them. */
static bool has_reported(const struct ks_rcu *asleep, uint16_t cpu)
{
	uint16_t bit = cpu - asleep->first_cpu;

	return asleep->flags & KS_RCU_HAS_CPU && bits_of(asleep->mask) == 1 &&
	       !(bit < 64 && asleep->cpu_mask >> bit & 1);
}

/* Has it ended the grace period without a look at idle CPUs? Then all have reported by themselves.
 */
static bool has_not_looked(const struct ks_rcu *wake, const struct ks_rcu *next)
{
	return wake->flags & next->flags & KS_RCU_HAS_SCANS && wake->scans == next->scans;
}

static void blame_reader(struct rcu_blame *blame, const struct rcu_step *step)
{
	blame->part = RCU_PART_PREEMPTED;
	copy_task(blame, &step->rec);
}

/* Its timer woke it, as the last report came on another CPU: one of those left when it slept. */
static void blame_unseen(struct rcu_blame *blame, const struct rcu_step *asleep)
{
	blame->part = RCU_PART_HOLDOUT;
	if (asleep)
		blame_cpu(blame, &asleep->rec);
}

/*
 * All had reported at the wake-up, but for readers that were preempted: those left while the
 * kthread slept, or when its timer had woken it. Where the CPU of the wake-up had reported before,
 * it is not its report. A task that was on the CPU that was left is a reader then, which has been
 * preempted there since. Else that CPU has reported while a timer on this one woke the kthread.
 */
static void blame_last(struct rcu_blame *blame, const struct rcu_step *asleep,
		       const struct rcu_step *wake)
{
	if (waits_for_readers(asleep))
		blame_reader(blame, asleep);
	else if (waits_for_readers(wake))
		blame_reader(blame, wake);
	else if (wake->timer.fired_ns)
		blame_unseen(blame, asleep);
	else if (!asleep || !has_reported(&asleep->rec, wake->rec.head.cpu))
		blame_reporter(blame, asleep, wake);
	else if (wake->rec.tid && wake->rec.tid == asleep->rec.tid)
		blame_reader(blame, wake);
	else
		blame_cpu(blame, &asleep->rec);
}

/* All were left when its timer woke it, and have reported by themselves before it looked; or while
 * the record was made, then the one before has them. */
static void blame_late(struct rcu_blame *blame, const struct rcu_step *asleep,
		       const struct rcu_step *wake)
{
	if (waits_for_readers(wake))
		blame_reader(blame, wake);
	else
		blame_cpu(blame, wake->rec.cpu_mask || !asleep ? &wake->rec : &asleep->rec);
}

/*
 * What the kthread slept for from @asleep to @wake. If all had reported by then, for the last of
 * them. Else for those who are left when it has looked at idle CPUs and sleeps again (@next). If
 * nobody is, for its timer alone; unless it did not look: those who were left have reported between
 * its wake-up and that.
 */
static void blame_sleep(struct rcu_blame *blame, const struct rcu_step *asleep,
			const struct rcu_step *wake, const struct rcu_step *next)
{
	bool is_same_gp = goes_on(wake, next);

	*blame = (struct rcu_blame){.part = RCU_PART_TIMER, .times = 1};
	if (!wake->rec.mask && !is_same_gp)
		blame_last(blame, asleep, wake);
	else if (is_same_gp && waits_for_readers(next))
		blame_reader(blame, next);
	else if (is_same_gp)
		blame_cpu(blame, is_left(&wake->rec, &next->rec) ? &wake->rec : &next->rec);
	else if (next && has_not_looked(&wake->rec, &next->rec))
		blame_late(blame, asleep, wake);
}

/* Of a wait that goes on, while the kthread sleeps: only what it has found before is known. */
static void blame_open(struct rcu_blame *blame, const struct rcu_walk *walk,
		       const struct rcu_step *asleep)
{
	const struct rcu_step *before = step_at(walk, walk->end - 2);
	bool has_looked = before && is_wake(before) && in_flight(before) &&
			  gp_of(before) == gp_of(asleep) && before->rec.state == KS_RCU_WAIT_FQS;

	*blame = (struct rcu_blame){.part = RCU_PART_TIMER, .times = 1};
	if (waits_for_readers(asleep)) {
		blame->part = RCU_PART_PREEMPTED;
		copy_task(blame, &asleep->rec);
	} else if (has_looked) {
		blame_cpu(blame, &asleep->rec);
	}
}

/* The same held it up before, and did all the time. */
static void go_on(struct rcu_blame *before, const struct rcu_blame *blame)
{
	if (!before || before == blame)
		return;
	if (blame->has_timer || before->has_timer) {
		if (blame->has_timer && rcu_blame_is_same(before, blame))
			*before = *blame;
		return;
	}
	before->is_same_run =
		before->switches == blame->switches && (before->times == 1 || before->is_same_run);
	before->times += 1;
	if (blame->others < before->others)
		before->others = blame->others;
}

/*
 * Which of both the kthread slept with until step @i: its wake-up before that says if it has looked
 * since the grace period began. While no task is in a call, it has no records: of a sleep with
 * another timer there are none, and in so short a time it has not slept with one.
 */
static enum timer_fqs fqs_of(const struct rcu_walk *walk, size_t i)
{
	const struct rcu_step_list *list = &walk->history->list;
	const struct rcu_step *wake = rcu_step_list_at(list, i), *asleep, *before;

	if (i < 2 || wake->is_after_hole)
		return TIMER_FQS_NONE;
	asleep = rcu_step_list_at(list, i - 1);
	before = rcu_step_list_at(list, i - 2);
	if (is_wake(asleep) || asleep->is_after_hole || !is_wake(before) ||
	    !goes_on(asleep, wake) || wake->timer.armed_ns > asleep->ts_ns)
		return TIMER_FQS_NONE;
	if (is_ending(before) && goes_on(before, asleep))
		return before->rec.scans != asleep->rec.scans ? TIMER_FQS_NEXT : TIMER_FQS_NONE;
	return asleep->ts_ns - before->ts_ns < LOOK_NS ? TIMER_FQS_FIRST : TIMER_FQS_NONE;
}

static void add_sleep(struct rcu_walk *walk, struct rcu_blame *blame, int64_t gp, uint64_t ns)
{
	size_t cnt = rcu_pieces_cnt(walk->pieces);
	struct rcu_blame *added;

	if (gp > walk->needed) {
		add_part(walk, RCU_PART_CALLBACKS, ns);
		return;
	}
	if (gp < walk->needed)
		blame->part = RCU_PART_PREV_GP;
	added = add(walk, blame, ns);
	if (cnt == rcu_pieces_cnt(walk->pieces))
		go_on(added, blame);
}

/* The kthread sleeps from @asleep, if that was seen, to step @i, its wake-up. */
static void take_asleep(struct rcu_walk *walk, size_t i, uint64_t ns)
{
	const struct rcu_step *wake = step_at(walk, i), *asleep = step_at(walk, i - 1);
	const struct rcu_step *again = step_at(walk, i + 1);
	struct armed_timer timer = wake->timer;
	struct rcu_blame blame;

	/* the last report came while the kthread looked */
	if (again && is_wake(again) && in_flight(wake) && again->rec.seq == wake->rec.seq)
		wake = again;

	if (!in_flight(wake)) {
		add_part(walk, gp_of(wake) > walk->needed ? RCU_PART_CALLBACKS : RCU_PART_START,
			 ns);
	} else {
		blame_sleep(&blame, asleep, wake, next_sleep(walk, i + 1));
		if (blame.part == RCU_PART_TIMER && timer.fired_ns) {
			timer.fqs = fqs_of(walk, i);
			blame.has_timer = true;
			blame.timer = timer;
		}
		add_sleep(walk, &blame, gp_of(wake), ns);
	}
}

/* It came late to look, after @ns, and finds the run that it had slept for. */
static void look_late(struct rcu_blame *blame, const struct ks_rcu *rec, uint64_t ns)
{
	if (!blame->has_cpu || blame->cpu != rec->cpu || blame->tid != rec->tid || ns < JIFFY_NS)
		return;
	blame->is_same_run =
		blame->switches == rec->switches && (blame->times == 1 || blame->is_same_run);
	blame->times += (uint32_t)(ns / JIFFY_NS);
}

/* Has the CPU been held up by one task from one record to the other? */
static bool is_same_run(const struct ks_rcu *a, const struct ks_rcu *b)
{
	return a->flags & b->flags & KS_RCU_HAS_CPU && a->cpu == b->cpu && a->tid &&
	       a->tid == b->tid && a->switches == b->switches;
}

/* It runs from @before, if that was seen, until it sleeps again at @after, if it does. */
static void take_running(struct rcu_walk *walk, const struct rcu_step *before,
			 const struct rcu_step *after, uint64_t ns)
{
	struct rcu_piece *last = rcu_pieces_last(walk->pieces);
	bool in_one_gp = before && after && in_flight(before) && in_flight(after) &&
			 gp_of(before) == gp_of(after);
	bool in_one_run = in_one_gp && is_same_run(&before->rec, &after->rec);

	/* what it looks for is what it sleeps for */
	if (last && in_one_run)
		look_late(&last->blame, &after->rec, ns);
	if (last && in_one_gp && (ns < LOOK_NS || in_one_run))
		last->ns += ns;
	else if (before && gp_of(before) > walk->needed)
		add_part(walk, RCU_PART_CALLBACKS, ns);
	else
		add_part(walk, RCU_PART_WORK, ns);
}

/* From the last step on. */
static void take_rest(struct rcu_walk *walk, uint64_t ns)
{
	const struct rcu_step *last = step_at(walk, walk->end - 1);
	struct rcu_blame blame;

	if (!ns)
		return;
	if (is_wake(last)) {
		take_running(walk, last, NULL, ns);
	} else if (!in_flight(last)) {
		add_part(walk, gp_of(last) > walk->needed ? RCU_PART_CALLBACKS : RCU_PART_START,
			 ns);
	} else if (gp_of(last) <= walk->needed && walk->wait->is_open) {
		blame_open(&blame, walk, last);
		add_sleep(walk, &blame, gp_of(last), ns);
	} else {
		add_part(walk, gp_of(last) > walk->needed ? RCU_PART_CALLBACKS : RCU_PART_NONE, ns);
	}
}

bool rcu_split(const struct rcu_history *history, const struct rcu_wait *wait,
	       struct rcu_pieces *pieces)
{
	struct rcu_walk walk = {.history = history, .wait = wait, .pieces = pieces};
	uint64_t now = wait->from_ns;

	find_steps(&walk);
	if (has_hole(&walk) || !find_needed(&walk)) {
		add_part(&walk, RCU_PART_NONE, wait->until_ns - wait->from_ns);
		return !walk.lacks_memory;
	}
	for (size_t i = walk.first; i < walk.end; i++) {
		const struct rcu_step *step = step_at(&walk, i), *before = step_at(&walk, i - 1);
		bool is_asleep = is_wake(step) && !(before && is_wake(before));

		if (is_asleep)
			take_asleep(&walk, i, step->ts_ns - now);
		else
			take_running(&walk, before, step, step->ts_ns - now);
		now = step->ts_ns;
	}
	take_rest(&walk, wait->until_ns - now);
	return !walk.lacks_memory;
}
