// SPDX-License-Identifier: GPL-2.0-only
#include "output/quantile.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"

#define SUB_BITS    5
#define SUB_CNT	    (1 << SUB_BITS)
#define BUCKETS_CNT ((64 - SUB_BITS + 1) * SUB_CNT)

void quantile_fini(struct quantile *quant)
{
	free(quant->values);
	free(quant->buckets);
	*quant = (struct quantile){.cnt = 0};
}

/* Up to SUB_CNT one value a bucket, then SUB_CNT buckets a power of two. */
static size_t bucket_of(uint64_t value)
{
	unsigned int shift;

	if (value < SUB_CNT)
		return value;
	shift = 63 - __builtin_clzll(value) - SUB_BITS;
	return (size_t)(shift + 1) * SUB_CNT + (value >> shift) - SUB_CNT;
}

static uint64_t bound_of(size_t bucket)
{
	unsigned int shift;

	if (bucket < SUB_CNT)
		return bucket;
	shift = bucket / SUB_CNT - 1;
	return ((bucket % SUB_CNT + SUB_CNT + 1) << shift) - 1;
}

static int start_buckets(struct quantile *quant)
{
	quant->buckets = calloc(BUCKETS_CNT, sizeof(*quant->buckets));
	if (!quant->buckets)
		return -ENOMEM;
	for (size_t i = 0; i < quant->cnt; i++)
		quant->buckets[bucket_of(quant->values[i])]++;
	free(quant->values);
	quant->values = NULL;
	quant->cap = 0;
	return 0;
}

int quantile_add(struct quantile *quant, uint64_t value)
{
	if (!quant->buckets && quant->cnt == QUANTILE_EXACT_MAX && start_buckets(quant))
		return -ENOMEM;
	if (!quant->buckets && !ARRAY_ROOM(quant->values, quant->cap, quant->cnt, 8))
		return -ENOMEM;
	if (quant->buckets)
		quant->buckets[bucket_of(value)]++;
	else
		quant->values[quant->cnt] = value;
	quant->cnt++;
	if (value > quant->max)
		quant->max = value;
	return 0;
}

static int value_cmp(const void *a, const void *b)
{
	const uint64_t *one = a, *two = b;

	return *one < *two ? -1 : *one > *two;
}

uint64_t quantile_get(struct quantile *quant, unsigned int percent)
{
	uint64_t rank, seen = 0;

	if (!quant->cnt)
		return 0;
	rank = (quant->cnt * percent + 99) / 100;
	if (!quant->buckets) {
		qsort(quant->values, quant->cnt, sizeof(*quant->values), value_cmp);
		return quant->values[rank - 1];
	}
	for (size_t i = 0; i < BUCKETS_CNT; i++) {
		seen += quant->buckets[i];
		if (seen >= rank)
			return bound_of(i) < quant->max ? bound_of(i) : quant->max;
	}
	return quant->max;
}
