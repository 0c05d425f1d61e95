// SPDX-License-Identifier: GPL-2.0-only
#include "base/worst.h"

#include "base/str.h"
#include "unit.h"

static void add(struct worst *worst, bool is_first, uint64_t weight)
{
	struct worst_rank rank = {is_first, weight};
	struct str text;

	if (!worst_wants(worst, rank))
		return;
	str_init(&text);
	str_addf(&text, "%s%llu", is_first ? "!" : "", (unsigned long long)weight);
	assert_int_equal(worst_add(worst, rank, &text), 0);
	str_fini(&text);
}

static void assert_kept(struct worst *worst, const char *wanted)
{
	struct str out;

	str_init(&out);
	worst_put(worst, " ", &out);
	assert_string_equal(out.text, wanted);
	str_fini(&out);
}

static void what_has_room_is_kept_in_its_order(void **state)
{
	struct worst worst;

	(void)state;
	worst_init(&worst, 5);
	add(&worst, false, 7);
	add(&worst, true, 1);
	add(&worst, false, 7);
	assert_kept(&worst, "7 !1 7");
	assert_int_equal(worst.left_out, 0);
	worst_fini(&worst);
}

static void the_worst_are_kept_and_the_first_before_all_others(void **state)
{
	struct worst worst;

	(void)state;
	worst_init(&worst, 3);
	add(&worst, false, 900);
	add(&worst, false, 3);
	add(&worst, true, 2);
	add(&worst, false, 5);
	add(&worst, true, 4);
	add(&worst, false, 1);
	add(&worst, true, 1);
	add(&worst, true, 3);
	assert_kept(&worst, "!2 !4 !3");
	assert_int_equal(worst.left_out, 5);
	assert_int_equal(worst.first_left_out, 1);
	assert_int_equal(worst.weight_left_out, 900);
	worst_fini(&worst);
}

/* Against the plain way, which is to sort all of them. */
static void of_many_it_is_just_the_worst(void **state)
{
	bool is_kept[1009] = {false};
	struct worst worst;
	struct str out;

	(void)state;
	worst_init(&worst, 211);
	for (uint64_t i = 0; i < 1009; i++)
		add(&worst, false, i * 389 % 1009);
	assert_int_equal(worst.cnt, 211);
	for (size_t i = 0; i < worst.cnt; i++)
		is_kept[worst.list[i].rank.weight] = true;
	for (size_t i = 0; i < 1009; i++)
		assert_int_equal(is_kept[i], i >= 1009 - 211);
	assert_int_equal(worst.left_out, 1009 - 211);
	assert_int_equal(worst.weight_left_out, 1009 - 211 - 1);
	str_init(&out);
	worst_put(&worst, " ", &out);
	for (size_t i = 1; i < worst.cnt; i++)
		assert_true(worst.list[i - 1].nr < worst.list[i].nr);
	str_fini(&out);
	worst_fini(&worst);
}

static void of_none_none_is_kept(void **state)
{
	struct worst worst;

	(void)state;
	worst_init(&worst, 0);
	add(&worst, true, 3);
	assert_kept(&worst, "");
	assert_int_equal(worst.left_out, 1);
	worst_fini(&worst);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_has_room_is_kept_in_its_order),
		cmocka_unit_test(the_worst_are_kept_and_the_first_before_all_others),
		cmocka_unit_test(of_many_it_is_just_the_worst),
		cmocka_unit_test(of_none_none_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
