/* SPDX-License-Identifier: GPL-2.0-only */
/* A file that is read, compressed or not: gzip and zstd are recognized by their first bytes. */
#ifndef CMD_UNPACK_H
#define CMD_UNPACK_H

#include <stddef.h>
#include <sys/types.h>

struct err;
struct io_waiter;
struct unpack;

/* @path "-" is standard input. @waiter (NULL: none) waits for what is to be read, and counts until
 * the end. NULL with @err set. */
struct unpack *unpack_open(const char *path, const struct io_waiter *waiter, struct err *err);
void unpack_close(struct unpack *unpack);

/* The next bytes, up to @len: as many as there is room for but at the end. 0: the end; a negative
 * errno with @err set. */
ssize_t unpack_read(struct unpack *unpack, char *buf, size_t len, struct err *err);

#endif
