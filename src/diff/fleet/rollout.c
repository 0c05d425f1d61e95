// SPDX-License-Identifier: GPL-2.0-only
#include "diff/fleet/rollout.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "diff/fleet/comparable.h"

#define SEED	     0x666c656574ULL /* the same every time */
#define NEEDED_LIMIT 64

/* ---- a row ---- */

/* One value a host that counts, in ns; a host that has none is left out of the row. */
struct host_values {
	uint64_t *ns;
	size_t *starts; /* each host is a recording of its own: drawn as one */
	size_t cnt;
};

static void values_fini(struct host_values *values)
{
	free(values->ns);
	free(values->starts);
}

static int values_init(struct host_values *values, const struct fleet_side *side)
{
	*values = (struct host_values){
		.ns = calloc(side->cnt + 1, sizeof(*values->ns)),
		.starts = calloc(side->cnt + 1, sizeof(*values->starts)),
	};
	return values->ns && values->starts ? 0 : -ENOMEM;
}

static void add_value(struct host_values *values, double seconds)
{
	double ns = seconds * 1e9;

	values->starts[values->cnt] = values->cnt;
	values->ns[values->cnt++] = llround(fmax(0, fmin(ns, 1e18)));
}

/* Seconds of a part on each host: cells are in order of part and host. */
static void sum_cells(const struct fleet_side *side, uint32_t part, double *seconds)
{
	size_t low = 0, high = side->cells_cnt;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (side->cells[middle].part < part)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < side->cells_cnt && side->cells[low].part == part; low++)
		seconds[side->cells[low].host] += side->cells[low].seconds;
}

static int fill_values(struct host_values *values, const struct rollout *rollout,
		       const struct rollout_row *row, enum side_id id)
{
	const struct fleet_side *side = &rollout->fleet->sides[id];
	_free_ double *seconds = calloc(side->cnt + 1, sizeof(*seconds));
	int ret = values_init(values, side);

	if (!seconds || ret)
		return -ENOMEM;
	if (row->part)
		sum_cells(side, row->part - rollout->fleet->parts, seconds);
	for (size_t i = 0; i < side->cnt; i++) {
		const struct fleet_host *host = &side->hosts[i];
		double value = row->kind == ROW_STALLED ? host->stalled_s : seconds[i];

		if (host->state != HOST_COUNTS)
			continue;
		if (row->kind != ROW_START)
			add_value(values, value / host_starts(host));
		else if (host->quantiles[rollout->form][row->quantile] >= 0)
			add_value(values, host->quantiles[rollout->form][row->quantile]);
	}
	return 0;
}

static int measure(struct rollout_row *row, enum side_id side, const struct host_values *values)
{
	_free_ uint64_t *sorted = calloc(values->cnt + 1, sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	memcpy(sorted, values->ns, values->cnt * sizeof(*sorted));
	stats_sort(sorted, values->cnt);
	row->median[side] = stats_median(sorted, values->cnt);
	row->low[side] = sorted[0];
	row->high[side] = values->cnt ? sorted[values->cnt - 1] : 0;
	return 0;
}

static void judge_row(const struct rollout *rollout, struct rollout_row *row)
{
	row->diff = row->median[SIDE_NEW] - row->median[SIDE_BASE];
	row->threshold =
		fmax(rollout->cfg.min_effect * row->median[SIDE_BASE], rollout->cfg.floor_ns);
	row->verdict = VERDICT_SAME;
	if (row->test.p <= rollout->cfg.alpha && row->interval.low > row->threshold)
		row->verdict = VERDICT_WORSE;
	else if (row->test.p <= rollout->cfg.alpha && row->interval.high < -row->threshold)
		row->verdict = VERDICT_BETTER;
	row->is_unsure = row->verdict == VERDICT_SAME && row->interval.high > row->threshold;
}

static int test_row(const struct rollout *rollout, struct rollout_row *row)
{
	struct host_values values[SIDE_CNT] = {0};
	struct series series[SIDE_CNT];
	int ret = 0;

	for (int side = 0; !ret && side < SIDE_CNT; side++) {
		ret = fill_values(&values[side], rollout, row, side);
		if (!ret)
			ret = measure(row, side, &values[side]);
		series[side] = (struct series){values[side].ns, values[side].cnt,
					       values[side].starts, values[side].cnt};
	}
	if (!ret)
		ret = stats_rank_test(&series[SIDE_BASE], &series[SIDE_NEW], &row->test);
	if (!ret)
		ret = stats_median_difference(&series[SIDE_BASE], &series[SIDE_NEW], SEED,
					      &row->interval);
	if (!ret)
		judge_row(rollout, row);
	for (int side = 0; side < SIDE_CNT; side++)
		values_fini(&values[side]);
	return ret;
}

/* ---- rows ---- */

static int add_row(struct rollout *rollout, struct rollout_row row)
{
	int ret = test_row(rollout, &row);

	if (ret)
		return ret;
	if (!ARRAY_ROOM(rollout->rows, rollout->cap, rollout->cnt, 64))
		return -ENOMEM;
	rollout->rows[rollout->cnt++] = row;
	return 0;
}

/* What half of the hosts of both groups have not is nothing that one could compare. */
static bool is_empty(const struct rollout_row *row)
{
	return !row->median[SIDE_BASE] && !row->median[SIDE_NEW];
}

static int add_parts(struct rollout *rollout)
{
	static const enum row_kind kinds[PART_KIND_CNT] = {
		[PART_CAUSE] = ROW_CAUSE, [PART_CALL] = ROW_CALL, [PART_FUNCTION] = ROW_FUNCTION};
	int ret = 0;

	for (size_t i = 0; !ret && i < rollout->fleet->parts_cnt; i++) {
		const struct fleet_part *part = &rollout->fleet->parts[i];

		ret = add_row(rollout,
			      (struct rollout_row){.kind = kinds[part->kind], .part = part});
		if (!ret && is_empty(&rollout->rows[rollout->cnt - 1]))
			rollout->cnt--;
	}
	return ret;
}

/* The form that each host of both sides has: native ones first, they are finer. */
static enum host_form choose_form(const struct rollout *rollout)
{
	int form = 0;

	for (; form < FORM_CNT; form++) {
		size_t lacking = !rollout->hosts[SIDE_BASE] && !rollout->hosts[SIDE_NEW];

		for (int side = 0; side < SIDE_CNT; side++)
			for (size_t i = 0; i < rollout->fleet->sides[side].cnt; i++) {
				const struct fleet_host *host =
					&rollout->fleet->sides[side].hosts[i];

				lacking += host->state == HOST_COUNTS &&
					   (host->quantiles[form][QUANTILE_P50] < 0 ||
					    host->quantiles[form][QUANTILE_P99] < 0);
			}
		if (!lacking)
			break;
	}
	return form;
}

static int compare_rows(const void *a, const void *b)
{
	const struct rollout_row *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->kind == ROW_START)
		return x->quantile < y->quantile ? -1 : x->quantile > y->quantile;
	if (fabs(x->diff) != fabs(y->diff))
		return fabs(x->diff) > fabs(y->diff) ? -1 : 1;
	if (!x->part || !y->part)
		return 0;
	return strcmp(x->part->name, y->part->name) ?: strcmp(x->part->cause, y->part->cause);
}

/* See rollout.h. */
static bool is_of_busy_host(const char *cause)
{
	return !strcmp(cause, cause_name(KS_CAUSE_KWORKER)) ||
	       !strcmp(cause, cause_name(KS_CAUSE_WAKEUP)) ||
	       !strcmp(cause, cause_name(KS_CAUSE_RUNNABLE));
}

/* Of @kind, the one that moved most, the way that the whole moved. */
static const struct rollout_row *find_moved(const struct rollout *rollout, enum row_kind kind)
{
	double whole = rollout->rows[0].diff;

	for (size_t i = 1; i < rollout->cnt; i++) {
		const struct rollout_row *row = &rollout->rows[i];

		if (row->kind == kind && row->diff * whole > 0 &&
		    !is_of_busy_host(row->part->cause))
			return row;
	}
	return NULL;
}

static int add_rows(struct rollout *rollout)
{
	int ret = add_row(rollout, (struct rollout_row){.kind = ROW_STALLED});

	rollout->form = choose_form(rollout);
	for (int i = 0; !ret && rollout->form < FORM_CNT && i < QUANTILE_CNT; i++)
		ret = add_row(rollout, (struct rollout_row){.kind = ROW_START, .quantile = i});
	if (!ret)
		ret = add_parts(rollout);
	if (ret)
		return ret;
	qsort(rollout->rows, rollout->cnt, sizeof(*rollout->rows), compare_rows);
	rollout->moved = find_moved(rollout, ROW_CAUSE);
	rollout->initiator = find_moved(rollout, ROW_FUNCTION);
	return 0;
}

/* ---- the whole ---- */

/* With n hosts a group, all of NEW above all of BASE has p = 2 / (2n over n). */
static size_t count_needed(double alpha)
{
	double orders = 1;
	size_t n = 0;

	while (n < NEEDED_LIMIT && 2 / orders > alpha) {
		n++;
		orders *= (2.0 * n - 1) * (2.0 * n) / ((double)n * n);
	}
	return n;
}

static void count_hosts(struct rollout *rollout)
{
	for (int id = 0; id < SIDE_CNT; id++) {
		const struct fleet_side *side = &rollout->fleet->sides[id];

		for (size_t i = 0; i < side->cnt; i++) {
			if (side->hosts[i].state != HOST_COUNTS)
				continue;
			rollout->hosts[id]++;
			rollout->starts[id] += host_starts(&side->hosts[i]);
		}
	}
}

static enum outcome outcome_of(const struct rollout *rollout)
{
	if (rollout->reasons_cnt)
		return OUTCOME_NOT_COMPARABLE;
	return rollout->rows[0].verdict == VERDICT_WORSE ? OUTCOME_WORSE : OUTCOME_NOT_WORSE;
}

int rollout_compare(struct rollout *rollout, const struct fleet_data *fleet,
		    const struct compare_cfg *cfg)
{
	int ret;

	*rollout = (struct rollout){.cfg = *cfg, .fleet = fleet, .form = FORM_CNT};
	rollout->needed = count_needed(cfg->alpha);
	count_hosts(rollout);
	ret = add_rows(rollout);
	if (ret)
		return ret;
	ret = comparable_judge(rollout);
	rollout->outcome = outcome_of(rollout);
	return ret;
}

void rollout_fini(struct rollout *rollout)
{
	free(rollout->rows);
	*rollout = (struct rollout){0};
}

const char *rollout_verdict(const struct rollout *rollout)
{
	switch (rollout->outcome) {
	case OUTCOME_WORSE:
		return verdict_name(VERDICT_WORSE);
	case OUTCOME_NOT_COMPARABLE:
		return "not comparable";
	default:
		return verdict_name(rollout->rows[0].verdict);
	}
}
