/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A flight recorder: the last stretch of a capture, in memory. Blocks go in as
 * a writer puts them; the oldest fall out by age and by size, and what must not
 * be forgotten of them (which VMs live) is kept.
 */
#ifndef CAPTURE_FLIGHT_H
#define CAPTURE_FLIGHT_H

#include <stddef.h>
#include <stdint.h>

#include "capture/capture.h"

struct flight;

/* @age_ns, @bytes: how much to keep; 0: no limit of that kind. */
struct flight *flight_new(uint64_t age_ns, size_t bytes);
void flight_free(struct flight *flight);

/* A block whose newest record is of @now_ns. Returns 0 or -ENOMEM. */
int flight_put(struct flight *flight, const void *block, size_t len, uint64_t now_ns);

/*
 * All of it through @put, as a capture without its end: @head, the names of
 * @writer's symbols, the VMs that lived when the stretch began, the stretch.
 * @out becomes the writer to go on with, for capture_writer_end(). Returns 0 or
 * a negative errno.
 */
int flight_dump(struct flight *flight, const struct capture_head *head,
		const struct capture_writer *writer, capture_put_fn put, void *ctx,
		struct capture_writer **out);

/* Bytes kept. */
size_t flight_bytes(const struct flight *flight);

#endif
