/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * JSON, one object a line, written as it goes: all that this program writes.
 * Fields stand in the order in which they are put. Text is cleaned as for a
 * terminal (base/sanitize.h), so that whatever a process calls itself, the line
 * is JSON and says the same as the line for people. Inside an array @key is NULL.
 * Out of memory is remembered (see base/str.h) and returned by ndjson_finish().
 */
#ifndef OUTPUT_NDJSON_H
#define OUTPUT_NDJSON_H

#include <stdbool.h>
#include <stdint.h>

struct str;

struct ndjson {
	struct str *out;
	bool is_first; /* nothing was put into this object or array yet: no comma */
};

/* A line of the contract: {"type":@type,"v":1 */
void ndjson_begin(struct ndjson *json, struct str *out, const char *type);

/* The same without these two: for what is not a line of the contract. */
void ndjson_begin_bare(struct ndjson *json, struct str *out);

/* Close it. 0, or -ENOMEM: what is in .out is not a whole object. */
int ndjson_finish(struct ndjson *json);

/* The same, and a newline. */
int ndjson_finish_line(struct ndjson *json);

void ndjson_int(struct ndjson *json, const char *key, int64_t value);
void ndjson_bool(struct ndjson *json, const char *key, bool value);
void ndjson_null(struct ndjson *json, const char *key);

/* NULL becomes null. */
void ndjson_text(struct ndjson *json, const char *key, const char *text);

/* "" becomes null too: not known. */
void ndjson_text_or_null(struct ndjson *json, const char *key, const char *text);

/* Six digits that mean something, and always a point or an exponent; what is no number is null. */
void ndjson_real(struct ndjson *json, const char *key, double value);

void ndjson_object(struct ndjson *json, const char *key);
void ndjson_end_object(struct ndjson *json);
void ndjson_array(struct ndjson *json, const char *key);
void ndjson_end_array(struct ndjson *json);

#endif
