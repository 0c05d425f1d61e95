// SPDX-License-Identifier: GPL-2.0-only
#include "import/envelope.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "import/lexer.h"

/* ---- quoted-printable: RFC 2045, 6.7 ---- */

bool envelope_is_quoted(const char *bytes, size_t len)
{
	const char *end = bytes + len;

	if (!memmem(bytes, len, "=3D", 3))
		return false;
	for (const char *at = bytes; (at = memchr(at, '\n', end - at)); at++) {
		size_t line_len = at - bytes;

		if (envelope_goes_on(bytes, &line_len)) /* each "=" is "=3D" */
			return !memmem(bytes, len, " = ", 3);
	}
	return false;
}

bool envelope_goes_on(const char *line, size_t *len)
{
	size_t end = *len;

	if (end && line[end - 1] == '\r')
		end--;
	if (!end || line[end - 1] != '=')
		return false;
	*len = end - 1;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte that two digits stand for; negative: they are none, or the end of a string. */
static int hex_byte(const char *at)
{
	int high = hex_digit(*at), low = high >= 0 ? hex_digit(at[1]) : -1;

	return low < 0 || !(high | low) ? -1 : high << 4 | low;
}

void envelope_unquote(char *line)
{
	char *to = line;

	for (const char *at = line; *at; at++) {
		int byte = *at == '=' ? hex_byte(at + 1) : -1;

		*to++ = byte < 0 ? *at : (char)byte;
		at += byte < 0 ? 0 : 2;
	}
	*to = 0;
}

/* ---- JSON ---- */

/* What follows "KEY": and a quote; NULL: it has no such text. */
static const char *find_text(const char *line, const char *key)
{
	size_t len = strlen(key);

	for (const char *at = line; (at = strchr(at, '"')); at++) {
		const char *colon;

		if (strncmp(at + 1, key, len) != 0 || at[len + 1] != '"')
			continue;
		colon = at + len + 2;
		colon += strspn(colon, " \t");
		if (*colon != ':')
			continue;
		colon += 1 + strspn(colon + 1, " \t");
		if (*colon == '"')
			return colon + 1;
	}
	return NULL;
}

static char escaped(char c)
{
	static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
	const char *at = c ? strchr(from, c) : NULL;

	return at ? to[at - from] : c;
}

/* "\u001b": all but ASCII matters to nobody here. */
static char unicode(const char *digits)
{
	int byte = digits[0] == '0' && digits[1] == '0' ? hex_byte(digits + 2) : -1;

	return byte > 0 && byte < 0x80 ? (char)byte : '?';
}

/* Up to its closing quote, to @to, which may be before it in the same line. */
static void unescape(char *to, const char *at)
{
	while (*at && *at != '"') {
		if (*at != '\\') {
			*to++ = *at++;
		} else if (at[1] == 'u' && strnlen(at + 2, 4) == 4) {
			*to++ = unicode(at + 2);
			at += 6;
		} else {
			at++;
			if (*at)
				*to++ = escaped(*at++);
		}
	}
	*to = 0;
}

/* "[12345.678901] " of a journal's microseconds since boot; "" where it has none. */
static void format_stamp(const char *line, char *stamp, size_t size)
{
	const char *text = find_text(line, "_SOURCE_MONOTONIC_TIMESTAMP");
	struct lexer scan = {text ? text : find_text(line, "__MONOTONIC_TIMESTAMP")};
	uint64_t us;

	stamp[0] = 0;
	if (scan.at && lexer_number(&scan, &us))
		snprintf(stamp, size, "[%5" PRIu64 ".%06" PRIu64 "] ", us / 1000000, us % 1000000);
}

static bool open_json(char *line, size_t size)
{
	static const char *const keys[] = {"MESSAGE", "log", "msg", "message"};
	const char *text = NULL;
	char stamp[40];
	size_t len, before;

	for (size_t i = 0; !text && i < sizeof(keys) / sizeof(keys[0]); i++)
		text = find_text(line, keys[i]);
	if (!text)
		return false;
	format_stamp(line, stamp, sizeof(stamp));
	unescape(line, text);
	len = strcspn(line, "\r\n"); /* the first line of several */
	line[len] = 0;
	before = strlen(stamp);
	if (before && len + before < size) {
		memmove(line + before, line, len + 1);
		memcpy(line, stamp, before);
	}
	return true;
}

bool envelope_open(char *line, size_t size)
{
	char *text = line + strspn(line, " \t");
	static const char field[] = "MESSAGE=";

	if (*text != '{' && *text != '"' && *text != *field)
		return false;
	if (!strncmp(text, "{\"type\"", strlen("{\"type\""))) /* kvmstall's own */
		return false;
	if (*text == '{' || !strncmp(text, "\"msg\":", strlen("\"msg\":")))
		return open_json(line, size);
	if (strncmp(text, field, strlen(field)) != 0)
		return false;
	text += strlen(field);
	memmove(line, text, strlen(text) + 1);
	return true;
}
