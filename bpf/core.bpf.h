/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every kernel difference, one accessor a fact. Types that changed have a
 * flavour named by the release that changed them; nothing asks for a version.
 */
#ifndef BPF_CORE_BPF_H
#define BPF_CORE_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <kvmstall/programs.h>

/*
 * A function that the verifier goes through once for a program, by itself. It assumes nothing of
 * what such a function is called with and returns; nor may the compiler, which would leave checks
 * out that the verifier wants (clang 21 does), so it is weak.
 */
#define GLOBAL __weak __noinline

/* Of the kernel's structs; 0: what is to be read of one is read by a helper. */
const volatile __u32 struct_ids[KS_STRUCT_CNT];

extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;

/* @ptr->field of a struct of KS_STRUCTS, by the fastest way there is. What is not there reads as 0,
 * as with BPF_CORE_READ(). */
#define STRUCT_READ(type, ptr, field)                                                              \
	(struct_ids[KS_STRUCT_##type]                                                              \
		 ? ((struct type *)bpf_rdonly_cast((void *)(ptr), struct_ids[KS_STRUCT_##type]))   \
			   ->field                                                                 \
		 : BPF_CORE_READ((struct type *)(ptr), field))

/* v6.4 95433f726301 ("srcu: Begin offloading srcu_struct fields to srcu_update"): srcu_usage */
struct srcu_struct___pre_v6_4 {
	unsigned long srcu_gp_seq;
	unsigned long srcu_gp_seq_needed;
	unsigned long srcu_gp_start;
	struct delayed_work work;
} __attribute__((preserve_access_index));

/*
 * x86: one more domain of each VM's own, which kvm_mmu_uninit_vm() waits for in 6.1. Later ones
 * have it only with CONFIG_KVM_EXTERNAL_WRITE_TRACKING (arch/x86/include/asm/kvm_host.h).
 */
struct kvm___track {
	struct {
		struct {
			struct srcu_struct track_srcu;
		} track_notifier_head;
	} arch;
} __attribute__((preserve_access_index));

/* 7.2 and later start a GP's timer in an interrupt (srcu_funnel_gp_start(): irq_work_queue()) */
struct srcu_usage___v7_2 {
	struct {
		void *func;
	} irq_work;
} __attribute__((preserve_access_index));

static __always_inline bool gp_starts_in_irq(void)
{
	struct srcu_usage___v7_2 *sup = NULL;

	return bpf_core_field_exists(sup->irq_work);
}

/*
 * include/linux/srcutree.h: up to 6.14 an index, since v6.15 a pointer to the counters of a CPU's
 * that readers take; they are numbers in 6.1, atomic_long_t up to 6.14, and then in struct
 * srcu_ctr.
 */
struct srcu_struct___pre_v6_15 {
	unsigned int srcu_idx;
} __attribute__((preserve_access_index));

struct srcu_struct___v6_15 {
	void *srcu_ctrp;
} __attribute__((preserve_access_index));

struct srcu_data___pre_v6_2 {
	unsigned long srcu_lock_count[2];
	unsigned long srcu_unlock_count[2];
} __attribute__((preserve_access_index));

struct srcu_data___pre_v6_15 {
	atomic_long_t srcu_lock_count[2];
	atomic_long_t srcu_unlock_count[2];
} __attribute__((preserve_access_index));

struct srcu_data___v6_15 {
	struct srcu_ctr srcu_ctrs[2];
} __attribute__((preserve_access_index));

/* The index that new readers do not take, so that a grace period can wait for it. @sda: of
 * @ssp. */
static __always_inline __u32 ssp_idx(__u64 ssp, __u64 sda)
{
	struct srcu_struct___pre_v6_15 *before = (void *)ssp;
	struct srcu_struct___v6_15 *after = (void *)ssp;
	struct srcu_data___v6_15 *sdp = (void *)sda;

	if (bpf_core_type_exists(struct srcu_ctr))
		return (__u64)BPF_CORE_READ(after, srcu_ctrp) ==
		       sda + bpf_core_field_offset(sdp->srcu_ctrs);
	return !(BPF_CORE_READ(before, srcu_idx) & 1);
}

/* What @sdp's CPU has counted, by index. */
static __always_inline void sdp_readers(struct srcu_data *sdp, __u64 locks[2], __u64 unlocks[2])
{
	struct srcu_data___pre_v6_2 *numbers = (void *)sdp;
	struct srcu_data___pre_v6_15 *atomics = (void *)sdp;
	struct srcu_data___v6_15 *its = (void *)sdp;

	if (bpf_core_type_exists(struct srcu_ctr)) {
		locks[0] = BPF_CORE_READ(its, srcu_ctrs[0].srcu_locks.counter);
		locks[1] = BPF_CORE_READ(its, srcu_ctrs[1].srcu_locks.counter);
		unlocks[0] = BPF_CORE_READ(its, srcu_ctrs[0].srcu_unlocks.counter);
		unlocks[1] = BPF_CORE_READ(its, srcu_ctrs[1].srcu_unlocks.counter);
	} else if (bpf_core_field_exists(atomics->srcu_lock_count)) {
		locks[0] = BPF_CORE_READ(atomics, srcu_lock_count[0].counter);
		locks[1] = BPF_CORE_READ(atomics, srcu_lock_count[1].counter);
		unlocks[0] = BPF_CORE_READ(atomics, srcu_unlock_count[0].counter);
		unlocks[1] = BPF_CORE_READ(atomics, srcu_unlock_count[1].counter);
	} else {
		locks[0] = BPF_CORE_READ(numbers, srcu_lock_count[0]);
		locks[1] = BPF_CORE_READ(numbers, srcu_lock_count[1]);
		unlocks[0] = BPF_CORE_READ(numbers, srcu_unlock_count[0]);
		unlocks[1] = BPF_CORE_READ(numbers, srcu_unlock_count[1]);
	}
}

/* What process_srcu works on: the srcu_usage, or before v6.4 the srcu_struct itself. */
static __always_inline __u64 srcu_sup(__u64 ssp)
{
	if (bpf_core_type_exists(struct srcu_usage))
		return (__u64)STRUCT_READ(srcu_struct, ssp, srcu_sup);
	return ssp;
}

static __always_inline __u64 sup_ssp(__u64 sup)
{
	if (bpf_core_type_exists(struct srcu_usage))
		return (__u64)STRUCT_READ(srcu_usage, sup, srcu_ssp);
	return sup;
}

/* process_srcu's work is embedded in what it works on. */
static __always_inline __u64 work_sup(__u64 work)
{
	if (bpf_core_type_exists(struct srcu_usage))
		return work - bpf_core_field_offset(struct srcu_usage, work);
	return work - bpf_core_field_offset(struct srcu_struct___pre_v6_4, work);
}

static __always_inline __u64 sup_seq(__u64 sup)
{
	if (bpf_core_type_exists(struct srcu_usage))
		return STRUCT_READ(srcu_usage, sup, srcu_gp_seq);
	return BPF_CORE_READ((struct srcu_struct___pre_v6_4 *)sup, srcu_gp_seq);
}

static __always_inline __u64 sup_needed(__u64 sup)
{
	if (bpf_core_type_exists(struct srcu_usage))
		return STRUCT_READ(srcu_usage, sup, srcu_gp_seq_needed);
	return BPF_CORE_READ((struct srcu_struct___pre_v6_4 *)sup, srcu_gp_seq_needed);
}

static __always_inline __u64 sup_gp_start(__u64 sup)
{
	if (bpf_core_type_exists(struct srcu_usage))
		return STRUCT_READ(srcu_usage, sup, srcu_gp_start);
	return BPF_CORE_READ((struct srcu_struct___pre_v6_4 *)sup, srcu_gp_start);
}

static __always_inline struct timer_list *sup_timer(__u64 sup)
{
	__u64 off;

	if (bpf_core_type_exists(struct srcu_usage))
		off = bpf_core_field_offset(struct srcu_usage, work);
	else
		off = bpf_core_field_offset(struct srcu_struct___pre_v6_4, work);
	return (void *)(sup + off + bpf_core_field_offset(struct delayed_work, timer));
}

/* When process_srcu's timer is to fire, in jiffies; 0 when it is not pending. */
static __always_inline __u64 sup_expires(__u64 sup)
{
	struct timer_list *timer = sup_timer(sup);

	return BPF_CORE_READ(timer, entry.pprev) ? BPF_CORE_READ(timer, expires) : 0;
}

/* include/linux/poison.h, and CONFIG_ILLEGAL_POINTER_VALUE of x86-64 and arm64. */
#define LIST_POISON1 0xdead000000000100ULL
#define LIST_POISON2 0xdead000000000122ULL

/*
 * Has kvm_destroy_vm() been here? In every release it takes the VM from KVM's list, waits, and has
 * cleanup_srcu_struct() clear .sda. Memory that is unmapped since then reads as 0 too; if it is
 * somebody else's by now, it is not a member of a list. A neighbour that leaves the list meanwhile
 * proves nothing.
 */
static __always_inline bool kvm_is_dead(__u64 kvm)
{
	__u64 link = kvm + bpf_core_field_offset(struct kvm, vm_list), next, back;

	if (!BPF_CORE_READ((struct kvm *)kvm, srcu.sda))
		return true;
	next = (__u64)BPF_CORE_READ((struct kvm *)kvm, vm_list.next);
	if (next == LIST_POISON1)
		return false;
	back = (__u64)BPF_CORE_READ((struct list_head *)next, prev);
	return back != link && back != LIST_POISON2 &&
	       next == (__u64)BPF_CORE_READ((struct kvm *)kvm, vm_list.next);
}

/*
 * Has vCPU 0 entered KVM_RUN? KVM_RUN sets vcpu->pid, the cheapest edge there
 * is. A lone entry at index 0 sits in xa_head itself; tagged 2, it is a node.
 */
static __always_inline bool kvm_has_run(__u64 kvm)
{
	__u64 entry = (__u64)BPF_CORE_READ((struct kvm *)kvm, vcpu_array.xa_head);

	if ((entry & 3) == 2)
		entry = (__u64)BPF_CORE_READ((struct xa_node *)(entry - 2), slots[0]);
	if (!entry || (entry & 3))
		return false;
	return BPF_CORE_READ((struct kvm_vcpu *)entry, pid) != 0;
}

/* include/linux/sched.h: it waits for a disk. */
struct task_struct___iowait {
	unsigned in_iowait : 1;
} __attribute__((preserve_access_index));

static __always_inline bool task_in_iowait(struct task_struct *task)
{
	struct task_struct___iowait *its = (void *)task;

	return bpf_core_field_exists(its->in_iowait) &&
	       BPF_CORE_READ_BITFIELD_PROBED(its, in_iowait);
}

/* v6.12 152e11f6df29 ("sched/fair: Implement delayed dequeue"): who sleeps may stay on its run
 * queue */
struct sched_entity___v6_12 {
	unsigned char sched_delayed;
} __attribute__((preserve_access_index));

struct task_struct___v6_12 {
	struct sched_entity___v6_12 se;
} __attribute__((preserve_access_index));

/* Has it gone to sleep? .on_rq is an int, and in 7.3 a byte: read whatever size it has. */
static __always_inline bool task_is_asleep(struct task_struct *task)
{
	struct task_struct___v6_12 *its = (void *)task;

	if (!BPF_CORE_READ_BITFIELD_PROBED(task, on_rq))
		return true;
	return bpf_core_field_exists(its->se.sched_delayed) &&
	       BPF_CORE_READ_BITFIELD_PROBED(its, se.sched_delayed);
}

/*
 * v6.18 e1fad12dcb66 ("sched/fair: Switch to task based throttle model"): who is in the kernel goes
 * on until it returns from there, or enters a guest. Before, all of a cgroup's tasks lose their
 * CPU.
 */
struct task_struct___v6_18 {
	bool throttled;
} __attribute__((preserve_access_index));

/* Is it kept from running since its cgroup has used its quota (cpu.max) up? @task: of a type that
 * the verifier knows. */
static __always_inline bool task_is_throttled(struct task_struct *task)
{
	struct task_struct___v6_18 *its = (void *)task;
	struct cfs_rq *queue;

	if (bpf_core_field_exists(its->throttled))
		return its->throttled;
	if (!bpf_core_field_exists(task->se.cfs_rq) ||
	    !bpf_core_field_exists(struct cfs_rq, throttle_count))
		return false;
	queue = task->se.cfs_rq;
	return queue && queue->throttle_count > 0;
}

/* A syscall's number, also when it returns. */
static __always_inline int sys_nr(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return regs->orig_ax;
#else
	return regs->syscallno;
#endif
}

/* Without CONFIG_RCU_NOCB_CPU the length is a plain number (include/linux/rcu_segcblist.h). */
struct rcu_segcblist___plain {
	long len;
} __attribute__((preserve_access_index));

/* How many callbacks are in the list. */
static __always_inline __u64 sdp_callbacks(struct srcu_data *sdp)
{
	__u64 list = (__u64)sdp + bpf_core_field_offset(struct srcu_data, srcu_cblist);

	if (bpf_core_field_exists(struct rcu_segcblist, len.counter))
		return STRUCT_READ(srcu_data, sdp, srcu_cblist.len.counter);
	return BPF_CORE_READ((struct rcu_segcblist___plain *)list, len);
}

/* A syscall's arguments 0..2, as the kernel's entry code left them. */
static __always_inline __u64 sys_arg0(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return regs->di;
#else
	return regs->orig_x0;
#endif
}

static __always_inline __u64 sys_arg1(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return regs->si;
#else
	return regs->regs[1];
#endif
}

static __always_inline __u64 sys_arg2(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return regs->dx;
#else
	return regs->regs[2];
#endif
}

/* Where the function that was just entered will return to. */
static __always_inline __u64 return_address(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	__u64 addr = 0;

	bpf_probe_read_kernel(&addr, sizeof(addr), (void *)PT_REGS_SP(regs));
	return addr;
#else
	return PT_REGS_RET(regs); /* the link register */
#endif
}

#if defined(__TARGET_ARCH_x86)
#define SYS_IOCTL    16
#define SYS_CLOSE    3
#define SYS_WHOSE    KS_SYSCALL_X86
#define SYS_WHOSE_32 KS_SYSCALL_I386
/* arch/x86/entry/syscalls/syscall_32.tbl; they are setsockopt(2) and lstat(2) of a 64-bit task */
#define SYS_IOCTL_32 54
#define SYS_CLOSE_32 6
#define TS_COMPAT    0x2
#else
#define SYS_IOCTL    29
#define SYS_CLOSE    57
#define SYS_WHOSE    KS_SYSCALL_GENERIC
#define SYS_WHOSE_32 KS_SYSCALL_ARM
#define SYS_IOCTL_32 (-1)
#define TIF_32BIT    22 /* arch/arm64/include/asm/thread_info.h */
#endif

/*
 * A 32-bit program's system calls have numbers and registers of their own on x86
 * (CONFIG_IA32_EMULATION), and KVM takes them (CONFIG_KVM_COMPAT). On arm64 it does not
 * (kvm_no_compat_ioctl()). May @id be such an ioctl(2) or close(2)?
 */
static __always_inline bool sys_is_32bit(long id)
{
#if defined(__TARGET_ARCH_x86)
	return id == SYS_IOCTL_32 || id == SYS_CLOSE_32;
#else
	return false;
#endif
}

/* Is @task in one? arch/x86/include/asm/thread_info.h, syscall_32_enter(). On arm64: is it one of a
 * 32-bit program, whose system calls are all of that kind? */
static __always_inline bool task_is_32bit(struct task_struct *task)
{
#if defined(__TARGET_ARCH_x86)
	return task->thread_info.status & TS_COMPAT;
#else
	return task->thread_info.flags & (1UL << TIF_32BIT);
#endif
}

static __always_inline __u32 sys_32_arg0(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return regs->bx;
#else
	return 0;
#endif
}

static __always_inline __u32 sys_32_arg1(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return regs->cx;
#else
	return 0;
#endif
}

#endif
