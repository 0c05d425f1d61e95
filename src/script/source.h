/* SPDX-License-Identifier: GPL-2.0-only */
/* What a script is made from, whatever it is: a stranger's file, as bytes. */
#ifndef SCRIPT_SOURCE_H
#define SCRIPT_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "capture/environment.h"
#include "script/script.h"

struct err;

/* What the file says of where its calls were made; nothing, but in a recording. */
struct script_origin {
	const char *kind;  /* "strace", "perf trace", "recording", "JSON", "list" */
	char release[64];  /* "": not known */
	uint32_t hz, cpus; /* 0: not known */
};

struct script_source;

/* @scripts gets the VMs; NULL: out of memory. */
struct script_source *script_source_new(struct scripts *scripts, enum machine_arch arch);
void script_source_free(struct script_source *source);

/*
 * The next bytes; the first are as many as are needed to see what it is. A negative errno with @err
 * set.
 */
int script_source_feed(struct script_source *source, const void *bytes, size_t len,
		       struct err *err);

/* The end: the VMs are settled and checked. */
int script_source_finish(struct script_source *source, struct err *err);

/* After the end. */
const struct script_origin *script_source_origin(const struct script_source *source);

#endif
