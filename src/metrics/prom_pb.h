/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The protobuf format: io.prometheus.client.MetricFamily, as client_model's
 * metrics.proto has it, each with its length in front.
 */
#ifndef METRICS_PROM_PB_H
#define METRICS_PROM_PB_H

#include <stdint.h>

struct metrics;
struct str;

/*
 * Append the whole exposition. @unix_offset_ns: from CLOCK_MONOTONIC to 1970. Failure is the
 * string's: str_failed().
 */
void prom_pb_write(struct str *out, const struct metrics *metrics, int64_t unix_offset_ns);

#endif
