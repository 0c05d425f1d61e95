/* SPDX-License-Identifier: GPL-2.0-only */
/* Writing that does not end halfway, nor holds who has something else to wait for. */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <stddef.h>
#include <stdint.h>

/*
 * How to wait until @fd can be written or read, beside whatever else there is to wait for; -1: for
 * a moment. 0: try (again). A negative errno: do not wait any longer. NULL: with nothing else.
 */
struct io_waiter {
	int (*wait)(void *ctx, int fd);
	void *ctx;
};

/*
 * Write all of @bytes to @fd, whatever signals come, and when @fd is non-blocking and full for now.
 * With @waiter (NULL: none) it is treated as non-blocking in any case; what O_NONBLOCK would change
 * for other processes stays as it is. 0 or a negative errno, also @waiter's; *@written (NULL: not
 * wanted) grows by what was written, also then.
 */
int io_write_all(int fd, const void *bytes, size_t len, uint64_t *written,
		 const struct io_waiter *waiter);

#endif
