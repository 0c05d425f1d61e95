// SPDX-License-Identifier: GPL-2.0-only
#include "view/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/pane.h"

#define ZOOM_MAX  12
#define PAGE_ROWS 10

void view_init(struct view *view, bool is_batch, bool is_open)
{
	*view = (struct view){.is_batch = is_batch, .is_open = is_open};
}

/* ---- the table ---- */

static void select_row(struct view *view, const struct board *board, long step)
{
	size_t cnt, i = 0;
	struct board_row **rows = board_list(board, view->sort, view->part, &cnt);
	long to;

	while (rows && i < cnt && rows[i]->id != view->row_id)
		i++;
	to = (i < cnt ? (long)i : 0) + step;
	if (to >= (long)cnt)
		to = (long)cnt - 1;
	if (to < 0)
		to = 0;
	if (cnt) {
		view->row_id = rows[to]->id;
		view->has_row = true;
	}
	free(rows);
}

static void open_row(struct view *view, const struct board *board)
{
	select_row(view, board, 0);
	view->is_open = view->has_row;
	view->first_line = 0;
	view->stall_nr = 0;
	view->zoom = 0;
	view->offset = 0;
	view->is_strip_live = false;
}

static void table_key(struct view *view, const struct board *board, int key)
{
	switch (key) {
	case VIEW_KEY_UP:
	case 'k':
		return select_row(view, board, -1);
	case VIEW_KEY_DOWN:
	case 'j':
		return select_row(view, board, 1);
	case VIEW_KEY_PAGE_UP:
		return select_row(view, board, -PAGE_ROWS);
	case VIEW_KEY_PAGE_DOWN:
		return select_row(view, board, PAGE_ROWS);
	case VIEW_KEY_HOME:
		return select_row(view, board, -BOARD_ROWS_MAX);
	case VIEW_KEY_END:
		return select_row(view, board, BOARD_ROWS_MAX);
	case VIEW_KEY_ENTER:
		return open_row(view, board);
	case VIEW_KEY_ESCAPE:
		view->part[0] = 0;
		break;
	case 's':
		view->sort = (view->sort + 1) % SORT_CNT;
		break;
	case 'S':
		view->sort = (view->sort + SORT_CNT - 1) % SORT_CNT;
		break;
	case '/':
		view->is_typing = true;
		snprintf(view->typed, sizeof(view->typed), "%s", view->part);
		break;
	default:
		break;
	}
}

/* ---- one VM ---- */

/* The kept one @step before the one that is shown; below 0, after it. */
static void choose_stall(struct view *view, const struct board *board, int step)
{
	const struct board_row *row = board_find(board, view->row_id);
	const struct board_stall *kept = row ? row->kept : NULL, *after = NULL;

	while (kept && view->stall_nr && kept->nr > view->stall_nr) {
		after = kept;
		kept = kept->next;
	}
	if (step > 0 && kept && kept->next)
		view->stall_nr = kept->next->nr;
	else if (step < 0)
		view->stall_nr = after && after != row->kept ? after->nr : 0;
	view->offset = 0;
}

static void scroll(struct view *view, long lines)
{
	long to = (long)view->first_line + lines;

	view->first_line = to < 0 ? 0 : (size_t)to;
}

static void shift(struct view *view, int quarters)
{
	int most = 8 << view->zoom;

	view->offset += quarters;
	if (view->offset > most)
		view->offset = most;
	if (view->offset < -most)
		view->offset = -most;
}

static void zoom(struct view *view, int step)
{
	if ((step < 0 && !view->zoom) || (step > 0 && view->zoom == ZOOM_MAX))
		return;
	view->zoom += step;
	view->offset = step > 0 ? view->offset * 2 : view->offset / 2;
}

static void vm_key(struct view *view, const struct board *board, int key)
{
	switch (key) {
	case VIEW_KEY_ESCAPE:
	case VIEW_KEY_BACKSPACE:
	case VIEW_KEY_ENTER:
		view->is_open = false;
		break;
	case VIEW_KEY_UP:
	case 'k':
		return scroll(view, -1);
	case VIEW_KEY_DOWN:
	case 'j':
		return scroll(view, 1);
	case VIEW_KEY_PAGE_UP:
		return scroll(view, -PAGE_ROWS);
	case VIEW_KEY_PAGE_DOWN:
		return scroll(view, PAGE_ROWS);
	case VIEW_KEY_HOME:
		view->first_line = 0;
		break;
	case VIEW_KEY_LEFT:
		return shift(view, -1);
	case VIEW_KEY_RIGHT:
		return shift(view, 1);
	case '+':
	case '=':
		return zoom(view, 1);
	case '-':
		return zoom(view, -1);
	case 'n':
		return choose_stall(view, board, 1);
	case 'p':
		return choose_stall(view, board, -1);
	case 'l':
		view->is_strip_live = !view->is_strip_live;
		break;
	default:
		break;
	}
}

/* ---- any ---- */

static void typing_key(struct view *view, int key)
{
	size_t len = strlen(view->typed);

	if (key == VIEW_KEY_ENTER || key == VIEW_KEY_ESCAPE) {
		if (key == VIEW_KEY_ENTER)
			memcpy(view->part, view->typed, sizeof(view->part));
		view->is_typing = false;
		view->has_row = false;
		view->first_row = 0;
	} else if (key == VIEW_KEY_BACKSPACE) {
		while (len && ((unsigned char)view->typed[--len] & 0xc0) == 0x80)
			;
		view->typed[len] = 0;
	} else if (key >= ' ' && key < 256 && key != 127 && len < sizeof(view->typed) - 1) {
		view->typed[len] = (char)key;
		view->typed[len + 1] = 0;
	}
}

static enum view_action common_key(struct view *view, struct board *board, int key)
{
	switch (key) {
	case 'q':
	case 3: /* ^C, of a terminal that makes no signals of keys */
		return VIEW_QUIT;
	case 26: /* ^Z */
		return VIEW_SUSPEND;
	case 'w':
		return VIEW_WRITE;
	case '>':
		return VIEW_FASTER;
	case '<':
		return VIEW_SLOWER;
	case ' ':
		view->is_paused = !view->is_paused;
		break;
	case 'z':
		board_zero(board);
		view->stall_nr = 0;
		break;
	case 'h':
	case '?':
		view->has_help = true;
		break;
	default:
		if (view->is_open)
			vm_key(view, board, key);
		else
			table_key(view, board, key);
	}
	return VIEW_NOTHING;
}

enum view_action view_key(struct view *view, struct board *board, int key)
{
	view->message[0] = 0;
	if (view->is_typing && key != 3) {
		typing_key(view, key);
		return VIEW_NOTHING;
	}
	if (view->has_help && key != 3) {
		view->has_help = false;
		return VIEW_NOTHING;
	}
	return common_key(view, board, key);
}

/* ---- what it looks like ---- */

static void put_last_line(const struct view *view, struct screen *screen)
{
	if (view->message[0]) {
		screen_style(screen, STYLE_STRONG);
		screen_put(screen, view->message);
	} else if (view->is_typing) {
		screen_style(screen, STYLE_STRONG);
		screen_putf(screen, "VMs with this in their name: %s_", view->typed);
	} else if (view->has_help) {
		screen_put(screen, "any key: back");
	} else if (view->is_open) {
		screen_put(screen, "Esc back  n p stall  arrows + - strip  Space pause  h help");
		if (view->more_lines)
			screen_putf(screen, "  (Down: %zu more)", view->more_lines);
	} else {
		screen_putf(screen,
			    "q quit  Enter open  s sort: %s  / filter%s%s%s  Space pause  h help",
			    board_sort_name(view->sort), view->part[0] ? ": '" : "", view->part,
			    view->part[0] ? "'" : "");
	}
	screen_end_line(screen);
}

static void put_page(struct view *view, const struct board *board, struct screen *screen)
{
	if (view->has_help)
		pane_put_help(screen);
	else if (view->is_open)
		pane_put_vm(view, board, screen);
	else
		pane_put_table(view, board, screen);
}

/* Nobody has chosen: the one that comes first. */
static void choose_open(struct view *view, const struct board *board, struct screen *screen)
{
	size_t cnt;
	struct board_row **rows = board_list(board, view->sort, view->part, &cnt);

	screen->text.failed |= !rows;
	if (cnt)
		view->row_id = rows[0]->id;
	free(rows);
}

void view_draw(struct view *view, const struct board *board, struct screen *screen)
{
	if (view->is_open && !view->has_row)
		choose_open(view, board, screen);
	pane_put_head(view, board, screen);
	put_page(view, board, screen);
	if (!screen->rows)
		return;
	while (screen->lines + 1 < screen->rows)
		screen_end_line(screen);
	put_last_line(view, screen);
}
