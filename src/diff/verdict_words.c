// SPDX-License-Identifier: GPL-2.0-only
#include "diff/verdict.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/format.h"
#include "base/str.h"

#define DURATION_LEN 24
#define VALUE_WIDTH  32

void compare_add_signed(struct str *out, double ns)
{
	char text[DURATION_LEN];
	uint64_t abs = llround(fabs(ns));

	str_addf(out, "%s%s",
		 !abs	  ? ""
		 : ns < 0 ? "-"
			  : "+",
		 abs ? format_nsec(abs, text, sizeof(text)) : "0");
}

static const struct group *any_group(const struct change *change)
{
	const struct group *base = change->sides[SIDE_BASE].group;

	return base ? base : change->sides[SIDE_NEW].group;
}

void compare_add_interval(struct str *out, const struct change *change)
{
	if (change_samples(change) < INTERVAL_MIN) {
		str_adds(out, "-");
		return;
	}
	compare_add_signed(out, change->interval.low);
	str_adds(out, " .. ");
	compare_add_signed(out, change->interval.high);
}

void compare_add_call(struct str *out, const struct change *change)
{
	static const char *const ordinals[OCCURRENCE_MAX + 1] = {"", " 1st", " 2nd", " 3rd",
								 " 4th+"};
	const struct group *group = any_group(change);

	str_addf(out, "%s%s", call_name(group->call), ordinals[group->occurrence]);
}

void compare_add_phase(struct str *out, const struct change *change)
{
	const struct group *base = change->sides[SIDE_BASE].group;
	const struct group *new = change->sides[SIDE_NEW].group;

	str_adds(out, phase_name(any_group(change)->phase));
	if (base && new && base->phase != new->phase)
		str_addf(out, ">%s", phase_name(new->phase));
}

bool compare_add_origin(struct str *out, const struct change *change)
{
	const struct origin *origin = change->origin;

	if (!origin && (!change->moved_cnt || change->moved != KS_CAUSE_GP_TIMER))
		return false;
	if (!origin) {
		str_adds(out, "because of a culprit that is not known");
		return true;
	}
	str_adds(out, origin->is_place ? "in " : "because of ");
	str_adds(out, origin->func[0] ? origin->func : call_name(origin->call));
	if (origin->func[0] && origin->call)
		str_addf(out, " in %s", call_name(origin->call));
	str_addf(out, " (%zu of %zu call%s)", change->origin_cnt, change->moved_cnt,
		 format_s(change->moved_cnt));
	return true;
}

void compare_add_cause(struct str *out, const struct comparison *comparison,
		       const struct change *change)
{
	bool is_inferred = comparison->sides[SIDE_BASE]->logs || comparison->sides[SIDE_NEW]->logs;

	str_adds(out, cause_name(change->moved));
	if (is_inferred && change->moved != KS_CAUSE_UNEXPLAINED)
		str_adds(out, " (inferred)");
	str_adds(out, " ");
	compare_add_signed(out, change->moved_ns);
}

void compare_add_proof(struct str *out, const struct change *change)
{
	char base[DURATION_LEN], new[DURATION_LEN];

	if (change->p < 0.0001)
		str_adds(out, "p < 0.0001");
	else
		str_addf(out, "p = %.2g", change->p);
	str_addf(out, ", effect %+.2f, p99 %s to %s", change->test.delta,
		 format_nsec(change->sides[SIDE_BASE].p99, base, sizeof(base)),
		 format_nsec(change->sides[SIDE_NEW].p99, new, sizeof(new)));
}

/* Is the word at @word, of @len characters, among those of @text? */
static bool has_word(const char *text, const char *word, size_t len)
{
	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t other = strcspn(text, " ");

		if (other == len && !strncmp(text, word, len))
			return true;
		text += other;
	}
	return false;
}

/* Those words of @text that @other has not; "-" for none. */
static void add_words(struct str *out, const char *text, const char *other)
{
	const char *sep = "";

	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t len = strcspn(text, " ");

		if (!has_word(other, text, len)) {
			str_adds(out, sep);
			str_addn(out, text, len);
			sep = " ";
		}
		text += len;
	}
	if (!*sep)
		str_adds(out, "-");
}

/* Of long values, as a kernel's command line, only the words that differ. */
void compare_add_fact(struct str *out, const struct fact_change *fact)
{
	const char *base = fact->values[SIDE_BASE], *new = fact->values[SIDE_NEW];
	bool is_long = strlen(base) > VALUE_WIDTH || strlen(new) > VALUE_WIDTH;

	str_addf(out, "%s: ", fact->key);
	if (is_long && *base && *new)
		add_words(out, base, new);
	else
		str_adds(out, base[0] ? base : "(not known)");
	str_adds(out, " to ");
	if (is_long && *base && *new)
		add_words(out, new, base);
	else
		str_adds(out, new[0] ? new : "(not known)");
}

void compare_add_side(struct str *out, const struct side *side)
{
	uint64_t vms = side->samples.vms_cnt, cnt = side->samples.calls_seen;

	str_addf(out, "%" PRIu64 " VM%s, %" PRIu64 " call%s", vms, format_s(vms), cnt,
		 format_s(cnt));
	if (side->samples.recordings > 1)
		str_addf(out, ", %u recordings", side->samples.recordings);
	if (side->logs)
		str_adds(out, ", from a log: causes are inferred");
	if (side->partial)
		str_adds(out, ", without the calls that did not sleep");
	if (side->lost)
		str_addf(out, ", %" PRIu64 " record%s lost", side->lost, format_s(side->lost));
	if (side->holes)
		str_addf(out, ", %" PRIu64 " loss%s that cost%s no call (accounts may have holes)",
			 side->holes, side->holes == 1 ? "" : "es", side->holes == 1 ? "s" : "");
	if (side->cut)
		str_adds(out, ", cut: its end is missing");
}

void compare_add_result(struct str *out, const struct comparison *comparison)
{
	const size_t *cnt = comparison->by_verdict;
	const char *sep = ": ";

	str_adds(out, comparison_verdict(comparison));
	for (size_t i = 0; i < comparison->cnt && change_is_span(&comparison->changes[i]); i++) {
		const struct change *change = &comparison->changes[i];

		str_addf(out, "%s%s %s", sep, call_name(any_group(change)->call),
			 verdict_name(change->verdict));
		sep = ", ";
	}
	for (int i = 0; i < VERDICT_CNT; i++) {
		if (!cnt[i])
			continue;
		str_addf(out, "%s%zu call%s %s", sep, cnt[i], format_s(cnt[i]), verdict_name(i));
		sep = ", ";
	}
	str_adds(out, "\n");
}

bool compare_is_reported(const struct change *change)
{
	if (change->verdict == VERDICT_WORSE || change->verdict == VERDICT_BETTER ||
	    change->is_unsure)
		return true;
	return change->verdict == VERDICT_TOO_FEW && fabs(change->diff) >= change->threshold;
}
