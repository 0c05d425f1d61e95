// SPDX-License-Identifier: GPL-2.0-only
/*
 * To be preloaded: one allocation of the process fails, once: the FAULT_AT-th, or the first whose
 * call stack is FAULT_STACK. What it forks is counted with it; what it executes is spared.
 * FAULT_CUTS has functions of the program, as "offset-size,...": a stack ends there, and is the
 * same whoever calls them. FAULT_LOG is a file that has a line for each allocation, its call stack
 * as a number: the same in each run where addresses are (setarch -R). When an allocation is to
 * fail, the file has one '!' as soon as one has. It is mapped from the start, since a process that
 * confines itself opens no more files.
 */
#define _GNU_SOURCE /* dl_iterate_phdr() */
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define DIGITS	   16
#define LINES	   (1 << 17)
#define FRAMES	   64
#define CUTS	   8
#define LOG_BYTES  ((DIGITS + 1) * LINES)
#define FNV_OFFSET 14695981039346656037ULL
#define FNV_PRIME  1099511628211ULL

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t cnt, size_t size);
void *__libc_realloc(void *mem, size_t size);

/* Of the process and its forks. */
static struct {
	atomic_ulong allocations;
	atomic_bool has_failed;
} * shared;

static unsigned long fail_at, fail_stack;
static struct {
	uintptr_t begin, size;
} cuts[CUTS];
static char *log_text;
static _Thread_local int is_inside __attribute__((tls_model("initial-exec")));

static void *map_shared(size_t size, int fd)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

static char *map_file(const char *path)
{
	int fd = path ? open(path, O_RDWR | O_CREAT | O_TRUNC, 0600) : -1;
	char *mem = NULL;

	if (fd >= 0 && !ftruncate(fd, LOG_BYTES))
		mem = map_shared(LOG_BYTES, fd);
	if (fd >= 0)
		close(fd);
	return mem;
}

static unsigned long number(const char *name, int base)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, base) : 0;
}

/* The program is the first one. */
static int note_base(struct dl_phdr_info *info, size_t size, void *base)
{
	(void)size;
	*(uintptr_t *)base = info->dlpi_addr;
	return 1;
}

static void read_cuts(const char *text)
{
	uintptr_t base = 0;
	char *end;

	dl_iterate_phdr(note_base, &base);
	for (int i = 0; text && *text && i < CUTS; i++) {
		cuts[i].begin = base + strtoul(text, &end, 16);
		if (*end != '-')
			return;
		cuts[i].size = strtoul(end + 1, &end, 16);
		text = *end ? end + 1 : end;
	}
}

static int is_cut(const void *frame)
{
	for (int i = 0; i < CUTS; i++)
		if ((uintptr_t)frame - cuts[i].begin < cuts[i].size)
			return 1;
	return 0;
}

/* The first time that it is asked, it allocates. */
static unsigned long stack_now(void)
{
	void *frames[FRAMES];
	unsigned long stack = FNV_OFFSET;
	int cnt;

	is_inside = 1;
	cnt = backtrace(frames, FRAMES);
	is_inside = 0;
	for (int i = 0; i < cnt; i++) {
		stack = (stack ^ (uintptr_t)frames[i]) * FNV_PRIME;
		if (is_cut(frames[i]))
			break;
	}
	return stack;
}

__attribute__((constructor)) static void start(void)
{
	unsetenv("LD_PRELOAD");
	read_cuts(getenv("FAULT_CUTS"));
	stack_now();
	log_text = map_file(getenv("FAULT_LOG"));
	fail_at = number("FAULT_AT", 10);
	fail_stack = number("FAULT_STACK", 16);
	shared = map_shared(sizeof(*shared), -1);
}

static void put_line(unsigned long line, unsigned long stack)
{
	char *text = log_text + line * (DIGITS + 1);

	for (int i = DIGITS - 1; i >= 0; i--, stack >>= 4)
		text[i] = "0123456789abcdef"[stack & 15];
	text[DIGITS] = '\n';
}

static int is_meant(unsigned long at, unsigned long stack)
{
	if (fail_at ? at != fail_at : stack != fail_stack)
		return 0;
	return !atomic_exchange(&shared->has_failed, 1);
}

static int fails(void)
{
	unsigned long before, stack;

	if (!shared || is_inside || shared->has_failed)
		return 0;
	before = atomic_fetch_add(&shared->allocations, 1);
	stack = fail_at ? 0 : stack_now(); /* of one place: it is a part of the stack */
	if (!fail_at && !fail_stack) {
		if (log_text && before < LINES)
			put_line(before, stack);
		return 0;
	}
	if (!is_meant(before + 1, stack))
		return 0;
	if (log_text)
		*log_text = '!';
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
