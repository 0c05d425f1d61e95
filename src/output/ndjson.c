// SPDX-License-Identifier: GPL-2.0-only
#include "output/ndjson.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/sanitize.h"
#include "base/str.h"

/* As many digits as mean something, so that no library's last bit shows. */
#define REAL_DIGITS 6

/* How much of @text needs neither cleaning nor escaping. */
static size_t plain_len(const char *text)
{
	size_t len = 0;

	while (text[len] >= ' ' && text[len] <= '~' && text[len] != '"' && text[len] != '\\')
		len++;
	return len;
}

/* Control characters are cleaned away: only two are left that JSON escapes. */
static void add_string(struct str *out, const char *text)
{
	const char *clean;
	size_t len;

	str_addc(out, '"');
	for (; *text; text += len) {
		len = plain_len(text);
		if (len) {
			str_addn(out, text, len);
			continue;
		}
		if (*text == '"' || *text == '\\')
			str_addc(out, '\\');
		clean = sanitize_next(text, &len);
		str_addn(out, clean, len);
	}
	str_addc(out, '"');
}

static void put_key(struct ndjson *json, const char *key)
{
	if (!json->is_first)
		str_addc(json->out, ',');
	json->is_first = false;
	if (!key)
		return;
	add_string(json->out, key);
	str_addc(json->out, ':');
}

static void open_with(struct ndjson *json, const char *key, char bracket)
{
	put_key(json, key);
	str_addc(json->out, bracket);
	json->is_first = true;
}

static void close_with(struct ndjson *json, char bracket)
{
	str_addc(json->out, bracket);
	json->is_first = false;
}

void ndjson_begin_bare(struct ndjson *json, struct str *out)
{
	*json = (struct ndjson){.out = out, .is_first = true};
	open_with(json, NULL, '{');
}

void ndjson_begin(struct ndjson *json, struct str *out, const char *type)
{
	ndjson_begin_bare(json, out);
	ndjson_text(json, "type", type);
	ndjson_int(json, "v", 1);
}

int ndjson_finish(struct ndjson *json)
{
	close_with(json, '}');
	return str_failed(json->out) ? -ENOMEM : 0;
}

int ndjson_finish_line(struct ndjson *json)
{
	close_with(json, '}');
	str_addc(json->out, '\n');
	return str_failed(json->out) ? -ENOMEM : 0;
}

void ndjson_int(struct ndjson *json, const char *key, int64_t value)
{
	put_key(json, key);
	str_addf(json->out, "%" PRId64, value);
}

void ndjson_bool(struct ndjson *json, const char *key, bool value)
{
	put_key(json, key);
	str_adds(json->out, value ? "true" : "false");
}

void ndjson_null(struct ndjson *json, const char *key)
{
	put_key(json, key);
	str_adds(json->out, "null");
}

void ndjson_text(struct ndjson *json, const char *key, const char *text)
{
	if (!text) {
		ndjson_null(json, key);
		return;
	}
	put_key(json, key);
	add_string(json->out, text);
}

void ndjson_text_or_null(struct ndjson *json, const char *key, const char *text)
{
	ndjson_text(json, key, text && *text ? text : NULL);
}

/* "1e-05" is written "1e-5": shorter, and what earlier versions wrote. */
static void add_exponent(struct str *out, const char *exponent)
{
	str_addc(out, 'e');
	if (*exponent == '-')
		str_addc(out, '-');
	exponent += strspn(exponent, "+-");
	exponent += strspn(exponent, "0");
	str_adds(out, *exponent ? exponent : "0");
}

void ndjson_real(struct ndjson *json, const char *key, double value)
{
	char text[32], *exponent;

	if (!isfinite(value)) {
		ndjson_null(json, key);
		return;
	}
	put_key(json, key);
	snprintf(text, sizeof(text), "%.*g", REAL_DIGITS, value);
	exponent = strchr(text, 'e');
	if (exponent)
		*exponent++ = '\0';
	str_adds(json->out, text);
	if (exponent)
		add_exponent(json->out, exponent);
	else if (!strchr(text, '.'))
		str_adds(json->out, ".0");
}

void ndjson_object(struct ndjson *json, const char *key)
{
	open_with(json, key, '{');
}

void ndjson_end_object(struct ndjson *json)
{
	close_with(json, '}');
}

void ndjson_array(struct ndjson *json, const char *key)
{
	open_with(json, key, '[');
}

void ndjson_end_array(struct ndjson *json)
{
	close_with(json, ']');
}
