// SPDX-License-Identifier: GPL-2.0-only
#include "base/worst.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/str.h"

#define LIST_FIRST 64

void worst_init(struct worst *worst, size_t max)
{
	*worst = (struct worst){.max = max};
}

void worst_fini(struct worst *worst)
{
	for (size_t i = 0; i < worst->cnt; i++)
		free(worst->list[i].text);
	free(worst->list);
	worst_init(worst, worst->max);
}

/* ---- the heap ---- */

static bool is_less_bad(const struct worst_rank *a, const struct worst_rank *b)
{
	return a->is_first != b->is_first ? b->is_first : a->weight < b->weight;
}

static void swap(struct worst *worst, size_t a, size_t b)
{
	struct worst_item item = worst->list[a];

	worst->list[a] = worst->list[b];
	worst->list[b] = item;
}

static void sift_up(struct worst *worst, size_t at)
{
	while (at && is_less_bad(&worst->list[at].rank, &worst->list[(at - 1) / 2].rank)) {
		swap(worst, at, (at - 1) / 2);
		at = (at - 1) / 2;
	}
}

static void sift_down(struct worst *worst, size_t at)
{
	for (;;) {
		size_t least = at;

		for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < worst->cnt; child++)
			if (is_less_bad(&worst->list[child].rank, &worst->list[least].rank))
				least = child;
		if (least == at)
			return;
		swap(worst, at, least);
		at = least;
	}
}

/* ---- in and out ---- */

static void leave_out(struct worst *worst, struct worst_rank rank)
{
	worst->left_out++;
	worst->first_left_out += rank.is_first;
	if (rank.weight > worst->weight_left_out)
		worst->weight_left_out = rank.weight;
}

bool worst_wants(struct worst *worst, struct worst_rank rank)
{
	if (worst->cnt < worst->max || (worst->cnt && is_less_bad(&worst->list[0].rank, &rank)))
		return true;
	leave_out(worst, rank);
	return false;
}

int worst_add(struct worst *worst, struct worst_rank rank, struct str *text)
{
	struct worst_item item = {.rank = rank, .nr = worst->seen++, .text = str_take(text)};

	if (!item.text)
		return -ENOMEM;
	if (worst->cnt == worst->max) {
		leave_out(worst, worst->list[0].rank);
		free(worst->list[0].text);
		worst->list[0] = item;
		sift_down(worst, 0);
		return 0;
	}
	if (!ARRAY_ROOM(worst->list, worst->cap, worst->cnt, LIST_FIRST)) {
		free(item.text);
		return -ENOMEM;
	}
	worst->list[worst->cnt] = item;
	sift_up(worst, worst->cnt++);
	return 0;
}

static int by_nr(const void *a, const void *b)
{
	const struct worst_item *one = a, *two = b;

	return one->nr < two->nr ? -1 : one->nr > two->nr;
}

void worst_put(struct worst *worst, const char *sep, struct str *out)
{
	if (worst->cnt)
		qsort(worst->list, worst->cnt, sizeof(*worst->list), by_nr);
	for (size_t i = 0; i < worst->cnt; i++) {
		str_adds(out, i ? sep : "");
		str_adds(out, worst->list[i].text);
	}
}
