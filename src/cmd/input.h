/* SPDX-License-Identifier: GPL-2.0-only */
/* A file that report and diff read, whatever kind it is of, through the ledger. */
#ifndef CMD_INPUT_H
#define CMD_INPUT_H

#include "capture/replay.h"

struct err;
struct summary;

/*
 * Read @path ("-": standard input) to its end. @summary gets what
 * replay_summary() knows. Returns an enum capture_state (CAPTURE_CUT with the
 * reason in @err), or a negative errno with @err set, in one line that names
 * @path; what came before has been reported by then.
 */
int input_read(const char *path, const struct replay_ops *ops, void *ctx, struct summary *summary,
	       struct err *err);

#endif
