// SPDX-License-Identifier: GPL-2.0-only
/* kvmstall export: the pipeline of trace, with metrics for Prometheus instead of lines. */
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/export/daemon.h"
#include "cmd/export/privdrop.h"
#include "cmd/export/http.h"
#include "cmd/export/notify.h"
#include "live/session.h"
#include "cmd/version.h"
#include "metrics/metrics.h"
#include "kern/host_settings.h"
#include "kern/proc.h"

#define DEFAULT_LISTEN "127.0.0.1:9879"
#define DEFAULT_RING   (1 << 20)

struct export_cfg {
	const char *listen;
	const char *textfile;
	const char *user;
	uint64_t interval_ns;
	uint64_t duration_ns;
	uint64_t min_ns;
	uint64_t ring_bytes;
	uint32_t vm_limit;
	uint32_t backend;
	uint32_t verbose;
	bool quiet;
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
	OPT_NSEC('d', "duration", "DURATION", struct export_cfg, duration_ns,
		 "end after this long"),
	OPT_U32(0, "vm-limit", "N", struct export_cfg, vm_limit, 0, 10000,
		"VMs with series of their own, those that stall most (100)"),
	OPT_NSEC('m', "min", "DURATION", struct export_cfg, min_ns,
		 "count a call as stalled from this long on (1ms)"),
	OPT_STR('u', "user", "USER", struct export_cfg, user,
		"user to switch to after attaching, a name or a number (nobody)"),
	OPT_BOOL('a', "all", struct export_cfg, all, "also time calls that did not sleep"),
	OPT_BOOL(0, "cost", struct export_cfg, cost, "have the kernel time the BPF programs"),
	OPT_ENUM('b', "backend", backend_names, struct export_cfg, backend,
		 "how to watch the kernel (the best that works)"),
	OPT_BYTES(0, "ring", "SIZE", struct export_cfg, ring_bytes, 4096, 1 << 30,
		  "room for records that wait, a power of two (1M)"),
	OPT_BOOL(0, "list", struct export_cfg, list, "print every metric there is, and end"),
	OPT_COUNT('v', "verbose", struct export_cfg, verbose,
		  "say what happens; twice: libbpf's messages too"),
	OPT_BOOL('q', "quiet", struct export_cfg, quiet, "no warnings"),
	OPT_END(),
};

struct export
{
	struct export_cfg cfg;
	struct daemon_cfg daemon;
	struct metrics *metrics;
	struct session *session;
	struct notify notify;
};

/* ---- what the session tells ---- */

static void on_stall(void *ctx, const struct stall *stall)
{
	struct export *export = ctx;

	metrics_stall(export->metrics, stall);
}

static void on_vm_new(void *ctx, struct vm *vm)
{
	struct export *export = ctx;

	metrics_vm_new(export->metrics, vm);
}

static void on_vm_gone(void *ctx, const struct vm *vm)
{
	struct export *export = ctx;

	metrics_vm_gone(export->metrics, vm);
}

static void on_asleep(void *ctx, const struct stall *stall)
{
	struct export *export = ctx;

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
	_exit(0);
}

/* A signal: 1 when it is the end of us, or of the child. Others' children may be ours, too. */
static int end_of_wait(const struct export *export, pid_t child)
{
	struct signalfd_siginfo info;
	siginfo_t ended = {.si_pid = 0};

	if (read(export->daemon.signal_fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	if (info.ssi_signo == SIGCHLD) {
		waitid(P_PID, child, &ended, WEXITED | WNOHANG | WNOWAIT);
		return ended.si_pid == child;
	}
	return info.ssi_signo != SIGHUP;
}

/* 0: KVM is there. 1: a signal came, or the time is over. */
static int wait_for_kvm(struct export *export, struct err *err)
{
	struct pollfd fd = {.fd = export->daemon.signal_fd, .events = POLLIN};
	uint64_t end_ns = clock_now_ns() + export->cfg.duration_ns;
	int ret = 0, status;
	pid_t pid;

	if (host_has_kvm() || export->cfg.once)
		return 0;
	log_warn("KVM is not there: waiting for it");
	pid = fork_placeholder(export, err);
	if (pid < 0)
		return err_set(err, -errno, "cannot fork: %s", strerror(errno));
	/* What connects before the child is ready waits in the socket's queue. */
	notify_send(&export->notify, "READY=1\nSTATUS=KVM is not there; waiting for it");
	while (!ret && !host_has_kvm()) {
		notify_alive(&export->notify, clock_now_ns());
		if (poll(&fd, 1, HOST_KVM_POLL_MS) > 0)
			ret = end_of_wait(export, pid);
		if (export->cfg.duration_ns && clock_now_ns() >= end_ns)
			ret = 1;
	}
	kill(pid, SIGTERM);
	waitpid(pid, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return err_set(err, -ECHILD, "cannot serve while KVM is not there");
	return ret;
}

/* ---- the command ---- */

static int open_signals(struct err *err)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD};
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN); /* a client that left is no reason to end */
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_set(err, -errno, "cannot make a signalfd: %s", strerror(errno)) : fd;
}

static int attach(struct export *export, struct err *err)
{
	static const struct ledger_ops ops = {on_stall, on_vm_new, on_vm_gone, on_asleep};
	const struct session_cfg cfg = {
		.backend = export->cfg.backend,
		.want_all_calls = export->cfg.all,
		.want_cost = export->cfg.cost,
		.ring_bytes = export->cfg.ring_bytes,
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
		.duration_ns = cfg->duration_ns,
		.start_ns = now.tv_sec * 1000000000ULL + now.tv_nsec,
		.has_cost = cfg->cost,
	};
	ret = privdrop_find_user(cfg->user, &daemon->user, err);
	if (ret)
		return ret;
	daemon->signal_fd = open_signals(err);
	if (daemon->signal_fd < 0)
		return daemon->signal_fd;
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

	if (cfg->quiet)
		log_set_level(LOG_LEVEL_ERROR);
	else if (cfg->verbose)
		log_set_level(cfg->verbose > 1 ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	/* systemd.exec(5): is it the journal that stderr goes to? */
	log_set_journal(stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
			!fstat(STDERR_FILENO, &st) && st.st_dev == device && st.st_ino == inode);
}

static int check_cfg(const struct export_cfg *cfg, struct err *err)
{
	if (cfg->ring_bytes & (cfg->ring_bytes - 1))
		return err_usage(err, "--ring: expected a power of two");
	if (cfg->once && cfg->listen)
		return err_usage(err, "--once prints, it does not --listen");
	if (cfg->once && cfg->textfile)
		return err_usage(err, "--once prints, it writes no --textfile");
	if (!cfg->interval_ns)
		return err_usage(err, "--interval: expected more than nothing");
	return 0;
}

static int export_all(struct export *export, struct err *err)
{
	const struct metrics_cfg cfg = {
		.vm_limit = export->cfg.vm_limit,
		.min_ns = export->cfg.min_ns,
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
	return ret;
}

static int export_run(int argc, char **argv, struct err *err)
{
	struct export export = {
		.cfg = {.user = "nobody",
			.interval_ns = 15000000000ULL,
			.min_ns = 1000000,
			.ring_bytes = DEFAULT_RING,
			.vm_limit = 100,
			.backend = BACKEND_CNT},
	};
	int operand = opt_parse(argc, argv, export_opts, &export.cfg, err), ret;

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
