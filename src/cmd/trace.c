// SPDX-License-Identifier: GPL-2.0-only
/* kvmstall trace: each stall as it ends, with its cause and its culprit. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/dumper.h"
#include "cmd/live_opts.h"
#include "cmd/printer.h"
#include "live/waiter.h"
#include "live/watch.h"
#include "output/interval.h"
#include "output/json.h"
#include "output/table.h"

struct trace_cfg {
	struct filter filter;
	const char *output;
	const char *dump; /* NULL: none */
	struct live_opts live;
	uint64_t stuck_ns;
	uint64_t interval_ns; /* 0: each stall, one by one */
	bool all;
	uint32_t format; /* enum trace_format */
	bool json;
	bool json_schema;
	bool timeline;
};

enum trace_format { TRACE_TEXT, TRACE_JSON, TRACE_PERFETTO };
static const char *const format_names[] = {"text", "json", "perfetto", NULL};

static const struct opt trace_opts[] = {
	FILTER_OPTS(struct trace_cfg, filter, "only VMs of this process, until it ends"),
	LIVE_OPT_MIN(struct trace_cfg, live, "only calls that took this long or longer (1ms)"),
	LIVE_OPT_DURATION(struct trace_cfg, live),
	OPT_NSEC('s', "stuck", "DURATION", struct trace_cfg, stuck_ns,
		 "report calls that still wait after this long, 0: never (1s)"),
	OPT_STR(0, "dump", "FILE", struct trace_cfg, dump,
		"write who waits for whom there, when a call is stuck and on SIGUSR1"),
	OPT_NSEC(0, "interval", "DURATION", struct trace_cfg, interval_ns,
		 "add up by call and cause, and print the sums this often"),
	OUTPUT_OPT(struct trace_cfg, output),
	OPT_ENUM('f', "format", format_names, struct trace_cfg, format, "how to print it (text)"),
	OPT_BOOL('j', "json", struct trace_cfg, json, "one JSON object a line (--format json)"),
	OPT_BOOL(0, "json-schema", struct trace_cfg, json_schema,
		 "print the schema of these objects, and end"),
	OPT_BOOL('a', "all", struct trace_cfg, all, "also calls that did not stall"),
	OPT_BOOL(0, "timeline", struct trace_cfg, timeline, "draw each stall in a line of text"),
	LIVE_OPTS_BACKEND(struct trace_cfg, live, "8M"),
	LIVE_OPTS_LOG(struct trace_cfg, live, "print the account under each stall",
		      "no summary, no warnings"),
	OPT_END(),
};

/* Records of a stretch come some tens of milliseconds later. */
#define INTERVAL_MIN_NS 100000000
/* Records of before have all come by then: see the waits of live/session.c. */
#define RECORDS_LATE_NS 300000000ULL

struct tracing {
	const struct trace_cfg *cfg;
	struct interval_sums *interval; /* --interval; NULL: none */
	uint64_t interval_begin_ns;
	int failed; /* -ENOMEM: a call is in no sum */
	struct outfile out;
	struct printer show;
	struct printer_source source;
	struct session *session;
	struct dumper dumper;
	const char *command; /* NULL: none */
};

static int on_begin(void *ctx, struct session *session, struct err *err)
{
	struct tracing *trace = ctx;

	(void)err;
	trace->session = session;
	trace->source = (struct printer_source){
		.backend = session_backend(session),
		.host = *session_host(session),
		.clock_offset_ns = watch_clock_offset_ns(),
	};
	return 0;
}

/* ---- --interval ---- */

static int put_interval(struct tracing *trace)
{
	uint64_t now = clock_now_ns();
	struct table table = {.cols = NULL};
	struct str out;
	char time[16];
	int ret;

	text_time(now, trace->source.clock_offset_ns, time, sizeof(time));
	ret = interval_end(trace->interval, now, now - trace->interval_begin_ns, time, &table);
	trace->interval_begin_ns = now;
	str_init(&out);
	if (!ret)
		ret = trace->cfg->json ? table_put_json(&table, "interval", "call", &out)
				       : table_put_text(&table, &out);
	if (!ret)
		outfile_put_lines(&trace->out, out.text, out.len);
	str_fini(&out);
	table_fini(&table);
	return ret;
}

static int put_due_interval(struct tracing *trace, struct err *err)
{
	int ret = trace->failed;

	if (!ret && trace->interval &&
	    clock_now_ns() >= trace->interval_begin_ns + trace->cfg->interval_ns)
		ret = put_interval(trace);
	return ret ? err_set(err, ret, "out of memory") : 0;
}

static void on_stall(void *ctx, const struct stall *stall)
{
	struct tracing *trace = ctx;
	bool is_stall = printer_stall(&trace->show, stall);

	if (trace->interval && filter_wants_stall(&trace->show.cfg.filter, stall) &&
	    interval_add(trace->interval, stall, is_stall))
		trace->failed = -ENOMEM;
}

static void on_asleep(void *ctx, const struct stall *stall)
{
	struct tracing *trace = ctx;

	dumper_asleep(&trace->dumper, stall, printer_asleep(&trace->show, stall));
}

static void on_vm_new(void *ctx, struct vm *vm)
{
	struct tracing *trace = ctx;

	printer_vm_new(&trace->show, vm);
}

static void on_vm_gone(void *ctx, const struct vm *vm)
{
	struct tracing *trace = ctx;

	printer_vm_gone(&trace->show, vm);
}

static int on_record(void *ctx, const void *record, size_t size)
{
	struct tracing *trace = ctx;

	printer_record(&trace->show, record, size, session_symbols(trace->session));
	return 0;
}

static void on_span(void *ctx, const struct span *span)
{
	struct tracing *trace = ctx;

	printer_span(&trace->show, span);
}

static const struct ledger_ops trace_ledger_ops = {
	.stall = on_stall,
	.vm_new = on_vm_new,
	.vm_gone = on_vm_gone,
	.asleep = on_asleep,
	.span = on_span,
};

/* ---- the whole ---- */

static int on_started(void *ctx, struct err *err)
{
	struct tracing *trace = ctx;
	int ret;

	outfile_start(&trace->out);
	printer_begin(&trace->show, &trace->source);
	ret = trace->command ? 0 : session_settle(trace->session);
	if (ret)
		return err_set(err, ret, "cannot read records: %s", strerror(-ret));
	printer_say_start(&trace->show, "tracing", "", trace->command);
	trace->interval_begin_ns = clock_now_ns();
	return 0;
}

static int on_tick(void *ctx, bool has_signal, struct err *err)
{
	struct tracing *trace = ctx;
	int ret = put_due_interval(trace, err);

	printer_tick(&trace->show, clock_now_ns() - RECORDS_LATE_NS);
	if (!ret)
		ret = dumper_tick(&trace->dumper, trace->session, has_signal, err);
	return ret ? ret : !printer_flush(&trace->show);
}

/* The last stretch is as long as it is. */
static int end(struct tracing *trace, int ret, struct err *err)
{
	if (trace->interval && trace->interval_begin_ns && !ret && put_interval(trace))
		ret = err_set(err, -ENOMEM, "out of memory");
	if (!ret)
		printer_say_unseen(&trace->show, trace->command);
	return printer_end(&trace->show, ret, err);
}

static int watch(struct tracing *trace, struct waiter *waiter, char *const *command,
		 struct err *err)
{
	const struct trace_cfg *cfg = trace->cfg;
	const struct watch_cfg watch_cfg = {
		.session =
			{
				.backend = cfg->live.backend,
				.want_all_calls = cfg->all,
				.want_cost = cfg->live.verbose,
				.min_ns = cfg->live.min_ns,
				.ring_bytes = cfg->live.ring_bytes,
				.ops = &trace_ledger_ops,
				.tap = cfg->format == TRACE_PERFETTO ? on_record : NULL,
				.ctx = trace,
			},
		.waiter = waiter,
		.stuck_ns = cfg->stuck_ns,
		.tick_ns = cfg->interval_ns,
		.command = command,
		.pid = cfg->filter.pid,
		.has_files = cfg->output || cfg->dump,
		.begin = on_begin,
		.started = on_started,
		.tick = on_tick,
		.ctx = trace,
	};
	int ret;

	trace->command = *command;
	ret = watch_run(&watch_cfg, &trace->show.summary, err);

	return ret ? ret : end(trace, ret, err);
}

static int print_schema(struct tracing *trace, struct err *err)
{
	int ret = outfile_open(&trace->out, trace->cfg->output, err);

	if (ret)
		return ret;
	outfile_start(&trace->out);
	outfile_put_lines(&trace->out, json_schema(), strlen(json_schema()));
	return outfile_end(&trace->out, 0, err);
}

static int run(struct tracing *trace, char *const *command, struct err *err)
{
	const struct trace_cfg *cfg = trace->cfg;
	struct waiter waiter;
	int ret = waiter_open(&waiter, cfg->live.duration_ns, cfg->dump ? SIGUSR1 : 0, err);

	log_set_waiter(&waiter.io);
	trace->out.waiter = &waiter.io;
	trace->out.is_stream = true;
	if (!ret)
		ret = outfile_open(&trace->out, cfg->output, err);
	if (!ret)
		ret = printer_check_terminal(trace->show.cfg.format, &trace->out, err);
	if (!ret && cfg->dump)
		ret = dumper_open(&trace->dumper, cfg->dump, &waiter.io, err);
	if (!ret)
		ret = watch(trace, &waiter, command, err);
	ret = outfile_end(&trace->out, ret, err);
	dumper_close(&trace->dumper);
	log_set_waiter(NULL);
	waiter_close(&waiter);
	return ret;
}

static enum printer_format format_of(const struct trace_cfg *cfg)
{
	static const enum printer_format formats[] = {
		[TRACE_TEXT] = PRINTER_TEXT,
		[TRACE_JSON] = PRINTER_JSON,
		[TRACE_PERFETTO] = PRINTER_PERFETTO,
	};

	return cfg->interval_ns ? PRINTER_NOTHING : formats[cfg->format];
}

static int set_up(struct tracing *trace, struct err *err)
{
	const struct trace_cfg *cfg = trace->cfg;

	if (cfg->timeline && (cfg->json || cfg->interval_ns))
		return err_usage(err, "--timeline: only in text, of single stalls");
	if (!cfg->interval_ns)
		return printer_check_filter(&cfg->filter, err);
	if (cfg->format == TRACE_PERFETTO)
		return err_usage(err, "--format perfetto shows calls one by one: not with "
				      "--interval");
	if (cfg->interval_ns < INTERVAL_MIN_NS)
		return err_usage(err, "--interval: expected at least 100ms");
	trace->interval = interval_new();
	if (!trace->interval)
		return err_set(err, -ENOMEM, "out of memory");
	return printer_check_filter(&cfg->filter, err);
}

static int trace_run(int argc, char **argv, struct err *err)
{
	struct trace_cfg cfg = {.live = LIVE_OPTS_DEFAULT, .stuck_ns = 1000000000};
	struct tracing trace = {.cfg = &cfg, .out = {.fd = -1}};
	int operand, ret;

	cfg.live.min_ns = PRINTER_MIN_NOT_GIVEN;
	operand = opt_parse(argc, argv, trace_opts, &cfg, err);
	if (operand < 0)
		return operand;
	if (cfg.json && cfg.format && cfg.format != TRACE_JSON)
		return err_usage(err, "--json and --format %s: one of them",
				 format_names[cfg.format]);
	if (cfg.json)
		cfg.format = TRACE_JSON;
	cfg.json = cfg.format == TRACE_JSON;
	log_set_verbosity(cfg.live.quiet, cfg.live.verbose);
	cfg.filter.is_followed = operand < argc;
	ret = set_up(&trace, err);
	printer_init(&trace.show,
		     &(struct printer_cfg){
			     .filter = cfg.filter,
			     .min_ns = cfg.live.min_ns,
			     .stuck_ns = cfg.stuck_ns,
			     .all = cfg.all,
			     .quiet = cfg.live.quiet,
			     .verbose = cfg.live.verbose,
			     .timeline = cfg.timeline,
			     .format = format_of(&cfg),
			     .json_end = cfg.interval_ns && cfg.json,
		     },
		     &trace.out);
	if (!ret)
		ret = cfg.json_schema ? print_schema(&trace, err)
				      : run(&trace, argv + operand, err);
	interval_free(trace.interval);
	printer_fini(&trace.show);
	return ret;
}

const struct cmd cmd_trace = {
	.name = "trace",
	.summary = "print each stall as it ends, with its cause and its culprit",
	.operands = "[-- COMMAND...]",
	.opts = trace_opts,
	.run = trace_run,
};
