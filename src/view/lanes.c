// SPDX-License-Identifier: GPL-2.0-only
#include "view/lanes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/format.h"
#include "output/timeline.h"
#include "view/screen.h"

#define NAME_WIDTH 16
#define MARK_CELLS 4

/* ---- what is kept ---- */

static struct lanes_one *add_lane(struct lanes *lanes, const struct walk_span *list, size_t cnt)
{
	struct lanes_one *lane;

	if (!cnt || lanes->cnt == LANES_MAX)
		return NULL;
	lane = &lanes->lanes[lanes->cnt];
	lane->list = malloc(cnt * sizeof(*list));
	if (!lane->list) {
		lanes->lacks_memory = true;
		return NULL;
	}
	memcpy(lane->list, list, cnt * sizeof(*list));
	lane->cnt = cnt;
	lanes->cnt++;
	return lane;
}

/* Of segments that are more than there is room for, the last is what is left. */
static void add_call(struct lanes *lanes, const struct stall *stall)
{
	struct walk_span list[LANES_SPANS_MAX];
	uint64_t at = stall->begin_ns;
	struct lanes_one *lane;
	size_t cnt = 0;

	for (size_t i = 0; i < stall->segments_cnt; i++) {
		const struct segment *seg = &stall->segments[i];
		struct walk_span *last = cnt ? &list[cnt - 1] : NULL;

		if (last && (last->cause == seg->cause || cnt == LANES_SPANS_MAX))
			last->to_ns = at + seg->ns;
		else
			list[cnt++] = (struct walk_span){at, at + seg->ns, seg->cause};
		if (last && last->cause != seg->cause && cnt == LANES_SPANS_MAX)
			last->cause = KS_CAUSE_UNEXPLAINED;
		at += seg->ns;
	}
	lane = add_lane(lanes, list, cnt);
	if (lane)
		snprintf(lane->name, sizeof(lane->name), "call");
}

static void add_domain(struct lanes *lanes, const struct domain *dom)
{
	struct walk_span list[LANES_SPANS_MAX];
	struct lanes_one *lane;
	size_t cnt;

	if (!dom)
		return;
	for (int callbacks = 0; callbacks < 2; callbacks++) {
		cnt = walk_spans(dom, callbacks, lanes->from_ns, lanes->to_ns, list,
				 LANES_SPANS_MAX);
		lane = add_lane(lanes, list, cnt);
		if (lane)
			snprintf(lane->name, sizeof(lane->name), "%s %s",
				 domain_kind_name(domain_get_kind(dom)), callbacks ? "cb" : "GP");
	}
}

static void add_vm(struct lanes *lanes, const struct vm *vm)
{
	add_domain(lanes, vm->srcu);
	add_domain(lanes, vm->irq_srcu);
	add_domain(lanes, vm->track_srcu);
}

/* The first that is none of the VM's own: mmu_notifier's, for one. */
static const struct domain *other_domain(const struct stall *stall)
{
	for (size_t i = 0; i < stall->segments_cnt; i++) {
		const struct domain *dom = stall->segments[i].dom;

		if (dom && (!stall->vm || (dom != stall->vm->srcu && dom != stall->vm->irq_srcu &&
					   dom != stall->vm->track_srcu)))
			return dom;
	}
	return NULL;
}

void lanes_of_stall(struct lanes *lanes, const struct stall *stall)
{
	uint64_t before = stall->latency_ns < stall->begin_ns ? stall->latency_ns : stall->begin_ns;

	*lanes = (struct lanes){
		.from_ns = stall->begin_ns - before,
		.to_ns = stall->begin_ns + stall->latency_ns,
		.begin_ns = stall->begin_ns,
	};
	add_call(lanes, stall);
	if (stall->vm)
		add_vm(lanes, stall->vm);
	add_domain(lanes, other_domain(stall));
}

void lanes_of_vm(struct lanes *lanes, const struct vm *vm, uint64_t now_ns, uint64_t ns)
{
	*lanes = (struct lanes){
		.from_ns = now_ns > ns ? now_ns - ns : 0, .to_ns = now_ns, .begin_ns = now_ns};
	add_vm(lanes, vm);
}

void lanes_fini(struct lanes *lanes)
{
	for (size_t i = 0; i < lanes->cnt; i++)
		free(lanes->lanes[i].list);
	lanes->cnt = 0;
}

/* ---- how it is shown ---- */

static uint64_t cell_ns(const struct lanes_window *window, size_t cells, size_t i)
{
	return window->from_ns + window->ns / cells * i + window->ns % cells * i / cells;
}

static uint64_t overlap(const struct walk_span *span, uint64_t from, uint64_t to)
{
	uint64_t begin = span->from_ns > from ? span->from_ns : from;
	uint64_t end = span->to_ns < to ? span->to_ns : to;

	return end > begin ? end - begin : 0;
}

/* What most of what happened between these was; -1: nothing did. What is short must be seen. */
static int cause_between(const struct lanes_one *lane, uint64_t from, uint64_t to)
{
	uint64_t sums[KS_CAUSE_CNT] = {0};
	int most = -1;

	for (size_t i = 0; i < lane->cnt; i++)
		sums[lane->list[i].cause] += overlap(&lane->list[i], from, to);
	for (int cause = 0; cause < KS_CAUSE_CNT; cause++)
		if (sums[cause] && (most < 0 || sums[cause] > sums[most]))
			most = cause;
	return most;
}

static bool is_within(const struct lanes_one *lane, const struct lanes_window *window)
{
	for (size_t i = 0; i < lane->cnt; i++)
		if (overlap(&lane->list[i], window->from_ns, window->from_ns + window->ns))
			return true;
	return false;
}

static void put_lane(const struct lanes_one *lane, const struct lanes_window *window, size_t cells,
		     struct screen *screen)
{
	screen_put_left(screen, lane->name, NAME_WIDTH);
	for (size_t i = 0; i < cells; i++) {
		int cause = cause_between(lane, cell_ns(window, cells, i),
					  cell_ns(window, cells, i + 1));

		if (cause >= 0)
			screen_style(screen, STYLE_CAUSE + cause);
		screen_putc(screen, cause < 0 ? ' ' : timeline_letter(cause));
		if (cause >= 0)
			screen_style(screen, STYLE_PLAIN);
	}
	screen_end_line(screen);
}

/* Is there a mark between these? */
static bool has_jiffy(uint64_t begin_ns, uint64_t jiffy_ns, uint64_t from, uint64_t to)
{
	if (from > begin_ns)
		return (from - begin_ns - 1) / jiffy_ns != (to - begin_ns - 1) / jiffy_ns;
	return to > begin_ns || (begin_ns - to) / jiffy_ns != (begin_ns - from) / jiffy_ns;
}

static void put_ruler(const struct lanes *lanes, const struct lanes_window *window, uint32_t hz,
		      size_t cells, struct screen *screen)
{
	uint64_t jiffy_ns = 1000000000 / hz;
	char ns[24];

	screen_style(screen, STYLE_FAINT);
	if (jiffy_ns < window->ns / cells * MARK_CELLS) {
		screen_putf(screen, "%-*sa jiffy, %s, is less than four characters", NAME_WIDTH,
			    "jiffies", format_nsec(jiffy_ns, ns, sizeof(ns)));
		screen_end_line(screen);
		return;
	}
	screen_put_left(screen, "jiffies", NAME_WIDTH);
	for (size_t i = 0; i < cells; i++)
		screen_putc(screen, has_jiffy(lanes->begin_ns, jiffy_ns, cell_ns(window, cells, i),
					      cell_ns(window, cells, i + 1))
					    ? '|'
					    : '.');
	screen_end_line(screen);
}

void lanes_put(const struct lanes *lanes, const struct lanes_window *window, uint32_t hz,
	       struct screen *screen)
{
	size_t cells = screen->cols > NAME_WIDTH + 4 ? screen->cols - NAME_WIDTH : 4;

	if (window->ns < cells)
		return;
	for (size_t i = 0; i < lanes->cnt; i++)
		if (is_within(&lanes->lanes[i], window))
			put_lane(&lanes->lanes[i], window, cells, screen);
	if (hz && lanes->cnt)
		put_ruler(lanes, window, hz, cells, screen);
}
