// SPDX-License-Identifier: GPL-2.0-only
/* Who had a CPU for longest while somebody wanted it, as the BPF side keeps it. */
#include "../../../bpf/turns.h"

#include "unit.h"

#define US(n) ((n)*1000ULL)

/* Thread @tid has the CPU from the last turn's end until @until_us. */
static void take_turn(struct turns *turns, uint64_t until_us, uint32_t tid)
{
	turns->tid = tid;
	turns_end(turns, tid, 0, 0, US(until_us));
}

/* Of whoever has the CPU from the last turn's end on. */
static int longest_since(const struct turns *turns, uint64_t since_us)
{
	int which = turns_longest(turns, US(since_us), turns->since_ns);

	return which < 0 ? -1 : (int)turns->list[which].tid;
}

static void the_longest_is_named_and_not_the_last(void **state)
{
	struct turns turns = {0};

	(void)state;
	assert_int_equal(longest_since(&turns, 0), -1);
	take_turn(&turns, 1000, 11); /* since when it had the CPU is not known */
	take_turn(&turns, 8000, 12);
	take_turn(&turns, 8010, 13);
	take_turn(&turns, 8200, 14);
	assert_int_equal(longest_since(&turns, 1000), 12);
	/* only what is left of a turn counts */
	assert_int_equal(longest_since(&turns, 7900), 14);
	assert_int_equal(longest_since(&turns, 8200), -1);
}

static void a_moment_of_another_does_not_end_a_turn(void **state)
{
	struct turns turns = {.since_ns = US(1000)};

	(void)state;
	take_turn(&turns, 4500, 12);
	take_turn(&turns, 4510, 18);
	take_turn(&turns, 8000, 12);
	take_turn(&turns, 13000, 14);
	assert_int_equal(longest_since(&turns, 1000), 12);
	assert_int_equal(longest_since(&turns, 4000), 14);
	take_turn(&turns, 13100, 12);
	take_turn(&turns, 19000, 14);
	assert_int_equal(longest_since(&turns, 1000), 12);
}

static void short_turns_are_nobodys(void **state)
{
	struct turns turns = {.since_ns = US(1000)};

	(void)state;
	for (uint64_t us = 1050; us < 2000; us += 50)
		take_turn(&turns, us, 11);
	assert_int_equal(longest_since(&turns, 1000), -1);
	take_turn(&turns, 2049, 12);
	assert_int_equal(longest_since(&turns, 1000), -1);
	take_turn(&turns, 2149, 13);
	assert_int_equal(longest_since(&turns, 1000), 13);
}

static void idle_is_a_turn_too(void **state)
{
	struct turns turns = {.since_ns = US(1000)};

	(void)state;
	take_turn(&turns, 9000, 0);
	take_turn(&turns, 9200, 12);
	assert_int_equal(longest_since(&turns, 1000), 0);
}

/* Who waited meanwhile, did so on another CPU, which was not idle. */
static void an_idle_cpu_is_nobodys_if_it_was_so_for_half_of_the_wait(void **state)
{
	struct turns turns = {.since_ns = US(1000)};

	(void)state;
	take_turn(&turns, 3000, 11);
	take_turn(&turns, 10000, 0);
	take_turn(&turns, 11000, 12);
	assert_int_equal(longest_since(&turns, 1000), 0);
	take_turn(&turns, 16000, 13);
	assert_int_equal(longest_since(&turns, 3000), 0);
	assert_int_equal(longest_since(&turns, 1000), 13);
	assert_int_equal(longest_since(&turns, 9000), 13);
	/* nobody's, and others had it for moments */
	turns = (struct turns){.since_ns = US(1000)};
	take_turn(&turns, 3000, 0);
	for (uint64_t us = 3050; us < 7000; us += 50)
		take_turn(&turns, us, 11);
	assert_int_equal(longest_since(&turns, 1000), -1);
}

/* What happened while there was no call was not seen. */
static void a_turn_begins_with_the_first_call_at_the_earliest(void **state)
{
	struct turns turns = {.since_ns = US(1000)};
	struct turn *turn;

	(void)state;
	turn = turns_end(&turns, 11, 12, US(7000), US(7500));
	assert_non_null(turn);
	assert_true(turn->from_ns == US(7000) && turn->until_ns == US(7500));
	assert_null(turns_end(&turns, 12, 12, US(8000), US(8050)));
	/* another CPU's call began after this CPU's time was read */
	assert_null(turns_end(&turns, 12, 12, US(9000), US(8999)));
}

/* The CPU was 12's, and then 13's, which was not seen to get it: either may have had it for longer.
 */
static void a_turn_whose_begin_was_not_seen_is_nobodys(void **state)
{
	struct turns turns = {.since_ns = US(1000), .tid = 11};

	(void)state;
	assert_non_null(turns_end(&turns, 11, 12, 0, US(2000)));
	assert_non_null(turns_end(&turns, 13, 14, 0, US(9000)));
	assert_int_equal(longest_since(&turns, 2000), 0);
	turns_end(&turns, 14, 0, 0, US(18000));
	assert_int_equal(longest_since(&turns, 2000), 14);
}

static void of_many_the_last_are_kept(void **state)
{
	struct turns turns = {.since_ns = US(1000)};

	(void)state;
	take_turn(&turns, 9000, 11);
	for (uint64_t i = 0; i < TURNS_MAX - 1; i++)
		take_turn(&turns, 9200 + 200 * i, 12);
	assert_int_equal(longest_since(&turns, 1000), 11);
	take_turn(&turns, 20000, 13);
	assert_int_equal(longest_since(&turns, 1000), 13);
	take_turn(&turns, 20200, 14);
	assert_int_equal(longest_since(&turns, 20000), 14);
}

/* Of a CPU that a task has left: until then, and with whoever has it still. */
static void the_turn_that_goes_on_counts_on_another_cpu(void **state)
{
	struct turns turns = {0};

	(void)state;
	assert_int_equal(turns_longest(&turns, US(1000), US(9000)), -1);
	turns.since_ns = US(1000);
	take_turn(&turns, 4000, 11);
	turns.tid = 12;
	assert_int_equal(turns_longest(&turns, US(2000), US(9000)), TURN_OPEN);
	assert_int_equal(turns_longest(&turns, US(2000), US(5000)), 0);
	assert_int_equal(turns_longest(&turns, US(2000), US(3000)), 0);
	assert_int_equal(turns_longest(&turns, US(4000), US(4099)), -1);
	assert_int_equal(turns_longest(&turns, US(4000), US(4100)), TURN_OPEN);
	/* it began later than what is asked for */
	assert_int_equal(turns_longest(&turns, US(100), US(900)), -1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_is_named_and_not_the_last),
		cmocka_unit_test(a_moment_of_another_does_not_end_a_turn),
		cmocka_unit_test(short_turns_are_nobodys),
		cmocka_unit_test(idle_is_a_turn_too),
		cmocka_unit_test(an_idle_cpu_is_nobodys_if_it_was_so_for_half_of_the_wait),
		cmocka_unit_test(a_turn_begins_with_the_first_call_at_the_earliest),
		cmocka_unit_test(a_turn_whose_begin_was_not_seen_is_nobodys),
		cmocka_unit_test(of_many_the_last_are_kept),
		cmocka_unit_test(the_turn_that_goes_on_counts_on_another_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
