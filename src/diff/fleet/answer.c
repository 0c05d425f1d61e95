// SPDX-License-Identifier: GPL-2.0-only
#include "diff/fleet/answer.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/err.h"
#include "base/sanitize.h"
#include "base/str.h"
#include "output/ndjson.h"

#define FORMAT 1

static const char *const side_names[SIDE_CNT] = {"base", "new"};

/* ---- a file of answers ---- */

void answer_put_question(struct str *out, const struct question *question)
{
	struct ndjson json;

	ndjson_begin_bare(&json, out);
	ndjson_int(&json, "kvmstall_fleet", FORMAT);
	for (int side = 0; side < SIDE_CNT; side++)
		ndjson_text(&json, side_names[side], question->matchers[side]);
	ndjson_int(&json, "over_s", question->over_ns / 1000000000);
	ndjson_int(&json, "until", question->until);
	if (ndjson_finish_line(&json))
		out->failed = true;
}

void answer_put(struct str *out, const struct answer *answer)
{
	struct ndjson json;

	ndjson_begin_bare(&json, out);
	ndjson_text(&json, "side", side_names[answer->side]);
	ndjson_text(&json, "ask", ask_name(answer->ask));
	ndjson_int(&json, "status", answer->status);
	ndjson_text(&json, "content_type", answer->content_type);
	ndjson_text(&json, "location", answer->location);
	ndjson_int(&json, "bytes", answer->len);
	if (ndjson_finish_line(&json))
		out->failed = true;
	str_addn(out, answer->body, answer->len);
	str_addc(out, '\n');
}

/* The line at *@at as an object, and *@at after it. NULL: it is none. */
static json_t *get_line(const char *text, size_t len, size_t *at)
{
	const char *line = text + *at, *end = memchr(line, '\n', len - *at);
	json_t *object;

	if (!end)
		return NULL;
	object = json_loadb(line, end - line, 0, NULL);
	*at = end + 1 - text;
	if (!json_is_object(object)) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static int64_t int_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static int bad_file(struct err *err, size_t at)
{
	return err_set(err, -EINVAL, "offset %zu: not a file of answers that --save wrote", at);
}

int answer_get_question(const char *text, size_t len, size_t *at, struct question *question,
			struct err *err)
{
	json_t *line = get_line(text, len, at);
	bool is_good = line && int_of(line, "kvmstall_fleet") == FORMAT;
	int64_t over_s = int_of(line, "over_s");

	*question = (struct question){.until = int_of(line, "until")};
	for (int side = 0; side < SIDE_CNT; side++) {
		const char *matchers = text_of(line, side_names[side]);

		is_good = is_good && strlen(matchers) < sizeof(question->matchers[side]);
		snprintf(question->matchers[side], sizeof(question->matchers[side]), "%s",
			 matchers);
	}
	json_decref(line);
	is_good = is_good && over_s > 0 && over_s < 1000000000;
	question->over_ns = is_good ? over_s * 1000000000ULL : 0;
	return is_good ? 0 : bad_file(err, 0);
}

int answer_get(const char *text, size_t len, size_t *at, struct answer *answer, struct err *err)
{
	size_t begin = *at;
	json_t *line;
	int64_t bytes, status;

	if (begin == len)
		return 0;
	line = get_line(text, len, at);
	if (!line)
		return bad_file(err, begin);
	bytes = int_of(line, "bytes");
	status = int_of(line, "status");
	*answer = (struct answer){
		.side = strcmp(text_of(line, "side"), side_names[SIDE_BASE]) ? SIDE_NEW : SIDE_BASE,
		.ask = ask_by_name(text_of(line, "ask")),
		.status = status,
		.body = text + *at,
	};
	sanitize(answer->content_type, sizeof(answer->content_type), text_of(line, "content_type"));
	sanitize(answer->location, sizeof(answer->location), text_of(line, "location"));
	json_decref(line);
	if (answer->ask == ASK_CNT || status < 0 || status > 999 || bytes < 0 ||
	    (uint64_t)bytes > ANSWER_MAX || (uint64_t)bytes >= len - *at)
		return bad_file(err, begin);
	answer->len = bytes;
	*at += bytes + 1;
	return 1;
}

/* ---- an answer ---- */

static const char *skip_blank(const struct answer *answer)
{
	const char *text = answer->body, *end = text + answer->len;

	while (text < end && strchr(" \t\r\n", *text) && *text)
		text++;
	return text < end ? text : "";
}

/* What HTTP says, where the body does not say more. */
static int status_error(const struct answer *answer, struct err *err)
{
	unsigned int status = answer->status;

	if (status >= 300 && status < 400)
		return err_set(err, -EINVAL,
			       "the server redirects (%u) to '%s': give the URL of that", status,
			       answer->location);
	if (status == 401 || status == 407)
		return err_set(err, -EINVAL,
			       "the server wants to know who asks (%u): --header FILE, with an "
			       "Authorization line",
			       status);
	if (status == 403)
		return err_set(err, -EINVAL,
			       "the server refuses (403): who asks may not, by what --header says");
	if (status == 404 || status == 405)
		return err_set(err, -EINVAL,
			       "the server has no query API there (%u): is its prefix in the URL, "
			       "as /prometheus of Mimir?",
			       status);
	if (status == 429 || status >= 500)
		return err_set(err, -EINVAL,
			       "the server, or a proxy, cannot now (%u): try again later", status);
	return err_set(err, -EINVAL, "the server answers with HTTP status %u", status);
}

static int not_json(const struct answer *answer, const json_error_t *error, struct err *err)
{
	if (answer->status != 200)
		return status_error(answer, err);
	if (*skip_blank(answer) == '<' || !strncmp(answer->content_type, "text/html", 9))
		return err_set(err, -EINVAL,
			       "the answer is a page (HTML), not JSON: is the URL that of a "
			       "proxy's login, or of Grafana?");
	if (!answer->len)
		return err_set(err, -EINVAL, "the answer is empty");
	return err_set(err, -EINVAL, "the answer is not JSON (line %d, column %d: %s)", error->line,
		       error->column, error->text);
}

/* Prometheus says what it does not like as JSON, with HTTP's status 400, 422 or 503. */
static int refused(const struct answer *answer, const json_t *root, struct err *err)
{
	char type[64], text[256];
	const char *kind = text_of(root, "errorType");

	if (!json_object_get(root, "error"))
		return answer->status == 200 ? err_set(err, -EINVAL,
						       "the answer is JSON, but not that of "
						       "Prometheus' query API")
					     : status_error(answer, err);
	sanitize(type, sizeof(type), *kind ? kind : "error");
	sanitize(text, sizeof(text), text_of(root, "error"));
	return err_set(err, -EINVAL, "the server says: %s: %s", type, text);
}

static int each_sample(const json_t *vector, answer_fn fn, void *ctx)
{
	size_t idx;
	json_t *item;

	json_array_foreach(vector, idx, item)
	{
		const char *text =
			json_string_value(json_array_get(json_object_get(item, "value"), 1));
		struct answer_sample sample = {.labels = json_object_get(item, "metric")};
		char *end;
		int ret;

		if (!text || !json_is_object((const json_t *)sample.labels))
			continue;
		sample.value = strtod(text, &end);
		if (end == text || *end || !isfinite(sample.value))
			continue;
		ret = fn(ctx, &sample);
		if (ret)
			return ret;
	}
	return 0;
}

const char *answer_label(const struct answer_sample *sample, const char *name)
{
	return text_of(sample->labels, name);
}

static int each_of(const struct answer *answer, const json_t *root, answer_fn fn, void *ctx,
		   struct err *err)
{
	const json_t *data = json_object_get(root, "data");

	if (strcmp(text_of(root, "status"), "success"))
		return refused(answer, root, err);
	if (strcmp(text_of(data, "resultType"), "vector") ||
	    !json_is_array(json_object_get(data, "result")))
		return err_set(err, -EINVAL, "the answer has no vector of samples in it");
	return each_sample(json_object_get(data, "result"), fn, ctx);
}

int answer_each(const struct answer *answer, answer_fn fn, void *ctx, char *warning, size_t size,
		struct err *err)
{
	json_error_t error;
	json_t *root = json_loadb(answer->body, answer->len, 0, &error);
	const char *warns = json_string_value(json_array_get(json_object_get(root, "warnings"), 0));
	int ret;

	if (warns)
		sanitize(warning, size, warns);
	if (!root)
		ret = not_json(answer, &error, err);
	else
		ret = each_of(answer, root, fn, ctx, err);
	json_decref(root);
	return ret;
}
