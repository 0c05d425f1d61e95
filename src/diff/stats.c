// SPDX-License-Identifier: GPL-2.0-only
#include "diff/stats.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define RESAMPLES 2000
#define TAIL	  0.025 /* on either side of a 95 % interval */

/* ---- order ---- */

static int compare_values(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

void stats_sort(uint64_t *values, size_t cnt)
{
	if (cnt)
		qsort(values, cnt, sizeof(*values), compare_values);
}

double stats_median(const uint64_t *sorted, size_t cnt)
{
	if (!cnt)
		return 0;
	return cnt % 2 ? sorted[cnt / 2] : (sorted[cnt / 2 - 1] + (double)sorted[cnt / 2]) / 2;
}

uint64_t stats_quantile(const uint64_t *sorted, size_t cnt, double share)
{
	size_t rank = ceil(share * cnt);

	if (!cnt)
		return 0;
	return sorted[rank < 1 ? 0 : rank > cnt ? cnt - 1 : rank - 1];
}

static uint64_t *sorted_copy(const struct series *series)
{
	uint64_t *copy = malloc((series->cnt + 1) * sizeof(*copy));

	if (!copy)
		return NULL;
	if (series->cnt)
		memcpy(copy, series->values, series->cnt * sizeof(*copy));
	stats_sort(copy, series->cnt);
	return copy;
}

/* ---- the normal distribution ---- */

double stats_normal_tail(double z)
{
	return erfc(z / M_SQRT2) / 2;
}

/* The tail falls all the way, so halving finds it; sixty halvings are all that a double holds. */
double stats_normal_quantile(double p)
{
	double low = -40, high = 40;

	for (int i = 0; i < 60; i++) {
		double middle = (low + high) / 2;

		if (stats_normal_tail(middle) > p)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

/* ---- Mann and Whitney ---- */

/* How often each value of both sides occurs: what ties do to the variance of U. */
struct tally {
	double u;
	double ties; /* sum of t^3 - t */
};

static size_t run_length(const uint64_t *sorted, size_t cnt, size_t from, uint64_t value)
{
	size_t end = from;

	while (end < cnt && sorted[end] == value)
		end++;
	return end - from;
}

static struct tally tally_pairs(const uint64_t *a, size_t a_cnt, const uint64_t *b, size_t b_cnt)
{
	struct tally tally = {0};
	size_t i = 0, j = 0;

	while (i < a_cnt || j < b_cnt) {
		uint64_t value = j >= b_cnt || (i < a_cnt && a[i] < b[j]) ? a[i] : b[j];
		size_t in_a = run_length(a, a_cnt, i, value), in_b = run_length(b, b_cnt, j, value);
		double equal = in_a + in_b;

		tally.u += in_b * (i + in_a / 2.0);
		tally.ties += equal * equal * equal - equal;
		i += in_a;
		j += in_b;
	}
	return tally;
}

/*
 * In how many of the choose(a + b, a) orders U is each of 0 ... a * b: the coefficients of Gauss'
 * binomial, as a product of (1 - x^(b + i)) / (1 - x^i). All are integers below 2^53.
 */
static void count_orders(double *orders, size_t a, size_t b)
{
	size_t top = a * b;

	memset(orders, 0, (top + 1) * sizeof(*orders));
	orders[0] = 1;
	for (size_t i = 1; i <= a; i++) {
		for (size_t u = top; u >= b + i; u--)
			orders[u] -= orders[u - b - i];
		for (size_t u = i; u <= top; u++)
			orders[u] += orders[u - i];
	}
}

static double exact_p(double u, size_t a, size_t b)
{
	double orders[STATS_EXACT_MAX * STATS_EXACT_MAX + 1], all = 0, tail = 0;
	double least = u < a * b - u ? u : a * b - u;

	count_orders(orders, a, b);
	for (size_t i = 0; i <= a * b; i++) {
		all += orders[i];
		if (i <= least)
			tail += orders[i];
	}
	return fmin(1, 2 * tail / all);
}

static double normal_p(const struct tally *tally, double a, double b)
{
	double n = a + b, off = fabs(tally->u - a * b / 2) - 0.5;
	double variance = a * b / 12 * (n + 1 - tally->ties / (n * (n - 1)));

	if (variance <= 0 || off <= 0)
		return 1;
	return fmin(1, 2 * stats_normal_tail(off / sqrt(variance)));
}

int stats_rank_test(const struct series *a, const struct series *b, struct rank_test *test)
{
	_free_ uint64_t *sorted_a = sorted_copy(a);
	_free_ uint64_t *sorted_b = sorted_copy(b);
	struct tally tally;

	if (!sorted_a || !sorted_b)
		return -ENOMEM;
	*test = (struct rank_test){.p = 1};
	if (!a->cnt || !b->cnt)
		return 0;
	tally = tally_pairs(sorted_a, a->cnt, sorted_b, b->cnt);
	test->u = tally.u;
	test->delta = 2 * tally.u / ((double)a->cnt * b->cnt) - 1;
	test->is_exact = tally.ties == 0 && a->cnt <= STATS_EXACT_MAX && b->cnt <= STATS_EXACT_MAX;
	test->p = test->is_exact ? exact_p(tally.u, a->cnt, b->cnt)
				 : normal_p(&tally, a->cnt, b->cnt);
	return 0;
}

/* ---- many tests at once ---- */

struct indexed {
	double p;
	size_t idx;
};

static int compare_indexed(const void *a, const void *b)
{
	const struct indexed *x = a, *y = b;

	if (x->p != y->p)
		return x->p < y->p ? -1 : 1;
	return x->idx < y->idx ? -1 : x->idx > y->idx;
}

int stats_holm(double *p, size_t cnt)
{
	_free_ struct indexed *order = calloc(cnt + 1, sizeof(*order));
	double most = 0;

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < cnt; i++)
		order[i] = (struct indexed){p[i], i};
	qsort(order, cnt, sizeof(*order), compare_indexed);
	for (size_t i = 0; i < cnt; i++) {
		most = fmax(most, fmin(1, order[i].p * (cnt - i)));
		p[order[i].idx] = most;
	}
	return 0;
}

size_t stats_needed(double alpha, double power, double share)
{
	double z = stats_normal_quantile(alpha / 2) + stats_normal_quantile(1 - power);
	double off = share - 0.5;

	return ceil(z * z / (6 * off * off));
}

/* ---- the bootstrap ---- */

/* splitmix64: small, and good enough for indices. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static size_t random_below(uint64_t *state, size_t limit)
{
	return (unsigned __int128)next_random(state) * limit >> 64;
}

/* The place of each value in the sorted order, in the order of time; equal ones share the first. */
static uint32_t *places(const struct series *series, const uint64_t *sorted)
{
	uint32_t *place = calloc(series->cnt + 1, sizeof(*place));

	for (size_t i = 0; place && i < series->cnt; i++) {
		size_t low = 0, high = series->cnt;

		while (low < high) {
			size_t middle = (low + high) / 2;

			if (sorted[middle] < series->values[i])
				low = middle + 1;
			else
				high = middle;
		}
		place[i] = low;
	}
	return place;
}

static double product_at(const uint32_t *place, size_t cnt, size_t lag, double mean)
{
	double sum = 0;

	for (size_t i = 0; i + lag < cnt; i++)
		sum += (place[i] - mean) * (place[i + lag] - mean);
	return sum;
}

/*
 * From the autocorrelation of ranks, which no outlier can spoil: 1 + 2 * (sum of those lags, from
 * the first on, that are more than chance). Never more than a quarter: four blocks are the least
 * to draw from.
 */
size_t stats_block(const struct series *series)
{
	_free_ uint64_t *sorted = sorted_copy(series);
	_free_ uint32_t *place = sorted ? places(series, sorted) : NULL;
	double mean = 0, all, length = 1, chance = 2 / sqrt(series->cnt + 1);

	if (!place || series->cnt < 8)
		return 1;
	for (size_t i = 0; i < series->cnt; i++)
		mean += (double)place[i] / series->cnt;
	all = product_at(place, series->cnt, 0, mean);
	for (size_t lag = 1; all > 0 && lag <= series->cnt / 4; lag++) {
		double likeness = product_at(place, series->cnt, lag, mean) / all;

		if (likeness < chance)
			break;
		length += 2 * likeness;
	}
	return fmin(ceil(length), series->cnt / 4);
}

/* One side, ready to be drawn from. */
struct drawn_side {
	const struct series *series;
	uint64_t *sorted;
	uint32_t *place;
	uint32_t *drawn; /* how often each place was */
	size_t block;
};

static void side_fini(struct drawn_side *side)
{
	free(side->sorted);
	free(side->place);
	free(side->drawn);
}

static int side_init(struct drawn_side *side, const struct series *series)
{
	*side = (struct drawn_side){.series = series, .sorted = sorted_copy(series)};
	if (!side->sorted)
		return -ENOMEM;
	side->place = places(series, side->sorted);
	side->drawn = calloc(series->cnt + 1, sizeof(*side->drawn));
	side->block = stats_block(series);
	return side->place && side->drawn ? 0 : -ENOMEM;
}

static void recording_bounds(const struct series *series, size_t which, size_t *begin, size_t *end)
{
	bool is_last = which + 1 >= series->starts_cnt;

	*begin = series->starts ? series->starts[which] : 0;
	*end = is_last || !series->starts ? series->cnt : series->starts[which + 1];
}

/* Draw as many values as there are; a block goes round at the end of its recording. */
static void draw(struct drawn_side *side, uint64_t *state)
{
	size_t recordings = side->series->starts ? side->series->starts_cnt : 1, cnt = 0;

	memset(side->drawn, 0, side->series->cnt * sizeof(*side->drawn));
	while (cnt < side->series->cnt) {
		size_t which = random_below(state, recordings), begin, end, todo, at = 0;

		recording_bounds(side->series, which, &begin, &end);
		for (todo = end - begin; todo && cnt < side->series->cnt; cnt++, todo--) {
			if ((end - begin - todo) % side->block == 0)
				at = random_below(state, end - begin);
			side->drawn[side->place[begin + at]]++;
			at = (at + 1) % (end - begin);
		}
	}
}

static double drawn_median(const struct drawn_side *side)
{
	size_t cnt = side->series->cnt, seen = 0, i = 0;
	uint64_t lower;

	while ((seen += side->drawn[i]) <= (cnt - 1) / 2)
		i++;
	lower = side->sorted[i];
	while (seen <= cnt / 2)
		seen += side->drawn[++i];
	return cnt % 2 ? lower : (lower + (double)side->sorted[i]) / 2;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static int draw_differences(struct drawn_side *a, struct drawn_side *b, uint64_t seed,
			    double *differences)
{
	for (size_t i = 0; i < RESAMPLES; i++) {
		draw(a, &seed);
		draw(b, &seed);
		differences[i] = drawn_median(b) - drawn_median(a);
	}
	qsort(differences, RESAMPLES, sizeof(*differences), compare_doubles);
	return 0;
}

int stats_median_difference(const struct series *a, const struct series *b, uint64_t seed,
			    struct interval *interval)
{
	double differences[RESAMPLES];
	struct drawn_side sides[2] = {0};
	int ret = 0;

	*interval = (struct interval){0};
	if (!a->cnt || !b->cnt)
		return 0;
	ret = side_init(&sides[0], a);
	if (!ret)
		ret = side_init(&sides[1], b);
	if (!ret)
		ret = draw_differences(&sides[0], &sides[1], seed, differences);
	side_fini(&sides[0]);
	side_fini(&sides[1]);
	if (ret)
		return ret;
	interval->low = differences[(size_t)(TAIL * RESAMPLES)];
	interval->high = differences[RESAMPLES - 1 - (size_t)(TAIL * RESAMPLES)];
	return 0;
}
