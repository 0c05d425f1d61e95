/* SPDX-License-Identifier: GPL-2.0-only */
/* What a command may still ask of the kernel once it reads what others have written. */
#ifndef CMD_SANDBOX_H
#define CMD_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/* A system call that is allowed; of two rules for one call either lets it through. */
struct sandbox_rule {
	int call;	  /* a SCMP_SYS(); below 0, this architecture has it not */
	unsigned int arg; /* the argument that is looked at */
	uint32_t mask;	  /* these bits of it; 0: whatever they are */
	uint32_t value;	  /* must be this */
};

/*
 * From now on only these; any other fails with EPERM: a C library that one day
 * takes another call loses a function, not the user the result. The tests set
 * KVMSTALL_SECCOMP=kill, so that nothing on a list is missing unnoticed. There
 * is no way back, and new privileges are forbidden. Of the calling thread.
 * Returns 0, -ENOTSUP for a kernel without such filters, or another negative
 * errno; with @err set.
 */
int sandbox_limit(const struct sandbox_rule *rules, size_t cnt, struct err *err);

/* Has any of these limits been set? */
bool sandbox_is_on(void);

/*
 * For commands that read files and print: no network, no new process, no file
 * opened but to be read, nothing removed or renamed, nothing executable mapped.
 * Written is only to standard output, standard error and the descriptors of
 * @fds; those below 0 are none. A kernel that has no filters is no error.
 * Returns 0 or a negative errno with @err set.
 */
int sandbox_read_only(const int *fds, size_t cnt, struct err *err);

/* The same, where a screen is drawn on a terminal: its modes may be set. */
int sandbox_screen(const int *fds, size_t cnt, struct err *err);

#endif
