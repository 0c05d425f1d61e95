/* SPDX-License-Identifier: GPL-2.0-only */
/* One line of a log of system calls, cut into what it says; strings point into the line. */
#ifndef IMPORT_SYSCALL_LINE_H
#define IMPORT_SYSCALL_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kvmstall/records.h>

enum line_kind {
	LINE_OTHER,   /* not a line of such a log */
	LINE_PASSED,  /* one that says nothing of a call: a signal, a note, a stack */
	LINE_CALL,    /* a system call, or its begin */
	LINE_RESUMED, /* the end of one that began before */
	LINE_EXIT,    /* the thread is gone */
};

enum line_time {
	TIME_NONE,     /* no time of day */
	TIME_DAY,      /* since midnight */
	TIME_STAMP,    /* since the epoch, or the start of the log */
	TIME_RELATIVE, /* since the line before */
};

struct word {
	const char *text;
	size_t len;
};

struct syscall_line {
	enum line_kind kind;
	enum line_time time;
	bool is_coarse;		 /* the time is in whole seconds */
	bool is_relative_format; /* printed as strace -r pads it */
	bool has_tid;
	uint32_t tid;
	uint64_t ts_ns;
	char comm[KS_COMM_LEN]; /* "": not known */
	struct word name;	/* "ioctl" */
	const char *args;	/* what follows the bracket */
	bool is_by_nr;		/* requests are named by their number: not by direction and size */
	bool is_unfinished;	/* its end comes later, or never */
	bool has_ret;
	int64_t ret;
	bool is_killed;	  /* "= ?": it never returned */
	bool is_headless; /* a slow call's end whose begin is not in the log; syscalls_take() sets
			     it */
	bool has_latency;
	uint64_t latency_ns;
};

/* The arguments of an ioctl, or of a close. */
struct fd_args {
	uint32_t fd;
	struct word path;    /* "anon_inode:kvm-vm"; .len 0: not said */
	struct word request; /* "KVM_CREATE_VCPU", or "_IOC(...)", "0xae41" */
	const char *arg;     /* from the third argument on */
};

/* Is it this very text? */
bool word_is(const struct word *word, const char *text);

/* Does it begin so? */
bool word_begins(const struct word *word, const char *text);

#endif
