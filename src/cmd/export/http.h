/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The HTTP server of export, on libmicrohttpd: GET and HEAD, no threads, no
 * keep-alive, no bodies of requests; large answers are compressed for who takes gzip. A connection
 * has one request and a few seconds; when there are too many, the oldest is closed to make room, so
 * that slow clients cannot lock others out. No TLS, no passwords: a reverse proxy's business.
 */
#ifndef CMD_EXPORT_HTTP_H
#define CMD_EXPORT_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct http;
struct str;

/* Where @fd listens, as a client would say it: the port that 0 became, too. Into @buf. */
void http_where(int fd, char *buf, size_t size);

struct http_request {
	const char *path;
	const char *accept; /* NULL: no such header */
	uint64_t *scan; /* 0 at first; what the replier remembers of the request until it replies */
};

struct http_reply {
	unsigned int code;
	const char *type;
	struct str *body;
};

struct http_ops {
	/* Fill in @reply. False: not yet; asked again after http_resume(). */
	bool (*reply)(void *ctx, const struct http_request *request, struct http_reply *reply);
	/* A reply goes out. */
	void (*replied)(void *ctx, unsigned int code);
};

/*
 * Bind to "127.0.0.1:9879", "[::1]:9879" or "unix:/path", or take the socket
 * that the service manager hands over. Returns the socket, or a negative errno
 * with @err set.
 */
int http_listen(const char *where, struct err *err);

/* Serve on @fd, which is the server's from now on. NULL with @err set. */
struct http *http_new(int fd, const struct http_ops *ops, void *ctx, struct err *err);
void http_free(struct http *http);

/* Readable when http_run() has something to do. */
int http_fd(const struct http *http);

/* Ms until http_run() has something to do in any case; -1: never. */
int http_timeout_ms(const struct http *http);

void http_run(struct http *http);

/* Ask again about the requests that were not answered yet. */
void http_resume(struct http *http);

#endif
