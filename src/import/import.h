/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Logs that people already have: what strace printed of a VMM's ioctls, what perf script printed of
 * probes on KVM's functions. They say how long a call took, and not why: its cause is inferred from
 * what came before, and says so (struct stall's is_inferred), or it is unexplained.
 */
#ifndef IMPORT_IMPORT_H
#define IMPORT_IMPORT_H

#include <stddef.h>
#include <stdint.h>

#include "capture/replay.h"

struct err;
struct summary;

enum import_format { IMPORT_NONE, IMPORT_STRACE, IMPORT_PERF, IMPORT_FORMAT_CNT };

/* What a file that begins so is; IMPORT_NONE: neither. */
enum import_format import_detect(const void *bytes, size_t len);

struct import;

/*
 * @ops as for a replay: .head gets a head whose backend is the format's name; there are no records.
 * NULL: out of memory.
 */
struct import *import_new(enum import_format format, const struct replay_ops *ops, void *ctx);
void import_free(struct import *import);

/*
 * The next bytes, as many as there are, and the end. A negative errno with @err set, which says at
 * which offset, or what an op returned. What came before has been reported.
 */
int import_feed(struct import *import, const void *bytes, size_t len, struct err *err);
int import_finish(struct import *import, struct err *err);

/* As replay_summary(). */
void import_summary(const struct import *import, struct summary *summary);

#endif
