// SPDX-License-Identifier: GPL-2.0-only
#include "base/parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DIGITS "0123456789"

struct unit {
	const char *suffix;
	uint64_t factor;
};

static const struct unit time_units[] = {
	{"ns", 1},
	{"us", 1000},
	{"ms", 1000000},
	{"s", 1000000000},
	{"m", 60ULL * 1000000000},
	{"h", 3600ULL * 1000000000},
	{NULL, 0},
};

static const struct unit size_units[] = {
	{"", 1},	   {"K", 1ULL << 10}, {"M", 1ULL << 20},
	{"G", 1ULL << 30}, {"T", 1ULL << 40}, {NULL, 0},
};

static uint64_t unit_factor(const struct unit *units, const char *suffix)
{
	for (; units->suffix; units++)
		if (!strcmp(units->suffix, suffix))
			return units->factor;
	return 0;
}

static bool digits_value(const char *text, size_t len, uint64_t *value)
{
	uint64_t sum = 0;

	if (!len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (__builtin_mul_overflow(sum, 10, &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)(text[i] - '0'), &sum))
			return false;
	*value = sum;
	return true;
}

/* The digits after the point, in units of 1: whole nanoseconds or nothing. */
static bool fraction_value(const char *text, size_t len, uint64_t factor, uint64_t *value)
{
	uint64_t sum = 0;

	if (!len)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (factor % 10 == 0)
			factor /= 10;
		else if (text[i] != '0')
			return false;
		sum += factor * (uint64_t)(text[i] - '0');
	}
	*value = sum;
	return true;
}

bool parse_u64(const char *text, uint64_t *value)
{
	size_t len = strspn(text, DIGITS);

	return !text[len] && digits_value(text, len, value);
}

bool parse_nsec(const char *text, uint64_t *ns)
{
	size_t whole_len = strspn(text, DIGITS), fraction_len = 0;
	const char *suffix = text + whole_len, *fraction = NULL;
	uint64_t whole, part = 0, factor;

	if (!strcmp(text, "0")) {
		*ns = 0;
		return true;
	}
	if (*suffix == '.') {
		fraction = suffix + 1;
		fraction_len = strspn(fraction, DIGITS);
		suffix = fraction + fraction_len;
	}
	factor = unit_factor(time_units, suffix);
	if (!factor || !digits_value(text, whole_len, &whole))
		return false;
	if (fraction && !fraction_value(fraction, fraction_len, factor, &part))
		return false;
	return !__builtin_mul_overflow(whole, factor, &whole) &&
	       !__builtin_add_overflow(whole, part, ns);
}

bool parse_bytes(const char *text, uint64_t *bytes)
{
	size_t len = strspn(text, DIGITS);
	uint64_t factor = unit_factor(size_units, text + len);
	uint64_t count;

	return factor && digits_value(text, len, &count) &&
	       !__builtin_mul_overflow(count, factor, bytes);
}

/* The bounds are where rounding would reach the next unit: 999500 ns is 1.00ms, not 1000us. */
