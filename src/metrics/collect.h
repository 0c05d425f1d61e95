/* SPDX-License-Identifier: GPL-2.0-only */
/* The metrics as series: what the writers of all formats read. */
#ifndef METRICS_COLLECT_H
#define METRICS_COLLECT_H

#include <stdint.h>

#include "metrics/metrics.h"

struct hist;

struct metric_value {
	const char *labels[METRIC_LABELS_MAX]; /* values, in the order of metric_desc.labels */
	uint64_t value;			       /* ns when .is_seconds */
	const struct hist *hist;	       /* METRIC_HISTOGRAM, instead of .value */
	uint64_t created_ns;		       /* CLOCK_MONOTONIC; when it was 0 */
};

typedef void (*collect_fn)(void *ctx, const struct metric_value *sample);

/* Hand every series of @metric to @fn, in an order that does not change. */
void collect_each(const struct metrics *metrics, enum metric metric, collect_fn fn, void *ctx);

#endif
