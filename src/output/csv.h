/* SPDX-License-Identifier: GPL-2.0-only */
/* Comma-separated values (RFC 4180), for spreadsheets: a line of names, then a line each. */
#ifndef OUTPUT_CSV_H
#define OUTPUT_CSV_H

#include <stdbool.h>

struct stall;
struct str;

/* One value, cleaned as for a terminal (base/sanitize.h), in quotes where it needs them, with a
 * comma before it unless it is the first. */
void csv_add(struct str *out, bool is_first, const char *value);

void csv_stall_header(struct str *out);
void csv_stall(struct str *out, const struct stall *stall);

#endif
