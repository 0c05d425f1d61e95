// SPDX-License-Identifier: GPL-2.0-only
#include "host/cmdline.h"

#include <stdio.h>
#include <string.h>

/* "guest=web1,debug-threads=on" or "web1,process=..." (QEMU's qemu-options.hx, -name) */
static void take_value(const char *value, char *name, size_t size)
{
	const char *guest = strstr(value, "guest=");

	if (guest && (guest == value || guest[-1] == ','))
		value = guest + strlen("guest=");
	snprintf(name, size, "%.*s", (int)strcspn(value, ","), value);
}

static const char *const options[] = {"--id", "-name", "--name"};

const char *cmdline_value(const char *arg, const char *next, const char *option)
{
	size_t len = strlen(option);

	if (strncmp(arg, option, len))
		return NULL;
	if (arg[len] == '=')
		return arg + len + 1;
	return arg[len] ? NULL : next;
}

/* The value of a naming option; NULL: @arg is none of them. */
static const char *value_of_name(const char *arg, const char *next)
{
	const char *value = NULL;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]) && !value; i++)
		value = cmdline_value(arg, next, options[i]);
	return value;
}

bool cmdline_vm_name(const char *cmdline, size_t size, char *name, size_t name_size)
{
	size_t pos = 0;

	while (pos < size) {
		const char *arg = cmdline + pos, *next, *value;

		pos += strnlen(arg, size - pos) + 1;
		if (pos > size)
			break; /* cut in the middle of an argument */
		next = pos < size && memchr(cmdline + pos, 0, size - pos) ? cmdline + pos : NULL;
		value = value_of_name(arg, next);
		if (!value || !*value)
			continue;
		take_value(value, name, name_size);
		return name[0] != 0;
	}
	return false;
}
