/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The metrics as scrapers read them: Prometheus text 0.0.4, OpenMetrics 1.0 with
 * exemplars, and delimited protobuf with native histograms beside classic ones.
 */
#ifndef METRICS_PROM_H
#define METRICS_PROM_H

#include <stdbool.h>
#include <stdint.h>

struct metrics;
struct str;

enum prom_format { PROM_TEXT, PROM_OPENMETRICS, PROM_PROTOBUF, PROM_FORMAT_CNT };

/* What a request's Accept header asks for, by its q-values; text when in doubt. NULL: no header. */
enum prom_format prom_negotiate(const char *accept);

/* May the answer be compressed by gzip, by a request's Accept-Encoding header? NULL: no header. */
bool prom_takes_gzip(const char *accept_encoding);

const char *prom_content_type(enum prom_format format);

struct prom_cfg {
	enum prom_format format;
	int64_t unix_offset_ns; /* from CLOCK_MONOTONIC to 1970 */
	/* Leave process_* out, which is about whoever answers: not in what another one serves. */
	bool is_served_by_another;
};

/* Append the whole exposition. Failure is the string's: str_failed(). */
void prom_write(struct str *out, const struct metrics *metrics, const struct prom_cfg *cfg);

#endif
