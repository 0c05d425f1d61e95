/* SPDX-License-Identifier: GPL-2.0-only */
/* The C that emit.h puts together: what is the same in every program, and a case for each call. */
#ifndef SCRIPT_EMIT_TEXT_H
#define SCRIPT_EMIT_TEXT_H

#include <stddef.h>

#include "script/script.h"

/* From the comment at the top, after its first lines, to the last #include; and what follows
 * make(). */
extern const char emit_text_head[], emit_text_loop[];

/* The case of make() for an ioctl. */
struct emit_text_call {
	enum call_id id;
	const char *text;
};

/* The same of what is no ioctl: a name for the request, and the case. */
struct emit_text_act {
	enum script_act act;
	const char *name, *text;
};

/* The tables, and how many rows they have. */
const struct emit_text_call *emit_text_calls(size_t *cnt);
const struct emit_text_act *emit_text_acts(size_t *cnt);

#endif
