/* SPDX-License-Identifier: GPL-2.0-only */
/* The life of a VM as records: for benchmarks of what takes them. */
#ifndef BENCH_LIVES_H
#define BENCH_LIVES_H

#include <stdint.h>
#include <stddef.h>

#include <kvmstall/records.h>

#include "ledger/symbols.h"

#define MEMSLOT	  0xae46
#define REGISTER  0xffffffff81001000ULL
#define CALL_SRCU 0xffffffff81002000ULL
#define SWAP	  0xffffffff81003000ULL
#define SYNC	  0xffffffff81004000ULL

/* Who makes records, at what time, and for whom; the CPU that each says it is of. No counter of
 * grace periods goes back: each defer() has the next numbers. */
struct life_maker {
	uint64_t ts_ns;
	uint64_t seq;
	uint16_t cpu;
	void (*feed)(void *ctx, const void *record, size_t size);
	void *ctx;
};

static inline struct ks_head head(struct life_maker *maker, uint8_t type, uint32_t tid,
				  uint64_t after_ns)
{
	maker->ts_ns += after_ns;
	return (struct ks_head){.ts_ns = maker->ts_ns, .tid = tid, .cpu = maker->cpu, .type = type};
}

static inline uint64_t kvm_of(uint32_t n)
{
	return 0xffff888000000000ULL + n * 0x10000ULL;
}

static inline void step(struct life_maker *maker, uint8_t type, uint32_t n, uint64_t seq,
			uint64_t after_ns)
{
	const struct ks_step record = {
		.head = head(maker, type, 7, after_ns), .ssp = kvm_of(n) + 0x1000, .seq = seq};

	maker->feed(maker->ctx, &record, sizeof(record));
}

static inline void born(struct life_maker *maker, uint32_t n)
{
	struct ks_vm record = {.head = head(maker, KS_VM, n, 10),
			       .kvm = kvm_of(n),
			       .srcu.ssp = kvm_of(n) + 0x1000,
			       .irq_srcu.ssp = kvm_of(n) + 0x2000,
			       .tgid = n,
			       .comm = "firecracker"};

	maker->feed(maker->ctx, &record, sizeof(record));
}

static inline void defer(struct life_maker *maker, uint32_t n)
{
	uint64_t seq = maker->seq += 8;
	struct ks_start record = {.head = head(maker, KS_START, n, 10),
				  .ssp = kvm_of(n) + 0x1000,
				  .seq = seq + 1,
				  .expires = 100,
				  .kvm = kvm_of(n),
				  .tgid = n,
				  .cmd = 0xae60,
				  .kind = KS_KIND_VM,
				  .frames = 2,
				  .stack = {CALL_SRCU + 4, REGISTER + 4},
				  .comm = "firecracker"};

	maker->feed(maker->ctx, &record, sizeof(record));
	record.head = head(maker, KS_CALLBACK, n, 1);
	maker->feed(maker->ctx, &record, sizeof(record));
}

/* A memslot call that waits for it; then the VM's close. */
static inline void stall(struct life_maker *maker, uint32_t n)
{
	uint64_t begin_ns = maker->ts_ns + 10, seq = maker->seq;
	struct ks_sleep sleep = {.off_ns = begin_ns + 1000,
				 .kvm = kvm_of(n),
				 .ssp = kvm_of(n) + 0x1000,
				 .needed = seq + 8,
				 .tgid = n,
				 .api = KS_API_SYNC_EXPEDITED,
				 .kind = KS_KIND_VM,
				 .frames = 2,
				 .stack = {SYNC + 4, SWAP + 4}};
	struct ks_call call = {.begin_ns = begin_ns,
			       .kvm = kvm_of(n),
			       .cmd = MEMSLOT,
			       .tgid = n,
			       .sleeps = 1,
			       .kind = KS_KIND_VM,
			       .comm = "firecracker"};

	step(maker, KS_GP_QUEUE, n, seq + 1, 12000);
	step(maker, KS_GP_BEGIN, n, seq + 1, 1000);
	step(maker, KS_CB_QUEUE, n, seq + 5, 1000);
	step(maker, KS_GP_END, n, seq + 5, 100);
	step(maker, KS_GP_BEGIN, n, seq + 5, 1000);
	step(maker, KS_CB_QUEUE, n, seq + 8, 1000);
	step(maker, KS_GP_END, n, seq + 8, 100);
	step(maker, KS_CB_BEGIN, n, seq + 8, 1000);
	step(maker, KS_CB_END, n, seq + 8, 1000);
	sleep.wake_ns = maker->ts_ns;
	sleep.head = head(maker, KS_SLEEP, n, 1000);
	maker->feed(maker->ctx, &sleep, sizeof(sleep));
	call.head = head(maker, KS_CALL, n, 100);
	maker->feed(maker->ctx, &call, sizeof(call));
}

static inline void gone(struct life_maker *maker, uint32_t n)
{
	const struct ks_step record = {.head = head(maker, KS_VM_GONE, n, 10), .val = kvm_of(n)};
	struct ks_call call = {.begin_ns = maker->ts_ns - 5,
			       .kvm = kvm_of(n),
			       .tgid = n,
			       .kind = KS_KIND_CLOSE,
			       .flags = KS_CALL_LAST,
			       .comm = "firecracker"};

	maker->feed(maker->ctx, &record, sizeof(record));
	call.head = head(maker, KS_CALL, n, 10);
	maker->feed(maker->ctx, &call, sizeof(call));
}

/* Its process ends instead: a call of all its VMs, which has none of them. */
static inline void killed(struct life_maker *maker, uint32_t n)
{
	const struct ks_step closing = {.head = head(maker, KS_CLOSING, n, 10), .seq = n};
	const struct ks_step record = {.head = head(maker, KS_VM_GONE, n, 10), .val = kvm_of(n)};
	struct ks_call call = {.begin_ns = maker->ts_ns - 15,
			       .tgid = n,
			       .kind = KS_KIND_EXIT,
			       .comm = "firecracker"};

	maker->feed(maker->ctx, &closing, sizeof(closing));
	maker->feed(maker->ctx, &record, sizeof(record));
	call.head = head(maker, KS_CALL, n, 10);
	maker->feed(maker->ctx, &call, sizeof(call));
}

static inline void live_through(struct life_maker *maker, uint32_t n)
{
	born(maker, n);
	defer(maker, n);
	stall(maker, n);
}

/* The functions that their stacks are of. NULL: no memory. */
static inline struct symbols *lives_symbols(void)
{
	struct symbols *syms = symbols_new();

	if (!syms)
		return NULL;
	symbols_add(syms, REGISTER, "kvm_io_bus_register_dev");
	symbols_add(syms, CALL_SRCU, "call_srcu");
	symbols_add(syms, SWAP, "kvm_swap_active_memslots");
	symbols_add(syms, SYNC, "synchronize_srcu_expedited");
	symbols_sort(syms);
	return syms;
}

#endif
