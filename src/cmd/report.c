// SPDX-License-Identifier: GPL-2.0-only
/* kvmstall report: what a live trace would have said, and what it adds up to, from captures. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/format.h"
#include "cmd/cmd.h"
#include "cmd/input.h"
#include "cmd/printer.h"
#include "cmd/window.h"
#include "diff/mail.h"
#include "output/deferral.h"
#include "output/table.h"
#include "output/group_by.h"

#define BY_DEFERRAL GROUP_BY_CNT
#define BY_START    (GROUP_BY_CNT + 1)

/* In the order of enum group_by_key, and two more. */
static const char *const by_names[] = {"stall", "vm",	"call",	    "cause", "phase", "culprit",
				       "timer", "part", "deferral", "start", NULL};
/* In the order of enum printer_format. */
static const char *const format_names[] = {"text", "json", "csv", "perfetto", "html", "lkml", NULL};

/* Nothing is printed one by one. */
#define REPORT_LKML PRINTER_NOTHING

/* In the order of enum import_format. */
static const char *const from_names[] = {"auto",   "strace",	     "perf-trace", "perf",
					 "stacks", "function-graph", NULL};

_Static_assert(sizeof(from_names) / sizeof(*from_names) == IMPORT_STRACE_MIXED + 1,
	       "each format that is read has a name");

struct report_cfg {
	struct filter filter;
	struct window window;
	const char *output;
	uint64_t min_ns;
	uint64_t stuck_ns;
	uint32_t by;
	uint32_t format;
	uint32_t from;
	uint32_t verbose;
	bool all;
	bool quiet;
	bool facts;
	bool timeline;
};

static const struct opt report_opts[] = {
	FILTER_OPTS(struct report_cfg, filter, "only VMs of this process"),
	OPT_NSEC('m', "min", "DURATION", struct report_cfg, min_ns,
		 "only calls that took this long or longer (1ms)"),
	OPT_NSEC('s', "stuck", "DURATION", struct report_cfg, stuck_ns,
		 "show calls that were found waiting after this long, 0: never (1s)"),
	WINDOW_OPTS(struct report_cfg, window),
	WINDOW_OPT_AROUND(struct report_cfg, window),
	OUTPUT_OPT(struct report_cfg, output),
	OPT_ENUM(0, "by", by_names, struct report_cfg, by, "add up instead of one by one"),
	OPT_ENUM('f', "format", format_names, struct report_cfg, format, "how to print it (text)"),
	OPT_ENUM(0, "from", from_names, struct report_cfg, from,
		 "read logs as these, whatever they look like"),
	OPT_BOOL('a', "all", struct report_cfg, all, "also calls that did not stall"),
	OPT_BOOL(0, "facts", struct report_cfg, facts,
		 "print what is known of the host and of the recording, and end"),
	OPT_BOOL(0, "timeline", struct report_cfg, timeline, "draw each stall in a line of text"),
	OPT_COUNT('v', "verbose", struct report_cfg, verbose, "the account under each stall"),
	OPT_BOOL('q', "quiet", struct report_cfg, quiet, "no summary"),
	OPT_END(),
};

struct report {
	struct report_cfg cfg;
	struct outfile out;
	struct printer show;
	struct group_by *tally;	   /* --by */
	struct deferral *deferral; /* --by deferral */
	const char *path;	   /* that is read */
	bool has_files;		   /* more than one */
	uint64_t from_logs;	   /* calls */
	uint64_t inferred;	   /* of these, those whose cause is */
	bool is_refused;	   /* what is asked for is not in a log */
	int failed;		   /* -ENOMEM */
};

/* ---- from a capture ---- */

static int on_head(void *ctx, const struct capture_head *head)
{
	struct report *report = ctx;
	const struct printer_source source = {
		.backend = head->backend,
		.host = {.hz = head->hz,
			 .rcu_normal = head->rcu_normal,
			 .arch = machine_arch_of(environment_get(&head->environment, "arch"))},
		.clock_offset_ns = head->clock_offset_ns,
	};

	outfile_start(&report->out);
	report->show.cfg.filter.is_followed = head->is_followed;
	report->show.cfg.stop_on_ns = head->stop_on_ns;
	if (!report->cfg.facts)
		printer_begin(&report->show, &source);
	if (report->tally)
		group_by_next_file(report->tally, report->path);
	if (report->deferral)
		deferral_next_file(report->deferral, report->path,
				   strcmp(head->backend, "tracepoint"));
	return 0;
}

static int on_record(void *ctx, const void *record, size_t size, const struct symbols *syms)
{
	struct report *report = ctx;

	if (printer_wants_records(&report->show))
		printer_record(&report->show, record, size, syms);
	if (report->deferral && !report->failed)
		report->failed = deferral_record(report->deferral, record, size, syms);
	return report->failed;
}

static void count_inferred(struct report *report, const struct stall *stall)
{
	report->from_logs += stall->is_inferred;
	report->inferred += stall->is_inferred && stall->cause != KS_CAUSE_UNEXPLAINED;
}

static void on_stall(void *ctx, const struct stall *stall)
{
	struct report *report = ctx;
	bool is_stall = printer_stall(&report->show, stall);
	int ret = 0;

	if (!filter_wants_stall(&report->show.cfg.filter, stall))
		return;
	count_inferred(report, stall);
	if (report->tally)
		ret = group_by_add(report->tally, stall, is_stall);
	if (report->deferral)
		ret = deferral_stall(report->deferral, stall);
	if (ret)
		report->failed = ret;
}

static void on_asleep(void *ctx, const struct stall *stall)
{
	struct report *report = ctx;

	printer_asleep(&report->show, stall);
	if (filter_wants_stall(&report->show.cfg.filter, stall))
		count_inferred(report, stall);
}

static void on_vm_new(void *ctx, struct vm *vm)
{
	struct report *report = ctx;
	int ret = 0;

	printer_vm_new(&report->show, vm);
	if (report->deferral && filter_wants_vm(&report->show.cfg.filter, vm))
		ret = deferral_vm_new(report->deferral, vm);
	if (ret)
		report->failed = ret;
}

static void on_vm_gone(void *ctx, const struct vm *vm)
{
	struct report *report = ctx;

	printer_vm_gone(&report->show, vm);
	if (report->deferral)
		deferral_vm_gone(report->deferral, vm);
}

static void on_span(void *ctx, const struct span *span)
{
	struct report *report = ctx;

	printer_span(&report->show, span);
}

/* ---- out ---- */

static int put_table(struct report *report, const struct table *table, const char *type,
		     const char *by)
{
	struct str out;
	int ret;

	str_init(&out);
	if (report->cfg.format == PRINTER_JSON)
		ret = table_put_json(table, type, by, &out);
	else if (report->cfg.format == PRINTER_CSV)
		ret = table_put_csv(table, &out);
	else
		ret = table_put_text(table, &out);
	if (!ret)
		outfile_put_lines(&report->out, out.text, out.len);
	str_fini(&out);
	return ret;
}

static void put_deferral_words(struct report *report)
{
	uint64_t cnt, ns = deferral_expedited_ns(report->deferral, &cnt);
	char text[32];

	outfile_flush(&report->out);
	if (ns)
		fprintf(stderr,
			"an expedited wait on an idle domain took %s (median of %" PRIu64 ")\n",
			format_nsec(ns, text, sizeof(text)), cnt);
	else
		fputs("no expedited wait found its domain idle: what deferral saved is not known\n",
		      stderr);
	if (deferral_is_at_least(report->deferral))
		fputs("callbacks are not seen by this backend: counts are of the grace periods "
		      "that "
		      "they started\n",
		      stderr);
}

static void add_fact(const struct report *report, struct table *table, const char *key,
		     const char *value)
{
	if (report->has_files)
		table_add_text(table, report->path);
	table_add_text(table, key);
	table_add_text(table, value);
}

static int put_lkml(struct report *report, const struct capture_head *head)
{
	struct str out;
	int ret;

	str_init(&out);
	mail_regression(&out, report->path, &head->environment, head->hz, &report->show.summary);
	ret = str_failed(&out) ? -ENOMEM : 0;
	if (!ret)
		outfile_put_lines(&report->out, out.text, out.len);
	str_fini(&out);
	return ret;
}

/* --facts, and what is of one recording as a whole */
static void on_done(void *ctx, const struct capture_head *head)
{
	static const struct table_col cols[] = {{"FILE", "file", TABLE_TEXT},
						{"FACT", "key", TABLE_TEXT},
						{"", "value", TABLE_TEXT}};
	struct report *report = ctx;
	struct table table;
	char hz[16];

	if (report->cfg.format == REPORT_LKML && !report->failed)
		report->failed = put_lkml(report, head);
	if (!report->cfg.facts)
		return;
	snprintf(hz, sizeof(hz), "%" PRIu32, head->hz);
	table_init(&table, report->has_files ? cols : cols + 1, report->has_files ? 3 : 2);
	add_fact(report, &table, "kvmstall", head->version);
	add_fact(report, &table, "backend", head->backend);
	add_fact(report, &table, "hz", hz);
	for (size_t i = 0; i < head->environment.cnt; i++)
		add_fact(report, &table, head->environment.list[i].key,
			 head->environment.list[i].value);
	if (put_table(report, &table, "fact", "key"))
		report->failed = -ENOMEM;
	table_fini(&table);
}

static int put_groups(struct report *report)
{
	struct table table = {.cols = NULL};
	int ret;

	if (report->deferral)
		ret = deferral_table(report->deferral, &table);
	else if (report->tally)
		ret = group_by_table(report->tally, &table);
	else
		ret = spans_table(&report->show.spans, &table);
	if (!ret)
		ret = put_table(report, &table, "group", by_names[report->cfg.by]);
	table_fini(&table);
	if (!ret && report->deferral && report->cfg.format == PRINTER_TEXT && !report->cfg.quiet)
		put_deferral_words(report);
	return ret;
}

/* ---- the whole ---- */

static void add_summary(struct summary *sum, const struct summary *part)
{
	sum->duration_ns += part->duration_ns;
	sum->records += part->records;
	sum->is_log = part->is_log && !sum->records;
	for (int i = 0; i < KS_LOSS_CNT; i++)
		sum->losses[i] += part->losses[i];
	sum->in_flight += part->in_flight;
	sum->left_out += part->left_out;
	sum->probe_runs += part->probe_runs;
	sum->probe_ns += part->probe_ns;
	sum->cpu_ns += part->cpu_ns;
	sum->command_status = part->command_status;
}

static int find_window(struct report *report, char *const *paths, enum input_run run,
		       const struct input_cfg *cfg, struct err *err)
{
	struct filter *filter = &report->show.cfg.filter;

	if (!window_is_given(&report->cfg.window))
		return 0;
	*filter = report->cfg.filter;
	return window_find(&report->cfg.window, paths, run, cfg, report->show.cfg.min_ns, filter,
			   err);
}

/* What a log has not, and a recording has. */
static int check_log(struct report *report, struct err *err)
{
	const char *what = NULL;

	if (report->cfg.facts)
		what = "--facts";
	else if (report->cfg.format == REPORT_LKML)
		what = "--format lkml";
	else if (report->cfg.by == BY_START)
		what = "--by start";
	else if (report->cfg.by == BY_DEFERRAL)
		what = "--by deferral";
	report->is_refused = what != NULL;
	if (!what)
		return 0;
	return err_set(err, -EINVAL,
		       "'%s': a log does not have what %s shows: record with: kvmstall record -o "
		       "FILE",
		       report->path, what);
}

/* All of @paths as one @run, if they are, else the first of them. 0, 1 for a capture that is cut,
 * or a negative errno. */
static int read_file(struct report *report, char **paths, enum input_run run, struct err *err)
{
	static const struct replay_ops ops = {
		.ledger = {.stall = on_stall,
			   .vm_new = on_vm_new,
			   .vm_gone = on_vm_gone,
			   .asleep = on_asleep,
			   .span = on_span},
		.head = on_head,
		.record = on_record,
		.done = on_done,
	};
	const struct input_cfg cfg = {.from = report->cfg.from, .is_quiet = report->cfg.quiet};
	struct summary part = {.command_status = -1};
	int ret;

	report->path = *paths;
	ret = find_window(report, paths, run, &cfg, err);
	if (ret)
		return ret;
	ret = run ? input_read_run(paths, run, &cfg, &ops, report, &part, err)
		  : input_read(*paths, &cfg, &ops, report, &part, err);

	if (!ret && part.is_log)
		ret = check_log(report, err);
	add_summary(&report->show.summary, &part);
	outfile_flush(&report->out); /* on a terminal an error comes after what it ended */
	if (ret == CAPTURE_CUT) {
		log_error("%s", err->msg);
	}
	return ret;
}

/* A log says how long, and not why. */
static void say_inferred(const struct report *report)
{
	if (!report->from_logs || report->cfg.quiet || report->is_refused)
		return;
	if (report->inferred)
		log_warn("logs do not say why a call took long; causes inferred: %" PRIu64
			 " of %" PRIu64,
			 report->inferred, report->from_logs);
	else
		log_warn("logs do not say why a call took long; no cause could be inferred");
}

static int read_all(struct report *report, char **paths, struct err *err)
{
	const struct input_cfg cfg = {.from = report->cfg.from};
	enum input_run run = input_run(paths, &cfg);
	int ret = 0, is_cut = 0;

	report->has_files = paths[1] && !run;
	if (report->has_files && report->cfg.window.around.nth)
		return err_usage(err, "--around: of one recording, and there are several");
	for (size_t i = 0; paths[i]; i++)
		if (outfile_is(&report->out, paths[i]))
			return err_usage(err, "'%s' is to be read and to be written", paths[i]);
	for (; *paths && ret >= 0; paths++) {
		ret = read_file(report, paths, run, err);
		is_cut |= ret > 0;
		if (run)
			break;
	}
	if (report->cfg.by && report->show.has_begun && !report->failed && !report->is_refused)
		report->failed = put_groups(report);
	if (report->failed && ret >= 0)
		ret = err_set(err, report->failed, "out of memory");
	if (report->show.has_begun && !report->is_refused &&
	    (!report->cfg.by || report->cfg.format == PRINTER_TEXT))
		ret = printer_end(&report->show, ret, err);
	say_inferred(report);
	printer_say_unseen(&report->show, NULL);
	return ret < 0 ? ret : is_cut;
}

static int set_up(struct report *report, struct err *err)
{
	const struct report_cfg *cfg = &report->cfg;
	int ret;

	printer_init(&report->show,
		     &(struct printer_cfg){
			     .filter = cfg->filter,
			     .min_ns = cfg->min_ns,
			     .stuck_ns = cfg->stuck_ns,
			     .all = cfg->all,
			     .quiet = cfg->quiet,
			     .verbose = cfg->verbose,
			     .timeline = cfg->timeline,
			     .format = cfg->by || cfg->facts ? PRINTER_NOTHING : cfg->format,
		     },
		     &report->out);
	ret = printer_check_terminal(cfg->format, &report->out, err);
	if (ret)
		return ret;
	if (cfg->by == BY_DEFERRAL)
		report->deferral = deferral_new();
	else if (cfg->by && cfg->by != BY_START)
		report->tally = group_by_new(cfg->by);
	if (cfg->by && cfg->by != BY_START && !report->tally && !report->deferral)
		return err_set(err, -ENOMEM, "out of memory");
	return 0;
}

static int report_run(int argc, char **argv, struct err *err)
{
	struct report report = {.cfg = {.min_ns = PRINTER_MIN_NOT_GIVEN, .stuck_ns = 1000000000}};
	int operand = opt_parse(argc, argv, report_opts, &report.cfg, err), ret;

	if (operand < 0)
		return operand;
	if (operand == argc)
		return err_usage(err, "which FILE?");
	if (report.cfg.by == BY_DEFERRAL && window_is_given(&report.cfg.window))
		return err_usage(err, "--by deferral is of a whole recording: not with --since, "
				      "--until or --around");
	if (report.cfg.timeline && (report.cfg.by || report.cfg.format != PRINTER_TEXT))
		return err_usage(err, "--timeline: only in text, of single stalls");
	if ((report.cfg.format == PRINTER_PERFETTO || report.cfg.format == PRINTER_HTML) &&
	    (report.cfg.by || report.cfg.facts))
		return err_usage(err,
				 "--format %s shows calls one by one: not with --by or --facts",
				 format_names[report.cfg.format]);
	if (report.cfg.format == REPORT_LKML &&
	    (argc - operand > 1 || report.cfg.by || report.cfg.facts))
		return err_usage(err,
				 "--format lkml: of one recording, and not with --by or --facts");
	ret = printer_check_filter(&report.cfg.filter, err);
	if (!ret)
		ret = input_check_names(argv + operand, err);
	if (ret)
		return ret;
	ret = outfile_open(&report.out, report.cfg.output, err);
	if (!ret)
		ret = set_up(&report, err);
	if (!ret)
		ret = outfile_confine(&report.out, err);
	if (!ret)
		ret = read_all(&report, argv + operand, err);
	group_by_free(report.tally);
	deferral_free(report.deferral);
	printer_fini(&report.show);
	return outfile_end(&report.out, ret, err);
}

const struct cmd cmd_report = {
	.name = "report",
	.summary = "show a recording as trace would have, or by VM, call, cause...",
	.operands = "FILE...",
	.opts = report_opts,
	.run = report_run,
};
