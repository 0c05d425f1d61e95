// SPDX-License-Identifier: GPL-2.0-only
#include "base/vec.h"

#include "unit.h"

struct item {
	uint64_t number;
	char padding[3];
};

VEC_DECL(items, struct item);

#define MAX 23

static void push(struct items *items, uint64_t number, uint64_t *dropped)
{
	struct item *item = items_push(items, MAX, dropped);

	assert_non_null(item);
	assert_int_equal(item->number, 0); /* whatever was there before */
	item->number = number;
}

/* The newest is @last, and each is the one before it and one. */
static void check_run(const struct items *items, uint64_t last)
{
	for (size_t i = 0; i < items_cnt(items); i++)
		assert_int_equal(items_at(items, i)->number, last - (items_cnt(items) - 1 - i));
}

static void an_empty_one_has_no_last_item(void **state)
{
	struct items items = {0};

	(void)state;
	assert_int_equal(items_cnt(&items), 0);
	assert_null(items_last(&items));
	items_drop(&items, 0);
	items_cut(&items, 7);
	items_keep_last(&items);
	assert_int_equal(items_cnt(&items), 0);
	items_fini(&items);
}

static void the_newest_are_kept_and_the_forgotten_are_counted(void **state)
{
	struct items items = {0};
	uint64_t dropped = 0;

	(void)state;
	for (uint64_t i = 1; i <= 1009; i++) {
		push(&items, i, &dropped);
		assert_int_equal(items_last(&items)->number, i);
		assert_int_equal(items_cnt(&items) + dropped, i);
		assert_true(items_cnt(&items) <= MAX);
		assert_true(i < MAX || items_cnt(&items) > MAX / 2);
		check_run(&items, i);
	}
	items_fini(&items);
	assert_int_equal(items_cnt(&items), 0);
	push(&items, 7, NULL);
	assert_int_equal(items_cnt(&items), 1);
	items_fini(&items);
}

static void both_ends_can_be_forgotten(void **state)
{
	struct items items = {0};

	(void)state;
	for (uint64_t i = 1; i <= 19; i++)
		push(&items, i, NULL);
	items_drop(&items, 7);
	assert_int_equal(items_cnt(&items), 12);
	check_run(&items, 19);
	items_cut(&items, 5);
	assert_int_equal(items_cnt(&items), 5);
	check_run(&items, 12);
	items_cut(&items, 11); /* there are not so many */
	assert_int_equal(items_cnt(&items), 5);
	items_keep_last(&items);
	assert_int_equal(items_cnt(&items), 1);
	assert_int_equal(items_last(&items)->number, 12);
	push(&items, 13, NULL);
	check_run(&items, 13);
	items_drop(&items, 2);
	assert_null(items_last(&items));
	items_fini(&items);
}

static bool is_above(const struct item *item, uint64_t key)
{
	return item->number > key;
}

static void what_comes_after_is_found_wherever_it_is(void **state)
{
	(void)state;
	for (uint64_t cnt = 0; cnt <= MAX; cnt++) {
		struct items items = {0};

		for (uint64_t i = 1; i <= cnt; i++)
			push(&items, 2 * (i / 2), NULL); /* 0, 2, 2, 4, 4, ... */
		for (uint64_t key = 0; key <= cnt + 1; key++) {
			size_t i = items_after(&items, is_above, key);

			assert_true(!i || items_at(&items, i - 1)->number <= key);
			assert_true(i == cnt || items_at(&items, i)->number > key);
		}
		items_fini(&items);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_one_has_no_last_item),
		cmocka_unit_test(the_newest_are_kept_and_the_forgotten_are_counted),
		cmocka_unit_test(both_ends_can_be_forgotten),
		cmocka_unit_test(what_comes_after_is_found_wherever_it_is),
	};

	return cmocka_run_group_tests_name("vec", tests, NULL, NULL);
}
