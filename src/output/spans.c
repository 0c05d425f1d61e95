// SPDX-License-Identifier: GPL-2.0-only
#include "output/spans.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/format.h"
#include "base/str.h"
#include "output/table.h"

#define DURATION_LEN 24

void spans_fini(struct spans *spans)
{
	for (int kind = 0; kind < SPAN_KIND_CNT; kind++) {
		struct span_sums *sums = &spans->sums[kind];

		quantile_fini(&sums->ns);
		quantile_fini(&sums->without);
		for (int part = 0; part < SPAN_PARTS_CNT; part++)
			quantile_fini(&sums->parts[part]);
	}
	*spans = (struct spans){0};
}

int spans_add(struct spans *spans, const struct span *span)
{
	struct span_sums *sums = &spans->sums[span->kind];
	int ret = quantile_add(&sums->ns, span->ns);

	if (!ret)
		ret = quantile_add(&sums->without, span->without_ns);
	sums->sum_ns += span->ns;
	sums->without_sum_ns += span->without_ns;
	sums->run_cnt += span->has_run;
	sums->incomplete += !span->is_complete;
	for (int part = 0; part < SPAN_PARTS_CNT; part++) {
		uint64_t ns = part == SPAN_OUTSIDE ? span->outside_ns : span->by_cause[part];

		sums->part_ns[part] += ns;
		if (!ret && ns)
			ret = quantile_add(&sums->parts[part], ns);
	}
	return ret;
}

/* "gp-timer", "outside calls" */
static const char *part_name(int part)
{
	return part == SPAN_OUTSIDE ? "outside calls" : cause_name(part);
}

/* ---- out ---- */

struct fraction {
	uint64_t ns;
	int part;
};

static int compare_parts(const void *a, const void *b)
{
	const struct fraction *one = a, *two = b;

	if (one->ns != two->ns)
		return one->ns > two->ns ? -1 : 1;
	return one->part - two->part;
}

/* Those that there are, the largest first; how many. */
static int sort_parts(const struct span_sums *sums, struct fraction parts[SPAN_PARTS_CNT])
{
	int cnt = 0;

	for (int part = 0; part < SPAN_PARTS_CNT; part++)
		if (sums->part_ns[part])
			parts[cnt++] = (struct fraction){sums->part_ns[part], part};
	qsort(parts, cnt, sizeof(*parts), compare_parts);
	return cnt;
}

static void add_parts(const struct span_sums *sums, struct str *out)
{
	struct fraction parts[SPAN_PARTS_CNT];
	int cnt = sort_parts(sums, parts);

	for (int i = 0; i < cnt; i++) {
		double percent = 100.0 * parts[i].ns / sums->sum_ns;

		if (percent < 1 && i)
			break;
		str_addf(out, "%s%s %.0f %%", i ? ", " : "\n    ", part_name(parts[i].part),
			 percent);
	}
}

void spans_text(struct spans *spans, struct str *out)
{
	char p50[DURATION_LEN], max[DURATION_LEN], without[DURATION_LEN];

	for (int kind = 0; kind < SPAN_KIND_CNT; kind++) {
		struct span_sums *sums = &spans->sums[kind];

		if (!sums->ns.cnt)
			continue;
		str_addf(out, "%s of %" PRIu64 " VM%s: median %s, longest %s", span_kind_name(kind),
			 sums->ns.cnt, format_s(sums->ns.cnt),
			 format_nsec(quantile_get(&sums->ns, 50), p50, sizeof(p50)),
			 format_nsec(sums->ns.max, max, sizeof(max)));
		if (sums->without_sum_ns != sums->sum_ns)
			str_addf(out, ", median %s with no grace period outstanding",
				 format_nsec(quantile_get(&sums->without, 50), without,
					     sizeof(without)));
		if (sums->sum_ns)
			add_parts(sums, out);
		str_adds(out, "\n");
	}
}

static void add_row(struct table *table, struct quantile *quant, uint64_t sum_ns, const char *kind,
		    const char *part)
{
	static const unsigned int percents[] = {50, 90, 99};
	char key[64];

	table_add_value(table, quant->cnt);
	table_add_value(table, sum_ns);
	for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++)
		table_add_value(table, quantile_get(quant, percents[i]));
	table_add_value(table, quant->max);
	snprintf(key, sizeof(key), "%s%s%s", kind, part ? ": " : "", part ? part : "");
	table_add_text(table, key);
}

static void add_rows(struct table *table, struct span_sums *sums, const char *kind)
{
	struct fraction parts[SPAN_PARTS_CNT];
	int cnt = sort_parts(sums, parts);

	if (!sums->ns.cnt)
		return;
	add_row(table, &sums->ns, sums->sum_ns, kind, NULL);
	add_row(table, &sums->without, sums->without_sum_ns, kind,
		"with no grace period outstanding");
	for (int i = 0; i < cnt; i++)
		add_row(table, &sums->parts[parts[i].part], parts[i].ns, kind,
			part_name(parts[i].part));
}

int spans_table(struct spans *spans, struct table *table)
{
	static const struct table_col cols[] = {
		{"VMS", "vms", TABLE_COUNT}, {"SUM", "sum_ns", TABLE_NS},
		{"P50", "p50_ns", TABLE_NS}, {"P90", "p90_ns", TABLE_NS},
		{"P99", "p99_ns", TABLE_NS}, {"MAX", "max_ns", TABLE_NS},
		{"PART", "key", TABLE_TEXT},
	};

	table_init(table, cols, sizeof(cols) / sizeof(cols[0]));
	for (int kind = 0; kind < SPAN_KIND_CNT; kind++)
		add_rows(table, &spans->sums[kind], span_kind_name(kind));
	return table->failed;
}
