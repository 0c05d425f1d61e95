// SPDX-License-Identifier: GPL-2.0-only
#include "diff/fleet/rollout_print.h"

#include <math.h>

#include "output/ndjson.h"

static const char *const side_keys[SIDE_CNT] = {"base", "new"};

static void put_ns(struct ndjson *json, const char *key, double ns)
{
	ndjson_int(json, key, llround(ns));
}

static void put_facts(struct ndjson *json, const struct rollout *rollout, enum side_id id)
{
	ndjson_object(json, "facts");
	for (int fact = 0; fact < FACT_CNT; fact++)
		ndjson_text_or_null(json, host_fact_key(fact), rollout->facts[id][fact]);
	ndjson_end_object(json);
}

static void put_side(struct ndjson *json, const struct rollout *rollout, enum side_id id)
{
	const struct fleet_side *side = &rollout->fleet->sides[id];

	ndjson_object(json, side_keys[id]);
	ndjson_text(json, "matchers", rollout->fleet->question.matchers[id]);
	ndjson_int(json, "hosts", rollout->hosts[id]);
	ndjson_int(json, "starts", llround(fmin(rollout->starts[id], 1e15)));
	put_facts(json, rollout, id);
	ndjson_text_or_null(json, "warning", side->warning);
	ndjson_array(json, "left_out");
	for (size_t i = 0; i < side->cnt; i++) {
		if (side->hosts[i].state == HOST_COUNTS)
			continue;
		ndjson_object(json, NULL);
		ndjson_text(json, "host", side->hosts[i].name);
		ndjson_text(json, "why", host_state_text(side->hosts[i].state));
		ndjson_end_object(json);
	}
	ndjson_end_array(json);
	ndjson_end_object(json);
}

static void put_measure(struct ndjson *json, const struct rollout_row *row, enum side_id id)
{
	ndjson_object(json, side_keys[id]);
	put_ns(json, "median_ns", row->median[id]);
	put_ns(json, "low_ns", row->low[id]);
	put_ns(json, "high_ns", row->high[id]);
	ndjson_end_object(json);
}

static void put_row(struct ndjson *json, const struct rollout_row *row)
{
	static const char *const kinds[ROW_KIND_CNT] = {"stalled", "start", "cause", "call",
							"function"};
	static const char *const quantiles[QUANTILE_CNT] = {"p50", "p99"};
	const struct fleet_part *part = row->part;

	ndjson_object(json, NULL);
	ndjson_text(json, "of", kinds[row->kind]);
	ndjson_text(json, "quantile", row->kind == ROW_START ? quantiles[row->quantile] : NULL);
	ndjson_text(json, "call", row->kind == ROW_CALL ? part->name : NULL);
	ndjson_text(json, "cause", part && part->cause[0] ? part->cause : NULL);
	ndjson_text(json, "function", row->kind == ROW_FUNCTION ? part->name : NULL);
	ndjson_text(json, "verdict", verdict_name(row->verdict));
	put_measure(json, row, SIDE_BASE);
	put_measure(json, row, SIDE_NEW);
	put_ns(json, "diff_ns", row->diff);
	put_ns(json, "ci_low_ns", row->interval.low);
	put_ns(json, "ci_high_ns", row->interval.high);
	ndjson_real(json, "p", row->test.p);
	ndjson_real(json, "effect", row->test.delta);
	put_ns(json, "threshold_ns", row->threshold);
	ndjson_bool(json, "unsure", row->is_unsure);
	ndjson_end_object(json);
}

static void put_moved(struct ndjson *json, const struct rollout *rollout)
{
	if (!rollout->moved) {
		ndjson_null(json, "moved");
		return;
	}
	ndjson_object(json, "moved");
	ndjson_text(json, "cause", rollout->moved->part->cause);
	put_ns(json, "ns", rollout->moved->diff);
	ndjson_text(json, "function", rollout->initiator ? rollout->initiator->part->name : NULL);
	ndjson_end_object(json);
}

int rollout_json(struct str *out, const struct rollout *rollout)
{
	static const char *const forms[FORM_CNT + 1] = {"native", "classic", NULL};
	const struct question *question = &rollout->fleet->question;
	struct ndjson json;

	ndjson_begin(&json, out, "fleet");
	ndjson_text(&json, "verdict", rollout_verdict(rollout));
	ndjson_int(&json, "exit_status", rollout->outcome);
	ndjson_array(&json, "reasons");
	for (size_t i = 0; i < rollout->reasons_cnt; i++)
		ndjson_text(&json, NULL, rollout->reasons[i].text);
	ndjson_end_array(&json);
	ndjson_real(&json, "alpha", rollout->cfg.alpha);
	ndjson_real(&json, "min_effect", rollout->cfg.min_effect);
	ndjson_int(&json, "floor_ns", rollout->cfg.floor_ns);
	ndjson_int(&json, "over_s", question->over_ns / 1000000000);
	ndjson_int(&json, "until", question->until);
	ndjson_int(&json, "hosts_needed", rollout->needed);
	ndjson_text(&json, "histograms", forms[rollout->form]);
	for (int id = 0; id < SIDE_CNT; id++)
		put_side(&json, rollout, id);
	put_moved(&json, rollout);
	ndjson_array(&json, "rows");
	for (size_t i = 0; i < rollout->cnt; i++)
		put_row(&json, &rollout->rows[i]);
	ndjson_end_array(&json);
	return ndjson_finish_line(&json);
}
