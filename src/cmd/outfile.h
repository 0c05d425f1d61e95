/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a command's output goes: a file, or standard output. It is opened early
 * and emptied late, so that an error is reported before the work, and a file is
 * lost to nothing. The first error is kept, and ends it.
 */
#ifndef CMD_OUTFILE_H
#define CMD_OUTFILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/opt.h"

struct err;
struct str;

/* A row of an option table; @F is a const char * in struct @CFG. */
/* clang-format off */
#define OUTPUT_OPT(CFG, F)                                                                           \
	OPT_STR('o', "output", "FILE", CFG, F, "write to this file instead of standard output (-)")
/* clang-format on */

struct outfile {
	const char *path; /* "-": standard output */
	int fd;		  /* -1: not open */
	int failed;	  /* a negative errno, of the first write that did not work */
	bool is_capture;
	bool has_head;	  /* of a capture: what there is of it can be read */
	bool is_stream;	  /* its readers follow it: it gets its name with the first bytes */
	bool is_new;	  /* it was not there before */
	bool has_no_lock; /* which has been said */
	bool is_started;
	bool is_given;	 /* a descriptor of ours from the start: what is there is others' as well */
	bool was_linked; /* it had a name when it was opened */
	bool is_removed; /* and has none at the end */
	const struct io_waiter *waiter; /* NULL: waits for nothing but the output */
	uint64_t bytes;			/* written */
	uint64_t unwritten;		/* and not, because of .failed */
	pid_t keeper;			/* a process that can still rename or remove it; 0: none */
	int keeper_fd;			/* tells it which */
	int old_fd;			/* of what .part is to replace, locked; -1: nothing */
	char name[PATH_MAX];		/* what .part is to be called, symbolic links resolved */
	char part[PATH_MAX + 8];	/* what is not yet called .name; "": there is none */
	size_t lines_len;		/* of .lines */
	char lines[PIPE_BUF];
};

/* "-" for what is another name of standard output, such as /dev/stdout; else @path. */
const char *outfile_path(const char *path);

/* Could it be opened? Leaves no trace. 0, or a negative errno with @err set. */
int outfile_check(const char *path, struct err *err);

/*
 * Open or create @path (NULL, "-": standard output), close-on-exec. A file is written as
 * @path.part, and gets its name with the first bytes in it; or, where a file of that name is to be
 * replaced and this is no stream, once it is whole. What is no file, or cannot have another beside
 * it, is written as it is; what is in it stays until outfile_start(). What names a descriptor that
 * we were started with (/dev/fd/3) is that one, and what others wrote to it stays. Under sudo a new
 * file is its
 * caller's. No two of us write to one file. Of @out, all 0 before, .waiter counts, for a FIFO that
 * nobody reads and from then on, and .is_stream. 0, or a negative errno with @err set.
 */
int outfile_open(struct outfile *out, const char *path, struct err *err);

/*
 * The same for a capture: a new one is for its owner alone, since kernel addresses are in it. With
 * "-", standard output becomes the capture's, and what else is printed there goes to stderr.
 */
int outfile_open_capture(struct outfile *out, const char *path, struct err *err);

/*
 * Before what the output is made of is read: from now on nothing can be written
 * but @out, standard output and standard error, and little else be done (see
 * sandbox_read_only()). The file gets its name at the end. 0, or a negative errno with @err set.
 */
int outfile_confine(struct outfile *out, struct err *err);

/* The same before a screen is drawn on a terminal (see sandbox_screen()); @fd can be written to as
 * well, and @out may not be open. */
int outfile_confine_screen(struct outfile *out, int fd, struct err *err);

/* Output follows: what was in the file goes. Once; again does nothing. */
void outfile_start(struct outfile *out);

/* Is @path this very file? Reading from it would read what we write. */
bool outfile_is(const struct outfile *out, const char *path);

/* All of it, or a negative errno, that time and from then on. A capture_put_fn. */
int outfile_put(void *outfile, const void *bytes, size_t len);

/*
 * Whole lines that belong together. They are written in one write(2), with
 * others if all fit into PIPE_BUF, so that nothing that another process writes
 * to the same file, terminal or pipe gets between them (pipe(7): longer ones can
 * be torn by a pipe that is full). 0, or a negative errno as above.
 */
int outfile_put_lines(struct outfile *out, const char *text, size_t len);

/* The whole output, which took @ret to make; @err set unless 0: out of memory. */
int outfile_put_whole(struct outfile *out, const struct str *text, int ret, struct err *err);

/* What outfile_put_lines() kept. */
int outfile_flush(struct outfile *out);

/* From now on what there is of the capture can be read. Without its head there is no file. */
void outfile_has_head(struct outfile *out);

/*
 * What it is made of failed with @code, a negative errno: it is no output. Without a byte in it
 * there is no file; else it is kept beside the one that was there, if any.
 */
void outfile_fail(struct outfile *out, int code);

/*
 * Close it; 0, or a negative errno with @err set when not all that was put is
 * there, or nobody can find it, since it was removed meanwhile. A reader that has left is no error,
 * but for a capture. A new file into which nothing was to be written is removed.
 */
int outfile_close(struct outfile *out, struct err *err);

/*
 * The same at the end of a command that has come to @ret: its own error is the one to report, and
 * with one no file that was there is replaced, but by a capture.
 */
int outfile_end(struct outfile *out, int ret, struct err *err);

#endif
