// SPDX-License-Identifier: GPL-2.0-only
#include "base/str.h"

#include "unit.h"

static void a_new_string_is_empty_text(void **state)
{
	struct str str;

	(void)state;
	str_init(&str);
	assert_string_equal(str.text, "");
	assert_int_equal(str.len, 0);
	str_addn(&str, "x", 0);
	str_adds(&str, "");
	assert_string_equal(str.text, "");
	str_fini(&str);
	str_fini(&str); /* harmless, like free(NULL) */
}

static void additions_follow_each_other(void **state)
{
	struct str str;

	(void)state;
	str_init(&str);
	str_adds(&str, "GP ");
	str_addf(&str, "%d of %s", 3, "kvm.srcu");
	str_addc(&str, ',');
	str_addn(&str, " 12345", 3);
	assert_string_equal(str.text, "GP 3 of kvm.srcu, 12");
	assert_int_equal(str.len, strlen(str.text));
	str_fini(&str);
}

/* Every length around the first allocations: the NUL always has room. */
static void every_length_ends_in_a_nul(void **state)
{
	(void)state;
	for (size_t len = 0; len < 300; len++) {
		struct str str;

		str_init(&str);
		for (size_t i = 0; i < len; i++)
			str_addc(&str, 'a');
		assert_int_equal(strlen(str.text), len);
		str_addf(&str, "%*s", (int)len, "");
		assert_int_equal(strlen(str.text), 2 * len);
		assert_false(str_failed(&str));
		str_fini(&str);
	}
}

static void bytes_may_hold_nuls(void **state)
{
	struct str str;

	(void)state;
	str_init(&str);
	str_addn(&str, "a\0b", 3);
	assert_int_equal(str.len, 3);
	assert_memory_equal(str.text, "a\0b", 4);
	str_fini(&str);
}

static void padding_counts_from_the_last_newline(void **state)
{
	struct str str;

	(void)state;
	str_init(&str);
	str_pad(&str, 2);
	str_adds(&str, "a");
	str_pad(&str, 4);
	str_adds(&str, "b\nlong line");
	str_pad(&str, 4);
	str_adds(&str, "\n");
	str_pad(&str, 1);
	str_adds(&str, "|");
	assert_string_equal(str.text, "  a b\nlong line\n |");
	str_fini(&str);
}

static void reset_keeps_the_memory(void **state)
{
	struct str str;
	size_t cap;

	(void)state;
	str_init(&str);
	str_reset(&str);
	str_addf(&str, "%100s", "");
	cap = str.cap;
	str_reset(&str);
	assert_string_equal(str.text, "");
	assert_int_equal(str.cap, cap);
	str_fini(&str);
}

static void take_hands_the_text_over(void **state)
{
	struct str str;
	char *text;

	(void)state;
	str_init(&str);
	text = str_take(&str);
	assert_string_equal(text, ""); /* also the caller's to free */
	free(text);
	str_adds(&str, "mine");
	text = str_take(&str);
	assert_string_equal(text, "mine");
	assert_string_equal(str.text, "");
	free(text);
	str_fini(&str);
}

static void a_failure_is_remembered(void **state)
{
	struct str str;

	(void)state;
	str_init(&str);
	str_adds(&str, "kept");
	str_addn(&str, "", SIZE_MAX - 4); /* refused before anything is copied */
	assert_true(str_failed(&str));
	str_adds(&str, "more");
	assert_string_equal(str.text, "kept");
	assert_null(str_take(&str));
	assert_false(str_failed(&str));
	str_fini(&str);
}

static void a_whole_fails_with_its_part(void **state)
{
	struct str whole, part;

	(void)state;
	str_init(&whole);
	str_init(&part);
	assert_string_equal(str_part(&whole, &part), "");
	str_adds(&part, "part");
	assert_string_equal(str_part(&whole, &part), "part");
	assert_false(str_failed(&whole));
	str_addn(&part, "", SIZE_MAX - 4);
	assert_string_equal(str_part(&whole, &part), "");
	assert_true(str_failed(&whole));
	str_fini(&part);
	str_fini(&whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_string_is_empty_text),
		cmocka_unit_test(additions_follow_each_other),
		cmocka_unit_test(every_length_ends_in_a_nul),
		cmocka_unit_test(bytes_may_hold_nuls),
		cmocka_unit_test(padding_counts_from_the_last_newline),
		cmocka_unit_test(reset_keeps_the_memory),
		cmocka_unit_test(take_hands_the_text_over),
		cmocka_unit_test(a_failure_is_remembered),
		cmocka_unit_test(a_whole_fails_with_its_part),
	};

	return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
