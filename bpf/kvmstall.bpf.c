// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attach points only: each is one call of a shared body. Where it is attached is in the list of
 * programs. "?": nothing loads until the plan (src/host/attach_plan.c) asks for it.
 *
 * "Worst:" before each is the most that one run does; tests/lint/loops.sh holds that it is there.
 * In all of them, what is the least, "one comparison" or "one lookup", is nearly every run. A
 * lookup, an update and a deletion take 0.02 to 0.2 us, a record 0.1 to 0.5, a stack 10 to 30 where
 * its tables are not in a cache: docs/cost.md. To follow a VM ("a VM is added") is eight lookups,
 * six updates and two records; its end is three lookups, five deletions and one record.
 */
#include <kvmstall/programs.h>

#include "gp.bpf.h"
#include "lock.bpf.h"
#include "rcu.bpf.h"
#include "readers.bpf.h"
#include "scan.bpf.h"
#include "sleep.bpf.h"
#include "wait.bpf.h"
#ifdef KS_TIMING
#define TRACE_PROG TIMED_PROG
#else
#define TRACE_PROG BPF_PROG
#endif

/* Is a switch to a task reported? In a build that has it so, as on some kernels (away.h), of
 * KS_UNSEEN one is not: tests/live/drain.sh. */
#ifdef KS_UNSEEN
#define IS_REPORTED (bpf_get_prandom_u32() % KS_UNSEEN != 0)
#else
#define IS_REPORTED true
#endif

char LICENSE[] SEC("license") = "GPL";

/* What a program of each type is given. */
#define CTX_tp_btf(target)     unsigned long long
#define CTX_fentry(target)     unsigned long long
#define CTX_fexit(target)      unsigned long long
#define CTX_kprobe(target)     struct pt_regs
#define CTX_kretprobe(target)  struct pt_regs
#define CTX_iter(target)       struct bpf_iter__##target
#define CTX_perf_event(target) void
#define CTX_syscall(target)    void

/* Where libbpf attaches one of each type; a perf event is made by hand. */
#define SEC_tp_btf(target)     "?tp_btf/" #target
#define SEC_fentry(target)     "?fentry/" #target
#define SEC_fexit(target)      "?fexit/" #target
#define SEC_kprobe(target)     "?kprobe/" #target
#define SEC_kretprobe(target)  "?kretprobe/" #target
#define SEC_iter(target)       "?iter/" #target
#define SEC_perf_event(target) "?perf_event"
#define SEC_syscall(target)    "?syscall"

#define X(name, type, target, ...) SEC(SEC_##type(target)) int name(CTX_##type(target) * ctx);
KS_PROGRAMS(X)
#undef X

/* A program that has no row would have no section. */
#define LISTED(name) _Static_assert(KS_PROGRAM_##name < KS_PROGRAM_CNT, "programs.h lacks it");

#define TRACE(name, ...)	LISTED(name) int TRACE_PROG(name, __VA_ARGS__)
#define PROBE(name, ...)	LISTED(name) int BPF_KPROBE(name, __VA_ARGS__)
#define PROBE_RETURN(name, ...) LISTED(name) int BPF_KRETPROBE(name, ##__VA_ARGS__)
#define ITERATE(name, what)	LISTED(name) int name(struct bpf_iter__##what *ctx)

/* ---- calls ---- */

/* Worst: the first call on a VM: it is added, two lookups, an update; of a close, a record more. */
TRACE(sys_enter_tp, struct pt_regs *regs, long id)
{
	bool is_32bit = sys_is_32bit(id);
	__u32 fd, cmd, tgid;
	struct file *file;

	if (id != SYS_IOCTL && id != SYS_CLOSE && !is_32bit)
		return 0;
	if (is_32bit && !task_is_32bit(bpf_get_current_task_btf()))
		return 0;
	fd = is_32bit ? sys_32_arg0(regs) : sys_arg0(regs);
	if (id == SYS_IOCTL || id == SYS_IOCTL_32) {
		cmd = is_32bit ? sys_32_arg1(regs) : sys_arg1(regs);
		if (cmd == CMD_RUN)
			fd_runs(fd);
		if (KVM_DIR(cmd) != KVMIO || !wanted[KVM_NR(cmd)])
			return 0;
		file = current_file(fd);
		if (file)
			ioctl_open(file, cmd, sys_arg2(regs)); /* in the same register */
	} else {
		tgid = current_tgid();
		/* anybody may have been given the last descriptor of a VM that its owner has left
		 */
		if (left_cnt <= 0 && !bpf_map_lookup_elem(&owners, &tgid))
			return 0;
		if (!is_32bit && task_is_32bit(bpf_get_current_task_btf()))
			return 0; /* it is another one: read(2) on x86 */
		file = current_file(fd);
		if (file)
			call_begin_close(file);
	}
	return 0;
}

/* Worst: KVM_CREATE_VM: a VM is added, three lookups, a deletion, two records, the head of its
 * argument from user space, and the reader is woken. Of a last close: a VM's end instead. */
TRACE(sys_exit_tp, struct pt_regs *regs, long ret)
{
	bool is_ioctl = sys_nr(regs) == SYS_IOCTL;
	__u32 cmd = sys_arg1(regs);
	struct file *file;

	if (is_ioctl && (KVM_DIR(cmd) != KVMIO || !wanted[KVM_NR(cmd)]))
		return 0;
	if (call_end_begun(ret) || !is_ioctl)
		return 0;
	/* none was seen to begin: on which file? */
	file = current_file(sys_arg0(regs));
	if (file)
		ioctl_end_unseen(file_kind(file), cmd);
	return 0;
}

/* Worst: two lookups, an update and a record, in a process that owns VMs. */
TRACE(exit_tp, struct task_struct *task)
{
	__u32 tgid = task->tgid;

	if (!bpf_map_lookup_elem(&owners, &tgid))
		return 0;
	call_begin(KS_KIND_EXIT, 0, 0, 0);
	if (is_attached && !BPF_CORE_READ(task, signal, live.counter))
		emit_step(KS_CLOSING, 0, tgid, 0);
	return 0;
}

/* clang-format off */
/* An ioctl on a file of @kind of the VM @kvm, by each way to see a function. Worst: as sys_enter_tp
 * and sys_exit_tp. */
#define IOCTL(what, kind, kvm)                                                                     \
	TRACE(what##_fentry, struct file *file, unsigned int cmd, unsigned long arg)               \
	{                                                                                          \
		if (is_wanted(cmd, kind))                                                          \
			call_begin(kind, kvm, cmd, arg);                                           \
		return 0;                                                                          \
	}                                                                                          \
	TRACE(what##_fexit, struct file *file, unsigned int cmd, unsigned long arg, long ret)      \
	{                                                                                          \
		call_end_ioctl(kind, cmd, ret);                                                    \
		return 0;                                                                          \
	}                                                                                          \
	PROBE(what##_kprobe, struct file *file, unsigned int cmd, unsigned long arg)               \
	{                                                                                          \
		if (is_wanted(cmd, kind) && call_will_end(ctx))                                    \
			call_begin(kind, kvm, cmd, arg);                                           \
		return 0;                                                                          \
	}                                                                                          \
	PROBE_RETURN(what##_kret, long ret)                                                        \
	{                                                                                          \
		call_end(ret);                                                                     \
		return 0;                                                                          \
	}

/* The last close of a file of @kind. Worst: as sys_enter_tp and sys_exit_tp. */
#define RELEASE(what, kind)                                                                        \
	TRACE(what##_fentry, struct inode *inode, struct file *file)                               \
	{                                                                                          \
		call_begin_release(file, kind);                                                    \
		return 0;                                                                          \
	}                                                                                          \
	TRACE(what##_fexit, struct inode *inode, struct file *file, int ret)                       \
	{                                                                                          \
		call_end(ret);                                                                     \
		return 0;                                                                          \
	}                                                                                          \
	PROBE(what##_kprobe, struct inode *inode, struct file *file)                               \
	{                                                                                          \
		if (call_will_end(ctx))                                                            \
			call_begin_release(file, kind);                                            \
		return 0;                                                                          \
	}                                                                                          \
	PROBE_RETURN(what##_kret, int ret)                                                         \
	{                                                                                          \
		call_end(ret);                                                                     \
		return 0;                                                                          \
	}

/* Worst: five lookups, two updates, no record; of its end outside any call, the record of a call. */
#define WAIT(what, api)                                                                            \
	TRACE(what##_fentry, struct srcu_struct *ssp)                                              \
	{                                                                                          \
		wait_open((__u64)ssp, api);                                                        \
		return 0;                                                                          \
	}                                                                                          \
	TRACE(what##_fexit, struct srcu_struct *ssp)                                               \
	{                                                                                          \
		wait_close();                                                                      \
		return 0;                                                                          \
	}                                                                                          \
	PROBE(what##_kprobe, struct srcu_struct *ssp)                                              \
	{                                                                                          \
		wait_open_kprobe(ctx, (__u64)ssp, api);                                            \
		return 0;                                                                          \
	}                                                                                          \
	PROBE_RETURN(what##_kret)                                                                  \
	{                                                                                          \
		wait_close();                                                                      \
		return 0;                                                                          \
	}

/* The verifier reads no argument whose type is a function pointer. Worst: three lookups, a record. */
#define CALLBACK(what)                                                                             \
	TRACE(what##_fentry, struct srcu_struct *ssp)                                              \
	{                                                                                          \
		__u64 func = 0;                                                                    \
		bpf_get_func_arg(ctx, 2, &func);                                                   \
		callback((__u64)ssp, func);                                                        \
		return 0;                                                                          \
	}                                                                                          \
	PROBE(what##_kprobe, struct srcu_struct *ssp, void *head, void *func)                      \
	{                                                                                          \
		callback((__u64)ssp, (__u64)func);                                                 \
		return 0;                                                                          \
	}

/* Where a domain is taken apart. Worst: a lookup, and a VM's end. */
#define CLEANUP(what)                                                                              \
	TRACE(what##_fentry, struct srcu_struct *ssp)                                              \
	{                                                                                          \
		domain_gone((__u64)ssp);                                                           \
		return 0;                                                                          \
	}                                                                                          \
	PROBE(what##_kprobe, struct srcu_struct *ssp)                                              \
	{                                                                                          \
		domain_gone((__u64)ssp);                                                           \
		return 0;                                                                          \
	}

/* A work of a domain runs. Worst: three lookups, two records, and the reader is woken (KS_HELD). */
#define WORK(what)                                                                                 \
	TRACE(what##_fentry, struct work_struct *work)                                             \
	{                                                                                          \
		what##_begin((__u64)work);                                                         \
		return 0;                                                                          \
	}                                                                                          \
	TRACE(what##_fexit, struct work_struct *work)                                              \
	{                                                                                          \
		what##_end((__u64)work);                                                           \
		return 0;                                                                          \
	}
/* clang-format on */

IOCTL(dev, KS_KIND_DEV, 0)
IOCTL(vm, KS_KIND_VM, file_kvm(file, KS_KIND_VM))
IOCTL(device, KS_KIND_DEVICE, file_kvm(file, KS_KIND_DEVICE))
RELEASE(vm_rel, KS_KIND_VM)
RELEASE(vcpu_rel, KS_KIND_VCPU)
CLEANUP(cleanup)
WAIT(sync, KS_API_SYNC)
WAIT(sync_exp, KS_API_SYNC_EXPEDITED)
WAIT(barrier, KS_API_BARRIER)
CALLBACK(callback)
CALLBACK(call_exp)
WORK(gp)
WORK(cb)

/* A function that a vCPU passes in its first KVM_RUN, and rarely again. Worst: three lookups, a
 * record. */
TRACE(run_fentry, struct kvm_vcpu *vcpu)
{
	vcpu_runs(vcpu);
	return 0;
}

/* Worst: as run_fentry. */
PROBE(run_kprobe, struct kvm_vcpu *vcpu)
{
	vcpu_runs(vcpu);
	return 0;
}

/* ---- sleeps ---- */

/*
 * At the end of a switch, in who was given the CPU: no run queue is locked, interrupts are on.
 * Worst: who had it was the last thread of an owner of four VMs (four VMs' ends, a call's record, a
 * deletion), and who has it slept in a call for 200 us: a lookup, two records and one stack of at
 * most KS_STACK_MAX frames, most of the time of all this; outside any call a record more, and a
 * deletion; and the same of who was given it unseen. Else one lookup and two comparisons, and
 * while there is a call another lookup.
 */
TRACE(back_tp, bool is_switch)
{
	struct back *back = this_back();

	if (!back)
		return 0;
	back_buries(back);
	if (!back->tid)
		current_was_unseen(ctx);
	current_is_back(ctx, back);
	return 0;
}

/*
 * The run queue is locked. Worst: who comes slept in a call for 200 us (what a record of that needs
 * of this moment, and one of a wait for a CPU), and is no thread of the kernel; or one of those two
 * is, and has its record (rcu_emit(), kthread_runs()). Before v6.15, which has no back_tp, and
 * where a thread that never ran comes after one that dies, all that back_tp does.
 */
TRACE(switch_tp, bool preempt, struct task_struct *prev, struct task_struct *next,
      unsigned int prev_state)
{
	turn_ends(prev, next);
	rcu_gp_sleeps(prev, preempt, prev_state);
	task_off_cpu(ctx, prev, preempt, prev_state, next);
	kthread_runs(next, prev);
	if (IS_REPORTED)
		task_on_cpu(ctx, next, prev);
	return 0;
}

/* With the woken task's .pi_lock. Worst: four lookups, two updates, a record of RCU's kthread and
 * one of its timer. */
TRACE(waking_tp, struct task_struct *task)
{
	sleep_wake(task);
	kthread_wakes_up(task);
	rcu_gp_wakes(task);
	return 0;
}

/* Worst: two lookups and two records, before a sleep or a spin. */
TRACE(lock_tp, void *lock, unsigned int flags)
{
	if (tasks_cnt)
		lock_wait((__u64)lock, flags);
	return 0;
}

/* Worst: a lookup and two records, of who spun. */
TRACE(lock_end_tp, void *lock, int ret)
{
	if (tasks_cnt)
		lock_got((__u64)lock);
	return 0;
}

/* ---- grace periods ---- */

/* The timer's base is locked. Worst: a call that starts a grace period: three lookups, and a record
 * with one stack, which says who asked for it. In SRCU's own work: no stack. */
TRACE(timer_tp, struct timer_list *timer)
{
	__u64 func = (__u64)timer->function;
	__u64 work = (__u64)timer - bpf_core_field_offset(struct delayed_work, timer);

	if (func == sym_srcu_delay_timer)
		cb_armed((__u64)timer, timer->expires);
	else if (func == sym_delayed_work_timer_fn &&
		 (__u64)STRUCT_READ(work_struct, work, func) == sym_process_srcu)
		gp_armed(ctx, work, timer->expires);
	else if (func == sym_process_timeout)
		rcu_gp_arms((__u64)timer);
	return 0;
}

/* Worst: three lookups, an update in place, a record without a stack. */
TRACE(queue_tp, int cpu, struct pool_workqueue *pwq, struct work_struct *work)
{
	__u64 func = (__u64)work->func;

	if (func == sym_process_srcu)
		gp_queued((__u64)work);
	else if (func == sym_srcu_invoke_callbacks)
		cb_queued((__u64)work);
	return 0;
}

/* Worst: three lookups, a record. */
TRACE(work_begin_tp, struct work_struct *work)
{
	__u64 func = (__u64)work->func;

	if (func == sym_process_srcu)
		gp_begin((__u64)work);
	else if (func == sym_srcu_invoke_callbacks)
		cb_begin((__u64)work);
	return 0;
}

/*
 * A work may have freed itself by now, and the verifier makes of a tracepoint's argument a load
 * without a net: bpf_map_free_deferred() in vmalloc space was an oops. So a read that may fault.
 * Worst: three lookups, two records, and the reader is woken (KS_HELD).
 */
TRACE(work_end_tp, struct work_struct *work)
{
	__u64 func = (__u64)STRUCT_READ(work_struct, work, func);

	if (func == sym_process_srcu)
		gp_end((__u64)work);
	else if (func == sym_srcu_invoke_callbacks)
		cb_end((__u64)work);
	return 0;
}

/* ---- who is there ---- */

/* Worst: a lookup and two updates. */
TRACE(fork_tp, struct task_struct *parent, struct task_struct *child)
{
	__u32 tgid = shown_tgid(parent, parent->tgid), one = 1;
	__u32 child_tgid = shown_tgid(child, child->tgid);

	kthread_is_born(parent, child);
	if (child->tgid != parent->tgid && bpf_map_lookup_elem(&followed, &tgid) &&
	    bpf_map_update_elem(&followed, &child_tgid, &one, BPF_ANY))
		count_loss(KS_LOSS_FOLLOWED);
	return 0;
}

/* Its process id will be somebody else's. do_exit() has counted the thread out of .live by now.
 * Worst: a deletion. */
TRACE(unfollow_tp, struct task_struct *task)
{
	__u32 tgid = shown_tgid(task, task->tgid);

	if (!BPF_CORE_READ(task, signal, live.counter))
		bpf_map_delete_elem(&followed, &tgid);
	return 0;
}

/* VMs that existed before us, by the descriptors that hold them. Worst, for each: a VM is added. */
ITERATE(find_iter, task_file)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	enum ks_call_kind kind;
	__u64 kvm;

	if (!task || !file)
		return 0;
	kind = file_kind(file);
	if (kind != KS_KIND_VM && kind != KS_KIND_VCPU && kind != KS_KIND_DEVICE)
		return 0;
	kvm = file_kvm(file, kind);
	if (kvm)
		vm_see(kvm, task->tgid, shown_tgid(task, task->tgid));
	return 0;
}

/* VMs that are followed, one by one: which have ended unseen, and which does user space not know?
 * Worst, for each: its end. */
ITERATE(sweep_iter, bpf_map_elem)
{
	__u64 *kvm = ctx->key;

	if (kvm)
		vm_sweep(*kvm);
	return 0;
}

/* Threads that may hold a domain, or sleep on one: one pass when user space asks for it. Worst, for
 * each: a lookup, a record and a stack, in the time of who reads the iterator. */
ITERATE(task_iter, task)
{
	struct task_struct *task = ctx->task;

	if (task && scan_self) {
		self_scan();
	} else if (task && scan_rcu) {
		rcu_learn(task);
	} else if (task && scan_wants) {
		task_wants(task);
		task_halted(task);
	} else if (task) {
		task_scan(task);
	}
	return 0;
}

/* Who is on this CPU: a few times when user space asks for it. Worst: a lookup, a record and a
 * stack, in an interrupt. */
LISTED(sample_perf) int sample_perf(void *ctx)
{
	task_sample_cpu(ctx);
	return 1; /* the event counts how often it may still come */
}

/* What a CPU has counted of a domain's readers, when user space asks. Worst: a dozen reads, in its
 * time. */
LISTED(readers_ask) int readers_ask(void *ctx)
{
	readers_read();
	return 0;
}
