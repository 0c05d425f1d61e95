// SPDX-License-Identifier: GPL-2.0-only
/* kvmstall trace: each stall as it ends, with its cause and its culprit. */
#include <string.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/printer.h"
#include "live/watch.h"
#include "output/json.h"

struct trace_cfg {
	struct filter filter;
	const char *output;
	uint64_t min_ns;
	uint64_t duration_ns;
	uint64_t stuck_ns;
	uint64_t ring_bytes;
	uint32_t backend;
	uint32_t verbose;
	bool quiet;
	bool all;
	bool json;
	bool json_schema;
};

static const struct opt trace_opts[] = {
	FILTER_OPTS(struct trace_cfg, filter),
	OPT_NSEC('m', "min", "DURATION", struct trace_cfg, min_ns,
		 "only stalls this long or longer (1ms)"),
	OPT_NSEC('d', "duration", "DURATION", struct trace_cfg, duration_ns, "end after this long"),
	OPT_NSEC('s', "stuck", "DURATION", struct trace_cfg, stuck_ns,
		 "report calls that still wait after this long, 0: never (1s)"),
	OUTPUT_OPT(struct trace_cfg, output),
	OPT_BOOL('j', "json", struct trace_cfg, json, "one JSON object a line"),
	OPT_BOOL(0, "json-schema", struct trace_cfg, json_schema,
		 "print the schema of these objects, and end"),
	OPT_BOOL('a', "all", struct trace_cfg, all, "also calls that did not stall"),
	OPT_ENUM('b', "backend", backend_names, struct trace_cfg, backend,
		 "how to watch the kernel (the best that works)"),
	OPT_BYTES(0, "ring", "SIZE", struct trace_cfg, ring_bytes, 4096, 1 << 30,
		  "room for records that wait, a power of two (8M)"),
	OPT_COUNT('v', "verbose", struct trace_cfg, verbose,
		  "print the account under each stall; twice: libbpf's messages too"),
	OPT_BOOL('q', "quiet", struct trace_cfg, quiet, "no summary, no warnings"),
	OPT_END(),
};

struct tracing {
	const struct trace_cfg *cfg;
	struct outfile out;
	struct printer show;
	struct printer_source source;
};

static void on_stall(void *ctx, const struct stall *stall)
{
	struct tracing *trace = ctx;

	printer_stall(&trace->show, stall);
}

static void on_asleep(void *ctx, const struct stall *stall)
{
	struct tracing *trace = ctx;

	printer_asleep(&trace->show, stall);
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

static int on_begin(void *ctx, struct session *session, struct err *err)
{
	struct tracing *trace = ctx;

	(void)err;
	trace->source = (struct printer_source){
		.backend = session_backend(session),
		.host = *session_host(session),
		.clock_offset_ns = watch_clock_offset_ns(),
	};
	return 0;
}

static int on_started(void *ctx, struct err *err)
{
	struct tracing *trace = ctx;

	(void)err;
	outfile_start(&trace->out);
	printer_begin(&trace->show, &trace->source);
	return 0;
}

static int on_tick(void *ctx, int signal, struct err *err)
{
	struct tracing *trace = ctx;

	(void)signal;
	(void)err;
	return !printer_flush(&trace->show);
}

static int watch(struct tracing *trace, char *const *command, struct err *err)
{
	static const struct ledger_ops ops = {on_stall, on_vm_new, on_vm_gone, on_asleep};
	const struct trace_cfg *cfg = trace->cfg;
	const struct watch_cfg watch_cfg = {
		.session =
			{
				.backend = cfg->backend,
				.want_all_calls = cfg->all,
				.want_cost = cfg->verbose,
				.ring_bytes = cfg->ring_bytes,
				.ops = &ops,
				.ctx = trace,
			},
		.duration_ns = cfg->duration_ns,
		.stuck_ns = cfg->stuck_ns,
		.command = command,
		.begin = on_begin,
		.started = on_started,
		.tick = on_tick,
		.ctx = trace,
	};
	int ret = watch_run(&watch_cfg, &trace->show.summary, err);

	return ret ? ret : printer_end(&trace->show, ret, err);
}

static int print_schema(struct tracing *trace)
{
	outfile_start(&trace->out);
	outfile_put_lines(&trace->out, json_schema(), strlen(json_schema()));
	return 0;
}

static void set_log_level(const struct trace_cfg *cfg)
{
	if (cfg->quiet)
		log_set_level(LOG_LEVEL_ERROR);
	else if (cfg->verbose)
		log_set_level(cfg->verbose > 1 ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
}

static int trace_run(int argc, char **argv, struct err *err)
{
	struct trace_cfg cfg = {.min_ns = 1000000, .stuck_ns = 1000000000, .backend = BACKEND_CNT};
	int operand = opt_parse(argc, argv, trace_opts, &cfg, err), ret;
	struct tracing trace = {.cfg = &cfg};

	if (operand < 0)
		return operand;
	if (cfg.ring_bytes & (cfg.ring_bytes - 1))
		return err_usage(err, "--ring: expected a power of two");
	set_log_level(&cfg);
	cfg.filter.is_followed = operand < argc;
	printer_init(&trace.show,
		     &(struct printer_cfg){
			     .filter = cfg.filter,
			     .min_ns = cfg.min_ns,
			     .stuck_ns = cfg.stuck_ns,
			     .all = cfg.all,
			     .quiet = cfg.quiet,
			     .verbose = cfg.verbose,
			     .format = cfg.json ? PRINTER_JSON : PRINTER_TEXT,
		     },
		     &trace.out);
	ret = outfile_open(&trace.out, cfg.output, err);
	if (!ret)
		ret = cfg.json_schema ? print_schema(&trace) : watch(&trace, argv + operand, err);
	printer_fini(&trace.show);
	return outfile_end(&trace.out, ret, err);
}

const struct cmd cmd_trace = {
	.name = "trace",
	.summary = "print each stall as it ends, with its cause and its culprit",
	.operands = "[-- COMMAND...]",
	.opts = trace_opts,
	.run = trace_run,
};
