// SPDX-License-Identifier: GPL-2.0-only
/* Why a timer took as long as it did. */
#include "ledger/blame/timer.h"

#include "trace.h"

#define JIFFY_NS 4000000LL
#define BASE	 4294900000ULL /* as kernels count: from five minutes before 2^32 */
#define EDGE(n)	 (1000000000ULL + (n)*JIFFY_NS)

/* Jiffy BASE + n starts at EDGE(n). */
static struct tick learned(void)
{
	struct tick tick;

	tick_init(&tick, 250);
	tick_learn(&tick, EDGE(7), BASE + 7);
	return tick;
}

static void the_earliest_reading_is_where_the_tick_is(void **state)
{
	const struct armed_timer timer = {.armed_ns = EDGE(10) + JIFFY_NS / 4,
					  .expires = BASE + 11,
					  .fired_ns = EDGE(12),
					  .jiffies = BASE + 12,
					  .tid = 1};
	struct timer_story story;
	struct tick tick;

	(void)state;
	tick_init(&tick, 250);
	assert_false(timer_explain(&timer, &tick, &story));
	tick_learn(&tick, EDGE(5) + 3000000, BASE + 5);
	tick_learn(&tick, EDGE(9) + 3999999, BASE + 8); /* the count was behind */
	tick_learn(&tick, EDGE(9), BASE + 9);
	tick_learn(&tick, EDGE(10) + 100000, BASE + 10);
	assert_true(timer_explain(&timer, &tick, &story));
	assert_int_equal(story.late_ns, 0);
	assert_int_equal(story.late, TIMER_ON_TIME);
}

static void what_is_not_known_is_not_explained(void **state)
{
	const struct armed_timer timer = {.armed_ns = EDGE(10),
					  .expires = BASE + 11,
					  .fired_ns = EDGE(12),
					  .jiffies = BASE + 12};
	struct armed_timer lacks;
	struct tick tick = learned();
	struct timer_story story;

	(void)state;
	assert_true(timer_explain(&timer, &tick, &story));
	assert_false(timer_explain(&timer, NULL, &story));
	lacks = timer;
	lacks.fired_ns = 0;
	assert_false(timer_explain(&lacks, &tick, &story));
	lacks = timer;
	lacks.expires += 63; /* the wheel rounds it by more than one */
	assert_false(timer_explain(&lacks, &tick, &story));
	lacks = timer;
	lacks.jiffies = 0; /* an old recording */
	assert_false(timer_explain(&lacks, &tick, &story));
	lacks = timer;
	lacks.expires = 17; /* of another clock */
	assert_false(timer_explain(&lacks, &tick, &story));
	tick_init(&tick, 0);
	tick_learn(&tick, EDGE(7), BASE + 7);
	assert_false(timer_explain(&timer, &tick, &story));
}

/* Armed at .into of jiffy 10, in hundredths, set for 10 + .ahead; fired when the count was
 * .counted. */
static void each_timer_has_its_reason(void **state)
{
	static const struct {
		int into, ahead;
		int64_t after; /* the edge of jiffy 10, in hundredths of a jiffy */
		int counted, due, set_for;
		uint32_t tid;
		enum timer_late late;
	} cases[] = {
		{0, 1, 200, 12, 200, 1, 5, TIMER_ON_TIME},
		{99, 1, 200, 12, 101, 1, 5, TIMER_ON_TIME},
		{50, 1, 207, 12, 150, 1, 0, TIMER_ON_TIME},
		{50, 1, 199, 11, 150, 1, 5, TIMER_ON_TIME}, /* the tick is known to microseconds */
		{50, 3, 400, 14, 350, 3, 5, TIMER_ON_TIME},
		{50, 1, 300, 13, 150, 1, 5, TIMER_EARLY_TICK},
		{50, 1, 300, 12, 150, 1, 0, TIMER_EARLY_TICK}, /* ahead of the count again */
		{50, 1, 240, 12, 150, 1, 5, TIMER_SOFTIRQ},
		{50, 1, 240, 12, 150, 1, 0, TIMER_IDLE_CPU},
		{50, 1, 340, 13, 150, 1, 0, TIMER_IDLE_CPU},
		{50, 1, 340, 13, 150, 1, 5, TIMER_NO_TICK},
		{50, 1, 500, 15, 150, 1, 5, TIMER_NO_TICK},
		{50, 1, 500, 15, 150, 1, 0, TIMER_IDLE_CPU},
		{50, 1, 340, 12, 150, 1, 5, TIMER_STALE_JIFFIES},
		{50, 1, 740, 14, 150, 1, 0, TIMER_STALE_JIFFIES},
		{50, 0, 100, 11, 50, 0, 5, TIMER_ON_TIME}, /* set by a count that was behind */
		{50, 1, 150, 11, 150, 1, 5, TIMER_LATE_UNKNOWN},
	};
	const struct tick tick = learned();

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		const struct armed_timer timer = {
			.armed_ns = EDGE(10) + cases[i].into * JIFFY_NS / 100,
			.expires = BASE + 10 + cases[i].ahead,
			.fired_ns = EDGE(10) + cases[i].after * JIFFY_NS / 100,
			.jiffies = BASE + cases[i].counted,
			.tid = cases[i].tid,
		};
		struct timer_story story;

		assert_true(timer_explain(&timer, &tick, &story));
		if (story.late != cases[i].late)
			fail_msg("case %zu: %s", i, timer_late_name(story.late));
		assert_int_equal(story.set_for, cases[i].set_for);
		assert_int_equal(100 * story.due + 0.5, cases[i].due);
		assert_int_equal(100 * story.took + 0.5, cases[i].after - cases[i].into);
		assert_int_equal(story.late_ns,
				 cases[i].after * JIFFY_NS / 100 - (1 + cases[i].ahead) * JIFFY_NS);
	}
}

static void every_reason_has_a_name_and_a_sentence(void **state)
{
	(void)state;
	for (int late = 0; late < TIMER_LATE_CNT; late++) {
		assert_true(*timer_late_name(late));
		assert_true(*timer_late_help(late));
	}
}

/* Us: jiffy 10 000 starts at 40 000. */
#define AT(jiffy) ((jiffy)*4000ULL)

static const struct segment *timed(const struct trace *trace, size_t skip)
{
	for (size_t i = 0; i < trace->stalls[0].stall.segments_cnt; i++) {
		const struct armed_timer *timer = segment_timer(&trace->stalls[0].segments[i]);

		if (timer && timer->fired_ns && !skip--)
			return &trace->stalls[0].segments[i];
	}
	return NULL;
}

static void the_segment_of_a_timer_has_its_records(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(AT(10) + 1000, 11, SRCU(1), GP(1), .val = 11),
		SLEEP(AT(11), AT(12) + 40, AT(12) + 50, 12, SRCU(1), .needed = DONE(1)),
		CALL(AT(11) - 10, AT(12) + 60, 12, 1, MEMSLOT, 1),
	};
	const struct row ends[] = {
		BORN(10, 1),
		START(AT(10) + 1000, 11, SRCU(1), GP(1), .val = 11),
		STEP(GP_QUEUE, AT(12), SRCU(1), GP(1), .tid = 0, .val = 12),
		STEP(GP_BEGIN, AT(12) + 10, SRCU(1), GP(1), .tid = 31),
		STEP(CB_QUEUE, AT(12) + 20, SRCU(1), DONE(1), .tid = 31, .val = 12),
		STEP(GP_END, AT(12) + 25, SRCU(1), DONE(1), .tid = 31),
		STEP(CB_BEGIN, AT(12) + 30, SRCU(1), DONE(1), .val = 1),
		SLEEP(AT(11), AT(12) + 40, AT(12) + 50, 12, SRCU(1), .needed = DONE(1)),
		CALL(AT(11) - 10, AT(12) + 60, 12, 1, MEMSLOT, 1),
	};
	const struct segment *seg;
	struct trace *trace = RUN(rows);

	(void)state;
	assert_null(timed(trace, 0)); /* nobody saw it fire */
	trace_free(trace);
	trace = RUN(ends);
	seg = timed(trace, 0);
	assert_non_null(seg);
	assert_int_equal(seg->cause, KS_CAUSE_GP_TIMER);
	assert_int_equal(seg->timer.armed_ns, TRACE_NS(AT(10) + 1000));
	assert_int_equal(seg->timer.expires, 11);
	assert_int_equal(seg->timer.fired_ns, TRACE_NS(AT(12)));
	assert_int_equal(seg->timer.jiffies, 12);
	assert_null(timed(trace, 1));
	trace_free(trace);
}

/* Is @seg the wait for a timer of callbacks, that was armed and fired then? */
static void assert_cb_timer(const struct segment *seg, uint64_t armed_ns, uint64_t expires,
			    uint64_t fired_ns)
{
	assert_non_null(seg);
	assert_int_equal(seg->cause, KS_CAUSE_CB_TIMER);
	assert_int_equal(seg->timer.armed_ns, armed_ns);
	assert_int_equal(seg->timer.expires, expires);
	assert_int_equal(seg->timer.fired_ns, fired_ns);
}

/* A normal grace period that followed another at once, and its callbacks: two timers. */
static void callbacks_have_a_timer_of_their_own(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(AT(10) + 1000, 12, SRCU(1), GP(1), .val = 11),
		STEP(GP_QUEUE, AT(12) + 8, SRCU(1), GP(1), .val = 12),
		STEP(GP_BEGIN, AT(12) + 10, SRCU(1), GP(1), .tid = 31),
		STEP(CB_ARM, AT(12) + 20, SRCU(1), DONE(1), .tid = 31, .val = 13),
		STEP(GP_END, AT(12) + 25, SRCU(1), DONE(1), .tid = 31),
		STEP(CB_QUEUE, AT(15) + 4, SRCU(1), DONE(1), .tid = 5, .val = 15),
		STEP(CB_BEGIN, AT(15) + 30, SRCU(1), DONE(1), .val = 1),
		SLEEP(AT(10) + 1010, AT(15) + 40, AT(15) + 50, 12, SRCU(1), .needed = DONE(1)),
		CALL(AT(10) + 900, AT(15) + 60, 12, 1, MEMSLOT, 1),
	};
	struct trace *trace = RUN(rows);
	const struct segment *seg = timed(trace, 1);

	(void)state;
	assert_cb_timer(seg, TRACE_NS(AT(12) + 20), 13, TRACE_NS(AT(15) + 4));
	assert_int_equal(seg->timer.tid, 5);
	trace_free(trace);
}

/*
 * Two CPUs' timers fire with one tick: the one of the callbacks has been taken off its list, and
 * has not queued them yet, when the next GP ends on the other CPU, and arms it again. What is
 * queued then is by the timer that was due; the one that was armed for a later tick goes on.
 */
static void a_timer_armed_while_the_last_one_fires_goes_on(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(AT(10) + 1000, 12, SRCU(1), GP(1), .val = 11),
		STEP(GP_QUEUE, AT(12) + 8, SRCU(1), GP(1), .val = 12),
		STEP(GP_BEGIN, AT(12) + 10, SRCU(1), GP(1), .tid = 31),
		STEP(CB_ARM, AT(12) + 20, SRCU(1), DONE(1), .tid = 31, .val = 13),
		STEP(GP_ARM, AT(12) + 22, SRCU(1), GP(2), .tid = 31, .val = 13),
		STEP(GP_END, AT(12) + 25, SRCU(1), GP(2), .tid = 31),
		STEP(GP_QUEUE, AT(14) + 8, SRCU(1), GP(2), .val = 14),
		STEP(GP_BEGIN, AT(14) + 9, SRCU(1), GP(2), .tid = 31),
		STEP(CB_ARM, AT(14) + 10, SRCU(1), DONE(2), .tid = 31, .val = 15),
		STEP(CB_QUEUE, AT(14) + 11, SRCU(1), DONE(2), .tid = 5, .val = 14),
		STEP(GP_END, AT(14) + 12, SRCU(1), DONE(2), .tid = 31),
		STEP(CB_BEGIN, AT(14) + 30, SRCU(1), DONE(2), .val = 1),
		STEP(CB_END, AT(14) + 40, SRCU(1), DONE(2)),
		STEP(CB_QUEUE, AT(16) + 4, SRCU(1), DONE(2), .tid = 5, .val = 16),
		STEP(CB_BEGIN, AT(16) + 30, SRCU(1), DONE(2), .val = 1),
		SLEEP(AT(14) + 1, AT(16) + 40, AT(16) + 50, 12, SRCU(1), .needed = DONE(2)),
		CALL(AT(14), AT(16) + 60, 12, 1, MEMSLOT, 1),
	};
	struct trace *trace = RUN(rows);
	const struct segment *seg = timed(trace, 2);

	(void)state;
	assert_string_equal(trace->stalls[0].account,
			    "run 1, gp-timer@2 7, kworker@2 1, gp-work@2 1, cb-timer@2 1, "
			    "kworker@2 19, gp-work@2 10, cb-timer@2 7964, kworker@2 26, "
			    "gp-work@2 10, wakeup 10, run 10");
	assert_cb_timer(seg, TRACE_NS(AT(14) + 10), 15, TRACE_NS(AT(16) + 4));
	trace_free(trace);
}

/*
 * Not each time that a timer queues the callbacks is reported, and they run all the same. Then none
 * is left: the next timer is the one that is armed next, 3.5 s later.
 */
static void a_timer_that_fired_unseen_is_over_when_the_callbacks_run(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(AT(10) + 1000, 12, SRCU(1), GP(1), .val = 11),
		STEP(GP_QUEUE, AT(12) + 8, SRCU(1), GP(1), .val = 12),
		STEP(GP_BEGIN, AT(12) + 10, SRCU(1), GP(1), .tid = 31),
		STEP(CB_ARM, AT(12) + 20, SRCU(1), DONE(1), .tid = 31, .val = 13),
		STEP(GP_END, AT(12) + 25, SRCU(1), DONE(1), .tid = 31),
		STEP(CB_BEGIN, AT(14) + 30, SRCU(1), DONE(1), .val = 1),
		STEP(CB_END, AT(14) + 40, SRCU(1), DONE(1)),
		START(AT(900) + 1000, 12, SRCU(1), GP(2), .val = 901),
		STEP(GP_QUEUE, AT(902) + 8, SRCU(1), GP(2), .val = 902),
		STEP(GP_BEGIN, AT(902) + 10, SRCU(1), GP(2), .tid = 31),
		STEP(CB_ARM, AT(902) + 20, SRCU(1), DONE(2), .tid = 31, .val = 903),
		STEP(GP_END, AT(902) + 25, SRCU(1), DONE(2), .tid = 31),
		STEP(CB_QUEUE, AT(904) + 4, SRCU(1), DONE(2), .tid = 5, .val = 904),
		STEP(CB_BEGIN, AT(904) + 30, SRCU(1), DONE(2), .val = 1),
		SLEEP(AT(900) + 1010, AT(904) + 40, AT(904) + 50, 12, SRCU(1), .needed = DONE(2)),
		CALL(AT(900) + 900, AT(904) + 60, 12, 1, MEMSLOT, 1),
	};
	struct trace *trace = RUN(rows);
	const struct segment *seg = timed(trace, 1);

	(void)state;
	assert_cb_timer(seg, TRACE_NS(AT(902) + 20), 903, TRACE_NS(AT(904) + 4));
	trace_free(trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_earliest_reading_is_where_the_tick_is),
		cmocka_unit_test(what_is_not_known_is_not_explained),
		cmocka_unit_test(each_timer_has_its_reason),
		cmocka_unit_test(every_reason_has_a_name_and_a_sentence),
		cmocka_unit_test(the_segment_of_a_timer_has_its_records),
		cmocka_unit_test(callbacks_have_a_timer_of_their_own),
		cmocka_unit_test(a_timer_armed_while_the_last_one_fires_goes_on),
		cmocka_unit_test(a_timer_that_fired_unseen_is_over_when_the_callbacks_run),
	};

	return cmocka_run_group_tests_name("timer", tests, NULL, NULL);
}
