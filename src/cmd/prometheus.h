/* SPDX-License-Identifier: GPL-2.0-only */
/* The HTTP API of Prometheus, Thanos and Mimir: questions go out, bytes come in, and nobody reads
 * them here. */
#ifndef CMD_PROMETHEUS_H
#define CMD_PROMETHEUS_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct question;
struct str;

struct prometheus_cfg {
	const char
		*url; /* with the prefix of its API, as in https://mimir.example.net/prometheus */
	const char *header;  /* a file with lines of HTTP's header; NULL: none */
	uint64_t timeout_ns; /* of each question */
};

/* Is this a URL that could be asked, and not the name of a file? */
bool prometheus_is_url(const char *text);

/*
 * Ask all of @question about both sides, and append the answers as a file of them (answer.h) to
 * @out. It ends with the first answer that is no good (it is the last of the file, which says why),
 * so that nobody is asked 24 times for what he refuses. 0, or a negative errno with @err set: there
 * was no answer.
 */
int prometheus_ask(const struct prometheus_cfg *cfg, const struct question *question,
		   struct str *out, struct err *err);

#endif
