/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where fuzzed input ends up: everything that report, diff, export and top would do with its stalls
 * is done, and what must be true of every stall is asserted.
 */
#ifndef SINK_H
#define SINK_H

#include <stddef.h>
#include <stdint.h>

#include "import/import.h"
#include "capture/replay.h"

/* A capture, fed in two pieces that are cut where @data says. */
void sink_capture(const uint8_t *data, size_t size, size_t cut);

/* A log, likewise. @kind NULL: of what it seems to be. */
void sink_log(const struct import_kind *kind, const uint8_t *data, size_t size);

#endif
