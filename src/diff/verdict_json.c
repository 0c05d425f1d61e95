// SPDX-License-Identifier: GPL-2.0-only
#include "diff/verdict.h"

#include <math.h>

#include "output/ndjson.h"

static const char *const side_keys[SIDE_CNT] = {"base", "new"};

static void put_ns(struct ndjson *json, const char *key, double ns)
{
	ndjson_int(json, key, llround(ns));
}

static void put_causes(struct ndjson *json, const double by_cause[KS_CAUSE_CNT])
{
	ndjson_object(json, "ns_by_cause");
	for (int i = 0; i < KS_CAUSE_CNT; i++)
		put_ns(json, cause_name(i), by_cause[i]);
	ndjson_end_object(json);
}

static void put_measure(struct ndjson *json, const char *key, const struct measure *measure)
{
	if (!measure->group) {
		ndjson_null(json, key);
		return;
	}
	ndjson_object(json, key);
	ndjson_text(json, "phase", phase_name(measure->group->phase));
	ndjson_int(json, "calls", measure->group->cnt);
	ndjson_int(json, "samples", measure->group->kept);
	put_ns(json, "median_ns", measure->median);
	put_ns(json, "p99_ns", measure->p99);
	put_causes(json, measure->by_cause);
	ndjson_end_object(json);
}

static void put_moved(struct ndjson *json, const struct change *change)
{
	ndjson_object(json, "moved");
	ndjson_text(json, "cause", cause_name(change->moved));
	put_ns(json, "ns", change->moved_ns);
	ndjson_text_or_null(json, "function", change->origin ? change->origin->func : NULL);
	ndjson_text(json, "call", change->origin ? call_name(change->origin->call) : NULL);
	ndjson_bool(json, "is_culprit", change->origin && !change->origin->is_place);
	ndjson_int(json, "calls", change->origin_cnt);
	ndjson_int(json, "of", change->moved_cnt);
	ndjson_end_object(json);
}

static void put_explanations(struct ndjson *json, const struct comparison *comparison,
			     const struct change *change)
{
	ndjson_array(json, "explanations");
	for (size_t i = 0; i < change->explanations_cnt; i++)
		ndjson_text_or_null(json, NULL, comparison->facts[change->explanations[i]].key);
	ndjson_end_array(json);
}

static void put_interval_end(struct ndjson *json, const char *key, const struct change *change,
			     double ns)
{
	if (change_samples(change) < INTERVAL_MIN)
		ndjson_null(json, key);
	else
		put_ns(json, key, ns);
}

static void put_proof(struct ndjson *json, const struct change *change)
{
	put_ns(json, "diff_ns", change->diff);
	put_interval_end(json, "ci_low_ns", change, change->interval.low);
	put_interval_end(json, "ci_high_ns", change, change->interval.high);
	ndjson_real(json, "u", change->test.u);
	ndjson_real(json, "p", change->test.p);
	ndjson_real(json, "p_corrected", change->p);
	ndjson_real(json, "effect", change->test.delta);
	put_ns(json, "threshold_ns", change->threshold);
	ndjson_text(json, "slack", tolerance_name(change->tolerance));
	ndjson_bool(json, "unsure", change->is_unsure);
	if (change->share < 0)
		ndjson_null(json, "share");
	else
		ndjson_real(json, "share", change->share);
	ndjson_bool(json, "minor", change->is_minor);
}

static void put_change(struct ndjson *json, const struct comparison *comparison,
		       const struct change *change)
{
	const struct group *group = change->sides[SIDE_BASE].group;

	if (!group)
		group = change->sides[SIDE_NEW].group;
	ndjson_object(json, NULL);
	ndjson_text(json, "verdict", verdict_name(change->verdict));
	ndjson_text(json, "call", call_name(group->call));
	if (group->occurrence)
		ndjson_int(json, "occurrence", group->occurrence);
	else
		ndjson_null(json, "occurrence");
	for (int i = 0; i < SIDE_CNT; i++)
		put_measure(json, side_keys[i], &change->sides[i]);
	put_proof(json, change);
	put_moved(json, change);
	put_explanations(json, comparison, change);
	ndjson_end_object(json);
}

static void put_changes(struct ndjson *json, const struct comparison *comparison)
{
	ndjson_array(json, "changes");
	for (size_t i = 0; i < comparison->cnt; i++)
		put_change(json, comparison, &comparison->changes[i]);
	ndjson_end_array(json);
}

static void put_side(struct ndjson *json, const char *key, const struct side *side,
		     const char *name)
{
	ndjson_object(json, key);
	ndjson_text_or_null(json, "name", name);
	ndjson_int(json, "recordings", side->samples.recordings);
	ndjson_int(json, "vms", side->samples.vms_cnt);
	ndjson_int(json, "calls", side->samples.calls_seen);
	ndjson_int(json, "incomplete", side->samples.incomplete);
	ndjson_int(json, "lost", side->lost);
	ndjson_int(json, "holes", side->holes);
	ndjson_int(json, "cut", side->cut);
	ndjson_int(json, "without_short_calls", side->partial);
	ndjson_bool(json, "inferred", side->logs);
	ndjson_end_object(json);
}

static void put_facts(struct ndjson *json, const struct comparison *comparison)
{
	ndjson_array(json, "differences");
	for (size_t i = 0; i < comparison->facts_cnt; i++) {
		const struct fact_change *fact = &comparison->facts[i];

		ndjson_object(json, NULL);
		ndjson_text_or_null(json, "key", fact->key);
		for (int side = 0; side < SIDE_CNT; side++)
			ndjson_text_or_null(json, side_keys[side], fact->values[side]);
		ndjson_end_object(json);
	}
	ndjson_end_array(json);
}

static void put_reasons(struct ndjson *json, const struct comparison *comparison)
{
	ndjson_array(json, "reasons");
	for (int i = 0; i < REASON_CNT; i++)
		if (comparison->reasons & 1u << i)
			ndjson_text(json, NULL, comparison_reason_text(i));
	ndjson_end_array(json);
}

static void put_counts(struct ndjson *json, const struct comparison *comparison)
{
	ndjson_object(json, "verdicts");
	for (int i = 0; i < VERDICT_CNT; i++)
		ndjson_int(json, verdict_name(i), comparison->by_verdict[i]);
	ndjson_end_object(json);
}

int compare_json(struct str *out, const struct comparison *comparison,
		 const char *const names[SIDE_CNT])
{
	struct ndjson json;

	ndjson_begin(&json, out, "diff");
	ndjson_text(&json, "verdict", comparison_verdict(comparison));
	ndjson_int(&json, "exit_status", comparison->outcome);
	put_reasons(&json, comparison);
	ndjson_real(&json, "alpha", comparison->cfg.alpha);
	ndjson_real(&json, "min_effect", comparison->cfg.min_effect);
	ndjson_int(&json, "floor_ns", comparison->cfg.floor_ns);
	for (int i = 0; i < SIDE_CNT; i++)
		put_side(&json, side_keys[i], comparison->sides[i], names[i]);
	ndjson_int(&json, "tested", comparison->tested);
	ndjson_int(&json, "samples_needed", comparison->needed);
	put_counts(&json, comparison);
	put_facts(&json, comparison);
	put_changes(&json, comparison);
	return ndjson_finish_line(&json);
}
