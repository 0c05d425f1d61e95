// SPDX-License-Identifier: GPL-2.0-only
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define PATIENCE_MS 2000

static int wait_until_writable(int fd, const struct io_waiter *waiter)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLOUT};

	if (waiter)
		return waiter->wait(waiter->ctx, fd);
	poll(&pollfd, 1, -1);
	return 0;
}

/* Files and disks take what they get; pipes, sockets and terminals may make us wait. */
static bool may_wait(int fd)
{
	struct stat stat;

	return !fstat(fd, &stat) && !S_ISREG(stat.st_mode) && !S_ISBLK(stat.st_mode);
}

/*
 * Without waiting. Not every kind of file knows RWF_NOWAIT (pipes since Linux 6.5): then what
 * poll() lets through is so little that a pipe takes it at once, unless somebody else fills it
 * meanwhile.
 */
static ssize_t write_some(int fd, const void *bytes, size_t len)
{
	const struct iovec iov = {.iov_base = (void *)bytes, .iov_len = len};
	ssize_t part = pwritev2(fd, &iov, 1, -1, RWF_NOWAIT);

	if (part >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS))
		return part;
	return write(fd, bytes, len < PIPE_BUF ? len : PIPE_BUF);
}

int io_write_all(int fd, const void *bytes, size_t len, uint64_t *written,
		 const struct io_waiter *waiter)
{
	bool is_polled = waiter && may_wait(fd);
	const char *at = bytes;

	while (len) {
		int ret = is_polled ? wait_until_writable(fd, waiter) : 0;
		ssize_t part;

		if (ret)
			return ret;
		part = is_polled ? write_some(fd, at, len) : write(fd, at, len);
		if (part < 0 && errno == EAGAIN && !is_polled)
			ret = wait_until_writable(fd, waiter);
		else if (part < 0 && errno == EAGAIN) /* poll() promised too much: no haste */
			ret = waiter->wait(waiter->ctx, -1);
		else if (part < 0 && errno != EINTR)
			return -errno;
		if (ret)
			return ret;
		if (part <= 0)
			continue;
		at += part;
		len -= part;
		if (written)
			*written += part;
	}
	return 0;
}

static int wait_briefly(void *ctx, int fd)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLOUT};
	int *left_ms = ctx;

	if (poll(&pollfd, 1, fd < 0 ? 50 : *left_ms) > 0)
		return 0;
	*left_ms -= fd < 0 ? 50 : *left_ms;
	return *left_ms > 0 ? 0 : -ETIMEDOUT;
}

void io_write_briefly(int fd, const void *bytes, size_t len)
{
	int left_ms = PATIENCE_MS, tty = io_open_tty(fd);
	const struct io_waiter waiter = {.wait = wait_briefly, .ctx = &left_ms};

	io_write_all(tty, bytes, len, NULL, &waiter);
	if (tty != fd)
		close(tty);
}

int io_open_tty(int fd)
{
	char path[32];
	int tty;

	if (!isatty(fd))
		return fd;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	tty = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return tty < 0 ? fd : tty;
}

static bool is_char_device(int fd)
{
	struct stat stat;

	return !fstat(fd, &stat) && S_ISCHR(stat.st_mode);
}

/* Of a pipe; of a socket, unread bytes in which make it a reset; of a terminal that was hung up. */
bool io_reader_left(int fd, int code)
{
	return code == -EPIPE || code == -ECONNRESET || (code == -EIO && is_char_device(fd));
}
