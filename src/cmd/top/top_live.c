// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/top/top_live.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "live/waiter.h"
#include "live/watch.h"
#include "output/summary.h"

/* Who waits is scanned for as often as there is a screen, but not more often than this. */
#define SCAN_MIN_NS 500000000ULL

struct top_watch {
	struct top_show *show;
	struct session *session;
	struct watch_cfg cfg;
	struct waiter waiter;
	uint64_t next_ns; /* of the next screen */
};

static void on_stall(void *ctx, const struct stall *stall)
{
	struct top_watch *watch = ctx;

	board_stall(&watch->show->board, stall);
}

static void on_asleep(void *ctx, const struct stall *stall)
{
	struct top_watch *watch = ctx;

	board_asleep(&watch->show->board, stall);
}

static void on_vm_new(void *ctx, struct vm *vm)
{
	struct top_watch *watch = ctx;

	board_vm_new(&watch->show->board, vm);
}

static void on_vm_gone(void *ctx, const struct vm *vm)
{
	struct top_watch *watch = ctx;

	board_vm_gone(&watch->show->board, vm);
}

static int on_record(void *ctx, const void *record, size_t size)
{
	struct top_watch *watch = ctx;

	board_record(&watch->show->board, record, size, session_symbols(watch->session));
	return 0;
}

static int on_begin(void *ctx, struct session *session, struct err *err)
{
	struct top_watch *watch = ctx;
	struct board_source source = {
		.text = {.host = *session_host(session),
			 .clock_offset_ns = watch_clock_offset_ns()},
		.sees_callbacks = strcmp(session_backend(session), "tracepoint") != 0,
	};

	(void)err;
	watch->session = session;
	source.text.host.min_ns = watch->show->board.min_ns;
	strncpy(source.backend, session_backend(session), sizeof(source.backend) - 1);
	board_begin(&watch->show->board, &source);
	return 0;
}

/* ---- screens ---- */

static void put_screen(struct top_watch *watch, uint64_t now_ns)
{
	struct summary summary = {.records = 0};

	session_summary(watch->session, &summary);
	memcpy(watch->show->board.losses, summary.losses, sizeof(summary.losses));
	top_show_screen(watch->show, now_ns);
}

static bool is_due(const struct top_watch *watch, uint64_t now_ns)
{
	return now_ns >= watch->next_ns && !watch->show->view.is_paused;
}

/* The loop sleeps until the next screen; while paused, until a key, a signal or a record. */
static void set_alarm(struct top_watch *watch, uint64_t now_ns)
{
	if (watch->show->view.is_paused)
		watch->cfg.tick_ns = 0;
	else
		watch->cfg.tick_ns = watch->next_ns > now_ns ? watch->next_ns - now_ns : 1;
}

static int on_started(void *ctx, struct err *err)
{
	struct top_watch *watch = ctx;
	int ret = top_show_begin(watch->show, err);

	if (ret)
		return ret;
	ret = session_settle(watch->session);
	if (ret)
		return err_set(err, ret, "cannot read records: %s", strerror(-ret));
	watch->next_ns = clock_now_ns();
	/* A screen at once, that shows that it works; a file waits for something to tell. */
	if (watch->show->cfg->is_batch)
		watch->next_ns += watch->show->cfg->delay_ns;
	set_alarm(watch, clock_now_ns());
	return 0;
}

static int on_tick(void *ctx, bool has_signal, struct err *err)
{
	struct top_watch *watch = ctx;
	uint64_t now_ns = clock_now_ns();

	(void)err;
	top_show_keys(watch->show, has_signal);
	if (is_due(watch, now_ns)) {
		put_screen(watch, now_ns);
		watch->next_ns = now_ns + watch->show->cfg->delay_ns;
	}
	set_alarm(watch, now_ns);
	return top_show_is_over(watch->show);
}

/* ---- the whole ---- */

static const struct ledger_ops ledger_ops = {
	.stall = on_stall,
	.asleep = on_asleep,
	.vm_new = on_vm_new,
	.vm_gone = on_vm_gone,
};

static uint64_t scan_ns(const struct top_show *show)
{
	return show->cfg->delay_ns > SCAN_MIN_NS ? show->cfg->delay_ns : SCAN_MIN_NS;
}

static int run(struct top_watch *watch, const struct live_opts *live, struct summary *summary,
	       struct err *err)
{
	static char *const no_command[] = {NULL};
	struct top_show *show = watch->show;

	watch->cfg = (struct watch_cfg){
		.session =
			{
				.backend = live->backend,
				.ring_bytes = live->ring_bytes,
				.ops = &ledger_ops,
				.tap = on_record,
				.ctx = watch,
			},
		.waiter = &watch->waiter,
		.stuck_ns = 2 * scan_ns(show),
		.tick_ns = show->cfg->delay_ns,
		.command = no_command,
		.pid = show->cfg->filter.pid,
		.has_files = show->cfg->output != NULL,
		.begin = on_begin,
		.started = on_started,
		.tick = on_tick,
		.ctx = watch,
	};
	show->board.stale_ns = 4 * scan_ns(show);
	return watch_run(&watch->cfg, summary, err);
}

/* It was not the number of screens that ended it: what there was to the end. */
static void put_last(struct top_show *show, const struct summary *summary)
{
	board_end(&show->board);
	if (!show->cfg->is_batch || top_show_is_over(show))
		return;
	memcpy(show->board.losses, summary->losses, sizeof(summary->losses));
	show->view.is_over = true;
	top_show_screen(show, clock_now_ns());
}

int top_live(struct top_show *show, const struct live_opts *live, struct summary *summary,
	     struct err *err)
{
	struct top_watch watch = {.show = show};
	int ret = waiter_open(&watch.waiter, live->duration_ns, show->cfg->is_batch ? 0 : SIGWINCH,
			      err);

	log_set_waiter(&watch.waiter.io);
	show->out.waiter = &watch.waiter.io;
	show->out.is_stream = true;
	if (!ret && !show->cfg->is_batch)
		ret = waiter_add_input(&watch.waiter, show->terminal.keys_fd, err);
	if (!ret && (show->cfg->is_batch || show->cfg->output))
		ret = outfile_open(&show->out, show->cfg->output, err);
	if (!ret)
		ret = run(&watch, live, summary, err);
	if (!ret)
		put_last(show, summary);
	top_show_end(show);
	ret = outfile_end(&show->out, ret, err);
	log_set_waiter(NULL);
	show->out.waiter = NULL;
	waiter_close(&watch.waiter);
	return ret;
}
