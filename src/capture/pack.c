// SPDX-License-Identifier: GPL-2.0-only
#include "capture/pack.h"

#include <string.h>

/* Words are stored with their low byte first, and moved as they are. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "captures are little-endian");

/* Small differences, of either sign, as small numbers. */
static uint64_t fold(uint64_t delta)
{
	return delta << 1 ^ -(delta >> 63);
}

static uint64_t unfold(uint64_t folded)
{
	return folded >> 1 ^ -(folded & 1);
}

static unsigned int bytes_of(uint64_t value)
{
	return value ? 8 - __builtin_clzll(value) / 8 : 0;
}

size_t pack_put(struct pack *pack, uint8_t type, const uint64_t *words, size_t cnt, uint8_t *out)
{
	uint8_t *sizes = out + 2, *data = sizes + (cnt + 1) / 2;
	uint64_t *last = pack->last[type];

	out[0] = type;
	out[1] = cnt;
	memset(sizes, 0, (cnt + 1) / 2);
	last[0] = pack->ts;
	pack->ts = words[0];
	for (size_t i = 0; i < cnt; i++) {
		uint64_t folded = fold(words[i] - last[i]);
		unsigned int bytes = bytes_of(folded);

		sizes[i / 2] |= bytes << i % 2 * 4;
		memcpy(data, &folded, bytes);
		data += bytes;
		last[i] = words[i];
	}
	return data - out;
}

/* @size bytes of the word at @in; there may be no more than these. */
static uint64_t load(const uint8_t *in, const uint8_t *end, unsigned int size)
{
	uint64_t value = 0;

	if (end - in < 8) {
		memcpy(&value, in, size);
		return value;
	}
	memcpy(&value, in, sizeof(value));
	return size == 8 ? value : value & ((1ULL << size * 8) - 1);
}

size_t pack_get(struct pack *pack, const uint8_t *in, size_t len, uint64_t *words, size_t *cnt)
{
	const uint8_t *sizes = in + 2, *end = in + len, *data;
	uint64_t *last;

	if (len < 2 || in[0] >= PACK_TYPES || in[1] < 2 || in[1] > PACK_WORDS_MAX)
		return 0;
	*cnt = in[1];
	if (len < 2 + (*cnt + 1) / 2)
		return 0;
	data = sizes + (*cnt + 1) / 2;
	last = pack->last[in[0]];
	last[0] = pack->ts;
	for (size_t i = 0; i < *cnt; i++) {
		unsigned int size = sizes[i / 2] >> i % 2 * 4 & 15;

		if (size > 8 || size > (size_t)(end - data))
			return 0;
		last[i] += unfold(load(data, end, size));
		words[i] = last[i];
		data += size;
	}
	pack->ts = words[0];
	return data - in;
}
