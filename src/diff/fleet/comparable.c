// SPDX-License-Identifier: GPL-2.0-only
#include "diff/fleet/comparable.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/format.h"
#include "diff/fleet/rollout.h"

/* Calls a start: more than twice as many are another workload; fewer than this are too rare to say.
 */
#define RATE_MAX 2
#define RATE_MIN (1.0 / RARE_ONE_IN)
/* The share of VMs that are left paused may differ by so much. */
#define SHARE_MAX 0.2
/* VMs that live for less than this come and go between two scrapes. */
#define LIFE_MIN_S 60

static const char *const labels[SIDE_CNT] = {"BASE", "NEW"};

/* Room for a reason's text; with too many of them, for one that nobody reads. */
static struct rollout_note *add_reason(struct rollout *rollout, enum rollout_reason reason,
				       enum side_id side)
{
	struct rollout_note *note = &rollout->reasons[rollout->reasons_cnt];

	if (rollout->reasons_cnt < ROLLOUT_REASONS_MAX - 1)
		rollout->reasons_cnt++;
	*note = (struct rollout_note){.reason = reason, .side = side};
	return note;
}

#define say(note, ...) snprintf((note)->text, sizeof((note)->text), __VA_ARGS__)

/* ---- hosts ---- */

static void judge_side(struct rollout *rollout, enum side_id id)
{
	const struct fleet_side *side = &rollout->fleet->sides[id];
	size_t left_out = side->cnt - rollout->hosts[id];

	if (!side->cnt) {
		say(add_reason(rollout, ROLLOUT_EMPTY, id),
		    "%s is empty: no target_info of kvmstall has these matchers", labels[id]);
		return;
	}
	if (side->by_state[HOST_STOPPED] == side->cnt) {
		say(add_reason(rollout, ROLLOUT_STOPPED, id),
		    "%s has stopped: none of its %zu host%s has series at the end", labels[id],
		    side->cnt, format_s(side->cnt));
		return;
	}
	if (left_out > LEFT_OUT_MAX * side->cnt)
		say(add_reason(rollout, ROLLOUT_LEFT_OUT, id),
		    "of %s, %zu of %zu hosts are left out: the rest does not stand for them",
		    labels[id], left_out, side->cnt);
	if (rollout->hosts[id] < rollout->needed)
		say(add_reason(rollout, ROLLOUT_FEW_HOSTS, id),
		    "too few hosts: %zu of %s count%s, and %zu are the least that --alpha lets "
		    "judge",
		    rollout->hosts[id], labels[id], rollout->hosts[id] == 1 ? "s" : "",
		    rollout->needed);
}

/* ---- facts ---- */

/* "a / b": what a host of the group has; how many different values there are. */
static size_t list_fact(const struct fleet_side *side, enum host_fact fact, char *text, size_t size)
{
	size_t cnt = 0, len = 0;

	*text = '\0';
	for (size_t i = 0; i < side->cnt; i++) {
		const struct fleet_host *host = &side->hosts[i];
		bool is_new = host->state == HOST_COUNTS;

		for (size_t other = 0; is_new && other < i; other++)
			is_new = side->hosts[other].state != HOST_COUNTS ||
				 strcmp(side->hosts[other].facts[fact], host->facts[fact]);
		if (!is_new)
			continue;
		if (len < size)
			len += snprintf(text + len, size - len, "%s%s", cnt ? " / " : "",
					host->facts[fact]);
		cnt++;
	}
	return cnt;
}

static void judge_facts(struct rollout *rollout, enum side_id id)
{
	static const char *const mixed[FACT_CNT] = {[FACT_KERNEL] = "kernels",
						    [FACT_HZ] = "HZ",
						    [FACT_VERSION] = "versions of kvmstall"};

	for (int fact = 0; fact < FACT_CNT; fact++) {
		char *text = rollout->facts[id][fact];
		size_t cnt = list_fact(&rollout->fleet->sides[id], fact, text,
				       sizeof(rollout->facts[id][fact]));

		if (cnt > 1 && mixed[fact])
			say(add_reason(rollout, ROLLOUT_MIXED, id), "%s mixes %s: %s", labels[id],
			    mixed[fact], text);
	}
}

/* ---- the same work ---- */

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

typedef double (*host_fn)(const struct fleet_host *host, int which, double over_s);

/* The median over the hosts that count; -1: out of memory. */
static double median_of(const struct rollout *rollout, enum side_id id, host_fn fn, int which)
{
	const struct fleet_side *side = &rollout->fleet->sides[id];
	_free_ double *values = calloc(side->cnt + 1, sizeof(*values));
	size_t cnt = 0;

	if (!values)
		return -1;
	for (size_t i = 0; i < side->cnt; i++)
		if (side->hosts[i].state == HOST_COUNTS)
			values[cnt++] =
				fn(&side->hosts[i], which, rollout->fleet->question.over_ns / 1e9);
	qsort(values, cnt, sizeof(*values), compare_doubles);
	return cnt ? values[cnt / 2] : 0;
}

static double calls_a_start(const struct fleet_host *host, int file, double over_s)
{
	(void)over_s;
	return host->files[file] / host_starts(host);
}

static double paused_share(const struct fleet_host *host, int which, double over_s)
{
	(void)which;
	(void)over_s;
	return host->kinds[START_PAUSED] / host_starts(host);
}

static double mean_life(const struct fleet_host *host, int which, double over_s)
{
	(void)which;
	return host->vms * over_s / host_starts(host);
}

static bool differs(const double values[SIDE_CNT], double least)
{
	double low = fmin(values[SIDE_BASE], values[SIDE_NEW]);
	double high = fmax(values[SIDE_BASE], values[SIDE_NEW]);

	return high >= least && high > RATE_MAX * low;
}

static int judge_calls(struct rollout *rollout)
{
	for (int file = 0; file < FILE_CNT; file++) {
		double rates[SIDE_CNT];

		for (int id = 0; id < SIDE_CNT; id++) {
			rates[id] = median_of(rollout, id, calls_a_start, file);
			if (rates[id] < 0)
				return -ENOMEM;
		}
		if (differs(rates, RATE_MIN))
			say(add_reason(rollout, ROLLOUT_WORKLOAD, SIDE_NEW),
			    "these are different workloads: %.3g and %.3g calls on '%s' a VM start",
			    rates[SIDE_BASE], rates[SIDE_NEW], host_file_name(file));
	}
	return 0;
}

static int judge_starts(struct rollout *rollout)
{
	double shares[SIDE_CNT], lives[SIDE_CNT];

	for (int id = 0; id < SIDE_CNT; id++) {
		shares[id] = median_of(rollout, id, paused_share, 0);
		lives[id] = median_of(rollout, id, mean_life, 0);
		if (shares[id] < 0 || lives[id] < 0)
			return -ENOMEM;
	}
	if (fabs(shares[SIDE_BASE] - shares[SIDE_NEW]) > SHARE_MAX)
		say(add_reason(rollout, ROLLOUT_WORKLOAD, SIDE_NEW),
		    "these are different workloads: %.0f%% and %.0f%% of the VMs are left paused",
		    100 * shares[SIDE_BASE], 100 * shares[SIDE_NEW]);
	if (differs(lives, LIFE_MIN_S))
		say(add_reason(rollout, ROLLOUT_WORKLOAD, SIDE_NEW),
		    "these are different workloads: VMs live for %.3gs and %.3gs", lives[SIDE_BASE],
		    lives[SIDE_NEW]);
	return 0;
}

/* ---- the answer ---- */

/* No change was seen; could twice as much have been missed? */
static void judge_power(struct rollout *rollout)
{
	const struct rollout_row *row = &rollout->rows[0];
	char text[2][24];

	if (row->verdict == VERDICT_WORSE || row->verdict == VERDICT_BETTER ||
	    row->interval.high <= fmax(row->median[SIDE_BASE], row->threshold))
		return;
	say(add_reason(rollout, ROLLOUT_VARIED, SIDE_NEW),
	    "hosts vary too much for their number: %s more a VM start could be chance, where BASE "
	    "has %s",
	    format_nsec(llround(row->interval.high), text[0], sizeof(text[0])),
	    format_nsec(llround(row->median[SIDE_BASE]), text[1], sizeof(text[1])));
}

int comparable_judge(struct rollout *rollout)
{
	int ret = 0;

	for (int id = 0; id < SIDE_CNT; id++) {
		judge_side(rollout, id);
		judge_facts(rollout, id);
	}
	if (rollout->hosts[SIDE_BASE] && rollout->hosts[SIDE_NEW]) {
		ret = judge_calls(rollout);
		if (!ret)
			ret = judge_starts(rollout);
	}
	if (!ret && !rollout->reasons_cnt)
		judge_power(rollout);
	return ret;
}
