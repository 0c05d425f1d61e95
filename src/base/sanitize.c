// SPDX-License-Identifier: GPL-2.0-only
#include "base/sanitize.h"

#include <stdint.h>
#include <string.h>

/* Lengths by first byte, and the least code point of that length: shorter forms only. */
static const struct {
	uint8_t mask, bits;
	uint32_t least;
} forms[] = {
	{0x80, 0x00, 0},
	{0xe0, 0xc0, 0x80},
	{0xf0, 0xe0, 0x800},
	{0xf8, 0xf0, 0x10000},
};

/* Marks, embeddings, overrides and isolates: with them a name shows as another (Unicode TR 36). */
static bool turns_direction(uint32_t point)
{
	return point == 0x61c || point == 0x200e || point == 0x200f ||
	       (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

static bool is_allowed(uint32_t point, uint32_t least)
{
	if (point < 0x20 || (point >= 0x7f && point < 0xa0))
		return false;
	if (point >= 0xd800 && point <= 0xdfff)
		return false;
	if (turns_direction(point))
		return false;
	return point >= least && point <= 0x10ffff;
}

/* Length of the character at @text, 0: none that may be shown. */
static size_t char_len(const unsigned char *text)
{
	for (size_t len = 1; len <= sizeof(forms) / sizeof(forms[0]); len++) {
		uint32_t point = text[0] & ~forms[len - 1].mask;

		if ((text[0] & forms[len - 1].mask) != forms[len - 1].bits)
			continue;
		for (size_t i = 1; i < len; i++) {
			if ((text[i] & 0xc0) != 0x80)
				return 0;
			point = point << 6 | (text[i] & 0x3f);
		}
		return is_allowed(point, forms[len - 1].least) ? len : 0;
	}
	return 0;
}

const char *sanitize_next(const char *src, size_t *len)
{
	*len = char_len((const unsigned char *)src);
	if (*len)
		return src;
	*len = 1;
	return "?";
}

/* Nearly all characters of nearly all names. */
static bool is_printable(char c)
{
	return c >= 0x20 && c < 0x7f;
}

static bool copy(char *dst, size_t size, const char *src, const char *kept)
{
	size_t used = 0;

	while (is_printable(*src) && used + 1 < size)
		dst[used++] = *src++;
	while (*src) {
		size_t len = 1;
		const char *from = src;

		if (!is_printable(*src) && !strchr(kept, *src))
			from = sanitize_next(src, &len);

		if (used + len >= size)
			break;
		if (len == 1)
			dst[used] = *from;
		else
			memcpy(dst + used, from, len);
		used += len;
		src += len;
	}
	dst[used] = 0;
	return *src;
}

bool sanitize(char *dst, size_t size, const char *src)
{
	return copy(dst, size, src, "");
}

bool sanitize_lines(char *dst, size_t size, const char *src)
{
	return copy(dst, size, src, "\n\t");
}
