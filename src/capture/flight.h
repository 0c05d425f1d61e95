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
struct vm;

/* @age_ns, @bytes: how much to keep; 0: no limit of that kind. */
struct flight *flight_new(uint64_t age_ns, size_t bytes);
void flight_free(struct flight *flight);

/* What the VM is called whose KS_VM comes next: see capture_writer_name(). */
void flight_name(struct flight *flight, const struct vm *vm);

/* Each record, before the writer gets it: which VMs live is read off these. Returns 0 or -ENOMEM.
 */
int flight_record(struct flight *flight, const void *record, size_t size);

/* A block of the writer, whose newest record is of @now_ns. Returns 0 or -ENOMEM. */
int flight_put(struct flight *flight, const void *block, size_t len, uint64_t now_ns);

/*
 * All of it through @put, as a capture without its end: @head, the names of
 * @writer's symbols, the VMs that lived when the stretch began (without those of
 * the recorder, @head's .pid), the stretch.
 * @out becomes the writer to go on with, for capture_writer_end(). Returns 0 or
 * a negative errno.
 */
int flight_dump(struct flight *flight, const struct capture_head *head,
		const struct capture_writer *writer, capture_put_fn put, void *ctx,
		struct capture_writer **out);

/* Bytes kept. */
size_t flight_bytes(const struct flight *flight);

#endif
