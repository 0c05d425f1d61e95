// SPDX-License-Identifier: GPL-2.0-only
#include "diff/verdict.h"

#include <math.h>
#include <stdio.h>

#include "base/format.h"
#include "base/str.h"

#define DURATION_LEN 24

enum column { COLUMN_PHASE = 34, COLUMN_N = 46, COLUMN_BASE = 53 };

static void add_header(struct str *out)
{
	str_adds(out, "  CALL");
	str_pad(out, COLUMN_PHASE);
	str_adds(out, "PHASE");
	str_pad(out, COLUMN_N);
	str_adds(out, "N");
	str_pad(out, COLUMN_BASE);
	str_addf(out, "%8s %8s %9s %s\n", "BASE", "NEW", "CHANGE", "95% CI");
}

static void add_duration(struct str *out, const struct measure *measure)
{
	char text[DURATION_LEN] = "-";

	if (measure->group)
		format_nsec(llround(measure->median), text, sizeof(text));
	str_addf(out, "%8s ", text);
}

static void add_change(struct str *out, const struct change *change)
{
	struct str text;

	str_init(&text);
	compare_add_signed(&text, change->diff);
	str_addf(out, "%9s ", str_part(out, &text));
	str_fini(&text);
	compare_add_interval(out, change);
}

static void add_row(struct str *out, const struct change *change)
{
	const struct measure *sides = change->sides;

	str_adds(out, "  ");
	compare_add_call(out, change);
	str_adds(out, " ");
	str_pad(out, COLUMN_PHASE);
	compare_add_phase(out, change);
	str_adds(out, " ");
	str_pad(out, COLUMN_N);
	str_addf(out, "%zu/%zu ", measure_samples(&sides[SIDE_BASE]),
		 measure_samples(&sides[SIDE_NEW]));
	str_pad(out, COLUMN_BASE);
	add_duration(out, &sides[SIDE_BASE]);
	add_duration(out, &sides[SIDE_NEW]);
	if (sides[SIDE_BASE].group && sides[SIDE_NEW].group)
		add_change(out, change);
	str_adds(out, "\n");
}

/* Why what looks like a change is not called one; the threshold follows. */
static const char *const doubts[TOLERANCE_CNT] = {
	[TOLERANCE_NONE] = "not sure that it is more than what counts; more samples would tell",
	[TOLERANCE_TIMER] =
		"no change: waits for timers vary so much, by where in a jiffy they begin",
	[TOLERANCE_HOLDOFF] =
		"no change: microseconds decide whether this grace period is expedited",
	[TOLERANCE_SCHEDULER] =
		"no change: on a busy host a task that is to run waits up to a jiffy",
};

static void add_details(struct str *out, const struct comparison *comparison,
			const struct change *change)
{
	char threshold[DURATION_LEN];

	if (change->is_unsure)
		str_addf(out, "      %s (%s)\n", doubts[change->tolerance],
			 format_nsec(llround(change->threshold), threshold, sizeof(threshold)));
	if (!compare_is_reported(change))
		return;
	if (change->is_covered)
		str_adds(out,
			 "      part of a start or end that is no worse: nothing hangs on it\n");
	else if (change->is_minor)
		str_addf(out, "      %.2g %% of a VM's start and end: nothing hangs on it\n",
			 100 * change->share);
	str_adds(out, "      ");
	compare_add_cause(out, comparison, change);
	str_adds(out, "\n      ");
	if (compare_add_origin(out, change))
		str_adds(out, "\n      ");
	compare_add_proof(out, change);
	str_adds(out, "\n");
	for (size_t i = 0; i < change->explanations_cnt; i++) {
		str_adds(out, i ? "                         " : "      what could explain it: ");
		compare_add_fact(out, &comparison->facts[change->explanations[i]]);
		str_adds(out, "\n");
	}
}

/* What a user waits for comes first, and says its verdict itself. */
static void add_spans(struct str *out, const struct comparison *comparison)
{
	const struct change *change = comparison->changes;

	if (!comparison->cnt || !change_is_span(change))
		return;
	str_adds(out, "\nwhole VMs\n");
	for (size_t i = 0; i < comparison->cnt && change_is_span(change); i++, change++) {
		add_row(out, change);
		str_addf(out, "      %s", verdict_name(change->verdict));
		if (change->verdict == VERDICT_TOO_FEW)
			str_addf(out, ": about %zu a side would do", comparison->needed);
		str_adds(out, "\n");
		add_details(out, comparison, change);
	}
}

static void add_section(struct str *out, const struct comparison *comparison, enum verdict verdict)
{
	str_addf(out, "\n%s", verdict_name(verdict));
	if (verdict == VERDICT_TOO_FEW)
		str_addf(out, ": about %zu a side would do", comparison->needed);
	str_adds(out, "\n");
	for (size_t i = 0; i < comparison->cnt; i++) {
		if (comparison->changes[i].verdict != verdict ||
		    change_is_span(&comparison->changes[i]))
			continue;
		add_row(out, &comparison->changes[i]);
		add_details(out, comparison, &comparison->changes[i]);
	}
}

static void add_facts(struct str *out, const struct comparison *comparison)
{
	if (!comparison->facts_cnt)
		return;
	str_adds(out, "\nwhat differs between the recordings\n");
	for (size_t i = 0; i < comparison->facts_cnt; i++) {
		str_adds(out, "  ");
		compare_add_fact(out, &comparison->facts[i]);
		str_adds(out, "\n");
	}
}

void compare_text(struct str *out, const struct comparison *comparison,
		  const char *const names[SIDE_CNT])
{
	static const char *const labels[SIDE_CNT] = {"BASE", "NEW "};

	for (int i = 0; i < SIDE_CNT; i++) {
		str_addf(out, "%s  %s: ", labels[i], names[i]);
		compare_add_side(out, comparison->sides[i]);
		str_adds(out, "\n");
	}
	str_adds(out, "\n");
	add_header(out);
	add_spans(out, comparison);
	for (int i = 0; i < VERDICT_CNT; i++)
		if (comparison->by_verdict[i])
			add_section(out, comparison, i);
	add_facts(out, comparison);
	str_adds(out, "\n");
	for (int i = 0; i < REASON_CNT; i++)
		if (comparison->reasons & 1u << i)
			str_addf(out, "note: %s\n", comparison_reason_text(i));
	compare_add_result(out, comparison);
}
