// SPDX-License-Identifier: GPL-2.0-only
#include "host/process_stat.h"

#include "unit.h"

#define BETWEEN "1 1 1 0 -1 4194304 101 0 0 0 7 3 0 0 20 0 "

static void a_name_may_have_all_that_separates_fields(void **state)
{
	static const char *const names[] = {"sleep", "a b", ") R 1", "((", "))", "Z) Z 1 1"};
	struct process_stat stat;
	char text[256];

	(void)state;
	for (size_t i = 0; i < CNT(names); i++) {
		snprintf(text, sizeof(text), "4711 (%s) S " BETWEEN "3 0 90017 5 6\n", names[i]);
		assert_true(process_stat_parse(text, &stat));
		assert_int_equal(stat.state, 'S');
		assert_int_equal(stat.threads, 3);
		assert_int_equal(stat.start, 90017);
		assert_false(process_stat_is_over(&stat));
	}
}

static void what_is_cut_or_another_file_is_none(void **state)
{
	const char *whole = "4711 (x) S " BETWEEN "1 0 90017";
	struct process_stat stat;
	char text[256];

	(void)state;
	assert_true(process_stat_parse(whole, &stat));
	/* the last field that is read may be cut: no longer file would be */
	for (size_t len = 0; len < strlen(whole) - strlen("90017"); len++) {
		snprintf(text, sizeof(text), "%.*s", (int)len, whole);
		assert_false(process_stat_parse(text, &stat));
	}
	assert_false(process_stat_parse("cpu  1 2 3 4 5\n", &stat));
	assert_false(process_stat_parse("4711 (x) S " BETWEEN "1 0 -7", &stat));
	assert_false(process_stat_parse("4711 (x) S " BETWEEN "1 0 7x", &stat));
}

/* A leader that has ended is a zombie while its threads go on. */
static void a_process_is_over_with_its_last_thread(void **state)
{
	static const struct {
		const char *rest;
		bool is_over;
	} cases[] = {
		{"R " BETWEEN "1 0 7\n", false}, {"Z " BETWEEN "1 0 7\n", true},
		{"Z " BETWEEN "2 0 7\n", false}, {"Z " BETWEEN "0 0 7\n", true},
		{"X " BETWEEN "0 0 7\n", true},	 {"T " BETWEEN "1 0 7\n", false},
	};
	struct process_stat stat;
	char text[256];

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		snprintf(text, sizeof(text), "4711 (x) %s", cases[i].rest);
		assert_true(process_stat_parse(text, &stat));
		assert_int_equal(process_stat_is_over(&stat), cases[i].is_over);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_may_have_all_that_separates_fields),
		cmocka_unit_test(what_is_cut_or_another_file_is_none),
		cmocka_unit_test(a_process_is_over_with_its_last_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
