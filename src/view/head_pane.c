// SPDX-License-Identifier: GPL-2.0-only
/* What every screen begins with. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/format.h"
#include "output/summary.h"
#include "view/pane.h"

#define NS_LEN	       24
#define PATH_WIDTH_MIN 12

/* "17 RECORDS LOST: ring 12, tasks 5" */
static void put_losses(const struct board *board, struct screen *screen)
{
	uint64_t lost = board_lost_records(board);
	const char *sep = ": ";

	if (!lost) {
		screen_put(screen, board->lacks_memory ? "" : "nothing lost");
	} else {
		screen_style(screen, STYLE_ALERT);
		screen_putf(screen, "%" PRIu64 " LOST", lost);
		for (int i = 0; i < KS_LOSS_CNT; i++) {
			if (!board->losses[i])
				continue;
			screen_putf(screen, "%s%s %" PRIu64, sep, loss_name(i), board->losses[i]);
			sep = ", ";
		}
		screen_style(screen, STYLE_PLAIN);
	}
	if (board->lacks_memory) {
		screen_style(screen, STYLE_ALERT);
		screen_put(screen, lost ? ", OUT OF MEMORY" : "OUT OF MEMORY: some is missing");
		screen_style(screen, STYLE_PLAIN);
	}
}

static void put_state(const struct view *view, const struct board *board, char *buf, size_t size)
{
	char time[16], speed[24] = "";

	text_time(board->now_ns, board->source.text.clock_offset_ns, time, sizeof(time));
	time[8] = 0; /* to the second */
	if (view->speed && !view->is_over && !view->is_batch)
		snprintf(speed, sizeof(speed), "%ux ", view->speed);
	snprintf(buf, size, "%s%s%s",
		 view->is_over	   ? "END "
		 : view->is_paused ? "PAUSED "
				   : "",
		 speed, board->now_ns ? time : "");
}

/* Where @reserved columns are left after it, and cut to what is. */
static void put_path(const struct board *board, size_t reserved, struct screen *screen)
{
	size_t room =
		screen->col + reserved < screen->cols ? screen->cols - screen->col - reserved : 0;
	size_t width = board->source.path ? screen_columns(board->source.path) : 0;

	if (!width || room < PATH_WIDTH_MIN)
		return;
	screen_put(screen, ", ");
	screen_put_left(screen, board->source.path, width < room - 2 ? width : room - 2);
}

static void put_title(const struct view *view, const struct board *board, struct screen *screen)
{
	char state[64];
	size_t width;

	put_state(view, board, state, sizeof(state));
	width = strlen(state);
	screen_style(screen, STYLE_STRONG);
	screen_put(screen, "kvmstall top");
	screen_style(screen, STYLE_PLAIN);
	if (board->source.backend[0]) /* else nothing was read yet */
		screen_putf(screen, " by %s%s", board->source.backend,
			    board->is_inferred ? " (inferred)" : "");
	screen_put(screen, ", ");
	put_losses(board, screen);
	put_path(board, width + 1, screen);
	if (screen->col + width + 1 <= screen->cols) {
		screen_pad(screen, screen->cols - width);
		screen_put(screen, state);
	}
	screen_end_line(screen);
}

static void put_sums(const struct board *board, struct screen *screen)
{
	const struct board_row *total = &board->total;
	char lost[NS_LEN], since[NS_LEN];

	screen_putf(screen,
		    "%" PRIu64 " VM%s seen, %" PRIu64 " now; %" PRIu64 " stall%s in %" PRIu64
		    " call%s that slept, %s lost in %s",
		    board->vms_seen, format_s(board->vms_seen), board->vms, total->stalls,
		    format_s(total->stalls), total->calls, format_s(total->calls),
		    format_nsec(total->lost_ns, lost, sizeof(lost)),
		    format_nsec(board->now_ns - board->begin_ns, since, sizeof(since)));
	screen_end_line(screen);
}

static void put_waits(const struct board *board, struct screen *screen)
{
	const struct board_wait *oldest = board_oldest(board, NULL);
	const struct board_row *row = oldest ? board_find(board, oldest->row_id) : NULL;
	char age[NS_LEN];

	if (oldest) {
		screen_style(screen, STYLE_ALERT);
		screen_putf(screen, "%zu in flight", board->waits.cnt);
		screen_style(screen, STYLE_PLAIN);
		screen_putf(screen, ": %s of %s for %s (%s)", pane_call(oldest->call, 22),
			    row ? row->name : "-",
			    format_nsec(board_wait_ns(board, oldest), age, sizeof(age)),
			    cause_name(oldest->cause));
	} else {
		screen_put(screen, "nobody waits now");
	}
	screen_end_line(screen);
}

/* The largest storm of all. */
static const struct board_row *stormy(const struct board *board)
{
	const struct board_row *most = NULL;
	const struct map_slot *slot;
	size_t pos = 0;

	while ((slot = map_next(&board->rows, &pos))) {
		const struct board_row *row = slot->value;

		if (row->storm.call != CALL_NONE &&
		    (!most || row->storm.ns > most->storm.ns ||
		     (row->storm.ns == most->storm.ns && row->id < most->id)))
			most = row;
	}
	return most;
}

static void put_storm(const struct board *board, struct screen *screen)
{
	const struct board_row *row = stormy(board);
	char ns[NS_LEN];

	if (!row) {
		pane_put_deferral(board, 0, screen);
	} else {
		screen_style(screen, STYLE_ALERT);
		screen_put(screen, "storm");
		screen_style(screen, STYLE_PLAIN);
		screen_putf(screen, " of %s: %" PRIu64 " short calls of %s, %s; ", row->name,
			    row->storm.cnt, pane_call(row->storm.call, 22),
			    format_nsec(row->storm.ns, ns, sizeof(ns)));
		pane_put_deferral(board, 0, screen);
	}
	screen_end_line(screen);
}

void pane_put_head(const struct view *view, const struct board *board, struct screen *screen)
{
	put_title(view, board, screen);
	put_sums(board, screen);
	put_waits(board, screen);
	if (view->is_open || view->has_help)
		return;
	pane_put_causes(&board->total, screen);
	put_storm(board, screen);
}
