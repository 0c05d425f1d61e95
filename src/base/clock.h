/* SPDX-License-Identifier: GPL-2.0-only */
/* The clock of all time stamps, which is also BPF's: CLOCK_MONOTONIC of the first time namespace,
 * in ns. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Once, at the start: whether this is another time namespace. */
void clock_init(void);

uint64_t clock_now_ns(void);

/* What to add for CLOCK_REALTIME. */
int64_t clock_unix_offset_ns(void);

/* What this process has used of CPUs, in user space and in the kernel. */
uint64_t clock_cpu_ns(void);

/* Signals do not end it. */
void clock_sleep_ns(uint64_t ns);
void clock_sleep_until_ns(uint64_t ns);

#endif
