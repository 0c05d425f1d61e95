// SPDX-License-Identifier: GPL-2.0-only
/* Content negotiation: RFC 9110, sections 12.5.1 and 12.5.3, for the formats and the coding that
 * there are. */
#include "metrics/prom.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const struct offer {
	const char *type;
	const char
		*params[4]; /* "name=value" that a request's must agree with, if it has the name */
	const char *needed[3]; /* names without which it is another format */
	const char *content_type;
} offers[PROM_FORMAT_CNT] = {
	[PROM_TEXT] = {"text/plain",
		       {"version=0.0.4"},
		       {NULL},
		       "text/plain; version=0.0.4; charset=utf-8"},
	[PROM_OPENMETRICS] = {"application/openmetrics-text",
			      {"version=1.0.0"},
			      {NULL},
			      "application/openmetrics-text; version=1.0.0; charset=utf-8"},
	[PROM_PROTOBUF] = {"application/vnd.google.protobuf",
			   {"proto=io.prometheus.client.MetricFamily", "encoding=delimited"},
			   {"proto", "encoding"},
			   "application/vnd.google.protobuf; "
			   "proto=io.prometheus.client.MetricFamily; encoding=delimited"},
};

const char *prom_content_type(enum prom_format format)
{
	return offers[format].content_type;
}

/* A piece of the header, not terminated. */
struct part {
	const char *text;
	size_t len;
};

static struct part trim(const char *text, size_t len)
{
	while (len && strchr(" \t", *text)) {
		text++;
		len--;
	}
	while (len && strchr(" \t", text[len - 1]))
		len--;
	return (struct part){text, len};
}

static bool is_part(struct part part, const char *text)
{
	return part.len == strlen(text) && !strncasecmp(part.text, text, part.len);
}

/* The next parameter of a media range: moves *@rest past it. */
static bool next_param(const char **rest, const char *end, struct part *name, struct part *value)
{
	const char *begin = *rest, *stop, *equals;

	if (begin >= end)
		return false;
	stop = memchr(begin, ';', end - begin);
	if (!stop)
		stop = end;
	equals = memchr(begin, '=', stop - begin);
	*name = trim(begin, (equals ? equals : stop) - begin);
	*value = equals ? trim(equals + 1, stop - equals - 1) : (struct part){stop, 0};
	if (value->len >= 2 && value->text[0] == '"')
		*value = (struct part){value->text + 1, value->len - 2};
	*rest = stop + 1;
	return true;
}

/* "0.75" in thousandths; what is no number is 1000, as if it were not there. */
static int parse_q(struct part value)
{
	int q = 0, scale = 100;

	if (!value.len || (value.text[0] != '0' && value.text[0] != '1'))
		return 1000;
	q = (value.text[0] - '0') * 1000;
	for (size_t i = 2; i < value.len && i < 5; i++, scale /= 10) {
		if (value.text[i] < '0' || value.text[i] > '9')
			return 1000;
		q += (value.text[i] - '0') * scale;
	}
	return q > 1000 ? 1000 : q;
}

/* Does a parameter leave room for @offer? Unknown ones (charset, escaping) do. */
static bool param_fits(const struct offer *offer, struct part name, struct part value)
{
	for (size_t i = 0; i < 4 && offer->params[i]; i++) {
		size_t len = strcspn(offer->params[i], "=");

		if (name.len == len && !strncasecmp(name.text, offer->params[i], len))
			return is_part(value, offer->params[i] + len + 1);
	}
	return true;
}

static bool has_all_needed(const struct offer *offer, const char *params, const char *end)
{
	for (size_t i = 0; i < 3 && offer->needed[i]; i++) {
		const char *rest = params;
		struct part name, value;
		bool found = false;

		while (next_param(&rest, end, &name, &value))
			found |= is_part(name, offer->needed[i]);
		if (!found)
			return false;
	}
	return true;
}

/* What is before the parameters of an item, which are [@params, @end). */
static struct part split_params(struct part item, const char **params, const char **end)
{
	const char *at = memchr(item.text, ';', item.len);

	*end = item.text + item.len;
	*params = at ? at + 1 : *end;
	return trim(item.text, at ? (size_t)(at - item.text) : item.len);
}

/* The next item of a header's list; false: there is none. */
static bool next_item(const char **list, struct part *item)
{
	size_t len;

	if (!*list || !**list)
		return false;
	len = strcspn(*list, ",");
	*item = trim(*list, len);
	*list += len + ((*list)[len] == ',');
	return true;
}

/* How much a media range wants @offer, in thousandths; 0: not at all. */
static int rate(const struct offer *offer, struct part range)
{
	const char *params, *end;
	struct part type = split_params(range, &params, &end), name, value;
	int q = 1000;

	if (!is_part(type, offer->type) || !has_all_needed(offer, params, end))
		return 0;
	while (next_param(&params, end, &name, &value)) {
		if (is_part(name, "q"))
			q = parse_q(value);
		else if (!param_fits(offer, name, value))
			return 0;
	}
	return q;
}

enum prom_format prom_negotiate(const char *accept)
{
	enum prom_format best = PROM_TEXT;
	struct part range;
	int best_q = 0;

	while (next_item(&accept, &range)) {
		for (int i = 0; i < PROM_FORMAT_CNT; i++) {
			int q = rate(&offers[i], range);

			if (q > best_q) {
				best = i;
				best_q = q;
			}
		}
	}
	return best; /* for wildcards, too, the format that everybody reads */
}

bool prom_takes_gzip(const char *accept_encoding)
{
	struct part coding, name, value;
	const char *params, *end;
	bool takes = false;

	while (next_item(&accept_encoding, &coding)) {
		if (!is_part(split_params(coding, &params, &end), "gzip"))
			continue;
		takes = true;
		while (next_param(&params, end, &name, &value))
			if (is_part(name, "q"))
				takes = parse_q(value) > 0;
	}
	return takes;
}
