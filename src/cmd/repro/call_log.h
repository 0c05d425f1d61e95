/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What one VMM did, in memory: calls with their times, injections, skips.
 * Nothing is printed while a VM is being measured; report.h prints a journal
 * after the round. Adding is thread-safe; reading is for when threads are gone.
 */
#ifndef CMD_REPRO_CALL_LOG_H
#define CMD_REPRO_CALL_LOG_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CALL_LOG_ARGS_MAX 5

/* One argument as text and JSON show it; a NULL key ends the list. */
struct call_log_arg {
	const char *key;
	uint64_t value;
	bool is_hex; /* in text; JSON numbers are decimal */
};

enum call_what {
	CALL_IS_IOCTL,
	CALL_IS_CLOSE, /* of the VM */
	CALL_IS_EXIT,
	CALL_IS_CLOSE_DEVICE, /* its name: as a trace calls it (src/ledger/ioctls.h) */
	CALL_IS_EVENTFD,
	CALL_IS_WRITE, /* to cgroup.procs */
};

/* One system call of the VMM. The caller fills the first four fields. */
struct call {
	enum call_what what;
	const char *name; /* of the ioctl, or "close", or "exit" */
	struct call_log_arg args[CALL_LOG_ARGS_MAX + 1];
	const char *injected; /* the cause that was made for this very call, or NULL */
	uint64_t begin_ns, end_ns;
	long ret; /* negative errno on failure, as the kernel returned it */
};

/* A cause that was made on purpose: from when to when, and by whom. */
struct injection {
	const char *name;
	const char *expects; /* the cause that a tracer should give the victims */
	uint64_t begin_ns, end_ns;
	pid_t tid;	  /* who made the cause: reader, spinner, lock holder */
	pid_t victim_tid; /* who paid */
	char detail[160];
};

/* A scenario that this kernel does not offer. */
struct skip {
	const char *name;
	const char *call; /* the ioctl that was refused, or NULL */
	int err;	  /* its errno, or 0 */
	const char *reason;
};

enum call_log_kind {
	CALL_LOG_CALL,
	CALL_LOG_INJECTION,
	CALL_LOG_SKIP,
};

struct call_log_entry {
	enum call_log_kind kind;
	uint64_t ts_ns; /* CLOCK_MONOTONIC: when it began */
	pid_t tid;
	uint32_t round;
	union {
		struct call call;
		struct injection injection;
		struct skip skip;
	};
};

struct call_log {
	pthread_mutex_t lock;
	struct call_log_entry *entries;
	size_t cnt, max;
	size_t lost; /* entries there was no memory for */
	pid_t pid;
	uint32_t round, vm;
	const char *profile; /* or scenario */
};

void call_log_init(struct call_log *log, const char *profile, uint32_t vm);
void call_log_fini(struct call_log *log);

/* Forget the entries, keep the memory. */
void call_log_reset(struct call_log *log);

/* The entries in the order in which they began. */
void call_log_sort(struct call_log *log);

void call_log_add_injection(struct call_log *log, const struct injection *injection);
void call_log_add_skip(struct call_log *log, const struct skip *skip);

/* A call that is already over, e.g. one that another process made. */
void call_log_add_call(struct call_log *log, const struct call *call, pid_t tid);

/*
 * Make the ioctl, measure it and write it down. Returns what the kernel
 * returned: zero or more, or a negative errno.
 */
long call_log_ioctl(struct call_log *log, struct call *call, int fd, unsigned long request,
		    unsigned long arg);

/* The same for close(2), which is where a VM dies. */
long call_log_close(struct call_log *log, struct call *call, int fd);

#endif
