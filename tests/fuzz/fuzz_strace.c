// SPDX-License-Identifier: GPL-2.0-only
/* Logs of strace. */
#include "sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sink_log(IMPORT_STRACE, data, size);
	return 0;
}
