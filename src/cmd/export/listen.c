// SPDX-License-Identifier: GPL-2.0-only
/* Sockets to listen on: an address, a path, or the one that the service manager made. */
#include "cmd/export/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/parse.h"

#define BACKLOG		64
#define FIRST_PASSED_FD 3 /* SD_LISTEN_FDS_START: sd_listen_fds(3) */

union address {
	struct sockaddr any;
	struct sockaddr_in ip4;
	struct sockaddr_in6 ip6;
	struct sockaddr_un path;
};

static int open_socket(const union address *addr, socklen_t len, const char *where, struct err *err)
{
	int fd = socket(addr->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
	    one = 1;

	if (fd < 0)
		return err_set(err, -errno, "cannot make a socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &addr->any, len) || listen(fd, BACKLOG)) {
		int code = -errno;

		close(fd);
		return err_set(err, code, "cannot listen on '%s': %s", where, strerror(-code));
	}
	return fd;
}

/* A socket that nobody listens on any more is in the way; one that somebody does is theirs. */
static void remove_stale(const union address *addr, socklen_t len)
{
	_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	if (fd < 0 || lstat(addr->path.sun_path, &st) || !S_ISSOCK(st.st_mode))
		return;
	if (connect(fd, &addr->any, len) && errno == ECONNREFUSED)
		unlink(addr->path.sun_path);
}

static int listen_path(const char *path, const char *where, struct err *err)
{
	union address addr = {.path.sun_family = AF_UNIX};
	int fd;

	if (!*path || strlen(path) >= sizeof(addr.path.sun_path))
		return err_usage(err, "--listen: expected a path of at most %zu bytes in '%s'",
				 sizeof(addr.path.sun_path) - 1, where);
	strcpy(addr.path.sun_path, path);
	remove_stale(&addr, sizeof(addr.path));
	fd = open_socket(&addr, sizeof(addr.path), where, err);
	if (fd >= 0)
		chmod(path, 0660);
	return fd;
}

/* "1.2.3.4" or "[::1]"; no names: looking them up is not for a daemon with every privilege. */
static bool parse_host(const char *host, size_t len, uint16_t port, union address *addr)
{
	char text[INET6_ADDRSTRLEN + 2];

	if (len >= sizeof(text))
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)len, host);
	if (text[0] == '[' && text[len - 1] == ']') {
		text[len - 1] = 0;
		addr->ip6.sin6_family = AF_INET6;
		addr->ip6.sin6_port = htons(port);
		return inet_pton(AF_INET6, text + 1, &addr->ip6.sin6_addr) == 1;
	}
	addr->ip4.sin_family = AF_INET;
	addr->ip4.sin_port = htons(port);
	return inet_pton(AF_INET, text, &addr->ip4.sin_addr) == 1;
}

static bool is_loopback(const union address *addr)
{
	if (addr->any.sa_family == AF_INET)
		return ntohl(addr->ip4.sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&addr->ip6.sin6_addr);
}

static int listen_host(const char *where, struct err *err)
{
	const char *colon = strrchr(where, ':');
	union address addr = {.any.sa_family = AF_UNSPEC};
	uint64_t port;

	if (!colon || !parse_u64(colon + 1, &port) || port > 65535 ||
	    !parse_host(where, colon - where, port, &addr))
		return err_usage(err,
				 "--listen: expected an IP address and a port, such as "
				 "'127.0.0.1:9879' or '[::1]:9879', or 'unix:PATH', not '%s'",
				 where);
	if (!is_loopback(&addr))
		log_warn("%s is no loopback address: whoever reaches it can read the metrics",
			 where);
	return open_socket(&addr,
			   addr.any.sa_family == AF_INET ? sizeof(addr.ip4) : sizeof(addr.ip6),
			   where, err);
}

/* sd_listen_fds(3): for us, and at least one. More than one is a mistake in the unit. */
static int passed_socket(struct err *err)
{
	const char *pid_text = getenv("LISTEN_PID"), *fds_text = getenv("LISTEN_FDS");
	uint64_t pid, fds;

	if (!pid_text || !fds_text || !parse_u64(pid_text, &pid) || !parse_u64(fds_text, &fds) ||
	    pid != (uint64_t)getpid() || !fds)
		return -1;
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	if (fds > 1)
		return err_set(err, -EINVAL, "%d sockets were handed over, one is expected",
			       (int)fds);
	fcntl(FIRST_PASSED_FD, F_SETFD, FD_CLOEXEC);
	fcntl(FIRST_PASSED_FD, F_SETFL, O_NONBLOCK);
	return FIRST_PASSED_FD;
}

void http_where(int fd, char *buf, size_t size)
{
	union address addr = {.any.sa_family = AF_UNSPEC};
	socklen_t len = sizeof(addr);
	char host[INET6_ADDRSTRLEN] = "?";

	if (getsockname(fd, &addr.any, &len))
		addr.any.sa_family = AF_UNSPEC;
	if (addr.any.sa_family == AF_UNIX)
		snprintf(buf, size, "unix:%s", addr.path.sun_path);
	else if (addr.any.sa_family == AF_INET6)
		snprintf(buf, size, "http://[%s]:%u",
			 inet_ntop(AF_INET6, &addr.ip6.sin6_addr, host, sizeof(host)),
			 ntohs(addr.ip6.sin6_port));
	else
		snprintf(buf, size, "http://%s:%u",
			 inet_ntop(AF_INET, &addr.ip4.sin_addr, host, sizeof(host)),
			 ntohs(addr.ip4.sin_port));
}

int http_listen(const char *where, struct err *err)
{
	int fd = passed_socket(err);

	if (fd != -1)
		return fd;
	if (!strncmp(where, "unix:", 5))
		return listen_path(where + 5, where, err);
	return listen_host(where, err);
}
