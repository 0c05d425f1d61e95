// SPDX-License-Identifier: GPL-2.0-only
#include "host/cmdline.h"

#include "unit.h"

/* From a buffer of exactly this size, as /proc/PID/cmdline was read. */
static const char *name_of(const char *bytes, size_t size, char *name, size_t name_size)
{
	char *exact = malloc(size ? size : 1);
	bool found;

	assert_non_null(exact);
	memcpy(exact, bytes, size);
	name[0] = 0;
	found = cmdline_vm_name(exact, size, name, name_size);
	free(exact);
	return found ? name : NULL;
}

/* With sizeof, that counts the last argument's NUL. */
#define LINE(text) text, sizeof(text)

static void vmms_name_their_vms(void **state)
{
	static const struct {
		const char *cmdline;
		size_t size;
		const char *name;
	} cases[] = {
		{LINE("firecracker\0--id\0web1\0--api-sock\0/x"), "web1"},
		{LINE("firecracker\0--id=web1"), "web1"},
		{LINE("jailer\0--exec-file\0fc\0--id\0a-b-c"), "a-b-c"},
		{LINE("qemu-system-x86_64\0-name\0guest=web1,debug-threads=on\0-m\0"
		      "4G"),
		 "web1"},
		{LINE("qemu-system-x86_64\0-name\0web1"), "web1"},
		{LINE("qemu-system-x86_64\0-name\0web1,process=x"), "web1"},
		{LINE("qemu-system-x86_64\0-name\0debug-threads=on,guest=web1"), "web1"},
		{LINE("qemu-system-x86_64\0--name=guest=web1"), "web1"},
		{LINE("qemu-system-x86_64\0-name\0web1,notguest=x"), "web1"},
		{LINE("crosvm\0run\0--name\0arcvm\0--disk\0x"), "arcvm"},
		{LINE("crosvm\0run\0--name=arcvm"), "arcvm"},
		{LINE("x\0--id\0first\0--name\0second"), "first"},
		{LINE("x\0--id\0\0--name\0second"), "second"},
		{LINE("x\0--identity\0web1"), NULL},
		{LINE("x\0-names\0web1"), NULL},
		{LINE("x\0id\0web1"), NULL},
		{LINE("x\0--id"), NULL},
		{LINE("x\0--id="), NULL},
		{LINE("x\0-name\0,debug-threads=on"), NULL},
		{LINE("x"), NULL},
		{LINE(""), NULL},
		{"", 0, NULL},
	};
	char name[64];

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		const char *found = name_of(cases[i].cmdline, cases[i].size, name, sizeof(name));

		if (cases[i].name) {
			assert_non_null(found);
			assert_string_equal(found, cases[i].name);
		} else {
			assert_null(found);
		}
	}
}

/* Wherever the line was cut: the name or none, never a part of it or what lies behind. */
static void a_cut_command_line_gives_the_name_or_none(void **state)
{
	static const char line[] = "firecracker\0--id\0web1\0--x";
	static const char joined[] = "qemu\0-name=guest=web1\0--x";
	const size_t end = sizeof("firecracker\0--id\0web1"),
		     joined_end = sizeof("qemu\0-name=guest=web1");
	char name[64];

	(void)state;
	for (size_t size = 0; size < sizeof(line); size++) {
		const char *found = name_of(line, size, name, sizeof(name));

		assert_int_equal(found != NULL, size >= end);
		if (found)
			assert_string_equal(found, "web1");
	}
	for (size_t size = 0; size < sizeof(joined); size++) {
		const char *found = name_of(joined, size, name, sizeof(name));

		assert_int_equal(found != NULL, size >= joined_end);
		if (found)
			assert_string_equal(found, "web1");
	}
}

static void a_long_name_is_cut_to_its_buffer(void **state)
{
	static const char line[] = "x\0--id\0abcdefgh";
	char name[8];

	(void)state;
	assert_string_equal(name_of(line, sizeof(line), name, sizeof(name)), "abcdefg");
	assert_string_equal(name_of(line, sizeof(line), name, 2), "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vmms_name_their_vms),
		cmocka_unit_test(a_cut_command_line_gives_the_name_or_none),
		cmocka_unit_test(a_long_name_is_cut_to_its_buffer),
	};

	return cmocka_run_group_tests_name("cmdline", tests, NULL, NULL);
}
