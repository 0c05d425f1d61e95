// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/prometheus.h"

#include <string.h>

#include "base/err.h"

bool prometheus_is_url(const char *text)
{
	return !strncmp(text, "http://", 7) || !strncmp(text, "https://", 8);
}

#ifndef HAVE_CURL

int prometheus_ask(const struct prometheus_cfg *cfg, const struct question *question,
		   struct str *out, struct err *err)
{
	(void)question;
	(void)out;
	return err_usage(
		err,
		"--prometheus: this kvmstall was built without libcurl, and cannot ask '%s': "
		"it reads only what another one has saved with --save",
		cfg->url);
}

#else

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <curl/curl.h>

#include "base/cleanup.h"
#include "base/format.h"
#include "base/str.h"
#include "diff/fleet/answer.h"

#define HEADERS_MAX (16 << 10)

/* One server, for all questions. */
struct asking {
	const struct prometheus_cfg *cfg;
	CURL *curl;
	struct curl_slist *headers;
	struct str body;
	bool is_huge;
	char text[CURL_ERROR_SIZE];
};

static size_t on_bytes(char *bytes, size_t size, size_t cnt, void *ctx)
{
	struct asking *asking = ctx;

	asking->is_huge = asking->body.len + size * cnt > ANSWER_MAX;
	if (asking->is_huge)
		return 0;
	str_addn(&asking->body, bytes, size * cnt);
	return str_failed(&asking->body) ? 0 : size * cnt;
}

/* ---- the file of --header ---- */

static int add_header(struct asking *asking, char *line, struct err *err)
{
	struct curl_slist *longer;

	line[strcspn(line, "\r\n")] = '\0';
	if (!*line || *line == '#')
		return 0;
	if (!strchr(line, ':') || *line == ':')
		return err_set(err, -EINVAL, "'%s': expected lines as 'Authorization: Bearer ...'",
			       asking->cfg->header);
	longer = curl_slist_append(asking->headers, line);
	if (!longer)
		return err_set(err, -ENOMEM, "out of memory");
	asking->headers = longer;
	return 0;
}

static int read_headers(struct asking *asking, struct err *err)
{
	const char *path = asking->cfg->header;
	_fclose_ FILE *file = path ? fopen(path, "re") : NULL;
	char line[HEADERS_MAX];
	int ret = 0;

	if (!path)
		return 0;
	if (!file)
		return err_set(err, -errno, "cannot open '%s': %s", path, strerror(errno));
	while (!ret && fgets(line, sizeof(line), file)) {
		if (!strchr(line, '\n') && !feof(file))
			return err_set(err, -EINVAL, "'%s': a line is too long", path);
		ret = add_header(asking, line, err);
	}
	explicit_bzero(line, sizeof(line));
	if (!ret && ferror(file))
		return err_set(err, -EIO, "cannot read '%s': %s", path, strerror(errno));
	return ret;
}

/* ---- one question ---- */

static int cannot_ask(const struct asking *asking, CURLcode code, enum ask ask, struct err *err)
{
	const char *url = asking->cfg->url;
	char timeout[24];

	if (asking->is_huge)
		return err_set(err, -EFBIG,
			       "'%s': the answer to '%s' is larger than 64 MiB: let --base and "
			       "--new match fewer hosts",
			       url, ask_name(ask));
	if (code == CURLE_OPERATION_TIMEDOUT)
		return err_set(err, -ETIMEDOUT, "'%s' gave no answer to '%s' within %s (--timeout)",
			       url, ask_name(ask),
			       format_nsec(asking->cfg->timeout_ns, timeout, sizeof(timeout)));
	if (code == CURLE_BAD_CONTENT_ENCODING)
		return err_set(err, -EINVAL,
			       "'%s': the answer to '%s' is not compressed as it says", url,
			       ask_name(ask));
	return err_set(err, -EIO, "cannot ask '%s': %s", url,
		       asking->text[0] ? asking->text : curl_easy_strerror(code));
}

/* "query=...&time=...": of Thanos, all or nothing. */
static int make_form(const struct asking *asking, const struct question *question,
		     enum side_id side, enum ask ask, struct str *form)
{
	struct str query;
	char *escaped;

	str_init(&query);
	ask_query(&query, ask, question->matchers[side], question->over_ns);
	escaped = str_failed(&query) ? NULL : curl_easy_escape(asking->curl, query.text, query.len);
	str_fini(&query);
	if (!escaped)
		return -ENOMEM;
	str_addf(form, "query=%s&time=%" PRId64 "&partial_response=false", escaped,
		 question->until);
	curl_free(escaped);
	return str_failed(form) ? -ENOMEM : 0;
}

static void keep_answer(struct asking *asking, struct answer *answer)
{
	long status = 0;
	const char *type = NULL, *location = NULL;

	curl_easy_getinfo(asking->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(asking->curl, CURLINFO_CONTENT_TYPE, &type);
	curl_easy_getinfo(asking->curl, CURLINFO_REDIRECT_URL, &location);
	answer->status = status;
	answer->body = asking->body.text;
	answer->len = asking->body.len;
	snprintf(answer->content_type, sizeof(answer->content_type), "%s", type ? type : "");
	snprintf(answer->location, sizeof(answer->location), "%s", location ? location : "");
}

static int ask_one(struct asking *asking, const struct question *question, struct answer *answer,
		   struct err *err)
{
	struct str form;
	CURLcode code;
	int ret;

	str_init(&form);
	str_reset(&asking->body);
	ret = make_form(asking, question, answer->side, answer->ask, &form);
	if (ret) {
		str_fini(&form);
		return err_set(err, ret, "out of memory");
	}
	curl_easy_setopt(asking->curl, CURLOPT_POSTFIELDS, form.text);
	code = curl_easy_perform(asking->curl);
	str_fini(&form);
	if (code != CURLE_OK)
		return cannot_ask(asking, code, answer->ask, err);
	keep_answer(asking, answer);
	return 0;
}

static int ask_all(struct asking *asking, const struct question *question, struct str *out,
		   struct err *err)
{
	answer_put_question(out, question);
	for (int side = 0; side < SIDE_CNT; side++)
		for (int ask = 0; ask < ASK_CNT; ask++) {
			struct answer answer = {.side = side, .ask = ask};
			int ret = ask_one(asking, question, &answer, err);

			if (ret)
				return ret;
			answer_put(out, &answer);
			if (answer.status != 200)
				return 0;
		}
	return 0;
}

/* ---- the server ---- */

/* A proxy or a name server of ours is asked as the user has them set; a redirect is not followed:
 * the header is for the server that was named, and for no other. */
static int set_options(struct asking *asking, struct err *err)
{
	CURL *curl = asking->curl;
	struct str url;
	int ret = 0;

	str_init(&url);
	str_adds(&url, asking->cfg->url);
	while (url.len && url.text[url.len - 1] == '/')
		url.text[--url.len] = '\0';
	str_adds(&url, "/api/v1/query");
	if (str_failed(&url) || curl_easy_setopt(curl, CURLOPT_URL, url.text) != CURLE_OK)
		ret = err_set(err, -ENOMEM, "out of memory");
	str_fini(&url);
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "kvmstall");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(asking->cfg->timeout_ns / 1000000));
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, asking->headers);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, asking->text);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, asking);
	return ret;
}

/* What is on a command line is everybody's who runs ps. */
static bool has_password(const char *url)
{
	const char *host = strstr(url, "://") + 3;

	return memchr(host, '@', strcspn(host, "/?#")) != NULL;
}

int prometheus_ask(const struct prometheus_cfg *cfg, const struct question *question,
		   struct str *out, struct err *err)
{
	struct asking asking = {.cfg = cfg};
	int ret;

	if (has_password(cfg->url))
		return err_usage(err, "--prometheus: a password does not belong on a command line: "
				      "--header FILE, with an Authorization line");
	str_init(&asking.body);
	asking.curl = curl_easy_init();
	ret = asking.curl ? read_headers(&asking, err) : err_set(err, -ENOMEM, "out of memory");
	if (!ret)
		ret = set_options(&asking, err);
	if (!ret)
		ret = ask_all(&asking, question, out, err);
	curl_easy_cleanup(asking.curl);
	curl_slist_free_all(asking.headers);
	str_fini(&asking.body);
	if (!ret && str_failed(out))
		ret = err_set(err, -ENOMEM, "out of memory");
	return ret;
}

#endif
