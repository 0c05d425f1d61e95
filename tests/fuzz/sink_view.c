// SPDX-License-Identifier: GPL-2.0-only
#include "sink_view.h"

#include <stdlib.h>
#include <string.h>

#include "capture/capture.h"
#include "output/text/text.h"
#include "view/board.h"
#include "view/screen.h"
#include "view/view.h"

struct sink_view {
	struct board board;
	struct view view;
	struct screen screen;
	uint64_t calls;
};

static void require(int is_true)
{
	if (!is_true)
		abort();
}

struct sink_view *sink_view_new(void)
{
	static const struct filter all;
	struct sink_view *sink = calloc(1, sizeof(*sink));

	require(sink && !board_init(&sink->board, &all, 1));
	view_init(&sink->view, false, false);
	screen_init(&sink->screen);
	return sink;
}

/* Lines are as many as the screen has, and none is too wide, or has what a terminal would obey. */
static void check(const struct screen *screen)
{
	struct str text;
	size_t lines = 0, cols = 0;

	str_init(&text);
	screen_plain(screen, &text);
	require(!str_failed(&text));
	for (const char *at = text.text; *at; at++) {
		lines += *at == '\n';
		cols = *at == '\n' ? 0 : cols + 1;
		require(cols <= screen->cols);
		require(*at == '\n' || (*at >= ' ' && *at < 127));
	}
	require(!screen->rows || lines == screen->rows);
	str_fini(&text);
}

static void draw(struct sink_view *sink, size_t rows, size_t cols)
{
	screen_reset(&sink->screen, rows, cols, false);
	view_draw(&sink->view, &sink->board, &sink->screen);
	check(&sink->screen);
}

/* @chance says which key is typed, and the size. */
static void use(struct sink_view *sink, uint64_t chance)
{
	static const int keys[] = {'j',
				   VIEW_KEY_ENTER,
				   'n',
				   'p',
				   '+',
				   '-',
				   VIEW_KEY_LEFT,
				   VIEW_KEY_RIGHT,
				   VIEW_KEY_END,
				   'l',
				   VIEW_KEY_PAGE_DOWN,
				   's',
				   'h',
				   'z',
				   VIEW_KEY_ESCAPE,
				   ' '};

	view_key(&sink->view, &sink->board, keys[chance % (sizeof(keys) / sizeof(keys[0]))]);
	board_tick(&sink->board, sink->board.now_ns + chance % 7);
	draw(sink, 1 + chance % 61, 1 + chance % 211);
}

void sink_view_head(struct sink_view *sink, const struct capture_head *head)
{
	struct board_source source = {
		.path = "fuzz",
		.text = {.host = {.hz = head->hz, .rcu_normal = head->rcu_normal},
			 .clock_offset_ns = head->clock_offset_ns},
		.sees_callbacks = true,
	};

	memcpy(source.backend, head->backend, sizeof(source.backend));
	board_begin(&sink->board, &source);
}

void sink_view_record(struct sink_view *sink, const void *record, size_t size,
		      const struct symbols *syms)
{
	board_record(&sink->board, record, size, syms);
}

/* Screens are seldom: the first stalls', and ever fewer. */
void sink_view_stall(struct sink_view *sink, const struct stall *stall)
{
	board_stall(&sink->board, stall);
	sink->calls++;
	if (!(sink->calls & (sink->calls - 1)))
		use(sink, stall->latency_ns);
}

void sink_view_asleep(struct sink_view *sink, const struct stall *stall)
{
	board_asleep(&sink->board, stall);
}

void sink_view_vm_new(struct sink_view *sink, const struct vm *vm)
{
	board_vm_new(&sink->board, vm);
}

void sink_view_vm_gone(struct sink_view *sink, const struct vm *vm)
{
	board_vm_gone(&sink->board, vm);
}

void sink_view_end(struct sink_view *sink)
{
	board_end(&sink->board);
	use(sink, sink->calls);
	view_init(&sink->view, false, true);
	draw(sink, 24, 80);
	view_init(&sink->view, true, true);
	draw(sink, 0, 80);
	screen_fini(&sink->screen);
	board_fini(&sink->board);
	free(sink);
}
