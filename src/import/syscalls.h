/* SPDX-License-Identifier: GPL-2.0-only */
/* System calls, line by line, as calls on VMs: whose threads, which descriptors, which ends. */
#ifndef IMPORT_SYSCALLS_H
#define IMPORT_SYSCALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "import/syscall_line.h"
#include "ledger/ioctls.h"

struct log;
struct syscalls;

/* @is_relative: times are since the line before (strace -r). NULL: out of memory. */
struct syscalls *syscalls_new(struct log *log, bool is_relative);
void syscalls_free(struct syscalls *calls);

/* Lines that name no thread are of this one, of process @tgid. */
void syscalls_set_thread(struct syscalls *calls, uint32_t tid, uint32_t tgid);

/* 0: taken, or not of interest; -ENOMEM. */
int syscalls_take(struct syscalls *calls, struct syscall_line *line);

/* The log is at its end: what has not ended is stuck. 0 or -ENOMEM. */
int syscalls_finish(struct syscalls *calls);

/* Calls on KVM: those that the log says a duration of, KVM_RUN among them; and the others. */
uint64_t syscalls_seen(const struct syscalls *calls);
uint64_t syscalls_untimed(const struct syscalls *calls);

/* Where durations are missing: no call took longer, as the times of the threads' next lines say. */
struct syscalls_bound {
	enum call_id id; /* whose next line came last */
	uint64_t ns;	 /* 0: nothing is known */
};

struct syscalls_bound syscalls_bound(const struct syscalls *calls);

/* Relative times, and more than one thread: their order is not known. */
bool syscalls_mixed(const struct syscalls *calls);

#endif
