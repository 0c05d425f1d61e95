// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/export/gzip.h"

#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/str.h"

/* The fastest: what is the same in each series is found by any. */
#define LEVEL 1
/* zlib.h: the largest window, and the head and the end of gzip(1) around it */
#define WINDOW_BITS (15 + 16)
#define MEM_LEVEL   8

char *gzip_text(const struct str *text, size_t *len)
{
	z_stream stream = {.next_in = (unsigned char *)text->text, .avail_in = (uInt)text->len};
	unsigned char *out = NULL;
	size_t max = 0;
	int ret = Z_MEM_ERROR;

	if (text->len > UINT32_MAX / 2 ||
	    deflateInit2(&stream, LEVEL, Z_DEFLATED, WINDOW_BITS, MEM_LEVEL, Z_DEFAULT_STRATEGY))
		return NULL;
	max = deflateBound(&stream, text->len);
	out = malloc(max);
	if (out) {
		stream.next_out = out;
		stream.avail_out = (uInt)max;
		ret = deflate(&stream, Z_FINISH);
	}
	*len = stream.total_out;
	deflateEnd(&stream);
	if (ret == Z_STREAM_END)
		return (char *)out;
	free(out);
	return NULL;
}
