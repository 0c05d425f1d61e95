/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls of one stretch of time after another, added up by call and cause: trace --interval. */
#ifndef OUTPUT_INTERVAL_H
#define OUTPUT_INTERVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/stall.h"

struct interval_sums;
struct table;

/* NULL: out of memory. */
struct interval_sums *interval_new(void);
void interval_free(struct interval_sums *interval);

/* A call of this stretch; @is_stall: it is long enough to count as one. 0 or -ENOMEM. */
int interval_add(struct interval_sums *interval, const struct stall *stall, bool is_stall);

/*
 * The stretch up to @end_ns (CLOCK_MONOTONIC; @time is the same for people) as rows of @table, what
 * cost most first, and one that says nothing where nothing was added; then the next one begins. The
 * caller's to table_fini(). 0 or -ENOMEM.
 */
int interval_end(struct interval_sums *interval, uint64_t end_ns, uint64_t length_ns,
		 const char *time, struct table *table);

#endif
