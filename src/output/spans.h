/* SPDX-License-Identifier: GPL-2.0-only */
/* Starts and ends of VMs, added up: how long, of what, and how long with no grace period
 * outstanding. */
#ifndef OUTPUT_SPANS_H
#define OUTPUT_SPANS_H

#include <stdint.h>

#include "ledger/life.h"
#include "output/quantile.h"

struct str;
struct table;

/* What a start is made of: a cause's time in its calls, and the time in none of them. */
#define SPAN_OUTSIDE   KS_CAUSE_CNT
#define SPAN_PARTS_CNT (KS_CAUSE_CNT + 1)

struct span_sums {
	struct quantile ns, without; /* of all; how many is .cnt */
	/* Of those that had it. */
	struct quantile parts[SPAN_PARTS_CNT];
	uint64_t sum_ns, without_sum_ns;
	uint64_t part_ns[SPAN_PARTS_CNT]; /* sums: with each other they are .sum_ns */
	uint64_t run_cnt;		  /* ended by the first KVM_RUN */
	uint64_t incomplete;
};

/* All 0 is empty. */
struct spans {
	struct span_sums sums[SPAN_KIND_CNT];
};

void spans_fini(struct spans *spans);

/* Returns 0 or -ENOMEM: what was added may be in some of the sums. */
int spans_add(struct spans *spans, const struct span *span);

/* A line for starts and one for ends, each if there were any. */
void spans_text(struct spans *spans, struct str *out);

/* Rows: all of a start, then its parts, what cost most first; the same for ends. @table is the
 * caller's to table_fini(). 0 or -ENOMEM. */
int spans_table(struct spans *spans, struct table *table);

#endif
