// SPDX-License-Identifier: GPL-2.0-only
#include "base/array.h"

#include <stdlib.h>
#include <string.h>

bool array_grow(void *list, size_t *cap, size_t size, size_t first)
{
	size_t bigger = *cap ? *cap * 2 : first;
	void *items;

	memcpy(&items, list, sizeof(items)); /* whatever type it points to */
	items = reallocarray(items, bigger, size);
	if (!items)
		return false;
	memcpy(list, &items, sizeof(items));
	*cap = bigger;
	return true;
}
