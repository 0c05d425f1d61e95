/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a Prometheus, or a proxy before it, answered: as it came by HTTP, whoever that was. In a
 * file it is a line of JSON that says what was asked and how long the answer is, and the answer to
 * the byte.
 */
#ifndef FLEET_ANSWER_H
#define FLEET_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diff/fleet/ask.h"
#include "diff/side.h"

struct err;
struct str;

/* Longer answers are refused, by who asks and by who reads a file. */
#define ANSWER_MAX (64UL << 20)

struct answer {
	enum side_id side;
	enum ask ask;
	unsigned int status;   /* of HTTP */
	char content_type[64]; /* "": it did not say */
	char location[256];    /* of a redirect */
	const char *body;
	size_t len;
};

/* What was asked, once for all answers of a file. */
struct question {
	char matchers[SIDE_CNT][1024];
	uint64_t over_ns;
	int64_t until; /* seconds since 1970 */
};

/* The first line of a file, and an answer in it. Failure is the string's. */
void answer_put_question(struct str *out, const struct question *question);
void answer_put(struct str *out, const struct answer *answer);

/*
 * Read from @text (@len bytes), *@at on, which moves: the question, then one answer after the
 * other, whose bodies point into @text. 1: it is there; 0: the end (of answers only); or -EINVAL
 * with @err set.
 */
int answer_get_question(const char *text, size_t len, size_t *at, struct question *question,
			struct err *err);
int answer_get(const char *text, size_t len, size_t *at, struct answer *answer, struct err *err);

/* A series of an answer and its value. Labels that it has not are "". */
struct answer_sample {
	const void *labels; /* for answer_label() */
	double value;
};

const char *answer_label(const struct answer_sample *sample, const char *name);

/* A sample whose value is a number. 0, or a negative errno that ends it. */
typedef int (*answer_fn)(void *ctx, const struct answer_sample *sample);

/*
 * Give @fn each sample of the answer. What the server warns of (its first warning) goes to
 * @warning, of @size bytes, if there is any. 0, what @fn returned, or -EINVAL with a sentence in
 * @err: what the server refused, and what to do; that it is a page, that it is no JSON and where,
 * that it is another API's.
 */
int answer_each(const struct answer *answer, answer_fn fn, void *ctx, char *warning, size_t size,
		struct err *err);

#endif
