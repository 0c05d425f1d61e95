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

#define CALL_ARGS_MAX 5

/* One argument as text and JSON show it; a NULL key ends the list. */
struct call_arg {
	const char *key;
	uint64_t value;
	bool is_hex; /* in text; JSON numbers are decimal */
};

/* One system call of the VMM. The caller fills the first three fields. */
struct call {
	const char *name; /* of the ioctl, or "close", or "exit" */
	struct call_arg args[CALL_ARGS_MAX + 1];
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

enum journal_kind {
	JOURNAL_CALL,
	JOURNAL_INJECTION,
	JOURNAL_SKIP,
};

struct journal_entry {
	enum journal_kind kind;
	uint64_t ts_ns; /* CLOCK_MONOTONIC: when it began */
	pid_t tid;
	uint32_t round;
	union {
		struct call call;
		struct injection injection;
		struct skip skip;
	};
};

struct journal {
	pthread_mutex_t lock;
	struct journal_entry *entries;
	size_t cnt, max;
	size_t lost; /* entries there was no memory for */
	pid_t pid;
	uint32_t round, vm;
	const char *profile; /* or scenario */
};

void journal_init(struct journal *journal, const char *profile, uint32_t vm);
void journal_fini(struct journal *journal);

/* Forget the entries, keep the memory. */
void journal_reset(struct journal *journal);

/* The entries in the order in which they began. */
void journal_sort(struct journal *journal);

void journal_add_injection(struct journal *journal, const struct injection *injection);
void journal_add_skip(struct journal *journal, const struct skip *skip);

/* A call that is already over, e.g. one that another process made. */
void journal_add_call(struct journal *journal, const struct call *call, pid_t tid);

/*
 * Make the ioctl, measure it and write it down. Returns what the kernel
 * returned: zero or more, or a negative errno.
 */
long journal_ioctl(struct journal *journal, struct call *call, int fd, unsigned long request,
		   unsigned long arg);

/* The same for close(2), which is where a VM dies. */
long journal_close(struct journal *journal, struct call *call, int fd);

#endif
