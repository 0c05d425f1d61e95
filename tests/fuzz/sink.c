// SPDX-License-Identifier: GPL-2.0-only
#include "sink.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "cmd/outfile.h"
#include "cmd/printer.h"
#include "diff/compare.h"
#include "diff/verdict.h"
#include "metrics/metrics.h"
#include "output/csv.h"
#include "output/deferral.h"
#include "output/json.h"
#include "output/summary.h"
#include "output/table.h"
#include "output/group_by.h"
#include "output/text/text.h"
#include "sink_metrics.h"
#include "sink_view.h"

struct sink {
	struct side side;
	struct printer printers[PRINTER_NOTHING];
	struct outfile nowhere, nowhere_of_bytes;
	struct metrics *metrics;
	struct sink_view *view;
	struct group_by *tallies[GROUP_BY_CNT];
	struct deferral *deferral;
	struct str out;
};

static void require(int is_true)
{
	if (!is_true)
		abort();
}

/* ---- the printer's file: what is put there are whole lines ---- */

int outfile_put_lines(struct outfile *out, const char *text, size_t len)
{
	if (out->is_capture) /* of bytes, not of lines */
		return 0;
	require(!len || (text[len - 1] == '\n' && !memchr(text, 0, len)));
	return 0;
}

int outfile_flush(struct outfile *out)
{
	(void)out;
	return 0;
}

/* ---- each stall ---- */

/* One line, no less and no more, whatever names and arguments the input has. */
static void require_line(const struct str *out)
{
	require(!str_failed(out) && out->len &&
		strchr(out->text, '\n') == out->text + out->len - 1);
}

/* A program reads it: whole, and with the numbers that we meant. */
static void require_json(const struct str *out, const struct stall *stall)
{
	json_t *line = json_loadb(out->text, out->len, 0, NULL);

	require_line(out);
	require(line != NULL);
	require((uint64_t)json_integer_value(json_object_get(line, "latency_ns")) ==
		stall->latency_ns);
	require(json_integer_value(json_object_get(line, "latency_ns")) >= 0);
	require(json_integer_value(json_object_get(line, "ts_ns")) >= 0);
	json_decref(line);
}

static void print(struct sink *sink, const struct stall *stall)
{
	const struct text_cfg text = {
		.show_account = true, .show_timeline = true, .host = {.hz = 250}};

	text_stall(&sink->out, stall, &text);
	require(!str_failed(&sink->out));
	str_reset(&sink->out);
	json_stall(&sink->out, stall, "fuzz", &text.host);
	require_json(&sink->out, stall);
	str_reset(&sink->out);
	csv_stall(&sink->out, stall);
	require_line(&sink->out);
	str_reset(&sink->out);
}

static void on_stall(void *ctx, const struct stall *stall)
{
	struct sink *sink = ctx;
	uint64_t sum = 0, causes = 0;

	for (size_t i = 0; i < stall->segments_cnt; i++)
		sum += stall->segments[i].ns;
	for (int i = 0; i < KS_CAUSE_CNT; i++)
		causes += stall->by_cause[i];
	require(sum == stall->latency_ns && causes == stall->latency_ns);
	require(stall->call && stall->call < CALL_CNT && stall->phase < PHASE_CNT &&
		stall->cause < KS_CAUSE_CNT);
	require(!samples_add(&sink->side.samples, stall));
	for (int by = GROUP_BY_VM; by < GROUP_BY_CNT; by++)
		require(!group_by_add(sink->tallies[by], stall, true));
	require(!deferral_stall(sink->deferral, stall));
	for (int i = 0; i < PRINTER_NOTHING; i++)
		printer_stall(&sink->printers[i], stall);
	metrics_stall(sink->metrics, stall);
	sink_view_stall(sink->view, stall);
	print(sink, stall);
}

static void on_asleep(void *ctx, const struct stall *stall)
{
	struct sink *sink = ctx;

	for (int i = 0; i < PRINTER_NOTHING; i++)
		printer_asleep(&sink->printers[i], stall);
	metrics_asleep(sink->metrics, stall);
	sink_view_asleep(sink->view, stall);
	print(sink, stall);
}

static void on_vm_new(void *ctx, struct vm *vm)
{
	struct sink *sink = ctx;

	for (int i = 0; i < PRINTER_NOTHING; i++)
		printer_vm_new(&sink->printers[i], vm);
	metrics_vm_new(sink->metrics, vm);
	sink_view_vm_new(sink->view, vm);
	require(!deferral_vm_new(sink->deferral, vm));
}

static void on_vm_gone(void *ctx, const struct vm *vm)
{
	struct sink *sink = ctx;

	for (int i = 0; i < PRINTER_NOTHING; i++)
		printer_vm_gone(&sink->printers[i], vm);
	metrics_vm_gone(sink->metrics, vm);
	sink_view_vm_gone(sink->view, vm);
	samples_vm_gone(&sink->side.samples, vm);
	deferral_vm_gone(sink->deferral, vm);
}

static int on_record(void *ctx, const void *record, size_t size, const struct symbols *syms)
{
	struct sink *sink = ctx;

	metrics_record(sink->metrics, syms, record, size);
	sink_view_record(sink->view, record, size, syms);
	for (int i = 0; i < PRINTER_NOTHING; i++)
		printer_record(&sink->printers[i], record, size, syms);
	return deferral_record(sink->deferral, record, size, syms);
}

static int on_head(void *ctx, const struct capture_head *head)
{
	struct sink *sink = ctx;
	const struct printer_source source = {
		.backend = head->backend,
		.host = {.hz = head->hz, .rcu_normal = head->rcu_normal},
		.clock_offset_ns = head->clock_offset_ns,
	};

	for (int i = 0; i < PRINTER_NOTHING; i++)
		printer_begin(&sink->printers[i], &source);
	sink_view_head(sink->view, head);
	sink->side.hz = head->hz;
	for (size_t i = 0; i < head->environment.cnt; i++)
		side_add_fact(&sink->side, head->environment.list[i].key,
			      head->environment.list[i].value);
	return 0;
}

static const struct replay_ops ops = {
	.ledger = {.stall = on_stall,
		   .asleep = on_asleep,
		   .vm_new = on_vm_new,
		   .vm_gone = on_vm_gone},
	.head = on_head,
	.record = on_record,
};

/* As trace -v would show it, all calls, and who is stuck as often as can be. */
static void start_printers(struct sink *sink)
{
	for (int i = 0; i < PRINTER_NOTHING; i++) {
		const struct printer_cfg cfg = {
			.stuck_ns = 1, .all = true, .verbose = true, .format = i};

		printer_init(&sink->printers[i], &cfg,
			     i == PRINTER_PERFETTO ? &sink->nowhere_of_bytes : &sink->nowhere);
	}
}

static void sink_init(struct sink *sink)
{
	memset(&sink->nowhere, 0, sizeof(sink->nowhere)); /* nobody waits for it */
	sink->nowhere_of_bytes = sink->nowhere;
	sink->nowhere_of_bytes.is_capture = true;
	start_printers(sink);
	sink->metrics = sink_metrics_new();
	sink->view = sink_view_new();
	side_init(&sink->side);
	str_init(&sink->out);
	samples_begin(&sink->side.samples);
	for (int by = GROUP_BY_VM; by < GROUP_BY_CNT; by++)
		require((sink->tallies[by] = group_by_new(by)) != NULL);
	sink->deferral = deferral_new();
	require(sink->deferral != NULL);
}

/* The side against itself: whatever it is, nothing moved. */
static void compare(struct sink *sink)
{
	static const char *const names[SIDE_CNT] = {"a", "b"};
	const struct compare_cfg cfg = {.alpha = 0.01, .min_effect = 0.05, .floor_ns = 1};
	struct comparison comparison;

	require(!compare_sides(&comparison, &sink->side, &sink->side, &cfg));
	require(!comparison.by_verdict[VERDICT_WORSE] && !comparison.by_verdict[VERDICT_BETTER]);
	compare_text(&sink->out, &comparison, names);
	compare_markdown(&sink->out, &comparison, names);
	require(!compare_json(&sink->out, &comparison, names));
	require(!compare_html(&sink->out, &comparison, names));
	comparison_fini(&comparison);
}

static void put_table(struct sink *sink, struct table *table)
{
	require(!table_put_text(table, &sink->out) && !table_put_csv(table, &sink->out));
	require(!table_put_json(table, "group", "fuzz", &sink->out));
	table_fini(table);
	str_reset(&sink->out);
}

static void add_up(struct sink *sink)
{
	struct table table = {.cols = NULL};

	for (int by = GROUP_BY_VM; by < GROUP_BY_CNT; by++) {
		require(!group_by_table(sink->tallies[by], &table));
		put_table(sink, &table);
		group_by_free(sink->tallies[by]);
	}
	require(!deferral_table(sink->deferral, &table));
	put_table(sink, &table);
	deferral_free(sink->deferral);
}

/* What report adds to a summary that is not the stalls'. */
static void end_printers(struct sink *sink, const struct summary *summary)
{
	struct err err = {0};

	for (int i = 0; i < PRINTER_NOTHING; i++) {
		struct summary *sum = &sink->printers[i].summary;

		sum->duration_ns = summary->duration_ns;
		sum->records = summary->records;
		sum->probe_runs = summary->probe_runs;
		sum->probe_ns = summary->probe_ns;
		sum->cpu_ns = summary->cpu_ns;
		memcpy(sum->losses, summary->losses, sizeof(sum->losses));
		require(!printer_end(&sink->printers[i], 0, &err) && !sink->printers[i].missing);
		printer_fini(&sink->printers[i]);
	}
}

/* Resampling takes far longer than parsing, and does not depend on what was parsed: seldom. */
static void sink_fini(struct sink *sink, size_t size, const struct summary *summary)
{
	if (size % 16 == 0)
		compare(sink);
	end_printers(sink, summary);
	sink_metrics_end(sink->metrics, summary);
	sink_view_end(sink->view);
	add_up(sink);
	str_fini(&sink->out);
	side_fini(&sink->side);
}

void sink_capture(const uint8_t *data, size_t size, size_t cut)
{
	struct summary summary = {0};
	struct err err = {0};
	struct sink sink;
	struct replay *replay;
	int ret;

	sink_init(&sink);
	replay = replay_new(&ops, &sink);
	require(replay != NULL);
	ret = replay_feed(replay, data, cut, &err);
	if (!ret)
		ret = replay_feed(replay, data + cut, size - cut, &err);
	if (!ret)
		ret = replay_finish(replay, &err);
	require(!ret || err.msg[0]);
	replay_summary(replay, &summary);
	replay_free(replay);
	sink_fini(&sink, size, &summary);
}

void sink_log(const struct import_kind *kind, const uint8_t *data, size_t size)
{
	struct summary summary = {0};
	struct err err = {0};
	size_t cut = size ? data[size - 1] % size : 0;
	struct import_kind found;
	const char *skipped;
	struct sink sink;
	struct import *import;
	int ret;

	if (!kind) {
		import_detect(data, size, IMPORT_NONE, &found);
		kind = &found;
		if (found.format == IMPORT_NONE)
			return;
	}
	sink_init(&sink);
	import = import_new(kind, &ops, &sink);
	require(import != NULL);
	ret = import_feed(import, data, cut, &err);
	if (!ret)
		ret = import_feed(import, data + cut, size - cut, &err);
	if (!ret)
		ret = import_finish(import, &err);
	require(!ret || err.msg[0]);
	import_line_ns(import_skipped(import, &skipped) ? skipped : "");
	import_summary(import, &summary);
	import_free(import);
	sink_fini(&sink, size, &summary);
}
