// SPDX-License-Identifier: GPL-2.0-only
/* Captures: the writer. What it collects goes out as a block, which is then safe. */
#include "capture/capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "capture/anonymize.h"
#include "capture/block.h"
#include "capture/item.h"
#include "capture/head.h"
#include "capture/pack.h"
#include "ledger/record_view.h"
#include "ledger/symbols.h"

/* A block is put once this much is in it: larger ones compress hardly better. */
#define BLOCK_FULL (128 << 10)
#define ROOM_BYTES (BLOCK_FULL + CAPTURE_ITEM_MAX + CAPTURE_ITEM_HEAD)

struct known_symbol {
	uint64_t start;
	char name[];
};

struct capture_writer {
	capture_put_fn put;
	void *ctx;
	struct block_maker *maker;
	struct pack pack;
	struct map symbols; /* address -> struct known_symbol: those put */
	uint8_t *buf;	    /* of the block being collected: ROOM_BYTES */
	size_t len;
	struct anonymize *anon; /* NULL: names and addresses are put as they are */
	int failed;		/* what put returned */
};

_Static_assert(PACK_BYTES_MAX <= CAPTURE_ITEM_MAX, "a record must fit where an item does");
_Static_assert(KS_TYPE_CNT <= PACK_TYPES, "tags of records and of items must differ");

static int put_block(struct capture_writer *writer, uint32_t kind, const void *raw, size_t len)
{
	size_t block_len;
	const void *block = block_make(writer->maker, kind, raw, len, &block_len);

	if (!block)
		writer->failed = -ENOMEM;
	if (!writer->failed)
		writer->failed = writer->put(writer->ctx, block, block_len);
	return writer->failed;
}

static int put_head(struct capture_writer *writer, const struct capture_head *head)
{
	static const uint16_t version[2] = {CAPTURE_MAJOR, CAPTURE_MINOR};
	uint8_t start[sizeof(CAPTURE_MAGIC) - 1 + sizeof(version)];
	char *text = capture_head_text(head);

	memcpy(start, CAPTURE_MAGIC, sizeof(CAPTURE_MAGIC) - 1);
	memcpy(start + sizeof(CAPTURE_MAGIC) - 1, version, sizeof(version));
	if (!text)
		return -ENOMEM;
	writer->failed = writer->put(writer->ctx, start, sizeof(start));
	if (!writer->failed)
		put_block(writer, BLOCK_HEAD, text, strlen(text));
	free(text);
	return writer->failed;
}

struct capture_writer *capture_writer_new(const struct capture_head *head, capture_put_fn put,
					  void *ctx)
{
	struct capture_writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return NULL;
	writer->put = put;
	writer->ctx = ctx;
	writer->maker = block_maker_new();
	writer->buf = malloc(ROOM_BYTES);
	if (!writer->maker || !writer->buf || put_head(writer, head)) {
		capture_writer_free(writer);
		return NULL;
	}
	return writer;
}

void capture_writer_hide(struct capture_writer *writer, struct anonymize *anon)
{
	writer->anon = anon;
}

void capture_writer_hide_as(struct capture_writer *writer, const struct capture_writer *other)
{
	writer->anon = other->anon;
}

void capture_writer_free(struct capture_writer *writer)
{
	if (!writer)
		return;
	map_clear(&writer->symbols, free);
	block_maker_free(writer->maker);
	free(writer->buf);
	free(writer);
}

int capture_writer_flush(struct capture_writer *writer)
{
	if (!writer->len || writer->failed)
		return writer->failed;
	put_block(writer, BLOCK_RECORDS, writer->buf, writer->len);
	writer->len = 0;
	/* Each block can be read without those before it. */
	memset(&writer->pack, 0, sizeof(writer->pack));
	return writer->failed;
}

static int flush_if_full(struct capture_writer *writer)
{
	return writer->len < BLOCK_FULL ? writer->failed : capture_writer_flush(writer);
}

/* ---- items ---- */

static void add(struct capture_writer *writer, const void *bytes, size_t len)
{
	memcpy(writer->buf + writer->len, bytes, len);
	writer->len += len;
}

static void add_item_head(struct capture_writer *writer, uint8_t tag, uint16_t len)
{
	add(writer, &tag, sizeof(tag));
	add(writer, &len, sizeof(len));
}

static int put_symbol(struct capture_writer *writer, uint64_t addr, uint64_t start,
		      const char *name)
{
	char other[CAPTURE_SYMBOL_MAX + 1];
	size_t len = strnlen(name, CAPTURE_SYMBOL_MAX);
	struct known_symbol *known = calloc(1, sizeof(*known) + len + 1);

	if (!known || map_put(&writer->symbols, addr, known)) {
		free(known);
		return -ENOMEM;
	}
	known->start = start;
	memcpy(known->name, name, len);
	if (writer->anon) {
		anonymize_function(writer->anon, start, known->name, other, sizeof(other));
		name = other;
		len = strlen(name);
		anonymize_symbol(writer->anon, addr, start);
		addr = anonymize_address(writer->anon, addr);
		start = anonymize_address(writer->anon, start);
	}
	add_item_head(writer, CAPTURE_SYMBOL, 2 * sizeof(uint64_t) + len);
	add(writer, &addr, sizeof(addr));
	add(writer, &start, sizeof(start));
	add(writer, name, len);
	return flush_if_full(writer);
}

/* An address that has no name here has none there. */
static int name_address(struct capture_writer *writer, const struct symbols *syms, uint64_t addr)
{
	const char *name;
	uint64_t offset;

	if (!addr || map_get(&writer->symbols, addr))
		return 0;
	name = symbols_find(syms, addr, &offset);
	return name ? put_symbol(writer, addr, addr - offset, name) : 0;
}

int capture_writer_symbols(struct capture_writer *writer, const struct capture_writer *other)
{
	const struct map_slot *slot;
	size_t pos = 0;
	int ret = 0;

	while (!ret && (slot = map_next(&other->symbols, &pos))) {
		const struct known_symbol *known = slot->value;

		if (!map_get(&writer->symbols, slot->key))
			ret = put_symbol(writer, slot->key, known->start, known->name);
	}
	return ret;
}

int capture_writer_name(struct capture_writer *writer, uint64_t kvm, const char *name,
			const char *comm)
{
	char vm_name[CAPTURE_NAME_MAX + 1], vm_comm[CAPTURE_NAME_MAX + 1];
	uint8_t name_len;
	size_t comm_len;

	if (writer->anon) {
		anonymize_vm_name(writer->anon, name, vm_name, sizeof(vm_name));
		anonymize_comm(writer->anon, comm, KS_COMM_LEN, vm_comm, sizeof(vm_comm));
		kvm = anonymize_address(writer->anon, kvm);
		name = vm_name;
		comm = vm_comm;
	}
	name_len = strnlen(name, CAPTURE_NAME_MAX);
	comm_len = strnlen(comm, CAPTURE_NAME_MAX);

	add_item_head(writer, CAPTURE_NAME, sizeof(kvm) + 1 + name_len + comm_len);
	add(writer, &kvm, sizeof(kvm));
	add(writer, &name_len, 1);
	add(writer, name, name_len);
	add(writer, comm, comm_len);
	return flush_if_full(writer);
}

int capture_writer_fact(struct capture_writer *writer, const char *key, const char *value)
{
	uint8_t key_len = strnlen(key, CAPTURE_NAME_MAX);
	size_t value_len = strnlen(value, ENVIRONMENT_VALUE_MAX);

	add_item_head(writer, CAPTURE_FACT, 1 + key_len + value_len);
	add(writer, &key_len, 1);
	add(writer, key, key_len);
	add(writer, value, value_len);
	return flush_if_full(writer);
}

/* ---- records ---- */

static int name_addresses(struct capture_writer *writer, const struct record_view *view,
			  const struct symbols *syms)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < view->frames; i++)
		ret = name_address(writer, syms, view->stack[i]);
	if (!ret && view->shape == RECORD_START)
		ret = name_address(writer, syms, view->start->func);
	return ret;
}

int capture_writer_record(struct capture_writer *writer, const void *record, size_t size,
			  const struct symbols *syms)
{
	uint64_t words[PACK_WORDS_MAX];
	struct record_view view;
	int ret;

	if (!record_view(record, size, &view))
		return writer->failed; /* nobody could read it */
	ret = name_addresses(writer, &view, syms);
	if (ret)
		return ret;
	size = view.fixed + view.frames * sizeof(*view.stack);
	memcpy(words, record, size);
	if (writer->anon) {
		anonymize_record(writer->anon, words, size);
		writer->failed = writer->failed ? writer->failed : anonymize_failed(writer->anon);
	}
	writer->len += pack_put(&writer->pack, view.head->type, words, size / sizeof(*words),
				writer->buf + writer->len);
	return flush_if_full(writer);
}

/* ---- the end ---- */

int capture_writer_end(struct capture_writer *writer, const struct summary *summary)
{
	char *text;

	if (capture_writer_flush(writer))
		return writer->failed;
	text = capture_end_text(summary);
	if (!text)
		return -ENOMEM;
	put_block(writer, BLOCK_DONE, text, strlen(text));
	free(text);
	return writer->failed;
}
