// SPDX-License-Identifier: GPL-2.0-only
/* The table of VMs: as many columns as there is room for, the most important ones first. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/format.h"
#include "output/deferral.h"
#include "view/pane.h"

#define NS_LEN	      24
#define VM_WIDTH_MAX  48
#define BAR_WIDTH_MAX 24
#define GAP	      1
#define NAME_WIDTH    18 /* that names have before others get more */
#define NEEDED_CNT    7	 /* of by_importance, up to the call */
#define DAY_NS	      (UINT64_C(86400) * 1000000000)

enum table_column {
	COLUMN_VM,
	COLUMN_STALLS,
	COLUMN_LOST,
	COLUMN_BAR,
	COLUMN_WORST,
	COLUMN_CALL,
	COLUMN_NOW,
	COLUMN_LAST,
	COLUMN_DEFERRAL,
	COLUMN_STORM,
	COLUMN_CNT
};

static const struct {
	const char *title;
	size_t width, max; /* the least, and what it may grow to */
	bool is_right;
} columns[COLUMN_CNT] = {
	[COLUMN_VM] = {"VM", 10, VM_WIDTH_MAX, false},
	[COLUMN_STALLS] = {"STALLS", 6, 6, true},
	[COLUMN_LOST] = {"LOST", 8, 8, true},
	[COLUMN_BAR] = {"CAUSES", 8, BAR_WIDTH_MAX, false},
	[COLUMN_WORST] = {"WORST", 8, 8, true},
	[COLUMN_CALL] = {"CALL", 18, 27, false},
	[COLUMN_NOW] = {"NOW", 8, 8, true},
	[COLUMN_LAST] = {"LAST", 8, 8, true},
	[COLUMN_DEFERRAL] = {"DEFERRAL", 9, 9, true},
	[COLUMN_STORM] = {"STORM", 24, 34, false},
};

/* Which is the first to go where there is no room is the last of these. */
static const enum table_column by_importance[COLUMN_CNT] = {
	COLUMN_VM,    COLUMN_LOST, COLUMN_NOW,	COLUMN_STALLS,	 COLUMN_BAR,
	COLUMN_WORST, COLUMN_CALL, COLUMN_LAST, COLUMN_DEFERRAL, COLUMN_STORM,
};

/* And these grow, one after the other, where there is more. */
static const enum table_column by_appetite[] = {COLUMN_CALL, COLUMN_BAR, COLUMN_STORM};

/* 0: there is no room for the column. */
struct widths {
	size_t of[COLUMN_CNT];
};

/* A VM's name is shown whole before anything else grows. */
static size_t longest_name(struct board_row *const *rows, size_t cnt)
{
	size_t longest = columns[COLUMN_VM].width;

	for (size_t i = 0; i < cnt; i++) {
		size_t width = screen_columns(rows[i]->name);

		if (width > longest)
			longest = width;
	}
	return longest < VM_WIDTH_MAX ? longest : VM_WIDTH_MAX;
}

static void grow(struct widths *widths, enum table_column column, size_t max, size_t *left)
{
	size_t more = max - widths->of[column];

	if (!widths->of[column] || max <= widths->of[column])
		return;
	if (more > *left)
		more = *left;
	widths->of[column] += more;
	*left -= more;
}

static size_t left_of(const struct widths *widths, size_t cols)
{
	size_t used = 0;

	for (int i = 0; i < COLUMN_CNT; i++)
		if (widths->of[i])
			used += widths->of[i] + (used ? GAP : 0);
	return used < cols ? cols - used : 0;
}

/* Columns from @first of by_importance to @end, until one has no room. */
static void include(struct widths *widths, size_t first, size_t end, size_t cols)
{
	for (size_t i = first; i < end; i++) {
		enum table_column column = by_importance[i];
		size_t left = left_of(widths, cols);

		if (i && left < columns[column].width + GAP)
			return;
		widths->of[column] = columns[column].width;
	}
}

/* A whole name comes before the columns that are good to have. */
static void fit(struct widths *widths, size_t cols, size_t name_width)
{
	size_t left;

	*widths = (struct widths){.of = {0}};
	include(widths, 0, NEEDED_CNT, cols);
	left = left_of(widths, cols);
	grow(widths, COLUMN_VM, name_width < NAME_WIDTH ? name_width : NAME_WIDTH, &left);
	include(widths, NEEDED_CNT, COLUMN_CNT, cols);
	left = left_of(widths, cols);
	grow(widths, COLUMN_CALL, 22, &left);
	grow(widths, COLUMN_VM, name_width, &left);
	for (size_t i = 0; i < sizeof(by_appetite) / sizeof(by_appetite[0]); i++)
		grow(widths, by_appetite[i], columns[by_appetite[i]].max, &left);
}

/* ---- cells ---- */

static void put_ns(struct screen *screen, uint64_t ns, size_t width)
{
	char text[NS_LEN];

	format_nsec(ns, text, sizeof(text));
	if (strlen(text) > width)
		snprintf(text, sizeof(text), "%" PRIu64 "d", ns / DAY_NS);
	screen_put_right(screen, ns ? text : "-", width);
}

static void put_deferral(const struct board *board, const struct board_row *row, size_t width,
			 struct screen *screen)
{
	struct deferral_sum sum = {.callbacks = 0};
	char text[NS_LEN + 1], ns[NS_LEN];

	if (row->id)
		deferral_add_up(board->deferral, row->id, &sum);
	if (sum.lost_ns > sum.expedited_ns)
		snprintf(text, sizeof(text), "-%s",
			 format_nsec(sum.lost_ns - sum.expedited_ns, ns, sizeof(ns)));
	else if (sum.expedited_ns > sum.lost_ns)
		snprintf(text, sizeof(text), "+%s",
			 format_nsec(sum.expedited_ns - sum.lost_ns, ns, sizeof(ns)));
	else
		snprintf(text, sizeof(text), "-");
	screen_put_right(screen, text, width);
}

static void put_storm(const struct board_row *row, size_t width, struct screen *screen)
{
	char text[96] = "", ns[NS_LEN];

	if (row->storm.call != CALL_NONE)
		snprintf(text, sizeof(text), "%" PRIu64 " %s %s", row->storm.cnt,
			 pane_call(row->storm.call, 0), format_nsec(row->storm.ns, ns, sizeof(ns)));
	screen_put_left(screen, text, width);
}

static void put_now(const struct board *board, const struct board_row *row, size_t width,
		    struct screen *screen)
{
	if (!row->asleep_cnt) {
		screen_put_right(screen, row->gone_ns ? "ended" : "", width);
		return;
	}
	screen_style(screen, STYLE_ALERT);
	put_ns(screen, board->now_ns > row->asleep_ns ? board->now_ns - row->asleep_ns : 0, width);
	screen_style(screen, STYLE_PLAIN);
}

static void put_last(const struct board *board, const struct board_row *row, size_t width,
		     struct screen *screen)
{
	char text[NS_LEN + 4] = "-", ns[NS_LEN];

	if (row->last_ns && row->last_ns <= board->now_ns)
		snprintf(text, sizeof(text), "%s",
			 format_nsec(board->now_ns - row->last_ns, ns, sizeof(ns)));
	screen_put_right(screen, text, width);
}

/* Calls are known by how they begin. */
static void put_call(const struct board_row *row, size_t width, struct screen *screen)
{
	const char *call = row->worst_ns ? pane_call(row->worst_call, width) : "";
	size_t end = screen->col + width, len = strlen(call);

	screen_putn(screen, call, len < width ? len : width);
	screen_pad(screen, end);
}

static void put_cell(const struct board *board, const struct board_row *row,
		     enum table_column column, size_t width, struct screen *screen)
{
	char text[NS_LEN];

	switch (column) {
	case COLUMN_VM:
		return screen_put_left(screen, row->name, width);
	case COLUMN_STALLS:
		snprintf(text, sizeof(text), "%" PRIu64, row->stalls);
		return screen_put_right(screen, text, width);
	case COLUMN_LOST:
		return put_ns(screen, row->lost_ns, width);
	case COLUMN_BAR:
		return pane_put_bar(row, width, screen);
	case COLUMN_WORST:
		return put_ns(screen, row->worst_ns, width);
	case COLUMN_CALL:
		return put_call(row, width, screen);
	case COLUMN_NOW:
		return put_now(board, row, width, screen);
	case COLUMN_LAST:
		return put_last(board, row, width, screen);
	case COLUMN_DEFERRAL:
		return put_deferral(board, row, width, screen);
	default:
		return put_storm(row, width, screen);
	}
}

static void put_row(const struct board *board, const struct board_row *row, bool is_selected,
		    const struct widths *widths, struct screen *screen)
{
	for (int i = 0; i < COLUMN_CNT; i++) {
		if (!widths->of[i])
			continue;
		if (i)
			screen_putc(screen, ' ');
		if (i == COLUMN_VM)
			screen_style(screen, is_selected    ? STYLE_SELECTED
					     : row->gone_ns ? STYLE_FAINT
							    : STYLE_PLAIN);
		put_cell(board, row, i, widths->of[i], screen);
		if (i == COLUMN_VM)
			screen_style(screen, STYLE_PLAIN);
	}
	screen_end_line(screen);
}

static void put_titles(const struct widths *widths, struct screen *screen)
{
	screen_style(screen, STYLE_TITLE);
	for (int i = 0; i < COLUMN_CNT; i++) {
		if (!widths->of[i])
			continue;
		if (i)
			screen_putc(screen, ' ');
		if (columns[i].is_right)
			screen_put_right(screen, columns[i].title, widths->of[i]);
		else
			screen_put_left(screen, columns[i].title, widths->of[i]);
	}
	screen_pad(screen, screen->cols);
	screen_end_line(screen);
}

/* ---- the page ---- */

/* Where the selected row is: the first one until keys have moved it; if it is gone, the one in its
 * place. */
static size_t find_selected(struct view *view, struct board_row *const *rows, size_t cnt)
{
	size_t i = 0;

	while (view->has_row && i < cnt && rows[i]->id != view->row_id)
		i++;
	if (i == cnt)
		i = view->first_row < cnt ? view->first_row : 0;
	if (cnt)
		view->row_id = rows[i]->id;
	return i;
}

static void scroll_to(struct view *view, size_t selected, size_t cnt, size_t room)
{
	if (selected < view->first_row)
		view->first_row = selected;
	if (room && selected >= view->first_row + room)
		view->first_row = selected - room + 1;
	if (cnt <= room)
		view->first_row = 0;
}

void pane_put_table(struct view *view, const struct board *board, struct screen *screen)
{
	size_t cnt, selected, room = pane_lines(screen), shown;
	struct board_row **rows = board_list(board, view->sort, view->part, &cnt);
	struct widths widths;

	screen->text.failed |= !rows;
	if (!rows)
		return;
	room = room ? room - 1 : 0;
	selected = find_selected(view, rows, cnt);
	if (view->is_batch)
		view->first_row = 0;
	else
		scroll_to(view, selected, cnt, room);
	shown = cnt - view->first_row < room ? cnt - view->first_row : room;
	fit(&widths, screen->cols, longest_name(rows + view->first_row, shown));
	put_titles(&widths, screen);
	for (size_t i = view->first_row; i < view->first_row + shown; i++)
		put_row(board, rows[i], i == selected && !view->is_batch, &widths, screen);
	if (!cnt) {
		screen_put(screen, view->part[0] ? "no VM has this in its name" : "no VM so far");
		screen_end_line(screen);
	}
	free(rows);
}
