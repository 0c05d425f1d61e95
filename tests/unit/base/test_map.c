// SPDX-License-Identifier: GPL-2.0-only
#include "base/map.h"

#include <errno.h>

#include "unit.h"

/* Few enough that they collide and are deleted often. */
#define KEYS 64

static char things[4096]; /* things[i] is the value of the i-th key */

static void an_empty_map_holds_nothing(void **state)
{
	struct map map = {0};
	size_t pos = 0;

	(void)state;
	assert_null(map_get(&map, 1));
	assert_null(map_del(&map, 1));
	assert_null(map_next(&map, &pos));
	map_fini(&map);
	map_fini(&map);
}

static void what_is_put_is_got_and_replaced_and_deleted(void **state)
{
	struct map map = {0};

	(void)state;
	assert_int_equal(map_put(&map, 7, &things[1]), 0);
	assert_ptr_equal(map_get(&map, 7), &things[1]);
	assert_null(map_get(&map, 8));
	assert_int_equal(map_put(&map, 7, &things[2]), 0);
	assert_int_equal(map.cnt, 1);
	assert_ptr_equal(map_get(&map, 7), &things[2]);
	assert_ptr_equal(map_del(&map, 7), &things[2]);
	assert_int_equal(map.cnt, 0);
	assert_null(map_get(&map, 7));
	assert_null(map_del(&map, 7));
	map_fini(&map);
}

/* Keys are what the caller has: 0 and the greatest are keys like others. */
static void every_key_is_a_key(void **state)
{
	static const uint64_t keys[] = {0, UINT64_MAX, 1};
	struct map map = {0};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_null(map_get(&map, keys[i]));
		assert_int_equal(map_put(&map, keys[i], &things[i]), 0);
		assert_int_equal(map.cnt, i + 1);
	}
	for (size_t i = 0; i < 3; i++)
		assert_ptr_equal(map_get(&map, keys[i]), &things[i]);
	assert_ptr_equal(map_del(&map, 0), &things[0]);
	assert_null(map_get(&map, 0));
	assert_null(map_del(&map, 0));
	assert_int_equal(map.cnt, 2);
	map_fini(&map);
}

static void a_value_is_not_null(void **state)
{
	struct map map = {0};
	size_t pos = 0;

	(void)state;
	assert_int_equal(map_put(&map, 7, NULL), -EINVAL);
	assert_int_equal(map.cnt, 0);
	assert_null(map_next(&map, &pos));
	map_fini(&map);
}

static void forget_thing(void *value)
{
	++*(char *)value;
}

static void a_cleared_map_gives_each_value_away_once(void **state)
{
	struct map map = {0};

	(void)state;
	memset(things, 0, sizeof(things));
	map_clear(&map, forget_thing);
	for (size_t i = 0; i < 101; i++)
		assert_int_equal(map_put(&map, i * 7, &things[i]), 0);
	map_clear(&map, forget_thing);
	for (size_t i = 0; i < sizeof(things); i++)
		assert_int_equal(things[i], i < 101);
	assert_int_equal(map.cnt, 0);
	assert_null(map_get(&map, 7));
	assert_int_equal(map_put(&map, 7, things), 0);
	map_fini(&map);
}

/* Where a key lands in an empty map. */
static size_t home_of(uint64_t key)
{
	struct map map = {0};
	size_t pos = 0;

	assert_int_equal(map_put(&map, key, things), 0);
	assert_non_null(map_next(&map, &pos));
	map_fini(&map);
	return pos - 1;
}

static size_t find_keys_of(size_t home, uint64_t *keys, size_t cnt)
{
	size_t found = 0;

	for (uint64_t key = 1; found < cnt; key++)
		if (home_of(key) == home)
			keys[found++] = key;
	return found;
}

/* Every order in which five keys of two neighbouring homes may be put and one be deleted. */
static void keys_that_collide_are_found_whichever_is_deleted(void **state)
{
	uint64_t keys[5];

	(void)state;
	/* the last slots: their chains wrap around */
	find_keys_of(15, keys, 3);
	find_keys_of(0, keys + 3, 2);
	for (size_t first = 0; first < 5; first++) {
		for (size_t gone = 0; gone < 5; gone++) {
			struct map map = {0};

			for (size_t i = 0; i < 5; i++)
				map_put(&map, keys[(first + i) % 5], &things[(first + i) % 5]);
			assert_ptr_equal(map_del(&map, keys[gone]), &things[gone]);
			for (size_t i = 0; i < 5; i++)
				assert_ptr_equal(map_get(&map, keys[i]),
						 i == gone ? NULL : &things[i]);
			assert_int_equal(map.cnt, 4);
			map_fini(&map);
		}
	}
}

static void a_map_grows_and_keeps_all(void **state)
{
	struct map map = {0};
	size_t pos = 0, seen = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(things); i++) /* addresses, as the ledger's keys are */
		assert_int_equal(map_put(&map, 0xffff888000000000ULL + i * 0x1a40, &things[i]), 0);
	assert_int_equal(map.cnt, sizeof(things));
	assert_true(map.cnt * 4 <= map.cap * 3);
	for (size_t i = 0; i < sizeof(things); i++)
		assert_ptr_equal(map_get(&map, 0xffff888000000000ULL + i * 0x1a40), &things[i]);
	while (map_next(&map, &pos))
		seen++;
	assert_int_equal(seen, sizeof(things));
	for (size_t i = 0; i < sizeof(things); i += 2)
		assert_ptr_equal(map_del(&map, 0xffff888000000000ULL + i * 0x1a40), &things[i]);
	for (size_t i = 0; i < sizeof(things); i++)
		assert_ptr_equal(map_get(&map, 0xffff888000000000ULL + i * 0x1a40),
				 i % 2 ? &things[i] : NULL);
	map_fini(&map);
}

/* Against an array, through a long life of few keys. */
static void a_map_is_what_an_array_is(void **state)
{
	struct map map = {0};
	void *array[KEYS + 1] = {NULL};
	uint64_t dice = 1;

	(void)state;
	for (int i = 0; i < 20011; i++) {
		uint64_t key;

		dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
		key = 1 + (dice >> 33) % KEYS;
		if (dice >> 63) {
			assert_int_equal(map_put(&map, key, &things[i % 4096]), 0);
			array[key] = &things[i % 4096];
		} else {
			assert_ptr_equal(map_del(&map, key), array[key]);
			array[key] = NULL;
		}
		for (size_t j = 1; j <= KEYS; j++)
			assert_ptr_equal(map_get(&map, j), array[j]);
	}
	map_fini(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_map_holds_nothing),
		cmocka_unit_test(what_is_put_is_got_and_replaced_and_deleted),
		cmocka_unit_test(every_key_is_a_key),
		cmocka_unit_test(a_value_is_not_null),
		cmocka_unit_test(a_cleared_map_gives_each_value_away_once),
		cmocka_unit_test(keys_that_collide_are_found_whichever_is_deleted),
		cmocka_unit_test(a_map_grows_and_keeps_all),
		cmocka_unit_test(a_map_is_what_an_array_is),
	};

	return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
