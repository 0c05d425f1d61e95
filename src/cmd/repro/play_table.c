// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/repro/play_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/format.h"
#include "base/str.h"
#include "cmd/repro/play.h"
#include "diff/stats.h"
#include "output/ndjson.h"
#include "output/table.h"
#include "script/list.h"
#include "script/source.h"

/* The call that is @idx in the played order, in the other one; NULL: it was left out. */
static const struct play_call *call_in(const struct play_sum *played, size_t idx,
				       const struct play_sum *other)
{
	size_t nth = 0;

	if (!other)
		return NULL;
	for (size_t i = 0; i < idx; i++)
		nth += script_op_same(&played->script->ops[i], &played->script->ops[idx]);
	for (size_t i = 0; i < other->script->cnt; i++)
		if (script_op_same(&other->script->ops[i], &played->script->ops[idx]) && !nth--)
			return &other->calls[i];
	return NULL;
}

static uint64_t quantile_of(const struct play_call *call, unsigned int percent)
{
	/* It sorts, and is as it was for all others. */
	return quantile_get((struct quantile *)&call->ns, percent);
}

/* By the nearest rank, as all percentiles of kvmstall. */
static uint64_t start_quantile(const struct play_sum *sum, double share)
{
	uint64_t *sorted = malloc((sum->starts_cnt + 1) * sizeof(*sorted)), ns = 0;

	if (!sorted)
		return 0;
	memcpy(sorted, sum->starts, sum->starts_cnt * sizeof(*sorted));
	stats_sort(sorted, sum->starts_cnt);
	ns = stats_quantile(sorted, sum->starts_cnt, share);
	free(sorted);
	return ns;
}

static bool was_stall(const struct play_report *report, const struct script_op *op)
{
	return op->took_ns != SCRIPT_UNTIMED && op->took_ns >= report->min_ns;
}

/* ---- for people ---- */

#define COLS_MAX 9

static size_t make_cols(struct table_col cols[COLS_MAX], bool has_other)
{
	static const struct table_col all[COLS_MAX] = {
		{"CALL", "call", TABLE_TEXT},
		{"RECORDED", "recorded_ns", TABLE_NS},
		{"N", "n", TABLE_COUNT},
		{"P50", "p50_ns", TABLE_NS},
		{"P99", "p99_ns", TABLE_NS},
		{"STALLS", "stalls", TABLE_COUNT},
		{"OTHER-P50", "p50_ns", TABLE_NS},
		{"OTHER-P99", "p99_ns", TABLE_NS},
		{"OTHER-STALLS", "stalls", TABLE_COUNT},
	};

	memcpy(cols, all, sizeof(all));
	return has_other ? COLS_MAX : COLS_MAX - 3;
}

static void add_ns(struct table *table, uint64_t ns)
{
	if (ns == SCRIPT_UNTIMED)
		table_add_none(table);
	else
		table_add_value(table, (int64_t)ns);
}

static void add_other(struct table *table, const struct play_report *report,
		      const struct play_call *call)
{
	if (!report->other)
		return;
	if (!call || !call->ns.cnt) {
		for (int i = 0; i < 3; i++)
			table_add_none(table);
		return;
	}
	add_ns(table, quantile_of(call, 50));
	add_ns(table, quantile_of(call, 99));
	table_add_value(table, (int64_t)call->stalls);
}

static void add_row(struct table *table, const struct play_report *report, const char *name,
		    uint64_t recorded_ns, const struct play_call *call,
		    const struct play_call *other)
{
	table_add_text(table, name);
	add_ns(table, recorded_ns);
	table_add_value(table, (int64_t)call->ns.cnt);
	add_ns(table, quantile_of(call, 50));
	add_ns(table, quantile_of(call, 99));
	table_add_value(table, (int64_t)call->stalls);
	add_other(table, report, other);
}

static void add_call(struct table *table, const struct play_report *report, size_t idx,
		     const struct play_call *other)
{
	const struct script_op *op = &report->played->script->ops[idx];
	struct str name;

	str_init(&name);
	list_put_op(op, true, &name);
	add_row(table, report, name.text, op->took_ns, &report->played->calls[idx], other);
	str_fini(&name);
}

/* What neither stalled nor stalls, as one row. */
static void add_rest(struct table *table, const struct play_report *report, size_t cnt,
		     uint64_t recorded_ns, uint64_t played_ns, uint64_t other_ns)
{
	char name[64];

	if (!cnt)
		return;
	snprintf(name, sizeof(name), "%zu other%s, together", cnt, format_s(cnt));
	table_add_text(table, name);
	add_ns(table, recorded_ns);
	table_add_value(table, (int64_t)report->played->starts_cnt);
	add_ns(table, played_ns);
	table_add_none(table);
	table_add_value(table, 0);
	if (!report->other)
		return;
	add_ns(table, other_ns);
	table_add_none(table);
	table_add_value(table, 0);
}

/* Without times of day, durations alone say nothing of what is between them. */
static uint64_t recorded_start_ns(const struct play_report *report)
{
	return report->is_untimed ? SCRIPT_UNTIMED
				  : script_recorded_start_ns(report->played->script);
}

static void add_start(struct table *table, const struct play_report *report)
{
	const struct play_sum *sums[] = {report->played, report->other};

	table_add_text(table, "start of the VM");
	add_ns(table, recorded_start_ns(report));
	table_add_value(table, (int64_t)report->played->starts_cnt);
	for (int i = 0; i < 2 && sums[i]; i++) {
		add_ns(table, start_quantile(sums[i], 0.5));
		add_ns(table, start_quantile(sums[i], 0.99));
		table_add_none(table);
	}
}

static void add_rows(struct table *table, const struct play_report *report)
{
	const struct play_sum *played = report->played;
	uint64_t recorded_ns = 0, played_ns = 0, other_ns = 0;
	size_t rest = 0;

	for (size_t i = 0; i < played->script->cnt; i++) {
		const struct script_op *op = &played->script->ops[i];
		const struct play_call *other = call_in(played, i, report->other);

		if (report->want_all || was_stall(report, op) || played->calls[i].stalls ||
		    (other && other->stalls)) {
			add_call(table, report, i, other);
			continue;
		}
		rest++;
		recorded_ns += op->took_ns != SCRIPT_UNTIMED ? op->took_ns : 0;
		played_ns += quantile_of(&played->calls[i], 50);
		other_ns += other ? quantile_of(other, 50) : 0;
	}
	add_rest(table, report, rest, recorded_ns ? recorded_ns : SCRIPT_UNTIMED, played_ns,
		 other_ns);
	if (played->exit.ns.cnt)
		add_row(table, report, "exit", SCRIPT_UNTIMED, &played->exit,
			report->other ? &report->other->exit : NULL);
	add_start(table, report);
}

static void put_table(const struct play_report *report, struct str *out)
{
	struct table_col cols[COLS_MAX];
	struct table table;

	table_init(&table, cols, make_cols(cols, report->other != NULL));
	add_rows(&table, report);
	if (table_put_text(&table, out))
		str_adds(out, "out of memory\n");
	table_fini(&table);
}

/* Where the recording is from, and where this is. */
static void put_origin(const struct play_report *report, struct str *out)
{
	const struct script_origin *origin = report->origin;

	if (!origin || !origin->release[0]) {
		str_adds(out, "; the file does not say which kernel, HZ and CPUs it is from");
		return;
	}
	str_addf(out, "; recorded on %s", origin->release);
	if (origin->hz)
		str_addf(out, ", HZ=%" PRIu32, origin->hz);
	str_addf(out, ", %" PRIu32 " CPUs, and played on %s, %" PRIu32 " CPUs", origin->cpus,
		 report->release, report->cpus);
}

static bool has_times(const struct play_report *report)
{
	const struct script *script = report->played->script;

	for (size_t i = 0; i < script->cnt; i++)
		if (script->ops[i].took_ns != SCRIPT_UNTIMED)
			return true;
	return false;
}

/* The call that most often stalled in one and not in the other. */
static void put_difference(const struct play_report *report, struct str *out)
{
	const struct play_sum *played = report->played;
	char recorded[24], now[24];
	size_t most = 0;

	for (size_t i = 1; i < played->script->cnt; i++)
		if (played->calls[i].differs > played->calls[most].differs)
			most = i;
	str_adds(out, "; ");
	list_put_op(&played->script->ops[most], true, out);
	str_addf(out, " differs in %" PRIu64 ": %s recorded, %s played",
		 played->calls[most].differs,
		 format_nsec(played->script->ops[most].took_ns, recorded, sizeof(recorded)),
		 format_nsec(quantile_of(&played->calls[most], 50), now, sizeof(now)));
}

static void put_worth(const struct play_report *report, struct str *out)
{
	const struct play_sum *played = report->played;
	uint64_t start_ns = recorded_start_ns(report);
	char recorded[24], now[24];

	if (!has_times(report))
		return;
	str_addf(out, "same calls stall in %" PRIu64 " of %zu round%s", played->same,
		 played->starts_cnt, format_s(played->starts_cnt));
	if (start_ns != SCRIPT_UNTIMED)
		str_addf(out, "; start %s recorded, %s played",
			 format_nsec(start_ns, recorded, sizeof(recorded)),
			 format_nsec(start_quantile(played, 0.5), now, sizeof(now)));
	if (played->same < played->starts_cnt) {
		put_difference(report, out);
		put_origin(report, out);
	}
	str_addc(out, '\n');
}

void play_table_text(const struct play_report *report, struct str *out)
{
	const struct play_sum *played = report->played;

	if (report->vms_cnt > 1)
		str_addf(out, "--- VM %zu of %zu ---\n", report->vm + 1, report->vms_cnt);
	script_say_played(played->script, out);
	str_addc(out, '\n');
	script_say_assumed(played->script, out);
	if (report->is_partial)
		str_adds(out, "the file has not all calls (trace --all): of those that did not "
			      "sleep it has what a stall names\n");
	if (report->is_untimed)
		str_adds(out, "the file has not all times: gaps may have calls in them\n");
	if (played->refused)
		str_addf(out, "this kernel refused %" PRIu64 " calls; the first was %s: %s\n",
			 played->refused, played->refused_name, strerror(played->refused_err));
	if (report->other)
		str_addf(out, "OTHER is the order %s\n", report->order);
	put_table(report, out);
	put_worth(report, out);
}

/* ---- for programs ---- */

static void json_call(struct ndjson *json, const struct play_call *call)
{
	ndjson_int(json, "n", (int64_t)call->ns.cnt);
	ndjson_int(json, "p50_ns", (int64_t)quantile_of(call, 50));
	ndjson_int(json, "p99_ns", (int64_t)quantile_of(call, 99));
	ndjson_int(json, "max_ns", (int64_t)call->ns.max);
	ndjson_int(json, "stalls", (int64_t)call->stalls);
	ndjson_int(json, "refused", (int64_t)call->refused);
}

static void json_known(struct ndjson *json, const char *key, uint64_t ns)
{
	if (ns == SCRIPT_UNTIMED)
		ndjson_null(json, key);
	else
		ndjson_int(json, key, (int64_t)ns);
}

static void json_op(struct ndjson *json, const struct play_report *report, size_t idx)
{
	const struct script_op *op = &report->played->script->ops[idx];
	const struct play_call *other = call_in(report->played, idx, report->other);

	ndjson_object(json, NULL);
	ndjson_text(json, "call", script_op_name(op));
	ndjson_object(json, "args");
	for (int key = 0; key < KEY_CNT; key++)
		if (script_op_has(op, key))
			ndjson_int(json, script_key_name(key), (int64_t)op->values[key]);
	ndjson_end_object(json);
	ndjson_int(json, "thread", op->thread);
	json_known(json, "recorded_ns", op->took_ns);
	json_call(json, &report->played->calls[idx]);
	ndjson_int(json, "differs", (int64_t)report->played->calls[idx].differs);
	if (other) {
		ndjson_object(json, "other");
		json_call(json, other);
		ndjson_end_object(json);
	}
	ndjson_end_object(json);
}

static void json_start(struct ndjson *json, const char *key, const struct play_sum *sum)
{
	if (!sum) {
		ndjson_null(json, key);
		return;
	}
	ndjson_object(json, key);
	ndjson_int(json, "n", (int64_t)sum->starts_cnt);
	ndjson_int(json, "p50_ns", (int64_t)start_quantile(sum, 0.5));
	ndjson_int(json, "p99_ns", (int64_t)start_quantile(sum, 0.99));
	ndjson_end_object(json);
}

static void json_skipped(struct ndjson *json, const struct script *script)
{
	ndjson_object(json, "skipped");
	for (int id = 0; id < CALL_CNT; id++)
		if (script->skipped[id])
			ndjson_int(json, call_name(id), script->skipped[id]);
	ndjson_end_object(json);
}

static void json_exit(struct ndjson *json, const struct play_sum *played)
{
	if (!played->exit.ns.cnt) {
		ndjson_null(json, "exit");
		return;
	}
	ndjson_object(json, "exit");
	json_call(json, &played->exit);
	ndjson_end_object(json);
}

void play_table_json(const struct play_report *report, struct str *out)
{
	const struct script *script = report->played->script;
	struct ndjson json;

	ndjson_begin(&json, out, "replay");
	ndjson_int(&json, "ts_ns", (int64_t)report->now_ns);
	ndjson_text(&json, "from", report->path);
	ndjson_text(&json, "kind", report->origin ? report->origin->kind : "profile");
	ndjson_int(&json, "vm", (int64_t)report->vm);
	ndjson_int(&json, "rounds", report->rounds);
	ndjson_int(&json, "vms", report->vms);
	ndjson_int(&json, "played", script_kvm_calls(script));
	json_skipped(&json, script);
	ndjson_int(&json, "assumed", script->assumed);
	ndjson_int(&json, "refused", (int64_t)report->played->refused);
	ndjson_bool(&json, "partial", report->is_partial);
	json_known(&json, "start_recorded_ns", recorded_start_ns(report));
	json_start(&json, "start", report->played);
	ndjson_text(&json, "order", report->order);
	json_start(&json, "start_other", report->other);
	ndjson_int(&json, "same_stalls", (int64_t)report->played->same);
	json_exit(&json, report->played);
	ndjson_array(&json, "calls");
	for (size_t i = 0; i < script->cnt; i++)
		json_op(&json, report, i);
	ndjson_end_array(&json);
	ndjson_finish_line(&json);
}
