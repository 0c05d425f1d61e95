// SPDX-License-Identifier: GPL-2.0-only
#include "output/interval.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/ioctls.h"
#include "output/quantile.h"
#include "output/table.h"

/* Calls of one kind with one headline. */
struct sum {
	enum call_id call;
	enum ks_cause cause;
	uint64_t stalls;
	uint64_t lost_ns;
	struct quantile quant; /* of their latencies; how many is .cnt */
};

struct interval_sums {
	struct sum sums[CALL_CNT][KS_CAUSE_CNT];
};

struct interval_sums *interval_new(void)
{
	return calloc(1, sizeof(struct interval_sums));
}

static void forget(struct interval_sums *interval)
{
	for (int call = 0; call < CALL_CNT; call++)
		for (int cause = 0; cause < KS_CAUSE_CNT; cause++)
			quantile_fini(&interval->sums[call][cause].quant);
	memset(interval, 0, sizeof(*interval));
}

void interval_free(struct interval_sums *interval)
{
	if (interval)
		forget(interval);
	free(interval);
}

int interval_add(struct interval_sums *interval, const struct stall *stall, bool is_stall)
{
	enum call_id call = stall->call < CALL_CNT ? stall->call : CALL_NONE;
	struct sum *sum = &interval->sums[call][stall->cause];

	sum->call = call;
	sum->cause = stall->cause;
	sum->stalls += is_stall;
	sum->lost_ns += stall->stall_ns;
	return quantile_add(&sum->quant, stall->latency_ns);
}

static int sum_cmp(const void *a, const void *b)
{
	const struct sum *one = *(struct sum *const *)a, *two = *(struct sum *const *)b;

	if (one->lost_ns != two->lost_ns)
		return one->lost_ns > two->lost_ns ? -1 : 1;
	if (one->call != two->call)
		return one->call < two->call ? -1 : 1;
	return (int)one->cause - (int)two->cause;
}

static void add_row(struct table *table, const char *time, uint64_t end_ns, uint64_t length_ns,
		    struct sum *sum)
{
	static const unsigned int percents[] = {50, 90, 99};

	table_add_text(table, time);
	table_add_value(table, end_ns);
	table_add_value(table, length_ns);
	table_add_value(table, sum->quant.cnt);
	table_add_value(table, sum->stalls);
	table_add_value(table, sum->lost_ns);
	for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++)
		table_add_value(table, quantile_get(&sum->quant, percents[i]));
	table_add_value(table, sum->quant.max);
	if (sum->quant.cnt) {
		table_add_text(table, cause_name(sum->cause));
		table_add_text(table, call_name(sum->call));
	} else {
		table_add_none(table);
		table_add_none(table);
	}
}

int interval_end(struct interval_sums *interval, uint64_t end_ns, uint64_t length_ns,
		 const char *time, struct table *table)
{
	static const struct table_col cols[] = {
		{"TIME", "time", TABLE_TEXT},	   {NULL, "ts_ns", TABLE_COUNT},
		{NULL, "interval_ns", TABLE_NS},   {"CALLS", "calls", TABLE_COUNT},
		{"STALLS", "stalls", TABLE_COUNT}, {"LOST", "lost_ns", TABLE_NS},
		{"P50", "p50_ns", TABLE_NS},	   {"P90", "p90_ns", TABLE_NS},
		{"P99", "p99_ns", TABLE_NS},	   {"MAX", "max_ns", TABLE_NS},
		{"CAUSE", "cause", TABLE_TEXT},	   {"CALL", "key", TABLE_TEXT},
	};
	struct sum *rows[CALL_CNT * KS_CAUSE_CNT], nothing = {.lost_ns = 0};
	size_t cnt = 0;

	for (int call = 0; call < CALL_CNT; call++)
		for (int cause = 0; cause < KS_CAUSE_CNT; cause++)
			if (interval->sums[call][cause].quant.cnt)
				rows[cnt++] = &interval->sums[call][cause];
	qsort(rows, cnt, sizeof(rows[0]), sum_cmp);
	if (!cnt)
		rows[cnt++] = &nothing;
	table_init(table, cols, sizeof(cols) / sizeof(cols[0]));
	for (size_t i = 0; i < cnt; i++)
		add_row(table, time, end_ns, length_ns, rows[i]);
	forget(interval);
	return table->failed;
}
