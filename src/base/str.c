// SPDX-License-Identifier: GPL-2.0-only
#include "base/str.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an empty string points at, so that .text is never NULL. Never written to. */
static char empty[1];

void str_init(struct str *str)
{
	*str = (struct str){.text = empty};
}

void str_fini(struct str *str)
{
	if (str->cap)
		free(str->text);
	str_init(str);
}

void str_reset(struct str *str)
{
	if (str->cap)
		str->text[0] = '\0';
	str->len = 0;
	str->failed = false;
}

/* Room for @more bytes and the NUL. Doubles, so that adding byte by byte stays linear. */
static bool reserve(struct str *str, size_t more)
{
	size_t need, cap = str->cap ? str->cap : 64;
	char *text;

	if (str->failed)
		return false;
	if (__builtin_add_overflow(str->len, more, &need) || need >= SIZE_MAX / 2)
		goto fail;
	if (need < str->cap)
		return true;
	while (cap <= need)
		cap *= 2;
	text = realloc(str->cap ? str->text : NULL, cap);
	if (!text)
		goto fail;
	if (!str->cap)
		text[0] = '\0';
	str->text = text;
	str->cap = cap;
	return true;
fail:
	str->failed = true;
	return false;
}

void str_addn(struct str *str, const void *bytes, size_t len)
{
	if (!len || !reserve(str, len))
		return;
	memcpy(str->text + str->len, bytes, len);
	str->len += len;
	str->text[str->len] = '\0';
}

void str_adds(struct str *str, const char *text)
{
	str_addn(str, text, strlen(text));
}

void str_addc(struct str *str, char c)
{
	str_addn(str, &c, 1);
}

static __attribute__((format(printf, 2, 0))) void vaddf(struct str *str, const char *fmt,
							va_list args)
{
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, args);
	if (len < 0) {
		str->failed = true;
	} else if (reserve(str, (size_t)len)) {
		vsnprintf(str->text + str->len, (size_t)len + 1, fmt, again);
		str->len += (size_t)len;
	}
	va_end(again);
}

void str_addf(struct str *str, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vaddf(str, fmt, args);
	va_end(args);
}

void str_pad(struct str *str, size_t column)
{
	const char *newline = memrchr(str->text, '\n', str->len);
	size_t used = newline ? (size_t)(str->text + str->len - newline - 1) : str->len;

	if (used >= column || !reserve(str, column - used))
		return;
	memset(str->text + str->len, ' ', column - used);
	str->len += column - used;
	str->text[str->len] = '\0';
}

bool str_failed(const struct str *str)
{
	return str->failed;
}

const char *str_part(struct str *whole, const struct str *part)
{
	whole->failed |= part->failed;
	return part->failed ? "" : part->text;
}

char *str_take(struct str *str)
{
	char *text;

	if (!reserve(str, 0)) {
		str_fini(str);
		return NULL;
	}
	text = str->text;
	str_init(str);
	return text;
}
