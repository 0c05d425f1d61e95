/* SPDX-License-Identifier: GPL-2.0-only */
/* The calls of each VM of a recording, or of what trace --json printed. */
#ifndef SCRIPT_FROM_RECORD_H
#define SCRIPT_FROM_RECORD_H

#include "script/script.h"

struct script_record;
struct stall;

/* NULL: out of memory. */
struct script_record *script_record_new(struct scripts *scripts, enum machine_arch arch);
void script_record_free(struct script_record *record);

/* Calls that did not sleep are in the file, too. */
void script_record_has_all(struct script_record *record);

/* The recording is of a COMMAND: its VMs alone are of interest. */
void script_record_follow(struct script_record *record);

/* The next call: as script_log_take(). One that is stuck is not played. */
int script_record_take(struct script_record *record, const struct stall *stall);

/* The next line of NDJSON, of @len bytes; what is no call is passed over. */
int script_record_json(struct script_record *record, const char *line, size_t len);

/* The end. As script_log_take(). */
int script_record_finish(struct script_record *record);

#endif
