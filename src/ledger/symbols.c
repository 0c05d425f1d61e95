// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/symbols.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/map.h"
#include "base/sanitize.h"

/* Further than this from its start, an address is in no function: modules and BPF programs
 * that came later lie after the last symbol known. */
#define FUNCTION_MAX_BYTES (1 << 20)

struct symbol {
	uint64_t addr;
	uint32_t name; /* offset into .names */
};

/* Of an address that was given by itself. */
struct function {
	uint64_t start;
	char name[];
};

struct symbols {
	struct symbol *list;
	size_t cnt, cap;
	char *names;
	size_t names_len, names_cap;
	struct map exact;     /* address -> struct function, owned by .functions */
	struct map functions; /* start -> struct function */
};

struct symbols *symbols_new(void)
{
	return calloc(1, sizeof(struct symbols));
}

void symbols_free(struct symbols *syms)
{
	if (!syms)
		return;
	map_clear(&syms->functions, free);
	map_fini(&syms->exact);
	free(syms->list);
	free(syms->names);
	free(syms);
}

static int names_add(struct symbols *syms, const char *name, uint32_t *offset)
{
	size_t len = strlen(name) + 1;

	if (syms->names_len + len > syms->names_cap) {
		size_t cap = (syms->names_cap + len) * 2;
		char *names = realloc(syms->names, cap);

		if (!names)
			return -ENOMEM;
		syms->names = names;
		syms->names_cap = cap;
	}
	memcpy(syms->names + syms->names_len, name, len);
	*offset = syms->names_len;
	syms->names_len += len;
	return 0;
}

int symbols_add(struct symbols *syms, uint64_t addr, const char *name)
{
	if (!ARRAY_ROOM(syms->list, syms->cap, syms->cnt, 1024) ||
	    names_add(syms, name, &syms->list[syms->cnt].name))
		return -ENOMEM;
	syms->list[syms->cnt++].addr = addr;
	return 0;
}

static struct function *add_function(struct symbols *syms, uint64_t start, const char *name)
{
	size_t len = strlen(name) + 1;
	struct function *func = malloc(sizeof(*func) + len);

	if (!func)
		return NULL;
	func->start = start;
	sanitize(func->name, len, name); /* from a capture: anybody's */
	if (map_put(&syms->functions, start, func)) {
		free(func);
		return NULL;
	}
	return func;
}

int symbols_add_exact(struct symbols *syms, uint64_t addr, uint64_t start, const char *name)
{
	struct function *func = start ? map_get(&syms->functions, start) : NULL;

	if (!addr || !start)
		return 0; /* no function is there */
	if (!func)
		func = add_function(syms, start, name);
	return func ? map_put(&syms->exact, addr, func) : -ENOMEM;
}

static int symbol_cmp(const void *a, const void *b)
{
	const struct symbol *one = a, *two = b;

	if (one->addr != two->addr)
		return one->addr < two->addr ? -1 : 1;
	return one->name < two->name ? -1 : one->name > two->name; /* aliases: as they came */
}

static bool is_sorted(const struct symbols *syms)
{
	for (size_t i = 1; i < syms->cnt; i++)
		if (syms->list[i - 1].addr > syms->list[i].addr)
			return false;
	return true;
}

/* Without memory for a smaller one, the larger one stays. */
static void *shrunk(void *list, size_t bytes)
{
	void *smaller = realloc(list, bytes);

	return smaller ? smaller : list;
}

void symbols_sort(struct symbols *syms)
{
	if (!syms->cnt)
		return;
	/* A kernel without modules is sorted; qsort() would take as much memory again. */
	if (!is_sorted(syms))
		qsort(syms->list, syms->cnt, sizeof(*syms->list), symbol_cmp);
	syms->list = shrunk(syms->list, syms->cnt * sizeof(*syms->list));
	syms->names = shrunk(syms->names, syms->names_len);
	syms->cap = syms->cnt;
	syms->names_cap = syms->names_len;
}

const char *symbols_find(const struct symbols *syms, uint64_t addr, uint64_t *offset)
{
	const struct function *func = map_get(&syms->exact, addr);
	size_t lo = 0, hi = syms->cnt;

	if (func) {
		if (offset)
			*offset = addr - func->start;
		return func->name;
	}
	while (lo < hi) { /* the first symbol after addr */
		size_t mid = lo + (hi - lo) / 2;

		if (syms->list[mid].addr <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || addr - syms->list[lo - 1].addr > FUNCTION_MAX_BYTES)
		return NULL;
	lo--;
	while (lo && syms->list[lo - 1].addr == syms->list[lo].addr)
		lo--; /* the first of its aliases */
	if (offset)
		*offset = addr - syms->list[lo].addr;
	return syms->names + syms->list[lo].name;
}

/* By its first letter: to call a function for each of 60 000 takes most of a search's time. */
static const char *name_like(const struct symbols *syms, size_t i, const char *name)
{
	const char *its = syms->names + syms->list[i].name;

	return *its == *name ? its : NULL;
}

uint64_t symbols_address(const struct symbols *syms, const char *name)
{
	for (size_t i = 0; i < syms->cnt; i++) {
		const char *its = name_like(syms, i, name);

		if (its && !strcmp(its, name))
			return syms->list[i].addr;
	}
	return 0;
}

/* To the next function; the last one is as long as any can be. */
static uint64_t bytes_of(const struct symbols *syms, size_t i)
{
	uint64_t start = syms->list[i].addr;

	while (++i < syms->cnt)
		if (syms->list[i].addr != start)
			return syms->list[i].addr - start;
	return FUNCTION_MAX_BYTES;
}

size_t symbols_ranges(const struct symbols *syms, const char *name, struct symbols_range *list,
		      size_t max)
{
	size_t cnt = 0;

	for (size_t i = 0; i < syms->cnt && cnt < max; i++) {
		const char *its = name_like(syms, i, name);

		if (!its || !symbol_is(its, name))
			continue;
		list[cnt++] = (struct symbols_range){syms->list[i].addr, bytes_of(syms, i)};
	}
	return cnt;
}

size_t symbols_cnt(const struct symbols *syms)
{
	return syms->cnt + syms->exact.cnt;
}

bool symbol_is(const char *name, const char *plain)
{
	size_t len = strlen(plain);

	return !strncmp(name, plain, len) && (!name[len] || name[len] == '.');
}
