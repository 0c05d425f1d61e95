// SPDX-License-Identifier: GPL-2.0-only
#include "diff/fleet/ask.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"

/*
 * $M: the matchers; $W: the window; $K: what a host's name is made of; $S: the hosts of the group.
 * A pair of servers that scrape the same hosts has everything twice: max by what matters makes one
 * of it. Prometheus 2.42 has no difference of native histograms, so their quantiles are of
 * increase().
 */
#define DECIDING     "kvmstall_stall_seconds_total{cause!~\"kworker|wakeup|runnable\"}"
#define WHOSE	     " and on ($K) $S"
#define GREW(series) "(" series " - " series " offset $W)"
#define QUANTILES(grown)                                                                           \
	"max by ($K, q) (label_replace(histogram_quantile(0.5, " grown                             \
	"), \"q\", \"0.5\", \"\", \"\") or label_replace(histogram_quantile(0.99, " grown          \
	"), \"q\", \"0.99\", \"\", \"\"))" WHOSE

static const struct {
	const char *name;
	const char *query;
} asks[ASK_CNT] = {
	[ASK_INFO] = {"info", "max by ($K, kernel, hz, version, backend) (last_over_time($I[$W]))"},
	[ASK_NOW] = {"now", "max by ($K) ($I)"},
	[ASK_RESETS] = {"resets", "max by ($K) (resets(kvmstall_events_total[$W]) or "
				  "label_replace(changes(process_start_time_seconds[$W]), "
				  "\"of\", \"process\", \"\", \"\"))" WHOSE},
	[ASK_STARTS] = {"starts", "max by ($K, kind) " GREW("kvmstall_vm_starts_total") WHOSE},
	[ASK_STALLED] = {"stalled",
			 "max by ($K) (sum without (call, cause) " GREW(DECIDING) ")" WHOSE},
	[ASK_STALLS] = {"stalls", "(max by ($K, call, cause) " GREW(
					  "kvmstall_stall_seconds_total") " > 0)" WHOSE},
	[ASK_CALLS] = {"calls", "max by ($K, file) " GREW("kvmstall_calls_total") WHOSE},
	[ASK_VMS] = {"vms", "max by ($K) (avg_over_time(kvmstall_vms[$W]))" WHOSE},
	[ASK_LOST] =
		{"lost",
		 "max by ($K) (sum without (where) " GREW("kvmstall_events_lost_total") " / " GREW(
			 "kvmstall_events_total") ")" WHOSE},
	[ASK_FUNCTIONS] = {"functions",
			   "(max by ($K, function) " GREW(
				   "kvmstall_outstanding_gp_seconds_total") " > 0)" WHOSE},
	[ASK_NATIVE] = {"native", QUANTILES("increase(kvmstall_start_duration_seconds[$W])")},
	[ASK_CLASSIC] = {"classic", QUANTILES("sum without () " GREW(
					    "kvmstall_start_duration_seconds_bucket"))},
};

#define KEYS	"cluster, job, instance"
#define INFO	"target_info{kernel!=\"\",$M}"
#define MEMBERS "group by ($K) (last_over_time($I[$W]))"

const char *ask_name(enum ask ask)
{
	return asks[ask].name;
}

enum ask ask_by_name(const char *name)
{
	int ask = 0;

	while (ask < ASK_CNT && strcmp(asks[ask].name, name))
		ask++;
	return ask;
}

/* ---- matchers ---- */

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* Past a label's name; NULL: there is none. */
static const char *skip_name(const char *text)
{
	if (!isalpha((unsigned char)*text) && *text != '_')
		return NULL;
	while (isalnum((unsigned char)*text) || *text == '_')
		text++;
	return text;
}

static const char *skip_operator(const char *text)
{
	static const char *const operators[] = {"=~", "!~", "!=", "="};

	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
		if (!strncmp(text, operators[i], strlen(operators[i])))
			return text + strlen(operators[i]);
	return NULL;
}

/* Past a string in quotes, in which a backslash takes the next character's meaning. */
static const char *skip_string(const char *text)
{
	char quote = *text++;

	if (quote != '"' && quote != '\'')
		return NULL;
	for (; *text && *text != quote; text++)
		if (*text == '\n' || (*text == '\\' && !*++text))
			return NULL;
	return *text ? text + 1 : NULL;
}

static const char *skip_matcher(const char *text)
{
	text = skip_name(text);
	if (text)
		text = skip_operator(skip_blanks(text));
	return text ? skip_string(skip_blanks(text)) : NULL;
}

int ask_check_matchers(const char *matchers, const char *option, struct err *err)
{
	const char *text = skip_blanks(matchers);

	while (text && *text) {
		text = skip_matcher(text);
		if (text)
			text = skip_blanks(text);
		if (text && *text)
			text = *text == ',' ? skip_blanks(text + 1) : NULL;
	}
	if (text)
		return 0;
	return err_usage(err,
			 "%s: expected matchers, as in kernel=\"6.12.9\",rack=~\"a.*\", not '%s'",
			 option, matchers);
}

/* ---- queries ---- */

struct hole {
	char letter;
	const char *text;
};

/* @text with what stands for its $X; a text of a hole may have those that come before it. */
static void fill_in(struct str *out, const char *text, const struct hole *holes, size_t cnt)
{
	for (; *text; text++) {
		size_t i = 0;

		while (*text == '$' && i < cnt && holes[i].letter != text[1])
			i++;
		if (*text != '$' || i == cnt) {
			str_addc(out, *text);
			continue;
		}
		/* The matchers are the user's: nothing in them is filled in. */
		if (holes[i].letter == 'M')
			str_adds(out, holes[i].text);
		else
			fill_in(out, holes[i].text, holes, i);
		text++;
	}
}

void ask_query(struct str *out, enum ask ask, const char *matchers, uint64_t over_ns)
{
	char window[24];
	const struct hole holes[] = {
		{'M', matchers}, {'W', window}, {'K', KEYS}, {'I', INFO}, {'S', MEMBERS}};

	snprintf(window, sizeof(window), "%" PRIu64 "s", over_ns / 1000000000);
	fill_in(out, asks[ask].query, holes, sizeof(holes) / sizeof(holes[0]));
}
