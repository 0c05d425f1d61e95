// SPDX-License-Identifier: GPL-2.0-only
#include "output/html.h"

#include <stddef.h>

#include "base/sanitize.h"
#include "base/str.h"
#include "page_assets.h"

static const char *entity_of(char c)
{
	switch (c) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '"':
		return "&quot;";
	default:
		return NULL;
	}
}

void html_add_text(struct str *out, const char *text)
{
	size_t len;

	for (; *text; text += len) {
		const char *clean = sanitize_next(text, &len), *entity = entity_of(*clean);

		if (*text == '\n')
			str_addc(out, ' ');
		else if (entity)
			str_adds(out, entity);
		else
			str_addn(out, clean, len);
	}
}

/*
 * JSON between <script> tags: a string in it could end the script, or begin what HTML knows inside
 * of one. Outside of strings JSON has none of these characters.
 */
static void add_data(struct str *out, const char *data)
{
	for (const char *from = data;; data++) {
		if (*data && *data != '<' && *data != '>' && *data != '&')
			continue;
		str_addn(out, from, data - from);
		if (!*data)
			return;
		str_addf(out, "\\u%04x", (unsigned int)*data);
		from = data + 1;
	}
}

void html_add_page(struct str *out, const char *title, const char *verdict, const char *data)
{
	str_adds(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		      "script-src 'sha256-" PAGE_JS_HASH "'; style-src 'sha256-" PAGE_CSS_HASH
		      "'; base-uri 'none'; form-action 'none'\">\n"
		      "<meta name=\"referrer\" content=\"no-referrer\">\n"
		      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	html_add_text(out, title);
	str_adds(out, "</title>\n<style>");
	str_addn(out, page_css, sizeof(page_css));
	str_adds(out, "</style>\n</head>\n<body>\n<header><h1>");
	html_add_text(out, title);
	str_adds(out, "</h1>\n<p id=\"verdict\">");
	html_add_text(out, verdict);
	str_adds(out, "</p></header>\n<main id=\"main\">"
		      "<noscript><p>The rest of this page is drawn by its script.</p></noscript>"
		      "</main>\n<script type=\"application/json\" id=\"data\">");
	add_data(out, data);
	str_adds(out, "</script>\n<script>");
	str_addn(out, page_js, sizeof(page_js));
	str_adds(out, "</script>\n</body>\n</html>\n");
}
