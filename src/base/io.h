/* SPDX-License-Identifier: GPL-2.0-only */
/* Writing that does not end halfway. */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <stddef.h>
#include <stdint.h>

/*
 * Write all of @bytes to @fd, whatever signals come, and when @fd is non-blocking and full for now.
 * 0 or a negative errno; *@written (NULL: not wanted) grows by what was written, also then.
 */
int io_write_all(int fd, const void *bytes, size_t len, uint64_t *written);

#endif
