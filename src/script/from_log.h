/* SPDX-License-Identifier: GPL-2.0-only */
/* The calls of each VM of a log of strace or perf trace, which prints every call that was made. */
#ifndef SCRIPT_FROM_LOG_H
#define SCRIPT_FROM_LOG_H

#include <stdbool.h>

#include "script/script.h"

struct script_log;
struct syscall_line;

/* @is_relative: times are since the line before (strace -r). NULL: out of memory. */
struct script_log *script_log_new(struct scripts *scripts, enum machine_arch arch,
				  bool is_relative);
void script_log_free(struct script_log *log);

/* The next line: 0, -ENOMEM, or -E2BIG with too many calls on one VM. */
int script_log_take(struct script_log *log, const struct syscall_line *line);

/* The end: calls that did not end are in, too. As script_log_take(). */
int script_log_finish(struct script_log *log);

#endif
