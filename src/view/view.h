/* SPDX-License-Identifier: GPL-2.0-only */
/* Which part of a board is looked at, and what keys do to that. */
#ifndef VIEW_VIEW_H
#define VIEW_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "view/board.h"
#include "view/screen.h"

/* Keys that are no characters. */
enum view_key {
	VIEW_KEY_NONE = 0,
	VIEW_KEY_ESCAPE = 27,
	VIEW_KEY_UP = 256,
	VIEW_KEY_DOWN,
	VIEW_KEY_LEFT,
	VIEW_KEY_RIGHT,
	VIEW_KEY_PAGE_UP,
	VIEW_KEY_PAGE_DOWN,
	VIEW_KEY_HOME,
	VIEW_KEY_END,
	VIEW_KEY_ENTER,
	VIEW_KEY_BACKSPACE,
	VIEW_KEY_OTHER, /* none that means anything here */
};

/* What is left to who owns terminal and data. */
enum view_action {
	VIEW_NOTHING,
	VIEW_QUIT,
	VIEW_WRITE, /* the screen to a file */
	VIEW_SUSPEND,
	VIEW_FASTER,
	VIEW_SLOWER,
};

#define VIEW_PART_LEN 32

struct view {
	enum board_sort sort;
	char part[VIEW_PART_LEN];  /* only VMs with this in their name */
	char typed[VIEW_PART_LEN]; /* while .is_typing */
	bool is_typing;
	bool is_paused;
	bool is_batch; /* nobody presses keys */
	bool is_open;  /* one VM's page, else the table */
	bool has_help;
	uint32_t row_id;   /* selected, or open */
	bool has_row;	   /* keys have selected it: it stays so, whatever its place */
	size_t first_row;  /* of the table, in its first line */
	size_t first_line; /* of what scrolls on the VM's page */
	size_t more_lines; /* that are below the screen */
	uint64_t stall_nr; /* that is shown; 0: the last, whichever it is */
	bool is_strip_live;
	unsigned int zoom;  /* of the strip: as much as 1 / 2^zoom of it */
	int offset;	    /* of the strip's window, in quarters of its width */
	unsigned int speed; /* of a recording: so many times as fast as it was; 0: live */
	bool is_over;	    /* the recording is */
	char message[128];  /* in the last line, once */
};

/* @open: the page of the row that comes first, at once. */
void view_init(struct view *view, bool is_batch, bool is_open);

enum view_action view_key(struct view *view, struct board *board, int key);

/* All of it into @screen, which has its size. */
void view_draw(struct view *view, const struct board *board, struct screen *screen);

#endif
