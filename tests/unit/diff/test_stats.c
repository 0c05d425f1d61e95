// SPDX-License-Identifier: GPL-2.0-only
#include "diff/stats.h"

#include <math.h>

#include "unit.h"

#define VALUES_MAX 256

struct timing {
	uint64_t values[VALUES_MAX];
	size_t cnt;
};

static struct series series_of(const struct timing *sample)
{
	return (struct series){.values = sample->values, .cnt = sample->cnt};
}

static void assert_close(double value, double expected, double by)
{
	if (fabs(value - expected) > by)
		fail_msg("%.10g is not %.10g", value, expected);
}

static struct rank_test test_ranks(const struct timing *a, const struct timing *b)
{
	struct series x = series_of(a), y = series_of(b);
	struct rank_test test;

	assert_int_equal(stats_rank_test(&x, &y, &test), 0);
	return test;
}

static void medians_and_quantiles_are_order_statistics(void **state)
{
	const uint64_t odd[] = {1, 5, 9}, even[] = {1, 5, 8, 9};
	uint64_t hundred[100];

	(void)state;
	for (size_t i = 0; i < 100; i++)
		hundred[i] = 100 - i;
	stats_sort(hundred, 100);
	assert_close(stats_median(odd, 3), 5, 0);
	assert_close(stats_median(even, 4), 6.5, 0);
	assert_close(stats_median(odd, 1), 1, 0);
	assert_close(stats_median(odd, 0), 0, 0);
	assert_int_equal(stats_quantile(hundred, 100, 0.99), 99);
	assert_int_equal(stats_quantile(hundred, 100, 1), 100);
	assert_int_equal(stats_quantile(hundred, 100, 0), 1);
	assert_int_equal(stats_quantile(odd, 3, 0.99), 9);
	assert_int_equal(stats_quantile(odd, 0, 0.99), 0);
}

static void normal_tails_are_those_of_tables(void **state)
{
	(void)state;
	assert_close(stats_normal_tail(0), 0.5, 1e-12);
	assert_close(stats_normal_tail(1.959964), 0.025, 1e-7);
	assert_close(stats_normal_tail(-1.644854), 0.95, 1e-7);
	assert_close(stats_normal_quantile(0.025), 1.959964, 1e-6);
	assert_close(stats_normal_quantile(0.5), 0, 1e-9);
	assert_close(stats_normal_quantile(0.0005), 3.290527, 1e-6);
}

/* U, p and Cliff's delta of small tables. */
static const struct {
	const char *name;
	struct timing a, b;
	double u, p, by;
	bool is_exact;
} tables[] = {
	/* Hollander & Wolfe (1973), p. 69 (R's example of wilcox.test): W = 35, one-sided p =
	   0.1272. */
	{"permeability of the chorioamnion",
	 {{115, 88, 90, 74, 121}, 5},
	 {{80, 83, 189, 104, 145, 138, 191, 164, 73, 146}, 10},
	 35,
	 0.254412,
	 1e-6,
	 true},
	/* Aesop's race, as in Mann and Whitney's example: hares 1, 7-11 beat tortoises 25 times. */
	{"tortoises and hares",
	 {{1, 7, 8, 9, 10, 11}, 6},
	 {{2, 3, 4, 5, 6, 12}, 6},
	 11,
	 0.309524,
	 1e-6,
	 true},
	/* The tables' critical values, two-sided 0.05: U = 2 for 5 and 5; 16 for 8 and 8 is not. */
	{"5 and 5, U = 2", {{1, 2, 3, 4, 7}, 5}, {{5, 6, 8, 9, 10}, 5}, 23, 8.0 / 252, 1e-9, true},
	{"8 and 8, U = 16",
	 {{1, 2, 3, 4, 5, 6, 15, 16}, 8},
	 {{7, 8, 9, 10, 11, 12, 13, 14}, 8},
	 48,
	 0.104895,
	 1e-6,
	 true},
	{"all apart", {{1, 2, 3, 4, 5}, 5}, {{6, 7, 8, 9, 10}, 5}, 25, 2.0 / 252, 1e-12, true},
	{"one and one", {{1}, 1}, {{2}, 1}, 1, 1, 0, true},
	{"one and one alike", {{7}, 1}, {{7}, 1}, 0.5, 1, 0, false},
	{"all equal", {{4, 4, 4}, 3}, {{4, 4, 4, 4}, 4}, 6, 1, 0, false},
	{"identical", {{1, 2, 3, 4}, 4}, {{1, 2, 3, 4}, 4}, 8, 1, 0, false},
	{"nothing on one side", {{0}, 0}, {{1, 2}, 2}, 0, 1, 0, false},
	/* By hand: ties 2,2,2 and 3,3,3: variance 16/12 * (9 - 48/56) = 10.857, z = 4.5/3.295. */
	{"ties", {{1, 2, 2, 3}, 4}, {{2, 3, 3, 4}, 4}, 13, 0.172034, 1e-6, false},
};

static void rank_tests_agree_with_published_tables(void **state)
{
	(void)state;
	for (size_t i = 0; i < CNT(tables); i++) {
		struct rank_test test = test_ranks(&tables[i].a, &tables[i].b);
		double pairs = (double)tables[i].a.cnt * tables[i].b.cnt;

		print_message("%s: U %g p %.6f\n", tables[i].name, test.u, test.p);
		assert_close(test.u, tables[i].u, 1e-9);
		assert_close(test.p, tables[i].p, tables[i].by);
		assert_int_equal(test.is_exact, tables[i].is_exact);
		if (pairs > 0)
			assert_close(test.delta, 2 * tables[i].u / pairs - 1, 1e-9);
	}
}

static void sides_may_be_swapped(void **state)
{
	(void)state;
	for (size_t i = 0; i < CNT(tables); i++) {
		struct rank_test there = test_ranks(&tables[i].a, &tables[i].b);
		struct rank_test back = test_ranks(&tables[i].b, &tables[i].a);

		assert_close(there.p, back.p, 1e-12);
		assert_close(there.delta, -back.delta, 1e-12);
	}
}

/* Where exact and approximate meet they must agree, or one of them is wrong. */
static void the_approximation_meets_the_exact_test(void **state)
{
	struct timing a = {.cnt = 20}, b = {.cnt = 20}, c = {.cnt = 21};

	(void)state;
	for (size_t i = 0; i < 21; i++) {
		a.values[i] = 10 * i;
		b.values[i] = 10 * i + 35;
		c.values[i] = 10 * i + 35;
	}
	assert_true(test_ranks(&a, &b).is_exact);
	assert_false(test_ranks(&a, &c).is_exact);
	assert_close(test_ranks(&a, &b).p, 0.0859, 0.0001);
	assert_close(test_ranks(&a, &c).p, 0.06, 0.01);
}

/* No two sides of these sizes differ more than two that do not overlap. */
static void sides_apart_have_the_least_p(void **state)
{
	static const struct {
		size_t a, b;
		double p;
	} cases[] = {{2, 2, 2.0 / 6}, {5, 5, 2.0 / 252}, {1, 1, 1}, {0, 9, 1}};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		struct timing a = {.cnt = cases[i].a}, b = {.cnt = cases[i].b};

		for (size_t j = 0; j < a.cnt; j++)
			a.values[j] = 10 + j;
		for (size_t j = 0; j < b.cnt; j++)
			b.values[j] = 100 + j;
		assert_close(test_ranks(&a, &b).p, cases[i].p, 1e-12);
	}
}

static void holm_gives_the_textbook_values(void **state)
{
	double p[] = {0.01, 0.04, 0.03, 0.005}, one[] = {0.2}, large[] = {0.9, 0.8};
	const double expected[] = {0.03, 0.06, 0.06, 0.02};

	(void)state;
	assert_int_equal(stats_holm(p, 4), 0);
	for (size_t i = 0; i < 4; i++)
		assert_close(p[i], expected[i], 1e-12);
	assert_int_equal(stats_holm(one, 1), 0);
	assert_close(one[0], 0.2, 0);
	assert_int_equal(stats_holm(large, 2), 0);
	assert_close(large[0], 1, 0);
	assert_int_equal(stats_holm(NULL, 0), 0);
}

/* Noether (1987): (1.96 + 0.84)^2 / (6 * 0.25^2) = 20.9 a side. */
static void the_samples_needed_are_noethers(void **state)
{
	(void)state;
	assert_int_equal(stats_needed(0.05, 0.8, 0.75), 21);
	assert_int_equal(stats_needed(0.01, 0.8, 0.85), 16);
	assert_true(stats_needed(0.01 / 40, 0.8, 0.85) <= 31);
}

/* ---- the bootstrap ---- */

static uint64_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return *seed >> 33;
}

/* Long-tailed, like latencies: some microseconds, seldom many. */
static void fill(struct timing *sample, size_t cnt, uint64_t plus, uint64_t *seed)
{
	sample->cnt = cnt;
	for (size_t i = 0; i < cnt; i++) {
		uint64_t tail = next(seed) % 100;

		sample->values[i] = plus + 100000 + tail * tail * tail + next(seed) % 1000;
	}
}

static struct interval interval_of(const struct timing *a, const struct timing *b)
{
	struct series x = series_of(a), y = series_of(b);
	struct interval interval;

	assert_int_equal(stats_median_difference(&x, &y, 1, &interval), 0);
	return interval;
}

static void intervals_of_constants_are_their_difference(void **state)
{
	const struct timing a = {{5, 5, 5}, 3}, b = {{9, 9}, 2}, none = {.cnt = 0};

	(void)state;
	assert_close(interval_of(&a, &b).low, 4, 0);
	assert_close(interval_of(&a, &b).high, 4, 0);
	assert_close(interval_of(&a, &none).high, 0, 0);
}

static void intervals_are_the_same_every_time(void **state)
{
	struct timing a, b;
	uint64_t seed = 1;

	(void)state;
	fill(&a, 31, 0, &seed);
	fill(&b, 37, 0, &seed);
	assert_memory_equal(&(struct interval[]){interval_of(&a, &b)},
			    &(struct interval[]){interval_of(&a, &b)}, sizeof(struct interval));
}

static void intervals_hold_the_difference_19_times_of_20(void **state)
{
	uint64_t seed = 7;
	int held = 0;

	(void)state;
	for (int i = 0; i < 101; i++) {
		struct timing a, b;
		struct interval interval;

		fill(&a, 31, 0, &seed);
		fill(&b, 31, 50000, &seed);
		interval = interval_of(&a, &b);
		held += interval.low <= 50000 && interval.high >= 50000;
	}
	print_message("held in %d of 101\n", held);
	assert_within(held, 90, 101);
}

/* Regimes: what lasts for many calls is not as many pieces of evidence. */
static void neighbours_that_are_alike_are_drawn_together(void **state)
{
	struct timing mixed, regimes;
	struct series series;
	uint64_t seed = 3;

	(void)state;
	fill(&mixed, 64, 0, &seed);
	for (size_t i = 0; i < 64; i++)
		regimes.values[i] = (i / 16 % 2 ? 10000000 : 100000) + next(&seed) % 1000;
	regimes.cnt = 64;
	series = series_of(&mixed);
	assert_within(stats_block(&series), 1, 2);
	series = series_of(&regimes);
	assert_within(stats_block(&series), 5, 16);
	assert_true(interval_of(&regimes, &regimes).high > 5000000);
}

/* Two recordings that differ among themselves say less than one: its interval is wider. */
static void recordings_that_differ_widen_the_interval(void **state)
{
	struct timing a = {.cnt = 62}, b = {.cnt = 62};
	const size_t starts[] = {0, 31};
	struct series x, y;
	struct interval flat, clustered;
	uint64_t seed = 11;

	(void)state;
	for (size_t i = 0; i < 62; i++) {
		a.values[i] = (i < 31 ? 100000 : 300000) + next(&seed) % 1000;
		b.values[i] = (i < 31 ? 250000 : 500000) + next(&seed) % 1000;
	}
	x = series_of(&a);
	y = series_of(&b);
	x.starts = y.starts = starts;
	x.starts_cnt = y.starts_cnt = 2;
	assert_int_equal(stats_median_difference(&x, &y, 1, &clustered), 0);
	assert_true(clustered.low < 0);
	flat = interval_of(&a, &a);
	assert_true(flat.low <= 0 && flat.high >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(medians_and_quantiles_are_order_statistics),
		cmocka_unit_test(normal_tails_are_those_of_tables),
		cmocka_unit_test(rank_tests_agree_with_published_tables),
		cmocka_unit_test(sides_may_be_swapped),
		cmocka_unit_test(the_approximation_meets_the_exact_test),
		cmocka_unit_test(sides_apart_have_the_least_p),
		cmocka_unit_test(holm_gives_the_textbook_values),
		cmocka_unit_test(the_samples_needed_are_noethers),
		cmocka_unit_test(intervals_of_constants_are_their_difference),
		cmocka_unit_test(intervals_are_the_same_every_time),
		cmocka_unit_test(intervals_hold_the_difference_19_times_of_20),
		cmocka_unit_test(neighbours_that_are_alike_are_drawn_together),
		cmocka_unit_test(recordings_that_differ_widen_the_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
