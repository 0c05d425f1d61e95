/* SPDX-License-Identifier: GPL-2.0-only */
/* A command is data: its name, its tables and one function. main.c owns the list. */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "base/err.h"
#include "base/opt.h"

struct cmd {
	const char *name;
	const char *summary;  /* one line, for "kvmstall help" and kvmstall(8) */
	const char *operands; /* "[-- COMMAND...]", or NULL when there are none */
	const struct opt *opts;
	int failed_status; /* the exit status of ERR_FAILED; 0: 1 as usual */
	/*
	 * @argv[0] is the command's name. Returns the exit status (0, 1, 3, ...),
	 * or a negative errno with @err set: main prints it and exits with the
	 * status of its kind.
	 */
	int (*run)(int argc, char **argv, struct err *err);
};

extern const struct cmd cmd_check;
extern const struct cmd cmd_diff;
extern const struct cmd cmd_export; /* only #ifdef HAVE_EXPORT */
extern const struct cmd cmd_record;
extern const struct cmd cmd_report;
extern const struct cmd cmd_repro;
extern const struct cmd cmd_top;
extern const struct cmd cmd_trace;

#endif
