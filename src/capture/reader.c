// SPDX-License-Identifier: GPL-2.0-only
/* Captures: the reader. Bytes may be anything: no size is believed before it is checked. */
#include "capture/capture.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "capture/block.h"
#include "capture/item.h"
#include "capture/head.h"
#include "capture/pack.h"
#include "ledger/record_view.h"
#include "output/summary.h"

#define MAGIC_LEN (sizeof(CAPTURE_MAGIC) - 1)

struct prologue {
	char magic[MAGIC_LEN];
	uint16_t major, minor;
};

_Static_assert(sizeof(struct prologue) == 12, "it is stored");

enum want { WANT_PROLOGUE, WANT_BLOCK_HEAD, WANT_BLOCK };

/* What a block may be. */
enum stage { STAGE_HEAD, STAGE_BODY, STAGE_END };

struct capture_reader {
	struct capture_ops ops;
	void *ctx;
	struct block_opener *opener;
	struct pack pack;
	struct capture_sizes sizes, ours; /* as the file has them, and as we do */
	struct capture_head head;
	enum stage stage;
	enum want want;
	uint64_t offset; /* of what is wanted, in the file */
	size_t need;	 /* bytes of what is wanted */
	size_t have;	 /* of these, in .buf */
	struct block_head block;
	uint8_t *buf;
	size_t cap;
};

/* Of the next thing: its bytes are collected in .buf, which never is more than a block's. */
static void want(struct capture_reader *reader, enum want what, size_t need)
{
	reader->offset += reader->need;
	reader->want = what;
	reader->need = need;
	reader->have = 0;
}

struct capture_reader *capture_reader_new(const struct capture_ops *ops, void *ctx)
{
	struct capture_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->ops = *ops;
	reader->ctx = ctx;
	for (int type = 0; type < KS_TYPE_CNT; type++)
		reader->ours.list[type] = record_fixed_bytes(type);
	reader->opener = block_opener_new();
	if (!reader->opener) {
		capture_reader_free(reader);
		return NULL;
	}
	want(reader, WANT_PROLOGUE, sizeof(struct prologue));
	return reader;
}

void capture_reader_free(struct capture_reader *reader)
{
	if (!reader)
		return;
	environment_fini(&reader->head.environment);
	block_opener_free(reader->opener);
	free(reader->buf);
	free(reader);
}

bool capture_is(const void *bytes, size_t len)
{
	return len && !memcmp(bytes, CAPTURE_MAGIC, len < MAGIC_LEN ? len : MAGIC_LEN);
}

/* ---- items ---- */

/* @len bytes as a string of at most @size - 1; false when there is a 0 in it, or too much. */
static bool get_string(char *buf, size_t size, const uint8_t *bytes, size_t len)
{
	if (len >= size || memchr(bytes, 0, len))
		return false;
	memcpy(buf, bytes, len);
	buf[len] = '\0';
	return true;
}

static int take_symbol(struct capture_reader *reader, const uint8_t *in, size_t len,
		       struct err *err)
{
	uint64_t addrs[2];
	char name[CAPTURE_SYMBOL_MAX + 1];

	if (len <= sizeof(addrs) ||
	    !get_string(name, sizeof(name), in + sizeof(addrs), len - sizeof(addrs)))
		return err_set(err, -EINVAL, "not a symbol");
	memcpy(addrs, in, sizeof(addrs));
	if (!addrs[0] || addrs[1] > addrs[0])
		return err_set(err, -EINVAL, "not a symbol's address");
	return reader->ops.symbol ? reader->ops.symbol(reader->ctx, addrs[0], addrs[1], name) : 0;
}

static int take_name(struct capture_reader *reader, const uint8_t *in, size_t len, struct err *err)
{
	char name[CAPTURE_NAME_MAX + 1], comm[CAPTURE_NAME_MAX + 1];
	size_t head = sizeof(uint64_t) + 1, name_len;
	uint64_t kvm;

	if (len < head || len < head + in[head - 1])
		return err_set(err, -EINVAL, "not a VM's name");
	name_len = in[head - 1];
	memcpy(&kvm, in, sizeof(kvm));
	if (!get_string(name, sizeof(name), in + head, name_len) ||
	    !get_string(comm, sizeof(comm), in + head + name_len, len - head - name_len))
		return err_set(err, -EINVAL, "not a VM's name");
	return reader->ops.name ? reader->ops.name(reader->ctx, kvm, name, comm) : 0;
}

static int take_fact(struct capture_reader *reader, const uint8_t *in, size_t len, struct err *err)
{
	char key[CAPTURE_NAME_MAX + 1], value[ENVIRONMENT_VALUE_MAX + 1];

	if (!len || len < 1u + in[0] || !get_string(key, sizeof(key), in + 1, in[0]) ||
	    !get_string(value, sizeof(value), in + 1 + in[0], len - 1 - in[0]))
		return err_set(err, -EINVAL, "not a fact");
	return reader->ops.fact ? reader->ops.fact(reader->ctx, key, value) : 0;
}

static int (*const takers[])(struct capture_reader *reader, const uint8_t *in, size_t len,
			     struct err *err) = {take_symbol, take_name, take_fact};

static int take_item(struct capture_reader *reader, const uint8_t *in, size_t len, size_t *used,
		     struct err *err)
{
	size_t nr = in[0] - CAPTURE_SYMBOL;
	uint16_t size;

	if (len < CAPTURE_ITEM_HEAD)
		return err_set(err, -EINVAL, "an item is cut");
	memcpy(&size, in + 1, sizeof(size));
	if (size > CAPTURE_ITEM_MAX || size > len - CAPTURE_ITEM_HEAD)
		return err_set(err, -EINVAL, "an item of %u bytes is too large", size);
	*used = CAPTURE_ITEM_HEAD + size;
	if (nr >= sizeof(takers) / sizeof(takers[0]))
		return 0; /* of a later minor */
	return takers[nr](reader, in + CAPTURE_ITEM_HEAD, size, err);
}

/* ---- records ---- */

/* A file's layout may be older or newer: what it has less is 0, what it has more is left out. */
static size_t relocate(const uint64_t *words, size_t cnt, size_t fixed, size_t ours, uint64_t *out)
{
	size_t frames = cnt - fixed;

	memset(out, 0, ours * sizeof(*out));
	memcpy(out, words, (fixed < ours ? fixed : ours) * sizeof(*out));
	memcpy(out + ours, words + fixed, frames * sizeof(*out));
	return ours + frames;
}

/*
 * What a word that @fixed words do not reach was in an older minor. Steps of callbacks had the CPU
 * that they are of in their head until 1.0, and the CPU that made them nowhere.
 */
static void fill_in(uint8_t type, size_t fixed, uint64_t *words)
{
	struct ks_cb cb;

	if (type < KS_CB_ARM || type > KS_CB_END ||
	    fixed * sizeof(*words) > offsetof(struct ks_cb, cpu))
		return;
	memcpy(&cb, words, sizeof(cb));
	cb.cpu = cb.head.cpu;
	memcpy(words, &cb, sizeof(cb));
}

static int take_record(struct capture_reader *reader, const uint8_t *in, size_t len, size_t *used,
		       struct err *err)
{
	uint64_t moved[2 * PACK_WORDS_MAX];
	const uint64_t *record;
	size_t cnt, fixed = reader->sizes.list[in[0]] / sizeof(*record);
	size_t ours = reader->ours.list[in[0]] / sizeof(*record);
	uint8_t type;

	*used = pack_get(&reader->pack, in, len, &record, &cnt);
	if (!*used)
		return err_set(err, -EINVAL, "not a record");
	memcpy(&type, (const char *)record + offsetof(struct ks_head, type), sizeof(type));
	if (type != in[0] || cnt < fixed)
		return err_set(err, -EINVAL, "not a record of type %u", in[0]);
	if (!ours || !fixed || !reader->ops.record)
		return 0;
	if (fixed != ours) {
		cnt = relocate(record, cnt, fixed, ours, moved);
		fill_in(in[0], fixed, moved);
		record = moved;
	}
	return reader->ops.record(reader->ctx, record, cnt * sizeof(*record));
}

/* ---- blocks ---- */

static int take_records(struct capture_reader *reader, const uint8_t *raw, size_t len,
			struct err *err)
{
	size_t pos = 0, used = 0;
	int ret = 0;

	memset(&reader->pack, 0, sizeof(reader->pack));
	for (; !ret && pos < len; pos += used) {
		if (raw[pos] < PACK_TYPES)
			ret = take_record(reader, raw + pos, len - pos, &used, err);
		else
			ret = take_item(reader, raw + pos, len - pos, &used, err);
	}
	return ret;
}

static int take_head(struct capture_reader *reader, const uint8_t *raw, size_t len, struct err *err)
{
	int ret = capture_head_parse((const char *)raw, len, &reader->head, &reader->sizes, err);

	reader->stage = STAGE_BODY;
	if (!ret && reader->ops.head)
		ret = reader->ops.head(reader->ctx, &reader->head);
	return ret;
}

static int take_end(struct capture_reader *reader, const uint8_t *raw, size_t len, struct err *err)
{
	struct summary summary;
	int ret = capture_end_parse((const char *)raw, len, &summary, err);

	reader->stage = STAGE_END;
	if (!ret && reader->ops.end)
		ret = reader->ops.end(reader->ctx, &summary);
	return ret;
}

static int take_block(struct capture_reader *reader, struct err *err)
{
	const uint8_t *raw = block_open(reader->opener, &reader->block, reader->buf, err);
	size_t len = reader->block.raw;

	if (!raw)
		return -EINVAL;
	if (reader->stage == STAGE_HEAD)
		return take_head(reader, raw, len, err);
	if (reader->block.kind == BLOCK_RECORDS)
		return take_records(reader, raw, len, err);
	if (reader->block.kind == BLOCK_DONE)
		return take_end(reader, raw, len, err);
	return 0; /* of a later minor */
}

static int take_block_head(struct capture_reader *reader, struct err *err)
{
	memcpy(&reader->block, reader->buf, sizeof(reader->block));
	if (block_check(&reader->block, err))
		return -EINVAL;
	if (reader->stage == STAGE_END)
		return err_set(err, -EINVAL, "there is more after the end");
	if (reader->stage == STAGE_HEAD && reader->block.kind != BLOCK_HEAD)
		return err_set(err, -EINVAL, "it does not begin with its head");
	return 0;
}

static int take_prologue(struct capture_reader *reader, struct err *err)
{
	struct prologue prologue;

	memcpy(&prologue, reader->buf, sizeof(prologue));
	if (memcmp(prologue.magic, CAPTURE_MAGIC, MAGIC_LEN))
		return err_set(err, -EINVAL, "not a kvmstall capture");
	if (!prologue.major || prologue.major > CAPTURE_MAJOR)
		return err_set(err, -EINVAL,
			       "its format is %u.%u, this kvmstall reads up to %u: a newer one is "
			       "needed",
			       prologue.major, prologue.minor, CAPTURE_MAJOR);
	reader->head.major = prologue.major;
	reader->head.minor = prologue.minor;
	return 0;
}

/* ---- the way in ---- */

/* What was wanted is in .buf. Errors of ops pass as they are: @err is set for ours alone. */
static int take(struct capture_reader *reader, struct err *err)
{
	enum want what = reader->want;
	uint64_t offset = reader->offset;
	struct err why = {.msg = ""};
	int ret;

	if (what == WANT_PROLOGUE)
		ret = take_prologue(reader, &why);
	else if (what == WANT_BLOCK_HEAD)
		ret = take_block_head(reader, &why);
	else
		ret = take_block(reader, &why);
	if (ret == -ENOMEM && *why.msg)
		return err_set(err, ret, "%s", why.msg);
	if (ret && *why.msg)
		return err_set(err, -EINVAL, "malformed at byte %" PRIu64 ": %s", offset, why.msg);
	if (ret)
		return ret;
	if (what == WANT_BLOCK_HEAD)
		want(reader, WANT_BLOCK, reader->block.stored);
	else
		want(reader, WANT_BLOCK_HEAD, sizeof(struct block_head));
	return 0;
}

/* Room for all that has a fixed size from the first; gcc -fanalyzer sees no other bound on it. */
#define CAP_MIN 64
_Static_assert(CAP_MIN >= sizeof(struct prologue) && CAP_MIN >= sizeof(struct block_head),
	       "too small");

static int reserve(struct capture_reader *reader, struct err *err)
{
	size_t cap = reader->need < CAP_MIN ? CAP_MIN : reader->need;
	uint8_t *buf;

	if (reader->need <= reader->cap)
		return 0;
	buf = realloc(reader->buf, cap);
	if (!buf)
		return err_set(err, -ENOMEM, "out of memory");
	reader->buf = buf;
	reader->cap = cap;
	return 0;
}

int capture_reader_feed(struct capture_reader *reader, const void *bytes, size_t len,
			struct err *err)
{
	const uint8_t *in = bytes;
	int ret;

	while (len) {
		size_t part = reader->need - reader->have;

		ret = reserve(reader, err);
		if (ret)
			return ret;
		if (part > len)
			part = len;
		if (!reader->buf) /* reserve() saw to it; gcc -fanalyzer does not */
			return -ENOMEM;
		memcpy(reader->buf + reader->have, in, part);
		reader->have += part;
		in += part;
		len -= part;
		ret = reader->have == reader->need ? take(reader, err) : 0;
		if (ret)
			return ret;
	}
	return 0;
}

int capture_reader_finish(struct capture_reader *reader, struct err *err)
{
	uint64_t end = reader->offset + reader->have;

	if (!end)
		return err_set(err, -EINVAL, "empty");
	if (reader->want == WANT_PROLOGUE && !capture_is(reader->buf, reader->have))
		return err_set(err, -EINVAL, "malformed at byte 0: not a kvmstall capture");
	if (reader->stage == STAGE_END && reader->want == WANT_BLOCK_HEAD && !reader->have)
		return CAPTURE_COMPLETE;
	if (reader->stage == STAGE_END)
		return err_set(err, -EINVAL,
			       "malformed at byte %" PRIu64 ": there is more after the end",
			       reader->offset);
	if (reader->stage != STAGE_BODY)
		return err_set(err, -EINVAL,
			       "cut at byte %" PRIu64 ", in its head: nothing can be read", end);
	err_set(err, -EINVAL, "incomplete: cut at byte %" PRIu64 ", without an end", end);
	return CAPTURE_CUT;
}
