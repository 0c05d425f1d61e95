// SPDX-License-Identifier: GPL-2.0-only
#include "output/storm.h"

#include <string.h>

#include "unit.h"

#define MS 1000000ULL

struct seen_storms {
	struct storm last;
	size_t cnt, over;
};

static void on_storm(void *ctx, const struct storm *storm)
{
	struct seen_storms *seen = ctx;

	seen->last = *storm;
	seen->cnt++;
	seen->over += storm->is_over;
}

/* A call on VM @id that ends at @end_ns. */
static bool add(struct storms *storms, uint32_t id, enum call_id call, uint64_t end_ns, uint64_t ns)
{
	const struct ks_call rec = {.head = {.ts_ns = end_ns, .tid = 12}};
	const struct vm vm = {.id = id};

	return storms_add(storms, &(struct stall){.rec = &rec,
						  .vm = &vm,
						  .call = call,
						  .begin_ns = end_ns - ns,
						  .latency_ns = ns,
						  .by_cause = {[KS_CAUSE_RUN] = ns}});
}

/* C7: 520 routes, each shorter than --min, 80 ms together. */
static void many_short_calls_are_one_line(void **state)
{
	struct seen_storms seen = {.cnt = 0};
	struct storms storms;

	(void)state;
	storms_init(&storms, MS, on_storm, &seen);
	for (uint64_t i = 1; i <= 521; i++)
		add(&storms, 1, CALL_SET_GSI_ROUTING, i * MS, i % 2 ? 100000 : 200000);
	assert_int_equal(seen.cnt, 0);
	storms_tick(&storms, 1500 * MS);
	assert_int_equal(seen.cnt, 0);
	storms_tick(&storms, 1522 * MS);
	assert_int_equal(seen.cnt, 1);
	assert_true(seen.last.is_over);
	assert_int_equal(seen.last.cnt, 521);
	assert_int_equal(seen.last.sum_ns, 261 * 100000 + 260 * 200000);
	assert_int_equal(seen.last.max_ns, 200000);
	assert_int_equal(seen.last.by_cause[KS_CAUSE_RUN], seen.last.sum_ns);
	assert_within(storm_median_ns(&seen.last), 96000, 104000);
	storms_end(&storms);
	assert_int_equal(seen.cnt, 1);
	storms_fini(&storms);
}

static void a_few_calls_or_short_ones_are_no_storm(void **state)
{
	struct seen_storms seen = {.cnt = 0};
	struct storms storms;

	(void)state;
	storms_init(&storms, MS, on_storm, &seen);
	for (uint64_t i = 1; i < STORM_CALLS; i++)
		assert_false(add(&storms, 1, CALL_IRQFD, i * 5 * MS, 5 * MS));
	for (uint64_t i = 1; i <= 101; i++) /* 9.9 ms of 10 */
		assert_false(add(&storms, 2, CALL_IRQFD, i * MS, 98019));
	for (uint64_t i = 1; i <= 101; i++) /* each is after the others are forgotten */
		assert_false(add(&storms, 3, CALL_IRQFD, i * 1102 * MS, 100 * MS));
	storms_end(&storms);
	assert_int_equal(seen.cnt, 0);
	storms_fini(&storms);
}

/* C6: lines that are alike are one; what stands out has its own. */
static void what_is_part_of_a_storm_needs_no_line_but_when_it_is_as_long_as_one(void **state)
{
	struct seen_storms seen = {.cnt = 0};
	struct storms storms;
	size_t lines = 0;

	(void)state;
	storms_init(&storms, MS, on_storm, &seen);
	for (uint64_t i = 1; i <= 521; i++)
		lines += !add(&storms, 1, CALL_IRQFD, 1000 * MS + i * 1000,
			      i == 211	 ? 83 * MS
			      : i == 401 ? 83 * MS /* of 2.1 s by then: as the others */
					 : 5 * MS);
	assert_int_equal(lines, STORM_CALLS - 1 + 1);
	storms_end(&storms);
	assert_int_equal(seen.last.cnt, 521);
	storms_fini(&storms);
}

/* On a busy host many are as long: each that is longer than all before has a line. */
static void of_a_storms_calls_that_are_all_long_only_the_longest_stand_out(void **state)
{
	struct seen_storms seen = {.cnt = 0};
	struct storms storms;
	size_t lines = 0;

	(void)state;
	storms_init(&storms, MS, on_storm, &seen);
	for (uint64_t i = 1; i <= 521; i++)
		lines += !add(&storms, 1, CALL_SET_GSI_ROUTING, 1000 * MS + i * 1000,
			      i <= 13 || i > 43 ? MS / 10
			      : i == 31		? 83 * MS
						: 23 * MS - i);
	assert_int_equal(lines, 13 + 2);
	storms_fini(&storms);
}

/* 520 irqfds of one VM, each shut down by a kworker that nobody waits for: one has a line. */
static void what_nobody_waits_for_is_one_line_from_the_second_on(void **state)
{
	struct seen_storms seen = {.cnt = 0};
	struct storms storms;
	size_t lines = 0;

	(void)state;
	storms_init(&storms, MS, on_storm, &seen);
	for (uint64_t i = 1; i <= 521; i++)
		lines += !add(&storms, 1, CALL_FN_IRQFD_SHUTDOWN, 1000 * MS + i * 1000, 127 * MS);
	assert_int_equal(lines, 1);
	for (uint64_t i = 1; i <= 2; i++)
		lines += !add(&storms, 2, CALL_FN_IRQFD_SHUTDOWN, 1000 * MS + i * 1000, i * MS);
	assert_int_equal(lines, 2);
	/* none of these has a line, so nor has their sum */
	for (uint64_t i = 1; i <= 521; i++)
		lines += !add(&storms, 3, CALL_FN_IRQFD_SHUTDOWN, 1000 * MS + i * 1000, MS - 1);
	assert_int_equal(lines, 2 + 521);
	storms_end(&storms);
	assert_int_equal(seen.cnt, 2);
	storms_fini(&storms);
}

static void a_storm_that_goes_on_is_reported_at_doubling_intervals(void **state)
{
	struct seen_storms seen = {.cnt = 0};
	struct storms storms;

	(void)state;
	storms_init(&storms, MS, on_storm, &seen);
	for (uint64_t i = 1; i <= 10007; i++) /* ten seconds */
		add(&storms, 1, CALL_SET_USER_MEMORY_REGION, i * MS, MS / 2);
	assert_int_equal(seen.cnt, 4); /* after 1, 2, 4 and 8 s */
	assert_int_equal(seen.over, 0);
	storms_end(&storms);
	assert_int_equal(seen.cnt, 5);
	assert_int_equal(seen.over, 1);
	assert_int_equal(seen.last.cnt, 10007);
	storms_fini(&storms);
}

static void calls_of_other_kinds_and_vms_are_other_storms(void **state)
{
	struct seen_storms seen = {.cnt = 0};
	struct storms storms;

	(void)state;
	storms_init(&storms, MS, on_storm, &seen);
	for (uint64_t i = 1; i <= 1009; i++) {
		add(&storms, i % 2, CALL_IRQFD, i * MS, MS);
		add(&storms, i % 2, CALL_IOEVENTFD, i * MS, MS);
	}
	storms_end(&storms);
	assert_int_equal(seen.over, 4);
	storms_fini(&storms);
}

static void medians_of_all_sizes_are_right_to_a_thirtysecond(void **state)
{
	(void)state;
	for (uint64_t ns = 1; ns < UINT64_MAX / 3; ns = ns * 3 + 1) {
		struct seen_storms seen = {.cnt = 0};
		struct storms storms;
		uint64_t median;

		storms_init(&storms, 1, on_storm, &seen);
		for (int i = 0; i < STORM_CALLS; i++)
			add(&storms, 1, CALL_IRQFD, ns, ns);
		storms_end(&storms);
		if (ns * STORM_CALLS < 10)
			continue;
		median = storm_median_ns(&seen.last);
		assert_true(median >= ns - ns / 32 && median <= ns + ns / 32);
		storms_fini(&storms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_short_calls_are_one_line),
		cmocka_unit_test(a_few_calls_or_short_ones_are_no_storm),
		cmocka_unit_test(
			what_is_part_of_a_storm_needs_no_line_but_when_it_is_as_long_as_one),
		cmocka_unit_test(of_a_storms_calls_that_are_all_long_only_the_longest_stand_out),
		cmocka_unit_test(what_nobody_waits_for_is_one_line_from_the_second_on),
		cmocka_unit_test(a_storm_that_goes_on_is_reported_at_doubling_intervals),
		cmocka_unit_test(calls_of_other_kinds_and_vms_are_other_storms),
		cmocka_unit_test(medians_of_all_sizes_are_right_to_a_thirtysecond),
	};

	return cmocka_run_group_tests_name("storm", tests, NULL, NULL);
}
