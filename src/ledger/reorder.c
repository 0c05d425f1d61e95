// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/reorder.h"

#include <errno.h>
#include <stdbool.h>
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
	struct copy *copy;
};

/* So few are put in order one by one. */
#define RUN 16

/*
 * Those from .first on are in order of time; those from .fresh on as they came, which is nearly
 * that: with 192 CPUs a record has overtaken eighty. They are put in order together, once the
 * oldest of them is to leave. Equals in time keep the order of arrival.
 */
struct reorder {
	uint64_t window_ns;
	reorder_fn fn;
	void *ctx;
	struct held *list, *spare; /* as many in both */
	size_t first, fresh, end, list_cap, spare_cap;
	uint64_t fresh_ns;   /* the oldest from .fresh on */
	struct chunk *chunk; /* where the next copy goes; it is not freed */
	uint64_t newest_ns, left_ns, due_ns, late;
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
	free(order->chunk);
	free(order->list);
	free(order->spare);
	free(order);
}

/* The first in [from, to), which is in order, that is younger. */
static size_t first_after(const struct held *list, size_t from, size_t to, uint64_t ts_ns)
{
	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (list[mid].ts_ns > ts_ns)
			to = mid;
		else
			from = mid + 1;
	}
	return from;
}

/* Each of [from, mid) and [mid, to) is in order. Most of both stays where it is. */
static void merge(struct reorder *order, size_t from, size_t mid, size_t to)
{
	struct held *list = order->list;
	const struct held *old = order->spare, *end;

	if (from == mid || list[mid - 1].ts_ns <= list[mid].ts_ns)
		return;
	from = first_after(list, from, mid, list[mid].ts_ns);
	end = old + (mid - from);
	memcpy(order->spare, list + from, (mid - from) * sizeof(*list));
	while (old < end)
		list[from++] = mid < to && list[mid].ts_ns < old->ts_ns ? list[mid++] : *old++;
}

static void sort_few(struct held *list, size_t cnt)
{
	for (size_t i = 1; i < cnt; i++) {
		struct held held = list[i];
		size_t at = i;

		for (; at && list[at - 1].ts_ns > held.ts_ns; at--)
			list[at] = list[at - 1];
		list[at] = held;
	}
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void sort_fresh(struct reorder *order)
{
	size_t end = order->end;

	for (size_t i = order->fresh; i < end; i += RUN)
		sort_few(order->list + i, least(RUN, end - i));
	for (size_t cnt = RUN; cnt < end - order->fresh; cnt *= 2)
		for (size_t i = order->fresh; i + cnt < end; i += 2 * cnt)
			merge(order, i, i + cnt, least(i + 2 * cnt, end));
	merge(order, order->first, order->fresh, end);
	order->fresh = end;
	order->fresh_ns = UINT64_MAX;
}

/* The oldest, if it is to leave: not younger than .due_ns. NULL: it is not. */
static const struct held *next_due(struct reorder *order)
{
	const struct held *first;

	if (order->fresh < order->end && order->fresh_ns <= order->due_ns)
		sort_fresh(order);
	first = order->first < order->fresh ? &order->list[order->first] : NULL;
	return first && first->ts_ns <= order->due_ns ? first : NULL;
}

static int leave(struct reorder *order, uint64_t ts_ns, const void *record, size_t size)
{
	if (ts_ns > order->left_ns)
		order->left_ns = ts_ns;
	return order->fn(order->ctx, record, size);
}

/* Those of many CPUs leave in another order than they came: how many records before it leaves a
 * copy is fetched. */
#define AHEAD 8

static int pop(struct reorder *order, const struct held *next)
{
	struct held first = *next;
	int ret;

	if (order->first + AHEAD < order->fresh)
		__builtin_prefetch(order->list[order->first + AHEAD].copy);
	if (++order->first == order->end)
		order->first = order->fresh = order->end = 0;
	ret = leave(order, first.ts_ns, first.copy->record, first.copy->size);
	chunk_leave(order, first.copy->chunk);
	return ret;
}

/* Who is not younger is to leave. */
static uint64_t due_at(const struct reorder *order, uint64_t now_ns)
{
	if (now_ns == UINT64_MAX)
		return UINT64_MAX;
	return now_ns > order->window_ns ? now_ns - order->window_ns : 0;
}

int reorder_flush(struct reorder *order, uint64_t now_ns)
{
	const struct held *next;
	int ret = 0, one;

	order->due_ns = due_at(order, now_ns);
	while ((next = next_due(order))) {
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
	order->fresh -= order->first;
	order->first = 0;
	order->end = cnt;
}

static bool has_room(struct reorder *order)
{
	tidy_list(order);
	return ARRAY_ROOM(order->list, order->list_cap, order->end, 256) &&
	       ARRAY_ROOM(order->spare, order->spare_cap, order->end, 256);
}

/* Returns 0 or -ENOMEM. */
static int hold(struct reorder *order, uint64_t ts_ns, const void *record, size_t size)
{
	struct copy *copy = has_room(order) ? copy_new(order, record, size) : NULL;
	bool is_in_order =
		order->fresh == order->end &&
		(order->first == order->end || order->list[order->end - 1].ts_ns <= ts_ns);

	if (!copy)
		return -ENOMEM;
	order->list[order->end++] = (struct held){.ts_ns = ts_ns, .copy = copy};
	if (is_in_order)
		order->fresh = order->end;
	else if (order->fresh + 1 == order->end || ts_ns < order->fresh_ns)
		order->fresh_ns = ts_ns;
	return 0;
}

int reorder_push(struct reorder *order, const void *record, size_t size)
{
	uint64_t ts_ns = ((const struct ks_head *)record)->ts_ns;
	bool is_due = ts_ns <= due_at(order, order->newest_ns); /* as all have left that are */

	if (!is_due && hold(order, ts_ns, record, size))
		return -ENOMEM;
	if (ts_ns < order->left_ns)
		order->late++;
	if (is_due)
		return leave(order, ts_ns, record, size);
	if (ts_ns > order->newest_ns)
		order->newest_ns = ts_ns;
	return reorder_flush(order, order->newest_ns);
}

uint64_t reorder_late(const struct reorder *order)
{
	return order->late;
}
