// SPDX-License-Identifier: GPL-2.0-only
/* Logs of perf trace. */
#include "sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct import_kind kind = {.format = IMPORT_PERF_TRACE};

	sink_log(&kind, data, size);
	return 0;
}
