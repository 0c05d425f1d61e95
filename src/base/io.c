// SPDX-License-Identifier: GPL-2.0-only
#include "base/io.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

static void wait_until_writable(int fd)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLOUT};

	poll(&pollfd, 1, -1);
}

int io_write_all(int fd, const void *bytes, size_t len, uint64_t *written)
{
	const char *at = bytes;

	while (len) {
		ssize_t part = write(fd, at, len);

		if (part < 0 && errno == EAGAIN)
			wait_until_writable(fd);
		else if (part < 0 && errno != EINTR)
			return -errno;
		if (part <= 0)
			continue;
		at += part;
		len -= part;
		if (written)
			*written += part;
	}
	return 0;
}
