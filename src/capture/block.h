/* SPDX-License-Identifier: GPL-2.0-only */
/* The blocks that a capture is made of: a head of 16 bytes, then one zstd frame with a checksum. */
#ifndef CAPTURE_BLOCK_H
#define CAPTURE_BLOCK_H

#include <stddef.h>
#include <stdint.h>

struct err;

#define BLOCK_KIND(a, b, c, d) ((uint32_t)(a) | (b) << 8 | (c) << 16 | (uint32_t)(d) << 24)
#define BLOCK_HEAD	       BLOCK_KIND('H', 'E', 'A', 'D')
#define BLOCK_RECORDS	       BLOCK_KIND('R', 'E', 'C', 'S')
#define BLOCK_DONE	       BLOCK_KIND('D', 'O', 'N', 'E')

/* No block is larger, compressed or not: what a reader may be made to allocate. */
#define BLOCK_RAW_MAX	 (1 << 20)
#define BLOCK_STORED_MAX (BLOCK_RAW_MAX + (1 << 14))

struct block_head {
	uint32_t kind;
	uint32_t stored; /* bytes that follow */
	uint32_t raw;	 /* bytes that they become */
	uint32_t check;	 /* of the three before */
};

_Static_assert(sizeof(struct block_head) == 16, "block heads are stored");

/* Compression and its buffers, to be used again and again. */
struct block_maker;

struct block_maker *block_maker_new(void);
void block_maker_free(struct block_maker *maker);

/* Make a block of @len bytes (at most BLOCK_RAW_MAX). It lives until the next; NULL: out of memory.
 */
const void *block_make(struct block_maker *maker, uint32_t kind, const void *raw, size_t len,
		       size_t *block_len);

/* Does a head make sense? 0, or -EINVAL with @err set. */
int block_check(const struct block_head *head, struct err *err);

struct block_opener;

struct block_opener *block_opener_new(void);
void block_opener_free(struct block_opener *opener);

/* What @head's bytes become: head->raw bytes, until the next. NULL with @err set: damaged. */
const uint8_t *block_open(struct block_opener *opener, const struct block_head *head,
			  const void *stored, struct err *err);

#endif
