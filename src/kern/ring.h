/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The consumer of a BPF ring buffer (BPF_MAP_TYPE_RINGBUF). libbpf's own maps all of it, twice: 16
 * MB of resident memory for 8 of ring. This one maps the part where it reads.
 */
#ifndef KERN_RING_H
#define KERN_RING_H

#include <stddef.h>
#include <stdint.h>

struct ring;

/* Negative: stop, and hand that on. */
typedef int (*ring_fn)(void *ctx, const void *record, size_t size);

/*
 * @fd: of the map, which lives longer; it is readable (poll) when records wait. @bytes: the ring's
 * size. NULL with errno set.
 */
struct ring *ring_new(int fd, size_t bytes, ring_fn fn, void *ctx);
void ring_free(struct ring *ring);

/*
 * Hand all records that are there to the callback. Returns how many, what the callback returned, or
 * a negative errno. A record is valid until its callback returns.
 */
int ring_consume(struct ring *ring);

#endif
