/* SPDX-License-Identifier: GPL-2.0-only */
/* Label values: what processes call themselves is not to be trusted with our output. */
#ifndef BASE_SANITIZE_H
#define BASE_SANITIZE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Copy @src into @dst of @size bytes as printable UTF-8: bytes that are no
 * UTF-8, control characters and those that turn the direction of text become '?',
 * and what does not fit is cut between characters. Returns true when it was cut.
 */
bool sanitize(char *dst, size_t size, const char *src);

/* The same, but the ends of lines and tabs stay: for messages. */
bool sanitize_lines(char *dst, size_t size, const char *src);

/*
 * One character of it: what to show for the @len bytes at @src, which is not
 * empty: @src itself, or "?" for one byte that may not be shown.
 */
const char *sanitize_next(const char *src, size_t *len);

#endif
