/* SPDX-License-Identifier: GPL-2.0-only */
/* The terminal, by ncurses: a screen on it, keys from it, and how it is left as it was. */
#ifndef CMD_TOP_TERMINAL_H
#define CMD_TOP_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#include "view/screen.h"

struct err;
struct keeper;

struct terminal {
	struct keeper *keeper; /* who puts it back if we cannot */
	int keys_fd;	       /* readable when a key was typed */
	bool has_colours;
	bool is_gone; /* it was hung up */
	void *input;  /* FILE of .keys_fd; NULL: standard input's */
	void *curses; /* SCREEN */
};

/*
 * Can there be a screen? Standard output must be a terminal, with a TERM that is known, and keys
 * come from standard input, or where that is something else, from /dev/tty. Opens .keys_fd. 0, or a
 * negative errno with @err of the kind of usage set, which says what else to do.
 */
int terminal_check(struct terminal *terminal, struct err *err);

/* After terminal_check(). */
int terminal_open(struct terminal *terminal, struct err *err);
void terminal_close(struct terminal *terminal);

void terminal_size(const struct terminal *terminal, size_t *rows, size_t *cols);

/* It has another size by now. */
void terminal_resize(struct terminal *terminal);

void terminal_draw(struct terminal *terminal, const struct screen *screen);

/* The next key, as enum view_key or a byte; VIEW_KEY_NONE: there is none now. */
int terminal_key(struct terminal *terminal);

/* Nobody sits there any more. */
bool terminal_is_gone(const struct terminal *terminal);

/* Let the shell have it, until we are in the foreground again. */
void terminal_suspend(struct terminal *terminal);

#endif
