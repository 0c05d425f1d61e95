// SPDX-License-Identifier: GPL-2.0-only
/* bpf/lost.h: what a CPU lost is said once, by its next record. */
#include "../../../bpf/lost.h"

#include "unit.h"

static void the_next_record_says_it_and_the_one_after_does_not(void **state)
{
	__u32 lost = 3;

	(void)state;
	assert_int_equal(lost_take(&lost), 3);
	assert_int_equal(lost, 0);
	assert_int_equal(lost_take(&lost), 0);
}

/* A record says that some were lost, if not how many: the loader counts them elsewhere
 * (KS_LOSS_RING). */
static void more_than_a_byte_holds_are_as_many_as_it_holds(void **state)
{
	static const struct {
		__u32 lost;
		__u8 said;
	} rows[] = {{1, 1},	{254, 254},	{255, 255}, {256, 255},
		    {257, 255}, {1 << 16, 255}, {~0U, 255}};

	(void)state;
	for (size_t i = 0; i < CNT(rows); i++) {
		__u32 lost = rows[i].lost;

		assert_int_equal(lost_take(&lost), rows[i].said);
		assert_int_equal(lost, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_next_record_says_it_and_the_one_after_does_not),
		cmocka_unit_test(more_than_a_byte_holds_are_as_many_as_it_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
