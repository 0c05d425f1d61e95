// SPDX-License-Identifier: GPL-2.0-only
/*
 * seed capture|stuck|blocks [FILE]: a small capture on stdout. "capture" is the life of one VM
 * whose memory slot waits for the grace period of its irqchip; "stuck" has calls that have waited
 * since the start of time until the end of it, and beyond. "blocks": that of "capture", or FILE, as
 * fuzz_blocks wants it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "capture/block.h"
#include "capture/capture.h"
#include "output/summary.h"
#include "ledger/symbols.h"

#define KVM	 0xffff888000010000ULL
#define SRCU	 (KVM + 0x1000)
#define IRQ_SRCU (KVM + 0x2000)
#define TEXT	 0xffffffff81000000ULL
#define TID	 7

static const char *const functions[] = {"wait_for_completion", "__synchronize_srcu.part.0",
					"kvm_swap_active_memslots", "call_srcu",
					"kvm_io_bus_register_dev"};

static int put(void *ctx, const void *block, size_t len)
{
	str_addn(ctx, block, len);
	return 0;
}

static struct ks_head head(uint8_t type, uint64_t us)
{
	return (struct ks_head){.ts_ns = us * 1000, .tid = TID, .type = type};
}

static void put_step(struct capture_writer *writer, uint8_t type, uint64_t us, uint64_t val)
{
	const struct ks_step step = {.head = head(type, us), .ssp = SRCU, .seq = 1, .val = val};

	capture_writer_record(writer, &step, sizeof(step), NULL);
}

static void put_cb(struct capture_writer *writer, uint8_t type, uint64_t us, uint64_t val)
{
	const struct ks_cb cb = {.head = head(type, us), .ssp = SRCU, .seq = 1, .val = val};

	capture_writer_record(writer, &cb, sizeof(cb), NULL);
}

static void put_vm(struct capture_writer *writer)
{
	const struct ks_vm vm = {
		.head = head(KS_VM, 1000),
		.kvm = KVM,
		.srcu = {.ssp = SRCU},
		.irq_srcu = {.ssp = IRQ_SRCU},
		.tgid = TID,
		.comm = "seed",
	};

	capture_writer_name(writer, KVM, "vm", "seed");
	capture_writer_record(writer, &vm, sizeof(vm), NULL);
}

static void put_call(struct capture_writer *writer, uint64_t from_us, uint64_t to_us, uint32_t nr)
{
	const struct ks_call call = {
		.head = head(KS_CALL, to_us),
		.begin_ns = from_us * 1000,
		.kvm = KVM,
		.cmd = 0xae00 | nr,
		.tgid = TID,
		.sleeps = nr == 0x46,
		.kind = KS_KIND_VM,
		.comm = "seed",
	};

	capture_writer_record(writer, &call, sizeof(call), NULL);
}

static void put_start(struct capture_writer *writer, const struct symbols *syms)
{
	const struct ks_start start = {
		.head = head(KS_START, 1500),
		.ssp = SRCU,
		.seq = 1,
		.expires = 100,
		.kvm = KVM,
		.tgid = TID,
		.cmd = 0xae60,
		.kind = KS_KIND_VM,
		.comm = "seed",
		.frames = 2,
		.stack = {TEXT + 0x301, TEXT + 0x401},
	};

	capture_writer_record(writer, &start, sizeof(start), syms);
}

static void put_sleep(struct capture_writer *writer, const struct symbols *syms)
{
	const struct ks_sleep sleep = {
		.head = head(KS_SLEEP, 9000),
		.off_ns = 2100000,
		.wake_ns = 8990000,
		.wait_ns = 2050000,
		.kvm = KVM,
		.ssp = SRCU,
		.needed = 8,
		.tgid = TID,
		.api = KS_API_SYNC_EXPEDITED,
		.kind = KS_KIND_VM,
		.frames = 3,
		.stack = {TEXT + 0x1, TEXT + 0x101, TEXT + 0x201},
	};

	capture_writer_record(writer, &sleep, sizeof(sleep), syms);
}

static void put_life(struct capture_writer *writer, const struct symbols *syms)
{
	put_vm(writer);
	put_start(writer, syms);
	put_call(writer, 1400, 1600, 0x60);
	put_step(writer, KS_GP_QUEUE, 8000, 0);
	put_step(writer, KS_GP_BEGIN, 8010, 0);
	put_step(writer, KS_GP_END, 8020, 8);
	put_cb(writer, KS_CB_QUEUE, 8900, 0);
	put_cb(writer, KS_CB_BEGIN, 8910, 2);
	put_sleep(writer, syms);
	put_cb(writer, KS_CB_END, 8995, 0);
	put_call(writer, 2000, 9100, 0x46);
	put_step(writer, KS_VM_GONE, 9500, KVM);
}

static void put_asleep(struct capture_writer *writer, uint32_t tid, uint64_t ns)
{
	const struct ks_task task = {
		.head = {.ts_ns = ns, .tid = tid, .type = KS_ASLEEP},
		.begin_ns = 1,
		.off_ns = 1,
		.tgid = TID,
		.cmd = 0xae60,
		.kind = KS_KIND_VM,
		.comm = "seed",
	};

	capture_writer_record(writer, &task, sizeof(task), NULL);
}

/* The kernel's time is signed. */
static void put_stuck(struct capture_writer *writer, const struct symbols *syms)
{
	(void)syms;
	put_asleep(writer, TID, INT64_MAX);
	put_asleep(writer, TID + 1, UINT64_MAX);
}

typedef void put_fn(struct capture_writer *writer, const struct symbols *syms);

static void make_capture(struct str *out, put_fn *put_records)
{
	struct capture_head about = {.backend = "seed", .hz = 250, .has_all_calls = true};
	const struct summary summary = {.command_status = -1};
	struct symbols *syms = symbols_new();
	struct capture_writer *writer;

	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		symbols_add(syms, TEXT + i * 0x100, functions[i]);
	symbols_sort(syms);
	environment_set(&about.environment, "kernel.release", "6.18.0");
	writer = capture_writer_new(&about, put, out);
	if (!writer)
		exit(1);
	put_records(writer, syms);
	capture_writer_fact(writer, "vmm.seed.build_id", "00");
	capture_writer_end(writer, &summary);
	capture_writer_free(writer);
	symbols_free(syms);
	environment_fini(&about.environment);
}

static int kind_of(uint32_t kind)
{
	return kind == BLOCK_HEAD ? 0 : kind == BLOCK_RECORDS ? 1 : 2;
}

/* Blocks longer than 16 bits can say are cut: a seed need not be whole. */
static void print_blocks(const struct str *capture)
{
	struct block_opener *opener = block_opener_new();
	struct err err = {0};
	size_t at = strlen(CAPTURE_MAGIC) + 4;
	struct block_head block;

	while (at + sizeof(block) < capture->len) {
		const uint8_t *raw;
		uint16_t len;

		memcpy(&block, capture->text + at, sizeof(block));
		at += sizeof(block);
		if (block_check(&block, &err) || block.stored > capture->len - at)
			break;
		raw = block_open(opener, &block, capture->text + at, &err);
		if (!raw)
			break;
		len = block.raw < 8192 ? block.raw : 8192;
		putchar(kind_of(block.kind));
		fwrite(&len, sizeof(len), 1, stdout);
		fwrite(raw, 1, len, stdout);
		at += block.stored;
	}
	block_opener_free(opener);
}

static int read_file(struct str *out, const char *path)
{
	FILE *file = fopen(path, "r");
	char buf[4096];
	size_t len;

	if (!file)
		return 1;
	while ((len = fread(buf, 1, sizeof(buf), file)))
		str_addn(out, buf, len);
	fclose(file);
	return 0;
}

int main(int argc, char **argv)
{
	struct str capture;
	int ret = 0;
	const char *kind = argc > 1 ? argv[1] : "capture";

	str_init(&capture);
	if (argc > 2)
		ret = read_file(&capture, argv[2]);
	else
		make_capture(&capture, strcmp(kind, "stuck") ? put_life : put_stuck);
	if (!strcmp(kind, "blocks"))
		print_blocks(&capture);
	else
		fwrite(capture.text, 1, capture.len, stdout);
	str_fini(&capture);
	return ret;
}
