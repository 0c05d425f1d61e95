// SPDX-License-Identifier: GPL-2.0-only
#include "base/clock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#define NSEC_PER_SEC 1000000000ULL

static uint64_t read_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* What this time namespace adds to the kernel's CLOCK_MONOTONIC, as which BPF reads it. */
static int64_t namespace_ns;

static bool is_own_namespace(void)
{
	struct stat own, children;

	return !stat("/proc/self/ns/time", &own) &&
	       !stat("/proc/self/ns/time_for_children", &children) && own.st_ino == children.st_ino;
}

/* fs/proc/base.c, timens_offsets_show(): "monotonic  100000  0", since v5.6; of the children's. */
void clock_init(void)
{
	FILE *file = is_own_namespace() ? fopen("/proc/self/timens_offsets", "re") : NULL;
	long long seconds, ns;

	if (file && fscanf(file, "monotonic %lld %lld", &seconds, &ns) == 2)
		namespace_ns = seconds * (long long)NSEC_PER_SEC + ns;
	if (file)
		fclose(file);
}

uint64_t clock_now_ns(void)
{
	return read_ns(CLOCK_MONOTONIC) - (uint64_t)namespace_ns;
}

int64_t clock_unix_offset_ns(void)
{
	return (int64_t)(read_ns(CLOCK_REALTIME) - clock_now_ns());
}

uint64_t clock_cpu_ns(void)
{
	return read_ns(CLOCK_PROCESS_CPUTIME_ID);
}

void clock_sleep_until_ns(uint64_t ns)
{
	uint64_t here_ns = ns + (uint64_t)namespace_ns;
	const struct timespec when = {.tv_sec = (time_t)(here_ns / NSEC_PER_SEC),
				      .tv_nsec = (long)(here_ns % NSEC_PER_SEC)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) == EINTR)
		;
}

void clock_sleep_ns(uint64_t ns)
{
	clock_sleep_until_ns(clock_now_ns() + ns);
}
