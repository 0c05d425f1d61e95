// SPDX-License-Identifier: GPL-2.0-only
/* One VM: what it lost, who waits, its last stalls with their accounts, and a strip of each. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/format.h"
#include "view/pane.h"

#define NS_LEN	     24
#define WAITS_MAX    5
#define LIVE_JIFFIES 64
#define LIVE_NS	     256000000ULL /* where HZ is not known */

/* ---- what it adds up to ---- */

static void put_name(const struct board *board, const struct board_row *row, struct screen *screen)
{
	char ns[NS_LEN];

	screen_style(screen, STYLE_STRONG);
	screen_put(screen, row->name);
	screen_style(screen, STYLE_PLAIN);
	if (row->gone_ns && board->now_ns > row->gone_ns)
		screen_putf(screen, " ended %s ago",
			    format_nsec(board->now_ns - row->gone_ns, ns, sizeof(ns)));
	else if (row->gone_ns)
		screen_put(screen, " ended");
	screen_putf(screen, ": %" PRIu64 " stall%s in %" PRIu64 " call%s that slept", row->stalls,
		    format_s(row->stalls), row->calls, format_s(row->calls));
	screen_putf(screen, "; %s lost", format_nsec(row->lost_ns, ns, sizeof(ns)));
	screen_end_line(screen);
}

static void put_worst(const struct board_row *row, struct screen *screen)
{
	char ns[NS_LEN];

	if (row->worst_ns)
		screen_putf(screen, "at worst %s, in %s; ",
			    format_nsec(row->worst_ns, ns, sizeof(ns)),
			    pane_call(row->worst_call, 22));
}

static int wait_cmp(const void *a, const void *b)
{
	const struct board_wait *one = *(const struct board_wait *const *)a,
				*two = *(const struct board_wait *const *)b;

	if (one->begin_ns != two->begin_ns)
		return one->begin_ns < two->begin_ns ? -1 : 1;
	return one->tid < two->tid ? -1 : one->tid > two->tid;
}

static void put_wait(const struct board *board, const struct board_wait *wait,
		     struct screen *screen)
{
	char ns[NS_LEN];

	screen_style(screen, STYLE_ALERT);
	screen_putf(screen, "in flight for %s",
		    format_nsec(board_wait_ns(board, wait), ns, sizeof(ns)));
	screen_style(screen, STYLE_PLAIN);
	screen_putf(screen, ": %s by %s[%" PRIu32 "], ", pane_call(wait->call, 64), wait->comm,
		    wait->tid);
	screen_style(screen, STYLE_CAUSE + wait->cause);
	screen_put(screen, cause_name(wait->cause));
	screen_style(screen, STYLE_PLAIN);
	screen_end_line(screen);
}

static void put_waits(const struct board *board, const struct board_row *row, struct screen *screen)
{
	const struct board_wait **list = malloc((board->waits.cnt + 1) * sizeof(*list));
	const struct map_slot *slot;
	size_t pos = 0, cnt = 0;

	screen->text.failed |= !list;
	while (list && (slot = map_next(&board->waits, &pos))) {
		const struct board_wait *wait = slot->value;

		if (wait->row_id == row->id)
			list[cnt++] = wait;
	}
	if (cnt)
		qsort(list, cnt, sizeof(*list), wait_cmp);
	for (size_t i = 0; i < cnt && i < WAITS_MAX; i++)
		put_wait(board, list[i], screen);
	if (cnt > WAITS_MAX) {
		screen_putf(screen, "and %zu more", cnt - WAITS_MAX);
		screen_end_line(screen);
	}
	free(list);
}

/* ---- a stall ---- */

/* Where @text of @width columns is best broken: at its last blank, if there is one. */
static size_t break_at(const char *text, size_t len, size_t width, size_t indent)
{
	size_t at = width;

	if (len <= width)
		return len;
	while (at > indent + 1 && text[at] != ' ')
		at--;
	return at > indent + 1 ? at : width;
}

static void put_wrapped(const char *line, size_t len, struct screen *screen)
{
	size_t indent = strspn(line, " "), pad = 0, cnt;

	indent = indent < len ? indent : len;
	while (len) {
		size_t width = screen->cols > pad + 8 ? screen->cols - pad : 8;

		cnt = break_at(line, len, width, pad ? 0 : indent);
		screen_pad(screen, pad);
		screen_putn(screen, line, cnt);
		screen_end_line(screen);
		line += cnt;
		len -= cnt;
		while (len && *line == ' ') {
			line++;
			len--;
		}
		pad = indent + 4;
	}
}

/* The line of a stall is made of columns, which are wider than they need be here. */
static void put_headline(const char *line, size_t len, struct screen *screen)
{
	const char *part;
	struct str text;

	str_init(&text);
	for (size_t i = 0; i < len; i++)
		if (line[i] != ' ' || i < 2 || line[i - 1] != ' ' || line[i - 2] != ' ')
			str_addc(&text, line[i]);
	screen_style(screen, STYLE_STRONG);
	part = str_part(&screen->text, &text);
	put_wrapped(part, strlen(part), screen);
	str_fini(&text);
}

static const char *end_of(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end : line + strlen(line);
}

/* The whole of the call, and an eighth before it; less of it when zoomed. */
static void window_of(const struct view *view, const struct board_stall *kept,
		      struct lanes_window *window)
{
	const struct lanes *lanes = &kept->lanes;
	uint64_t before = lanes->begin_ns - lanes->from_ns, all = lanes->to_ns - lanes->begin_ns;
	uint64_t from = lanes->begin_ns - (before < all / 8 ? before : all / 8), step;

	window->ns = (lanes->to_ns - from) >> view->zoom;
	step = window->ns / 4;
	if (view->offset < 0 && from - lanes->from_ns < step * (uint64_t)-view->offset)
		from = lanes->from_ns;
	else
		from += (uint64_t)((int64_t)step * view->offset);
	if (from > lanes->to_ns - window->ns)
		from = lanes->to_ns - window->ns;
	window->from_ns = from;
}

static void put_scale(const struct board *board, const struct lanes_window *window,
		      struct screen *screen)
{
	char time[16], ns[NS_LEN];

	text_time(window->from_ns, board->source.text.clock_offset_ns, time, sizeof(time));
	screen_style(screen, STYLE_FAINT);
	screen_putf(screen, "from %s on, %s: T C timers, K queued, G at work, R a reader", time,
		    format_nsec(window->ns, ns, sizeof(ns)));
	screen_end_line(screen);
}

/* Who is to blame, and what to do. */
static bool is_verdict(const char *line)
{
	static const char *const leads[] = {"    culprit: ", "    advice: ", "    without the "};

	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++)
		if (!strncmp(line, leads[i], strlen(leads[i])))
			return true;
	return false;
}

/* Of what is under a stall's line its verdict, which whoever is in a hurry looks for, or the rest.
 */
static void put_account(const char *text, bool is_for_verdict, struct screen *screen)
{
	for (const char *line = end_of(text); *line && line[1]; line = end_of(line)) {
		line++;
		if (is_verdict(line) != is_for_verdict)
			continue;
		screen_style(screen, is_for_verdict ? STYLE_STRONG : STYLE_PLAIN);
		put_wrapped(line, end_of(line) - line, screen);
	}
}

static void put_stall(const struct view *view, const struct board *board,
		      const struct board_stall *kept, struct screen *screen)
{
	struct lanes_window window;
	const char *line = kept->text;

	if (!line)
		return;
	put_headline(line, end_of(line) - line, screen);
	window_of(view, kept, &window);
	put_scale(board, &window, screen);
	lanes_put(&kept->lanes, &window, board->source.text.host.hz, screen);
	put_account(kept->text, true, screen);
	put_account(kept->text, false, screen);
}

static const struct board_stall *find_stall(const struct view *view, const struct board_row *row,
					    size_t *nth)
{
	const struct board_stall *kept = row->kept;

	*nth = 1;
	if (!view->stall_nr)
		return kept;
	for (; kept; kept = kept->next, (*nth)++)
		if (kept->nr <= view->stall_nr)
			return kept;
	*nth = 1;
	return row->kept;
}

static void put_stalls(const struct view *view, const struct board *board,
		       const struct board_row *row, struct screen *screen)
{
	const struct board_stall *kept;
	size_t nth;

	for (kept = row->kept; view->is_batch && kept; kept = kept->next)
		put_stall(view, board, kept, screen);
	if (view->is_batch)
		return;
	kept = find_stall(view, row, &nth);
	if (!kept) {
		screen_put(screen, "no stall so far; l shows what its grace periods do now");
		screen_end_line(screen);
		return;
	}
	screen_style(screen, STYLE_TITLE);
	screen_putf(screen,
		    "stall %" PRIu64 " of %" PRIu64
		    ", %zu of the last %zu: n the one before, p the next",
		    kept->nr, row->stalls, nth, row->kept_cnt);
	screen_pad(screen, screen->cols);
	screen_end_line(screen);
	put_stall(view, board, kept, screen);
}

/* ---- now ---- */

static void put_live_strip(const struct view *view, const struct board *board,
			   const struct board_row *row, struct screen *screen)
{
	uint32_t hz = board->source.text.host.hz;
	uint64_t ns = (hz ? LIVE_JIFFIES * (1000000000ULL / hz) : LIVE_NS) >> view->zoom;
	struct lanes_window window = {.ns = ns};
	struct lanes lanes;

	if (!row->vm || !row->vm->srcu || board->now_ns < ns) {
		screen_put(screen, "the VM has ended, or nothing is known of its grace periods");
		screen_end_line(screen);
		return;
	}
	lanes_of_vm(&lanes, row->vm, board->now_ns, ns);
	window.from_ns = lanes.from_ns;
	put_scale(board, &window, screen);
	if (!lanes.cnt) {
		screen_put(screen, "its domains rest");
		screen_end_line(screen);
	}
	lanes_put(&lanes, &window, hz, screen);
	screen->text.failed |= lanes.lacks_memory;
	lanes_fini(&lanes);
}

/* ---- the page ---- */

static void put_body(const struct view *view, const struct board *board,
		     const struct board_row *row, struct screen *body)
{
	put_name(board, row, body);
	pane_put_causes(row, body);
	put_worst(row, body);
	pane_put_deferral(board, row->id, body);
	screen_end_line(body);
	put_waits(board, row, body);
	if (view->is_strip_live)
		put_live_strip(view, board, row, body);
	put_stalls(view, board, row, body);
}

static void scroll_to(struct view *view, const struct screen *body, size_t room)
{
	size_t last = body->lines > room ? body->lines - room : 0;

	if (view->first_line > last)
		view->first_line = last;
}

void pane_put_vm(struct view *view, const struct board *board, struct screen *screen)
{
	const struct board_row *row = board_find(board, view->row_id);
	size_t room = pane_lines(screen), i = 0;
	struct screen body;
	const char *line;

	view->more_lines = 0;
	if (!row) {
		screen_put(screen, "this VM has ended, long ago");
		screen_end_line(screen);
		return;
	}
	screen_init(&body);
	screen_reset(&body, 0, screen->cols, screen->use_utf8);
	put_body(view, board, row, &body);
	scroll_to(view, &body, room);
	view->more_lines =
		body.lines > view->first_line + room ? body.lines - view->first_line - room : 0;
	for (line = body.text.text; *line; line = end_of(line) + 1, i++) {
		if (i < view->first_line || i - view->first_line >= room)
			continue;
		str_addn(&screen->text, line, end_of(line) + 1 - line);
		screen->lines++;
	}
	screen->text.failed |= str_failed(&body.text);
	screen_fini(&body);
}
