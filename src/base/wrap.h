/* SPDX-License-Identifier: GPL-2.0-only */
/* Words in lines of a width. */
#ifndef BASE_WRAP_H
#define BASE_WRAP_H

#include <stddef.h>

struct str;

/*
 * Append @text and a newline. The first word goes to column @indent, where the
 * current line of @out must end as it is seen (colours take no column); further
 * lines are indented to there. A line gets another word as long as it stays
 * within @width columns; a word alone is never broken. Blanks between words
 * become one, and a column is a byte: the texts are ours. Out of memory: see str.h.
 */
void wrap_add(struct str *out, const char *text, size_t indent, size_t width);

#endif
