/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a capture goes: a file, or standard output. The first error is kept, and ends it. */
#ifndef CMD_OUTFILE_H
#define CMD_OUTFILE_H

#include <stddef.h>
#include <stdint.h>

struct err;

struct outfile {
	const char *path; /* "-": standard output */
	int fd;		  /* -1: not open */
	int failed;	  /* a negative errno, of the first write that did not work */
	uint64_t bytes;	  /* written */
};

/* Could it be opened? Leaves no trace. 0, or a negative errno with @err set. */
int outfile_check(const char *path, struct err *err);

/* Create or replace it. A new one is for its owner alone, since kernel addresses are in it: with
 * sudo, its caller. */
int outfile_open(struct outfile *out, const char *path, struct err *err);

/* All of it, or a negative errno, that time and from then on. A capture_put_fn. */
int outfile_put(void *outfile, const void *bytes, size_t len);

/* Close it; 0, or a negative errno with @err set when not all that was put is there. */
int outfile_close(struct outfile *out, struct err *err);

#endif
