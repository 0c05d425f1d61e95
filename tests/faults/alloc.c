// SPDX-License-Identifier: GPL-2.0-only
/*
 * To be preloaded: the FAULT_AT-th allocation of the process fails, once. What it executes is
 * spared. FAULT_COUNT is a file in which the allocations are counted, as text of 20 digits at the
 * end; it is mapped from the start, since a process that confines itself opens no more files.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define DIGITS 20

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t cnt, size_t size);
void *__libc_realloc(void *mem, size_t size);

static atomic_ulong allocations;
static unsigned long fail_at;
static char *count_text;
static pid_t first;

static char *map_file(const char *path)
{
	int fd = path ? open(path, O_RDWR | O_CREAT | O_TRUNC, 0600) : -1;
	char *mem = NULL;

	if (fd >= 0 && !ftruncate(fd, DIGITS))
		mem = mmap(NULL, DIGITS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	return mem == MAP_FAILED ? NULL : mem;
}

__attribute__((constructor)) static void start(void)
{
	const char *at = getenv("FAULT_AT");

	unsetenv("LD_PRELOAD");
	count_text = map_file(getenv("FAULT_COUNT"));
	first = getpid();
	allocations = 0;
	fail_at = at ? strtoul(at, NULL, 10) : 0;
}

__attribute__((destructor)) static void finish(void)
{
	unsigned long left = allocations;

	if (!count_text || getpid() != first)
		return;
	for (int i = DIGITS - 1; i >= 0; i--, left /= 10)
		count_text[i] = '0' + left % 10;
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
