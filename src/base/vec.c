// SPDX-License-Identifier: GPL-2.0-only
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

#define VEC_MIN_CAP 4

static void resize(struct vec *vec, size_t size, size_t cap)
{
	void *items = realloc(vec->items, cap * size);

	if (!items)
		return;
	vec->items = items;
	vec->cap = (uint16_t)cap;
}

static void shift(struct vec *vec, size_t size, size_t cnt)
{
	vec->cnt -= (uint16_t)cnt;
	memmove(vec->items, (char *)vec->items + cnt * size, vec->cnt * size);
}

/* Of one that is full: for one item more. */
bool vec_make_room(struct vec *vec, size_t size, size_t max, uint64_t *dropped)
{
	if (vec->cap < max) {
		size_t cap = vec->cap ? vec->cap * 2 : VEC_MIN_CAP;

		resize(vec, size, cap < max ? cap : max);
	}
	if (!vec->cap)
		return false;
	if (vec->cnt == vec->cap) {
		/* A few at a time: moving all the others for each would cost more than all else. */
		size_t cnt = 1 + vec->cnt / 16;

		shift(vec, size, cnt);
		if (dropped)
			*dropped += cnt;
	}
	return true;
}

void vec_drop(struct vec *vec, size_t size, size_t cnt)
{
	if (!cnt)
		return;
	shift(vec, size, cnt);
	if (vec->cap > VEC_MIN_CAP && vec->cnt < vec->cap / 4)
		resize(vec, size, vec->cap / 2);
}

void vec_keep_last(struct vec *vec, size_t size)
{
	if (vec->cnt > 1)
		shift(vec, size, vec->cnt - 1);
	if (!vec->cnt)
		vec_fini(vec);
	else if (vec->cap > 1)
		resize(vec, size, 1);
}

void vec_fini(struct vec *vec)
{
	free(vec->items);
	*vec = (struct vec){0};
}
