// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/top/top_show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/parse.h"
#include "cmd/charset.h"

#define BATCH_COLS 80
#define COLS_MIN   20
#define COLS_MAX   1000
#define SPEED_MAX  1024

int top_show_init(struct top_show *show, const struct top_cfg *cfg, struct err *err)
{
	*show = (struct top_show){.cfg = cfg, .out = {.fd = -1}};
	screen_init(&show->screen);
	view_init(&show->view, cfg->is_batch, cfg->is_open);
	show->view.sort = cfg->sort;
	if (board_init(&show->board, &cfg->filter, cfg->min_ns))
		return err_set(err, -ENOMEM, "out of memory");
	return 0;
}

void top_show_fini(struct top_show *show)
{
	board_fini(&show->board);
	screen_fini(&show->screen);
}

int top_show_begin(struct top_show *show, struct err *err)
{
	int ret;

	if (show->cfg->is_batch) {
		outfile_start(&show->out);
		return 0;
	}
	ret = terminal_open(&show->terminal, err);
	show->is_on_terminal = !ret;
	return ret;
}

void top_show_end(struct top_show *show)
{
	if (show->is_on_terminal)
		terminal_close(&show->terminal);
	show->is_on_terminal = false;
}

bool top_show_is_over(const struct top_show *show)
{
	return show->has_quit || show->out.failed ||
	       (show->cfg->iterations && show->screens >= show->cfg->iterations);
}

/* ---- screens ---- */

/* As ncurses has it where it is no terminal. */
static size_t batch_cols(void)
{
	const char *text = getenv("COLUMNS");
	uint64_t cols;

	if (!text || !parse_u64(text, &cols) || cols < COLS_MIN || cols > COLS_MAX)
		return BATCH_COLS;
	return cols;
}

static int put_plain(const struct top_show *show, struct outfile *out)
{
	struct str text;
	int ret = -ENOMEM;

	str_init(&text);
	screen_plain(&show->screen, &text);
	str_addc(&text, '\n');
	if (!str_failed(&text) && !str_failed(&show->screen.text)) {
		outfile_put_lines(out, text.text, text.len);
		ret = outfile_flush(out);
	}
	str_fini(&text);
	return ret;
}

static void draw(struct top_show *show)
{
	size_t rows = 0, cols = batch_cols();

	if (show->is_on_terminal)
		terminal_size(&show->terminal, &rows, &cols);
	screen_reset(&show->screen, rows, cols, charset_is_utf8());
	view_draw(&show->view, &show->board, &show->screen);
}

void top_show_again(struct top_show *show)
{
	draw(show);
	if (show->is_on_terminal)
		terminal_draw(&show->terminal, &show->screen);
}

void top_show_screen(struct top_show *show, uint64_t now_ns)
{
	show->board.open_id = show->view.is_open ? show->view.row_id : 0;
	board_tick(&show->board, now_ns);
	show->screens++;
	draw(show);
	if (show->is_on_terminal)
		terminal_draw(&show->terminal, &show->screen);
	else if (show->cfg->is_batch && put_plain(show, &show->out) == -ENOMEM)
		show->lacks_memory = true;
}

/* ---- keys ---- */

/* A name that no file has: what is there stays. */
static void name_file(char *buf, size_t size)
{
	time_t now = time(NULL);
	struct tm local;

	localtime_r(&now, &local);
	strftime(buf, size, "kvmstall-top-%Y%m%d-%H%M%S.txt", &local);
}

/* A sentence in the last line. */
static void say(struct top_show *show, const char *what, const char *which)
{
	snprintf(show->view.message, sizeof(show->view.message), "%.40s%.80s", what, which);
}

static void write_new(struct top_show *show)
{
	struct outfile out = {.fd = -1};
	struct err err = {.msg = ""};
	char name[64];
	int ret;

	name_file(name, sizeof(name));
	if (!access(name, F_OK)) {
		say(show, "written already: ", name);
		return;
	}
	ret = outfile_open(&out, name, &err);
	if (!ret) {
		outfile_start(&out);
		put_plain(show, &out);
		ret = outfile_close(&out, &err);
	}
	if (ret)
		say(show, "(start with -o FILE) ", err.msg);
	else
		say(show, "written to ", name);
}

static void write_screen(struct top_show *show)
{
	draw(show); /* keys before this one may have changed it */
	if (show->out.fd < 0) {
		write_new(show);
		return;
	}
	if (!show->out.is_started)
		outfile_start(&show->out);
	if (put_plain(show, &show->out))
		say(show, "cannot write ", show->cfg->output);
	else
		say(show, "written to ", show->cfg->output);
}

static void change_speed(struct top_show *show, bool is_faster)
{
	unsigned int *speed = &show->view.speed;

	if (!*speed)
		say(show, "only a recording has a speed", "");
	else if (is_faster && *speed < SPEED_MAX)
		*speed *= 2;
	else if (!is_faster && *speed > 1)
		*speed /= 2;
}

static void act(struct top_show *show, enum view_action action)
{
	switch (action) {
	case VIEW_QUIT:
		show->has_quit = true;
		break;
	case VIEW_WRITE:
		write_screen(show);
		break;
	case VIEW_SUSPEND:
		terminal_suspend(&show->terminal);
		break;
	case VIEW_FASTER:
	case VIEW_SLOWER:
		change_speed(show, action == VIEW_FASTER);
		break;
	default:
		break;
	}
}

void top_show_keys(struct top_show *show, bool is_resized)
{
	bool is_changed = is_resized;
	int key;

	if (!show->is_on_terminal)
		return;
	if (is_resized)
		terminal_resize(&show->terminal);
	while (!show->has_quit && (key = terminal_key(&show->terminal)) != VIEW_KEY_NONE) {
		act(show, view_key(&show->view, &show->board, key));
		is_changed = true;
	}
	if (terminal_is_gone(&show->terminal))
		show->has_quit = true;
	if (is_changed && !show->has_quit)
		top_show_again(show);
}
