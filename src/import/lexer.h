/* SPDX-License-Identifier: GPL-2.0-only */
/* A place in a line of text that moves over what is recognized, and else stays. */
#ifndef IMPORT_LEXER_H
#define IMPORT_LEXER_H

#include <stdbool.h>
#include <stdint.h>

struct scan {
	const char *at; /* ends with a NUL */
};

void scan_spaces(struct scan *scan);

/* These very characters. */
bool scan_text(struct scan *scan, const char *text);

/* "25", "0xae41", "0"; no sign, no overflow. */
bool scan_number(struct scan *scan, uint64_t *value);

/* The same, and "-1". */
bool scan_signed(struct scan *scan, int64_t *value);

/* "404", "404.518430": seconds, as nanoseconds; up to 9 billion. */
bool scan_seconds(struct scan *scan, uint64_t *ns);

#endif
