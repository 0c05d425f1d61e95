/* SPDX-License-Identifier: GPL-2.0-only */
/* The kinds of text that people have of a VMM's stall, as one table: how each is recognized, what
 * it is called, and where it is not enough, what it lacks and what records the rest. */
#ifndef IMPORT_FORMATS_H
#define IMPORT_FORMATS_H

#include <stdbool.h>
#include <stddef.h>

#include "import/import.h"

struct err;

struct format {
	enum import_format id;
	const char *name; /* of the backend in outputs, and in sentences */
	/* Is it one of its lines? A line of one that is read is none of the others. */
	bool (*has)(const char *line);
	bool is_read;
	const char *lacks;   /* what is missing in it; NULL: nothing */
	const char *command; /* that records what is read */
	bool is_converted;   /* or makes it of this */
};

/* The row of @id; that of text for IMPORT_NONE. */
const struct format *format_of(enum import_format id);

/* Of which this line is; IMPORT_TEXT: of none. */
enum import_format format_of_line(const char *line);

/* "strace without durations (-T); record with: strace ..."; returns -EINVAL; -ENODATA
 * if it would be read, were durations there. */
int format_refuse(enum import_format id, struct err *err);

#endif
