/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A histogram of durations, both ways that Prometheus knows: classic buckets
 * at 1, 2, 5 of each decade from 10 us to 10 s, and native ones (schema 3: 8 a
 * power of two). All bounds are inclusive, and durations are whole nanoseconds
 * up to the moment they are printed: a value at a seam is in one bucket for sure.
 */
#ifndef METRICS_HIST_H
#define METRICS_HIST_H

#include <stddef.h>
#include <stdint.h>

#define HIST_BOUNDS_CNT	 19 /* finite ones; +Inf is one bucket more */
#define HIST_BUCKETS_CNT (HIST_BOUNDS_CNT + 1)

/* Upper bound of a classic bucket; UINT64_MAX for +Inf. */
uint64_t hist_bound_ns(size_t bucket);

#define HIST_SCHEMA	  3
#define HIST_NATIVE_FIRST (-200) /* up to 30 ns */
#define HIST_NATIVE_CNT	  320	 /* the last one: up to 9 hours */

/*
 * Native bucket i holds (2^((i-1)/8), 2^(i/8)] seconds; .native[] begins with HIST_NATIVE_FIRST,
 * and its first and last also hold what is beyond them.
 */
/* One observation, to find what a bucket's count is about. Values are clean (base/sanitize.h). */
struct exemplar {
	uint64_t ns;
	uint64_t ts_ns; /* CLOCK_MONOTONIC; 0: none */
	char vm[48];	/* with their names at most 128 characters together: OpenMetrics' limit */
	char call[32];
	char culprit[32];
};

struct hist {
	uint64_t buckets[HIST_BUCKETS_CNT]; /* not cumulative */
	uint64_t native[HIST_NATIVE_CNT];
	uint64_t zeros; /* observations of 0 ns */
	uint64_t cnt;
	uint64_t sum_ns;
	struct exemplar *exemplars; /* HIST_BUCKETS_CNT, the newest of each bucket; NULL: none */
};

/* @exemplar: NULL, or what to remember; it is copied. Without memory for it, it is left out. */
void hist_observe(struct hist *hist, uint64_t ns, const struct exemplar *exemplar);

void hist_fini(struct hist *hist);

#endif
