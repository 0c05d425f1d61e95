/* SPDX-License-Identifier: GPL-2.0-only */
/* FNV-1a: a hash of few bytes that needs no table. It is no defence against who makes up keys. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* What a hash of 64 bits starts from. */
#define HASH_START 0xcbf29ce484222325ULL

/* Add one word to @hash. */
uint64_t hash_word(uint64_t hash, uint64_t word);

/* Add the bytes of @text to @hash, without its end. */
uint64_t hash_text(uint64_t hash, const char *text);

/* The hash of 32 bits, which captures hold: it never changes. */
uint32_t hash_bytes32(const void *bytes, size_t len);

#endif
