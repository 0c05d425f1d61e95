// SPDX-License-Identifier: GPL-2.0-only
#include "diff/fleet/rollout_print.h"

#include "base/str.h"
#include "base/wrap.h"
#include "diff/mail.h"

#define INDENT 4

static void add_folded(struct str *out, struct str *text, size_t indent)
{
	mail_add_folded(out, str_failed(text) ? "" : text->text, indent);
	str_reset(text);
}

static void add_row(struct str *out, const struct rollout_row *row)
{
	rollout_add_name(out, row);
	str_adds(out, "\n  ");
	rollout_add_figures(out, row, 9);
	str_adds(out, "  ");
	rollout_end_row(out, row);
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
