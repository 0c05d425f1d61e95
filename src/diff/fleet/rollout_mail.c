// SPDX-License-Identifier: GPL-2.0-only
#include "diff/fleet/rollout_print.h"

#include <math.h>

#include "base/format.h"
#include "base/str.h"
#include "base/wrap.h"
#include "diff/mail.h"
#include "diff/verdict.h"

#define DURATION_LEN 24
#define INDENT	     4

static void add_folded(struct str *out, struct str *text, size_t indent)
{
	mail_add_folded(out, str_failed(text) ? "" : text->text, indent);
	str_reset(text);
}

static void add_row(struct str *out, const struct rollout_row *row)
{
	char base[DURATION_LEN], new[DURATION_LEN];
	struct str change;

	rollout_add_name(out, row);
	str_init(&change);
	compare_add_signed(&change, row->diff);
	str_addf(out, "\n  %9s %9s %9s  ",
		 format_nsec(llround(row->median[SIDE_BASE]), base, sizeof(base)),
		 format_nsec(llround(row->median[SIDE_NEW]), new, sizeof(new)), change.text);
	str_fini(&change);
	rollout_add_interval(out, row);
	str_addf(out, "%s%s\n", row->verdict == VERDICT_SAME ? "" : "  ",
		 row->verdict == VERDICT_SAME ? "" : verdict_name(row->verdict));
}

static void add_rows(struct str *out, const struct rollout *rollout, struct str *text)
{
	str_addf(out, "  %9s %9s %9s  %s\n", "A", "B", "change", "95% interval");
	for (size_t i = 0; i < rollout->cnt; i++) {
		if (!rollout_shows(rollout, &rollout->rows[i]))
			continue;
		add_row(out, &rollout->rows[i]);
		if (rollout->rows[i].kind != ROW_STALLED)
			continue;
		if (rollout_add_why(text, rollout))
			str_adds(text, "; ");
		rollout_add_proof(text, &rollout->rows[i]);
		add_folded(out, text, INDENT);
	}
}

void rollout_lkml(struct str *out, const struct rollout *rollout)
{
	struct str text;

	str_init(&text);
	str_adds(out,
		 "Stall time of KVM calls a VM start, over two groups of hosts (kvmstall)\n\n");
	for (int id = 0; id < SIDE_CNT; id++) {
		str_addf(&text, "%c: %s: ", 'A' + id, rollout->fleet->question.matchers[id]);
		rollout_add_side(&text, rollout, id);
		add_folded(out, &text, 2);
	}
	rollout_add_window(&text, rollout);
	add_folded(out, &text, 2);
	str_adds(out, "\n");
	add_rows(out, rollout, &text);
	str_adds(out, "\n");
	rollout_add_result(&text, rollout);
	add_folded(out, &text, 0);
	for (size_t i = 0; i < rollout->reasons_cnt; i++)
		mail_add_folded(out, rollout->reasons[i].text, INDENT);
	str_fini(&text);
}
