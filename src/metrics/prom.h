/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The registry as scrapers read it: Prometheus text 0.0.4, OpenMetrics 1.0 with
 * exemplars, and delimited protobuf with native histograms beside classic ones.
 */
#ifndef METRICS_PROM_H
#define METRICS_PROM_H

#include <stddef.h>
#include <stdint.h>

struct metrics;
struct str;

enum prom_format { PROM_TEXT, PROM_OPENMETRICS, PROM_PROTOBUF, PROM_FORMAT_CNT };

/* What a request's Accept header asks for, by its q-values; text when in doubt. NULL: no header. */
enum prom_format prom_negotiate(const char *accept);

const char *prom_content_type(enum prom_format format);

struct prom_cfg {
	enum prom_format format;
	int64_t unix_offset_ns; /* from CLOCK_MONOTONIC to 1970 */
};

/* Append the whole exposition. Failure is the string's: str_failed(). */
void prom_write(struct str *out, const struct metrics *metrics, const struct prom_cfg *cfg);

/* The same as protobuf; by way of prom_write(). */
void prom_pb_write(struct str *out, const struct metrics *metrics, const struct prom_cfg *cfg);

/* The n-th name of a list that commas separate, into @buf; NULL when there are fewer. */
const char *prom_label_name(const char *labels, int n, char *buf, size_t size);

#endif
