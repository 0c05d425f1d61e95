// SPDX-License-Identifier: GPL-2.0-only
/* Whatever log there is: it is recognized by its content first. */
#include "sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sink_log(NULL, data, size);
	return 0;
}
