// SPDX-License-Identifier: GPL-2.0-only
/* bpf/wake.h: many calls that end at once wake the reader once. */
#include "../../../bpf/wake.h"

#include "unit.h"

#define PAUSE_NS 10000000

static void the_first_call_wakes_and_those_right_after_it_do_not(void **state)
{
	const __u64 start_ns = 1000 * (__u64)PAUSE_NS;
	__u64 woken_ns = 0;
	int wakes = 0;

	(void)state;
	/* 1009 calls, 30 us from one to the next: four pauses */
	for (__u64 i = 0; i < 1009; i++)
		wakes += wake_is_due(&woken_ns, start_ns + i * 30000, PAUSE_NS);
	assert_int_equal(wakes, 4);
}

static void one_that_comes_a_pause_later_wakes_again(void **state)
{
	__u64 woken_ns = 7;

	(void)state;
	assert_false(wake_is_due(&woken_ns, 7 + PAUSE_NS - 1, PAUSE_NS));
	assert_true(wake_is_due(&woken_ns, 7 + PAUSE_NS, PAUSE_NS));
	assert_int_equal(woken_ns, 7 + PAUSE_NS);
}

static void a_clock_that_is_behind_makes_one_too_many(void **state)
{
	__u64 woken_ns = 2 * (__u64)PAUSE_NS;

	(void)state;
	assert_true(wake_is_due(&woken_ns, 2 * (__u64)PAUSE_NS - 5, PAUSE_NS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_call_wakes_and_those_right_after_it_do_not),
		cmocka_unit_test(one_that_comes_a_pause_later_wakes_again),
		cmocka_unit_test(a_clock_that_is_behind_makes_one_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
