// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/top/terminal.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>

#include "base/err.h"
#include "cmd/top/keeper.h"
#include "view/view.h"

/* How long after an escape the rest of a key's sequence may come. */
#define ESCAPE_MS 25

/* ---- can it be done ---- */

static int open_keys(struct terminal *terminal, struct err *err)
{
	terminal->keys_fd = STDIN_FILENO;
	if (isatty(STDIN_FILENO))
		return 0;
	terminal->keys_fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (terminal->keys_fd < 0)
		return err_usage(err, "there is no terminal that keys could come from: -b prints "
				      "screens without one");
	return 0;
}

int terminal_check(struct terminal *terminal, struct err *err)
{
	const char *term = getenv("TERM");
	int found;

	*terminal = (struct terminal){.keys_fd = -1};
	if (!isatty(STDOUT_FILENO))
		return err_usage(err, "standard output is no terminal: -b prints screens to it");
	if (!term || !*term)
		return err_usage(err, "TERM is not set, so nobody knows how this terminal is "
				      "written to: -b prints screens without that");
	if (setupterm(NULL, STDOUT_FILENO, &found) != OK || !cursor_address)
		return err_usage(err,
				 "TERM is '%s', which is not known here, or cannot move its "
				 "cursor: -b prints screens without that",
				 term);
	return open_keys(terminal, err);
}

/* ---- colours ---- */

/* Of each style: a pair, and what makes it seen without colours. */
static const struct {
	short foreground, background;
	attr_t attributes, plain;
} styles[STYLE_CNT] = {
	[STYLE_PLAIN] = {-1, -1, A_NORMAL, A_NORMAL},
	[STYLE_STRONG] = {-1, -1, A_BOLD, A_BOLD},
	[STYLE_FAINT] = {-1, -1, A_DIM, A_DIM},
	[STYLE_TITLE] = {-1, -1, A_REVERSE, A_REVERSE},
	[STYLE_SELECTED] = {-1, -1, A_REVERSE | A_BOLD, A_REVERSE | A_BOLD},
	[STYLE_ALERT] = {COLOR_RED, -1, A_BOLD, A_BOLD},
	[STYLE_CAUSE + KS_CAUSE_RUN] = {-1, -1, A_NORMAL, A_NORMAL},
	[STYLE_CAUSE + KS_CAUSE_GP_TIMER] = {COLOR_BLACK, COLOR_YELLOW, 0, A_BOLD},
	[STYLE_CAUSE + KS_CAUSE_CB_TIMER] = {COLOR_BLACK, COLOR_CYAN, 0, A_BOLD},
	[STYLE_CAUSE + KS_CAUSE_READER] = {COLOR_WHITE, COLOR_RED, A_BOLD, A_BOLD},
	[STYLE_CAUSE + KS_CAUSE_POLL_BACKOFF] = {COLOR_WHITE, COLOR_MAGENTA, A_BOLD, A_BOLD},
	[STYLE_CAUSE + KS_CAUSE_KWORKER] = {COLOR_BLACK, COLOR_GREEN, 0, A_BOLD},
	[STYLE_CAUSE + KS_CAUSE_GP_WORK] = {COLOR_BLACK, COLOR_WHITE, 0, A_BOLD},
	[STYLE_CAUSE + KS_CAUSE_WAKEUP] = {COLOR_WHITE, COLOR_BLUE, A_BOLD, A_BOLD},
	[STYLE_CAUSE + KS_CAUSE_LOCK] = {COLOR_YELLOW, COLOR_RED, A_BOLD, A_BOLD},
	[STYLE_CAUSE + KS_CAUSE_OTHER_SLEEP] = {COLOR_CYAN, COLOR_BLACK, A_BOLD, A_BOLD},
	[STYLE_CAUSE + KS_CAUSE_UNEXPLAINED] = {-1, -1, A_REVERSE, A_REVERSE},
	[STYLE_CAUSE + KS_CAUSE_RUNNABLE] = {COLOR_BLACK, COLOR_BLUE, 0, A_BOLD},
	[STYLE_CAUSE + KS_CAUSE_INVALIDATION] = {COLOR_WHITE, COLOR_GREEN, A_BOLD, A_BOLD},
	[STYLE_CAUSE + KS_CAUSE_KTHREAD] = {COLOR_WHITE, COLOR_CYAN, A_BOLD, A_BOLD},
	[STYLE_CAUSE + KS_CAUSE_RCU] = {COLOR_YELLOW, COLOR_BLUE, A_BOLD, A_BOLD},
};

/* no-color.org: set, and not empty. */
static bool wants_colours(void)
{
	const char *no = getenv("NO_COLOR");

	return !no || !*no;
}

static void start_colours(struct terminal *terminal)
{
	terminal->has_colours =
		wants_colours() && has_colors() && start_color() == OK && COLOR_PAIRS > STYLE_CNT;
	if (!terminal->has_colours)
		return;
	use_default_colors();
	for (short i = 1; i < STYLE_CNT; i++)
		if (styles[i].foreground == styles[i].background) /* of a cause that is new, too */
			init_pair(i, -1, -1);
		else
			init_pair(i, styles[i].foreground, styles[i].background);
}

static void set_style(const struct terminal *terminal, int style)
{
	if (style < 0 || style >= STYLE_CNT)
		return;
	if (terminal->has_colours)
		attr_set(styles[style].attributes, (short)style, NULL);
	else
		attr_set(styles[style].plain, 0, NULL);
}

/* ---- begin and end ---- */

static void set_modes(void)
{
	raw(); /* ^C and ^Z are keys: nothing ends us beside the terminal's modes */
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	scrollok(stdscr, FALSE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
}

int terminal_open(struct terminal *terminal, struct err *err)
{
	FILE *input = stdin;

	setlocale(LC_CTYPE, "");
	if (terminal->keys_fd != STDIN_FILENO) {
		input = fdopen(terminal->keys_fd, "r+e");
		terminal->input = input;
	}
	terminal->curses = input ? newterm(NULL, stdout, input) : NULL;
	if (!terminal->curses)
		return err_set(err, -EIO,
			       "cannot write to this terminal: -b prints screens without one");
	set_term(terminal->curses);
	set_modes();
	start_colours(terminal);
	return 0;
}

void terminal_close(struct terminal *terminal)
{
	erase();
	refresh();
	endwin();
	delscreen(terminal->curses);
	terminal->curses = NULL;
	setlocale(LC_CTYPE, "C");
}

/* ---- size ---- */

void terminal_size(const struct terminal *terminal, size_t *rows, size_t *cols)
{
	(void)terminal;
	*rows = (size_t)LINES;
	*cols = (size_t)COLS;
}

void terminal_resize(struct terminal *terminal)
{
	struct winsize size;

	(void)terminal;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col)
		return;
	resizeterm(size.ws_row, size.ws_col);
	clearok(stdscr, TRUE);
}

/* ---- out ---- */

/* Up to the next mark, or the end. */
static const char *put_run(const char *text)
{
	size_t len = strcspn(text, "\001\n");

	addnstr(text, (int)len);
	return text + len;
}

void terminal_draw(struct terminal *terminal, const struct screen *screen)
{
	const char *text = screen->text.text;
	int line = 0;

	erase();
	move(0, 0);
	while (*text) {
		if (*text == SCREEN_MARK && text[1]) {
			set_style(terminal, (unsigned char)text[1] - SCREEN_STYLE);
			text += 2;
		} else if (*text == '\n') {
			move(++line, 0);
			text++;
		} else {
			text = put_run(text);
		}
	}
	set_style(terminal, STYLE_PLAIN);
	refresh();
}

/* ---- in ---- */

static int translate(int key)
{
	static const struct {
		int from, to;
	} keys[] = {
		{KEY_UP, VIEW_KEY_UP},	       {KEY_DOWN, VIEW_KEY_DOWN},
		{KEY_LEFT, VIEW_KEY_LEFT},     {KEY_RIGHT, VIEW_KEY_RIGHT},
		{KEY_PPAGE, VIEW_KEY_PAGE_UP}, {KEY_NPAGE, VIEW_KEY_PAGE_DOWN},
		{KEY_HOME, VIEW_KEY_HOME},     {KEY_END, VIEW_KEY_END},
		{KEY_ENTER, VIEW_KEY_ENTER},   {'\r', VIEW_KEY_ENTER},
		{'\n', VIEW_KEY_ENTER},	       {KEY_BACKSPACE, VIEW_KEY_BACKSPACE},
		{127, VIEW_KEY_BACKSPACE},     {'\b', VIEW_KEY_BACKSPACE},
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].from == key)
			return keys[i].to;
	return key > 0 && key < 256 ? key : VIEW_KEY_OTHER;
}

/* It is hung up: what is read from it ends, and goes on ending. */
static bool is_hung_up(const struct terminal *terminal)
{
	struct pollfd fd = {.fd = terminal->keys_fd, .events = POLLIN};

	return poll(&fd, 1, 0) == 1 && fd.revents & (POLLHUP | POLLERR | POLLNVAL);
}

int terminal_key(struct terminal *terminal)
{
	int key = getch();

	if (key != ERR)
		return translate(key);
	terminal->is_gone = is_hung_up(terminal);
	return VIEW_KEY_NONE;
}

bool terminal_is_gone(const struct terminal *terminal)
{
	return terminal->is_gone;
}

void terminal_suspend(struct terminal *terminal)
{
	endwin();
	keeper_suspend(terminal->keeper);
	terminal_resize(terminal);
	refresh();
}
