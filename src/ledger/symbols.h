/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel functions by address and by name; filled from /proc/kallsyms, or from a capture. */
#ifndef LEDGER_SYMBOLS_H
#define LEDGER_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbols;

struct symbols *symbols_new(void);
void symbols_free(struct symbols *syms);

/* Returns 0 or -ENOMEM. Any order; find and address work after symbols_sort(). */
int symbols_add(struct symbols *syms, uint64_t addr, const char *name);
void symbols_sort(struct symbols *syms);

/*
 * One address that lies in the function @name that begins at @start: it alone is
 * found then, and at once. Of a function's names the first one counts, so two
 * addresses in it have the same string. Returns 0 or -ENOMEM.
 */
int symbols_add_exact(struct symbols *syms, uint64_t addr, uint64_t start, const char *name);

/* The function that holds @addr, or NULL. The string lives as long as @syms. */
const char *symbols_find(const struct symbols *syms, uint64_t addr, uint64_t *offset);

/* The address of @name, or 0. */
uint64_t symbols_address(const struct symbols *syms, const char *name);

struct symbols_range {
	uint64_t start, bytes;
};

/* Where @name is, with what a compiler made of it (".part.0"): at most @max. Returns how many. */
size_t symbols_ranges(const struct symbols *syms, const char *name, struct symbols_range *list,
		      size_t max);

size_t symbols_cnt(const struct symbols *syms);

/* Does @name equal @plain, but for a compiler's suffix (".part.0", ".isra.0")? */
bool symbol_is(const char *name, const char *plain);

#endif
