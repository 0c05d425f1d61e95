// SPDX-License-Identifier: GPL-2.0-only
#include "kern/ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * kernel/bpf/ringbuf.c: a file of one page with the consumer's position, one with the producer's,
 * and the data twice in a row, so that no record is split. Positions only grow.
 */
#define WINDOW_BYTES (512 * 1024)

struct ring {
	int fd;
	ring_fn fn;
	void *ctx;
	size_t page_bytes, bytes;
	unsigned long *consumer;
	const unsigned long *producer;
	/* The part of the data, which is 2 * .bytes, that is mapped. */
	char *window;
	size_t window_at, window_bytes;
};

static void *map(const struct ring *ring, int prot, size_t bytes, off_t at)
{
	void *there = mmap(NULL, bytes, prot, MAP_SHARED, ring->fd, at);

	return there == MAP_FAILED ? NULL : there;
}

struct ring *ring_new(int fd, size_t bytes, ring_fn fn, void *ctx)
{
	struct ring *ring = calloc(1, sizeof(*ring));

	if (!ring)
		return NULL;
	*ring = (struct ring){.fd = fd,
			      .fn = fn,
			      .ctx = ctx,
			      .bytes = bytes,
			      .page_bytes = sysconf(_SC_PAGESIZE)};
	ring->consumer = map(ring, PROT_READ | PROT_WRITE, ring->page_bytes, 0);
	if (ring->consumer)
		ring->producer = map(ring, PROT_READ, ring->page_bytes, ring->page_bytes);
	if (!ring->producer) {
		int code = errno;

		ring_free(ring);
		errno = code;
		return NULL;
	}
	return ring;
}

static void unmap_window(struct ring *ring)
{
	if (ring->window)
		munmap(ring->window, ring->window_bytes);
	ring->window = NULL;
}

void ring_free(struct ring *ring)
{
	if (!ring)
		return;
	unmap_window(ring);
	if (ring->consumer)
		munmap(ring->consumer, ring->page_bytes);
	if (ring->producer)
		munmap((void *)ring->producer, ring->page_bytes);
	free(ring);
}

/* @bytes of the data from @at on; NULL with errno set. */
static const char *look_at(struct ring *ring, size_t at, size_t bytes)
{
	size_t start = at - at % ring->page_bytes, most = 2 * ring->bytes - start;
	size_t want = at + bytes - start;

	if (ring->window && at >= ring->window_at &&
	    at + bytes <= ring->window_at + ring->window_bytes)
		return ring->window + (at - ring->window_at);
	unmap_window(ring);
	want += ring->page_bytes - 1;
	want -= want % ring->page_bytes;
	ring->window_bytes = want > WINDOW_BYTES ? want : WINDOW_BYTES;
	if (ring->window_bytes > most)
		ring->window_bytes = most;
	ring->window_at = start;
	ring->window =
		map(ring, PROT_READ, ring->window_bytes, (off_t)(2 * ring->page_bytes + start));
	return ring->window ? ring->window + (at - start) : NULL;
}

/* Returns 1, 0 for a record that is still being written, or negative. @pos becomes the next one's.
 */
static int take(struct ring *ring, unsigned long *pos, int *cnt)
{
	size_t at = *pos & (ring->bytes - 1), size;
	const char *record = look_at(ring, at, BPF_RINGBUF_HDR_SZ);
	uint32_t head;
	int ret;

	if (!record)
		return -errno;
	head = __atomic_load_n((const uint32_t *)(const void *)record, __ATOMIC_ACQUIRE);
	if (head & BPF_RINGBUF_BUSY_BIT)
		return 0;
	size = head & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
	record = look_at(ring, at, BPF_RINGBUF_HDR_SZ + size);
	if (!record)
		return -errno;
	*pos += (BPF_RINGBUF_HDR_SZ + size + 7) / 8 * 8;
	if (head & BPF_RINGBUF_DISCARD_BIT)
		return 1;
	++*cnt;
	ret = ring->fn(ring->ctx, record + BPF_RINGBUF_HDR_SZ, size);
	return ret < 0 ? ret : 1;
}

int ring_consume(struct ring *ring)
{
	unsigned long pos = *ring->consumer; /* nobody else writes it */
	int cnt = 0, ret = 1;

	while (ret > 0 && pos != __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE)) {
		ret = take(ring, &pos, &cnt);
		__atomic_store_n(ring->consumer, pos, __ATOMIC_RELEASE);
	}
	return ret < 0 ? ret : cnt;
}
