// SPDX-License-Identifier: GPL-2.0-only
/* bpf/place.h: which CPU kept a task waiting that has another one now. */
#include "../../../bpf/place.h"

#include "unit.h"

/* It wanted a CPU from 1000 to 2000, and has moved from CPU 0 to CPU 1 so often. */
static int wanted_after(uint32_t moves, uint64_t queued)
{
	const struct place then = {.cpu = 0, .moves = 307}, now = {.cpu = 1, .moves = 307 + moves};

	return place_wanted(&then, &now, 1000, queued, 2000);
}

static void who_did_not_move_wanted_the_cpu_that_it_got(void **state)
{
	(void)state;
	assert_int_equal(wanted_after(0, 1003), 1);
	assert_int_equal(wanted_after(0, 1900), 1);
	assert_int_equal(wanted_after(0, 0), 1);
}

/* The scheduler chose that CPU when it was woken. */
static void who_was_queued_for_the_better_part_wanted_the_cpu_that_it_got(void **state)
{
	(void)state;
	assert_int_equal(wanted_after(1, 1003), 1);
	assert_int_equal(wanted_after(1, 1500), 1);
	assert_int_equal(wanted_after(2, 1500), 1);
	/* since before it was woken, by another clock */
	assert_int_equal(wanted_after(1, 997), 1);
}

static void who_was_taken_from_a_queue_wanted_the_cpu_before(void **state)
{
	(void)state;
	assert_int_equal(wanted_after(1, 1501), 0);
	assert_int_equal(wanted_after(1, 2000), 0);
}

static void of_two_queues_nothing_says_which(void **state)
{
	const struct place nowhere = {.cpu = (uint32_t)PLACE_UNKNOWN}, now = {.cpu = 1, .moves = 1};

	(void)state;
	assert_int_equal(wanted_after(2, 1501), PLACE_UNKNOWN);
	assert_int_equal(wanted_after(7, 1999), PLACE_UNKNOWN);
	assert_int_equal(place_wanted(&nowhere, &now, 1000, 1900, 2000), PLACE_UNKNOWN);
}

/* Without CONFIG_SCHED_INFO. */
static void where_the_queue_is_not_known_it_is_the_cpu_that_it_got(void **state)
{
	(void)state;
	assert_int_equal(wanted_after(1, 0), 1);
}

/* 32 bits of them. */
static void moves_may_wrap(void **state)
{
	const struct place then = {.cpu = 3, .moves = UINT32_MAX}, now = {.cpu = 1};

	(void)state;
	assert_int_equal(place_wanted(&then, &now, 1000, 1900, 2000), 3);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_did_not_move_wanted_the_cpu_that_it_got),
		cmocka_unit_test(who_was_queued_for_the_better_part_wanted_the_cpu_that_it_got),
		cmocka_unit_test(who_was_taken_from_a_queue_wanted_the_cpu_before),
		cmocka_unit_test(of_two_queues_nothing_says_which),
		cmocka_unit_test(where_the_queue_is_not_known_it_is_the_cpu_that_it_got),
		cmocka_unit_test(moves_may_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
