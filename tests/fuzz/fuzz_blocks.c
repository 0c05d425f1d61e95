// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is in a capture's blocks. Checksums and compression would stop nearly every mutation, so the
 * input has the blocks' contents bare, and they are wrapped here: a byte for the kind, 16 bits of
 * length, that many bytes; and again.
 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "capture/block.h"
#include "capture/capture.h"
#include "sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint32_t kinds[] = {BLOCK_HEAD, BLOCK_RECORDS, BLOCK_DONE};

static void wrap(struct str *out, const uint8_t *data, size_t size)
{
	static struct block_maker *maker; /* one for all runs: its tables are large */
	const uint16_t version[] = {CAPTURE_MAJOR, CAPTURE_MINOR};
	const void *block;
	uint16_t len;
	size_t block_len;

	if (!maker)
		maker = block_maker_new();
	str_addn(out, CAPTURE_MAGIC, strlen(CAPTURE_MAGIC));
	str_addn(out, version, sizeof(version));
	while (maker && size >= 3) {
		memcpy(&len, data + 1, sizeof(len));
		if (len > size - 3)
			len = size - 3;
		block = block_make(maker, kinds[data[0] % 3], data + 3, len, &block_len);
		if (!block)
			break;
		str_addn(out, block, block_len);
		data += 3 + len;
		size -= 3 + len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str capture;

	str_init(&capture);
	wrap(&capture, data, size);
	sink_capture((const uint8_t *)capture.text, capture.len, capture.len / 2);
	str_fini(&capture);
	return 0;
}
