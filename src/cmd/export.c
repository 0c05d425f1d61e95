// SPDX-License-Identifier: GPL-2.0-only
/* kvmstall export: the pipeline of trace, with metrics for Prometheus instead of lines. */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/live_opts.h"
#include "cmd/export/daemon.h"
#include "cmd/export/privdrop.h"
#include "cmd/export/http.h"
#include "cmd/export/notify.h"
#include "live/kvm_wait.h"
#include "live/session.h"
#include "live/signals.h"
#include "live/waiter.h"
#include "ledger/filter.h"
#include "cmd/version.h"
#include "metrics/metrics.h"
#include "kern/host_settings.h"
#include "kern/proc.h"

#define DEFAULT_LISTEN "127.0.0.1:9879"
#define DEFAULT_RING   (1 << 20)

struct export_cfg {
	struct live_opts live;
	const char *listen;
	const char *textfile;
	const char *user;
	struct filter filter; /* .comm alone */
	uint64_t interval_ns;
	uint32_t vm_limit;
	bool once;
	bool all;
	bool cost;
	bool list;
};

static const struct opt export_opts[] = {
	OPT_STR('l', "listen", "WHERE", struct export_cfg, listen,
		"ADDRESS:PORT or unix:PATH for HTTP (" DEFAULT_LISTEN ")"),
	OPT_STR('t', "textfile", "DIR", struct export_cfg, textfile,
		"write kvmstall.prom there, for node_exporter; HTTP only with --listen"),
	OPT_NSEC(0, "interval", "DURATION", struct export_cfg, interval_ns,
		 "how often to write it (15s)"),
	OPT_BOOL(0, "once", struct export_cfg, once, "print the metrics, and end"),
	LIVE_OPT_DURATION(struct export_cfg, live),
	OPT_U32(0, "vm-limit", "N", struct export_cfg, vm_limit, 0, 10000,
		"VMs with series of their own, those that stall most (100)"),
	LIVE_OPT_MIN(struct export_cfg, live, "count a call as stalled from this long on (1ms)"),
	OPT_STR('n', "comm", "COMM", struct export_cfg, filter.comm,
		"only VMs of processes of this name"),
	OPT_STR('u', "user", "USER", struct export_cfg, user,
		"user to switch to after attaching, a name or a number (nobody)"),
	OPT_BOOL('a', "all", struct export_cfg, all, "also time calls that did not sleep"),
	OPT_BOOL(0, "cost", struct export_cfg, cost, "have the kernel time the BPF programs"),
	LIVE_OPTS_BACKEND(struct export_cfg, live, "1M"),
	OPT_BOOL(0, "list", struct export_cfg, list, "print every metric there is, and end"),
	LIVE_OPTS_LOG(struct export_cfg, live, "say what happens", "no warnings"),
	OPT_END(),
};

struct export
{
	struct export_cfg cfg;
	struct daemon_cfg daemon;
	struct metrics *metrics;
	struct session *session;
	struct notify notify;
	struct waiter waiter;
};

/* ---- what the session reports ---- */

static void on_stall(void *ctx, const struct stall *stall)
{
	struct export *export = ctx;

	if (filter_wants_stall(&export->cfg.filter, stall))
		metrics_stall(export->metrics, stall);
}

static void on_vm_new(void *ctx, struct vm *vm)
{
	struct export *export = ctx;

	if (!filter_wants_vm(&export->cfg.filter, vm))
		return;
	export->daemon.vms_found++;
	metrics_vm_new(export->metrics, vm);
}

static void on_vm_gone(void *ctx, const struct vm *vm)
{
	struct export *export = ctx;

	if (filter_wants_vm(&export->cfg.filter, vm))
		metrics_vm_gone(export->metrics, vm);
}

static void on_span(void *ctx, const struct span *span)
{
	struct export *export = ctx;

	if (filter_wants_span(&export->cfg.filter, span))
		metrics_span(export->metrics, span);
}

static void on_asleep(void *ctx, const struct stall *stall)
{
	struct export *export = ctx;

	if (filter_wants_stall(&export->cfg.filter, stall))
		metrics_asleep(export->metrics, stall);
}

static int on_record(void *ctx, const void *record, size_t size)
{
	struct export *export = ctx;

	metrics_record(export->metrics, session_symbols(export->session), record, size);
	return 0;
}

static bool identify(void *ctx, uint32_t tgid, struct identity *identity)
{
	(void)ctx;
	return proc_identity(tgid, identity);
}

/* ---- waiting for KVM ---- */

/*
 * Nothing to attach to: a child without privileges serves what there is, no
 * VMs, while the parent keeps the right to attach and talks to nobody.
 */
static pid_t fork_placeholder(struct export *export, struct err *err)
{
	pid_t parent = getpid(), pid = fork();
	struct daemon *daemon;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	notify_close(
		&export->notify); /* the parent's: the service manager listens to nobody else */
	export->notify.interval_ns = 0;
	daemon = daemon_new(&export->daemon, export->metrics, NULL, &export->notify, err);
	if (!daemon || daemon_run(daemon, err)) {
		log_error("%s", err->msg);
		_exit(1);
	}
	daemon_free(daemon); /* with its text file: whoever comes next writes it anew */
	_exit(0);
}

struct placeholder {
	struct export *export;
	pid_t pid;
};

/* A signal: 1 when it is the end of us, or of the child. Others' children may be ours, too. */
static int on_wait_signal(void *ctx)
{
	const struct placeholder *child = ctx;
	siginfo_t ended = {.si_pid = 0};
	int nr = signals_take(child->export->waiter.signals.fd);

	if (nr == SIGCHLD) {
		waitid(P_PID, child->pid, &ended, WEXITED | WNOHANG | WNOWAIT);
		return ended.si_pid == child->pid;
	}
	return nr && nr != SIGHUP;
}

static void on_wait_poll(void *ctx)
{
	const struct placeholder *child = ctx;

	notify_alive(&child->export->notify, clock_now_ns());
}

/* 0: KVM is there. 1: a signal came, or the time is over. */
static int wait_for_kvm(struct export *export, struct err *err)
{
	uint64_t duration_ns = export->cfg.live.duration_ns;
	struct placeholder child = {.export = export};
	struct kvm_wait wait = {
		.signal_fd = export->waiter.signals.fd,
		.end_ns = UINT64_MAX,
		.on_signal = on_wait_signal,
		.on_poll = on_wait_poll,
		.ctx = &child,
	};
	int ret, status;

	if (host_has_kvm() || export->cfg.once)
		return 0;
	if (duration_ns && duration_ns < UINT64_MAX - clock_now_ns())
		wait.end_ns = clock_now_ns() + duration_ns;
	log_notice("KVM is not there: waiting for it");
	child.pid = fork_placeholder(export, err);
	if (child.pid < 0)
		return err_set(err, -errno, "cannot fork: %s", strerror(errno));
	/* What connects before the child is ready waits in the socket's queue. */
	notify_send(&export->notify, "READY=1\nSTATUS=KVM is not there; waiting for it");
	ret = kvm_wait(&wait);
	kill(child.pid, SIGTERM);
	waitpid(child.pid, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return err_set(err, -ECHILD, "cannot serve while KVM is not there");
	return ret;
}

/* ---- the command ---- */

static int attach(struct export *export, struct err *err)
{
	static const struct ledger_ops ops = {
		.stall = on_stall,
		.vm_new = on_vm_new,
		.vm_gone = on_vm_gone,
		.asleep = on_asleep,
		.span = on_span,
	};
	const struct session_cfg cfg = {
		.backend = export->cfg.live.backend,
		.want_all_calls = export->cfg.all,
		.want_cost = export->cfg.cost,
		.min_ns = export->cfg.live.min_ns,
		.ring_bytes = export->cfg.live.ring_bytes,
		.ops = &ops,
		.tap = on_record,
		.ctx = export,
	};

	/* Loading takes many times the memory that running does: have it given back. Without this,
	 * the C library raises the size from which memory is mapped, and keeps it. */
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	export->session = session_new(&cfg, err);
	if (!export->session)
		return -EINVAL;
	malloc_trim(0);
	return session_start(export->session, err);
}

static int serve(struct export *export, struct err *err)
{
	struct daemon *daemon;
	int ret = wait_for_kvm(export, err);

	if (ret)
		return ret < 0 ? ret : 0;
	ret = attach(export, err);
	if (ret)
		return ret;
	ret = session_settle(export->session);
	if (ret)
		return err_set(err, ret, "cannot read records: %s", strerror(-ret));
	daemon =
		daemon_new(&export->daemon, export->metrics, export->session, &export->notify, err);
	if (!daemon)
		return -EIO;
	ret = export->cfg.once ? daemon_print(daemon, err) : daemon_run(daemon, err);
	notify_send(&export->notify, "STOPPING=1");
	session_stop(export->session);
	daemon_free(daemon);
	return ret;
}

static int prepare(struct export *export, struct err *err)
{
	const struct export_cfg *cfg = &export->cfg;
	struct daemon_cfg *daemon = &export->daemon;
	struct timespec now;
	int ret;

	clock_gettime(CLOCK_REALTIME, &now);
	*daemon = (struct daemon_cfg){
		.listen_fd = -1,
		.textfile = cfg->textfile,
		.interval_ns = cfg->interval_ns,
		.duration_ns = cfg->live.duration_ns,
		.start_ns = now.tv_sec * 1000000000ULL + now.tv_nsec,
		.has_cost = cfg->cost,
	};
	ret = privdrop_find_user(cfg->user, &daemon->user, err);
	if (ret)
		return ret;
	ret = waiter_open(&export->waiter, 0, 0, err);
	if (ret)
		return ret;
	daemon->signal_fd = export->waiter.signals.fd;
	daemon->output = &export->waiter.io;
	if (cfg->once || (cfg->textfile && !cfg->listen && !getenv("LISTEN_FDS")))
		return 0;
	daemon->listen_fd = http_listen(cfg->listen ? cfg->listen : DEFAULT_LISTEN, err);
	return daemon->listen_fd < 0 ? daemon->listen_fd : 0;
}

static int print_list(void)
{
	for (int i = 0; i < METRIC_CNT; i++)
		printf("%s%s\t%s\t%s\t%s\n", metric_descs[i].name,
		       metric_descs[i].type == METRIC_COUNTER ? "_total" : "",
		       metric_type_names[metric_descs[i].type], metric_descs[i].labels,
		       metric_descs[i].help);
	return 0;
}

static void set_log(const struct export_cfg *cfg)
{
	unsigned long long device, inode;
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;

	log_set_verbosity(cfg->live.quiet, cfg->live.verbose);
	/* systemd.exec(5): is it the journal that stderr goes to? */
	log_set_journal(stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
			!fstat(STDERR_FILENO, &st) && st.st_dev == device && st.st_ino == inode);
}

static int check_cfg(const struct export_cfg *cfg, struct err *err)
{
	if (cfg->once && cfg->listen)
		return err_usage(err, "--once prints, it does not --listen");
	if (cfg->once && cfg->textfile)
		return err_usage(err, "--once prints, it writes no --textfile");
	if (cfg->filter.comm && strlen(cfg->filter.comm) >= KS_COMM_LEN)
		return err_usage(err, "--comm: the kernel keeps %d characters of a process's name",
				 KS_COMM_LEN - 1);
	if (!cfg->interval_ns)
		return err_usage(err, "--interval: expected more than nothing");
	return 0;
}

static int export_all(struct export *export, struct err *err)
{
	const struct metrics_cfg cfg = {
		.vm_limit = export->cfg.vm_limit,
		.min_ns = export->cfg.live.min_ns,
		.start_ns = clock_now_ns(),
		.version = version_text,
		.identify = identify,
	};
	int ret;

	export->metrics = metrics_new(&cfg);
	if (!export->metrics)
		return err_set(err, -ENOMEM, "out of memory");
	notify_open(&export->notify);
	ret = prepare(export, err);
	if (!ret)
		ret = serve(export, err);
	session_free(export->session);
	metrics_free(export->metrics);
	notify_close(&export->notify);
	waiter_close(&export->waiter);
	return ret;
}

static int export_run(int argc, char **argv, struct err *err)
{
	struct export export = {
		.cfg = {.live = LIVE_OPTS_DEFAULT,
			.user = "nobody",
			.interval_ns = 15000000000ULL,
			.vm_limit = 100},
		.waiter = {.signals = {.fd = -1}},
	};
	int operand, ret;

	export.cfg.live.ring_bytes = DEFAULT_RING;
	operand = opt_parse(argc, argv, export_opts, &export.cfg, err);
	if (operand < 0)
		return operand;
	if (operand < argc)
		return err_usage(err, "unexpected operand '%s'", argv[operand]);
	if (export.cfg.list)
		return print_list();
	ret = check_cfg(&export.cfg, err);
	if (ret)
		return ret;
	set_log(&export.cfg);
	return export_all(&export, err);
}

const struct cmd cmd_export = {
	.name = "export",
	.summary = "metrics of all stalls for Prometheus, as a daemon",
	.opts = export_opts,
	.run = export_run,
};
