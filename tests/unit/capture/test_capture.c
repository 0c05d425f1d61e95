// SPDX-License-Identifier: GPL-2.0-only
/* Captures: what goes in comes out, and what is not a capture does no harm. */
#include "trace.h"

#include <errno.h>

#include "base/err.h"
#include "base/str.h"
#include "capture/block.h"
#include "capture/capture.h"
#include "capture/item.h"
#include "capture/flight.h"
#include "capture/replay.h"
#include "ledger/record_view.h"
#include "output/summary.h"
#include "output/text/text.h"

/* ---- in ---- */

struct file {
	uint8_t *bytes;
	size_t len;
	size_t room; /* bytes until the disk is full; 0: never */
};

static int put(void *ctx, const void *block, size_t len)
{
	struct file *file = ctx;

	if (file->room && file->len + len > file->room)
		return -ENOSPC;
	file->bytes = realloc(file->bytes, file->len + len);
	assert_non_null(file->bytes);
	memcpy(file->bytes + file->len, block, len);
	file->len += len;
	return 0;
}

static struct capture_head make_head(void)
{
	struct capture_head head = {
		.version = "1.2.3",
		.backend = "fentry",
		.hz = TRACE_HZ,
		.pid = 4242,
		.clock_offset_ns = -123456789,
		.began_ns = 5,
		.is_followed = true,
		.has_all_calls = true,
	};

	assert_int_equal(environment_set(&head.environment, "kernel.release", "6.18.0"), 0);
	assert_int_equal(environment_set(&head.environment, "kernel.cmdline", "a=\"b\" \xff"), 0);
	return head;
}

static struct capture_writer *start(struct file *file)
{
	struct capture_head head = make_head();
	struct capture_writer *writer;

	*file = (struct file){.bytes = NULL};
	writer = capture_writer_new(&head, put, file);
	environment_fini(&head.environment);
	assert_non_null(writer);
	return writer;
}

static void write_rows(struct capture_writer *writer, const struct row *rows, size_t cnt,
		       const struct symbols *syms)
{
	for (size_t i = 0; i < cnt; i++) {
		union any_record rec;
		size_t size = trace_fill(&rows[i], &rec);

		if (rows[i].type == KS_VM)
			assert_int_equal(capture_writer_name(writer, rec.vm.kvm, "web", "qemu"), 0);
		assert_int_equal(capture_writer_record(writer, &rec, size, syms), 0);
		if (i % 5 == 4)
			assert_int_equal(capture_writer_flush(writer), 0);
	}
}

/* The seed's scenario in four blocks. */
static struct file make_capture(void)
{
	const struct summary summary = {.duration_ns = 99,
					.losses = {[KS_LOSS_RING] = 7},
					.cpu_ns = 5,
					.command_status = 137};
	struct trace *trace = trace_new();
	struct file file;
	struct capture_writer *writer = start(&file);

	write_rows(writer, trace_seed_rows, CNT(trace_seed_rows), trace->syms);
	assert_int_equal(capture_writer_fact(writer, "vmm.qemu.build_id", "abcd"), 0);
	assert_int_equal(capture_writer_end(writer, &summary), 0);
	capture_writer_free(writer);
	trace_free(trace);
	return file;
}

/* ---- out ---- */

/* The whole of a capture at once. */
static int read_all(const void *buf, size_t len, const struct capture_ops *ops, void *ctx,
		    struct err *err)
{
	struct capture_reader *reader = capture_reader_new(ops, ctx);
	int ret;

	assert_non_null(reader);
	ret = capture_reader_feed(reader, buf, len, err);
	if (!ret)
		ret = capture_reader_finish(reader, err);
	capture_reader_free(reader);
	return ret;
}

struct seen_all {
	struct symbols *syms;
	union any_record records[64];
	size_t sizes[64];
	size_t cnt, symbols, heads, ends;
	char name[32];
	char fact[64];
	struct summary end;
	int stop_at; /* record that ends it; 0: none */
};

static int see_head(void *ctx, const struct capture_head *head)
{
	struct seen_all *seen = ctx;

	seen->heads++;
	assert_string_equal(head->version, "1.2.3");
	assert_string_equal(head->backend, "fentry");
	assert_int_equal(head->hz, TRACE_HZ);
	assert_int_equal(head->pid, 4242);
	assert_true(head->clock_offset_ns == -123456789);
	assert_true(head->is_followed && head->has_all_calls && !head->rcu_normal);
	assert_string_equal(environment_get(&head->environment, "kernel.release"), "6.18.0");
	assert_string_equal(environment_get(&head->environment, "kernel.cmdline"),
			    "a=\"b\" ?"); /* no UTF-8 */
	return 0;
}

static int see_record(void *ctx, const void *record, size_t size)
{
	struct seen_all *seen = ctx;

	assert_true(seen->heads == 1 && seen->ends == 0);
	assert_true(size <= sizeof(seen->records[0]) && (uintptr_t)record % 8 == 0);
	if (seen->cnt < CNT(seen->records)) {
		memset(&seen->records[seen->cnt], 0, sizeof(seen->records[0]));
		memcpy(&seen->records[seen->cnt], record, size);
		seen->sizes[seen->cnt] = size;
	}
	seen->cnt++;
	return seen->stop_at && (int)seen->cnt == seen->stop_at ? -ECANCELED : 0;
}

static int see_name(void *ctx, uint64_t kvm, const char *name, const char *comm)
{
	struct seen_all *seen = ctx;

	(void)kvm;
	snprintf(seen->name, sizeof(seen->name), "%s/%s", name, comm);
	return 0;
}

static int see_symbol(void *ctx, uint64_t addr, uint64_t func, const char *name)
{
	struct seen_all *seen = ctx;

	seen->symbols++;
	return symbols_add_exact(seen->syms, addr, func, name);
}

static int see_fact(void *ctx, const char *key, const char *value)
{
	struct seen_all *seen = ctx;

	snprintf(seen->fact, sizeof(seen->fact), "%s=%s", key, value);
	return 0;
}

static int see_end(void *ctx, const struct summary *summary)
{
	struct seen_all *seen = ctx;

	seen->ends++;
	seen->end = *summary;
	return 0;
}

static int decode(const void *bytes, size_t len, struct seen_all *seen, struct err *err)
{
	static const struct capture_ops ops = {see_head,   see_record, see_name,
					       see_symbol, see_fact,   see_end};
	void *exact = malloc(len ? len : 1);
	int ret, stop_at = seen->stop_at;

	symbols_free(seen->syms);
	*seen = (struct seen_all){.syms = symbols_new(), .stop_at = stop_at};
	*err = (struct err){.msg = ""};
	memcpy(exact, bytes, len); /* the sanitizer sees who reads past its end */
	ret = read_all(exact, len, &ops, seen, err);
	free(exact);
	return ret;
}

/* ---- round trip ---- */

static void what_was_recorded_comes_out_again(void **state)
{
	struct file file = make_capture();
	struct trace *trace = trace_new();
	struct seen_all seen = {.syms = NULL};
	struct err err;

	(void)state;
	assert_int_equal(decode(file.bytes, file.len, &seen, &err), CAPTURE_COMPLETE);
	assert_int_equal(seen.cnt, CNT(trace_seed_rows));
	for (size_t i = 0; i < seen.cnt; i++) {
		union any_record rec;

		trace_fill(&trace_seed_rows[i], &rec);
		assert_memory_equal(&rec, &seen.records[i], sizeof(rec));
	}
	/* A stack is as long as it is, not as long as it could be. */
	assert_int_equal(seen.sizes[14], offsetof(struct ks_sleep, stack) + 9 * sizeof(__u64));
	for (size_t i = 0; i < seen.records[14].sleep.frames; i++) {
		uint64_t addr = seen.records[14].sleep.stack[i], there, here;

		assert_string_equal(symbols_find(seen.syms, addr, &there),
				    symbols_find(trace->syms, addr, &here));
		assert_true(there == here);
	}
	assert_string_equal(seen.name, "web/qemu");
	assert_string_equal(seen.fact, "vmm.qemu.build_id=abcd");
	assert_int_equal(seen.end.losses[KS_LOSS_RING], 7);
	assert_int_equal(seen.end.command_status, 137);
	symbols_free(seen.syms);
	trace_free(trace);
	free(file.bytes);
}

static void bytes_may_come_one_by_one(void **state)
{
	struct file file = make_capture();
	struct seen_all seen = {.syms = symbols_new()};
	const struct capture_ops ops = {.head = see_head, .record = see_record};
	struct capture_reader *reader = capture_reader_new(&ops, &seen);
	struct err err = {.msg = ""};

	(void)state;
	for (size_t i = 0; i < file.len; i++)
		assert_int_equal(capture_reader_feed(reader, file.bytes + i, 1, &err), 0);
	assert_int_equal(capture_reader_finish(reader, &err), CAPTURE_COMPLETE);
	assert_int_equal(seen.cnt, CNT(trace_seed_rows));
	capture_reader_free(reader);
	symbols_free(seen.syms);
	free(file.bytes);
}

static void who_reads_may_stop(void **state)
{
	struct file file = make_capture();
	struct seen_all seen = {.stop_at = 7};
	struct err err;

	(void)state;
	assert_int_equal(decode(file.bytes, file.len, &seen, &err), -ECANCELED);
	assert_string_equal(err.msg, "");
	assert_int_equal(seen.cnt, 7);
	symbols_free(seen.syms);
	free(file.bytes);
}

/* Random words, records of all sizes, over several blocks. */
static void any_words_are_packed_and_unpacked(void **state)
{
	struct file file;
	struct capture_writer *writer = start(&file);
	struct symbols *none = symbols_new();
	struct seen_all seen = {.syms = NULL};
	uint64_t random = 1;
	struct err err;

	(void)state;
	for (int i = 0; i < 10007; i++) {
		union any_record rec;
		__u64 *words = (__u64 *)&rec;

		for (size_t j = 0; j < sizeof(rec) / sizeof(*words); j++) {
			random = random * 6364136223846793005ULL + 1442695040888963407ULL;
			words[j] = random >> (random >> 58);
		}
		rec.head.type = 1 + i % (KS_TYPE_CNT - 1);
		if (!record_fixed_bytes(rec.head.type)) /* is not used */
			rec.head.type = KS_VM;
		assert_int_equal(capture_writer_record(writer, &rec, sizeof(rec), none), 0);
	}
	assert_int_equal(capture_writer_end(writer, &(struct summary){.command_status = -1}), 0);
	assert_int_equal(decode(file.bytes, file.len, &seen, &err), CAPTURE_COMPLETE);
	assert_int_equal(seen.cnt, 10007);
	assert_int_equal(seen.symbols, 0);
	assert_int_equal(seen.end.command_status, -1);
	symbols_free(seen.syms);
	symbols_free(none);
	capture_writer_free(writer);
	free(file.bytes);
}

/* What is the same has no bytes, and is a record all the same; one that is cut is none, wherever it
 * is cut. */
static void a_record_like_the_last_one_is_read_and_a_cut_one_is_not(void **state)
{
	struct pack put = {.ts = 0}, got = {.ts = 0};
	uint64_t words[7] = {1, KS_VM, 3, UINT64_MAX, 5, 6, 7};
	const uint64_t *back;
	uint8_t raw[PACK_BYTES_MAX];
	size_t cnt, bytes;

	(void)state;
	for (int i = 0; i < 2; i++) {
		bytes = pack_put(&put, KS_VM, words, 7, raw);
		for (size_t len = 0; len < bytes; len++) {
			struct pack cut = got;

			assert_int_equal(pack_get(&cut, raw, len, &back, &cnt), 0);
		}
		assert_int_equal(pack_get(&got, raw, bytes, &back, &cnt), bytes);
		assert_int_equal(cnt, 7);
		assert_memory_equal(back, words, sizeof(words));
	}
	assert_int_equal(bytes, 2 + 4);
}

/* ---- cut and damaged ---- */

/* Where each block ends, and how many records there are by then. */
static void a_file_cut_anywhere_is_known_to_be_cut_and_keeps_what_is_before(void **state)
{
	struct file file = make_capture();
	struct seen_all seen = {.syms = NULL};
	size_t most = 0, head_len = 12 + 16;
	struct err err;

	(void)state;
	head_len += ((const struct block_head *)(file.bytes + 12))->stored;
	for (size_t len = 0; len < file.len; len++) {
		int ret = decode(file.bytes, len, &seen, &err);
		char said[64];

		assert_int_equal(ret, len < head_len ? -EINVAL : CAPTURE_CUT);
		snprintf(said, sizeof(said), len ? "cut at byte %zu," : "empty", len);
		assert_non_null(strstr(err.msg, said));
		assert_true(seen.cnt >= most && seen.cnt <= CNT(trace_seed_rows));
		assert_int_equal(seen.ends, 0);
		most = seen.cnt;
	}
	assert_int_equal(most, CNT(trace_seed_rows)); /* all are there before the end is */
	symbols_free(seen.syms);
	free(file.bytes);
}

/* zstd's frames have bits that mean nothing: then nothing is different. */
static void no_flipped_bit_changes_what_is_read(void **state)
{
	struct file file = make_capture();
	struct seen_all seen = {.syms = NULL}, whole = {.syms = NULL};
	struct err err;

	(void)state;
	assert_int_equal(decode(file.bytes, file.len, &whole, &err), CAPTURE_COMPLETE);
	for (size_t i = 0; i < file.len; i++) {
		uint8_t bit = 1 << i % 8;
		int ret;

		if (i == 10 || i == 11)
			continue; /* the minor version: any is good */
		file.bytes[i] ^= bit;
		ret = decode(file.bytes, file.len, &seen, &err);
		assert_true(ret || seen.cnt == whole.cnt);
		assert_true(!ret || (strlen(err.msg) > 0 && !strchr(err.msg, '\n')));
		assert_true(seen.cnt <= whole.cnt);
		assert_memory_equal(seen.records, whole.records,
				    seen.cnt * sizeof(union any_record));
		file.bytes[i] ^= bit;
	}
	symbols_free(whole.syms);
	symbols_free(seen.syms);
	free(file.bytes);
}

static void a_full_disk_leaves_what_was_written(void **state)
{
	struct trace *trace = trace_new();
	struct file file;
	struct capture_writer *writer = start(&file);
	struct seen_all seen = {.syms = NULL};
	struct err err;

	(void)state;
	write_rows(writer, trace_seed_rows, 10, trace->syms);
	file.room = file.len + 10;
	write_rows(writer, trace_seed_rows + 10, 4, trace->syms);
	assert_int_equal(capture_writer_flush(writer), -ENOSPC);
	assert_int_equal(capture_writer_end(writer, &seen.end), -ENOSPC);
	assert_int_equal(decode(file.bytes, file.len, &seen, &err), CAPTURE_CUT);
	assert_int_equal(seen.cnt, 10);
	symbols_free(seen.syms);
	capture_writer_free(writer);
	trace_free(trace);
	free(file.bytes);
}

/* ---- made by hand ---- */

static void put_raw(struct file *file, uint32_t kind, const void *raw, size_t len)
{
	struct block_maker *maker = block_maker_new();
	size_t block_len;
	const void *block = block_make(maker, kind, raw, len, &block_len);

	assert_non_null(block);
	put(file, block, block_len);
	block_maker_free(maker);
}

static void put_start(struct file *file, uint16_t major, const char *head)
{
	const uint16_t version[2] = {major, 0};

	*file = (struct file){.bytes = NULL};
	put(file, CAPTURE_MAGIC, sizeof(CAPTURE_MAGIC) - 1);
	put(file, version, sizeof(version));
	put_raw(file, BLOCK_HEAD, head, strlen(head));
}

static int count(void *ctx, const void *record, size_t size)
{
	(void)record;
	(void)size;
	++*(int *)ctx;
	return 0;
}

static int decode_plain(struct file *file, int *records, struct err *err)
{
	const struct capture_ops ops = {.record = count};
	int ret;

	*records = 0;
	*err = (struct err){.msg = ""};
	ret = read_all(file->bytes, file->len, &ops, records, err);
	free(file->bytes);
	return ret;
}

static void other_files_are_named_as_such(void **state)
{
	struct file file = {.bytes = NULL};
	struct err err;
	int cnt;

	(void)state;
	put(&file, "#!/bin/sh\necho hello\n", 21);
	assert_int_equal(decode_plain(&file, &cnt, &err), -EINVAL);
	assert_string_equal(err.msg, "malformed at byte 0: not a kvmstall capture");
	file = (struct file){.bytes = NULL};
	put(&file, "#!", 2);
	assert_int_equal(decode_plain(&file, &cnt, &err), -EINVAL);
	assert_string_equal(err.msg, "malformed at byte 0: not a kvmstall capture");
	put_start(&file, 2, "{}");
	assert_int_equal(decode_plain(&file, &cnt, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "its format is 2.0, this kvmstall reads up to 1"));
	put_start(&file, 0, "{}");
	assert_int_equal(decode_plain(&file, &cnt, &err), -EINVAL);
	put_start(&file, 1, "[1, 2");
	assert_int_equal(decode_plain(&file, &cnt, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "malformed at byte 28: the head is not a JSON object"));
}

/* A head that says nothing is a good head: nothing is known, and no record can be read. */
static void what_a_head_does_not_say_is_not_known(void **state)
{
	struct file file;
	struct err err;
	int cnt;

	(void)state;
	put_start(&file, 1, "{\"hz\":-5,\"facts\":[],\"record_sizes\":{}}");
	put_raw(&file, BLOCK_DONE, "{}", 2);
	assert_int_equal(decode_plain(&file, &cnt, &err), CAPTURE_COMPLETE);
	put_start(&file, 1, "{\"record_sizes\":[0,7]}");
	assert_int_equal(decode_plain(&file, &cnt, &err), -EINVAL);
	put_start(&file, 1, "{\"record_sizes\":[0,4096]}");
	assert_int_equal(decode_plain(&file, &cnt, &err), -EINVAL);
	put_start(&file, 1, "{}");
	put_raw(&file, BLOCK_DONE, "{}", 2);
	put_raw(&file, BLOCK_RECORDS, "", 0);
	assert_int_equal(decode_plain(&file, &cnt, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "there is more after the end"));
}

#define SIZES "{\"record_sizes\":[0,136,40,112,80,88,40,40,40,40,40]}"

static void sizes_that_are_absurd_take_no_memory(void **state)
{
	static const struct {
		uint32_t kind, stored, raw;
		const char *why;
	} heads[] = {
		{BLOCK_RECORDS, UINT32_MAX, 100, "bytes is too large"},
		{BLOCK_RECORDS, 100, UINT32_MAX, "bytes is too large"},
		{BLOCK_RECORDS, BLOCK_STORED_MAX + 1, 1, "bytes is too large"},
		{BLOCK_RECORDS, 100, BLOCK_RAW_MAX + 1, "bytes is too large"},
		{BLOCK_RECORDS, 0, 0, "a block is empty"},
	};
	struct file file;
	struct err err;
	int cnt;

	(void)state;
	for (size_t i = 0; i < CNT(heads); i++) {
		struct block_head head = {heads[i].kind, heads[i].stored, heads[i].raw,
					  2166136261u};

		for (size_t j = 0; j < 12; j++)
			head.check = (head.check ^ ((uint8_t *)&head)[j]) * 16777619u;
		put_start(&file, 1, SIZES);
		put(&file, &head, sizeof(head));
		assert_int_equal(decode_plain(&file, &cnt, &err), -EINVAL);
		assert_non_null(strstr(err.msg, heads[i].why));
	}
}

static void items_that_are_no_items_are_refused(void **state)
{
	static const struct {
		uint8_t bytes[40];
		size_t len;
	} bad[] = {
		{{KS_GP_BEGIN}, 1},
		{{KS_GP_BEGIN, 1, 0}, 3},			    /* one word is no record */
		{{KS_GP_BEGIN, 65}, 40},			    /* too many */
		{{KS_GP_BEGIN, 5, 0x88, 0x88, 8}, 10},		    /* cut */
		{{KS_GP_BEGIN, 5, 0x99, 0x99, 9}, 40},		    /* words have 8 bytes */
		{{KS_GP_BEGIN, 5, 0, 0, 0}, 5},			    /* its own type is another */
		{{KS_GP_BEGIN, 2, 0x70, 0, 0, 0, 0, 0, 0, 16}, 10}, /* less than it has */
		{{CAPTURE_SYMBOL}, 1},
		{{CAPTURE_SYMBOL, 0xff, 0xff}, 40},
		{{CAPTURE_SYMBOL, 16, 0}, 19},		      /* no name */
		{{CAPTURE_SYMBOL, 17, 0, [19] = 'a'}, 20},    /* at 0 */
		{{CAPTURE_SYMBOL, 18, 0, 1, [19] = 'a'}, 21}, /* a NUL in it */
		{{CAPTURE_NAME, 8, 0}, 11},
		{{CAPTURE_NAME, 9, 0, [11] = 200}, 12},
		{{CAPTURE_FACT, 1, 0, 9}, 4},
		{{200, 40, 0}, 40},
	};
	struct file file;
	struct err err;
	int cnt;

	(void)state;
	for (size_t i = 0; i < CNT(bad); i++) {
		print_message("item %zu\n", i);
		put_start(&file, 1, SIZES);
		put_raw(&file, BLOCK_RECORDS, bad[i].bytes, bad[i].len);
		assert_int_equal(decode_plain(&file, &cnt, &err), -EINVAL);
		assert_non_null(strstr(err.msg, "malformed at byte "));
		assert_int_equal(cnt, 0);
	}
}

static void what_a_later_minor_adds_is_skipped(void **state)
{
	/* An item and a type of record that are not known, then a step; a block likewise. */
	static const uint8_t raw[] = {
		200, 2, 0, 'x', 'y', 60,     2,		  0x70, 0,
		0,   0, 0, 0,	0,   60 * 2, KS_GP_BEGIN, 5,	0x70,
		0,   0, 0, 0,	0,   0,	     0,		  0,	KS_GP_BEGIN * 2,
	};
	struct file file;
	struct err err;
	int cnt;

	(void)state;
	put_start(&file, 1, SIZES);
	put_raw(&file, BLOCK_KIND('N', 'E', 'W', 'S'), "hello", 5);
	put_raw(&file, BLOCK_RECORDS, raw, sizeof(raw));
	put_raw(&file, BLOCK_DONE, "{}", 2);
	assert_int_equal(decode_plain(&file, &cnt, &err), CAPTURE_COMPLETE);
	assert_int_equal(cnt, 1);
}

/* ---- other layouts ---- */

static int check_sleep(void *ctx, const void *record, size_t size)
{
	const struct ks_sleep *sleep = record;

	assert_int_equal(size, offsetof(struct ks_sleep, stack) + 2 * sizeof(__u64));
	assert_int_equal(sleep->head.type, KS_SLEEP);
	assert_int_equal(sleep->frames, *(int *)ctx);
	assert_int_equal(sleep->stack[0], 111);
	assert_int_equal(sleep->stack[1], 222);
	return 0;
}

/* A struct that had a word less, or has one more: the stack is found all the same. */
static void layouts_of_other_minors_are_moved_into_ours(void **state)
{
	static const struct {
		const char *head;
		size_t fixed;
		int frames; /* its word is the one that is not there */
	} layouts[] = {
		{"{\"record_sizes\":[0,0,0,0,72]}", 9, 0},
		{"{\"record_sizes\":[0,0,0,0,80]}", 10, 2},
		{"{\"record_sizes\":[0,0,0,0,88]}", 11, 2},
	};

	(void)state;
	for (size_t i = 0; i < CNT(layouts); i++) {
		const struct capture_ops ops = {.record = check_sleep};
		struct ks_sleep sleep = {.head.type = KS_SLEEP, .frames = 2};
		uint64_t words[16] = {0};
		uint8_t raw[PACK_BYTES_MAX];
		struct pack pack = {.ts = 0};
		int frames = layouts[i].frames;
		struct file file;
		struct err err;

		memcpy(words, &sleep, 80);
		words[layouts[i].fixed] = 111;
		words[layouts[i].fixed + 1] = 222;
		put_start(&file, 1, layouts[i].head);
		put_raw(&file, BLOCK_RECORDS, raw,
			pack_put(&pack, KS_SLEEP, words, layouts[i].fixed + 2, raw));
		assert_int_equal(read_all(file.bytes, file.len, &ops, &frames, &err), CAPTURE_CUT);
		free(file.bytes);
	}
}

static int check_callbacks(void *ctx, const void *record, size_t size)
{
	const struct ks_cb *cb = record;

	assert_int_equal(size, sizeof(*cb));
	assert_int_equal(cb->head.cpu, 3);
	assert_int_equal(cb->cpu, *(int *)ctx);
	return 0;
}

/* Format 1.0 had no room for the CPU that callbacks belong to but the head of their record. */
static void callbacks_of_the_first_format_are_of_their_heads_cpu(void **state)
{
	static const struct {
		const char *head;
		size_t words;
		int cpu;
	} layouts[] = {
		{"{\"record_sizes\":[0,0,0,0,0,0,0,0,0,0,40,40,40,40]}", 5, 3},
		{"{\"record_sizes\":[0,0,0,0,0,0,0,0,0,0,48,48,48,48]}", 6, 7},
	};

	(void)state;
	for (size_t i = 0; i < CNT(layouts) * 4; i++) {
		const struct capture_ops ops = {.record = check_callbacks};
		struct ks_cb cb = {.head = {.cpu = 3, .type = KS_CB_ARM + i / CNT(layouts)},
				   .cpu = 7};
		uint64_t words[sizeof(cb) / 8];
		uint8_t raw[PACK_BYTES_MAX];
		struct pack pack = {.ts = 0};
		int cpu = layouts[i % CNT(layouts)].cpu;
		struct file file;
		struct err err;

		memcpy(words, &cb, sizeof(words));
		put_start(&file, 1, layouts[i % CNT(layouts)].head);
		put_raw(&file, BLOCK_RECORDS, raw,
			pack_put(&pack, cb.head.type, words, layouts[i % CNT(layouts)].words, raw));
		assert_int_equal(read_all(file.bytes, file.len, &ops, &cpu, &err), CAPTURE_CUT);
		free(file.bytes);
	}
}

/* ---- replaying ---- */

struct shown {
	struct str text;
	int heads, dones, news, gones;
	char name[96];
};

static void show_stall_text(void *ctx, const struct stall *stall)
{
	const struct text_cfg cfg = {.show_account = true, .host = {.hz = TRACE_HZ}};
	struct shown *shown = ctx;

	text_stall(&shown->text, stall, &cfg);
}

static void show_new(void *ctx, struct vm *vm)
{
	struct shown *shown = ctx;

	shown->news++;
	text_vm(vm, shown->name, sizeof(shown->name));
}

static void show_live_new(void *ctx, struct vm *vm)
{
	strcpy(vm->name, "web");
	show_new(ctx, vm);
}

static void show_gone(void *ctx, const struct vm *vm)
{
	struct shown *shown = ctx;

	(void)vm;
	shown->gones++;
}

static int show_head(void *ctx, const struct capture_head *head)
{
	struct shown *shown = ctx;

	(void)head;
	shown->heads++;
	return 0;
}

static void show_done(void *ctx, const struct capture_head *head)
{
	struct shown *shown = ctx;

	shown->dones++;
	assert_string_equal(environment_get(&head->environment, "vmm.qemu.build_id"), "abcd");
}

static void a_replay_says_what_the_ledger_said(void **state)
{
	static const struct ledger_ops live_ops = {
		.stall = show_stall_text, .vm_new = show_live_new, .vm_gone = show_gone};
	static const struct replay_ops ops = {
		.ledger = {show_stall_text, show_new, show_gone, NULL},
		.head = show_head,
		.done = show_done};
	struct file file = make_capture();
	struct shown live = {.heads = 0}, again = {.heads = 0};
	struct trace *trace = trace_new();
	struct ledger *ledger = ledger_new(trace->syms, TRACE_HZ, &live_ops, &live);
	struct replay *replay = replay_new(&ops, &again);
	struct summary summary = {.vms = 3};
	struct err err = {.msg = ""};

	(void)state;
	str_init(&live.text);
	str_init(&again.text);
	for (size_t i = 0; i < CNT(trace_seed_rows); i++) {
		union any_record rec;
		size_t size = trace_fill(&trace_seed_rows[i], &rec);

		assert_int_equal(ledger_record(ledger, &rec, size), 0);
	}
	assert_int_equal(replay_feed(replay, file.bytes, file.len, &err), 0);
	assert_int_equal(replay_finish(replay, &err), CAPTURE_COMPLETE);
	assert_true(live.text.len > 0);
	assert_string_equal(again.text.text, live.text.text);
	assert_string_equal(again.name, "web[1000]");
	assert_int_equal(again.heads * 10 + again.dones, 11);
	replay_summary(replay, &summary);
	assert_int_equal(summary.records, CNT(trace_seed_rows));
	assert_int_equal(summary.duration_ns, 99);
	assert_int_equal(summary.losses[KS_LOSS_RING], 7);
	assert_int_equal(summary.vms, 3);
	replay_free(replay);
	ledger_free(ledger);
	str_fini(&live.text);
	str_fini(&again.text);
	trace_free(trace);
	free(file.bytes);
}

/* ---- the flight recorder ---- */

static int put_flight(void *ctx, const void *block, size_t len)
{
	return flight_put(ctx, block, len, 0);
}

/* As record does it: the name, what lives, the record. */
static void add_row(struct flight *flight, struct capture_writer *writer, const struct row *row,
		    const char *name)
{
	struct vm vm = {.comm = "vmm"};
	union any_record rec;
	size_t size = trace_fill(row, &rec);

	if (rec.head.type == KS_VM) {
		vm.kvm = rec.vm.kvm;
		snprintf(vm.name, sizeof(vm.name), "%s", name);
		assert_int_equal(capture_writer_name(writer, vm.kvm, vm.name, vm.comm), 0);
		flight_name(flight, &vm);
	}
	assert_int_equal(flight_record(flight, &rec, size), 0);
	assert_int_equal(capture_writer_record(writer, &rec, size, NULL), 0);
}

static void add_life(struct flight *flight, struct capture_writer *writer, int nr, bool ends)
{
	const struct row rows[] = {BORN(100 * nr, nr), GONE(100 * nr + 50, nr)};
	char name[16];

	snprintf(name, sizeof(name), "vm-%d", nr);
	for (int i = 0; i < 1 + ends; i++)
		add_row(flight, writer, &rows[i], name);
	assert_int_equal(capture_writer_flush(writer), 0);
}

/* VMs 1 and 3 live on: their births fell out of memory long ago, and are there all the same. */
static void a_flight_keeps_the_last_stretch_and_who_lived_then(void **state)
{
	struct capture_head head = make_head();
	struct flight *flight = flight_new(0, 400);
	struct capture_writer *writer = capture_writer_new(&head, put_flight, flight), *out;
	struct trace *trace = trace_new();
	struct file file = {.bytes = NULL};
	struct seen_all seen = {.syms = NULL};
	struct err err;

	(void)state;
	for (int i = 1; i <= 23; i++)
		add_life(flight, writer, i, i != 1 && i != 3);
	assert_true(flight_bytes(flight) > 0 && flight_bytes(flight) <= 400);
	assert_int_equal(flight_dump(flight, &head, writer, put, &file, &out), 0);
	assert_int_equal(capture_writer_end(out, &seen.end), 0);
	assert_int_equal(decode(file.bytes, file.len, &seen, &err), CAPTURE_COMPLETE);
	assert_true(seen.cnt >= 4 && seen.cnt < 2 * 23);
	assert_true(seen.records[0].vm.kvm == KVM(1) && seen.records[1].vm.kvm == KVM(3));
	assert_true(seen.records[0].vm.flags & KS_VM_FOUND);
	assert_true(seen.records[0].head.ts_ns == TRACE_NS(100));
	assert_false(seen.records[2].vm.flags & KS_VM_FOUND);
	assert_int_equal(seen.records[seen.cnt - 1].step.val, KVM(23));
	symbols_free(seen.syms);
	capture_writer_free(writer);
	capture_writer_free(out);
	flight_free(flight);
	environment_fini(&head.environment);
	trace_free(trace);
	free(file.bytes);
}

#define SLOTS 7

/* Names of the VMs that live, by their addresses; "": none does. */
struct living {
	char names[SLOTS][16];
};

static size_t slot_of(const struct vm *vm)
{
	size_t slot = (vm->kvm - KVM(1)) / (KVM(2) - KVM(1));

	assert_true(slot < SLOTS);
	return slot;
}

static void is_born(void *ctx, struct vm *vm)
{
	struct living *living = ctx;

	memcpy(living->names[slot_of(vm)], vm->name, sizeof(living->names[0]));
}

static void is_gone(void *ctx, const struct vm *vm)
{
	struct living *living = ctx;

	living->names[slot_of(vm)][0] = '\0';
}

/* Who lives at the end of what a flight recorder has. */
static struct living replay_flight(struct flight *flight, const struct capture_head *head,
				   const struct capture_writer *writer)
{
	static const struct replay_ops ops = {.ledger = {.vm_new = is_born, .vm_gone = is_gone}};
	struct living living = {.names = {""}};
	struct replay *replay = replay_new(&ops, &living);
	struct summary summary = {.records = 0};
	struct capture_writer *out;
	struct file file = {.bytes = NULL};
	struct err err = {.msg = ""};

	assert_int_equal(flight_dump(flight, head, writer, put, &file, &out), 0);
	assert_int_equal(capture_writer_end(out, &summary), 0);
	assert_int_equal(replay_feed(replay, file.bytes, file.len, &err), 0);
	assert_int_equal(replay_finish(replay, &err), CAPTURE_COMPLETE);
	capture_writer_free(out);
	replay_free(replay);
	free(file.bytes);
	return living;
}

/* One VM after another at seven addresses; some end, some are known to be gone by their successors.
 */
static void a_flight_knows_who_lives_whatever_fell_out(void **state)
{
	struct capture_head head = make_head();
	struct flight *flight = flight_new(0, 700);
	struct capture_writer *writer = capture_writer_new(&head, put_flight, flight);
	struct living truth = {.names = {""}};
	uint64_t dice = 1;

	(void)state;
	for (int i = 1; i <= 211; i++) {
		dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
		int slot = (dice >> 33) % SLOTS;
		const struct row rows[] = {BORN(100 * i, slot + 1), GONE(100 * i, slot + 1)};
		bool ends = *truth.names[slot] && dice >> 62;

		snprintf(truth.names[slot], sizeof(truth.names[0]), ends ? "" : "vm-%d", i);
		add_row(flight, writer, &rows[ends], truth.names[slot]);
		assert_int_equal(i % 3 ? 0 : capture_writer_flush(writer), 0);
		if (i % 3)
			continue;
		struct living seen = replay_flight(flight, &head, writer);

		for (slot = 0; slot < SLOTS; slot++)
			assert_string_equal(seen.names[slot], truth.names[slot]);
	}
	assert_true(flight_bytes(flight) <= 700);
	capture_writer_free(writer);
	flight_free(flight);
	environment_fini(&head.environment);
}

/* What the recorder does itself is nobody's business. */
static void a_flight_leaves_the_recorders_own_vm_out(void **state)
{
	struct capture_head head = make_head();
	struct flight *flight = flight_new(0, 1);
	struct capture_writer *writer = capture_writer_new(&head, put_flight, flight);
	const struct row row = BORN(100, 1, .tgid = 4242);
	struct living seen;

	(void)state;
	add_row(flight, writer, &row, "own");
	assert_int_equal(capture_writer_flush(writer), 0);
	assert_int_equal(flight_bytes(flight), 0);
	seen = replay_flight(flight, &head, writer);
	assert_string_equal(seen.names[0], "");
	capture_writer_free(writer);
	flight_free(flight);
	environment_fini(&head.environment);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_recorded_comes_out_again),
		cmocka_unit_test(bytes_may_come_one_by_one),
		cmocka_unit_test(who_reads_may_stop),
		cmocka_unit_test(any_words_are_packed_and_unpacked),
		cmocka_unit_test(a_record_like_the_last_one_is_read_and_a_cut_one_is_not),
		cmocka_unit_test(a_file_cut_anywhere_is_known_to_be_cut_and_keeps_what_is_before),
		cmocka_unit_test(no_flipped_bit_changes_what_is_read),
		cmocka_unit_test(a_full_disk_leaves_what_was_written),
		cmocka_unit_test(other_files_are_named_as_such),
		cmocka_unit_test(what_a_head_does_not_say_is_not_known),
		cmocka_unit_test(sizes_that_are_absurd_take_no_memory),
		cmocka_unit_test(items_that_are_no_items_are_refused),
		cmocka_unit_test(what_a_later_minor_adds_is_skipped),
		cmocka_unit_test(layouts_of_other_minors_are_moved_into_ours),
		cmocka_unit_test(callbacks_of_the_first_format_are_of_their_heads_cpu),
		cmocka_unit_test(a_replay_says_what_the_ledger_said),
		cmocka_unit_test(a_flight_keeps_the_last_stretch_and_who_lived_then),
		cmocka_unit_test(a_flight_knows_who_lives_whatever_fell_out),
		cmocka_unit_test(a_flight_leaves_the_recorders_own_vm_out),
	};

	return cmocka_run_group_tests_name("capture", tests, NULL, NULL);
}
