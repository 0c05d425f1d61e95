/* SPDX-License-Identifier: GPL-2.0-only */
/* The lines of strace -f -ttt -T -e ioctl (also -t, -tt, -y, -yy; with -o or without). */
#ifndef IMPORT_STRACE_H
#define IMPORT_STRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log;
struct strace;

/* One line, cut into what it says; strings point into the line. */
struct strace_line {
	uint32_t tid;	    /* 0: none, strace followed one thread */
	uint64_t ts_ns;	    /* since the epoch, or since midnight */
	bool is_resumed;    /* "<... ioctl resumed>": the end of a call that began before */
	bool is_unfinished; /* its end comes later */
	uint32_t fd;
	const char *request; /* "KVM_CREATE_VCPU", or "_IOC(...)", "0xae41" */
	size_t request_len;
	const char *arg; /* from the third argument on */
	bool has_ret;
	int64_t ret;
	bool has_latency;
	uint64_t latency_ns;
};

/* False: not an ioctl, or nothing that strace would print. @text ends with a NUL. */
bool strace_parse(const char *text, struct strace_line *line);

/* The calls of a log, line by line. */
struct strace *strace_new(struct log *log);
void strace_free(struct strace *strace);

/* 0: taken, or not of interest; -ENOMEM. */
int strace_take(struct strace *strace, const char *text);

/* Calls on KVM that the log says no duration of. */
uint64_t strace_untimed(const struct strace *strace);

#endif
