/* SPDX-License-Identifier: GPL-2.0-only */
/* Writing that does not end halfway, nor holds who has something else to wait for. */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <stdbool.h>
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

/* The same, for a last word: what finds no room for two seconds is given up. */
void io_write_briefly(int fd, const void *bytes, size_t len);

/*
 * A terminal that has room for a part of a line (^S, a terminal server that is stuck) lets poll()
 * through and then makes write(2) wait, and it knows no RWF_NOWAIT. Opened anew it is non-blocking
 * for us alone. Returns such a descriptor, which is the caller's to close, or @fd, if it is no
 * terminal or may not be opened.
 */
int io_open_tty(int fd);

/* Is @code (a negative errno) of a write to @fd what one gets whose reader has gone? */
bool io_reader_left(int fd, int code);

#endif
