// SPDX-License-Identifier: GPL-2.0-only
/* bpf/away.h: who was given a CPU, and no program has seen it, was away for a time that nobody
 * knows. */
#include "../../../bpf/away.h"

#include "unit.h"

static void a_way_back_that_was_seen_is_not_missed(void **state)
{
	struct away away = {.off_ns = 7};

	(void)state;
	away.off_ns = 0;
	assert_false(away_missed(&away));
}

static void a_sleep_that_nobody_saw_end_is_missed_once(void **state)
{
	struct away away = {.off_ns = 7};

	(void)state;
	assert_true(away_missed(&away));
	assert_false(away_missed(&away));
	assert_int_equal(away.off_ns, 0);
}

static void a_cpu_that_nobody_saw_come_back_is_missed_once(void **state)
{
	struct away away = {.ready_ns = 7};

	(void)state;
	assert_true(away_missed(&away));
	assert_false(away_missed(&away));
	assert_int_equal(away.ready_ns, 0);
}

static void a_wake_up_is_that_of_the_sleep_before_it(void **state)
{
	struct away away = {0};

	(void)state;
	away_sleeps(&away, 7);
	assert_true(away_wakes(&away, false, 11));
	assert_false(away_wakes(&away, false, 13));
	away_returns(&away);
	assert_true(away.off_ns == 7 && away.wake_ns == 11);
}

/* 6.1, beside an emulated CPU: sched_waking, then the sleeper's sched_switch. */
static void who_is_woken_on_its_way_off_the_cpu_slept_for_a_moment(void **state)
{
	struct away away = {0};

	(void)state;
	assert_true(away_wakes(&away, true, 5));
	away_sleeps(&away, 7);
	assert_int_equal(away.wake_ns, 0);
	away_returns(&away);
	assert_true(away.off_ns == 7 && away.wake_ns == 7);
	/* and the next sleep is another */
	assert_true(away_missed(&away));
	away_sleeps(&away, 19);
	away_returns(&away);
	assert_int_equal(away.wake_ns, 0);
}

/* It had not left its run queue: it goes on. */
static void who_runs_is_not_woken(void **state)
{
	struct away away = {0};

	(void)state;
	assert_false(away_wakes(&away, false, 5));
	away_sleeps(&away, 7);
	away_returns(&away);
	assert_int_equal(away.wake_ns, 0);
}

/* It was picked again before it had left its CPU, so no sleep came of it. */
static void a_second_wake_up_says_that_the_first_was_none(void **state)
{
	struct away away = {0};

	(void)state;
	assert_true(away_wakes(&away, true, 5));
	away_sleeps(&away, 70);
	assert_true(away_wakes(&away, false, 110));
	away_returns(&away);
	assert_true(away.off_ns == 70 && away.wake_ns == 110);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_way_back_that_was_seen_is_not_missed),
		cmocka_unit_test(a_sleep_that_nobody_saw_end_is_missed_once),
		cmocka_unit_test(a_cpu_that_nobody_saw_come_back_is_missed_once),
		cmocka_unit_test(a_wake_up_is_that_of_the_sleep_before_it),
		cmocka_unit_test(who_is_woken_on_its_way_off_the_cpu_slept_for_a_moment),
		cmocka_unit_test(who_runs_is_not_woken),
		cmocka_unit_test(a_second_wake_up_says_that_the_first_was_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
