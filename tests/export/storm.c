// SPDX-License-Identifier: GPL-2.0-only
/*
 * storm PORT COUNT - requests that no honest client makes, to 127.0.0.1 only:
 * malformed, oversized, slow, cut off, many at a time. Bounded by COUNT; ends
 * by itself. Exit status 1 when the server stops taking connections.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PARALLEL_MAX 37
#define SLOW_MAX     11 /* left open for a while, each at its own half-finished request */
#define BIG	     70000
#define ANSWER_MS    3000

static char big[BIG];

static const char *const requests[] = {
	"",
	"\r\n\r\n",
	"GET\r\n\r\n",
	"GET /metrics\r\n\r\n",
	"GET /metrics HTTP/9.9\r\n\r\n",
	"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
	"GET /metrics HTTP/1.1\r\nHost: x\r\n",
	"GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\nabc",
	"GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
	"POST /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFF\r\n",
	"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
	"DELETE /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
	"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
	"GET /metrics%00 HTTP/1.1\r\nHost: x\r\n\r\n",
	"GET /debug/pprof/ HTTP/1.1\r\nHost: x\r\n\r\n",
	"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: "
	";;;,,,=;q=x,application/openmetrics-text;q=9\r\n\r\n",
	"GET /metrics HTTP/1.1\r\nHost: x\r\nBad header\r\n\r\n",
	"GET /metrics HTTP/1.1\r\n: y\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
	"GET /healthz HTTP/1.0\r\n\r\n",
	"HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
	"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
	big,
};

#define REQUESTS_CNT (sizeof(requests) / sizeof(requests[0]))

static int connect_to(int port)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_port = htons(port),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Read what comes, or leave in the middle of it. */
static void take_answer(int fd, int is_patient)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	char buf[4096];

	while (is_patient && poll(&poll_fd, 1, ANSWER_MS) > 0 && read(fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
}

static int send_request(int fd, size_t n)
{
	const char *request = requests[n % REQUESTS_CNT];

	return send(fd, request, strlen(request), MSG_NOSIGNAL) >= 0 ? 0 : -1;
}

/* So many at the same time, then their answers: every third of them is not waited for. */
static size_t volley(int port, size_t from, size_t cnt)
{
	int fds[PARALLEL_MAX];
	size_t refused = 0;

	for (size_t i = 0; i < cnt; i++) {
		fds[i] = connect_to(port);
		refused += fds[i] < 0;
		if (fds[i] >= 0)
			send_request(fds[i], from + i);
	}
	for (size_t i = 0; i < cnt; i++) {
		size_t n = (from + i) % REQUESTS_CNT;
		/* Those that are not whole get no answer: nobody waits for one. */
		int is_whole = n > 1 && n != 5 && n != 6;

		if (fds[i] >= 0)
			take_answer(fds[i], is_whole && (from + i) % 3);
	}
	return refused;
}

int main(int argc, char **argv)
{
	int port = argc == 3 ? atoi(argv[1]) : 0, slow[SLOW_MAX];
	size_t cnt = argc == 3 ? strtoul(argv[2], NULL, 10) : 0, refused = 0;

	if (!port || !cnt)
		return 2;
	memset(big, 'a', BIG - 1);
	memcpy(big, "GET /", 5);
	for (size_t i = 0; i < SLOW_MAX; i++)
		slow[i] = connect_to(port);
	for (size_t done = 0; done < cnt; done += PARALLEL_MAX) {
		size_t left = cnt - done;

		/* Slow ones send a byte a volley. */
		for (size_t i = 0; i < SLOW_MAX; i++)
			if (slow[i] >= 0)
				send(slow[i], "G", 1, MSG_NOSIGNAL);
		refused += volley(port, done, left < PARALLEL_MAX ? left : PARALLEL_MAX);
	}
	for (size_t i = 0; i < SLOW_MAX; i++)
		if (slow[i] >= 0)
			close(slow[i]);
	printf("%zu requests, %zu refused\n", cnt, refused);
	return refused != 0;
}
