// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attach points only: each is one call of a shared body. "?": nothing loads
 * until the plan (src/host/attach_plan.c) asks for it.
 */
#include "gp.bpf.h"
#include "lock.bpf.h"
#include "scan.bpf.h"
#include "sleep.bpf.h"
#include "wait.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* ---- calls ---- */

SEC("?tp_btf/sys_enter")
int BPF_PROG(sys_enter_tp, struct pt_regs *regs, long id)
{
	__u32 tgid;
	struct file *file;

	if (id == SYS_IOCTL) {
		__u32 cmd = sys_arg1(regs);

		if (KVM_DIR(cmd) != KVMIO || !wanted[KVM_NR(cmd)])
			return 0;
		file = current_file(sys_arg0(regs));
		if (file)
			ioctl_open(file, cmd, sys_arg2(regs));
	} else if (id == SYS_CLOSE) {
		tgid = current_tgid();
		if (!bpf_map_lookup_elem(&owners, &tgid))
			return 0;
		file = current_file(sys_arg0(regs));
		if (file)
			call_begin_close(file);
	}
	return 0;
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(sys_exit_tp, struct pt_regs *regs, long ret)
{
	struct file *file;
	__u32 cmd;

	if (sys_nr(regs) != SYS_IOCTL) {
		call_end(ret);
		return 0;
	}
	cmd = sys_arg1(regs);
	if (KVM_DIR(cmd) != KVMIO || !wanted[KVM_NR(cmd)])
		return 0;
	file = current_file(sys_arg0(regs));
	if (file)
		call_end_ioctl(file_kind(file), cmd, ret);
	return 0;
}

SEC("?tp_btf/sched_process_exit")
int BPF_PROG(exit_tp, struct task_struct *task)
{
	__u32 tgid = task->tgid;

	if (bpf_map_lookup_elem(&owners, &tgid))
		call_begin(KS_KIND_EXIT, 0, 0, 0);
	return 0;
}

SEC("?fentry/kvm_dev_ioctl")
int BPF_PROG(dev_ioctl_fentry, struct file *file, unsigned int cmd, unsigned long arg)
{
	if (is_wanted(cmd, KS_KIND_DEV))
		call_begin(KS_KIND_DEV, 0, cmd, arg);
	return 0;
}

SEC("?fexit/kvm_dev_ioctl")
int BPF_PROG(dev_ioctl_fexit, struct file *file, unsigned int cmd, unsigned long arg, long ret)
{
	call_end_ioctl(KS_KIND_DEV, cmd, ret);
	return 0;
}

SEC("?fentry/kvm_vm_ioctl")
int BPF_PROG(vm_ioctl_fentry, struct file *file, unsigned int cmd, unsigned long arg)
{
	if (is_wanted(cmd, KS_KIND_VM))
		call_begin(KS_KIND_VM, file_kvm(file, KS_KIND_VM), cmd, arg);
	return 0;
}

SEC("?fexit/kvm_vm_ioctl")
int BPF_PROG(vm_ioctl_fexit, struct file *file, unsigned int cmd, unsigned long arg, long ret)
{
	call_end_ioctl(KS_KIND_VM, cmd, ret);
	return 0;
}

SEC("?fentry/kvm_device_ioctl")
int BPF_PROG(device_ioctl_fentry, struct file *file, unsigned int cmd, unsigned long arg)
{
	if (is_wanted(cmd, KS_KIND_DEVICE))
		call_begin(KS_KIND_DEVICE, file_kvm(file, KS_KIND_DEVICE), cmd, arg);
	return 0;
}

SEC("?fexit/kvm_device_ioctl")
int BPF_PROG(device_ioctl_fexit, struct file *file, unsigned int cmd, unsigned long arg, long ret)
{
	call_end_ioctl(KS_KIND_DEVICE, cmd, ret);
	return 0;
}

SEC("?fentry/kvm_vm_release")
int BPF_PROG(vm_release_fentry, struct inode *inode, struct file *file)
{
	call_begin(KS_KIND_CLOSE, file_kvm(file, KS_KIND_VM), 0, 0);
	return 0;
}

SEC("?fexit/kvm_vm_release")
int BPF_PROG(vm_release_fexit, struct inode *inode, struct file *file, int ret)
{
	call_end(ret);
	return 0;
}

SEC("?fentry/kvm_vcpu_release")
int BPF_PROG(vcpu_release_fentry, struct inode *inode, struct file *file)
{
	call_begin(KS_KIND_CLOSE, file_kvm(file, KS_KIND_VCPU), 0, 0);
	return 0;
}

SEC("?fexit/kvm_vcpu_release")
int BPF_PROG(vcpu_release_fexit, struct inode *inode, struct file *file, int ret)
{
	call_end(ret);
	return 0;
}

SEC("?kprobe/kvm_dev_ioctl")
int BPF_KPROBE(dev_ioctl_kprobe, struct file *file, unsigned int cmd, unsigned long arg)
{
	if (is_wanted(cmd, KS_KIND_DEV) && call_will_end(ctx))
		call_begin(KS_KIND_DEV, 0, cmd, arg);
	return 0;
}

SEC("?kretprobe/kvm_dev_ioctl")
int BPF_KRETPROBE(dev_ioctl_kret, long ret)
{
	call_end(ret);
	return 0;
}

SEC("?kprobe/kvm_vm_ioctl")
int BPF_KPROBE(vm_ioctl_kprobe, struct file *file, unsigned int cmd, unsigned long arg)
{
	if (is_wanted(cmd, KS_KIND_VM) && call_will_end(ctx))
		call_begin(KS_KIND_VM, file_kvm(file, KS_KIND_VM), cmd, arg);
	return 0;
}

SEC("?kretprobe/kvm_vm_ioctl")
int BPF_KRETPROBE(vm_ioctl_kret, long ret)
{
	call_end(ret);
	return 0;
}

SEC("?kprobe/kvm_device_ioctl")
int BPF_KPROBE(device_ioctl_kprobe, struct file *file, unsigned int cmd, unsigned long arg)
{
	if (is_wanted(cmd, KS_KIND_DEVICE) && call_will_end(ctx))
		call_begin(KS_KIND_DEVICE, file_kvm(file, KS_KIND_DEVICE), cmd, arg);
	return 0;
}

SEC("?kretprobe/kvm_device_ioctl")
int BPF_KRETPROBE(device_ioctl_kret, long ret)
{
	call_end(ret);
	return 0;
}

SEC("?kprobe/kvm_vm_release")
int BPF_KPROBE(vm_release_kprobe, struct inode *inode, struct file *file)
{
	if (call_will_end(ctx))
		call_begin(KS_KIND_CLOSE, file_kvm(file, KS_KIND_VM), 0, 0);
	return 0;
}

SEC("?kretprobe/kvm_vm_release")
int BPF_KRETPROBE(vm_release_kret, int ret)
{
	call_end(ret);
	return 0;
}

SEC("?kprobe/kvm_vcpu_release")
int BPF_KPROBE(vcpu_release_kprobe, struct inode *inode, struct file *file)
{
	if (call_will_end(ctx))
		call_begin(KS_KIND_CLOSE, file_kvm(file, KS_KIND_VCPU), 0, 0);
	return 0;
}

SEC("?kretprobe/kvm_vcpu_release")
int BPF_KRETPROBE(vcpu_release_kret, int ret)
{
	call_end(ret);
	return 0;
}

/* The definite end of a VM: its main domain is taken apart (kvm_destroy_vm, every release). */
SEC("?fentry/cleanup_srcu_struct")
int BPF_PROG(cleanup_fentry, struct srcu_struct *ssp)
{
	domain_gone((__u64)ssp);
	return 0;
}

SEC("?kprobe/cleanup_srcu_struct")
int BPF_KPROBE(cleanup_kprobe, struct srcu_struct *ssp)
{
	domain_gone((__u64)ssp);
	return 0;
}

/* ---- waits ---- */

SEC("?fentry/synchronize_srcu")
int BPF_PROG(sync_fentry, struct srcu_struct *ssp)
{
	wait_open((__u64)ssp, KS_API_SYNC);
	return 0;
}

SEC("?fexit/synchronize_srcu")
int BPF_PROG(sync_fexit, struct srcu_struct *ssp)
{
	wait_close();
	return 0;
}

SEC("?fentry/synchronize_srcu_expedited")
int BPF_PROG(sync_exp_fentry, struct srcu_struct *ssp)
{
	wait_open((__u64)ssp, KS_API_SYNC_EXPEDITED);
	return 0;
}

SEC("?fexit/synchronize_srcu_expedited")
int BPF_PROG(sync_exp_fexit, struct srcu_struct *ssp)
{
	wait_close();
	return 0;
}

SEC("?fentry/srcu_barrier")
int BPF_PROG(barrier_fentry, struct srcu_struct *ssp)
{
	wait_open((__u64)ssp, KS_API_BARRIER);
	return 0;
}

SEC("?fexit/srcu_barrier")
int BPF_PROG(barrier_fexit, struct srcu_struct *ssp)
{
	wait_close();
	return 0;
}

SEC("?kprobe/synchronize_srcu")
int BPF_KPROBE(sync_kprobe, struct srcu_struct *ssp)
{
	wait_open_kprobe(ctx, (__u64)ssp, KS_API_SYNC);
	return 0;
}

SEC("?kretprobe/synchronize_srcu")
int BPF_KRETPROBE(sync_kret)
{
	wait_close();
	return 0;
}

SEC("?kprobe/synchronize_srcu_expedited")
int BPF_KPROBE(sync_exp_kprobe, struct srcu_struct *ssp)
{
	wait_open_kprobe(ctx, (__u64)ssp, KS_API_SYNC_EXPEDITED);
	return 0;
}

SEC("?kretprobe/synchronize_srcu_expedited")
int BPF_KRETPROBE(sync_exp_kret)
{
	wait_close();
	return 0;
}

SEC("?kprobe/srcu_barrier")
int BPF_KPROBE(barrier_kprobe, struct srcu_struct *ssp)
{
	wait_open_kprobe(ctx, (__u64)ssp, KS_API_BARRIER);
	return 0;
}

SEC("?kretprobe/srcu_barrier")
int BPF_KRETPROBE(barrier_kret)
{
	wait_close();
	return 0;
}

SEC("?fentry/call_srcu")
int BPF_PROG(callback_fentry, struct srcu_struct *ssp)
{
	__u64 func = 0;

	/* The verifier reads no argument whose type is a function pointer. */
	bpf_get_func_arg(ctx, 2, &func);
	callback((__u64)ssp, func);
	return 0;
}

SEC("?kprobe/call_srcu")
int BPF_KPROBE(callback_kprobe, struct srcu_struct *ssp, void *head, void *func)
{
	callback((__u64)ssp, (__u64)func);
	return 0;
}

/* Not in any release yet: [RFC PATCH 2/3] srcu: Add and export call_srcu_expedited() (2026-03) */
SEC("?fentry/call_srcu_expedited")
int BPF_PROG(callback_exp_fentry, struct srcu_struct *ssp)
{
	__u64 func = 0;

	bpf_get_func_arg(ctx, 2, &func);
	callback((__u64)ssp, func);
	return 0;
}

SEC("?kprobe/call_srcu_expedited")
int BPF_KPROBE(callback_exp_kprobe, struct srcu_struct *ssp, void *head, void *func)
{
	callback((__u64)ssp, (__u64)func);
	return 0;
}

/* ---- sleeps ---- */

SEC("?tp_btf/sched_switch")
int BPF_PROG(switch_tp, bool preempt, struct task_struct *prev, struct task_struct *next,
	     unsigned int prev_state)
{
	task_off_cpu(ctx, prev, preempt, prev_state);
	task_on_cpu(next);
	return 0;
}

SEC("?tp_btf/sched_waking")
int BPF_PROG(waking_tp, struct task_struct *task)
{
	sleep_wake(task);
	return 0;
}

SEC("?tp_btf/contention_begin")
int BPF_PROG(lock_tp, void *lock, unsigned int flags)
{
	if (tasks_cnt)
		lock_wait((__u64)lock);
	return 0;
}

SEC("?tp_btf/contention_end")
int BPF_PROG(lock_end_tp, void *lock, int ret)
{
	if (tasks_cnt)
		lock_got();
	return 0;
}

/* ---- grace periods ---- */

SEC("?tp_btf/timer_start")
int BPF_PROG(timer_tp, struct timer_list *timer)
{
	__u64 func = (__u64)timer->function;
	__u64 work = (__u64)timer - bpf_core_field_offset(struct delayed_work, timer);

	if (func == sym_srcu_delay_timer)
		cb_armed((__u64)timer, timer->expires);
	else if (func == sym_delayed_work_timer_fn &&
		 (__u64)BPF_CORE_READ((struct work_struct *)work, func) == sym_process_srcu)
		gp_armed(ctx, work, timer->expires);
	return 0;
}

SEC("?tp_btf/workqueue_queue_work")
int BPF_PROG(queue_tp, int cpu, struct pool_workqueue *pwq, struct work_struct *work)
{
	__u64 func = (__u64)work->func;

	if (func == sym_process_srcu)
		gp_queued((__u64)work);
	else if (func == sym_srcu_invoke_callbacks)
		cb_queued((__u64)work);
	return 0;
}

SEC("?tp_btf/workqueue_execute_start")
int BPF_PROG(work_begin_tp, struct work_struct *work)
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
 */
SEC("?tp_btf/workqueue_execute_end")
int BPF_PROG(work_end_tp, struct work_struct *work)
{
	__u64 func = (__u64)BPF_CORE_READ(work, func);

	if (func == sym_process_srcu)
		gp_end((__u64)work);
	else if (func == sym_srcu_invoke_callbacks)
		cb_end((__u64)work);
	return 0;
}

SEC("?fentry/process_srcu")
int BPF_PROG(gp_fentry, struct work_struct *work)
{
	gp_begin((__u64)work);
	return 0;
}

SEC("?fexit/process_srcu")
int BPF_PROG(gp_fexit, struct work_struct *work)
{
	gp_end((__u64)work);
	return 0;
}

SEC("?fentry/srcu_invoke_callbacks")
int BPF_PROG(cb_fentry, struct work_struct *work)
{
	cb_begin((__u64)work);
	return 0;
}

SEC("?fexit/srcu_invoke_callbacks")
int BPF_PROG(cb_fexit, struct work_struct *work)
{
	cb_end((__u64)work);
	return 0;
}

/* ---- who is there ---- */

SEC("?tp_btf/sched_process_fork")
int BPF_PROG(fork_tp, struct task_struct *parent, struct task_struct *child)
{
	__u32 tgid = parent->tgid, child_tgid = child->tgid, one = 1;

	if (child_tgid != tgid && bpf_map_lookup_elem(&followed, &tgid))
		bpf_map_update_elem(&followed, &child_tgid, &one, BPF_ANY);
	return 0;
}

/* VMs that existed before us, by the descriptors that hold them. */
SEC("?iter/task_file")
int find_iter(struct bpf_iter__task_file *ctx)
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
		vm_see(kvm, task->tgid);
	return 0;
}

/* Threads that may hold a domain, or sleep on one: one pass when user space asks for it. */
SEC("?iter/task")
int task_iter(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (task)
		task_scan(task);
	return 0;
}
