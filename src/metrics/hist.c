// SPDX-License-Identifier: GPL-2.0-only
#include "metrics/hist.h"

#include <math.h>
#include <stdlib.h>

/* clang-format off */
static const uint64_t bounds_ns[HIST_BOUNDS_CNT] = {
#define DECADE(ns) ns, 2 * ns, 5 * ns
	DECADE(10000ULL), DECADE(100000ULL), DECADE(1000000ULL), DECADE(10000000ULL),
	DECADE(100000000ULL), DECADE(1000000000ULL), 10000000000ULL,
#undef DECADE
};
/* clang-format on */

uint64_t hist_bound_ns(size_t bucket)
{
	return bucket < HIST_BOUNDS_CNT ? bounds_ns[bucket] : UINT64_MAX;
}

/* The classic bucket that @ns is in: the first whose bound is not below it. */
static size_t bucket_of(uint64_t ns)
{
	size_t bucket = 0;

	while (bucket < HIST_BOUNDS_CNT && ns > bounds_ns[bucket])
		bucket++;
	return bucket;
}

/* 2^(i/8) / 2: the bounds within one power of two, as frexp() leaves it. */
static const double fractions[8] = {
	0.5,
	0.5452538663326288,
	0.5946035575013605,
	0.6484197773255048,
	0.7071067811865475,
	0.7711054127039704,
	0.8408964152537144,
	0.9170040432046711,
};

/* The native bucket of @ns > 0. */
static int native_index(uint64_t ns)
{
	int exponent, i = 0;
	double fraction = frexp(ns / 1e9, &exponent);

	while (i < 8 && fraction > fractions[i])
		i++;
	return (exponent - 1) * 8 + i;
}

static size_t native_slot(uint64_t ns)
{
	int slot = native_index(ns) - HIST_NATIVE_FIRST;

	if (slot < 0)
		return 0;
	return slot < HIST_NATIVE_CNT ? slot : HIST_NATIVE_CNT - 1;
}

static void keep(struct hist *hist, size_t bucket, const struct exemplar *exemplar)
{
	if (!hist->exemplars)
		hist->exemplars = calloc(HIST_BUCKETS_CNT, sizeof(*hist->exemplars));
	if (hist->exemplars)
		hist->exemplars[bucket] = *exemplar;
}

void hist_observe(struct hist *hist, uint64_t ns, const struct exemplar *exemplar)
{
	size_t bucket = bucket_of(ns);

	hist->buckets[bucket]++;
	if (ns)
		hist->native[native_slot(ns)]++;
	else
		hist->zeros++;
	hist->cnt++;
	hist->sum_ns += ns;
	if (exemplar)
		keep(hist, bucket, exemplar);
}

void hist_fini(struct hist *hist)
{
	free(hist->exemplars);
	hist->exemplars = NULL;
}
