// SPDX-License-Identifier: GPL-2.0-only
#include "diff/fleet/rollout_print.h"

#include "base/str.h"
#include "diff/verdict.h"
#include "output/html.h"

static void add_flushed(struct str *out, struct str *text)
{
	html_add_text(out, str_failed(text) ? "" : text->text);
	str_reset(text);
}

/* One row decides; what it is made of explains, and fails nothing. */
static void add_case(struct str *out, const struct rollout *rollout, const struct rollout_row *row)
{
	bool is_failure = row->kind == ROW_STALLED && rollout->outcome == OUTCOME_WORSE;
	struct str text;

	str_init(&text);
	rollout_add_name(&text, row);
	str_adds(out, "    <testcase classname=\"fleet\" name=\"");
	add_flushed(out, &text);
	str_addf(out, "\" time=\"%.6f\"", row->median[SIDE_NEW] / 1e9);
	if (is_failure) {
		str_addf(out, ">\n      <failure message=\"%s: ", verdict_name(row->verdict));
		compare_add_signed(&text, row->diff);
		str_adds(&text, " (");
		rollout_add_interval(&text, row);
		str_adds(&text, "): ");
		rollout_add_why(&text, rollout);
		add_flushed(out, &text);
		str_adds(out, "\"/>\n    </testcase>\n");
	} else {
		str_adds(out, "/>\n");
	}
	str_fini(&text);
}

static void add_reasons(struct str *out, const struct rollout *rollout)
{
	str_adds(out, "    <testcase classname=\"fleet\" name=\"comparable\" time=\"0\">\n"
		      "      <error message=\"");
	for (size_t i = 0; i < rollout->reasons_cnt; i++) {
		str_adds(out, i ? "; " : "");
		html_add_text(out, rollout->reasons[i].text);
	}
	str_adds(out, "\"/>\n    </testcase>\n");
}

void rollout_junit(struct str *out, const struct rollout *rollout)
{
	bool is_error = rollout->outcome == OUTCOME_NOT_COMPARABLE;
	size_t shown = 0;

	for (size_t i = 0; i < rollout->cnt; i++)
		shown += rollout_shows(rollout, &rollout->rows[i]);
	str_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
		      "  <testsuite name=\"kvmstall diff ");
	html_add_text(out, rollout->fleet->question.matchers[SIDE_BASE]);
	str_adds(out, " ");
	html_add_text(out, rollout->fleet->question.matchers[SIDE_NEW]);
	str_addf(out, "\" tests=\"%zu\" failures=\"%d\" errors=\"%d\" skipped=\"0\">\n",
		 shown + is_error, rollout->outcome == OUTCOME_WORSE, is_error);
	for (size_t i = 0; i < rollout->cnt; i++)
		if (rollout_shows(rollout, &rollout->rows[i]))
			add_case(out, rollout, &rollout->rows[i]);
	if (is_error)
		add_reasons(out, rollout);
	str_adds(out, "  </testsuite>\n</testsuites>\n");
}
