/* SPDX-License-Identifier: GPL-2.0-only */
/* A list that grows as items are added; its owner counts them. */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Is there room for one more than @cnt in @list, a pointer to items, that has memory for @cap (a
 * size_t)? A full list grows to twice its size, from @first. False: out of memory; the list is as
 * it was. @list and @cap are lvalues of the owner's; free() releases the list.
 */
#define ARRAY_ROOM(list, cap, cnt, first)                                                          \
	((cnt) < (cap) || array_grow(&(list), &(cap), sizeof(*(list)), first))

/* ARRAY_ROOM's second half: @list is the address of a pointer to items of @size bytes. */
bool array_grow(void *list, size_t *cap, size_t size, size_t first);

#endif
