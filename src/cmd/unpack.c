// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/err.h"
#include "base/io.h"

#define CHUNK (64 << 10)

/* As xz -9 needs, and no more: what is unpacked may come from anybody. */
#define XZ_MEMORY (128ULL << 20)

enum packing { PACKED_NOT, PACKED_GZIP, PACKED_ZSTD, PACKED_XZ };

struct unpack {
	int fd;
	const struct io_waiter *waiter;
	enum packing packing;
	char in[CHUNK];
	size_t at, len; /* of what was read and is not yet unpacked */
	bool is_end;	/* of the file */
	bool is_inside; /* a compressed stream that is not over */
	z_stream gzip;
	ZSTD_DStream *zstd;
	lzma_stream xz;
};

/* As read(2), when there is something to be read; a negative errno. */
static ssize_t read_waiting(const struct unpack *unpack, char *buf, size_t len)
{
	const struct io_waiter *waiter = unpack->waiter;
	ssize_t got;
	int ret;

	do {
		ret = waiter ? waiter->wait(waiter->ctx, unpack->fd) : 0;
		if (ret)
			return ret;
		got = read(unpack->fd, buf, len);
	} while (got < 0 && (errno == EINTR || (waiter && errno == EAGAIN)));
	return got < 0 ? -errno : got;
}

/* Fill what is empty. 0, or a negative errno with @err set. */
static int fill(struct unpack *unpack, struct err *err)
{
	ssize_t got;

	memmove(unpack->in, unpack->in + unpack->at, unpack->len - unpack->at);
	unpack->len -= unpack->at;
	unpack->at = 0;
	while (!unpack->is_end && unpack->len < CHUNK) {
		got = read_waiting(unpack, unpack->in + unpack->len, CHUNK - unpack->len);
		if (got < 0)
			return err_set(err, got, "cannot read: %s", strerror(-got));
		unpack->is_end = !got;
		unpack->len += got;
	}
	return 0;
}

static int start(struct unpack *unpack, struct err *err)
{
	static const char xz[] = {'\375', '7', 'z', 'X', 'Z', 0};
	int ret = fill(unpack, err);

	if (ret)
		return ret;
	if (unpack->len >= 2 && !memcmp(unpack->in, "\037\213", 2))
		unpack->packing = PACKED_GZIP;
	if (unpack->len >= 4 && !memcmp(unpack->in, "\050\265\057\375", 4))
		unpack->packing = PACKED_ZSTD;
	if (unpack->len >= sizeof(xz) && !memcmp(unpack->in, xz, sizeof(xz)))
		unpack->packing = PACKED_XZ;
	if (unpack->packing == PACKED_GZIP && inflateInit2(&unpack->gzip, 15 + 16) != Z_OK)
		return err_set(err, -ENOMEM, "out of memory");
	if (unpack->packing == PACKED_ZSTD && !(unpack->zstd = ZSTD_createDStream()))
		return err_set(err, -ENOMEM, "out of memory");
	if (unpack->packing == PACKED_XZ &&
	    lzma_stream_decoder(&unpack->xz, XZ_MEMORY, LZMA_CONCATENATED) != LZMA_OK)
		return err_set(err, -ENOMEM, "out of memory");
	return 0;
}

struct unpack *unpack_open(const char *path, const struct io_waiter *waiter, struct err *err)
{
	struct unpack *unpack = calloc(1, sizeof(*unpack));
	int flags = O_RDONLY | O_CLOEXEC | (waiter ? O_NONBLOCK : 0); /* a FIFO without a writer */

	if (!unpack) {
		err_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	unpack->fd = STDIN_FILENO;
	unpack->waiter = waiter;
	if (strcmp(path, "-"))
		unpack->fd = open(path, flags);
	if (unpack->fd < 0) {
		err_set(err, -errno, "cannot open '%s': %s", path, strerror(errno));
		free(unpack);
		return NULL;
	}
	if (start(unpack, err)) {
		err_wrap(err, -EINVAL, "'%s'", path);
		unpack_close(unpack);
		return NULL;
	}
	return unpack;
}

void unpack_close(struct unpack *unpack)
{
	if (!unpack)
		return;
	if (unpack->packing == PACKED_GZIP)
		inflateEnd(&unpack->gzip);
	ZSTD_freeDStream(unpack->zstd);
	lzma_end(&unpack->xz);
	if (unpack->fd > STDIN_FILENO)
		close(unpack->fd);
	free(unpack);
}

static ssize_t copy(struct unpack *unpack, char *buf, size_t len)
{
	size_t got = unpack->len - unpack->at;

	if (got > len)
		got = len;
	memcpy(buf, unpack->in + unpack->at, got);
	unpack->at += got;
	return got;
}

/* One stream may follow another. */
static ssize_t inflate_some(struct unpack *unpack, char *buf, size_t len)
{
	z_stream *gzip = &unpack->gzip;
	size_t was = unpack->at;
	int ret;

	gzip->next_in = (unsigned char *)unpack->in + unpack->at;
	gzip->avail_in = unpack->len - unpack->at;
	gzip->next_out = (unsigned char *)buf;
	gzip->avail_out = len;
	ret = inflate(gzip, Z_NO_FLUSH);
	unpack->at = unpack->len - gzip->avail_in;
	if (unpack->at != was)
		unpack->is_inside = ret != Z_STREAM_END;
	if (ret == Z_STREAM_END)
		inflateReset(gzip);
	else if (ret != Z_OK && ret != Z_BUF_ERROR)
		return -EBADMSG;
	return len - gzip->avail_out;
}

static ssize_t decompress_some(struct unpack *unpack, char *buf, size_t len)
{
	ZSTD_inBuffer in = {unpack->in + unpack->at, unpack->len - unpack->at, 0};
	ZSTD_outBuffer out = {buf, len, 0};
	size_t ret = ZSTD_decompressStream(unpack->zstd, &out, &in);

	unpack->at += in.pos;
	if (in.pos)
		unpack->is_inside = ret != 0;
	return ZSTD_isError(ret) ? -EBADMSG : (ssize_t)out.pos;
}

/* One stream may follow another: where the last ends, only the end of the file says. */
static ssize_t decode_some(struct unpack *unpack, char *buf, size_t len)
{
	lzma_stream *xz = &unpack->xz;
	lzma_ret ret;

	xz->next_in = (const uint8_t *)unpack->in + unpack->at;
	xz->avail_in = unpack->len - unpack->at;
	xz->next_out = (uint8_t *)buf;
	xz->avail_out = len;
	ret = lzma_code(xz, unpack->is_end ? LZMA_FINISH : LZMA_RUN);
	unpack->at = unpack->len - xz->avail_in;
	unpack->is_inside = ret != LZMA_STREAM_END;
	if (ret != LZMA_OK && ret != LZMA_STREAM_END && ret != LZMA_BUF_ERROR)
		return -EBADMSG;
	return len - xz->avail_out;
}

static ssize_t read_some(struct unpack *unpack, char *buf, size_t len)
{
	if (unpack->packing == PACKED_GZIP)
		return inflate_some(unpack, buf, len);
	if (unpack->packing == PACKED_ZSTD)
		return decompress_some(unpack, buf, len);
	if (unpack->packing == PACKED_XZ)
		return decode_some(unpack, buf, len);
	return copy(unpack, buf, len);
}

ssize_t unpack_read(struct unpack *unpack, char *buf, size_t len, struct err *err)
{
	size_t got = 0;

	while (got < len) {
		size_t at, room = len - got;
		ssize_t some;
		int ret;

		ret = unpack->at == unpack->len ? fill(unpack, err) : 0;
		if (ret)
			return ret;
		at = unpack->at;
		some = read_some(unpack, buf + got, room);
		if (some < 0)
			return err_set(err, some, "its compressed data is damaged");
		got += some;
		if (!some && at == unpack->at && unpack->is_end)
			break;
	}
	if (!got && unpack->is_inside && unpack->packing != PACKED_NOT)
		return err_set(err, -EBADMSG, "its compressed data is cut");
	return got;
}
