// SPDX-License-Identifier: GPL-2.0-only
/* Logs of perf. */
#include "sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sink_log(IMPORT_PERF, data, size);
	return 0;
}
