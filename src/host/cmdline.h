/* SPDX-License-Identifier: GPL-2.0-only */
/* What the operator calls a VM, from its VMM's command line. */
#ifndef HOST_CMDLINE_H
#define HOST_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * @cmdline as in /proc/PID/cmdline: arguments that end in NUL, @size bytes in
 * all. Knows Firecracker's --id, QEMU's -name (guest=) and crosvm's --name.
 * False when there is no name; @name is cut to @name_size.
 */
bool cmdline_vm_name(const char *cmdline, size_t size, char *name, size_t name_size);

/* The value of @option in @arg: after '=', or @next, the next argument. NULL: there is none. */
const char *cmdline_value(const char *arg, const char *next, const char *option);

#endif
