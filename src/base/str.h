/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A growable string, for building output in code that prints nothing.
 * Running out of memory is remembered, not returned: add all, then ask once,
 * with str_failed() or str_take(). A failed string takes no more text.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct str {
	char *text; /* always a string, "" when empty; only str_* write to it */
	size_t len; /* without the final NUL */
	size_t cap; /* bytes allocated; 0: text is not ours to free */
	bool failed;
};

void str_init(struct str *str);
void str_fini(struct str *str);

/* Back to "", memory kept, an earlier failure forgotten. */
void str_reset(struct str *str);

void str_addc(struct str *str, char c);
void str_adds(struct str *str, const char *text);
void str_addn(struct str *str, const void *bytes, size_t len);
void str_addf(struct str *str, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Spaces up to column @column of the current line (the text since the last newline), if any. */
void str_pad(struct str *str, size_t column);

bool str_failed(const struct str *str);

/* The text of @part, which is to become a part of @whole: where it has failed, @whole has as well.
 */
const char *str_part(struct str *whole, const struct str *part);

/* Hand the text over to the caller (free()) and start again empty; NULL when out of memory. */
char *str_take(struct str *str);

#endif
