// SPDX-License-Identifier: GPL-2.0-only
#include "host/kallsyms.h"

#include "unit.h"

static bool parse(char buf[128], const char *line, struct kallsym *symbol)
{
	snprintf(buf, 128, "%s", line);
	return kallsym_parse(buf, symbol);
}

static void lines_are_taken_apart(void **state)
{
	static const struct {
		const char *line;
		uint64_t addr;
		char type;
		const char *name, *module;
	} cases[] = {
		{"ffffffff81000000 T _text", 0xffffffff81000000, 'T', "_text", NULL},
		{"ffffffffc0a1f160 t kvm_vm_ioctl\t[kvm]", 0xffffffffc0a1f160, 't', "kvm_vm_ioctl",
		 "kvm"},
		{"0000000000000000 t kvm_vm_ioctl\t[kvm]", 0, 't', "kvm_vm_ioctl", "kvm"},
		{"ffffffff8127a160 t __free_bus.part.0", 0xffffffff8127a160, 't',
		 "__free_bus.part.0", NULL},
		{"c0100000 A low", 0xc0100000, 'A', "low", NULL}, /* 32 bits */
		/* a line that is cut short has no end of its module */
		{"ffffffffc0a1f160 t a\t[kv", 0xffffffffc0a1f160, 't', "a", "kv"},
		{"ffffffffc0a1f160 t a\t", 0xffffffffc0a1f160, 't', "a", NULL},
		{"ffffffffc0a1f160 t a b", 0xffffffffc0a1f160, 't', "a b", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kallsym symbol;
		char buf[128];

		assert_true(parse(buf, cases[i].line, &symbol));
		assert_int_equal(symbol.addr, cases[i].addr);
		assert_int_equal(symbol.type, cases[i].type);
		assert_string_equal(symbol.name, cases[i].name);
		if (cases[i].module)
			assert_string_equal(symbol.module, cases[i].module);
		else
			assert_null(symbol.module);
	}
}

static void what_is_no_such_line_is_refused(void **state)
{
	static const char *const lines[] = {
		"",
		"T",
		"ffffffff81000000",
		"ffffffff81000000 ",
		"ffffffff81000000 T",
		"ffffffff81000000 T ",
		"ffffffff81000000 T \t[kvm]",
		"ffffffff81000000T _text",
		"ffffffff81000000 Tt _text",
		" ffffffff81000000 T _text",
		"xyz T _text",
		"0ffffffff81000000 T seventeen_digits",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct kallsym symbol;
		char buf[128];

		assert_false(parse(buf, lines[i], &symbol));
	}
}

static void only_functions_are_returned_to(void **state)
{
	static const struct {
		const char *line;
		bool is_function;
	} cases[] = {
		{"ffffffff81000000 T _text", true},
		{"ffffffff81000000 t call_srcu", true},
		{"ffffffff81000000 W weak", true},
		{"ffffffff81000000 w weak", true},
		{"ffffffff81000000 D data", false},
		{"ffffffff81000000 r read_only", false},
		{"ffffffff81000000 A absolute", false},
		{"0000000000000000 t call_srcu", false}, /* hidden */
		{"ffffffff81000000 t __pfx_call_srcu", false},
		{"ffffffff81000000 t __cfi_call_srcu", false},
		{"ffffffff81000000 t __pf", true},
		{"ffffffff81000000 t my__pfx_call_srcu", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kallsym symbol;
		char buf[128];

		assert_true(parse(buf, cases[i].line, &symbol));
		assert_int_equal(kallsym_is_function(&symbol), cases[i].is_function);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_taken_apart),
		cmocka_unit_test(what_is_no_such_line_is_refused),
		cmocka_unit_test(only_functions_are_returned_to),
	};

	return cmocka_run_group_tests_name("kallsyms", tests, NULL, NULL);
}
