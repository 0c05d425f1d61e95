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

/* The low @size bytes of the 8 at @in; more than 8 are none. */
static uint64_t load(const uint8_t *in, unsigned int size)
{
	static const uint64_t masks[16] = {
		0,
		UINT64_MAX >> 56,
		UINT64_MAX >> 48,
		UINT64_MAX >> 40,
		UINT64_MAX >> 32,
		UINT64_MAX >> 24,
		UINT64_MAX >> 16,
		UINT64_MAX >> 8,
		UINT64_MAX,
	};
	uint64_t value;

	memcpy(&value, in, sizeof(value));
	return value & masks[size];
}

/* What @words were becomes what they are. @data has room for @cnt whole ones. The bytes used;
 * SIZE_MAX: malformed. Two at a time, as their sizes are stored. */
static size_t get_words(uint64_t *words, const uint8_t *sizes, const uint8_t *data, size_t cnt)
{
	const uint8_t *start = data;

	for (; cnt; sizes++) {
		unsigned int size = *sizes & 15, next = cnt > 1 ? *sizes >> 4 : 0;

		if (size > sizeof(uint64_t) || next > sizeof(uint64_t))
			return SIZE_MAX;
		*words++ += unfold(load(data, size));
		data += size;
		if (!--cnt)
			break;
		*words++ += unfold(load(data, next));
		data += next;
		cnt--;
	}
	return data - start;
}

size_t pack_get(struct pack *pack, const uint8_t *in, size_t len, const uint64_t **words,
		size_t *cnt)
{
	uint8_t tail[PACK_WORDS_MAX * sizeof(uint64_t)];
	size_t head, used;
	uint64_t *last;

	if (len < 2 || in[0] >= PACK_TYPES || in[1] < 2 || in[1] > PACK_WORDS_MAX)
		return 0;
	*cnt = in[1];
	head = 2 + (*cnt + 1) / 2;
	if (len < head)
		return 0;
	last = pack->last[in[0]];
	last[0] = pack->ts;
	if (len - head < *cnt * sizeof(uint64_t)) {
		memset(tail, 0, sizeof(tail));
		memcpy(tail, in + head, len - head);
		used = get_words(last, in + 2, tail, *cnt);
	} else {
		used = get_words(last, in + 2, in + head, *cnt);
	}
	if (used > len - head)
		return 0;
	pack->ts = last[0];
	*words = last;
	return head + used;
}
