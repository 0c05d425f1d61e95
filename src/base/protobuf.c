// SPDX-License-Identifier: GPL-2.0-only
#include "base/protobuf.h"

#include <string.h>

#include "base/str.h"

enum wire { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_LEN = 2 };

void protobuf_varint(struct str *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		str_addc(out, (char)(value | 0x80));
	str_addc(out, (char)value);
}

static void protobuf_tag(struct str *out, int field, enum wire wire)
{
	protobuf_varint(out, (uint64_t)field << 3 | wire);
}

uint64_t protobuf_zigzag(int64_t value)
{
	return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

void protobuf_uint(struct str *out, int field, uint64_t value)
{
	protobuf_tag(out, field, WIRE_VARINT);
	protobuf_varint(out, value);
}

void protobuf_sint(struct str *out, int field, int64_t value)
{
	protobuf_uint(out, field, protobuf_zigzag(value));
}

void protobuf_fixed(struct str *out, int field, uint64_t value)
{
	protobuf_tag(out, field, WIRE_FIXED64);
	for (int i = 0; i < 8; i++)
		str_addc(out, (char)(value >> (8 * i)));
}

void protobuf_double(struct str *out, int field, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	protobuf_fixed(out, field, bits);
}

void protobuf_bytes(struct str *out, int field, const void *bytes, size_t len)
{
	protobuf_tag(out, field, WIRE_LEN);
	protobuf_varint(out, len);
	str_addn(out, bytes, len);
}

void protobuf_string(struct str *out, int field, const char *text)
{
	protobuf_bytes(out, field, text, strlen(text));
}
