/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A script as text, a call a line, for people to read and edit; profiles are written so too:
 *
 *   +430us t0 KVM_SET_USER_MEMORY_REGION slot=0 gpa=0x0 size=0x8000000 <4873us>
 *
 * "+" is the time since the end of the call before, "@" since its start: it has not ended yet. Then
 * the thread, the call, its arguments, what it took when it was recorded; err=22: it was refused.
 * All but the call may be left out. "?" at the end: a VMM goes on when this is refused. "#" begins
 * a comment. "[vcpus", "[memslots", "[devices" up to "]" is there once for each of them; "/"
 * between them parts what one device makes from what the next one does.
 */
#ifndef SCRIPT_LIST_H
#define SCRIPT_LIST_H

#include "script/script.h"

/* How often the groups are there; 0: as often as they have parts. */
struct script_sizes {
	uint32_t vcpus, devices, memslots;
};

/* Is it such a text, as far as its first bytes show? */
bool list_is(const char *text, size_t len);

/* Add the text's calls to @script: 0, or a negative errno with the line in @err. */
int list_parse(const char *text, size_t len, const struct script_sizes *sizes,
	       struct script *script, struct err *err);

/* One op as a line, without its end; with @is_bare the call and its arguments alone. */
void list_put_op(const struct script_op *op, bool is_bare, struct str *out);

/* All of them. */
void list_put(const struct script *script, struct str *out);

#endif
