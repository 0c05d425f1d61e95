// SPDX-License-Identifier: GPL-2.0-only
#include "import/lexer.h"

#include <string.h>

#define SECONDS_MAX 9000000000ULL /* twice that still fits 64 bits of ns */
#define NS	    1000000000ULL

void lexer_spaces(struct lexer *scan)
{
	scan->at += strspn(scan->at, " \t");
}

static bool is_name(char c, char more)
{
	return (c >= 'a' && c <= 'z') || c == '_' || (c >= '0' && c <= '9') ||
	       (c >= 'A' && c <= 'Z') || c == '.' || (more && c == more);
}

size_t lexer_name_len(const char *text, char more)
{
	size_t len = 0;

	while (is_name(text[len], more)) /* strspn(3) makes a table of the set at each call */
		len++;
	return len;
}

bool lexer_text(struct lexer *scan, const char *text)
{
	size_t len = strlen(text);

	if (strncmp(scan->at, text, len) != 0)
		return false;
	scan->at += len;
	return true;
}

static int digit_value(char c, unsigned int base)
{
	int value = -1;

	if (c >= '0' && c <= '9')
		value = c - '0';
	else if (c >= 'a' && c <= 'f')
		value = c - 'a' + 10;
	else if (c >= 'A' && c <= 'F')
		value = c - 'A' + 10;
	return value < (int)base ? value : -1;
}

static bool scan_digits(struct lexer *scan, unsigned int base, uint64_t *value)
{
	const char *at = scan->at;
	uint64_t sum = 0;

	for (; digit_value(*at, base) >= 0; at++)
		if (__builtin_mul_overflow(sum, base, &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)digit_value(*at, base), &sum))
			return false;
	if (at == scan->at)
		return false;
	scan->at = at;
	*value = sum;
	return true;
}

bool lexer_number(struct lexer *scan, uint64_t *value)
{
	struct lexer hex = *scan;

	if (lexer_text(&hex, "0x") && scan_digits(&hex, 16, value)) {
		*scan = hex;
		return true;
	}
	return scan_digits(scan, 10, value);
}

bool lexer_signed(struct lexer *scan, int64_t *value)
{
	struct lexer part = *scan;
	bool is_negative = lexer_text(&part, "-");
	uint64_t number;

	if (!lexer_number(&part, &number) || (is_negative && number > INT64_MAX))
		return false;
	*value = is_negative ? -(int64_t)number : (int64_t)number;
	*scan = part;
	return true;
}

bool lexer_seconds(struct lexer *scan, uint64_t *ns)
{
	struct lexer part = *scan;
	uint64_t seconds, unit = NS, sum = 0;

	if (!scan_digits(&part, 10, &seconds) || seconds > SECONDS_MAX)
		return false;
	if (lexer_text(&part, "."))
		for (; digit_value(*part.at, 10) >= 0; part.at++) {
			unit /= 10;
			sum += unit * digit_value(*part.at, 10);
		}
	*ns = seconds * NS + sum;
	*scan = part;
	return true;
}
