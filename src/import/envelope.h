/* SPDX-License-Identifier: GPL-2.0-only */
/* What mails, journals and containers put a line of a log into, and how to take it out. */
#ifndef IMPORT_ENVELOPE_H
#define IMPORT_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

/* Is this a text in quoted-printable: "=3D" for each "=", and lines that end with "="? */
bool envelope_is_quoted(const char *bytes, size_t len);

/* A line of quoted-printable that goes on in the next one: its "=" is taken off @len. */
bool envelope_goes_on(const char *line, size_t *len);

/* "=3D" and the like of quoted-printable become what they stand for. */
void envelope_unquote(char *line);

/*
 * The message of a line of JSON (journalctl -o json, a container's log, dmesg --json), or of a
 * field of journalctl -o export and -o verbose, takes the place of the line; where a journal has
 * the time since boot, that comes before it as the kernel prints it. False: @line is none, and as
 * it was.
 * @size is the room there is.
 */
bool envelope_open(char *line, size_t size);

#endif
