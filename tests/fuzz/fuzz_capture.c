// SPDX-License-Identifier: GPL-2.0-only
/* Captures, as they are: sizes, checks, compression. What is in a block is fuzz_blocks' business.
 */
#include "sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sink_capture(data, size, size ? data[size - 1] % size : 0);
	return 0;
}
