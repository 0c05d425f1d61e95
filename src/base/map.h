/* SPDX-License-Identifier: GPL-2.0-only */
/* A hash map from 64-bit keys (addresses, ids) to pointers that are not NULL. It owns no values. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

struct map_slot {
	uint64_t key;
	void *value; /* NULL: free */
};

struct map {
	struct map_slot *slots;
	size_t cap; /* power of two, or 0 */
	size_t cnt;
};

/* Forget all; the map can be used again. */
void map_fini(struct map *map);

/* The same, after @free_value (as free()) took each value. It must not touch the map. */
void map_clear(struct map *map, void (*free_value)(void *value));

/* The value, or NULL. */
void *map_get(const struct map *map, uint64_t key);

/* Insert or replace. Returns 0, or -ENOMEM, or -EINVAL for NULL; the map is then as it was. */
int map_put(struct map *map, uint64_t key, void *value);

/* Remove and return the value, or NULL. */
void *map_del(struct map *map, uint64_t key);

/* The next taken slot from *@pos on, moving *@pos past it; NULL at the end. Order is arbitrary. */
const struct map_slot *map_next(const struct map *map, size_t *pos);

#endif
