/* SPDX-License-Identifier: GPL-2.0-only */
/* VMs: from a file to its struct kvm, being born, found and destroyed. */
#ifndef BPF_VM_BPF_H
#define BPF_VM_BPF_H

#include "maps.bpf.h"

/*
 * From a pointer that the verifier trusts, it asks of each pointer that is read whether it may be
 * trusted, too: four passes over all types of the kernel, half a millisecond each. One that was
 * cast it does not trust.
 */
static __always_inline struct files_struct *current_files(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 id = struct_ids[KS_STRUCT_task_struct];

	return id ? ((struct task_struct *)bpf_rdonly_cast(task, id))->files : task->files;
}

/* Plain loads, which the kernel nets for a pointer that it knows the type of: a helper's is ten
 * times as long, and this is done for each call. The list of files has no type that is known. */
static __always_inline struct file *current_file(__u32 fd)
{
	struct files_struct *files = current_files();
	struct file *file = NULL, **list;
	struct fdtable *table;

	if (!files)
		return NULL;
	table = files->fdt;
	if (!table || fd >= table->max_fds)
		return NULL;
	list = table->fd;
	bpf_probe_read_kernel(&file, sizeof(file), list + fd);
	return file;
}

static __always_inline enum ks_call_kind file_kind(struct file *file)
{
	__u64 ops = (__u64)STRUCT_READ(file, file, f_op), ioctl;

	if (!ops)
		return KS_KIND_NONE;
	if (ops == vm_fops)
		return KS_KIND_VM;
	ioctl = (__u64)STRUCT_READ(file_operations, ops, unlocked_ioctl);
	if (!ioctl)
		return KS_KIND_NONE;
	if (ioctl == sym_kvm_vm_ioctl) {
		vm_fops = ops;
		return KS_KIND_VM;
	}
	if (ioctl == sym_kvm_vcpu_ioctl)
		return KS_KIND_VCPU;
	if (ioctl == sym_kvm_device_ioctl)
		return KS_KIND_DEVICE;
	if (ioctl == sym_kvm_dev_ioctl)
		return KS_KIND_DEV;
	return KS_KIND_NONE;
}

static __always_inline __u64 file_kvm(struct file *file, enum ks_call_kind kind)
{
	void *private = BPF_CORE_READ(file, private_data);

	switch (kind) {
	case KS_KIND_VM:
		return (__u64) private;
	case KS_KIND_VCPU:
		return (__u64)BPF_CORE_READ((struct kvm_vcpu *)private, kvm);
	case KS_KIND_DEVICE:
		return (__u64)BPF_CORE_READ((struct kvm_device *)private, kvm);
	default:
		return 0;
	}
}

static __always_inline __u64 kvm_srcu(__u64 kvm)
{
	return kvm + bpf_core_field_offset(struct kvm, srcu);
}

static __always_inline __u64 kvm_irq_srcu(__u64 kvm)
{
	return kvm + bpf_core_field_offset(struct kvm, irq_srcu);
}

/* 0: this kernel's VMs have no such domain. */
static __always_inline __u64 kvm_track_srcu(__u64 kvm)
{
	struct kvm___track *old = NULL;

	if (!bpf_core_field_exists(old->arch.track_notifier_head.track_srcu))
		return 0;
	return kvm + bpf_core_field_offset(old->arch.track_notifier_head.track_srcu);
}

static __always_inline void domain_read(struct ks_domain *dom, __u64 ssp)
{
	__u64 sup = srcu_sup(ssp);

	dom->ssp = ssp;
	dom->seq = sup_seq(sup);
	dom->needed = sup_needed(sup);
	dom->expires = sup_expires(sup);
	dom->gp_start = sup_gp_start(sup);
}

static __always_inline void domain_follow(__u64 ssp, __u64 kvm)
{
	struct domain_state dom = {.kvm = kvm};

	dom.armed = sup_expires(srcu_sup(ssp)) != 0;
	if (bpf_map_update_elem(&domains, &ssp, &dom, BPF_ANY))
		count_loss(KS_LOSS_DOMAINS);
}

/* Not a VM's own, but a call of @tgid waits on it: follow it from now on. */
static __always_inline void domain_follow_foreign(__u64 ssp, __u32 tgid)
{
	if (!shared_ssp || tgid == self_tgid)
		shared_ssp = ssp;
	domain_follow(ssp, 0);
}

/* Other threads of the process may do the same. At most OWNER_VMS steps. */
static __always_inline void owner_use(struct owner *owner, __u64 kvm)
{
	for (int i = 0; i < OWNER_VMS; i++)
		if (owner->vms[i] == kvm)
			return;
	for (int i = 0; i < OWNER_VMS; i++)
		if (!owner->vms[i] && __sync_bool_compare_and_swap(&owner->vms[i], 0, kvm))
			return;
	owner->has_more = 1;
}

static __always_inline void owner_add(__u32 tgid, __u64 kvm)
{
	static const struct owner empty;
	struct owner *owner = bpf_map_lookup_elem(&owners, &tgid);

	if (!owner) {
		bpf_map_update_elem(&owners, &tgid, &empty, BPF_NOEXIST);
		owner = bpf_map_lookup_elem(&owners, &tgid);
	}
	if (!owner) {
		count_loss(KS_LOSS_TASKS);
		return;
	}
	__sync_fetch_and_add(&owner->cnt, 1);
	owner_use(owner, kvm);
}

static __always_inline void owner_drop(__u32 tgid, __u64 kvm)
{
	struct owner *owner = bpf_map_lookup_elem(&owners, &tgid);

	if (!owner)
		return;
	for (int i = 0; i < OWNER_VMS; i++)
		if (owner->vms[i] == kvm)
			owner->vms[i] = 0;
	if (__sync_fetch_and_add(&owner->cnt, -1) <= 1)
		bpf_map_delete_elem(&owners, &tgid);
}

static __always_inline bool vm_emit(__u64 kvm, __u32 shown_tgid, __u32 flags, __u64 now)
{
	struct ks_vm *vm = ring_reserve(sizeof(*vm));

	if (!vm)
		return false;
	head_fill(&vm->head, now, current_shown_tid(), KS_VM);
	vm->kvm = kvm;
	vm->tgid = shown_tgid;
	vm->flags = flags;
	vm->jiffies = bpf_jiffies64();
	domain_read(&vm->srcu, kvm_srcu(kvm));
	domain_read(&vm->irq_srcu, kvm_irq_srcu(kvm));
	bpf_get_current_comm(vm->comm, sizeof(vm->comm));
	ring_submit(vm);
	return true;
}

/* ---- the first KVM_RUN ---- */

static __always_inline void vm_await_run(__u32 tgid)
{
	struct owner *owner = bpf_map_lookup_elem(&owners, &tgid);

	__sync_fetch_and_add(&unrun_cnt, 1);
	if (owner)
		__sync_fetch_and_add(&owner->unrun_cnt, 1);
}

/* It runs, or it never will: true once for each VM that was waited for. */
static __always_inline bool vm_stop_await(struct vm_state *vm)
{
	__u32 tgid = vm->tgid;
	struct owner *owner;

	if (!__sync_bool_compare_and_swap(&vm->has_run, 0, 1))
		return false;
	owner = bpf_map_lookup_elem(&owners, &tgid);
	__sync_fetch_and_add(&unrun_cnt, -1);
	if (owner)
		__sync_fetch_and_add(&owner->unrun_cnt, -1);
	return true;
}

/* A vCPU enters KVM_RUN: the first one's first time ends its VM's start. */
static __always_inline void vcpu_runs(struct kvm_vcpu *vcpu)
{
	__u64 kvm;
	struct vm_state *vm;

	if (unrun_cnt <= 0 || BPF_CORE_READ(vcpu, vcpu_idx))
		return;
	kvm = (__u64)BPF_CORE_READ(vcpu, kvm);
	vm = bpf_map_lookup_elem(&vms, &kvm);
	if (vm && vm_stop_await(vm))
		emit_step(KS_RUN, kvm_srcu(kvm), 0, kvm);
}

/* The same by the descriptor: who owns no VM that is waited for pays for one lookup. */
static __always_inline void fd_runs(__u32 fd)
{
	__u32 tgid = current_tgid();
	struct owner *owner;
	struct file *file;

	if (unrun_cnt <= 0)
		return;
	owner = bpf_map_lookup_elem(&owners, &tgid);
	if (!owner || owner->unrun_cnt <= 0)
		return;
	file = current_file(fd);
	if (file && file_kind(file) == KS_KIND_VCPU)
		vcpu_runs((struct kvm_vcpu *)BPF_CORE_READ(file, private_data));
}

/* ---- VMs that others than their users may end ---- */

static __always_inline void vm_leave(struct vm_state *vm)
{
	if (__sync_bool_compare_and_swap(&vm->is_left, 0, 1))
		__sync_fetch_and_add(&left_cnt, 1);
}

static __always_inline void vm_forget_left(struct vm_state *vm)
{
	if (__sync_bool_compare_and_swap(&vm->is_left, 1, 0))
		__sync_fetch_and_add(&left_cnt, -1);
}

/* ---- births and ends ---- */

/* Until it gets through, each call on the VM tries again, and user space's sweep does. */
static __always_inline void vm_report(__u64 kvm, struct vm_state *vm, __u32 flags, __u64 now)
{
	__u64 track = kvm_track_srcu(kvm);

	if (!vm_emit(kvm, vm->shown_tgid, vm->flags | flags, now)) {
		vm->is_unknown = 1;
		__sync_fetch_and_add(&vms_changes, 1);
		__sync_fetch_and_add(&sweeps_wanted, 1);
		return;
	}
	if (track)
		emit_step(KS_DOMAIN, track, sup_seq(srcu_sup(track)), kvm);
}

static __always_inline void vm_report_again(__u64 kvm, struct vm_state *vm)
{
	if (vm->is_unknown && __sync_bool_compare_and_swap(&vm->is_unknown, 1, 0))
		vm_report(kvm, vm, KS_VM_FOUND, bpf_ktime_get_ns());
}

/*
 * Start to follow a VM: of @tgid, just born or (KS_VM_FOUND) seen for the first time. Global, as
 * vm_gone(): the verifier goes through it once for a program, and not in each state of its callers.
 */
GLOBAL int vm_add(__u64 kvm, __u32 tgid, __u32 shown_tgid, __u32 flags, __u64 now)
{
	struct vm_state *old = bpf_map_lookup_elem(&vms, &kvm);
	struct vm_state vm = {.tgid = tgid, .shown_tgid = shown_tgid}, *added;
	bool is_born = !(flags & KS_VM_FOUND);

	vm.has_run = !is_born;

	if (bpf_map_lookup_elem(&followed, &shown_tgid))
		vm.flags = KS_VM_FOLLOWED;
	if (old) { /* died unseen; its address is used again */
		vm_stop_await(old);
		vm_forget_left(old);
		owner_drop(old->tgid, kvm);
	}
	if (bpf_map_update_elem(&vms, &kvm, &vm, BPF_ANY)) {
		count_loss(KS_LOSS_DOMAINS);
		return 0;
	}
	owner_add(tgid, kvm);
	if (is_born)
		vm_await_run(tgid);
	domain_follow(kvm_srcu(kvm), kvm);
	domain_follow(kvm_irq_srcu(kvm), kvm);
	if (kvm_track_srcu(kvm))
		domain_follow(kvm_track_srcu(kvm), kvm);
	added = bpf_map_lookup_elem(&vms, &kvm);
	if (added)
		vm_report(kvm, added, flags, now);
	return 0;
}

/* @tgid uses this VM: its own, or one whose descriptor it was given. */
GLOBAL int vm_see(__u64 kvm, __u32 tgid, __u32 shown_tgid)
{
	struct vm_state *vm = bpf_map_lookup_elem(&vms, &kvm);
	struct owner *owner;

	if (!vm) {
		vm_add(kvm, tgid, shown_tgid, KS_VM_FOUND, bpf_ktime_get_ns());
		return 0;
	}
	vm_report_again(kvm, vm);
	if (vm->tgid == tgid)
		return 0;
	owner = bpf_map_lookup_elem(&owners, &tgid);
	if (owner)
		owner_use(owner, kvm);
	else
		owner_add(tgid, kvm);
	return 0;
}

GLOBAL int vm_gone(__u64 kvm)
{
	__u64 srcu = kvm_srcu(kvm), irq_srcu = kvm_irq_srcu(kvm), track_srcu = kvm_track_srcu(kvm);
	struct vm_state *vm = bpf_map_lookup_elem(&vms, &kvm);

	if (!vm)
		return 0;
	if (!emit_step(KS_VM_GONE, srcu, 0, kvm))
		__sync_fetch_and_add(&sweeps_wanted, 1);
	__sync_fetch_and_add(&vms_changes, 1);
	vm_stop_await(vm);
	vm_forget_left(vm);
	owner_drop(vm->tgid, kvm);
	bpf_map_delete_elem(&vms, &kvm);
	bpf_map_delete_elem(&domains, &srcu);
	bpf_map_delete_elem(&domains, &irq_srcu);
	if (track_srcu)
		bpf_map_delete_elem(&domains, &track_srcu);
	return 0;
}

/* User space asks this of each VM, in a task of its own. */
static __always_inline void vm_sweep(__u64 kvm)
{
	struct vm_state *vm = bpf_map_lookup_elem(&vms, &kvm);
	__u32 tgid;

	if (kvm_is_dead(kvm)) {
		vm_gone(kvm);
	} else if (vm) {
		vm_report_again(kvm, vm);
		tgid = vm->tgid;
		if (!bpf_map_lookup_elem(&owners, &tgid))
			vm_leave(vm);
	}
}

#endif
