// SPDX-License-Identifier: GPL-2.0-only
#include "diff/verdict.h"

#include <math.h>

#include "base/str.h"
#include "output/html.h"

static bool is_failure(const struct change *change)
{
	return change->verdict == VERDICT_WORSE && !change->is_minor;
}

/* Neither can be said: what nothing hangs on has passed. */
static bool is_skipped(const struct change *change)
{
	return !change->is_minor &&
	       (change->verdict == VERDICT_TOO_FEW || change->verdict == VERDICT_ONE_SIDED);
}

static void add_text(struct str *out, const struct comparison *comparison,
		     const struct change *change)
{
	struct str text;

	str_init(&text);
	compare_add_signed(&text, change->diff);
	str_adds(&text, " (");
	compare_add_interval(&text, change);
	str_adds(&text, "): ");
	compare_add_cause(&text, comparison, change);
	str_adds(&text, " ");
	compare_add_origin(&text, change);
	html_add_text(out, str_part(out, &text));
	str_fini(&text);
}

static void add_case(struct str *out, const struct comparison *comparison,
		     const struct change *change)
{
	struct str name;

	str_init(&name);
	compare_add_phase(&name, change);
	str_adds(out, "    <testcase classname=\"");
	html_add_text(out, str_part(out, &name));
	str_reset(&name);
	compare_add_call(&name, change);
	str_adds(out, "\" name=\"");
	html_add_text(out, str_part(out, &name));
	str_fini(&name);
	str_addf(out, "\" time=\"%.6f\"", change->sides[SIDE_NEW].median / 1e9);
	if (!is_failure(change) && !is_skipped(change)) {
		str_adds(out, "/>\n");
		return;
	}
	str_addf(out, ">\n      <%s message=\"%s: ", is_failure(change) ? "failure" : "skipped",
		 verdict_name(change->verdict));
	add_text(out, comparison, change);
	str_adds(out, "\"/>\n    </testcase>\n");
}

/* A reason why nothing can be said, or not all, is an error where the result is that. */
static void add_reasons(struct str *out, const struct comparison *comparison)
{
	str_adds(out, "    <testcase classname=\"recordings\" name=\"comparable\" time=\"0\">\n"
		      "      <error message=\"");
	for (int i = 0, cnt = 0; i < REASON_CNT; i++)
		if (comparison->reasons & 1u << i) {
			str_adds(out, cnt++ ? "; " : "");
			html_add_text(out, comparison_reason_text(i));
		}
	str_adds(out, "\"/>\n    </testcase>\n");
}

void compare_junit(struct str *out, const struct comparison *comparison,
		   const char *const names[SIDE_CNT])
{
	bool is_error = comparison->outcome == OUTCOME_NOT_COMPARABLE;
	size_t failures = 0, skipped = 0;

	for (size_t i = 0; i < comparison->cnt; i++) {
		failures += is_failure(&comparison->changes[i]);
		skipped += is_skipped(&comparison->changes[i]);
	}
	str_adds(out, "  <testsuite name=\"kvmstall diff ");
	html_add_text(out, names[SIDE_BASE]);
	str_adds(out, " ");
	html_add_text(out, names[SIDE_NEW]);
	str_addf(out, "\" tests=\"%zu\" failures=\"%zu\" errors=\"%d\" skipped=\"%zu\">\n",
		 comparison->cnt + is_error, failures, is_error, skipped);
	for (size_t i = 0; i < comparison->cnt; i++)
		add_case(out, comparison, &comparison->changes[i]);
	if (is_error)
		add_reasons(out, comparison);
	str_adds(out, "  </testsuite>\n");
}
