// SPDX-License-Identifier: GPL-2.0-only
#include "base/sanitize.h"

#include "unit.h"

static void what_would_drive_a_terminal_is_not_shown(void **state)
{
	static const struct {
		const char *text, *shown, *in_lines;
	} cases[] = {
		{"vm-1", "vm-1", "vm-1"},
		{"a\nb\tc", "a?b?c", "a\nb\tc"},
		{"\033[31m", "?[31m", "?[31m"},
		{"\177", "?", "?"},
		{"\302\233"
		 "31m",
		 "??31m", "??31m"},		      /* U+009B, CSI */
		{"\302\205", "??", "??"},	      /* U+0085, next line */
		{"\302\240", "\302\240", "\302\240"}, /* U+00A0 is a character */
		{"a\342\200\256b", "a???b", "a???b"}, /* U+202E, right to left */
		{"\342\200\252\342\200\255", "??????", "??????"},
		{"\342\201\246\342\201\251", "??????", "??????"}, /* U+2066, U+2069: isolates */
		{"\342\200\216\330\234", "?????", "?????"},	  /* U+200E, U+061C: marks */
		{"\303\266\342\202\254", "\303\266\342\202\254", "\303\266\342\202\254"},
		{"\300\201\355\240\200", "?????", "?????"}, /* too long a form, a surrogate */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buf[64];

		assert_false(sanitize(buf, sizeof(buf), cases[i].text));
		assert_string_equal(buf, cases[i].shown);
		assert_false(sanitize_lines(buf, sizeof(buf), cases[i].text));
		assert_string_equal(buf, cases[i].in_lines);
	}
}

static void what_does_not_fit_is_cut_between_characters(void **state)
{
	char buf[4];

	(void)state;
	assert_true(sanitize(buf, sizeof(buf), "ab\303\266"));
	assert_string_equal(buf, "ab");
	assert_false(sanitize_lines(buf, sizeof(buf), "a\303\266"));
	assert_string_equal(buf, "a\303\266");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_would_drive_a_terminal_is_not_shown),
		cmocka_unit_test(what_does_not_fit_is_cut_between_characters),
	};

	return cmocka_run_group_tests_name("sanitize", tests, NULL, NULL);
}
