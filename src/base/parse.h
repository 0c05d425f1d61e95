/* SPDX-License-Identifier: GPL-2.0-only */
/* Strict, locale-free parsers of the values people type. They say nothing; callers do. */
#ifndef BASE_PARSE_H
#define BASE_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "250us", "1.5ms", "2s", "3m", "1h", "40ns"; a bare "0" is fine, other bare numbers are not. */
bool parse_nsec(const char *text, uint64_t *ns);

/* "512", "64K", "64M", "1G": powers of 1024. */
bool parse_bytes(const char *text, uint64_t *bytes);

/* Decimal digits only; no sign, no space, no overflow. */
bool parse_u64(const char *text, uint64_t *value);

#endif
