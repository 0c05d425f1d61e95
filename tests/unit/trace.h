/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A scenario for the ledger as a table: one row a record, in us, named by the
 * VM, task and function that it is about. What comes out is kept as text, one
 * string a stall, so that a test reads like the account that it expects:
 *
 *	"run 10, gp-timer@1 3688, kworker@1 5, gp-work@1 7" - cause@GP us, in order of time
 *
 * Whatever the scenario, every stall that comes out must hold together:
 * see trace_check().
 */
#ifndef TRACE_H
#define TRACE_H

#include <inttypes.h>

#include <kvmstall/records.h>

#include "../../bpf/lost.h"

#include "any_record.h"
#include "ledger/ledger.h"
#include "ledger/stall.h"
#include "ledger/symbols.h"
#include "unit.h"

#define TRACE_HZ	   250
#define TRACE_STALLS_MAX   64
#define TRACE_SEGMENTS_MAX 64
#define TRACE_WAITS_MAX	   16
#define CPUS		   16
#define TRACE_NS(us)	   ((uint64_t)(us)*1000)

/* ---- the cast ---- */

#define KVM(n)	      (0xffff888000000000ULL + (uint64_t)(n)*0x10000)
#define SRCU(n)	      (KVM(n) + 0x1000)
#define IRQ_SRCU(n)   (KVM(n) + 0x2000)
#define TRACK_SRCU(n) (KVM(n) + 0x3000)
#define MMU_SRCU      0xffffffff82000000ULL
#define SOME_SRCU     0xffffffff82001000ULL
#define TGID(n)	      (1000U * (n))

/* Sequences: GP n of a domain born at 0, in progress; and idle behind it. */
#define GP(n)	(((uint64_t)(n)-1) * 4 + 1)
#define DONE(n) ((uint64_t)(n)*4)

#define CMD(nr)	    (0xae00U | (nr))
#define VCPU	    CMD(0x41)
#define MEMSLOT	    CMD(0x46)
#define IRQCHIP	    CMD(0x60)
#define GSI_ROUTING CMD(0x6a)
#define IRQFD	    CMD(0x76)
#define PIT2	    CMD(0x77)

/* Every function that a stack of a scenario may name, in order of address. */
static const char *const trace_functions[] = {
	"schedule",
	"schedule_timeout",
	"wait_for_completion",
	"__wait_for_common",
	"__synchronize_srcu.part.0",
	"synchronize_srcu",
	"synchronize_srcu_expedited",
	"srcu_barrier",
	"srcu_gp_start_if_needed",
	"call_srcu",
	"kvm_swap_active_memslots",
	"kvm_set_memslot",
	"kvm_io_bus_register_dev",
	"kvm_unregister_irq_mask_notifier",
	"kvm_set_irq_routing",
	"kvm_destroy_vm",
	"mmu_notifier_unregister",
	"kvm_vm_release",
	"kvm_vm_ioctl",
	"kvm_arch_vcpu_ioctl_run",
	"handle_userfault",
	"__mutex_lock.constprop.0",
	"kthread_stop",
	"kvm_free_pit",
	"__x64_sys_ioctl",
	"irqfd_shutdown",
	"kvm_irqfd_release",
	"__flush_workqueue",
	"synchronize_rcu_normal.part.0",
	"synchronize_rcu_expedited",
	"rcu_barrier",
	"rcu_sync_enter",
	"percpu_down_write",
	"cgroup_attach_lock",
	"expand_files",
	"alloc_fd",
	"kvm_mmu_uninit_tdp_mmu",
	"kvm_device_release",
	"__kthread_create_on_node",
	"kvm_vcpu_ioctl",
	"kvm_mmu_notifier_invalidate_range_start",
	"__mmu_notifier_invalidate_range_start",
	"__x64_sys_madvise",
	"kvm_vm_create_worker_thread",
	"kvm_vm_worker_thread",
	"cgroup_attach_task_all",
	"__vma_start_exclude_readers",
	"vma_mark_detached",
	"__vm_munmap",
	"zap_page_range_single_batched",
	"vhost_dev_flush",
	"vhost_vsock_dev_release",
	"vhost_attach_cgroups_work",
	"vhost_worker",
};

#define FN_BASE 0xffffffff81000000ULL
#define FN_SIZE 0x1000

#define STACK(...) ((const char *const[]){__VA_ARGS__, NULL})

#define IN_MEMSLOT                                                                                 \
	STACK("schedule", "schedule_timeout", "__wait_for_common", "wait_for_completion",          \
	      "__synchronize_srcu.part.0", "kvm_swap_active_memslots", "kvm_set_memslot",          \
	      "kvm_vm_ioctl", "__x64_sys_ioctl")
#define IN_REGISTER_DEV                                                                            \
	STACK("srcu_gp_start_if_needed", "call_srcu", "kvm_io_bus_register_dev", "kvm_vm_ioctl",   \
	      "__x64_sys_ioctl")
#define IN_PIT_CLOSE                                                                               \
	STACK("schedule", "wait_for_completion", "__synchronize_srcu.part.0",                      \
	      "kvm_unregister_irq_mask_notifier", "kvm_free_pit", "kvm_destroy_vm",                \
	      "kvm_vm_release")
#define STARTS_PIT_CLOSE                                                                           \
	STACK("srcu_gp_start_if_needed", "__synchronize_srcu.part.0",                              \
	      "kvm_unregister_irq_mask_notifier", "kvm_free_pit", "kvm_destroy_vm",                \
	      "kvm_vm_release")
#define IN_BARRIER                                                                                 \
	STACK("schedule", "wait_for_completion", "srcu_barrier", "kvm_destroy_vm", "kvm_vm_release")
#define IN_MMU_UNREGISTER                                                                          \
	STACK("schedule", "wait_for_completion", "__synchronize_srcu.part.0",                      \
	      "mmu_notifier_unregister", "kvm_destroy_vm", "kvm_vm_release")
#define IN_RUN                                                                                     \
	STACK("schedule", "wait_for_completion", "__synchronize_srcu.part.0",                      \
	      "kvm_swap_active_memslots", "kvm_arch_vcpu_ioctl_run", "__x64_sys_ioctl")
#define IN_FDTABLE                                                                                 \
	STACK("schedule", "wait_for_completion", "synchronize_rcu_normal.part.0", "expand_files",  \
	      "alloc_fd", "kvm_vm_ioctl", "__x64_sys_ioctl")
#define IN_CGROUP                                                                                  \
	STACK("schedule", "wait_for_completion", "synchronize_rcu_normal.part.0",                  \
	      "rcu_sync_enter", "percpu_down_write", "cgroup_attach_lock", "__x64_sys_ioctl")
#define IN_DEVICE_CLOSE                                                                            \
	STACK("schedule", "wait_for_completion", "synchronize_rcu_normal.part.0",                  \
	      "kvm_device_release")
#define IN_RCU_BARRIER_MUTEX                                                                       \
	STACK("schedule", "__mutex_lock.constprop.0", "rcu_barrier", "kvm_mmu_uninit_tdp_mmu",     \
	      "kvm_destroy_vm", "kvm_vm_release")
#define IN_MUTEX STACK("schedule", "__mutex_lock.constprop.0", "kvm_vm_ioctl", "__x64_sys_ioctl")
#define IN_KTHREAD_STOP                                                                            \
	STACK("schedule", "wait_for_completion", "kthread_stop", "kvm_destroy_vm", "kvm_vm_release")

#define IN_VHOST_CLOSE                                                                             \
	STACK("schedule", "wait_for_completion", "vhost_dev_flush", "vhost_vsock_dev_release")

/* ---- rows ---- */

/* Of each record what scenarios differ in; 0 is a good value for the rest. */
struct row {
	uint8_t type;
	uint64_t us;	/* the record's own time: a sleep's or a call's end */
	uint16_t cpu;	/* that makes the record */
	uint16_t drops; /* the ring is full: this many records of .cpu are lost, and none is made */
	uint32_t tid;
	int vm;
	uint64_t ssp, seq, val;	   /* steps; .val also: a start's expires */
	uint16_t of_cpu;	   /* callbacks: whose they are, whichever .cpu runs them */
	uint64_t from, wake, wait; /* us: a call's begin, a sleep's; .wait: entered its API */
	uint64_t needed;
	uint16_t wake_cpu, lock;
	uint8_t api;
	uint8_t kind;
	uint32_t cmd;
	uint16_t sleeps;
	uint8_t flags;
	uint32_t vcpus;
	uint32_t tgid;
	uint64_t jiffies, gp_start, irq_seq;
	const char *const *stack;
	const char *comm; /* KS_WANTS; NULL: a kworker */
};

#define BORN(t, n, ...)                                                                            \
	{                                                                                          \
		.type = KS_VM, .us = t, .vm = n, __VA_ARGS__                                       \
	}
#define GONE(t, n)                                                                                 \
	{                                                                                          \
		.type = KS_VM_GONE, .us = t, .val = KVM(n)                                         \
	}
#define IN_EXIT(begin, end, who, n)                                                                \
	{                                                                                          \
		.type = KS_CALL, .from = begin, .us = end, .tid = who, .vm = n,                    \
		.kind = KS_KIND_EXIT                                                               \
	}
/* The domain, its sequence just after the start; .val = the timer's jiffy for a normal GP. */
#define START(t, who, dom, s, ...)                                                                 \
	{                                                                                          \
		.type = KS_START, .us = t, .tid = who, .ssp = dom, .seq = s, __VA_ARGS__           \
	}
#define STEP(what, t, dom, s, ...)                                                                 \
	{                                                                                          \
		.type = KS_##what, .us = t, .ssp = dom, .seq = s, __VA_ARGS__                      \
	}
#define SLEEP(out, woken, in, who, dom, ...)                                                       \
	{                                                                                          \
		.type = KS_SLEEP, .from = out, .wake = woken, .us = in, .tid = who, .ssp = dom,    \
		__VA_ARGS__                                                                        \
	}
#define CALL(begin, end, who, n, command, slept, ...)                                              \
	{                                                                                          \
		.type = KS_CALL, .from = begin, .us = end, .tid = who, .vm = n,                    \
		.kind = KS_KIND_VM, .cmd = command, .sleeps = slept, __VA_ARGS__                   \
	}
#define CLOSE(begin, end, who, n, slept, ...)                                                      \
	{                                                                                          \
		.type = KS_CALL, .from = begin, .us = end, .tid = who, .vm = n, .sleeps = slept,   \
		.kind = KS_KIND_CLOSE, .flags = KS_CALL_LAST, .vcpus = 1, __VA_ARGS__              \
	}
#define LOCK(t, who, n, owner, ...)                                                                \
	{                                                                                          \
		.type = KS_LOCK, .us = t, .tid = who, .vm = n, .val = owner, __VA_ARGS__           \
	}
/* @who wanted a CPU since then, and task .val had it; .needed woke @who, or of WANTS is the CPU. */
#define CPU_WAIT(what, since, t, who, ran, ...)                                                    \
	{                                                                                          \
		.type = KS_##what, .from = since, .us = t, .tid = who, .val = ran, __VA_ARGS__     \
	}
/* RCU's kthread: @s is gp_seq, @mask CPUs that are waited for; .tgid is on the first, .needed its
 * switches. */
#define RCU_KTHREAD 16
/* Of several CPUs, not the first is named. */
#define NAMED(cpu) .vm = (cpu) + 1
/* .of_cpu of both: how often it has looked for idle CPUs; 0: a recording that does not know. */
#define GPS(what, t, s, ...)                                                                       \
	{                                                                                          \
		.type = KS_RCU_##what, .us = t, .tid = RCU_KTHREAD, .seq = s,                      \
		.kind = KS_RCU_WAIT_GPS, __VA_ARGS__                                               \
	}
#define FQS(what, t, s, mask, ...)                                                                 \
	{                                                                                          \
		.type = KS_RCU_##what, .us = t, .tid = RCU_KTHREAD, .seq = s, .val = mask,         \
		.kind = KS_RCU_WAIT_FQS, __VA_ARGS__                                               \
	}
/* Its timer of jiffy @at, armed @since, fires in jiffy .needed and interrupts @who. */
#define FIRED(since, t, at, who, ...)                                                              \
	{                                                                                          \
		.type = KS_RCU_FIRED, .from = since, .us = t, .tid = who, .val = at,               \
		.needed = (at) + 1, __VA_ARGS__                                                    \
	}
/* The readers of @dom were counted: .val ever came, .needed ever left, on CPU 3 alone. */
#define COUNTED(t, dom, s, ...)                                                                    \
	{                                                                                          \
		.type = KS_READERS, .us = t, .ssp = dom, .seq = s, __VA_ARGS__                     \
	}
/* A record of @who that changes nothing: the CPU is heard of. */
#define HEARD(t, who)                                                                              \
	{                                                                                          \
		.type = KS_VM_GONE, .us = t, .cpu = who, .val = 99                                 \
	}
/* @n records of @who find no room. */
#define DROPS(t, who, n)                                                                           \
	{                                                                                          \
		.type = KS_VM_GONE, .us = t, .cpu = who, .val = 99, .drops = n                     \
	}
/* A CPU of which nobody else in the scenario is loses @n between two records. */
#define LOST(since, t, n) HEARD(since, CPUS - 1), DROPS(since, CPUS - 1, n), HEARD(t, CPUS - 1)

/* ---- what came out ---- */

struct seen {
	struct stall stall; /* pointers in it are to what follows, or gone */
	struct ks_call rec;
	struct segment segments[TRACE_SEGMENTS_MAX];
	struct wait waits[TRACE_WAITS_MAX];
	uint32_t vm_id;		/* 0: none */
	uint32_t culprit_vm_id; /* 0: none */
	char account[1024];	/* "run 10, gp-timer@1 3688" */
	char culprit[128]; /* "kvm_io_bus_register_dev, KVM_CREATE_IRQCHIP, vmm[11], 312, GP 1" */
	char waited[256];  /* "synchronize_srcu kvm.srcu by func 4000 @1..2; ..." */
};

struct trace {
	struct symbols *syms;
	struct ledger *ledger;
	struct seen stalls[TRACE_STALLS_MAX];
	size_t cnt, vms_new, vms_gone;
	char gone[64];	     /* ids of the VMs that went, in order: "2 1 " */
	uint32_t lost[CPUS]; /* as cpu_state.lost of the BPF side: not told yet */
	bool keep_no_segments, count_only;
};

static inline uint64_t trace_address(const char *name)
{
	for (size_t i = 0; i < CNT(trace_functions); i++)
		if (!strcmp(trace_functions[i], name))
			return FN_BASE + i * FN_SIZE + 0x42;
	fail_msg("trace.h knows no function %s", name);
	return 0;
}

/* What must hold for every stall that the ledger ever tells. */
static inline void trace_check(const struct stall *stall)
{
	uint64_t sum = 0, by_cause[KS_CAUSE_CNT] = {0}, most = 0;

	assert_non_null(stall->rec);
	assert_non_null(stall->call);
	assert_true(stall->cause < KS_CAUSE_CNT && stall->phase < PHASE_CNT);
	for (size_t i = 0; i < stall->segments_cnt; i++) {
		assert_true(stall->segments[i].ns > 0);
		assert_true(stall->segments[i].cause < KS_CAUSE_CNT);
		assert_true(stall->segments[i].ns <= stall->latency_ns);
		if (segment_rcu(&stall->segments[i]))
			assert_true(segment_rcu(&stall->segments[i])->part < RCU_PART_CNT);
		sum += stall->segments[i].ns;
		by_cause[stall->segments[i].cause] += stall->segments[i].ns;
	}
	assert_true(sum == stall->latency_ns);
	assert_true(stall->latency_ns == stall->rec->head.ts_ns - stall->begin_ns);
	assert_memory_equal(by_cause, stall->by_cause, sizeof(by_cause));
	assert_true(stall->stall_ns == stall->latency_ns - by_cause[KS_CAUSE_RUN]);
	assert_true(stall->without_ns <= stall->latency_ns);
	/* what one culprit makes counts as one: see culprit_find() */
	by_cause[KS_CAUSE_READER] += by_cause[KS_CAUSE_POLL_BACKOFF];
	by_cause[KS_CAUSE_POLL_BACKOFF] = by_cause[KS_CAUSE_READER];
	by_cause[KS_CAUSE_GP_TIMER] += by_cause[KS_CAUSE_CB_TIMER];
	by_cause[KS_CAUSE_CB_TIMER] = by_cause[KS_CAUSE_GP_TIMER];
	for (int i = 0; i < KS_CAUSE_CNT; i++)
		if (i != KS_CAUSE_RUN && by_cause[i] > most)
			most = by_cause[i];
	if (stall->cause == KS_CAUSE_RUN)
		assert_true(most == 0 || most < by_cause[KS_CAUSE_RUN]);
	else
		assert_true(by_cause[stall->cause] == most && most >= by_cause[KS_CAUSE_RUN]);
	assert_true(!stall->culprit.seg == (stall->cause == KS_CAUSE_RUN));
	if (stall->culprit.seg)
		assert_true(stall->culprit.seg->cause == stall->cause);
	assert_true(!stall->culprit.gp || stall->culprit.seg->gp == stall->culprit.gp);
	if (stall->culprit.is_self)
		assert_true(stall->culprit.tid == stall->rec->head.tid);
}

static inline int trace_us(char *buf, size_t size, uint64_t ns)
{
	if (ns % 1000)
		return snprintf(buf, size, "%" PRIu64 ".%03u", ns / 1000,
				(unsigned int)(ns % 1000));
	return snprintf(buf, size, "%" PRIu64, ns / 1000);
}

/* "/holdout CPU 1 hog[99] kernel" */
static inline int trace_part(char *buf, size_t size, const struct rcu_blame *rcu)
{
	size_t len = snprintf(buf, size, "/%s", rcu_part_name(rcu->part));

	if (rcu->has_cpu)
		len += snprintf(buf + len, size - len, " CPU %u", rcu->cpu);
	if (rcu->others)
		len += snprintf(buf + len, size - len, "+%u", rcu->others);
	if (rcu->tid)
		len += snprintf(buf + len, size - len, " %s[%u]%s", rcu->comm, rcu->tid,
				rcu_blame_in_kernel(rcu) ? " kernel" : "");
	return len;
}

static inline void trace_format_account(struct seen *seen)
{
	size_t len = 0, size = sizeof(seen->account);

	for (size_t i = 0; i < seen->stall.segments_cnt && len < size - 64; i++) {
		const struct segment *seg = &seen->stall.segments[i];

		len += snprintf(seen->account + len, size - len, "%s%s", i ? ", " : "",
				cause_name(seg->cause));
		if (segment_rcu(seg) && seg->rcu.part)
			len += trace_part(seen->account + len, size - len, segment_rcu(seg));
		if (seg->dom && seg->gp)
			len += snprintf(seen->account + len, size - len, "@%" PRId64,
					domain_gp_number(seg->dom, seg->gp));
		if (seg->func)
			len += snprintf(seen->account + len, size - len, " in %s", seg->func);
		len += snprintf(seen->account + len, size - len, " ");
		len += trace_us(seen->account + len, size - len, seg->ns);
	}
}

static inline void trace_format_culprit(struct seen *seen)
{
	const struct culprit *culprit = &seen->stall.culprit;
	char age[32];

	trace_us(age, sizeof(age), culprit->age_ns);
	if (culprit->is_known)
		snprintf(seen->culprit, sizeof(seen->culprit), "%s, %s, %s[%u], %s",
			 culprit->func ? culprit->func : "-",
			 culprit->call ? call_name(culprit->call) : "-", culprit->comm,
			 culprit->tid, age);
	else if (culprit->gp)
		snprintf(seen->culprit, sizeof(seen->culprit), "in flight, %s", age);
}

static inline void trace_format_waits(struct seen *seen)
{
	size_t len = 0, size = sizeof(seen->waited);

	for (size_t i = 0; i < seen->stall.waits_cnt && len < size - 64; i++) {
		const struct wait *wait = &seen->stall.waits[i];
		const char *api = api_name(wait->api);

		len += snprintf(seen->waited + len, size - len, "%s%s(%s) ", i ? "; " : "",
				api ? api : "?",
				wait->dom ? domain_kind_name(domain_get_kind(wait->dom)) : "?");
		len += trace_us(seen->waited + len, size - len, wait->ns);
		if (wait->dom && wait->gp_first)
			len += snprintf(seen->waited + len, size - len, " first %" PRId64,
					domain_gp_number(wait->dom, wait->gp_first));
		if (wait->dom && wait->gp_needed)
			len += snprintf(seen->waited + len, size - len, " needs %" PRId64,
					domain_gp_number(wait->dom, wait->gp_needed));
	}
}

static inline void trace_collect(void *ctx, const struct stall *stall)
{
	struct trace *trace = ctx;
	struct seen *seen = &trace->stalls[trace->cnt % TRACE_STALLS_MAX];

	trace_check(stall);
	trace->cnt++;
	if (trace->count_only)
		return;
	assert_true(trace->cnt <= TRACE_STALLS_MAX);
	seen->rec = *stall->rec;
	seen->stall = *stall;
	if (trace->keep_no_segments)
		return;
	assert_true(stall->segments_cnt <= TRACE_SEGMENTS_MAX);
	assert_true(stall->waits_cnt <= TRACE_WAITS_MAX);
	if (stall->segments_cnt)
		memcpy(seen->segments, stall->segments,
		       stall->segments_cnt * sizeof(*stall->segments));
	if (stall->waits_cnt)
		memcpy(seen->waits, stall->waits, stall->waits_cnt * sizeof(*stall->waits));
	seen->vm_id = stall->vm ? stall->vm->id : 0;
	seen->culprit_vm_id = stall->culprit.vm ? stall->culprit.vm->id : 0;
	trace_format_account(seen);
	trace_format_culprit(seen);
	trace_format_waits(seen);
	seen->stall.rec = &seen->rec;
	if (stall->culprit.seg)
		seen->stall.culprit.seg = seen->segments + (stall->culprit.seg - stall->segments);
	seen->stall.segments = seen->segments;
	seen->stall.waits = seen->waits;
	seen->stall.vm = NULL;
	seen->stall.culprit.vm = NULL;
}

static inline void trace_vm_new(void *ctx, struct vm *vm)
{
	struct trace *trace = ctx;

	assert_string_equal(vm->name, "");
	trace->vms_new++;
}

static inline void trace_vm_gone(void *ctx, const struct vm *vm)
{
	struct trace *trace = ctx;
	size_t len = strlen(trace->gone);

	assert_true(vm->is_gone);
	trace->vms_gone++;
	snprintf(trace->gone + len, sizeof(trace->gone) - len, "%u ", vm->id);
}

/* One whose stalls go to @ops and @ctx; NULL: to itself. */
static inline struct trace *trace_new_for(const struct ledger_ops *ops, void *ctx)
{
	struct trace *trace = calloc(1, sizeof(*trace));

	assert_non_null(trace);
	trace->syms = symbols_new();
	for (size_t i = 0; i < CNT(trace_functions); i++)
		assert_int_equal(
			symbols_add(trace->syms, FN_BASE + i * FN_SIZE, trace_functions[i]), 0);
	symbols_sort(trace->syms);
	trace->ledger = ledger_new(trace->syms, TRACE_HZ, ops, ctx ? ctx : trace);
	assert_non_null(trace->ledger);
	return trace;
}

static inline struct trace *trace_new(void)
{
	static const struct ledger_ops ops = {.stall = trace_collect,
					      .asleep = trace_collect,
					      .vm_new = trace_vm_new,
					      .vm_gone = trace_vm_gone};

	return trace_new_for(&ops, NULL);
}

static inline void trace_free(struct trace *trace)
{
	ledger_free(trace->ledger);
	symbols_free(trace->syms);
	free(trace);
}

/* ---- rows to records ---- */

static inline uint32_t trace_stack(const struct row *row, __u64 *stack)
{
	uint32_t cnt = 0;

	for (; row->stack && row->stack[cnt]; cnt++)
		stack[cnt] = trace_address(row->stack[cnt]);
	return cnt;
}

static inline void trace_fill_vm(const struct row *row, struct ks_vm *vm)
{
	vm->kvm = KVM(row->vm);
	vm->tgid = row->tgid ? row->tgid : TGID(row->vm);
	vm->flags = row->flags;
	vm->jiffies = row->jiffies;
	vm->srcu = (struct ks_domain){.ssp = SRCU(row->vm),
				      .seq = row->seq,
				      .expires = row->val,
				      .gp_start = row->gp_start};
	vm->irq_srcu = (struct ks_domain){.ssp = IRQ_SRCU(row->vm), .seq = row->irq_seq};
	strcpy(vm->comm, "vmm");
}

static inline void trace_fill_call(const struct row *row, struct ks_call *call)
{
	call->begin_ns = TRACE_NS(row->from);
	call->kvm = row->vm ? KVM(row->vm) : 0;
	call->cmd = row->cmd;
	call->kind = row->kind;
	call->sleeps = row->sleeps;
	call->flags = row->flags;
	call->vcpus = row->vcpus;
	call->tgid = row->tgid ? row->tgid : TGID(row->vm);
	strcpy(call->comm, "vmm");
}

static inline void trace_fill_sleep(const struct row *row, struct ks_sleep *sleep)
{
	sleep->off_ns = TRACE_NS(row->from);
	sleep->wake_ns = TRACE_NS(row->wake);
	sleep->wait_ns = TRACE_NS(row->wait);
	sleep->ssp = row->ssp;
	sleep->needed = row->needed;
	sleep->lock = row->lock;
	sleep->wake_cpu = row->wake_cpu;
	sleep->api = row->api;
	sleep->kind = row->kind;
	sleep->frames = trace_stack(row, sleep->stack);
}

static inline void trace_fill_start(const struct row *row, struct ks_start *start)
{
	start->ssp = row->ssp;
	start->seq = row->seq;
	start->expires = row->val;
	start->kvm = row->vm ? KVM(row->vm) : 0;
	start->cmd = row->cmd;
	start->kind = row->kind;
	start->tgid = row->tgid;
	start->frames = trace_stack(row, start->stack);
	strcpy(start->comm, "vmm");
}

static inline void trace_fill_step(const struct row *row, struct ks_step *step)
{
	step->ssp = row->ssp;
	step->seq = row->seq;
	step->val = row->val;
}

static inline void trace_fill_cpu(const struct row *row, struct ks_cpu *cpu)
{
	cpu->since_ns = TRACE_NS(row->from);
	cpu->ran_tid = row->val;
	cpu->ran_prio = row->val % 2 ? 120 : 50;
	if (row->flags)
		cpu->ran_prio |= KS_RAN_THROTTLED;
	cpu->waker_tid = row->needed;
	strcpy(cpu->comm, row->type == KS_WANTS ? row->comm ? row->comm : "kworker/0:1" : "late");
	strcpy(cpu->ran_comm, "hog");
	strcpy(cpu->waker_comm, "waker");
}

/* As rcu_emit() of bpf/rcu.bpf.h does, of a host with one rcu_node. */
static inline void trace_fill_rcu(const struct row *row, struct ks_rcu *rcu)
{
	bool is_last = row->type == KS_RCU_WAKE && row->kind == KS_RCU_WAIT_FQS && !row->val &&
		       !(row->flags & KS_RCU_READERS);

	rcu->seq = row->seq;
	rcu->state = row->kind;
	rcu->flags = row->flags;
	rcu->mask = rcu->cpu_mask = row->val;
	if (row->api) /* the last report came between both reads */
		rcu->cpu_mask = 0;
	rcu->cpu = is_last ? row->cpu : row->val ? __builtin_ctzll(row->val) : 0;
	if (row->vm)
		rcu->cpu = row->vm - 1;
	if (row->kind == KS_RCU_WAIT_FQS && (rcu->cpu_mask || is_last))
		rcu->flags |= KS_RCU_HAS_CPU;
	rcu->tid = row->tgid;
	rcu->switches = row->needed;
	rcu->prio = row->from ? (int)row->from : 120;
	rcu->scans = row->of_cpu;
	if (row->of_cpu)
		rcu->flags |= KS_RCU_HAS_SCANS;
	strcpy(rcu->comm, row->tgid ? "hog" : "");
}

static inline size_t trace_fill(const struct row *row, union any_record *rec)
{
	memset(rec, 0, sizeof(*rec));
	rec->head = (struct ks_head){
		.ts_ns = TRACE_NS(row->us), .tid = row->tid, .cpu = row->cpu, .type = row->type};
	switch (row->type) {
	case KS_VM:
		trace_fill_vm(row, &rec->vm);
		return sizeof(rec->vm);
	case KS_CALL:
		trace_fill_call(row, &rec->call);
		return sizeof(rec->call);
	case KS_SLEEP:
		trace_fill_sleep(row, &rec->sleep);
		return sizeof(rec->sleep);
	case KS_START:
		trace_fill_start(row, &rec->start);
		return sizeof(rec->start);
	case KS_LOCK:
		rec->lock.kvm = KVM(row->vm);
		rec->lock.owner = row->val;
		rec->lock.which = row->lock ? row->lock : KS_LOCK_SLOTS;
		rec->lock.held = row->flags;
		strcpy(rec->lock.owner_comm, "holder");
		return sizeof(rec->lock);
	case KS_PREEMPTED:
	case KS_WOKEN:
	case KS_LATE:
	case KS_WANTS:
		trace_fill_cpu(row, &rec->cpu);
		return sizeof(rec->cpu);
	case KS_RCU_SLEEP:
	case KS_RCU_WAKE:
		trace_fill_rcu(row, &rec->rcu);
		return sizeof(rec->rcu);
	case KS_RCU_FIRED:
		rec->timer.armed_ns = TRACE_NS(row->from);
		rec->timer.expires = row->val;
		rec->timer.jiffies = row->needed;
		return sizeof(rec->timer);
	case KS_HALTED:
		rec->cpu.since_ns = TRACE_NS(row->us);
		rec->cpu.tgid = row->tgid;
		rec->cpu.ran_prio = row->val;
		rec->cpu.waker_tid = row->needed;
		strcpy(rec->cpu.comm, "halted");
		return sizeof(rec->cpu);
	case KS_READERS:
		rec->readers.ssp = row->ssp;
		rec->readers.seq = row->seq;
		rec->readers.locks = row->val;
		rec->readers.unlocks = row->needed;
		rec->readers.excess = (int64_t)(row->val - row->needed);
		rec->readers.cpu = 3;
		rec->readers.cpus = row->val != row->needed;
		return sizeof(rec->readers);
	case KS_CB_ARM:
	case KS_CB_QUEUE:
	case KS_CB_BEGIN:
	case KS_CB_END:
		trace_fill_step(row, &rec->step); /* the same as far as it goes */
		rec->cb.cpu = row->of_cpu;
		return sizeof(rec->cb);
	default:
		trace_fill_step(row, &rec->step);
		return sizeof(rec->step);
	}
}

/* From a buffer of the record's exact size: the sanitizer sees who reads past its end. */
static inline int trace_feed_sized(struct trace *trace, const union any_record *rec, size_t size)
{
	void *exact = malloc(size ? size : 1);
	int ret;

	assert_non_null(exact);
	memcpy(exact, rec, size);
	ret = ledger_record(trace->ledger, exact, size);
	free(exact);
	return ret;
}

static inline void trace_feed(struct trace *trace, const struct row *rows, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		union any_record rec;
		size_t size;

		assert_true(rows[i].cpu < CPUS);
		trace->lost[rows[i].cpu] += rows[i].drops; /* ring_lost() */
		if (rows[i].drops)
			continue;
		size = trace_fill(&rows[i], &rec);
		rec.head.lost = lost_take(&trace->lost[rows[i].cpu]); /* as head_fill() does */
		assert_int_equal(trace_feed_sized(trace, &rec, size), 0);
	}
}

static inline struct trace *trace_run(const struct row *rows, size_t cnt)
{
	struct trace *trace = trace_new();

	trace_feed(trace, rows, cnt);
	return trace;
}

#define RUN(rows) trace_run(rows, CNT(rows))

/* What a scan at @us says of a memslot's update that sleeps since @since_us, for @needed. */
static inline void trace_asleep(struct trace *trace, uint32_t tid, uint64_t since_us, uint64_t us,
				uint64_t needed)
{
	const union any_record rec = {
		.task = {.head = {.ts_ns = TRACE_NS(us), .tid = tid, .type = KS_ASLEEP},
			 .begin_ns = TRACE_NS(since_us - 5),
			 .off_ns = TRACE_NS(since_us),
			 .kvm = KVM(1),
			 .ssp = SRCU(1),
			 .needed = needed,
			 .tgid = TGID(1),
			 .cmd = MEMSLOT,
			 .kind = KS_KIND_VM}};

	assert_int_equal(trace_feed_sized(trace, &rec, offsetof(struct ks_task, stack)), 0);
}

/* The report that started it all: a memslot of 5.67 ms behind the irqchip's grace period. */
static const struct row trace_seed_rows[] = {
	BORN(10, 1),
	START(100, 11, SRCU(1), GP(1), .val = 7, .vm = 1, .kind = KS_KIND_VM, .cmd = IRQCHIP,
	      .tgid = TGID(1), .stack = IN_REGISTER_DEV),
	STEP(GP_QUEUE, 6000, SRCU(1), GP(1)),
	STEP(GP_BEGIN, 6010, SRCU(1), GP(1)),
	STEP(CB_QUEUE, 6015, SRCU(1), DONE(1)),
	STEP(GP_QUEUE, 6016, SRCU(1), GP(2)),
	STEP(GP_END, 6020, SRCU(1), GP(2)),
	STEP(CB_BEGIN, 6025, SRCU(1), GP(2), .val = 5),
	STEP(CB_END, 6028, SRCU(1), GP(2)),
	STEP(GP_BEGIN, 6030, SRCU(1), GP(2)),
	STEP(CB_QUEUE, 6035, SRCU(1), DONE(2)),
	STEP(GP_END, 6040, SRCU(1), DONE(2)),
	STEP(CB_BEGIN, 6045, SRCU(1), DONE(2), .val = 1),
	STEP(CB_END, 6052, SRCU(1), DONE(2)),
	SLEEP(415, 6050, 6060, 12, SRCU(1), .wait = 412, .needed = DONE(2), .stack = IN_MEMSLOT),
	CALL(400, 6070, 12, 1, MEMSLOT, 1, .flags = KS_CALL_HAS_ARG),
};

/* A stall as an output gets it: what it points to lives as long as @trace and @vm. */
static inline struct stall trace_stall(const struct trace *trace, size_t i, const struct vm *vm)
{
	struct stall stall = trace->stalls[i].stall;

	assert_true(i < trace->cnt);
	stall.vm = vm;
	return stall;
}

#endif
