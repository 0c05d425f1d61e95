// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/export/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "cmd/export/gzip.h"
#include "metrics/prom.h"

#define CLIENTS_MAX	 64
#define CLIENTS_CROWD	 48 /* from here on the oldest is closed */
#define CLIENT_LIFE_NS	 10000000000ULL
#define CLIENT_MEM_BYTES 8192 /* request line and headers; and the head of the reply */
/* What 500 VMs with series have. Below, the network is not what is short. */
#define GZIP_MIN_BYTES (256 << 10)

/* A connection. */
struct client {
	struct MHD_Connection *conn;
	struct client *older, *newer;
	uint64_t since_ns; /* it connected, or had last to wait for us */
	uint64_t scan;	   /* see struct http_request; a connection has one request */
	bool is_waiting;   /* suspended, until http_resume() */
	bool is_cut;
};

struct http {
	struct MHD_Daemon *daemon;
	const struct http_ops *ops;
	void *ctx;
	struct client *oldest, *newest;
	unsigned int clients_cnt;
	bool is_closing;
	struct str body;
};

/* ---- connections ---- */

/* The library sees the end of file, and closes it. */
static void client_cut(struct client *client)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(client->conn, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (info && !client->is_cut)
		shutdown(info->connect_fd, SHUT_RDWR);
	client->is_cut = true;
}

static void client_add(struct http *http, struct client *client)
{
	client->older = http->newest;
	if (http->newest)
		http->newest->newer = client;
	else
		http->oldest = client;
	http->newest = client;
	http->clients_cnt++;
}

static void client_del(struct http *http, struct client *client)
{
	*(client->older ? &client->older->newer : &http->oldest) = client->newer;
	*(client->newer ? &client->newer->older : &http->newest) = client->older;
	http->clients_cnt--;
	free(client);
}

static void make_place(struct http *http)
{
	struct client *client = http->oldest;

	while (client && (client->is_waiting || client->is_cut))
		client = client->newer;
	if (client)
		client_cut(client);
}

static void on_connection(void *ctx, struct MHD_Connection *conn, void **socket_ctx,
			  enum MHD_ConnectionNotificationCode code)
{
	struct http *http = ctx;
	struct client *client = *socket_ctx;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (client)
			client_del(http, client);
		return;
	}
	if (http->clients_cnt >= CLIENTS_CROWD)
		make_place(http);
	client = calloc(1, sizeof(*client));
	*socket_ctx = client;
	if (!client)
		return;
	client->conn = conn;
	client->since_ns = clock_now_ns();
	client_add(http, client);
}

static struct client *client_of(struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

/* ---- requests ---- */

/* The body as this client is to have it, to be freed. NULL: out of memory. */
static char *take_body(struct MHD_Connection *conn, struct str *body, size_t *len, bool *is_gzip)
{
	const char *codings =
		MHD_lookup_connection_value(conn, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT_ENCODING);
	char *text = NULL;

	if (body->len >= GZIP_MIN_BYTES && !str_failed(body) && prom_takes_gzip(codings))
		text = gzip_text(body, len);
	*is_gzip = text;
	if (text)
		return text;
	*len = body->len;
	return str_take(body);
}

static enum MHD_Result send_reply(struct http *http, struct MHD_Connection *conn,
				  const struct http_reply *reply)
{
	size_t len;
	bool is_gzip;
	char *text = take_body(conn, reply->body, &len, &is_gzip);
	struct MHD_Response *response;
	enum MHD_Result ret;

	if (!text)
		return MHD_NO;
	response = MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(text);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING);
	if (is_gzip)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (reply->code == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	ret = MHD_queue_response(conn, reply->code, response);
	MHD_destroy_response(response);
	http->ops->replied(http->ctx, reply->code);
	return ret;
}

static bool is_read(const char *method)
{
	return !strcmp(method, MHD_HTTP_METHOD_GET) || !strcmp(method, MHD_HTTP_METHOD_HEAD);
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *conn, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_size, void **request_ctx)
{
	struct http *http = ctx;
	struct client *client = client_of(conn);
	const struct http_request request = {
		.path = url,
		.scan = client ? &client->scan : NULL,
		.accept = MHD_lookup_connection_value(conn, MHD_HEADER_KIND, "Accept"),
	};
	struct http_reply reply = {.code = MHD_HTTP_METHOD_NOT_ALLOWED,
				   .type = "text/plain; charset=utf-8",
				   .body = &http->body};

	(void)version;
	(void)upload;
	(void)upload_size;
	(void)request_ctx;
	if (!client || http->is_closing)
		return MHD_NO;
	str_reset(&http->body);
	if (!is_read(method)) {
		str_adds(&http->body, "only GET and HEAD\n");
	} else if (!http->ops->reply(http->ctx, &request, &reply)) {
		client->is_waiting = true;
		MHD_suspend_connection(conn);
		return MHD_YES;
	}
	return send_reply(http, conn, &reply);
}

void http_resume(struct http *http)
{
	for (struct client *client = http->oldest; client; client = client->newer) {
		if (!client->is_waiting)
			continue;
		MHD_resume_connection(client->conn);
		client->is_waiting = false;
		client->since_ns = clock_now_ns(); /* that we were slow is not its fault */
	}
	http_run(http);
}

/* ---- life ---- */

struct http *http_new(int fd, const struct http_ops *ops, void *ctx, struct err *err)
{
	struct http *http = calloc(1, sizeof(*http));

	if (!http) {
		err_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	http->ops = ops;
	http->ctx = ctx;
	str_init(&http->body);
	http->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, http,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned int)CLIENTS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned int)(CLIENT_LIFE_NS / 1000000000), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)CLIENT_MEM_BYTES, MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
		MHD_OPTION_END);
	if (!http->daemon) {
		err_set(err, -EIO, "cannot start the HTTP server");
		free(http);
		return NULL;
	}
	return http;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	http->is_closing = true;
	http_resume(http); /* the library insists that none is suspended */
	MHD_stop_daemon(http->daemon);
	str_fini(&http->body);
	free(http);
}

int http_fd(const struct http *http)
{
	return MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int http_timeout_ms(const struct http *http)
{
	uint64_t now = clock_now_ns(), end = UINT64_MAX;
	MHD_UNSIGNED_LONG_LONG ms;

	if (MHD_get_timeout(http->daemon, &ms) == MHD_YES && !ms)
		return 0;
	for (const struct client *client = http->oldest; client; client = client->newer)
		if (!client->is_waiting && client->since_ns + CLIENT_LIFE_NS < end)
			end = client->since_ns + CLIENT_LIFE_NS;
	if (end == UINT64_MAX)
		return -1;
	return end > now ? (end - now) / 1000000 + 1 : 1000; /* cut, and not closed yet */
}

void http_run(struct http *http)
{
	uint64_t now = clock_now_ns();

	for (struct client *client = http->oldest; client; client = client->newer)
		if (!client->is_waiting && now - client->since_ns > CLIENT_LIFE_NS)
			client_cut(client);
	MHD_run(http->daemon);
}
