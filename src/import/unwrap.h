/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lines of strace that a mail or a terminal has cut in two: what is put before the next line, and
 * whether that completes it.
 */
#ifndef IMPORT_UNWRAP_H
#define IMPORT_UNWRAP_H

#include <stdbool.h>
#include <stddef.h>

#include "import/syscall_line.h"

/* May the rest of this line, which strace_parse() has cut into @line, be in the next one? */
bool unwrap_is_cut(const struct syscall_line *line, const char *text);

/* Has the line its end, now that what followed was added? */
bool unwrap_is_whole(const struct syscall_line *line, const char *text);

/* May @next be the rest of @text, which is a call with a result or, unless @has_ret, without? */
bool unwrap_goes_on(const char *text, bool has_ret, const char *next);

/* Was there a space where @text was cut and @next goes on, that is in neither? */
bool unwrap_has_space(const char *text, size_t len, const char *next);

#endif
