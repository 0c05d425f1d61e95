// SPDX-License-Identifier: GPL-2.0-only
#include "base/format.h"

#include <inttypes.h>
#include <stdio.h>

/* @ns in units of @unit with two decimals, rounded half up, without floating point. */
static void format_hundredths(uint64_t ns, uint64_t unit, const char *suffix, char *buf,
			      size_t size)
{
	uint64_t step = unit / 100;
	uint64_t hundredths = ns / step + (ns % step >= step / 2);

	snprintf(buf, size, "%" PRIu64 ".%02" PRIu64 "%s", hundredths / 100, hundredths % 100,
		 suffix);
}

char *format_nsec(uint64_t ns, char *buf, size_t size)
{
	uint64_t tenths_us = (ns + 50) / 100;

	if (ns < 1000)
		snprintf(buf, size, "%" PRIu64 "ns", ns);
	else if (ns < 9950)
		snprintf(buf, size, "%" PRIu64 ".%" PRIu64 "us", tenths_us / 10, tenths_us % 10);
	else if (ns < 999500)
		snprintf(buf, size, "%" PRIu64 "us", (ns + 500) / 1000);
	else if (ns < 999995000)
		format_hundredths(ns, 1000000, "ms", buf, size);
	else
		format_hundredths(ns, 1000000000, "s", buf, size);
	return buf;
}

const char *format_s(uint64_t cnt)
{
	return cnt == 1 ? "" : "s";
}
