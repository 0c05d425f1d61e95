/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Percentiles of durations: exact while they are few, then from buckets of a
 * 32nd of a power of two, so that memory has a bound. 0 is empty.
 */
#ifndef OUTPUT_QUANTILE_H
#define OUTPUT_QUANTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUANTILE_EXACT_MAX 4096

struct quantile {
	uint64_t *values; /* the first QUANTILE_EXACT_MAX, in any order */
	size_t cap;
	uint32_t *buckets; /* all of them, once there are more; NULL before */
	uint64_t cnt;
	uint64_t max;
};

void quantile_fini(struct quantile *quant);

/* Returns 0 or -ENOMEM; the value is then left out. */
int quantile_add(struct quantile *quant, uint64_t value);

/*
 * The smallest value that at least @percent (1...100) of all are not above; 0
 * when there are none. From buckets, the upper bound of its bucket: up to 3 % too much.
 */
uint64_t quantile_get(struct quantile *quant, unsigned int percent);

#endif
