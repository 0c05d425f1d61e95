/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records in order of time. They come in the ring buffer's order, which is
 * that of reservation: CPUs overtake each other by what lies between taking
 * the time and taking the place. A window of a few ms sorts them.
 */
#ifndef LEDGER_REORDER_H
#define LEDGER_REORDER_H

#include <stddef.h>
#include <stdint.h>

struct reorder;

typedef int (*reorder_fn)(void *ctx, const void *record, size_t size);

/* Records leave, through @fn, once one @window_ns younger has come. NULL: out of memory. */
struct reorder *reorder_new(uint64_t window_ns, reorder_fn fn, void *ctx);
void reorder_free(struct reorder *order);

/* Take a copy of a record (it begins with a struct ks_head). Returns 0, -ENOMEM or what @fn
 * returned. */
int reorder_push(struct reorder *order, const void *record, size_t size);

/* No record older than @now_ns will come: let those older than the window go; UINT64_MAX: all. */
int reorder_flush(struct reorder *order, uint64_t now_ns);

/* Records that came after younger ones had left. They are passed on all the same. */
uint64_t reorder_late(const struct reorder *order);

#endif
