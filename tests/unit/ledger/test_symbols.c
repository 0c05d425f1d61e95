// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/symbols.h"

#include "unit.h"

static struct symbols *some_symbols(void)
{
	struct symbols *syms = symbols_new();

	assert_non_null(syms);
	/* in no order, one with an alias, as in /proc/kallsyms */
	assert_int_equal(symbols_add(syms, 0x3000, "third"), 0);
	assert_int_equal(symbols_add(syms, 0x1000, "first"), 0);
	assert_int_equal(symbols_add(syms, 0x2000, "__pfx_second"), 0);
	assert_int_equal(symbols_add(syms, 0x2000, "second"), 0);
	symbols_sort(syms);
	return syms;
}

static void an_address_is_in_the_function_that_begins_before_it(void **state)
{
	static const struct {
		uint64_t addr;
		const char *name;
		uint64_t offset;
	} cases[] = {
		{0x0fff, NULL, 0},
		{0x1000, "first", 0},
		{0x1fff, "first", 0xfff},
		{0x2000, "__pfx_second", 0}, /* the first alias in the file */
		{0x2001, "__pfx_second", 1},
		{0x3000, "third", 0},
		{0x3000 + (1 << 20), "third", 1 << 20},
		{0x3001 + (1 << 20), NULL, 0}, /* a module that came later */
		{0, NULL, 0},
		{UINT64_MAX, NULL, 0},
	};
	struct symbols *syms = some_symbols();

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		uint64_t offset = 0;
		const char *name = symbols_find(syms, cases[i].addr, &offset);

		if (!cases[i].name) {
			assert_null(name);
			continue;
		}
		assert_string_equal(name, cases[i].name);
		assert_int_equal(offset, cases[i].offset);
		assert_ptr_equal(symbols_find(syms, cases[i].addr, NULL), name);
	}
	symbols_free(syms);
}

static void a_name_has_the_ranges_that_a_compiler_made_of_it(void **state)
{
	struct symbols *syms = some_symbols();
	struct symbols_range list[3];

	(void)state;
	assert_int_equal(symbols_add(syms, 0x2800, "first.part.0"), 0);
	assert_int_equal(symbols_add(syms, 0x2900, "first_of_all"), 0);
	symbols_sort(syms);
	assert_int_equal(symbols_ranges(syms, "first", list, 3), 2);
	assert_int_equal(list[0].start, 0x1000);
	assert_int_equal(list[0].bytes, 0x1000);
	assert_int_equal(list[1].start, 0x2800);
	assert_int_equal(list[1].bytes, 0x100);
	assert_int_equal(symbols_ranges(syms, "first", list, 1), 1);
	/* an alias is as long as what it is an alias of, and the last one as long as can be */
	assert_int_equal(symbols_ranges(syms, "__pfx_second", list, 3), 1);
	assert_int_equal(list[0].bytes, 0x800);
	assert_int_equal(symbols_ranges(syms, "third", list, 3), 1);
	assert_int_equal(list[0].bytes, 1 << 20);
	assert_int_equal(symbols_ranges(syms, "fourth", list, 3), 0);
	symbols_free(syms);
}

static void a_name_has_an_address(void **state)
{
	struct symbols *syms = some_symbols();

	(void)state;
	assert_int_equal(symbols_address(syms, "first"), 0x1000);
	assert_int_equal(symbols_address(syms, "second"), 0x2000);
	assert_int_equal(symbols_address(syms, "third"), 0x3000);
	assert_int_equal(symbols_address(syms, "secon"), 0);
	assert_int_equal(symbols_cnt(syms), 4);
	symbols_free(syms);
}

static void no_symbols_know_nothing(void **state)
{
	struct symbols *syms = symbols_new();

	(void)state;
	symbols_sort(syms);
	assert_null(symbols_find(syms, 0x1000, NULL));
	assert_int_equal(symbols_address(syms, "first"), 0);
	assert_int_equal(symbols_cnt(syms), 0);
	symbols_free(syms);
	symbols_free(NULL);
}

/* As many as need the lists to grow several times, added backwards. */
static void a_whole_kernels_functions_are_found(void **state)
{
	struct symbols *syms = symbols_new();
	char name[32];

	(void)state;
	for (int i = 9999; i >= 0; i--) {
		snprintf(name, sizeof(name), "function_%d", i);
		assert_int_equal(symbols_add(syms, 0x1000 + 16 * i, name), 0);
	}
	symbols_sort(syms);
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "function_%d", i);
		assert_string_equal(symbols_find(syms, 0x1000 + 16 * i + i % 16, NULL), name);
	}
	symbols_free(syms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_in_the_function_that_begins_before_it),
		cmocka_unit_test(a_name_has_the_ranges_that_a_compiler_made_of_it),
		cmocka_unit_test(a_name_has_an_address),
		cmocka_unit_test(no_symbols_know_nothing),
		cmocka_unit_test(a_whole_kernels_functions_are_found),
	};

	return cmocka_run_group_tests_name("symbols", tests, NULL, NULL);
}
