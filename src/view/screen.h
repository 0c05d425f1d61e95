/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A screen as text: lines of a width, with marks where the style changes. A terminal draws them, a
 * file gets the text alone. What is too wide for a line is cut.
 */
#ifndef VIEW_SCREEN_H
#define VIEW_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include <kvmstall/causes.h>

#include "base/str.h"

/* A mark: this byte, and then SCREEN_STYLE + an enum screen_style. No text has it in it. */
#define SCREEN_MARK  '\001'
#define SCREEN_STYLE '0'

enum screen_style {
	STYLE_PLAIN,
	STYLE_STRONG,
	STYLE_FAINT,
	STYLE_TITLE,	/* of columns */
	STYLE_SELECTED, /* the row that keys are about */
	STYLE_ALERT,	/* records were lost, somebody waits for long */
	STYLE_CAUSE,	/* + enum ks_cause */
	STYLE_CNT = STYLE_CAUSE + KS_CAUSE_CNT
};

struct screen {
	struct str text; /* str_failed(): not all of it is there */
	size_t cols;
	size_t rows; /* lines that there may be; 0: any number */
	size_t lines;
	size_t col;    /* of the line that is being written */
	bool use_utf8; /* else what is not ASCII becomes '?' */
};

void screen_init(struct screen *screen);
void screen_fini(struct screen *screen);

/* Empty, of this size. */
void screen_reset(struct screen *screen, size_t rows, size_t cols, bool use_utf8);

void screen_style(struct screen *screen, enum screen_style style);

/* Append to the line, which ends at the last column whatever comes. Control characters are '?'. */
void screen_put(struct screen *screen, const char *text);
void screen_putn(struct screen *screen, const char *text, size_t len);
void screen_putc(struct screen *screen, char c);
void screen_putf(struct screen *screen, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* In @width columns: filled up with blanks, or cut in its middle, with ".." there. */
void screen_put_left(struct screen *screen, const char *text, size_t width);
void screen_put_right(struct screen *screen, const char *text, size_t width);

/* Blanks up to this column, at most the last. */
void screen_pad(struct screen *screen, size_t col);

/* The line ends, in STYLE_PLAIN. */
void screen_end_line(struct screen *screen);

/* Columns that @text takes. */
size_t screen_columns(const char *text);

/* The same without marks, and without blanks at the ends of lines. Out of memory: see str.h. */
void screen_plain(const struct screen *screen, struct str *out);

#endif
