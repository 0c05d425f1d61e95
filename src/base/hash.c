// SPDX-License-Identifier: GPL-2.0-only
#include "base/hash.h"

uint64_t hash_word(uint64_t hash, uint64_t word)
{
	return (hash ^ word) * 0x100000001b3ULL;
}

uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = hash_word(hash, (unsigned char)*text);
	return hash;
}

uint32_t hash_bytes32(const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * 16777619u;
	return hash;
}
