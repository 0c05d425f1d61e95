// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/reorder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#include <kvmstall/records.h>

/* The heap owns the records; gcc 12 loses sight of them when slots change places. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

struct held {
	uint64_t ts_ns;
	uint64_t nr; /* order of arrival, among equals in time */
	size_t size;
	void *record;
};

/* A binary heap: the oldest on top. */
struct reorder {
	uint64_t window_ns;
	reorder_fn fn;
	void *ctx;
	struct held *heap;
	size_t cnt, cap;
	uint64_t nr, newest_ns, left_ns, late;
};

struct reorder *reorder_new(uint64_t window_ns, reorder_fn fn, void *ctx)
{
	struct reorder *order = calloc(1, sizeof(*order));

	if (!order)
		return NULL;
	order->window_ns = window_ns;
	order->fn = fn;
	order->ctx = ctx;
	return order;
}

void reorder_free(struct reorder *order)
{
	if (!order)
		return;
	for (size_t i = 0; i < order->cnt; i++)
		free(order->heap[i].record);
	free(order->heap);
	free(order);
}

static int is_before(const struct held *a, const struct held *b)
{
	return a->ts_ns != b->ts_ns ? a->ts_ns < b->ts_ns : a->nr < b->nr;
}

static void swap(struct held *a, struct held *b)
{
	struct held tmp = *a;

	*a = *b;
	*b = tmp;
}

static void sift_up(struct reorder *order, size_t i)
{
	for (; i && is_before(&order->heap[i], &order->heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&order->heap[i], &order->heap[(i - 1) / 2]);
}

static void sift_down(struct reorder *order)
{
	size_t i = 0, child;

	while ((child = 2 * i + 1) < order->cnt) {
		if (child + 1 < order->cnt &&
		    is_before(&order->heap[child + 1], &order->heap[child]))
			child++;
		if (!is_before(&order->heap[child], &order->heap[i]))
			return;
		swap(&order->heap[i], &order->heap[child]);
		i = child;
	}
}

static int pop(struct reorder *order)
{
	struct held first = order->heap[0];
	int ret;

	order->heap[0] = order->heap[--order->cnt];
	sift_down(order);
	if (first.ts_ns > order->left_ns)
		order->left_ns = first.ts_ns;
	ret = order->fn(order->ctx, first.record, first.size);
	free(first.record);
	return ret;
}

int reorder_flush(struct reorder *order, uint64_t now_ns)
{
	uint64_t until = now_ns > order->window_ns ? now_ns - order->window_ns : 0;
	int ret = 0, one;

	if (now_ns == UINT64_MAX)
		until = UINT64_MAX;
	while (order->cnt && order->heap[0].ts_ns <= until) {
		one = pop(order);
		if (one)
			ret = one;
	}
	return ret;
}

int reorder_push(struct reorder *order, const void *record, size_t size)
{
	struct held held = {.nr = order->nr++, .size = size};

	held.ts_ns = ((const struct ks_head *)record)->ts_ns;
	if (!ARRAY_ROOM(order->heap, order->cap, order->cnt, 256))
		return -ENOMEM;
	held.record = malloc(size);
	if (!held.record)
		return -ENOMEM;
	memcpy(held.record, record, size);
	if (held.ts_ns < order->left_ns)
		order->late++;
	if (held.ts_ns > order->newest_ns)
		order->newest_ns = held.ts_ns;
	order->heap[order->cnt++] = held;
	sift_up(order, order->cnt - 1);
	return reorder_flush(order, order->newest_ns);
}

uint64_t reorder_late(const struct reorder *order)
{
	return order->late;
}
