/* SPDX-License-Identifier: GPL-2.0-only */
/* A file that report and diff read, whatever kind it is of, through the ledger. */
#ifndef CMD_INPUT_H
#define CMD_INPUT_H

#include <stdbool.h>

#include "capture/replay.h"
#include "import/import.h"

struct err;
struct io_waiter;
struct summary;

struct input_cfg {
	enum import_format from; /* what kind of log it is; IMPORT_NONE: as its first bytes say */
	bool is_quiet;		 /* do not log what of a log was not understood */
	const struct io_waiter *waiter; /* what is read is waited for by it; NULL: by read(2) */
};

/*
 * Read @path ("-": standard input) to its end, compressed or not. @summary gets what
 * replay_summary() knows. Returns an enum capture_state (CAPTURE_CUT with the
 * reason in @err), or a negative errno with @err set, in one line that names
 * @path; what came before has been reported by then: -ENODATA for a log that is known and lacks
 * what is needed. What of a log was not understood is logged.
 */
int input_read(const char *path, const struct input_cfg *cfg, const struct replay_ops *ops,
	       void *ctx, struct summary *summary, struct err *err);

/* What several files are together. */
enum input_run {
	INPUT_SINGLE,  /* each is one by itself */
	INPUT_THREADS, /* of strace -ff: a file for each thread of one run, FILE.TID */
	INPUT_DUMPS,   /* kernel stacks, of one hang */
};

/* What are these (the list ends with NULL)? Files that cannot be read are left to input_read(). */
enum input_run input_run(char *const *paths, const struct input_cfg *cfg);

/* Are all of these files, and none an option that came too late? 0, or -EINVAL with @err set. */
int input_check_names(char *const *paths, struct err *err);

/* Read them as one log, threads in order of time: as input_read(). @run is not INPUT_SINGLE. */
int input_read_run(char *const *paths, enum input_run run, const struct input_cfg *cfg,
		   const struct replay_ops *ops, void *ctx, struct summary *summary,
		   struct err *err);

#endif
