// SPDX-License-Identifier: GPL-2.0-only
/* Function graphs of ftrace. */
#include "sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct import_kind kind = {.format = IMPORT_GRAPH};

	sink_log(&kind, data, size);
	return 0;
}
