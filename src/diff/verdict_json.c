// SPDX-License-Identifier: GPL-2.0-only
#include "diff/verdict.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "base/str.h"

/* As many digits as mean something, so that no library's last bit shows. */
#define DIGITS 6

static const char *const side_keys[SIDE_CNT] = {"base", "new"};

static void set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value);
}

static void set_ns(json_t *object, const char *key, double ns)
{
	set(object, key, json_integer(llround(ns)));
}

static json_t *text(const char *bytes)
{
	json_t *value = bytes && bytes[0] ? json_string(bytes) : json_null();

	return value ? value : json_string("?");
}

static json_t *causes_object(const double by_cause[KS_CAUSE_CNT])
{
	json_t *object = json_object();

	for (int i = 0; i < KS_CAUSE_CNT; i++)
		set_ns(object, cause_name(i), by_cause[i]);
	return object;
}

static json_t *measure_object(const struct measure *measure)
{
	json_t *object;

	if (!measure->group)
		return json_null();
	object = json_object();
	set(object, "phase", json_string(phase_name(measure->group->phase)));
	set(object, "calls", json_integer(measure->group->cnt));
	set(object, "samples", json_integer(measure->group->kept));
	set_ns(object, "median_ns", measure->median);
	set_ns(object, "p99_ns", measure->p99);
	set(object, "ns_by_cause", causes_object(measure->by_cause));
	return object;
}

static json_t *moved_object(const struct change *change)
{
	json_t *object = json_object();

	set(object, "cause", json_string(cause_name(change->moved)));
	set_ns(object, "ns", change->moved_ns);
	set(object, "function", text(change->origin ? change->origin->func : NULL));
	set(object, "call", text(change->origin ? change->origin->call : NULL));
	set(object, "is_culprit", json_boolean(change->origin && !change->origin->is_place));
	set(object, "calls", json_integer(change->origin_cnt));
	set(object, "of", json_integer(change->moved_cnt));
	return object;
}

static json_t *explanations_array(const struct comparison *comparison, const struct change *change)
{
	json_t *array = json_array();

	for (size_t i = 0; i < change->explanations_cnt; i++)
		json_array_append_new(array, text(comparison->facts[change->explanations[i]].key));
	return array;
}

static json_t *interval_end(const struct change *change, double ns)
{
	return compare_fewest(change) < INTERVAL_MIN ? json_null() : json_integer(llround(ns));
}

static void set_proof(json_t *object, const struct change *change)
{
	set_ns(object, "diff_ns", change->diff);
	set(object, "ci_low_ns", interval_end(change, change->interval.low));
	set(object, "ci_high_ns", interval_end(change, change->interval.high));
	set(object, "u", json_real(change->test.u));
	set(object, "p", json_real(change->test.p));
	set(object, "p_corrected", json_real(change->p));
	set(object, "effect", json_real(change->test.delta));
	set_ns(object, "threshold_ns", change->threshold);
	set(object, "slack", json_string(tolerance_name(change->tolerance)));
	set(object, "unsure", json_boolean(change->is_unsure));
}

static json_t *change_object(const struct comparison *comparison, const struct change *change)
{
	const struct group *group = change->sides[SIDE_BASE].group;
	json_t *object = json_object();

	if (!group)
		group = change->sides[SIDE_NEW].group;
	set(object, "verdict", json_string(verdict_name(change->verdict)));
	set(object, "call", json_string(group->call));
	set(object, "occurrence",
	    group->occurrence ? json_integer(group->occurrence) : json_null());
	for (int i = 0; i < SIDE_CNT; i++)
		set(object, side_keys[i], measure_object(&change->sides[i]));
	set_proof(object, change);
	set(object, "moved", moved_object(change));
	set(object, "explanations", explanations_array(comparison, change));
	return object;
}

static json_t *changes_array(const struct comparison *comparison)
{
	json_t *array = json_array();

	for (size_t i = 0; i < comparison->cnt; i++)
		json_array_append_new(array, change_object(comparison, &comparison->changes[i]));
	return array;
}

static json_t *side_object(const struct side *side, const char *name)
{
	json_t *object = json_object();

	set(object, "name", text(name));
	set(object, "recordings", json_integer(side->samples.recordings));
	set(object, "vms", json_integer(side->samples.vms_cnt));
	set(object, "calls", json_integer(side->samples.calls_seen));
	set(object, "incomplete", json_integer(side->samples.incomplete));
	set(object, "lost", json_integer(side->lost));
	set(object, "cut", json_integer(side->cut));
	set(object, "without_short_calls", json_integer(side->partial));
	set(object, "inferred", json_boolean(side->logs));
	return object;
}

static json_t *facts_array(const struct comparison *comparison)
{
	json_t *array = json_array();

	for (size_t i = 0; i < comparison->facts_cnt; i++) {
		json_t *object = json_object();

		set(object, "key", text(comparison->facts[i].key));
		for (int side = 0; side < SIDE_CNT; side++)
			set(object, side_keys[side], text(comparison->facts[i].values[side]));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *reasons_array(const struct comparison *comparison)
{
	json_t *array = json_array();

	for (int i = 0; i < REASON_CNT; i++)
		if (comparison->reasons & 1u << i)
			json_array_append_new(array, json_string(compare_reason_text(i)));
	return array;
}

static json_t *counts_object(const struct comparison *comparison)
{
	json_t *object = json_object();

	for (int i = 0; i < VERDICT_CNT; i++)
		set(object, verdict_name(i), json_integer(comparison->by_verdict[i]));
	return object;
}

int compare_json(struct str *out, const struct comparison *comparison,
		 const char *const names[SIDE_CNT])
{
	json_t *object = json_object();
	char *line;

	set(object, "type", json_string("diff"));
	set(object, "v", json_integer(1));
	set(object, "verdict", json_string(comparison_verdict(comparison)));
	set(object, "exit_status", json_integer(comparison->outcome));
	set(object, "reasons", reasons_array(comparison));
	set(object, "alpha", json_real(comparison->cfg.alpha));
	set(object, "min_effect", json_real(comparison->cfg.min_effect));
	set(object, "floor_ns", json_integer(comparison->cfg.floor_ns));
	for (int i = 0; i < SIDE_CNT; i++)
		set(object, side_keys[i], side_object(comparison->sides[i], names[i]));
	set(object, "tested", json_integer(comparison->tested));
	set(object, "samples_needed", json_integer(comparison->needed));
	set(object, "verdicts", counts_object(comparison));
	set(object, "differences", facts_array(comparison));
	set(object, "changes", changes_array(comparison));
	line = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS));
	json_decref(object);
	if (!line)
		return -ENOMEM;
	str_adds(out, line);
	str_addc(out, '\n');
	free(line);
	return str_failed(out) ? -ENOMEM : 0;
}
