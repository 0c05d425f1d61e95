// SPDX-License-Identifier: GPL-2.0-only
/* Logs of strace. */
#include "sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct import_kind kind = {.format = IMPORT_STRACE};

	/* -r or not, by chance */
	kind.is_relative = size && data[0] == ' ';
	sink_log(&kind, data, size);
	return 0;
}
