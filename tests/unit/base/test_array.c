// SPDX-License-Identifier: GPL-2.0-only
/* A list that grows as items are added. */
#include "base/array.h"

#include "unit.h"

static void a_full_list_doubles_and_keeps_its_items(void **state)
{
	size_t cap = 0, cnt = 0;
	uint64_t *list = NULL;

	(void)state;
	for (uint64_t i = 0; i < 101; i++) {
		assert_true(ARRAY_ROOM(list, cap, cnt, 3));
		list[cnt++] = i * i;
	}
	assert_int_equal(cap, 192);
	for (uint64_t i = 0; i < cnt; i++)
		assert_int_equal(list[i], i * i);
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_list_doubles_and_keeps_its_items),
	};

	return cmocka_run_group_tests_name("array", tests, NULL, NULL);
}
