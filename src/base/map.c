// SPDX-License-Identifier: GPL-2.0-only
#include "base/map.h"

#include <errno.h>
#include <stdlib.h>

#define MAP_MIN_CAP 16

static size_t map_home(const struct map *map, uint64_t key)
{
	/* Fibonacci hashing: addresses differ in the middle bits */
	return (key * 0x9e3779b97f4a7c15ULL >> 20) & (map->cap - 1);
}

static size_t map_find(const struct map *map, uint64_t key)
{
	size_t i = map_home(map, key);

	while (map->slots[i].value && map->slots[i].key != key)
		i = (i + 1) & (map->cap - 1);
	return i;
}

void map_fini(struct map *map)
{
	free(map->slots);
	*map = (struct map){0};
}

void map_clear(struct map *map, void (*free_value)(void *value))
{
	for (size_t i = 0; i < map->cap; i++)
		if (map->slots[i].value)
			free_value(map->slots[i].value);
	map_fini(map);
}

void *map_get(const struct map *map, uint64_t key)
{
	return map->cap ? map->slots[map_find(map, key)].value : NULL;
}

static int map_grow(struct map *map)
{
	struct map bigger = {.cap = map->cap ? map->cap * 2 : MAP_MIN_CAP, .cnt = map->cnt};

	bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < map->cap; i++)
		if (map->slots[i].value)
			bigger.slots[map_find(&bigger, map->slots[i].key)] = map->slots[i];
	free(map->slots);
	*map = bigger;
	return 0;
}

int map_put(struct map *map, uint64_t key, void *value)
{
	size_t i;

	if (!value)
		return -EINVAL;
	if (map->cnt * 4 >= map->cap * 3 && map_grow(map))
		return -ENOMEM;
	i = map_find(map, key);
	if (!map->slots[i].value)
		map->cnt++;
	map->slots[i] = (struct map_slot){key, value};
	return 0;
}

void *map_del(struct map *map, uint64_t key)
{
	size_t hole, i, home;
	void *value;

	if (!map->cap)
		return NULL;
	hole = map_find(map, key);
	value = map->slots[hole].value;
	if (!value)
		return NULL;
	map->cnt--;
	/* Close the gap: whatever probed past it must still be found. */
	for (i = (hole + 1) & (map->cap - 1); map->slots[i].value; i = (i + 1) & (map->cap - 1)) {
		home = map_home(map, map->slots[i].key);
		if (((i - home) & (map->cap - 1)) < ((i - hole) & (map->cap - 1)))
			continue;
		map->slots[hole] = map->slots[i];
		hole = i;
	}
	map->slots[hole] = (struct map_slot){0};
	return value;
}

const struct map_slot *map_next(const struct map *map, size_t *pos)
{
	while (*pos < map->cap) {
		const struct map_slot *slot = &map->slots[(*pos)++];

		if (slot->value)
			return slot;
	}
	return NULL;
}
