// SPDX-License-Identifier: GPL-2.0-only
/* kvmstall trace: each stall as it ends, with its cause and its culprit. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/map.h"
#include "base/str.h"
#include "cmd/child.h"
#include "cmd/cmd.h"
#include "cmd/session.h"
#include "core/json.h"
#include "core/summary.h"
#include "core/text.h"

#define LINGER_NS   50000000
#define SCAN_MIN_NS 100000000ULL
#define HOUR_NS	    3600000000000ULL

struct trace_cfg {
	uint32_t pid;
	const char *vm;
	const char *comm;
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
	OPT_U32('p', "pid", "PID", struct trace_cfg, pid, 1, UINT32_MAX, "only VMs of this process"),
	OPT_STR(0, "vm", "NAME", struct trace_cfg, vm, "only the VM that its operator calls so"),
	OPT_STR('n', "comm", "COMM", struct trace_cfg, comm, "only VMs of processes of this name"),
	OPT_NSEC('m', "min", "DURATION", struct trace_cfg, min_ns,
		 "only stalls this long or longer (1ms)"),
	OPT_NSEC('d', "duration", "DURATION", struct trace_cfg, duration_ns,
		 "end after this long"),
	OPT_NSEC('s', "stuck", "DURATION", struct trace_cfg, stuck_ns,
		 "report calls that still wait after this long, 0: never (1s)"),
	OPT_BOOL('j', "json", struct trace_cfg, json, "one JSON object a line"),
	OPT_BOOL(0, "json-schema", struct trace_cfg, json_schema,
		 "print the schema of these objects, and end"),
	OPT_BOOL('a', "all", struct trace_cfg, all, "also calls that did not stall"),
	OPT_ENUM('b', "backend", backend_names, struct trace_cfg, backend,
		 "how to see the kernel (the best that works)"),
	OPT_BYTES(0, "ring", "SIZE", struct trace_cfg, ring_bytes, 4096, 1 << 30,
		  "room for records that wait, a power of two (8M)"),
	OPT_COUNT('v', "verbose", struct trace_cfg, verbose,
		  "the account under each stall; twice: libbpf's messages too"),
	OPT_BOOL('q', "quiet", struct trace_cfg, quiet, "no summary, no warnings"),
	OPT_END(),
};

struct trace {
	struct trace_cfg cfg;
	struct session *session;
	struct text_cfg text;
	struct summary summary;
	struct str out;
	struct child child;
	struct map stuck; /* tid -> struct stuck */
	uint64_t scan_ns; /* of the last look for calls that are stuck */
	int signal_fd;
	bool is_closed; /* nobody reads our output any more */
};

/* ---- what is printed ---- */

static bool is_wanted_vm(const struct trace *trace, const struct vm *vm, const char *comm,
			 uint32_t tgid)
{
	const struct trace_cfg *cfg = &trace->cfg;

	if (trace->child.pid && !(vm && vm->flags & KS_VM_FOLLOWED))
		return false;
	if (cfg->pid && cfg->pid != tgid && !(vm && vm->tgid == cfg->pid))
		return false;
	if (cfg->vm && (!vm || strcmp(vm->name, cfg->vm)))
		return false;
	if (cfg->comm && strcmp(comm, cfg->comm) && !(vm && !strcmp(vm->comm, cfg->comm)))
		return false;
	return true;
}

static void put_out(struct trace *trace)
{
	if (!trace->is_closed && trace->out.len)
		fwrite(trace->out.text, 1, trace->out.len, stdout);
	str_reset(&trace->out);
}

static void put_stall(struct trace *trace, const struct stall *stall)
{
	struct text_cfg text = trace->text;

	text.show_account |= stall->is_stuck; /* whoever is stuck wants to know why, now */
	if (trace->cfg.json)
		json_stall(&trace->out, stall, session_backend(trace->session),
			   session_host(trace->session));
	else
		text_stall(&trace->out, stall, &text);
	put_out(trace);
}

static void on_stall(void *ctx, const struct stall *stall)
{
	struct trace *trace = ctx;
	bool is_printed = trace->cfg.all ||
			  (stall->cause != KS_CAUSE_RUN && stall->stall_ns >= trace->cfg.min_ns);

	free(map_del(&trace->stuck, stall->rec->head.tid + 1ULL));
	if (!is_wanted_vm(trace, stall->vm, stall->rec->comm, stall->rec->tgid))
		return;
	summary_add(&trace->summary, stall, is_printed);
	if (is_printed)
		put_stall(trace, stall);
}

/* A call that still waits: told when it has for --stuck, then at doubling intervals. */
struct stuck {
	uint64_t begin_ns;
	uint64_t next_ns; /* age at which it is told again */
};

static void on_asleep(void *ctx, const struct stall *stall)
{
	struct trace *trace = ctx;
	uint64_t key = stall->rec->head.tid + 1ULL;
	struct stuck *stuck = map_get(&trace->stuck, key);

	if (!is_wanted_vm(trace, stall->vm, stall->rec->comm, stall->rec->tgid))
		return;
	if (!stuck) {
		stuck = calloc(1, sizeof(*stuck));
		if (!stuck || map_put(&trace->stuck, key, stuck)) {
			free(stuck);
			return;
		}
	}
	if (stuck->begin_ns != stall->begin_ns)
		*stuck = (struct stuck){ stall->begin_ns, trace->cfg.stuck_ns };
	if (stall->latency_ns < stuck->next_ns)
		return;
	while (stuck->next_ns <= stall->latency_ns)
		stuck->next_ns *= 2;
	put_stall(trace, stall);
}

static void stuck_free(struct map *stuck)
{
	const struct map_slot *slot;
	size_t pos = 0;

	while ((slot = map_next(stuck, &pos)))
		free(slot->value);
	map_fini(stuck);
}

static void put_vm(struct trace *trace, const struct vm *vm, const char *event)
{
	if (!trace->cfg.json || !is_wanted_vm(trace, vm, vm->comm, vm->tgid))
		return;
	json_vm(&trace->out, vm, event, vm->gone_ns ? vm->gone_ns : vm->born_ns);
	put_out(trace);
}

static void on_vm_new(void *ctx, struct vm *vm)
{
	struct trace *trace = ctx;

	if (is_wanted_vm(trace, vm, vm->comm, vm->tgid))
		trace->summary.vms++;
	put_vm(trace, vm, vm->flags & KS_VM_FOUND ? "found" : "born");
}

static void on_vm_gone(void *ctx, const struct vm *vm)
{
	put_vm(ctx, vm, "gone");
}

static void put_json_end(struct trace *trace)
{
	for (int i = 0; i < KS_LOSS_CNT; i++)
		if (trace->summary.losses[i])
			json_lost(&trace->out, loss_name(i), trace->summary.losses[i]);
	json_summary(&trace->out, &trace->summary, session_backend(trace->session));
	put_out(trace);
}

static void put_end(struct trace *trace)
{
	if (trace->cfg.json) {
		put_json_end(trace);
	} else if (!trace->cfg.quiet) {
		fflush(stdout);
		text_summary(&trace->out, &trace->summary, session_backend(trace->session));
		fputs(trace->out.text, stderr);
		str_reset(&trace->out);
	}
}

/* ---- the loop ---- */

static uint64_t now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static int64_t clock_offset_ns(void)
{
	time_t now = time(NULL);
	struct tm local;

	localtime_r(&now, &local);
	return now_ns(CLOCK_REALTIME) - now_ns(CLOCK_MONOTONIC) + local.tm_gmtoff * 1000000000LL;
}

/* Calls that are stuck are looked for twice in the time that makes them so. */
static uint64_t scan_interval_ns(const struct trace *trace)
{
	uint64_t half = trace->cfg.stuck_ns / 2;

	return half < SCAN_MIN_NS ? SCAN_MIN_NS : half;
}

/* How long the loop may sleep: until the end (@end_ns; 0: none) or the next look. */
static int timeout_ms(const struct trace *trace, uint64_t end_ns)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC), until = end_ns ? end_ns : UINT64_MAX;

	if (trace->cfg.stuck_ns && trace->scan_ns + scan_interval_ns(trace) < until)
		until = trace->scan_ns + scan_interval_ns(trace);
	if (until == UINT64_MAX)
		return -1;
	if (until <= now)
		return 0;
	return until - now > HOUR_NS ? HOUR_NS / 1000000 : (until - now) / 1000000 + 1;
}

static void scan(struct trace *trace)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC);

	if (!trace->cfg.stuck_ns || now < trace->scan_ns + scan_interval_ns(trace))
		return;
	trace->scan_ns = now;
	session_scan(trace->session);
}

/* A signal: is it the end? */
static bool is_over(struct trace *trace)
{
	struct signalfd_siginfo info;

	if (read(trace->signal_fd, &info, sizeof(info)) != sizeof(info))
		return false;
	if (info.ssi_signo == SIGCHLD)
		return trace->child.pid && child_reap(&trace->child);
	return true;
}

/* COMMAND's parent hears of its end a little before its last thread is off the CPU. */
static int linger(struct trace *trace)
{
	struct timespec span = { .tv_nsec = LINGER_NS };

	if (trace->child.pid)
		nanosleep(&span, NULL);
	return 0;
}

static int loop(struct trace *trace, struct err *err)
{
	uint64_t end_ns = 0;
	int ret;

	if (trace->cfg.duration_ns)
		end_ns = now_ns(CLOCK_MONOTONIC) + trace->cfg.duration_ns;
	for (;;) {
		scan(trace);
		ret = session_wait(trace->session, trace->signal_fd, timeout_ms(trace, end_ns));
		if (ret < 0)
			return err_set(err, ret, "cannot read records: %s", strerror(-ret));
		trace->is_closed = fflush(stdout) || ferror(stdout);
		if (trace->is_closed || (ret > 0 && is_over(trace)))
			return linger(trace);
		if (end_ns && now_ns(CLOCK_MONOTONIC) >= end_ns)
			return 0;
	}
}

static int open_signals(struct err *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	/* A closed output must not kill us before we have detached. */
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	return fd < 0 ? err_set(err, -errno, "cannot make a signalfd: %s", strerror(errno)) : fd;
}

static int start_command(struct trace *trace, const char *name, struct err *err)
{
	int ret;

	if (!trace->child.pid)
		return 0;
	ret = session_follow(trace->session, trace->child.pid, err);
	if (ret)
		return ret;
	ret = child_go(&trace->child, err);
	return ret ? err_wrap(err, ret, "cannot run '%s'", name) : 0;
}

static int run_session(struct trace *trace, const char *command, struct err *err)
{
	const struct ledger_ops ops = { on_stall, on_vm_new, on_vm_gone, on_asleep };
	const struct session_cfg cfg = {
		.backend = trace->cfg.backend,
		.want_all_calls = trace->cfg.all,
		.want_fork = trace->child.pid != 0,
		.want_cost = trace->cfg.verbose,
		.ring_bytes = trace->cfg.ring_bytes,
		.ops = &ops,
		.ctx = trace,
	};
	uint64_t begin_ns;
	int ret;

	trace->session = session_new(&cfg, err);
	if (!trace->session)
		return -EINVAL;
	trace->text.host = *session_host(trace->session);
	ret = session_start(trace->session, err);
	if (!ret)
		ret = start_command(trace, command, err);
	if (ret)
		return ret;
	begin_ns = now_ns(CLOCK_MONOTONIC);
	if (!trace->cfg.json) {
		text_header(&trace->out);
		put_out(trace);
		fflush(stdout);
	}
	ret = loop(trace, err);
	session_stop(trace->session);
	trace->summary.duration_ns = now_ns(CLOCK_MONOTONIC) - begin_ns;
	return ret;
}

static int trace_once(struct trace *trace, char **command, struct err *err)
{
	int ret;

	trace->signal_fd = open_signals(err);
	if (trace->signal_fd < 0)
		return trace->signal_fd;
	if (*command) {
		ret = child_fork(&trace->child, command, err);
		if (ret)
			return ret;
	}
	ret = run_session(trace, *command, err);
	child_kill(&trace->child);
	if (ret)
		return ret;
	session_summary(trace->session, &trace->summary);
	trace->summary.command_status = trace->child.pid ? trace->child.status : -1;
	if (!trace->is_closed)
		put_end(trace);
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
	struct trace trace = {
		.cfg = { .min_ns = 1000000, .stuck_ns = 1000000000, .backend = BACKEND_CNT },
		.child = { .gate = -1, .status = -1 },
		.signal_fd = -1,
	};
	int operand = opt_parse(argc, argv, trace_opts, &trace.cfg, err), ret;

	if (operand < 0)
		return operand;
	if (trace.cfg.json_schema)
		return fputs(json_schema(), stdout) < 0;
	if (trace.cfg.ring_bytes & (trace.cfg.ring_bytes - 1))
		return err_usage(err, "--ring: expected a power of two");
	set_log_level(&trace.cfg);
	trace.text = (struct text_cfg){
		.clock_offset_ns = clock_offset_ns(),
		.use_colour = isatty(STDOUT_FILENO),
		.show_account = trace.cfg.verbose,
	};
	str_init(&trace.out);
	ret = trace_once(&trace, argv + operand, err);
	session_free(trace.session);
	stuck_free(&trace.stuck);
	str_fini(&trace.out);
	if (trace.signal_fd >= 0)
		close(trace.signal_fd);
	return ret;
}

const struct cmd cmd_trace = {
	.name = "trace",
	.summary = "print each stall as it ends, with its cause and its culprit",
	.operands = "[-- COMMAND...]",
	.opts = trace_opts,
	.run = trace_run,
};
