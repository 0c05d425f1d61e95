// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/export/daemon.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/format.h"
#include "base/io.h"
#include "base/log.h"
#include "base/str.h"
#include "cmd/export/http.h"
#include "cmd/export/textfile.h"
#include "live/session.h"
#include "live/signals.h"
#include "output/advice.h"
#include "metrics/metrics.h"
#include "metrics/prom.h"
#include "output/summary.h"

#define REST_MIN_NS 1000000000ULL /* between two scans: each walks every thread of the host */
#define LOSING_NS   60000000000ULL
#define NEVER	    UINT64_MAX

struct daemon {
	struct daemon_cfg cfg;
	struct metrics *metrics;
	struct session *session;
	struct notify *notify;
	struct http *http;
	struct textfile *textfile;
	char where[160]; /* the address that .http listens on */
	struct str text;
	struct utsname names;
	struct metrics_totals totals;
	int epoll_fd;
	uint64_t end_ns;		    /* NEVER: no end */
	uint64_t textfile_ns;		    /* when the next is due */
	uint64_t scans_started, scans_done; /* they differ while a scan is under way */
	uint64_t scan_due_ns;	/* when all that it found will be there; NEVER: none is under way */
	uint64_t scan_rest_ns;	/* no other starts before */
	uint64_t textfile_scan; /* the one that the next text file needs; 0: not known yet */
	uint64_t judge_ns;	/* when to judge which VMs have series; NEVER: not as things are */
	uint64_t lost_ns;	/* when the last loss was noticed; 0: never */
	bool want_textfile;	/* once its scan is done */
	bool has_written;	/* a text file */
	bool is_over;
};

/* ---- what is counted elsewhere ---- */

static uint64_t rss_bytes(void)
{
	_fclose_ FILE *file = fopen("/proc/self/statm", "re");
	unsigned long size, resident;

	if (!file || fscanf(file, "%lu %lu", &size, &resident) != 2)
		return 0;
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void take_summary(struct daemon *daemon, struct metrics_totals *totals)
{
	struct summary summary = {0};
	uint64_t lost = 0, lost_before = 0;

	session_summary(daemon->session, &summary);
	for (int i = 0; i < KS_LOSS_CNT; i++) {
		lost += summary.losses[i];
		lost_before += daemon->totals.losses[i];
		totals->losses[i] = summary.losses[i];
	}
	if (lost != lost_before)
		daemon->lost_ns = clock_now_ns();
	totals->backend = session_backend(daemon->session);
	totals->hz = session_host(daemon->session)->hz;
	totals->records = summary.records;
	totals->history_bytes = summary.history_bytes;
	totals->sees_callbacks = summary.sees_callbacks;
	memcpy(totals->calls, summary.begun, sizeof(totals->calls));
	totals->probe_ns = summary.probe_ns;
	totals->probe_runs = summary.probe_runs;
}

static void update_totals(struct daemon *daemon)
{
	struct metrics_totals totals = {
		.is_attached = daemon->session != NULL,
		.release = daemon->names.release,
		.has_cost = daemon->cfg.has_cost && daemon->session,
		.cpu_ns = clock_cpu_ns(),
		.rss_bytes = rss_bytes(),
		.process_start_ns = daemon->cfg.start_ns,
	};

	if (daemon->session)
		take_summary(daemon, &totals);
	daemon->totals = totals;
	metrics_set_totals(daemon->metrics, &totals);
}

static void write_metrics(struct daemon *daemon, struct prom_cfg cfg, struct str *out)
{
	cfg.unix_offset_ns = clock_unix_offset_ns();
	update_totals(daemon);
	if (cfg.is_served_by_another)
		daemon->totals.written_ns = clock_now_ns() + cfg.unix_offset_ns;
	metrics_set_totals(daemon->metrics, &daemon->totals);
	prom_write(out, daemon->metrics, &cfg);
}

/* ---- calls in flight ---- */

/* The loop rests from scans for as long as the last one took: they never run one after another. */
static void start_scan(struct daemon *daemon)
{
	uint64_t began_ns = clock_now_ns(), now, took_ns;

	session_tidy(daemon->session);
	metrics_asleep_begin(daemon->metrics);
	session_scan(daemon->session);
	now = clock_now_ns();
	took_ns = now - began_ns;
	daemon->scans_started++;
	daemon->scan_due_ns = now + SESSION_SETTLE_NS;
	daemon->scan_rest_ns = now + (took_ns > REST_MIN_NS ? took_ns : REST_MIN_NS);
}

/*
 * Whoever asks needs one scan: the one under way, or that of a moment ago, or else one that starts
 * now. Its number is kept in @scan, 0 at first, with what is asked; so that a scan that took long
 * is not too old for those who waited for it. False: ask again once it is done.
 */
static bool has_scanned(struct daemon *daemon, uint64_t *scan)
{
	if (!daemon->session)
		return true;
	if (!*scan && daemon->scan_due_ns == NEVER && clock_now_ns() >= daemon->scan_rest_ns)
		start_scan(daemon);
	if (!*scan)
		*scan = daemon->scans_started;
	return daemon->scans_done >= *scan;
}

/* ---- HTTP ---- */

static const char help[] =
	"kvmstall export: which KVM call stalls, on whose grace period, and why that long.\n"
	"\n"
	"/metrics   for Prometheus: text, OpenMetrics or protobuf, as the Accept header asks for\n"
	"/healthz   attached? losing records?\n"
	"\n"
	"kvmstall-metrics(7) explains every metric.\n";

static void put_help(struct daemon *daemon, struct http_reply *reply)
{
	(void)daemon;
	str_adds(reply->body, help);
}

static void put_health(struct daemon *daemon, struct http_reply *reply)
{
	bool is_losing;

	update_totals(daemon);
	is_losing = daemon->lost_ns && clock_now_ns() - daemon->lost_ns < LOSING_NS;
	str_addf(reply->body, "attached: %s\nlosing: %s\n",
		 daemon->session ? "yes" : "no, KVM is not there", is_losing ? "yes" : "no");
	if (is_losing)
		reply->code = 503;
}

static void put_metrics(struct daemon *daemon, const struct http_request *request,
			struct http_reply *reply)
{
	const struct prom_cfg cfg = {.format = prom_negotiate(request->accept)};

	reply->type = prom_content_type(cfg.format);
	write_metrics(daemon, cfg, reply->body);
}

static bool on_reply(void *ctx, const struct http_request *request, struct http_reply *reply)
{
	struct daemon *daemon = ctx;

	reply->code = 200;
	if (!strcmp(request->path, "/metrics")) {
		if (!has_scanned(daemon, request->scan))
			return false;
		put_metrics(daemon, request, reply);
	} else if (!strcmp(request->path, "/healthz")) {
		put_health(daemon, reply);
	} else if (!strcmp(request->path, "/")) {
		put_help(daemon, reply);
	} else {
		reply->code = 404;
		str_adds(reply->body, "there is /metrics, /healthz and /\n");
	}
	return true;
}

static void on_replied(void *ctx, unsigned int code)
{
	struct daemon *daemon = ctx;

	metrics_request(daemon->metrics, code);
	log_info("a request was answered with %u", code);
}

/* ---- the text file ---- */

static void write_textfile(struct daemon *daemon)
{
	const struct prom_cfg cfg = {.format = PROM_TEXT, .is_served_by_another = true};
	struct err err = {0};

	daemon->want_textfile = false;
	daemon->textfile_scan = 0;
	str_reset(&daemon->text);
	write_metrics(daemon, cfg, &daemon->text);
	if (textfile_replace(daemon->textfile, &daemon->text, &err))
		log_warn("%s", err.msg);
	else
		daemon->has_written = true;
}

/* ---- the loop ---- */

static int finish_scan(struct daemon *daemon)
{
	int ret = session_take(daemon->session);

	daemon->scan_due_ns = NEVER;
	daemon->scans_done = daemon->scans_started;
	if (daemon->want_textfile)
		write_textfile(daemon);
	if (daemon->http)
		http_resume(daemon->http);
	return ret;
}

/* Whatever is due by now. Returns 0 or a negative errno. */
static int run_due(struct daemon *daemon)
{
	uint64_t now = clock_now_ns();
	int ret = 0;

	notify_alive(daemon->notify, now);
	if (now >= daemon->scan_due_ns)
		ret = finish_scan(daemon);
	if (now >= daemon->textfile_ns) {
		daemon->textfile_ns = now + daemon->cfg.interval_ns;
		daemon->want_textfile = true;
		if (has_scanned(daemon, &daemon->textfile_scan))
			write_textfile(daemon);
	}
	daemon->judge_ns = metrics_due_ns(daemon->metrics, now);
	if (now >= daemon->judge_ns) {
		metrics_judge(daemon->metrics, now);
		daemon->judge_ns = metrics_due_ns(daemon->metrics, now);
	}
	if (now >= daemon->end_ns)
		daemon->is_over = true;
	return ret;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* How long nothing is due: on a quiet host, for ever. */
static int timeout_ms(const struct daemon *daemon)
{
	int http_ms = daemon->http ? http_timeout_ms(daemon->http) : -1;
	uint64_t now = clock_now_ns(), until = least(daemon->end_ns, daemon->textfile_ns);
	uint64_t ms;

	until = least(until, least(daemon->scan_due_ns, daemon->judge_ns));
	if (daemon->notify->interval_ns)
		until = least(until, daemon->notify->next_ns);
	if (until == NEVER)
		return http_ms;
	ms = until > now ? (until - now) / 1000000 + 1 : 0;
	if (ms > 3600000)
		ms = 3600000;
	return http_ms >= 0 && (uint64_t)http_ms < ms ? http_ms : (int)ms;
}

static void reload(struct daemon *daemon)
{
	notify_send(daemon->notify, "RELOADING=1");
	log_info("reading the names of all VMs again");
	metrics_reidentify(daemon->metrics);
	if (daemon->textfile)
		daemon->textfile_ns = 0;
	notify_send(daemon->notify, "READY=1");
}

static void take_signal(struct daemon *daemon)
{
	int nr = signals_take(daemon->cfg.signal_fd);

	if (nr == SIGHUP)
		reload(daemon);
	else if (nr && nr != SIGCHLD) /* the one that served while KVM was not there */
		daemon->is_over = true;
}

static int wait_for_work(struct daemon *daemon)
{
	struct pollfd poll_fd = {.fd = daemon->epoll_fd, .events = POLLIN};
	int ret;

	if (daemon->session)
		return session_wait(daemon->session, daemon->epoll_fd, timeout_ms(daemon));
	ret = poll(&poll_fd, 1, timeout_ms(daemon));
	return ret < 0 && errno != EINTR ? -errno : ret > 0;
}

static int loop(struct daemon *daemon, struct err *err)
{
	while (!daemon->is_over) {
		struct epoll_event events[2];
		int ret = wait_for_work(daemon), cnt;

		cnt = ret > 0 ? epoll_wait(daemon->epoll_fd, events, 2, 0) : 0;
		for (int i = 0; i < cnt; i++)
			if (events[i].data.fd == daemon->cfg.signal_fd)
				take_signal(daemon);
		if (daemon->http)
			http_run(daemon->http);
		ret = ret < 0 ? ret : run_due(daemon);
		if (ret < 0)
			return err_set(err, ret, "cannot read records: %s", strerror(-ret));
	}
	return 0;
}

/* ---- life ---- */

static int watch_fd(struct daemon *daemon, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(daemon->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int open_all(struct daemon *daemon, struct err *err)
{
	static const struct http_ops ops = {on_reply, on_replied};

	daemon->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (daemon->epoll_fd < 0 || watch_fd(daemon, daemon->cfg.signal_fd))
		return err_set(err, -errno, "cannot make an epoll: %s", strerror(errno));
	if (daemon->cfg.textfile) {
		daemon->textfile = textfile_open(daemon->cfg.textfile, err);
		daemon->textfile_ns = 0;
		if (!daemon->textfile)
			return -EIO;
	}
	if (daemon->cfg.listen_fd < 0)
		return 0;
	http_where(daemon->cfg.listen_fd, daemon->where, sizeof(daemon->where));
	daemon->http = http_new(daemon->cfg.listen_fd, &ops, daemon, err);
	return daemon->http ? watch_fd(daemon, http_fd(daemon->http)) : -EIO;
}

struct daemon *daemon_new(const struct daemon_cfg *cfg, struct metrics *metrics,
			  struct session *session, struct notify *notify, struct err *err)
{
	struct daemon *daemon = calloc(1, sizeof(*daemon));

	if (!daemon) {
		err_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	daemon->cfg = *cfg;
	daemon->metrics = metrics;
	daemon->session = session;
	daemon->notify = notify;
	daemon->epoll_fd = -1;
	daemon->end_ns = daemon->textfile_ns = daemon->scan_due_ns = daemon->judge_ns = NEVER;
	uname(&daemon->names);
	str_init(&daemon->text);
	if (cfg->duration_ns)
		daemon->end_ns = clock_now_ns() + cfg->duration_ns;
	if (open_all(daemon, err)) {
		daemon_free(daemon);
		return NULL;
	}
	return daemon;
}

void daemon_free(struct daemon *daemon)
{
	if (!daemon)
		return;
	http_free(daemon->http);
	if (daemon->textfile && daemon->has_written)
		textfile_remove(daemon->textfile);
	if (daemon->epoll_fd >= 0)
		close(daemon->epoll_fd);
	textfile_close(daemon->textfile);
	str_fini(&daemon->text);
	free(daemon);
}

/* How the kernel is watched, and where the metrics are. */
static void say_start(const struct daemon *daemon)
{
	char interval[32];
	struct str where;

	str_init(&where);
	if (daemon->session)
		str_addf(&where, ": %" PRIu32 " VM%s", daemon->cfg.vms_found,
			 format_s(daemon->cfg.vms_found));
	if (daemon->http)
		str_addf(&where, ", on %s", daemon->where);
	if (daemon->textfile)
		str_addf(&where, ", to %s every %s", daemon->cfg.textfile,
			 format_nsec(daemon->cfg.interval_ns, interval, sizeof(interval)));
	log_notice("exporting %s%s%s", daemon->session ? "by " : "no VMs, since KVM is not there",
		   daemon->session ? session_backend(daemon->session) : "",
		   str_failed(&where) || !where.len ? "" : where.text);
	str_fini(&where);
}

int daemon_run(struct daemon *daemon, struct err *err)
{
	int ret = privdrop_apply(&daemon->cfg.user, err);

	if (!ret && daemon->textfile)
		ret = textfile_try(daemon->textfile, err);
	if (ret)
		return ret;
	say_start(daemon);
	notify_send(daemon->notify, "READY=1\nSTATUS=Attached");
	return loop(daemon, err);
}

static int print(const struct daemon *daemon, struct err *err)
{
	int ret = str_failed(&daemon->text)
			  ? -ENOMEM
			  : io_write_all(STDOUT_FILENO, daemon->text.text, daemon->text.len, NULL,
					 daemon->cfg.output);

	if (!ret || io_reader_left(STDOUT_FILENO, ret))
		return 0;
	return err_set(err, ret, "cannot write standard output: %s",
		       ret == -ETIMEDOUT ? "nobody reads it" : strerror(-ret));
}

int daemon_print(struct daemon *daemon, struct err *err)
{
	const struct prom_cfg cfg = {.format = PROM_TEXT};
	uint64_t scan = 0;
	int ret;

	daemon->end_ns = clock_now_ns() + daemon->cfg.duration_ns;
	ret = loop(daemon, err);
	if (ret)
		return ret;
	if (!has_scanned(daemon, &scan)) {
		daemon->is_over = false;
		daemon->end_ns = daemon->scan_due_ns;
		ret = loop(daemon, err);
	}
	metrics_judge(daemon->metrics, clock_now_ns());
	str_reset(&daemon->text);
	write_metrics(daemon, cfg, &daemon->text);
	return print(daemon, err);
}
