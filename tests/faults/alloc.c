// SPDX-License-Identifier: GPL-2.0-only
/*
 * To be preloaded: the FAULT_AT-th allocation of the process fails, once. What it executes is
 * spared. FAULT_COUNT is a file that gets the number of allocations at the end.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t cnt, size_t size);
void *__libc_realloc(void *mem, size_t size);

static atomic_ulong allocations;
static unsigned long fail_at;
static const char *count_file;
static pid_t first;

__attribute__((constructor)) static void start(void)
{
	const char *at = getenv("FAULT_AT");

	unsetenv("LD_PRELOAD");
	count_file = getenv("FAULT_COUNT");
	first = getpid();
	allocations = 0;
	fail_at = at ? strtoul(at, NULL, 10) : 0;
}

__attribute__((destructor)) static void finish(void)
{
	FILE *file = count_file && getpid() == first ? fopen(count_file, "w") : NULL;

	if (!file)
		return;
	fprintf(file, "%lu\n", allocations);
	fclose(file);
}

static int fails(void)
{
	if (++allocations != fail_at || !fail_at)
		return 0;
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t cnt, size_t size)
{
	return fails() ? NULL : __libc_calloc(cnt, size);
}

void *realloc(void *mem, size_t size)
{
	return fails() ? NULL : __libc_realloc(mem, size);
}
