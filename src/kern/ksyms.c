// SPDX-License-Identifier: GPL-2.0-only
#include "kern/ksyms.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "ledger/symbols.h"

#define KALLSYMS "/proc/kallsyms"

static bool is_text(char type)
{
	return strchr("tTwW", type);
}

/*
 * Padding in front of functions, which nothing ever returns to: half of all symbols on x86 with
 * CONFIG_PREFIX_SYMBOLS or CONFIG_CFI_CLANG, and half of the memory that a daemon needs.
 */
static bool is_padding(const char *name)
{
	return !strncmp(name, "__pfx_", 6) || !strncmp(name, "__cfi_", 6);
}

/* "ffffffff8127a160 t __free_bus\t[kvm]" */
static int add_line(struct symbols *syms, const char *line)
{
	char name[256], type;
	uint64_t addr;

	if (sscanf(line, "%" SCNx64 " %c %255s", &addr, &type, name) != 3)
		return 0;
	if (!addr || !is_text(type) || is_padding(name))
		return 0;
	return symbols_add(syms, addr, name);
}

static void cleanup_symbols(struct symbols **syms)
{
	symbols_free(*syms);
}

struct symbols *ksyms_load(struct err *err)
{
	_cleanup_(cleanup_symbols) struct symbols *syms = symbols_new();
	_fclose_ FILE *file = fopen(KALLSYMS, "re");
	char line[512];

	if (!file) {
		err_set(err, -errno, "cannot open '%s': %s", KALLSYMS, strerror(errno));
		return NULL;
	}
	while (syms && fgets(line, sizeof(line), file))
		if (add_line(syms, line)) {
			err_set(err, -ENOMEM, "out of memory");
			return NULL;
		}
	if (!syms || !symbols_cnt(syms)) {
		err_cannot(err,
			   "'%s' hides kernel addresses: run as root, and see sysctl "
			   "kernel.kptr_restrict",
			   KALLSYMS);
		return NULL;
	}
	symbols_sort(syms);
	return take_ptr(syms);
}
