/* SPDX-License-Identifier: GPL-2.0-only */
/* The text of /proc/kallsyms, as kernel/kallsyms.c (s_show()) writes it: 120 000 lines and more. */
#ifndef HOST_KALLSYMS_H
#define HOST_KALLSYMS_H

#include <stdbool.h>
#include <stdint.h>

struct kallsym {
	uint64_t addr; /* 0: hidden from us */
	char type;
	const char *name;
	const char *module; /* without its brackets; NULL: the kernel's own */
};

/*
 * Take @line, a string without its newline, apart in place: "ffffffffc0a1 t kvm_vm_ioctl\t[kvm]".
 * False if it is no such line. @symbol points into @line.
 */
bool kallsym_parse(char *line, struct kallsym *symbol);

/*
 * Is it a function that something may return to? Not data, and not the padding in front of
 * functions: with CONFIG_PREFIX_SYMBOLS or CONFIG_CFI_CLANG that is half of all symbols on x86,
 * and half of the memory that a daemon needs.
 */
bool kallsym_is_function(const struct kallsym *symbol);

#endif
