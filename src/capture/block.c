// SPDX-License-Identifier: GPL-2.0-only
#include "capture/block.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/err.h"
#include "base/format.h"
#include "base/hash.h"

/* Higher levels gain a few percent on packed records, and take twice the time and more. */
#define LEVEL 1

struct block_maker {
	ZSTD_CCtx *zstd;
	size_t cap;
	uint8_t *buf;
};

struct block_opener {
	ZSTD_DCtx *zstd;
	uint8_t *buf; /* BLOCK_RAW_MAX */
};

/* Of the head's first three words: a flipped bit must not skip a block or invent one. */
static uint32_t checksum(const struct block_head *head)
{
	return hash_bytes32(head, offsetof(struct block_head, check));
}

/* ---- making ---- */

struct block_maker *block_maker_new(void)
{
	struct block_maker *maker = calloc(1, sizeof(*maker));

	if (!maker)
		return NULL;
	maker->zstd = ZSTD_createCCtx();
	if (!maker->zstd) {
		block_maker_free(maker);
		return NULL;
	}
	ZSTD_CCtx_setParameter(maker->zstd, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(maker->zstd, ZSTD_c_checksumFlag, 1);
	return maker;
}

void block_maker_free(struct block_maker *maker)
{
	if (!maker)
		return;
	ZSTD_freeCCtx(maker->zstd);
	free(maker->buf);
	free(maker);
}

static int reserve(struct block_maker *maker, size_t len)
{
	uint8_t *buf;

	if (len <= maker->cap)
		return 0;
	buf = realloc(maker->buf, len);
	if (!buf)
		return -ENOMEM;
	maker->buf = buf;
	maker->cap = len;
	return 0;
}

const void *block_make(struct block_maker *maker, uint32_t kind, const void *raw, size_t len,
		       size_t *block_len)
{
	struct block_head head = {.kind = kind, .raw = len};
	size_t room = ZSTD_compressBound(len), stored;

	if (len > BLOCK_RAW_MAX || reserve(maker, sizeof(head) + room))
		return NULL;
	stored = ZSTD_compress2(maker->zstd, maker->buf + sizeof(head), room, raw, len);
	if (ZSTD_isError(stored))
		return NULL;
	head.stored = stored;
	head.check = checksum(&head);
	memcpy(maker->buf, &head, sizeof(head));
	*block_len = sizeof(head) + stored;
	return maker->buf;
}

/* ---- opening ---- */

int block_check(const struct block_head *head, struct err *err)
{
	if (head->check != checksum(head))
		return err_set(err, -EINVAL, "a block's head is damaged");
	if (!head->stored)
		return err_set(err, -EINVAL, "a block is empty");
	if (head->stored > BLOCK_STORED_MAX)
		return err_set(err, -EINVAL, "a block of %u bytes is too large", head->stored);
	if (head->raw > BLOCK_RAW_MAX)
		return err_set(err, -EINVAL, "a block of %u bytes is too large", head->raw);
	return 0;
}

struct block_opener *block_opener_new(void)
{
	struct block_opener *opener = calloc(1, sizeof(*opener));

	if (!opener)
		return NULL;
	opener->zstd = ZSTD_createDCtx();
	opener->buf = malloc(BLOCK_RAW_MAX);
	if (!opener->zstd || !opener->buf) {
		block_opener_free(opener);
		return NULL;
	}
	return opener;
}

void block_opener_free(struct block_opener *opener)
{
	if (!opener)
		return;
	ZSTD_freeDCtx(opener->zstd);
	free(opener->buf);
	free(opener);
}

const uint8_t *block_open(struct block_opener *opener, const struct block_head *head,
			  const void *stored, struct err *err)
{
	size_t len =
		ZSTD_decompressDCtx(opener->zstd, opener->buf, head->raw, stored, head->stored);

	if (ZSTD_isError(len)) {
		err_set(err, -EINVAL, "a block is damaged: %s", ZSTD_getErrorName(len));
		return NULL;
	}
	if (len != head->raw) {
		err_set(err, -EINVAL, "a block has %zu byte%s instead of %u", len, format_s(len),
			head->raw);
		return NULL;
	}
	return opener->buf;
}
