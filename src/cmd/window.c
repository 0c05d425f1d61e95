// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/window.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/format.h"
#include "base/parse.h"
#include "output/summary.h"

#define SECOND_NS 1000000000ULL
#define DAY_NS	  (86400 * SECOND_NS)

/* ---- options ---- */

/* "13:14", "13:14:15" or "13:14:15.016" */
static bool parse_clock(const char *text, uint64_t *ns)
{
	unsigned int hours, minutes;
	uint64_t seconds_ns = 0;
	char seconds[24];
	int len = 0;

	if (strspn(text, "0123456789:.") != strlen(text) ||
	    sscanf(text, "%2u:%2u%n", &hours, &minutes, &len) != 2 || hours > 23 || minutes > 59)
		return false;
	if (text[len] == ':') {
		snprintf(seconds, sizeof(seconds), "%ss", text + len + 1);
		if (!parse_nsec(seconds, &seconds_ns) || seconds_ns >= 60 * SECOND_NS)
			return false;
	} else if (text[len]) {
		return false;
	}
	*ns = (hours * 60ULL + minutes) * 60 * SECOND_NS + seconds_ns;
	return true;
}

static bool parse_relative(const char *text, struct window_time *time)
{
	if (*text != '+' && *text != '-')
		return false;
	time->from = *text == '+' ? WINDOW_START : WINDOW_END;
	return parse_nsec(text + 1, &time->ns);
}

static int parse_time(const char *option, const char *value, struct window_time *time,
		      struct err *err)
{
	*time = (struct window_time){.from = WINDOW_CLOCK};
	if (parse_clock(value, &time->ns) || parse_relative(value, time))
		return 0;
	return err_usage(
		err,
		"--%s: expected a time of day (13:14:15), or one after the start (+30s) or "
		"before the end (-30s), not '%s'",
		option, value);
}

int window_parse_since(const char *value, void *field, struct err *err)
{
	return parse_time("since", value, field, err);
}

int window_parse_until(const char *value, void *field, struct err *err)
{
	return parse_time("until", value, field, err);
}

/* "3" or "3,500ms" */
int window_parse_around(const char *value, void *field, struct err *err)
{
	struct window_around *around = field;
	size_t len = strcspn(value, ",");
	char digits[16] = "";
	uint64_t nth = 0;

	*around = (struct window_around){.side_ns = SECOND_NS};
	if (len < sizeof(digits))
		memcpy(digits, value, len);
	if (!parse_u64(digits, &nth) || !nth || nth > WINDOW_AROUND_MAX ||
	    (value[len] && !parse_nsec(value + len + 1, &around->side_ns)))
		return err_usage(
			err,
			"--around: expected the number of a stall, the longest being 1, and "
			"perhaps a duration, as in 1 or 3,500ms, not '%s'",
			value);
	around->nth = nth;
	return 0;
}

bool window_is_given(const struct window *window)
{
	return window->since.from || window->until.from || window->around.nth;
}

/* ---- the recording, read for its times ---- */

struct extent {
	uint64_t begin_ns, end_ns;
};

struct scan {
	const struct window *window;
	struct filter filter; /* without a stretch */
	uint64_t min_ns;
	int64_t clock_offset_ns;
	uint64_t began_ns; /* 0: it does not say */
	uint64_t first_ns, last_ns;
	struct extent longest[WINDOW_AROUND_MAX]; /* the longest first */
	size_t cnt;
};

static void note_time(struct scan *scan, uint64_t begin_ns, uint64_t end_ns)
{
	if (!scan->first_ns || begin_ns < scan->first_ns)
		scan->first_ns = begin_ns;
	if (end_ns > scan->last_ns)
		scan->last_ns = end_ns;
}

static int on_head(void *ctx, const struct capture_head *head)
{
	struct scan *scan = ctx;

	scan->clock_offset_ns = head->clock_offset_ns;
	scan->began_ns = head->began_ns;
	scan->filter.is_followed = head->is_followed;
	return 0;
}

static int on_record(void *ctx, const void *record, size_t size, const struct symbols *syms)
{
	const struct ks_head *head = record;

	(void)size;
	(void)syms;
	note_time(ctx, head->ts_ns, head->ts_ns);
	return 0;
}

static uint64_t length(struct extent span)
{
	return span.end_ns - span.begin_ns;
}

/* Of equals, the earlier comes first. */
static void note_stall(struct scan *scan, struct extent span)
{
	size_t i = scan->cnt;

	if (i == scan->window->around.nth && length(span) <= length(scan->longest[i - 1]))
		return;
	if (i < scan->window->around.nth)
		scan->cnt++;
	else
		i--;
	for (; i && length(scan->longest[i - 1]) < length(span); i--)
		scan->longest[i] = scan->longest[i - 1];
	scan->longest[i] = span;
}

static void on_stall(void *ctx, const struct stall *stall)
{
	struct extent span = {stall->begin_ns, stall->begin_ns + stall->latency_ns};
	struct scan *scan = ctx;

	note_time(scan, span.begin_ns, span.end_ns);
	if (scan->window->around.nth && stall_counts(stall, scan->min_ns) &&
	    filter_wants_stall(&scan->filter, stall))
		note_stall(scan, span);
}

/* ---- from a time to one of CLOCK_MONOTONIC ---- */

/* Attaching comes before; what a flight recorder has kept begins later. */
static uint64_t start_of(const struct scan *scan)
{
	return scan->began_ns > scan->first_ns ? scan->began_ns : scan->first_ns;
}

/* The moment with this time of day, of the day on which the recording began or of the next. */
static uint64_t at_clock(const struct scan *scan, uint64_t since_midnight_ns)
{
	const int64_t day = DAY_NS;
	/* Whatever days are in it. */
	uint64_t offset = (scan->clock_offset_ns % day + day) % day;
	uint64_t first = start_of(scan) + offset;
	uint64_t at = first / DAY_NS * DAY_NS + since_midnight_ns;

	/* A recording that began before midnight: what is long before it is of the next day. */
	if (at + DAY_NS / 2 < first)
		at += DAY_NS;
	return at > offset ? at - offset : 0;
}

static uint64_t find_time(const struct scan *scan, const struct window_time *time,
			  uint64_t not_given)
{
	switch (time->from) {
	case WINDOW_CLOCK:
		return at_clock(scan, time->ns);
	case WINDOW_START:
		return start_of(scan) + time->ns;
	case WINDOW_END:
		return time->ns < scan->last_ns ? scan->last_ns - time->ns : 0;
	case WINDOW_NONE:
		break;
	}
	return not_given;
}

static int find_around(const struct scan *scan, const char *path, struct filter *filter,
		       struct err *err)
{
	const struct window_around *around = &scan->window->around;
	const struct extent *span = &scan->longest[around->nth - 1];

	if (scan->cnt < around->nth)
		return err_set(err, -ENOENT,
			       "'%s': --around %" PRIu32
			       ": there %s %zu such stall%s (a smaller --min counts shorter ones)",
			       path, around->nth, scan->cnt == 1 ? "is" : "are", scan->cnt,
			       format_s(scan->cnt));
	filter->since_ns = span->begin_ns > around->side_ns ? span->begin_ns - around->side_ns : 0;
	filter->until_ns = span->end_ns + around->side_ns;
	return 0;
}

/* Of all VMs, whichever were asked for: what they did is what is wanted. */
static void widen(struct filter *filter)
{
	filter->pid = 0;
	filter->vm = NULL;
	filter->comm = NULL;
}

int window_find(const struct window *window, char *const *paths, enum input_run run,
		const struct input_cfg *cfg, uint64_t min_ns, struct filter *filter,
		struct err *err)
{
	static const struct replay_ops ops = {
		.ledger = {.stall = on_stall}, .head = on_head, .record = on_record};
	const struct input_cfg quiet = {.from = cfg->from, .is_quiet = true};
	struct scan scan = {.window = window, .filter = *filter, .min_ns = min_ns};
	struct summary summary = {0};
	int ret;

	if (!strcmp(*paths, "-"))
		return err_usage(err, "--since, --until and --around read a recording twice: not "
				      "standard input, give a file");
	ret = run ? input_read_run(paths, run, &quiet, &ops, &scan, &summary, err)
		  : input_read(*paths, &quiet, &ops, &scan, &summary, err);
	if (ret < 0)
		return ret;
	if (err)
		err->msg[0] = '\0'; /* that it is cut is said when it is read for good */
	filter->since_ns = find_time(&scan, &window->since, 0);
	filter->until_ns = find_time(&scan, &window->until, UINT64_MAX);
	if (!window->around.nth)
		return 0;
	widen(filter);
	return find_around(&scan, *paths, filter, err);
}
