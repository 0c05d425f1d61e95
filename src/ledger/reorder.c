// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/reorder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#include <kvmstall/records.h>

/*
 * Copies of records are put one after the other, as they come, and nearly leave in that order: to
 * read one is to read on, and not to wait for memory.
 */
#define CHUNK_BYTES (64 << 10)

struct chunk {
	size_t used;
	size_t held_cnt; /* records in it that have not left; the last to leave frees it */
	_Alignas(8) char bytes[];
};

struct copy {
	struct chunk *chunk;
	size_t size;
	_Alignas(8) char record[];
};

struct held {
	uint64_t ts_ns;
	uint64_t nr; /* order of arrival, among equals in time */
	struct copy *copy;
};

/* A record that was overtaken by more than these is not put in its place one by one. */
#define OVERTAKEN_MAX 512
/* With 192 CPUs a record has overtaken eighty: they are passed by so many at a time. */
#define STRIDE 16

/*
 * Nearly all are younger than those before, or than all but a few: these are a list in order of
 * time, which ends at .end. The others are a binary heap: the oldest on top.
 */
struct reorder {
	uint64_t window_ns;
	reorder_fn fn;
	void *ctx;
	struct held *list;
	size_t first, end, list_cap;
	struct held *heap;
	size_t heap_cnt, heap_cap;
	struct chunk *chunk; /* where the next copy goes; it is not freed */
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

static struct chunk *chunk_new(size_t bytes)
{
	size_t room = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
	struct chunk *chunk = malloc(sizeof(*chunk) + room);

	if (!chunk)
		return NULL;
	chunk->used = chunk->held_cnt = 0;
	return chunk;
}

static void chunk_leave(const struct reorder *order, struct chunk *chunk)
{
	if (--chunk->held_cnt)
		return;
	chunk->used = 0;
	if (chunk != order->chunk)
		free(chunk);
}

static struct copy *copy_new(struct reorder *order, const void *record, size_t size)
{
	size_t bytes = (sizeof(struct copy) + size + 7) & ~(size_t)7;
	struct chunk *chunk = order->chunk;
	struct copy *copy;

	if (!chunk || chunk->used + bytes > CHUNK_BYTES) {
		chunk = chunk_new(bytes);
		if (!chunk)
			return NULL;
		if (order->chunk && !order->chunk->held_cnt)
			free(order->chunk);
		order->chunk = chunk;
	}
	copy = (struct copy *)(void *)(chunk->bytes + chunk->used);
	copy->chunk = chunk;
	copy->size = size;
	memcpy(copy->record, record, size);
	chunk->used += bytes;
	chunk->held_cnt++;
	return copy;
}

void reorder_free(struct reorder *order)
{
	if (!order)
		return;
	for (size_t i = order->first; i < order->end; i++)
		chunk_leave(order, order->list[i].copy->chunk);
	for (size_t i = 0; i < order->heap_cnt; i++)
		chunk_leave(order, order->heap[i].copy->chunk);
	free(order->chunk);
	free(order->list);
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

	while ((child = 2 * i + 1) < order->heap_cnt) {
		if (child + 1 < order->heap_cnt &&
		    is_before(&order->heap[child + 1], &order->heap[child]))
			child++;
		if (!is_before(&order->heap[child], &order->heap[i]))
			return;
		swap(&order->heap[i], &order->heap[child]);
		i = child;
	}
}

/* The oldest; NULL: there is none. */
static const struct held *oldest(const struct reorder *order)
{
	const struct held *listed = order->first < order->end ? &order->list[order->first] : NULL;

	if (!order->heap_cnt || (listed && is_before(listed, order->heap)))
		return listed;
	return order->heap;
}

/* @next: the oldest. */
static int pop(struct reorder *order, const struct held *next)
{
	struct held first = *next;
	int ret;

	if (order->heap_cnt && first.nr == order->heap->nr) {
		order->heap[0] = order->heap[--order->heap_cnt];
		sift_down(order);
	} else if (++order->first == order->end) {
		order->first = order->end = 0;
	}
	if (first.ts_ns > order->left_ns)
		order->left_ns = first.ts_ns;
	ret = order->fn(order->ctx, first.copy->record, first.copy->size);
	chunk_leave(order, first.copy->chunk);
	return ret;
}

int reorder_flush(struct reorder *order, uint64_t now_ns)
{
	uint64_t until = now_ns > order->window_ns ? now_ns - order->window_ns : 0;
	const struct held *next;
	int ret = 0, one;

	if (now_ns == UINT64_MAX)
		until = UINT64_MAX;
	while ((next = oldest(order)) && next->ts_ns <= until) {
		one = pop(order, next);
		if (one)
			ret = one;
	}
	return ret;
}

/* What has left its place at the start is used again when as much has left as there still is. */
static void tidy_list(struct reorder *order)
{
	size_t cnt = order->end - order->first;

	if (!order->first || order->first < cnt || order->end < order->list_cap)
		return;
	memcpy(order->list, order->list + order->first, cnt * sizeof(*order->list));
	order->first = 0;
	order->end = cnt;
}

/* Where it belongs in the list; .end + 1: too far from the end. */
static size_t place_of(const struct reorder *order, const struct held *held)
{
	size_t at = order->end;

	while (at >= order->first + STRIDE && is_before(held, &order->list[at - STRIDE])) {
		at -= STRIDE;
		if (order->end - at > OVERTAKEN_MAX)
			return order->end + 1;
	}
	while (at > order->first && is_before(held, &order->list[at - 1]))
		at--;
	return at;
}

static int hold_in_list(struct reorder *order, size_t at, const struct held *held)
{
	if (!ARRAY_ROOM(order->list, order->list_cap, order->end, 256))
		return -ENOMEM;
	memmove(order->list + at + 1, order->list + at, (order->end - at) * sizeof(*held));
	order->list[at] = *held;
	order->end++;
	return 0;
}

static int hold_in_heap(struct reorder *order, const struct held *held)
{
	if (!ARRAY_ROOM(order->heap, order->heap_cap, order->heap_cnt, 256))
		return -ENOMEM;
	order->heap[order->heap_cnt++] = *held;
	sift_up(order, order->heap_cnt - 1);
	return 0;
}

/* Returns 0 or -ENOMEM. */
static int hold(struct reorder *order, const struct held *held)
{
	size_t at;

	tidy_list(order);
	at = place_of(order, held);
	return at > order->end ? hold_in_heap(order, held) : hold_in_list(order, at, held);
}

int reorder_push(struct reorder *order, const void *record, size_t size)
{
	struct held held = {.ts_ns = ((const struct ks_head *)record)->ts_ns,
			    .nr = order->nr++,
			    .copy = copy_new(order, record, size)};

	if (!held.copy)
		return -ENOMEM;
	if (hold(order, &held)) {
		chunk_leave(order, held.copy->chunk);
		return -ENOMEM;
	}
	if (held.ts_ns < order->left_ns)
		order->late++;
	if (held.ts_ns > order->newest_ns)
		order->newest_ns = held.ts_ns;
	return reorder_flush(order, order->newest_ns);
}

uint64_t reorder_late(const struct reorder *order)
{
	return order->late;
}
