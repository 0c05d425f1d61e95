// SPDX-License-Identifier: GPL-2.0-only
#include "metrics/hist.h"

#include <math.h>

#include "unit.h"

static size_t bucket_of(uint64_t ns)
{
	struct hist hist = {0};
	size_t bucket = 0;

	hist_observe(&hist, ns, NULL);
	while (!hist.buckets[bucket])
		bucket++;
	return bucket;
}

static int native_of(uint64_t ns)
{
	struct hist hist = {0};
	int slot = 0;

	hist_observe(&hist, ns, NULL);
	while (!hist.native[slot])
		slot++;
	return HIST_NATIVE_FIRST + slot;
}

static void bounds_are_1_2_5_of_each_decade(void **state)
{
	static const uint64_t us[] = {10,     20,      50,	100,	 200,	  500,	  1000,
				      2000,   5000,    10000,	20000,	 50000,	  100000, 200000,
				      500000, 1000000, 2000000, 5000000, 10000000};

	(void)state;
	assert_int_equal(CNT(us), HIST_BOUNDS_CNT);
	for (size_t i = 0; i < CNT(us); i++)
		assert_int_equal(hist_bound_ns(i), us[i] * 1000);
	assert_true(hist_bound_ns(HIST_BOUNDS_CNT) == UINT64_MAX);
}

static void a_value_at_a_seam_is_in_the_bucket_below(void **state)
{
	(void)state;
	assert_int_equal(bucket_of(0), 0);
	for (size_t i = 0; i < HIST_BOUNDS_CNT; i++) {
		assert_int_equal(bucket_of(hist_bound_ns(i) - 1), i);
		assert_int_equal(bucket_of(hist_bound_ns(i)), i);
		assert_int_equal(bucket_of(hist_bound_ns(i) + 1), i + 1);
	}
	assert_int_equal(bucket_of(UINT64_MAX), HIST_BOUNDS_CNT);
}

/* Powers of two are exact in both ways of writing them. */
static void a_native_seam_is_in_the_bucket_below(void **state)
{
	(void)state;
	assert_int_equal(native_of(1000000000), 0);
	assert_int_equal(native_of(1000000001), 1);
	assert_int_equal(native_of(500000000), -8);
	assert_int_equal(native_of(500000001), -7);
	assert_int_equal(native_of(250000000), -16);
	assert_int_equal(native_of(2000000000), 8);
}

static void every_value_lies_between_its_native_bounds(void **state)
{
	(void)state;
	for (uint64_t ns = 31; ns < 10000000000000ULL; ns += ns / 7 + 1) {
		int index = native_of(ns);

		if (ns / 1e9 > pow(2, index / 8.0) || ns / 1e9 <= pow(2, (index - 1) / 8.0))
			fail_msg("%llu ns is not in bucket %d", (unsigned long long)ns, index);
	}
}

static void observations_are_counted_once_in_both(void **state)
{
	static const uint64_t values[] = {0,	 1,	   9999,	10000,
					  10001, 25180000, 10000000001, UINT64_MAX / 2};
	struct hist hist = {0};
	uint64_t classic = 0, native = 0;

	(void)state;
	for (size_t i = 0; i < CNT(values); i++)
		hist_observe(&hist, values[i], NULL);
	for (size_t i = 0; i < HIST_BUCKETS_CNT; i++)
		classic += hist.buckets[i];
	for (size_t i = 0; i < HIST_NATIVE_CNT; i++)
		native += hist.native[i];
	assert_int_equal(classic, CNT(values));
	assert_int_equal(native + hist.zeros, CNT(values));
	assert_int_equal(hist.cnt, CNT(values));
	assert_int_equal(hist.buckets[0], 4);
	assert_int_equal(hist.buckets[HIST_BOUNDS_CNT], 2);
	assert_null(hist.exemplars);
	hist_fini(&hist);
}

static void the_newest_exemplar_of_a_bucket_stays(void **state)
{
	const struct exemplar first = {.ns = 15000, .ts_ns = 1, .vm = "one"};
	const struct exemplar second = {.ns = 16000, .ts_ns = 2, .vm = "two"};
	struct hist hist = {0};

	(void)state;
	hist_observe(&hist, first.ns, &first);
	hist_observe(&hist, second.ns, &second);
	assert_string_equal(hist.exemplars[1].vm, "two");
	assert_int_equal(hist.exemplars[0].ts_ns, 0);
	hist_fini(&hist);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds_are_1_2_5_of_each_decade),
		cmocka_unit_test(a_value_at_a_seam_is_in_the_bucket_below),
		cmocka_unit_test(a_native_seam_is_in_the_bucket_below),
		cmocka_unit_test(every_value_lies_between_its_native_bounds),
		cmocka_unit_test(observations_are_counted_once_in_both),
		cmocka_unit_test(the_newest_exemplar_of_a_bucket_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
