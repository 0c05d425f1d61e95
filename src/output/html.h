/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frame of a page: one file that needs no other and asks nobody for anything. Its style and its
 * script are files of their own in the tree (page.css, page.js), put into the program when it is
 * built; the page's policy (CSP) names their hashes and allows nothing else. What is shown is JSON
 * in it, which the script puts into the page as text: no name from a recording is ever read as
 * HTML.
 */
#ifndef OUTPUT_HTML_H
#define OUTPUT_HTML_H

struct str;

/* Append @text as it may stand between tags and in quoted attributes, of HTML and XML: one line,
 * UTF-8 whatever its bytes are. */
void html_add_text(struct str *out, const char *text);

/* Append the page: @title and @verdict are text; @data is one JSON value. */
void html_add_page(struct str *out, const char *title, const char *verdict, const char *data);

#endif
