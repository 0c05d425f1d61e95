// SPDX-License-Identifier: GPL-2.0-only
#include "diff/verdict.h"

#include <math.h>

#include "base/format.h"
#include "base/str.h"

#define DURATION_LEN 24

/* What would begin something in a table's cell does not. */
static void add_escaped(struct str *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '|' || *text == '<' || *text == '*' || *text == '`')
			str_addc(out, '\\');
		str_addc(out, *text == '\n' ? ' ' : *text);
	}
}

static void add_duration(struct str *out, const struct measure *measure)
{
	char text[DURATION_LEN] = "-";

	if (measure->group)
		format_nsec(llround(measure->median), text, sizeof(text));
	str_addf(out, "%s | ", text);
}

static void add_row(struct str *out, const struct comparison *comparison,
		    const struct change *change)
{
	bool is_reported = compare_is_reported(change);
	struct str origin;

	str_addf(out, "| %s%s%s | `", is_reported ? "**" : "", verdict_name(change->verdict),
		 is_reported ? "**" : "");
	compare_add_call(out, change);
	str_adds(out, "` | ");
	compare_add_phase(out, change);
	str_addf(out, " | %zu/%zu | ", measure_samples(&change->sides[SIDE_BASE]),
		 measure_samples(&change->sides[SIDE_NEW]));
	add_duration(out, &change->sides[SIDE_BASE]);
	add_duration(out, &change->sides[SIDE_NEW]);
	compare_add_signed(out, change->diff);
	str_adds(out, " | ");
	compare_add_interval(out, change);
	str_addf(out, " | %.2g | ", change->p);
	if (is_reported) {
		compare_add_cause(out, comparison, change);
		str_init(&origin);
		if (compare_add_origin(&origin, change))
			str_addf(out, " %s", str_part(out, &origin));
		str_fini(&origin);
	}
	if (change->verdict == VERDICT_TOO_FEW)
		str_addf(out, "%sabout %zu samples would do", is_reported ? "; " : "",
			 comparison->needed);
	str_adds(out, " |\n");
}

static void add_facts(struct str *out, const struct comparison *comparison)
{
	if (!comparison->facts_cnt)
		return;
	str_adds(out, "\n| what differs | BASE | NEW |\n|---|---|---|\n");
	for (size_t i = 0; i < comparison->facts_cnt; i++) {
		str_adds(out, "| ");
		add_escaped(out, comparison->facts[i].key);
		for (int side = 0; side < SIDE_CNT; side++) {
			str_adds(out, " | ");
			add_escaped(out, comparison->facts[i].values[side]);
		}
		str_adds(out, " |\n");
	}
}

void compare_markdown(struct str *out, const struct comparison *comparison,
		      const char *const names[SIDE_CNT])
{
	static const char *const labels[SIDE_CNT] = {"BASE", "NEW"};

	str_adds(out, "### kvmstall diff: ");
	compare_add_result(out, comparison);
	str_adds(out, "\n");
	for (int i = 0; i < SIDE_CNT; i++) {
		str_addf(out, "- %s: ", labels[i]);
		add_escaped(out, names[i]);
		str_adds(out, ": ");
		compare_add_side(out, comparison->sides[i]);
		str_adds(out, "\n");
	}
	for (int i = 0; i < REASON_CNT; i++)
		if (comparison->reasons & 1u << i)
			str_addf(out, "- note: %s\n", comparison_reason_text(i));
	str_adds(out, "\n| verdict | call | phase | n | BASE | NEW | change | 95% CI | p | why |\n"
		      "|---|---|---|---:|---:|---:|---:|---|---:|---|\n");
	for (size_t i = 0; i < comparison->cnt; i++)
		add_row(out, comparison, &comparison->changes[i]);
	add_facts(out, comparison);
}
