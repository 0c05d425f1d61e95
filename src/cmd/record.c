// SPDX-License-Identifier: GPL-2.0-only
/* kvmstall record: the event stream to a file, for report and diff. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "cmd/cmd.h"
#include "cmd/live_opts.h"
#include "cmd/outfile.h"
#include "cmd/printer.h"
#include "cmd/version.h"
#include "live/waiter.h"
#include "live/watch.h"
#include "capture/anonymize.h"
#include "capture/flight.h"
#include "kern/host_environment.h"
#include "kern/ksyms.h"
#include "ledger/symbols.h"

/* What is not in the file after a SIGKILL is younger than this. */
#define FLUSH_NS 500000000ULL

static const char *const tee_names[] = {"no", "text", "json", NULL};

/* --flight */
struct stretch {
	uint64_t age_ns; /* 0: no limit of that kind */
	uint64_t bytes;
};

struct record_cfg {
	struct live_opts live;
	const char *output;
	struct stretch flight; /* all 0: straight to the file */
	uint64_t stop_on_ns;
	uint64_t stuck_ns;
	uint32_t tee;
	bool is_anonymous;
};

/* A file has more than the stretch: the host's fingerprint, names, who lived before. */
#define FLIGHT_HEAD (16 << 10)
#define FLIGHT_MIN  (64 << 10)

/* "30s,64M", "30s": no limit to the size, "64M": none to the age. */
static int parse_flight(const char *value, void *field, struct err *err)
{
	struct stretch *stretch = field;
	char text[64], *comma;
	bool is_good;

	*stretch = (struct stretch){.age_ns = 0};
	snprintf(text, sizeof(text), "%s", value);
	comma = strchr(text, ',');
	if (comma)
		*comma++ = '\0';
	is_good = parse_nsec(text, &stretch->age_ns) && stretch->age_ns;
	if (!is_good && !comma)
		is_good = parse_bytes(text, &stretch->bytes) && stretch->bytes;
	if (is_good && comma)
		is_good = parse_bytes(comma, &stretch->bytes) && stretch->bytes;
	if (is_good && stretch->bytes && stretch->bytes < FLIGHT_MIN)
		return err_usage(err, "--flight: expected a size of at least 64K, not '%s'", value);
	if (is_good)
		return 0;
	return err_usage(
		err, "--flight: expected an age, a size or both, such as 30s,64M, not '%s'", value);
}

static const struct opt record_opts[] = {
	OPT_STR('o', "output", "FILE", struct record_cfg, output,
		"file to write, -: standard output (required)"),
	OPT_CUSTOM('f', "flight", "AGE[,SIZE]", struct record_cfg, flight, struct stretch,
		   parse_flight,
		   "keep the last stretch in memory, and write it at the end: 30s,64M"),
	OPT_NSEC(0, "stop-on", "DURATION", struct record_cfg, stop_on_ns,
		 "stop after the first stall of at least this length"),
	OPT_BOOL(0, "anonymous", struct record_cfg, is_anonymous,
		 "replace names, addresses and the kernel's command line in what is recorded"),
	LIVE_OPT_DURATION(struct record_cfg, live),
	OPT_NSEC('s', "stuck", "DURATION", struct record_cfg, stuck_ns,
		 "scan for calls that still wait after this long, 0: never (1s)"),
	OPT_ENUM('t', "tee", tee_names, struct record_cfg, tee,
		 "print each stall as well, as trace does"),
	LIVE_OPT_MIN(struct record_cfg, live,
		     "print and count only calls of this length or longer (1ms); all are recorded"),
	LIVE_OPTS_BACKEND(struct record_cfg, live, "8M"),
	LIVE_OPTS_LOG(struct record_cfg, live, "count what the BPF programs cost",
		      "no summary, no warnings"),
	OPT_END(),
};

struct record {
	struct record_cfg cfg;
	struct printer show; /* --tee, and the summary */
	struct session *session;
	const char *command; /* NULL: none */
	const struct symbols *syms;
	struct printer_source source;
	struct capture_head head;
	char path[4096]; /* of .out */
	struct capture_writer *writer;
	struct anonymize *anon;	 /* --anonymous */
	struct symbols *foreign; /* the same: functions whose names are replaced, too */
	struct waiter waiter;
	struct outfile out;
	struct outfile tee;
	struct flight *flight; /* NULL: straight to .out */
	uint64_t newest_ns;    /* of the records */
	uint64_t flushed_ns;   /* when it was last flushed */
	uint32_t dumps;	       /* that SIGUSR1 asked for */
	struct str stop;       /* the stall that --stop-on was for */
	bool is_dump_lost;     /* one that SIGUSR1 asked for could not be written */
};

/* ---- out ---- */

static int put_block(void *ctx, const void *block, size_t len)
{
	struct record *record = ctx;

	if (record->flight)
		return flight_put(record->flight, block, len, record->newest_ns);
	return outfile_put(&record->out, block, len);
}

static int on_record(void *ctx, const void *rec, size_t size)
{
	struct record *record = ctx;
	const struct ks_head *head = rec;

	if (head->ts_ns > record->newest_ns)
		record->newest_ns = head->ts_ns;
	if (record->flight && flight_record(record->flight, rec, size))
		return -ENOMEM;
	return capture_writer_record(record->writer, rec, size, record->syms);
}

static int open_output(struct record *record, struct err *err)
{
	if (record->dumps)
		snprintf(record->path, sizeof(record->path), "%s.%u", record->cfg.output,
			 record->dumps);
	else
		snprintf(record->path, sizeof(record->path), "%s", record->cfg.output);
	return outfile_open_capture(&record->out, record->path, err);
}

/* ---- from the ledger ---- */

/* What it stopped for is said at the end, when it is in the file. */
static void stop_on(struct record *record, const struct stall *stall)
{
	if (record->show.is_stopped && !record->stop.len)
		text_stop(&record->stop, stall);
}

static void on_stall(void *ctx, const struct stall *stall)
{
	struct record *record = ctx;

	printer_stall(&record->show, stall);
	stop_on(record, stall);
}

static void on_asleep(void *ctx, const struct stall *stall)
{
	struct record *record = ctx;

	printer_asleep(&record->show, stall);
	stop_on(record, stall);
}

/* Which build of a VMM it is, once for each of them. */
static void note_program(struct record *record, const struct vm *vm)
{
	char id[BUILD_ID_LEN], key[64], comm[sizeof(vm->comm)];
	const char *known;

	if (!fingerprint_program(vm->tgid, id))
		return;
	memcpy(comm, vm->comm, sizeof(comm));
	if (record->anon)
		anonymize_comm(record->anon, vm->comm, sizeof(vm->comm), comm, sizeof(comm));
	snprintf(key, sizeof(key), "vmm.%s.build_id", comm);
	known = environment_get(&record->head.environment, key);
	if (known && !strcmp(known, id))
		return;
	environment_set(&record->head.environment, key, id);
	capture_writer_fact(record->writer, key, id);
}

/* Before the VM's own record: see session_cfg.tap. */
static void on_vm_new(void *ctx, struct vm *vm)
{
	struct record *record = ctx;

	note_program(record, vm);
	capture_writer_name(record->writer, vm->kvm, vm->name, vm->comm);
	if (record->flight)
		flight_name(record->flight, vm);
	printer_vm_new(&record->show, vm);
}

static void on_vm_gone(void *ctx, const struct vm *vm)
{
	struct record *record = ctx;

	printer_vm_gone(&record->show, vm);
}

static void on_span(void *ctx, const struct span *span)
{
	struct record *record = ctx;

	printer_span(&record->show, span);
}

/* ---- the head ---- */

static int fill_head(struct record *record, struct session *session)
{
	struct capture_head *head = &record->head;

	snprintf(head->version, sizeof(head->version), "%s", version_text);
	snprintf(head->backend, sizeof(head->backend), "%s", session_backend(session));
	head->hz = session_host(session)->hz;
	head->rcu_normal = session_host(session)->rcu_normal;
	head->pid = getpid();
	head->clock_offset_ns = watch_clock_offset_ns();
	head->began_ns = clock_now_ns();
	head->stop_on_ns = record->cfg.stop_on_ns;
	head->is_followed = record->show.cfg.filter.is_followed;
	head->has_all_calls = true;
	if (environment_read("", &head->environment))
		return -ENOMEM;
	return record->anon ? anonymize_environment(&head->environment) : 0;
}

static int on_begin(void *ctx, struct session *session, struct err *err)
{
	struct record *record = ctx;
	struct printer_source source = {
		.backend = session_backend(session),
		.host = *session_host(session),
	};

	record->session = session;
	record->syms = session_symbols(session);
	if (fill_head(record, session))
		return err_set(err, -ENOMEM, "out of memory");
	source.clock_offset_ns = record->head.clock_offset_ns;
	record->source = source;
	if (!record->anon)
		return 0;
	record->foreign = ksyms_load_foreign(err);
	anonymize_foreign(record->anon, record->foreign);
	return record->foreign ? 0 : -EIO;
}

static int on_started(void *ctx, struct err *err)
{
	struct record *record = ctx;
	char where[64];
	int ret;

	outfile_start(&record->tee);
	outfile_start(&record->out);
	printer_begin(&record->show, &record->source);
	record->writer = capture_writer_new(&record->head, put_block, record);
	if (!record->writer)
		return record->out.failed ? outfile_close(&record->out, err)
					  : err_set(err, -ENOMEM, "out of memory");
	if (!record->flight)
		outfile_has_head(&record->out);
	capture_writer_hide(record->writer, record->anon);
	ret = record->command ? 0 : session_settle(record->session);
	if (ret)
		return err_set(err, ret, "cannot read records: %s", strerror(-ret));
	snprintf(where, sizeof(where), " to %s", record->cfg.output);
	printer_say_start(&record->show, "recording", where, record->command);
	return 0;
}

/* The capture did not take a block. */
static int cannot_take(int code, struct err *err)
{
	return err_set(err, code, "cannot write the recording: %s", strerror(-code));
}

/* ---- the flight recorder's file ---- */

/* What is in memory, as a capture of its own. */
static int dump(struct record *record, const struct summary *summary, struct err *err)
{
	struct capture_writer *writer = NULL;
	int ret = capture_writer_flush(record->writer), closed;

	if (ret)
		return cannot_take(ret, err);
	if (record->out.fd < 0)
		ret = open_output(record, err);
	if (ret)
		return ret;
	outfile_start(&record->out);
	ret = flight_dump(record->flight, &record->head, record->writer, outfile_put, &record->out,
			  &writer);
	if (writer)
		outfile_has_head(&record->out);
	if (!ret)
		ret = capture_writer_end(writer, summary);
	if (!ret && !record->cfg.live.quiet)
		log_notice("wrote %" PRIu64 " bytes to %s", record->out.bytes, record->out.path);
	capture_writer_free(writer);
	if (ret)
		outfile_fail(&record->out, ret);
	closed = outfile_close(&record->out, err);
	return ret ? ret : closed;
}

/* What happened before the signal is in it: none of that waits for older records any more. */
static int dump_on_signal(struct record *record, struct err *err)
{
	struct summary summary;
	int ret = session_settle(record->session);

	if (ret)
		return err_set(err, ret, "cannot read records: %s", strerror(-ret));
	summary = record->show.summary;
	session_summary(record->session, &summary);
	summary.duration_ns = clock_now_ns() - record->head.began_ns;
	ret = dump(record, &summary, err);
	record->dumps++;
	if (!strcmp(record->cfg.output, "-"))
		return ret ? ret : 1; /* nowhere to go with another one */
	if (ret) {		      /* there will be other signals, and the end */
		log_error("%s", err->msg);
		*err = (struct err){.msg = ""};
		record->is_dump_lost = true;
	}
	return 0;
}

static int on_tick(void *ctx, bool has_signal, struct err *err)
{
	struct record *record = ctx;
	uint64_t now = clock_now_ns();
	int ret = 0;

	if (has_signal || now >= record->flushed_ns + FLUSH_NS) {
		record->flushed_ns = now;
		ret = capture_writer_flush(record->writer);
	}
	if (ret)
		return cannot_take(ret, err);
	if (has_signal && record->flight)
		ret = dump_on_signal(record, err);
	printer_flush(&record->show); /* --tee may be closed: the recording goes on */
	return ret ? ret : record->show.is_stopped;
}

/* ---- the whole ---- */

static int finish(struct record *record, struct err *err)
{
	struct err why = {.msg = ""};
	int ret, closed;

	if (record->flight && record->dumps && !strcmp(record->cfg.output, "-"))
		return 0;
	if (record->flight)
		return dump(record, &record->show.summary, err);
	ret = capture_writer_end(record->writer, &record->show.summary);
	if (ret)
		outfile_fail(&record->out, ret);
	closed = outfile_close(&record->out, &why);
	if (closed)
		*err = why;
	return ret ? ret : closed;
}

/* Also after an error of the session: what was recorded can be read. */
static int end_capture(struct record *record, int ret, struct err *err)
{
	struct err why = {.msg = ""};
	bool is_reason = record->out.failed; /* of the session's error */
	int ended = finish(record, &why);

	if (!ended && record->is_dump_lost)
		ended = err_set(&why, -EIO,
				"what SIGUSR1 asked for could not be written: see above");
	if (ended && ret && !is_reason)
		log_error("%s", why.msg);
	else if (ended)
		*err = why;
	return ret ? ret : ended;
}

/* The shorter of both; 0: never. */
static uint64_t scan_after_ns(const struct record_cfg *cfg)
{
	if (!cfg->stuck_ns || (cfg->stop_on_ns && cfg->stop_on_ns < cfg->stuck_ns))
		return cfg->stop_on_ns;
	return cfg->stuck_ns;
}

static int record_all(struct record *record, char *const *command, struct err *err)
{
	static const struct ledger_ops ops = {
		.stall = on_stall,
		.vm_new = on_vm_new,
		.vm_gone = on_vm_gone,
		.asleep = on_asleep,
		.span = on_span,
	};
	const struct record_cfg *cfg = &record->cfg;
	const struct watch_cfg watch_cfg = {
		.session =
			{
				.backend = cfg->live.backend,
				.want_all_calls = true,
				.want_cost = cfg->live.verbose,
				.ring_bytes = cfg->live.ring_bytes,
				.ops = &ops,
				.tap = on_record,
				.ctx = record,
			},
		.waiter = &record->waiter,
		.stuck_ns = scan_after_ns(cfg),
		.tick_ns = FLUSH_NS,
		.command = command,
		.has_files = strcmp(cfg->output, "-"),
		.begin = on_begin,
		.started = on_started,
		.tick = on_tick,
		.ctx = record,
	};
	int ret;

	record->command = *command;
	ret = watch_run(&watch_cfg, &record->show.summary, err);

	if (record->writer) {
		ret = end_capture(record, ret, err);
		if (record->stop.len && !record->cfg.live.quiet)
			log_notice("stopped: %s", record->stop.text);
		if (!ret)
			printer_say_unseen(&record->show, record->command);
		ret = printer_end(&record->show, ret, err);
	}
	return ret;
}

static int check(struct record *record, struct err *err)
{
	struct record_cfg *cfg = &record->cfg;

	if (!cfg->output)
		return err_usage(err, "--output is missing: where to?");
	cfg->output = outfile_path(cfg->output);
	if (cfg->tee && !strcmp(cfg->output, "-"))
		return err_usage(err, "--tee and --output -: both want standard output");
	if (cfg->live.min_ns != PRINTER_MIN_NOT_GIVEN && !cfg->tee && cfg->live.quiet)
		return err_usage(err, "--min: with --quiet and without --tee no stall is shown");
	if (cfg->is_anonymous && !(record->anon = anonymize_new()))
		return err_set(err, -ENOMEM, "out of memory");
	if (!cfg->flight.age_ns && !cfg->flight.bytes)
		return 0;
	record->flight = flight_new(cfg->flight.age_ns,
				    cfg->flight.bytes ? cfg->flight.bytes - FLIGHT_HEAD : 0);
	return record->flight ? 0 : err_set(err, -ENOMEM, "out of memory");
}

static void init_show(struct record *record, bool is_followed)
{
	static const enum printer_format formats[] = {PRINTER_NOTHING, PRINTER_TEXT, PRINTER_JSON};
	const struct record_cfg *cfg = &record->cfg;

	printer_init(&record->show,
		     &(struct printer_cfg){
			     .filter = {.is_followed = is_followed},
			     .min_ns = cfg->live.min_ns,
			     .stuck_ns = cfg->stuck_ns,
			     .stop_on_ns = cfg->stop_on_ns,
			     .quiet = cfg->live.quiet,
			     .verbose = cfg->live.verbose,
			     .format = formats[cfg->tee],
		     },
		     &record->tee);
}

/* Before COMMAND inherits them. A flight recorder's file is opened when there is something to
 * write.
 */
static int open_outputs(struct record *record, struct err *err)
{
	int ret = record->flight && strcmp(record->cfg.output, "-")
			  ? outfile_check(record->cfg.output, err)
			  : open_output(record, err);

	return ret || !record->cfg.tee ? ret : outfile_open(&record->tee, NULL, err);
}

static int run(struct record *record, char *const *command, struct err *err)
{
	int ret = waiter_open(&record->waiter, record->cfg.live.duration_ns, SIGUSR1, err);

	log_set_waiter(&record->waiter.io);
	if (!ret)
		ret = open_outputs(record, err);
	if (!ret)
		ret = record_all(record, command, err);
	ret = outfile_end(&record->out, ret, err);
	ret = outfile_end(&record->tee, ret, err);
	log_set_waiter(NULL);
	waiter_close(&record->waiter);
	return ret;
}

static int record_run(int argc, char **argv, struct err *err)
{
	struct record record = {
		.cfg = {.live = LIVE_OPTS_DEFAULT, .stuck_ns = 1000000000},
		.out = {.path = "-", .fd = -1, .waiter = &record.waiter.io},
		.tee = {.path = "-", .fd = -1, .waiter = &record.waiter.io},
	};
	int operand, ret;

	str_init(&record.stop);
	record.cfg.live.min_ns = PRINTER_MIN_NOT_GIVEN;
	operand = opt_parse(argc, argv, record_opts, &record.cfg, err);
	if (operand < 0)
		return operand;
	ret = check(&record, err);
	log_set_verbosity(record.cfg.live.quiet, record.cfg.live.verbose);
	init_show(&record, operand < argc);
	if (!ret)
		ret = run(&record, argv + operand, err);
	capture_writer_free(record.writer);
	flight_free(record.flight);
	anonymize_free(record.anon);
	symbols_free(record.foreign);
	environment_fini(&record.head.environment);
	printer_fini(&record.show);
	str_fini(&record.stop);
	return ret;
}

const struct cmd cmd_record = {
	.name = "record",
	.summary = "write the event stream to a file, for report and diff",
	.operands = "[-- COMMAND...]",
	.opts = record_opts,
	.run = record_run,
};
