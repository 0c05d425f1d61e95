// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/repro/try_moves.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/format.h"
#include "base/str.h"
#include "cmd/repro/play.h"
#include "diff/stats.h"
#include "output/ndjson.h"
#include "script/suggest.h"

/* A call that stalls in fewer rounds than one in so many is not what makes the start long. */
#define STALLS_ONE_IN 4

/* Of the start: what is less is not worth another order. */
#define WORTH_ONE_IN 5

#define SEED 1

struct trial {
	const struct suggestion *move;
	double before_ns, after_ns; /* medians of the start */
	struct interval interval;   /* of the difference */
	bool helps;
};

/* A host that is busy makes all starts longer, whatever the order: what is left is the order's. */
static void take_delays_off(struct play_sum *sum)
{
	for (size_t i = 0; i < sum->starts_cnt; i++)
		if (sum->delays[i] < sum->starts[i])
			sum->starts[i] -= sum->delays[i];
}

static double median(const struct play_sum *sum)
{
	uint64_t *sorted = malloc((sum->starts_cnt + 1) * sizeof(*sorted));
	double ns;

	if (!sorted)
		return 0;
	memcpy(sorted, sum->starts, sum->starts_cnt * sizeof(*sorted));
	stats_sort(sorted, sum->starts_cnt);
	ns = stats_median(sorted, sum->starts_cnt);
	free(sorted);
	return ns;
}

static int judge(struct trial *trial, const struct play_cfg *cfg, const struct play_sum *before,
		 const struct play_sum *after, struct err *err)
{
	struct series a = {.values = before->starts, .cnt = before->starts_cnt};
	struct series b = {.values = after->starts, .cnt = after->starts_cnt};
	double gain_ns;

	if (stats_median_difference(&a, &b, SEED, &trial->interval))
		return err_set(err, -ENOMEM, "out of memory");
	trial->before_ns = median(before);
	trial->after_ns = median(after);
	gain_ns = trial->before_ns - trial->after_ns;
	trial->helps = trial->interval.high < 0 &&
		       (gain_ns >= cfg->min_ns || gain_ns >= trial->before_ns / WORTH_ONE_IN);
	return 0;
}

static int try_move(const struct script *script, const struct play_cfg *cfg, uint32_t rounds,
		    struct trial *trial, struct err *err)
{
	struct play_sum before = {.script = NULL}, after = {.script = NULL};
	size_t lives = (size_t)rounds * cfg->vms;
	int ret = play_sum_init(&before, script, lives, err);

	if (!ret)
		ret = play_sum_init(&after, &trial->move->script, lives, err);
	for (uint32_t i = 0; !ret && i < rounds; i++) {
		ret = play_round(cfg, &before, 1, i, err);
		if (!ret)
			ret = play_round(cfg, &after, 1, i, err);
	}
	take_delays_off(&before);
	take_delays_off(&after);
	if (!ret)
		ret = judge(trial, cfg, &before, &after, err);
	if (before.script)
		play_sum_fini(&before);
	if (after.script)
		play_sum_fini(&after);
	return ret;
}

/* ---- which calls stall ---- */

static int find_stalls(const struct script *script, const struct play_cfg *cfg, uint32_t rounds,
		       bool *stalls, struct err *err)
{
	struct play_sum sum;
	uint64_t lives = (uint64_t)rounds * cfg->vms;
	int ret = play_sum_init(&sum, script, lives, err);

	for (uint32_t i = 0; !ret && i < rounds; i++)
		ret = play_round(cfg, &sum, 1, i, err);
	for (size_t i = 0; !ret && i < script->cnt; i++)
		stalls[i] = sum.calls[i].stalls * STALLS_ONE_IN >= lives;
	play_sum_fini(&sum);
	return ret;
}

/* ---- out ---- */

static const char *signed_ns(double ns, char *buf, size_t size)
{
	buf[0] = '-';
	format_nsec((uint64_t)fabs(ns), ns < 0 ? buf + 1 : buf, size - 1);
	return buf;
}

static void put_text(const struct trial *trial, uint32_t rounds, struct str *out)
{
	char before[24], after[24], low[25], high[25];

	str_addf(out, "%s%s: start %s -> %s, %" PRIu32 " rounds, %s .. %s\n",
		 trial->helps ? "" : "does not help: ", trial->move->text,
		 format_nsec((uint64_t)trial->before_ns, before, sizeof(before)),
		 format_nsec((uint64_t)trial->after_ns, after, sizeof(after)), rounds,
		 signed_ns(trial->interval.low, low, sizeof(low)),
		 signed_ns(trial->interval.high, high, sizeof(high)));
}

static void put_json(const struct trial *trial, uint32_t rounds, struct str *out)
{
	struct ndjson json;

	ndjson_begin(&json, out, "suggestion");
	ndjson_int(&json, "ts_ns", (int64_t)clock_now_ns());
	ndjson_text(&json, "move", trial ? trial->move->text : NULL);
	ndjson_bool(&json, "helps", trial && trial->helps);
	if (trial) {
		ndjson_int(&json, "rounds", rounds);
		ndjson_int(&json, "before_ns", (int64_t)trial->before_ns);
		ndjson_int(&json, "after_ns", (int64_t)trial->after_ns);
		ndjson_int(&json, "low_ns", (int64_t)trial->interval.low);
		ndjson_int(&json, "high_ns", (int64_t)trial->interval.high);
	}
	ndjson_finish_line(&json);
}

static void put_nothing(bool is_json, int tried, struct str *out)
{
	if (is_json)
		put_json(NULL, 0, out);
	else
		str_addf(out, "nothing helps: %s\n",
			 tried ? "no move makes the start shorter"
			       : "no memory slot or filter of the start stalls after a device");
}

static int try_all(const struct script *script, const struct suggestion *moves, int cnt,
		   const struct play_cfg *cfg, uint32_t rounds, bool is_json, struct str *out,
		   struct err *err)
{
	struct trial trial = {.helps = false};
	int ret = 0;

	for (int i = 0; !ret && i < cnt && !trial.helps; i++) {
		trial = (struct trial){.move = &moves[i]};
		ret = try_move(script, cfg, rounds, &trial, err);
		if (ret)
			return ret;
		if (is_json)
			put_json(&trial, rounds, out);
		else
			put_text(&trial, rounds, out);
	}
	if (!ret && !trial.helps)
		put_nothing(is_json, cnt, out);
	return ret;
}

int try_moves(const struct script *script, enum machine_arch arch, const struct play_cfg *cfg,
	      uint32_t rounds, bool is_json, struct str *out, struct err *err)
{
	struct suggestion moves[SUGGESTIONS_MAX] = {{.moved = 0}};
	bool *stalls = calloc(script->cnt + 1, sizeof(*stalls));
	int cnt, ret;

	if (!stalls)
		return err_set(err, -ENOMEM, "out of memory");
	ret = find_stalls(script, cfg, rounds, stalls, err);
	if (!ret) {
		cnt = suggest(script, stalls, arch, moves);
		ret = cnt < 0 ? err_set(err, cnt, "out of memory")
			      : try_all(script, moves, cnt, cfg, rounds, is_json, out, err);
	}
	for (int i = 0; i < SUGGESTIONS_MAX; i++)
		script_fini(&moves[i].script);
	free(stalls);
	return ret;
}
