// SPDX-License-Identifier: GPL-2.0-only
/* bpf/away.h: who was given a CPU, and no program has seen it, was away for a time that nobody
 * knows. */
#include "../../bpf/away.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_way_back_that_was_seen_is_not_missed),
		cmocka_unit_test(a_sleep_that_nobody_saw_end_is_missed_once),
		cmocka_unit_test(a_cpu_that_nobody_saw_come_back_is_missed_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
