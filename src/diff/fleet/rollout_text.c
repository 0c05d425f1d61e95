// SPDX-License-Identifier: GPL-2.0-only
#include "diff/fleet/rollout_print.h"

#include <math.h>

#include "base/format.h"
#include "base/str.h"
#include "diff/verdict.h"

#define DURATION_LEN 24
#define COLUMN_BASE  44
/* Hosts that are left out, by name; of more, how many. */
#define NAMED_MAX 7

static const char *const labels[SIDE_CNT] = {"BASE", "NEW "};
static const char *const titles[ROW_KIND_CNT] = {
	[ROW_CAUSE] = "by cause, a VM start",
	[ROW_CALL] = "by call and cause, a VM start",
	[ROW_FUNCTION] = "by who asked for the grace period, a VM start",
};

static void add_row(struct str *out, const struct rollout_row *row)
{
	str_adds(out, "  ");
	rollout_add_name(out, row);
	str_adds(out, " ");
	str_pad(out, COLUMN_BASE);
	rollout_add_figures(out, row, 8);
	str_adds(out, " ");
	rollout_end_row(out, row);
}

static void add_details(struct str *out, const struct rollout *rollout)
{
	const struct rollout_row *row = &rollout->rows[0];
	char threshold[DURATION_LEN];

	if (row->is_unsure)
		str_addf(out,
			 "      not sure that it is no more than what counts (%s): more hosts "
			 "would tell\n",
			 format_nsec(llround(row->threshold), threshold, sizeof(threshold)));
	str_adds(out, "      ");
	if ((row->is_unsure || row->verdict != VERDICT_SAME) && rollout_add_why(out, rollout))
		str_adds(out, "\n      ");
	rollout_add_proof(out, row);
	str_adds(out, "\n");
}

static void add_rows(struct str *out, const struct rollout *rollout)
{
	enum row_kind last = ROW_START;

	str_adds(out, "  WHAT");
	str_pad(out, COLUMN_BASE);
	str_addf(out, "%8s %8s %9s %s\n", "BASE", "NEW", "CHANGE", "95% CI");
	for (size_t i = 0; i < rollout->cnt; i++) {
		const struct rollout_row *row = &rollout->rows[i];

		if (!rollout_shows(rollout, row))
			continue;
		if (row->kind > last)
			str_addf(out, "\n%s\n", titles[row->kind]);
		last = row->kind > last ? row->kind : last;
		add_row(out, row);
		if (row->kind == ROW_STALLED)
			add_details(out, rollout);
	}
}

static void add_facts(struct str *out, const struct rollout *rollout)
{
	const char *title = "\nwhat differs between the groups\n";

	for (int fact = 0; fact < FACT_CNT; fact++) {
		if (!rollout_fact_differs(rollout, fact))
			continue;
		str_addf(out, "%s  %s: %s to %s\n", title, host_fact_key(fact),
			 rollout->facts[SIDE_BASE][fact], rollout->facts[SIDE_NEW][fact]);
		title = "";
	}
}

static void add_left_out(struct str *out, const struct rollout *rollout)
{
	const char *title = "\nleft out\n";

	for (int id = 0; id < SIDE_CNT; id++) {
		const struct fleet_side *side = &rollout->fleet->sides[id];
		size_t cnt = 0;

		for (size_t i = 0; i < side->cnt; i++) {
			if (side->hosts[i].state == HOST_COUNTS || cnt++ >= NAMED_MAX)
				continue;
			str_addf(out, "%s  %s ", title, labels[id]);
			rollout_add_left_out(out, &side->hosts[i]);
			str_adds(out, "\n");
			title = "";
		}
		if (cnt > NAMED_MAX)
			str_addf(out, "  %s and %zu more\n", labels[id], cnt - NAMED_MAX);
	}
}

void rollout_text(struct str *out, const struct rollout *rollout)
{
	for (int id = 0; id < SIDE_CNT; id++) {
		str_addf(out, "%s  %s: ", labels[id], rollout->fleet->question.matchers[id]);
		rollout_add_side(out, rollout, id);
		str_adds(out, "\n");
	}
	rollout_add_window(out, rollout);
	str_adds(out, "\n\n");
	add_rows(out, rollout);
	add_facts(out, rollout);
	add_left_out(out, rollout);
	str_adds(out, "\n");
	for (size_t i = 0; i < rollout->reasons_cnt; i++)
		str_addf(out, "note: %s\n", rollout->reasons[i].text);
	rollout_add_result(out, rollout);
}
