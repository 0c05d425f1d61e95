// SPDX-License-Identifier: GPL-2.0-only
#include "diff/verdict.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/format.h"
#include "base/str.h"
#include "base/wrap.h"
#include "diff/mail.h"

#define DURATION_LEN 24
#define INDENT	     4

/* What made a change is listed down to this part of its largest cause. */
#define CAUSE_PART 0.1

struct lkml {
	const struct comparison *list; /* of the first side with each other one */
	size_t cnt;
	const char *const *names; /* of the sides: one more */
};

static char letter(size_t idx)
{
	return 'A' + idx;
}

static const struct side *side_of(const struct lkml *lkml, size_t idx)
{
	return idx ? lkml->list[idx - 1].sides[SIDE_NEW] : lkml->list[0].sides[SIDE_BASE];
}

/* ---- the environment ---- */

static void add_side(struct str *out, const struct lkml *lkml, size_t idx)
{
	const struct side *side = side_of(lkml, idx);
	struct str text;

	str_init(&text);
	str_addf(&text, "%s: ", lkml->names[idx]);
	mail_add_host(&text, &side->facts, side->hz);
	str_adds(&text, "; ");
	compare_add_side(&text, side);
	str_addf(out, "  %c ", letter(idx));
	wrap_add(out, str_part(out, &text), INDENT, MAIL_WIDTH);
	str_fini(&text);
}

/* ---- the table ---- */

static void add_header(struct str *out)
{
	str_addf(out, "  %c %7s %9s %9s %9s  %s\n", ' ', "n", "p50", "p99", "change",
		 "95% interval");
}

static void add_measure(struct str *out, char name, const struct measure *measure)
{
	char p50[DURATION_LEN], p99[DURATION_LEN];

	str_addf(out, "  %c %7zu %9s %9s", name, measure_samples(measure),
		 format_nsec(llround(measure->median), p50, sizeof(p50)),
		 format_nsec(llround(measure->p99), p99, sizeof(p99)));
}

static void add_new(struct str *out, char name, const struct change *change)
{
	struct str text;

	if (!change->sides[SIDE_NEW].group)
		return;
	add_measure(out, name, &change->sides[SIDE_NEW]);
	if (change->sides[SIDE_BASE].group) {
		str_init(&text);
		compare_add_signed(&text, change->diff);
		str_addf(out, " %9s  ", str_part(out, &text));
		str_fini(&text);
		compare_add_interval(out, change);
	}
	str_adds(out, "\n");
}

static void add_causes(struct str *out, const struct change *change)
{
	for (int cause = 0; cause < KS_CAUSE_CNT; cause++) {
		double base = change->sides[SIDE_BASE].by_cause[cause];
		double new = change->sides[SIDE_NEW].by_cause[cause];
		char from[DURATION_LEN], to[DURATION_LEN];

		if (new == base || fabs(new - base) < CAUSE_PART * fabs(change->moved_ns))
			continue;
		str_addf(out, "      %-12s %9s %9s", cause_name(cause),
			 format_nsec(llround(base), from, sizeof(from)),
			 format_nsec(llround(new), to, sizeof(to)));
		str_adds(out, "  ");
		compare_add_signed(out, new - base);
		str_adds(out, "\n");
	}
}

/* Why, in words. */
static void add_why(struct str *out, const struct lkml *lkml, size_t idx,
		    const struct change *change)
{
	struct str text;

	if (!compare_is_reported(change))
		return;
	add_causes(out, change);
	str_init(&text);
	str_addf(&text, "%c: %s: ", letter(idx + 1), verdict_name(change->verdict));
	compare_add_cause(&text, &lkml->list[idx], change);
	str_adds(&text, " ");
	if (compare_add_origin(&text, change))
		str_adds(&text, "; ");
	compare_add_proof(&text, change);
	if (change->is_covered)
		str_adds(&text, "; part of a start or end that is no worse");
	else if (change->is_minor)
		str_adds(&text, "; less than 1 % of a VM's start and end");
	mail_add_folded(out, str_part(out, &text), 6);
	str_fini(&text);
}

/* The same call, in the other comparison. */
static const struct change *find(const struct comparison *comparison, const struct change *change)
{
	for (size_t i = 0; i < comparison->cnt; i++)
		if (change_is_same_call(&comparison->changes[i], change))
			return &comparison->changes[i];
	return NULL;
}

static void add_call(struct str *out, const struct lkml *lkml, const struct change *change)
{
	str_adds(out, "\n");
	compare_add_call(out, change);
	str_adds(out, " (");
	compare_add_phase(out, change);
	str_adds(out, ")\n");
	if (change->sides[SIDE_BASE].group) {
		add_measure(out, letter(0), &change->sides[SIDE_BASE]);
		str_adds(out, "\n");
	}
	for (size_t i = 0; i < lkml->cnt; i++) {
		const struct change *other = find(&lkml->list[i], change);

		if (!other)
			continue;
		add_new(out, letter(i + 1), other);
		add_why(out, lkml, i, other);
	}
}

static bool is_wanted(const struct change *change)
{
	return change_is_span(change) || compare_is_reported(change);
}

/* A call that an earlier comparison has shown is shown with it. */
static bool was_shown(const struct lkml *lkml, size_t idx, const struct change *change)
{
	for (size_t i = 0; i < idx; i++) {
		const struct change *other = find(&lkml->list[i], change);

		if (other && is_wanted(other))
			return true;
	}
	return false;
}

static void add_calls(struct str *out, const struct lkml *lkml)
{
	add_header(out);
	for (size_t i = 0; i < lkml->cnt; i++)
		for (size_t at = 0; at < lkml->list[i].cnt; at++) {
			const struct change *change = &lkml->list[i].changes[at];

			if (is_wanted(change) && !was_shown(lkml, i, change))
				add_call(out, lkml, change);
		}
}

/* ---- the end ---- */

static void add_results(struct str *out, const struct lkml *lkml)
{
	char line[512];
	struct str text;

	for (size_t i = 0; i < lkml->cnt; i++) {
		str_init(&text);
		compare_add_result(&text, &lkml->list[i]);
		snprintf(line, sizeof(line), "%s", str_part(out, &text));
		line[strcspn(line, "\n")] = '\0'; /* wrap_add() has its own */
		str_addf(out, "  %c ", letter(i + 1));
		wrap_add(out, line, INDENT, MAIL_WIDTH);
		str_fini(&text);
		for (int reason = 0; reason < REASON_CNT; reason++)
			if (lkml->list[i].reasons & 1u << reason)
				mail_add_folded(out, comparison_reason_text(reason), INDENT);
	}
}

static void add_facts(struct str *out, const struct comparison *comparison, char name)
{
	struct str text;

	if (comparison->facts_cnt)
		str_addf(out, "\nWhat else differs, A to %c:\n", name);
	for (size_t i = 0; i < comparison->facts_cnt; i++) {
		if (!strcmp(comparison->facts[i].key, "kernel.build_id"))
			continue;
		str_init(&text);
		compare_add_fact(&text, &comparison->facts[i]);
		mail_add_folded(out, str_part(out, &text), 2);
		str_fini(&text);
	}
}

static void add_command(struct str *out, const struct lkml *lkml)
{
	str_adds(out, "\nTo reproduce, on each kernel, and then anywhere:\n\n");
	str_adds(out, "    kvmstall record -o $(uname -r).kvs -- \\\n"
		      "        kvmstall repro --rounds 31\n");
	str_adds(out, "    kvmstall diff --format lkml");
	for (size_t i = 0; i <= lkml->cnt; i++)
		str_addf(out, " \\\n        %s", lkml->names[i]);
	str_adds(out, "\n\n");
	mail_add_folded(
		out,
		"If the recordings are of another command, put it in the place of 'kvmstall "
		"repro': recordings do not have it.",
		0);
}

void compare_lkml(struct str *out, const struct comparison *list, size_t cnt,
		  const char *const *names)
{
	const struct lkml lkml = {list, cnt, names};

	str_adds(out, "Latencies of KVM calls, and of whole VMs (kvmstall)\n\n");
	for (size_t i = 0; i <= cnt; i++)
		add_side(out, &lkml, i);
	str_adds(out, "\n");
	add_calls(out, &lkml);
	str_adds(out, "\nAgainst A:\n");
	add_results(out, &lkml);
	for (size_t i = 0; i < cnt; i++)
		add_facts(out, &list[i], letter(i + 1));
	add_command(out, &lkml);
}
