// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/top/top_play.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "cmd/input.h"
#include "cmd/top/keeper.h"
#include "live/waiter.h"
#include "output/summary.h"

struct top_player {
	struct top_show *show;
	const char *path;
	struct waiter waiter;
	bool has_begun;
	/* What was recorded at .at_ns is played at .wall_ns; from there on .speed counts. */
	uint64_t at_ns, wall_ns;
	unsigned int speed;
	uint64_t next_ns; /* of the next screen: batch, as records count; else of the clock */
};

/* ---- time ---- */

/* How far the recording is to be by now. */
static uint64_t position_ns(const struct top_player *player, uint64_t wall_ns)
{
	return player->at_ns + (wall_ns - player->wall_ns) * player->speed;
}

static void fix_position(struct top_player *player)
{
	uint64_t now_ns = clock_now_ns();

	if (!player->show->view.is_paused)
		player->at_ns = position_ns(player, now_ns);
	player->wall_ns = now_ns;
	player->speed = player->show->view.speed;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* ---- waiting ---- */

/* Keys, signals, and what they change. */
static void take_keys(struct top_player *player)
{
	bool was_paused = player->show->view.is_paused;

	if (waiter_is_over(&player->waiter))
		player->show->has_quit = true;
	top_show_keys(player->show, waiter_take_more(&player->waiter));
	if (player->speed == player->show->view.speed && was_paused == player->show->view.is_paused)
		return;
	if (was_paused)
		player->wall_ns = clock_now_ns(); /* no time went by */
	else
		player->at_ns = position_ns(player, clock_now_ns());
	fix_position(player);
}

/* For keys, signals, or until @until_ns. */
static void wait_until(struct top_player *player, uint64_t until_ns)
{
	struct pollfd fd = {.fd = player->waiter.wake_fd, .events = POLLIN};
	uint64_t now_ns = clock_now_ns();
	int timeout = -1;

	if (until_ns <= now_ns)
		timeout = 0;
	else if (until_ns != UINT64_MAX)
		timeout = (int)min_u64((until_ns - now_ns) / 1000000 + 1, 3600000);
	poll(&fd, 1, timeout);
	take_keys(player);
}

/* For what is to be read, a pipe's too, beside keys and signals. */
static int wait_for_input(void *ctx, int input_fd)
{
	struct top_player *player = ctx;
	struct pollfd fds[] = {{.fd = input_fd, .events = POLLIN},
			       {.fd = player->waiter.wake_fd, .events = POLLIN}};

	if (poll(fds, 1, 0) == 1)
		return 0;
	top_show_again(player->show);
	while (!fds[0].revents) {
		poll(fds, 2, -1);
		if (fds[1].revents)
			take_keys(player);
		if (top_show_is_over(player->show))
			return -ECANCELED;
	}
	return 0;
}

/* The clock's time at which what was recorded at @ts_ns is to be played. */
static uint64_t due_ns(const struct top_player *player, uint64_t ts_ns)
{
	if (player->show->view.is_paused)
		return UINT64_MAX;
	if (ts_ns <= player->at_ns)
		return player->wall_ns;
	return player->wall_ns + (ts_ns - player->at_ns) / player->speed;
}

static void play_on_terminal(struct top_player *player, uint64_t ts_ns)
{
	struct top_show *show = player->show;

	while (!top_show_is_over(show)) {
		uint64_t now_ns = clock_now_ns(), due = due_ns(player, ts_ns);

		if (now_ns >= player->next_ns && !show->view.is_paused) {
			top_show_screen(show, min_u64(position_ns(player, now_ns), ts_ns));
			player->next_ns = now_ns + show->cfg->delay_ns;
		}
		if (due <= now_ns)
			return;
		wait_until(player,
			   show->view.is_paused ? UINT64_MAX : min_u64(due, player->next_ns));
	}
}

/* A screen for each stretch of the delay in which there was something. */
static void play_in_batch(struct top_player *player, uint64_t ts_ns)
{
	uint64_t delay_ns = player->show->cfg->delay_ns;

	if (ts_ns < player->next_ns || top_show_is_over(player->show))
		return;
	top_show_screen(player->show, player->next_ns);
	player->next_ns += (ts_ns - player->next_ns) / delay_ns * delay_ns + delay_ns;
}

/* What was recorded at @ts_ns comes next. */
static void play_until(struct top_player *player, uint64_t ts_ns)
{
	if (!player->has_begun) {
		player->has_begun = true;
		player->at_ns = ts_ns;
		player->wall_ns = clock_now_ns();
		player->next_ns = player->show->cfg->is_batch ? ts_ns + player->show->cfg->delay_ns
							      : player->wall_ns;
	}
	if (player->show->cfg->is_batch)
		play_in_batch(player, ts_ns);
	else
		play_on_terminal(player, ts_ns);
}

/* ---- from the recording ---- */

static int on_head(void *ctx, const struct capture_head *head)
{
	struct top_player *player = ctx;
	struct board_source source = {
		.path = player->path,
		.text = {.host = {.hz = head->hz,
				  .rcu_normal = head->rcu_normal,
				  .arch = machine_arch_of(
					  environment_get(&head->environment, "arch")),
				  .min_ns = player->show->board.min_ns},
			 .clock_offset_ns = head->clock_offset_ns},
		.sees_callbacks = strcmp(head->backend, "tracepoint") != 0,
	};

	memcpy(source.backend, head->backend, sizeof(source.backend));
	player->show->board.filter.is_followed = head->is_followed;
	board_begin(&player->show->board, &source);
	return 0;
}

static int on_record(void *ctx, const void *record, size_t size, const struct symbols *syms)
{
	struct top_player *player = ctx;
	const struct ks_head *head = record;

	if (head->ts_ns <= INT64_MAX) /* else it is malformed */
		play_until(player, head->ts_ns);
	board_record(&player->show->board, record, size, syms);
	return top_show_is_over(player->show) ? -ECANCELED : 0;
}

static void on_stall(void *ctx, const struct stall *stall)
{
	struct top_player *player = ctx;

	play_until(player, stall->begin_ns + stall->latency_ns);
	if (!top_show_is_over(player->show))
		board_stall(&player->show->board, stall);
}

static void on_asleep(void *ctx, const struct stall *stall)
{
	struct top_player *player = ctx;

	play_until(player, stall->rec->head.ts_ns);
	if (!top_show_is_over(player->show))
		board_asleep(&player->show->board, stall);
}

static void on_vm_new(void *ctx, struct vm *vm)
{
	struct top_player *player = ctx;

	board_vm_new(&player->show->board, vm);
}

static void on_vm_gone(void *ctx, const struct vm *vm)
{
	struct top_player *player = ctx;

	board_vm_gone(&player->show->board, vm);
}

/* ---- the whole ---- */

static int confine(struct top_show *show, struct err *err)
{
	if (show->cfg->is_batch)
		return outfile_confine(&show->out, err);
	return outfile_confine_screen(&show->out, show->terminal.keeper->fd, err);
}

/* It is over, and can be looked at. */
static void look_on(struct top_player *player)
{
	struct top_show *show = player->show;

	show->view.is_over = true;
	top_show_screen(show, show->board.now_ns);
	while (!show->cfg->is_batch && !top_show_is_over(show))
		wait_until(player, UINT64_MAX);
}

static int play(struct top_player *player, struct summary *summary, struct err *err)
{
	static const struct replay_ops ops = {
		.ledger = {.stall = on_stall,
			   .asleep = on_asleep,
			   .vm_new = on_vm_new,
			   .vm_gone = on_vm_gone},
		.head = on_head,
		.record = on_record,
	};
	const struct io_waiter waiter = {.wait = wait_for_input, .ctx = player};
	const struct input_cfg cfg = {.is_quiet = player->show->cfg->is_quiet, .waiter = &waiter};
	struct top_show *show = player->show;
	int ret = input_read(player->path, &cfg, &ops, player, summary, err);

	board_end(&show->board);
	if (ret < 0 && !top_show_is_over(show))
		return ret;
	if (ret == CAPTURE_CUT)
		log_error("%s", err->msg);
	if (ret >= 0)
		memcpy(show->board.losses, summary->losses, sizeof(summary->losses));
	if (!top_show_is_over(show))
		look_on(player);
	return ret > 0;
}

static int begin(struct top_player *player, struct err *err)
{
	struct top_show *show = player->show;
	int ret = 0;

	if (!show->cfg->is_batch)
		ret = waiter_add_input(&player->waiter, show->terminal.keys_fd, err);
	if (!ret && (show->cfg->is_batch || show->cfg->output))
		ret = outfile_open(&show->out, show->cfg->output, err);
	if (!ret && outfile_is(&show->out, player->path))
		ret = err_usage(err, "'%s' is to be read and to be written", player->path);
	if (!ret)
		ret = top_show_begin(show, err);
	if (!ret)
		ret = confine(show, err);
	return ret;
}

int top_play(struct top_show *show, const char *path, struct summary *summary, struct err *err)
{
	struct top_player player = {.show = show, .path = path, .speed = show->cfg->speed};
	int ret;

	show->view.speed = show->cfg->speed;
	show->out.is_stream = !show->cfg->is_batch;
	ret = waiter_open(&player.waiter, 0, show->cfg->is_batch ? 0 : SIGWINCH, err);
	if (!ret)
		ret = begin(&player, err);
	if (!ret)
		ret = play(&player, summary, err);
	top_show_end(show);
	ret = outfile_end(&show->out, ret, err);
	waiter_close(&player.waiter);
	return ret;
}
