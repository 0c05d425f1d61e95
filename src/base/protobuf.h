/* SPDX-License-Identifier: GPL-2.0-only */
/* Just enough of the protobuf wire format to write messages. */
#ifndef BASE_PROTOBUF_H
#define BASE_PROTOBUF_H

#include <stddef.h>
#include <stdint.h>

struct str;

void protobuf_varint(struct str *out, uint64_t value);
void protobuf_uint(struct str *out, int field, uint64_t value);
void protobuf_sint(struct str *out, int field, int64_t value);	 /* sint32, sint64: zigzag */
void protobuf_fixed(struct str *out, int field, uint64_t value); /* fixed64 */
void protobuf_double(struct str *out, int field, double value);
void protobuf_bytes(struct str *out, int field, const void *bytes, size_t len);
void protobuf_string(struct str *out, int field, const char *text);

/* Zigzag: small numbers of either sign become small. */
uint64_t protobuf_zigzag(int64_t value);

#endif
