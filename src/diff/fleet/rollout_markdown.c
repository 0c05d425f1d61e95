// SPDX-License-Identifier: GPL-2.0-only
#include "diff/fleet/rollout_print.h"

#include <math.h>

#include "base/format.h"
#include "base/str.h"
#include "diff/verdict.h"

#define DURATION_LEN 24

static const char *const labels[SIDE_CNT] = {"BASE", "NEW"};

/* What would begin something in a table's cell does not. */
static void add_escaped(struct str *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '|' || *text == '<' || *text == '*' || *text == '`')
			str_addc(out, '\\');
		str_addc(out, *text == '\n' ? ' ' : *text);
	}
}

static void add_row(struct str *out, const struct rollout *rollout, const struct rollout_row *row)
{
	char base[DURATION_LEN], new[DURATION_LEN];
	const char *bold = row->verdict == VERDICT_SAME ? "" : "**";
	struct str name;

	str_init(&name);
	rollout_add_name(&name, row);
	str_addf(out, "| %s%s%s | ", bold, verdict_name(row->verdict), bold);
	add_escaped(out, str_failed(&name) ? "" : name.text);
	str_fini(&name);
	str_addf(out, " | %s | %s | ",
		 format_nsec(llround(row->median[SIDE_BASE]), base, sizeof(base)),
		 format_nsec(llround(row->median[SIDE_NEW]), new, sizeof(new)));
	compare_add_signed(out, row->diff);
	str_adds(out, " | ");
	rollout_add_interval(out, row);
	str_addf(out, " | %.2g | ", row->test.p);
	if (row->kind == ROW_STALLED && rollout_add_why(out, rollout))
		str_adds(out, " ");
	str_adds(out, "|\n");
}

void rollout_markdown(struct str *out, const struct rollout *rollout)
{
	str_adds(out, "### kvmstall diff: ");
	rollout_add_result(out, rollout);
	str_adds(out, "\n");
	for (int id = 0; id < SIDE_CNT; id++) {
		str_addf(out, "- %s: ", labels[id]);
		add_escaped(out, rollout->fleet->question.matchers[id]);
		str_adds(out, ": ");
		rollout_add_side(out, rollout, id);
		str_adds(out, "\n");
	}
	str_adds(out, "- ");
	rollout_add_window(out, rollout);
	str_adds(out, "\n");
	for (size_t i = 0; i < rollout->reasons_cnt; i++) {
		str_adds(out, "- note: ");
		add_escaped(out, rollout->reasons[i].text);
		str_adds(out, "\n");
	}
	for (int id = 0; id < SIDE_CNT; id++)
		for (size_t i = 0; i < rollout->fleet->sides[id].cnt; i++) {
			if (rollout->fleet->sides[id].hosts[i].state == HOST_COUNTS)
				continue;
			str_addf(out, "- left out of %s: ", labels[id]);
			rollout_add_left_out(out, &rollout->fleet->sides[id].hosts[i]);
			str_adds(out, "\n");
		}
	str_adds(out, "\n| verdict | a VM start | BASE | NEW | change | 95% CI | p | why |\n"
		      "|---|---|---:|---:|---:|---|---:|---|\n");
	for (size_t i = 0; i < rollout->cnt; i++)
		if (rollout_shows(rollout, &rollout->rows[i]))
			add_row(out, rollout, &rollout->rows[i]);
}
