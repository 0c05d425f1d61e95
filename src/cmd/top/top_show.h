/* SPDX-License-Identifier: GPL-2.0-only */
/* A board before somebody's eyes: on a terminal, with keys, or screen after screen in a file. */
#ifndef CMD_TOP_SHOW_H
#define CMD_TOP_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/outfile.h"
#include "cmd/top/terminal.h"
#include "view/board.h"
#include "view/screen.h"
#include "view/view.h"

struct err;

struct top_cfg {
	struct filter filter;
	const char *output;
	uint64_t min_ns;
	uint64_t delay_ns;
	uint32_t iterations; /* 0: any number */
	uint32_t sort;	     /* enum board_sort */
	uint32_t speed;
	bool is_batch;
	bool is_open;
	bool is_quiet;
};

struct top_show {
	const struct top_cfg *cfg;
	struct board board;
	struct view view;
	struct screen screen;
	struct outfile out; /* of -b, or of what is written by a key */
	struct terminal terminal;
	uint32_t screens;    /* that were shown */
	bool is_on_terminal; /* it is open */
	bool has_quit;
	bool lacks_memory; /* a screen was not printed */
};

/* Returns 0 or a negative errno with @err set. */
int top_show_init(struct top_show *show, const struct top_cfg *cfg, struct err *err);
void top_show_fini(struct top_show *show);

/* The terminal is ours from here on, unless it is batch. */
int top_show_begin(struct top_show *show, struct err *err);

/* The terminal is the user's again. */
void top_show_end(struct top_show *show);

/* It is @now_ns: what there is, on a new screen. */
void top_show_screen(struct top_show *show, uint64_t now_ns);

/* What there is once more, without counting it: a screen that nothing has come for. */
void top_show_again(struct top_show *show);

/* Take what was typed, and the terminal's size if @is_resized. */
void top_show_keys(struct top_show *show, bool is_resized);

/* Nothing more is wanted: quit, so many screens, or an output that nobody reads. */
bool top_show_is_over(const struct top_show *show);

#endif
