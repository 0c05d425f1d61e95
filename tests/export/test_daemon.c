// SPDX-License-Identifier: GPL-2.0-only
/*
 * The daemon as it is, with its HTTP server, text file and metrics, on a session that is not: a
 * scan takes as long as a test says, on a clock that runs ahead by so much. All is in one thread:
 * requests are sent before the loop runs, and answers are read while the daemon waits for work.
 */
#include "cmd/export/daemon.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <zlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "ledger/stall.h"
#include "live/session.h"
#include "metrics/metrics.h"
#include "output/advice.h"
#include "output/summary.h"
#include "unit.h"

#define SECOND	    1000000000ULL
#define CLIENTS_MAX 5
#define VMS_MAX	    2003
#define REPLY_MAX   (1 << 20)

/* ---- what is not real ---- */

static struct {
	uint64_t ahead_ns; /* of CLOCK_MONOTONIC */
	int listen_fd, signal_fds[2];
	struct metrics *metrics;
	uint64_t scan_takes_ns; /* of the session, which is no more than this */
	unsigned int scans;
	struct test_client {
		int fd;
		char *reply; /* NULL: it has not asked */
		size_t len;
		bool is_over;
	} clients[CLIENTS_MAX];
	unsigned int
		more; /* requests that come one by one, each when the one before is answered... */
	uint64_t gap_ns; /* ... and this much time has gone by */
} world;

uint64_t __real_clock_now_ns(void);
uint64_t __wrap_clock_now_ns(void);

uint64_t __wrap_clock_now_ns(void)
{
	return __real_clock_now_ns() + world.ahead_ns;
}

int privdrop_apply(const struct privdrop_user *user, struct err *err)
{
	(void)user;
	(void)err;
	return 0;
}

const char *session_backend(const struct session *session)
{
	(void)session;
	return "fentry";
}

const struct advice_host *session_host(const struct session *session)
{
	static const struct advice_host host = {.hz = 1000};

	(void)session;
	return &host;
}

void session_scan(struct session *session)
{
	(void)session;
	world.scans++;
	world.ahead_ns += world.scan_takes_ns;
}

void session_tidy(struct session *session)
{
	(void)session;
}

int session_take(struct session *session)
{
	(void)session;
	return 0;
}

void session_summary(const struct session *session, struct summary *summary)
{
	(void)session;
	summary->records = world.scans;
}

/* ---- those who ask ---- */

static void client_ask(struct test_client *client, const char *path, const char *headers)
{
	struct sockaddr_un addr;
	socklen_t len = sizeof(addr);
	char text[128];

	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(client->fd >= 0);
	assert_int_equal(getsockname(world.listen_fd, (struct sockaddr *)&addr, &len), 0);
	assert_int_equal(connect(client->fd, (struct sockaddr *)&addr, len), 0);
	snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: here\r\n%s\r\n", path, headers);
	assert_int_equal(write(client->fd, text, strlen(text)), strlen(text));
	free(client->reply);
	client->reply = calloc(1, REPLY_MAX);
	client->len = 0;
	client->is_over = false;
}

static void ask(unsigned int cnt)
{
	assert_true(cnt <= CLIENTS_MAX);
	for (unsigned int i = 0; i < cnt; i++)
		client_ask(&world.clients[i], "/metrics", "");
}

/* Read what has come. */
static void client_read(struct test_client *client)
{
	struct pollfd fd = {.fd = client->fd, .events = POLLIN};

	while (client->reply && !client->is_over && poll(&fd, 1, 0) > 0) {
		ssize_t len =
			read(client->fd, client->reply + client->len, REPLY_MAX - 1 - client->len);

		client->is_over = len <= 0;
		client->len += len > 0 ? len : 0;
		if (client->is_over)
			close(client->fd);
	}
}

static bool is_answered(const struct test_client *client)
{
	return client->reply && !strncmp(client->reply, "HTTP/1.1 200", 12);
}

static unsigned int count_answered(void)
{
	unsigned int cnt = 0;

	for (int i = 0; i < CLIENTS_MAX; i++)
		cnt += is_answered(&world.clients[i]);
	return cnt;
}

/* Is there nobody left who waits? */
static bool are_all_over(void)
{
	bool is_over = true;

	for (int i = 0; i < CLIENTS_MAX; i++) {
		client_read(&world.clients[i]);
		is_over &= !world.clients[i].reply || world.clients[i].is_over;
	}
	if (!is_over || !world.more || !is_answered(&world.clients[0]))
		return is_over;
	world.more--;
	world.ahead_ns += world.gap_ns;
	client_ask(&world.clients[0], "/metrics", "");
	return false;
}

int session_wait(struct session *session, int wake_fd, int timeout_ms)
{
	const struct signalfd_siginfo end = {.ssi_signo = SIGTERM};
	struct pollfd fd = {.fd = wake_fd, .events = POLLIN};

	(void)session;
	if (are_all_over())
		assert_int_equal(write(world.signal_fds[1], &end, sizeof(end)), sizeof(end));
	return poll(&fd, 1, timeout_ms < 0 || timeout_ms > 100 ? 100 : timeout_ms);
}

/* ---- a daemon for a test ---- */

static int set_up(void **state)
{
	const struct metrics_cfg cfg = {.vm_limit = VMS_MAX, .min_ns = 1000000, .version = "0"};
	struct sockaddr_un addr = {.sun_family = AF_UNIX}; /* Linux chooses an abstract name */

	(void)state;
	memset(&world, 0, sizeof(world));
	world.metrics = metrics_new(&cfg);
	world.listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return !world.metrics || world.listen_fd < 0 || pipe(world.signal_fds) ||
	       bind(world.listen_fd, (struct sockaddr *)&addr, sizeof(addr.sun_family)) ||
	       listen(world.listen_fd, CLIENTS_MAX);
}

static int tear_down(void **state)
{
	(void)state;
	for (int i = 0; i < CLIENTS_MAX; i++)
		free(world.clients[i].reply);
	metrics_free(world.metrics);
	close(world.signal_fds[0]);
	close(world.signal_fds[1]);
	return 0;
}

/* The text file in @dir while the daemon runs. */
static char textfile_text[REPLY_MAX];

static void read_textfile(const char *dir)
{
	char path[64];
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "%s/kvmstall.prom", dir);
	file = fopen(path, "r");
	assert_non_null(file);
	len = fread(textfile_text, 1, sizeof(textfile_text) - 1, file);
	textfile_text[len] = '\0';
	fclose(file);
}

/* Until every client has an answer, or has been cut. */
static void serve(const char *textfile)
{
	const struct daemon_cfg cfg = {
		.listen_fd = world.listen_fd,
		.signal_fd = world.signal_fds[0],
		.textfile = textfile,
		.interval_ns = 3600 * SECOND,
	};
	struct notify notify = {.fd = -1};
	struct err err = {0};
	struct daemon *daemon =
		daemon_new(&cfg, world.metrics, (struct session *)&world, &notify, &err);

	assert_non_null(daemon);
	assert_int_equal(daemon_run(daemon, &err), 0);
	if (textfile)
		read_textfile(textfile);
	daemon_free(daemon);
}

/* ---- scans ---- */

/* 3 s are what a host of hundreds of thousands of threads takes, or one cgroup with little CPU. */
static void a_scrape_is_answered_after_one_scan_however_long_it_takes(void **state)
{
	static const uint64_t takes_ns[] = {0,		SECOND / 10, SECOND,
					    3 * SECOND, 7 * SECOND,  23 * SECOND};

	for (size_t i = 0; i < CNT(takes_ns); i++) {
		if (i) {
			tear_down(state);
			set_up(state);
		}
		world.scan_takes_ns = takes_ns[i];
		ask(1);
		serve(NULL);
		if (count_answered() != 1 || world.scans != 1)
			fail_msg("a scan of %.1f s: %u scans, %u answered", takes_ns[i] / 1e9,
				 world.scans, count_answered());
	}
}

static void requests_that_come_together_share_a_scan(void **state)
{
	(void)state;
	world.scan_takes_ns = 3 * SECOND;
	ask(5);
	serve(NULL);
	assert_int_equal(count_answered(), 5);
	assert_int_equal(world.scans, 1);
}

/* A request just after a scan gets what that scan found. */
static void scans_do_not_follow_one_another_at_once(void **state)
{
	(void)state;
	world.scan_takes_ns = 9 * SECOND;
	world.more = 22;
	ask(1);
	serve(NULL);
	assert_int_equal(world.more, 0);
	assert_true(is_answered(&world.clients[0]));
	assert_int_equal(world.scans, 1);
}

/* ---- VMs that are gone ---- */

static struct vm prime = {.id = 1, .tgid = 4711, .comm = "vmm", .name = "prime"};

static void stall(uint64_t ns)
{
	const struct ks_call call = {.head = {.ts_ns = 1}};
	const struct stall stall = {
		.rec = &call,
		.vm = &prime,
		.call = CALL_CLOSE,
		.latency_ns = ns,
		.stall_ns = ns,
		.without_ns = ns,
		.cause = KS_CAUSE_GP_TIMER,
		.is_complete = true,
		.by_cause = {[KS_CAUSE_GP_TIMER] = ns},
	};

	metrics_stall(world.metrics, &stall);
}

#define LAST_VALUE "kvmstall_vm_stall_seconds_total{vm=\"prime\",cause=\"gp-timer\"} 0.012"

/* A VM with series of its own ends, and then its close is counted: 5 ms and 7 ms. */
static void let_a_vm_end(void)
{
	metrics_vm_new(world.metrics, &prime);
	stall(5000000);
	metrics_judge(world.metrics, clock_now_ns());
	metrics_vm_gone(world.metrics, &prime);
	stall(7000000);
}

/* The text file as it is before the end; valid until the next time. At the end it is removed (M9).
 */
static const char *serve_with_textfile(void)
{
	char dir[] = "/tmp/kvmstall-test.XXXXXX";

	assert_non_null(mkdtemp(dir));
	serve(dir);
	assert_int_equal(rmdir(dir), 0);
	return textfile_text;
}

static void every_scraper_sees_the_last_value_of_a_dead_vm(void **state)
{
	(void)state;
	let_a_vm_end();
	ask(3);
	world.more = 2; /* and the first of them twice more */
	assert_non_null(strstr(serve_with_textfile(), LAST_VALUE));
	for (int i = 0; i < 3; i++)
		assert_non_null(strstr(world.clients[i].reply, LAST_VALUE));
}

/* node_exporter has such of its own, and drops the file's. */
static void the_text_file_says_nothing_of_the_process(void **state)
{
	(void)state;
	ask(1);
	assert_null(strstr(serve_with_textfile(), "process_"));
	assert_non_null(strstr(world.clients[0].reply, "\nprocess_cpu_seconds_total "));
}

/* Whoever reads it finds out that nobody writes it any more; over HTTP, that nobody answers (M9).
 */
static void the_text_file_says_when_it_was_written(void **state)
{
	(void)state;
	ask(1);
	assert_non_null(strstr(serve_with_textfile(), "\nkvmstall_textfile_timestamp_seconds 1"));
	assert_null(strstr(world.clients[0].reply, "\nkvmstall_textfile_timestamp_seconds "));
}

static void a_dead_vm_leaves_in_the_end(void **state)
{
	(void)state;
	let_a_vm_end();
	ask(1);
	world.more = 2; /* after the first, its death is known */
	world.gap_ns = 307 * SECOND;
	serve(NULL);
	assert_true(is_answered(&world.clients[0]));
	assert_null(strstr(world.clients[0].reply, "prime"));
}

/* Nobody has to read for it. */
static void a_vm_has_series_soon_after_its_birth(void **state)
{
	(void)state;
	metrics_vm_new(world.metrics, &prime);
	ask(1);
	world.more = 1;
	world.gap_ns = 2 * SECOND;
	serve(NULL);
	assert_non_null(strstr(world.clients[0].reply, "kvmstall_vm_info{vm=\"prime\""));
}

/* ---- large answers ---- */

/* After its head. */
static const char *body_of(const struct test_client *client)
{
	const char *end = strstr(client->reply, "\r\n\r\n");

	assert_non_null(end);
	return end + 4;
}

/* One that took gzip and one that did not ask for it, at one time. Returns how long the answer of
 * the first was, compressed. */
static size_t serve_both_ways(void)
{
	client_ask(&world.clients[0], "/metrics", "Accept-Encoding: gzip\r\n");
	client_ask(&world.clients[1], "/metrics", "");
	serve(NULL);
	assert_int_equal(count_answered(), 2);
	assert_null(strstr(world.clients[1].reply, "Content-Encoding"));
	return world.clients[0].len - (size_t)(body_of(&world.clients[0]) - world.clients[0].reply);
}

static void a_large_answer_is_compressed_for_who_takes_that(void **state)
{
	static char text[REPLY_MAX];
	z_stream stream = {.next_out = (unsigned char *)text, .avail_out = sizeof(text) - 1};
	const char *plain;

	(void)state;
	for (uint32_t id = 1; id <= VMS_MAX; id++) {
		struct vm vm = {.id = id, .tgid = id, .comm = "vmm"};

		snprintf(vm.name, sizeof(vm.name), "microvm-%u", id);
		metrics_vm_new(world.metrics, &vm);
	}
	metrics_judge(world.metrics, clock_now_ns());
	stream.avail_in = serve_both_ways();
	stream.next_in = (unsigned char *)body_of(&world.clients[0]);
	plain = body_of(&world.clients[1]);
	assert_non_null(strstr(world.clients[0].reply, "Content-Encoding: gzip\r\n"));
	assert_true(stream.avail_in < strlen(plain) / 4);
	assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	inflateEnd(&stream);
	assert_non_null(strstr(text, "kvmstall_vm_alive{vm=\"microvm-2003\"} 1\n"));
	/* but for what is counted of answers, and of this process */
	assert_memory_equal(text, plain, strstr(plain, "# HELP kvmstall_http_requests") - plain);
}

static void a_small_answer_is_plain_text_for_everybody(void **state)
{
	(void)state;
	serve_both_ways();
	assert_null(strstr(world.clients[0].reply, "Content-Encoding"));
	assert_non_null(strstr(body_of(&world.clients[0]), "kvmstall_vms 0\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_scrape_is_answered_after_one_scan_however_long_it_takes, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(requests_that_come_together_share_a_scan, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(scans_do_not_follow_one_another_at_once, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(every_scraper_sees_the_last_value_of_a_dead_vm,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_text_file_says_nothing_of_the_process, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_text_file_says_when_it_was_written, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_dead_vm_leaves_in_the_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_vm_has_series_soon_after_its_birth, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_large_answer_is_compressed_for_who_takes_that,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_small_answer_is_plain_text_for_everybody, set_up,
						tear_down),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
