// SPDX-License-Identifier: GPL-2.0-only
#include "diff/fleet/rollout_print.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/format.h"
#include "base/str.h"
#include "diff/verdict.h"

#define DURATION_LEN 24
/* Of the first row: what is less in both groups, and did not move, is not shown to people. */
#define SHOWN_SHARE 0.01

void rollout_add_name(struct str *out, const struct rollout_row *row)
{
	static const char *const quantiles[QUANTILE_CNT] = {"p50", "p99"};

	if (row->kind == ROW_STALLED)
		str_adds(out, "stalled a VM start");
	else if (row->kind == ROW_START)
		str_addf(out, "start of a VM, %s", quantiles[row->quantile]);
	else
		str_addf(out, "%s%s%s", row->part->name, row->kind == ROW_CALL ? " " : "",
			 row->part->cause);
}

void rollout_add_figures(struct str *out, const struct rollout_row *row, int width)
{
	char base[DURATION_LEN], new[DURATION_LEN];
	struct str change;

	str_init(&change);
	compare_add_signed(&change, row->diff);
	str_addf(out, "%*s %*s %9s", width,
		 format_nsec(llround(row->median[SIDE_BASE]), base, sizeof(base)), width,
		 format_nsec(llround(row->median[SIDE_NEW]), new, sizeof(new)), change.text);
	str_fini(&change);
}

void rollout_add_interval(struct str *out, const struct rollout_row *row)
{
	compare_add_signed(out, row->interval.low);
	str_adds(out, " .. ");
	compare_add_signed(out, row->interval.high);
}

void rollout_end_row(struct str *out, const struct rollout_row *row)
{
	rollout_add_interval(out, row);
	str_addf(out, "%s%s\n", row->verdict == VERDICT_SAME ? "" : "  ",
		 row->verdict == VERDICT_SAME ? "" : verdict_name(row->verdict));
}

bool rollout_add_why(struct str *out, const struct rollout *rollout)
{
	if (!rollout->moved)
		return false;
	str_addf(out, "%s ", rollout->moved->part->cause);
	compare_add_signed(out, rollout->moved->diff);
	if (rollout->initiator) {
		str_addf(out, " because of %s ", rollout->initiator->part->name);
		compare_add_signed(out, rollout->initiator->diff);
	}
	return true;
}

static void add_span(struct str *out, const struct rollout_row *row, enum side_id side)
{
	char low[DURATION_LEN], high[DURATION_LEN];

	str_addf(out, "%s to %s", format_nsec(llround(row->low[side]), low, sizeof(low)),
		 format_nsec(llround(row->high[side]), high, sizeof(high)));
}

void rollout_add_proof(struct str *out, const struct rollout_row *row)
{
	if (row->test.p < 0.0001)
		str_adds(out, "p < 0.0001");
	else
		str_addf(out, "p = %.2g", row->test.p);
	str_addf(out, ", effect %+.2f, hosts ", row->test.delta);
	add_span(out, row, SIDE_BASE);
	str_adds(out, " and ");
	add_span(out, row, SIDE_NEW);
}

void rollout_add_side(struct str *out, const struct rollout *rollout, enum side_id side)
{
	static const char *const words[FACT_CNT] = {"kernel ", "HZ=", "kvmstall ", ""};
	uint64_t starts = llround(fmin(rollout->starts[side], 1e15));
	size_t hosts = rollout->hosts[side];
	const char *sep = "; ";

	str_addf(out, "%zu host%s, %" PRIu64 " VM start%s", hosts, format_s(hosts), starts,
		 format_s(starts));
	for (int fact = 0; fact < FACT_CNT; fact++) {
		if (!rollout->facts[side][fact][0])
			continue;
		str_addf(out, "%s%s%s", sep, words[fact], rollout->facts[side][fact]);
		sep = ", ";
	}
	if (rollout->fleet->sides[side].warning[0])
		str_addf(out, "; the server warns: %s", rollout->fleet->sides[side].warning);
}

/* Seconds since 1970 as a date: days from the first of March, years of 400 at a time (proleptic
 * Gregorian). */
static void add_date(struct str *out, int64_t seconds)
{
	int64_t days = seconds / 86400 + 719468, clock = seconds % 86400;
	int64_t era = days / 146097, of_era = days % 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;

	str_addf(out,
		 "%04" PRId64 "-%02" PRId64 "-%02" PRId64 " %02" PRId64 ":%02" PRId64 ":%02" PRId64
		 " UTC",
		 year + era * 400 + (month >= 10), month < 10 ? month + 3 : month - 9,
		 of_year - (153 * month + 2) / 5 + 1, clock / 3600, clock / 60 % 60, clock % 60);
}

void rollout_add_window(struct str *out, const struct rollout *rollout)
{
	const struct question *question = &rollout->fleet->question;
	uint64_t over_s = question->over_ns / 1000000000;

	str_adds(out, "over ");
	if (over_s % 3600 == 0)
		str_addf(out, "%" PRIu64 "h", over_s / 3600);
	else if (over_s % 60 == 0)
		str_addf(out, "%" PRIu64 "m", over_s / 60);
	else
		str_addf(out, "%" PRIu64 "s", over_s);
	str_adds(out, " until ");
	if (question->until >= 0 && question->until < (1LL << 40))
		add_date(out, question->until);
	str_adds(out, "; each host counts once");
	if (rollout->form < FORM_CNT)
		str_addf(out, "; p50 and p99 of each host's %s histogram",
			 rollout->form == FORM_NATIVE ? "native" : "classic");
}

void rollout_add_result(struct str *out, const struct rollout *rollout)
{
	str_addf(out, "%s: ", rollout_verdict(rollout));
	if (rollout->hosts[SIDE_BASE] && rollout->hosts[SIDE_NEW]) {
		rollout_add_name(out, &rollout->rows[0]);
		str_adds(out, " ");
		compare_add_signed(out, rollout->rows[0].diff);
		str_adds(out, ", ");
	}
	str_addf(out, "%zu and %zu hosts\n", rollout->hosts[SIDE_BASE], rollout->hosts[SIDE_NEW]);
}

void rollout_add_left_out(struct str *out, const struct fleet_host *host)
{
	str_addf(out, "%s %s", host->name[0] ? host->name : "(no instance)",
		 host_state_text(host->state));
}

bool rollout_shows(const struct rollout *rollout, const struct rollout_row *row)
{
	double least = SHOWN_SHARE *
		       fmax(rollout->rows[0].median[SIDE_BASE], rollout->rows[0].median[SIDE_NEW]);

	if (row->kind == ROW_STALLED || row->kind == ROW_START || row->verdict != VERDICT_SAME)
		return true;
	return fmax(row->median[SIDE_BASE], row->median[SIDE_NEW]) >= fmax(least, 1);
}

bool rollout_fact_differs(const struct rollout *rollout, enum host_fact fact)
{
	return strcmp(rollout->facts[SIDE_BASE][fact], rollout->facts[SIDE_NEW][fact]) != 0;
}
