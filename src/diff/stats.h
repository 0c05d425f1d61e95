/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics of two small samples of latencies, without assumptions about their shape: order
 * statistics, ranks and resampling. Pure and deterministic: the generator is ours and starts from
 * a given seed.
 */
#ifndef DIFF_STATS_H
#define DIFF_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Both sides at most this large are tested exactly, when no two values are equal. */
#define STATS_EXACT_MAX 20

/* A side: values in the order of time, and where each recording begins in them. */
struct series {
	const uint64_t *values;
	size_t cnt;
	const size_t *starts; /* ascending, the first is 0; NULL: all is one recording */
	size_t starts_cnt;
};

struct rank_test {
	double u;     /* pairs in which the second side's value is the larger; half of equal ones */
	double p;     /* two-sided */
	double delta; /* Cliff's: -1 ... 1, positive when the second side is larger */
	bool is_exact;
};

struct interval {
	double low;
	double high;
};

void stats_sort(uint64_t *values, size_t cnt);

/* Of sorted values; 0 when there are none. */
double stats_median(const uint64_t *sorted, size_t cnt);

/* The smallest value that at least @share (0...1) of all are not above: the nearest rank. */
uint64_t stats_quantile(const uint64_t *sorted, size_t cnt, double share);

/*
 * Mann and Whitney's U test: exact for small sides without ties, else by the normal approximation
 * with corrections for ties and for continuity. Returns 0 or -ENOMEM. An empty side, or values
 * that are all equal, give p = 1.
 */
int stats_rank_test(const struct series *a, const struct series *b, struct rank_test *test);

/* Holm's correction in place: each p becomes what it is worth among @cnt tests. 0 or -ENOMEM. */
int stats_holm(double *p, size_t cnt);

/*
 * How many values in a row are correlated: 1 when each is on its own. What happens to a host lasts
 * longer than a call, so neighbours are alike, and such values are worth less than their number.
 */
size_t stats_block(const struct series *series);

/*
 * 95 % confidence interval of the second side's median less the first's, by bootstrap: blocks of
 * neighbours are drawn, not values; and where a side is several recordings, recordings first.
 * Returns 0 or -ENOMEM.
 */
int stats_median_difference(const struct series *a, const struct series *b, uint64_t seed,
			    struct interval *interval);

/*
 * Values a side that the rank test needs to find, with probability @power at level @alpha, that a
 * value of one side exceeds one of the other in @share of all pairs (Noether's formula).
 */
size_t stats_needed(double alpha, double power, double share);

/* The standard normal distribution: P(Z > z), and z such that P(Z > z) = p. */
double stats_normal_tail(double z);
double stats_normal_quantile(double p);

#endif
