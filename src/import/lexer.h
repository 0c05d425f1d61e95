/* SPDX-License-Identifier: GPL-2.0-only */
/* A place in a line of text that moves over what is recognized, and else stays. */
#ifndef IMPORT_LEXER_H
#define IMPORT_LEXER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lexer {
	const char *at; /* ends with a NUL */
};

void lexer_spaces(struct lexer *scan);

/* How many characters of a function's, or an event's, name there are: letters, digits, "_", "." and
 * @more; 0: none more. */
size_t lexer_name_len(const char *text, char more);

/* These very characters. */
bool lexer_text(struct lexer *scan, const char *text);

/* "25", "0xae41", "0"; no sign, no overflow. */
bool lexer_number(struct lexer *scan, uint64_t *value);

/* The same, and "-1". */
bool lexer_signed(struct lexer *scan, int64_t *value);

/* "404", "404.518430": seconds, as nanoseconds; up to 9 billion. */
bool lexer_seconds(struct lexer *scan, uint64_t *ns);

#endif
