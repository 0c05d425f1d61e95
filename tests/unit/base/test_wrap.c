// SPDX-License-Identifier: GPL-2.0-only
/* Words in lines: where they break, and what they never do. */
#include "base/wrap.h"

#include "base/str.h"
#include "unit.h"

static const struct {
	const char *lead, *text;
	size_t indent, width;
	const char *expected;
} cases[] = {
	{"", "", 0, 10, "\n"},
	{"", "one two", 0, 7, "one two\n"},
	{"", "one two", 0, 6, "one\ntwo\n"},
	{"-> ", "one two three", 3, 10, "-> one two\n   three\n"},
	{"-> ", "incomprehensibilities", 3, 10, "-> incomprehensibilities\n"},
	{"-> ", "a incomprehensibilities b", 3, 10, "-> a\n   incomprehensibilities\n   b\n"},
	{"", "  one   two  ", 0, 10, "one two\n"},
	{"\033[1m!!\033[0m ", "one two", 3, 9, "\033[1m!!\033[0m one\n   two\n"},
};

static void lines_hold_what_fits(void **state)
{
	struct str out;

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		str_init(&out);
		str_adds(&out, cases[i].lead);
		wrap_add(&out, cases[i].text, cases[i].indent, cases[i].width);
		assert_false(str_failed(&out));
		assert_string_equal(out.text, cases[i].expected);
		str_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_hold_what_fits),
	};

	return cmocka_run_group_tests_name("wrap", tests, NULL, NULL);
}
