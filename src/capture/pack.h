/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records as few bytes: each 64-bit word as its difference from the same word of
 * the record of that type before (the time: of whatever record was before), with
 * a nibble that says how many bytes of it there are. What is the same as last
 * time costs half a byte, and zstd has little left to look through.
 */
#ifndef CAPTURE_PACK_H
#define CAPTURE_PACK_H

#include <stddef.h>
#include <stdint.h>

#define PACK_TYPES     64 /* record types below this */
#define PACK_WORDS_MAX 64 /* of one record */
/* What one record can take: type, number of words, nibbles, words. */
#define PACK_BYTES_MAX (2 + PACK_WORDS_MAX / 2 + 8 * PACK_WORDS_MAX)

/* What the records so far were. All zero to begin with; the same on both sides. */
struct pack {
	uint64_t ts;
	uint64_t last[PACK_TYPES][PACK_WORDS_MAX];
};

/*
 * Append a record to @out, which has room for PACK_BYTES_MAX. Its type is a byte
 * of the second word, as in struct ks_head. @cnt is at least 2. Returns the bytes taken.
 */
size_t pack_put(struct pack *pack, uint8_t type, const uint64_t *words, size_t cnt, uint8_t *out);

/*
 * The record at @in, of @len bytes at most: @words points to its @cnt words, in @pack, until the
 * next one is read. Returns the bytes taken, or 0 when these are not a record.
 */
size_t pack_get(struct pack *pack, const uint8_t *in, size_t len, const uint64_t **words,
		size_t *cnt);

#endif
