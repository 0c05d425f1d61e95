// SPDX-License-Identifier: GPL-2.0-only
#include "live/watch.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "live/child.h"
#include "live/kvm_wait.h"
#include "live/privileges.h"
#include "live/process.h"
#include "live/waiter.h"
#include "output/summary.h"
#include "kern/host_settings.h"

#define SCAN_MIN_NS 100000000ULL
#define HOUR_NS	    3600000000000ULL

struct watch {
	const struct watch_cfg *cfg;
	struct session *session;
	struct child child;
	struct process process; /* .pid's */
	uint64_t begin_ns;
	uint64_t scan_ns; /* of the last look for calls that are stuck */
};

int64_t watch_clock_offset_ns(void)
{
	time_t now = time(NULL);
	struct tm local;

	localtime_r(&now, &local);
	return clock_unix_offset_ns() + local.tm_gmtoff * 1000000000LL;
}

/* ---- the loop ---- */

/* Calls that are stuck are looked for twice in the time that makes them so. */
static uint64_t scan_interval_ns(const struct watch *watch)
{
	uint64_t half = watch->cfg->stuck_ns / 2;

	return half < SCAN_MIN_NS ? SCAN_MIN_NS : half;
}

/* How long the loop may sleep: until the end, the next look or the next tick. */
static int timeout_ms(const struct watch *watch)
{
	uint64_t now = clock_now_ns(), until = watch->cfg->waiter->end_ns;

	if (watch->cfg->stuck_ns && watch->scan_ns + scan_interval_ns(watch) < until)
		until = watch->scan_ns + scan_interval_ns(watch);
	if (watch->cfg->tick_ns && now + watch->cfg->tick_ns < until)
		until = now + watch->cfg->tick_ns;
	if (process_is_polled(&watch->process) && now + PROCESS_POLL_NS < until)
		until = now + PROCESS_POLL_NS;
	if (until == UINT64_MAX)
		return -1;
	if (until <= now)
		return 0;
	return until - now > HOUR_NS ? HOUR_NS / 1000000 : (until - now) / 1000000 + 1;
}

static void scan(struct watch *watch)
{
	uint64_t now = clock_now_ns();

	if (!watch->cfg->stuck_ns || now < watch->scan_ns + scan_interval_ns(watch))
		return;
	watch->scan_ns = now;
	session_scan(watch->session);
}

/* Signals may have been taken anywhere: whatever waits, waits for them as well. */
static bool is_over(struct watch *watch)
{
	if (waiter_take_child(watch->cfg->waiter) && watch->child.pid && child_reap(&watch->child))
		return true;
	return process_has_ended(&watch->process) || waiter_is_over(watch->cfg->waiter);
}

static int loop(struct watch *watch, struct err *err)
{
	struct waiter *waiter = watch->cfg->waiter;
	bool is_last = false;
	int ret;

	while (!is_last) {
		scan(watch);
		ret = session_wait(watch->session, waiter->wake_fd, timeout_ms(watch));
		is_last = is_over(watch);
		if (ret >= 0)
			ret = watch->cfg->tick(watch->cfg->ctx, waiter_take_more(waiter), err);
		else if (!*err->msg)
			err_set(err, ret, "cannot read records: %s", strerror(-ret));
		if (ret)
			return ret < 0 ? ret : 0;
		is_last |= is_over(watch);
	}
	return 0;
}

/* ---- begin and end ---- */

static int start_command(struct watch *watch, struct err *err)
{
	int ret;

	if (!watch->child.pid)
		return 0;
	/* Whoever ends us by now does not want it any more. */
	if (waiter_is_ended(watch->cfg->waiter))
		return err_set(err, -EINTR, "a signal came before '%s' was started",
			       *watch->cfg->command);
	ret = session_follow(watch->session, watch->child.pid, err);
	if (ret)
		return ret;
	ret = child_go(&watch->child, err);
	return ret ? err_wrap(err, ret, "cannot run '%s'", *watch->cfg->command) : 0;
}

/* A VMM that became a daemon (qemu -daemonize) is COMMAND's child, and COMMAND is over. */
static void tell_of_children(const struct watch *watch)
{
	unsigned int cnt = watch->child.status < 0 ? 0 : session_followed_cnt(watch->session);

	if (cnt)
		log_notice("'%s' has ended, and %u process%s that it started go%s on untraced "
			   "(--pid, --comm or --vm names such)",
			   *watch->cfg->command, cnt, cnt == 1 ? "" : "es", cnt == 1 ? "es" : "");
}

static void tell_of_process(const struct watch *watch)
{
	if (process_has_ended(&watch->process))
		log_notice("process %u has ended", watch->process.pid);
}

static int run_session(struct watch *watch, struct summary *summary, struct err *err)
{
	struct session_cfg cfg = watch->cfg->session;
	int ret, stopped;

	cfg.want_fork = watch->child.pid != 0;
	watch->session = session_new(&cfg, err);
	if (!watch->session)
		return -EINVAL;
	ret = session_start(watch->session, err);
	if (!ret)
		ret = watch->cfg->begin(watch->cfg->ctx, watch->session, err);
	if (!ret)
		ret = start_command(watch, err);
	if (!ret)
		ret = privileges_watch(watch->cfg->has_files, err);
	if (!ret)
		ret = watch->cfg->started(watch->cfg->ctx, err);
	if (ret)
		return ret;
	watch->begin_ns = clock_now_ns();
	waiter_begin(watch->cfg->waiter);
	ret = loop(watch, err);
	tell_of_children(watch);
	tell_of_process(watch);
	stopped = session_stop(watch->session);
	summary->duration_ns = clock_now_ns() - watch->begin_ns;
	if (!ret && stopped)
		ret = *err->msg ? stopped
				: err_set(err, stopped, "cannot read records: %s",
					  strerror(-stopped));
	return ret;
}

static int on_kvm_wait_signal(void *ctx)
{
	const struct watch *watch = ctx;

	return waiter_is_ended(watch->cfg->waiter);
}

static bool is_kvm_wait_over(void *ctx)
{
	const struct watch *watch = ctx;

	return process_has_ended(&watch->process);
}

/* A module that is loaded later is waited for; a COMMAND that needs it cannot wait, and who may not
 * trace should hear of that. */
static int wait_for_kvm(struct watch *watch, struct err *err)
{
	if (host_has_kvm() || *watch->cfg->command || geteuid())
		return 0;
	log_notice("KVM is not there: waiting for its module (modprobe kvm_intel or kvm_amd)");
	if (kvm_wait(&(struct kvm_wait){.signal_fd = watch->cfg->waiter->signals.fd,
					.end_ns = watch->cfg->waiter->end_ns,
					.on_signal = on_kvm_wait_signal,
					.is_over = is_kvm_wait_over,
					.ctx = watch}))
		return err_cannot(err, "KVM was never there: nothing was seen");
	return 0;
}

static int run(struct watch *watch, struct summary *summary, struct err *err)
{
	int ret;

	if (*watch->cfg->command) {
		ret = child_fork(&watch->child, (char **)watch->cfg->command, err);
		if (ret)
			return ret;
	}
	ret = run_session(watch, summary, err);
	child_kill(&watch->child);
	if (watch->session)
		session_summary(watch->session, summary);
	summary->command_status = watch->child.pid ? child_exit_status(&watch->child) : -1;
	return ret;
}

/* Before all else: its end is not missed, and whoever mistyped it hears of that at once. */
static int find_process(struct watch *watch, struct err *err)
{
	int ret;

	if (!watch->cfg->pid)
		return 0;
	ret = process_open(&watch->process, watch->cfg->pid, err);
	if (!ret && watch->process.fd >= 0)
		ret = waiter_add_input(watch->cfg->waiter, watch->process.fd, err);
	return ret;
}

int watch_run(const struct watch_cfg *cfg, struct summary *summary, struct err *err)
{
	struct watch watch = {.cfg = cfg, .child = {.gate = -1, .status = -1}};
	int ret = find_process(&watch, err);

	if (!ret)
		ret = wait_for_kvm(&watch, err);
	if (!ret)
		ret = run(&watch, summary, err);
	session_free(watch.session);
	process_close(&watch.process);
	return ret;
}
