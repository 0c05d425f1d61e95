// SPDX-License-Identifier: GPL-2.0-only
#include "base/tail.h"

#include <stdlib.h>
#include <string.h>

#define TAIL_MIN_CAP 4

static void resize(struct tail *tail, size_t size, size_t cap)
{
	void *items = realloc(tail->items, cap * size);

	if (!items)
		return;
	tail->items = items;
	tail->cap = cap;
}

static void shift(struct tail *tail, size_t size, size_t cnt)
{
	tail->cnt -= cnt;
	memmove(tail->items, (char *)tail->items + cnt * size, tail->cnt * size);
}

void *tail_push(struct tail *tail, size_t size, size_t max, uint64_t *dropped)
{
	void *item;

	if (tail->cnt == tail->cap && tail->cap < max) {
		size_t cap = tail->cap ? tail->cap * 2 : TAIL_MIN_CAP;

		resize(tail, size, cap < max ? cap : max);
	}
	if (!tail->cap)
		return NULL;
	if (tail->cnt == tail->cap) {
		/* A few at a time: moving all the others for each would cost more than all else. */
		size_t cnt = 1 + tail->cnt / 16;

		shift(tail, size, cnt);
		if (dropped)
			*dropped += cnt;
	}
	item = (char *)tail->items + tail->cnt++ * size;
	memset(item, 0, size);
	return item;
}

void tail_drop(struct tail *tail, size_t size, size_t cnt)
{
	if (!cnt)
		return;
	shift(tail, size, cnt);
	if (tail->cap > TAIL_MIN_CAP && tail->cnt < tail->cap / 4)
		resize(tail, size, tail->cap / 2);
}

void tail_keep_last(struct tail *tail, size_t size)
{
	if (tail->cnt > 1)
		shift(tail, size, tail->cnt - 1);
	if (!tail->cnt)
		tail_fini(tail);
	else if (tail->cap > 1)
		resize(tail, size, 1);
}

void tail_fini(struct tail *tail)
{
	free(tail->items);
	*tail = (struct tail){0};
}
