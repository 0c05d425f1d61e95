/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls: what a task is in, from its begin to its end. */
#ifndef BPF_CALL_BPF_H
#define BPF_CALL_BPF_H

#include "vm.bpf.h"

#define SIGNAL_GROUP_EXIT 0x4
#define PF_KTHREAD	  0x200000
#define PF_USER_WORKER	  0x4000 /* v6.4: in a user's process, and of the kernel */
#define PF_WORKS	  (PF_KTHREAD | PF_USER_WORKER)

#define KVMIO	      0xae
#define KVM_NR(cmd)   ((cmd)&0xff)
#define KVM_DIR(cmd)  (((cmd) >> 8) & 0xff)
#define CMD_SIZE(cmd) (((cmd) >> 16) & 0x3fff)

#define NR_CREATE_VM 0x01
#define CMD_RUN	     0xae80 /* _IO(KVMIO, 0x80) */

/* What a task is in; NULL: in nothing that we know of. */
static __always_inline struct task_state *task_lookup(__u32 tid)
{
	struct task_state *state = bpf_map_lookup_elem(&tasks, &tid);

	return state && state->is_used ? state : NULL;
}

/* The same, and cheaper while no task is in anything. */
static __always_inline struct task_state *task_find(__u32 tid)
{
	return tasks_cnt ? task_lookup(tid) : NULL;
}

/* @old->is_used is the last that is written, so that a switch of the task meanwhile sees all or
 * nothing. */
static __always_inline void task_reuse(struct task_state *old, const struct task_state *state)
{
	if (old->is_used && old->kind)
		count_loss(KS_LOSS_NO_END); /* calls do not nest */
	__builtin_memcpy(old, state, __builtin_offsetof(struct task_state, is_used));
	barrier();
	if (old->is_used)
		return;
	__sync_fetch_and_add(&tasks_cnt, 1);
	old->is_used = 1;
}

/* @old: the entry of the task, or NULL: it has none. */
static __always_inline void task_add_to(struct task_state *old, __u32 tid, struct task_state *state)
{
	state->is_used = 1;
	if (!tasks_cnt)
		calls_since_ns = state->begin_ns;
	if (old) {
		task_reuse(old, state);
	} else if (bpf_map_update_elem(&tasks, &tid, state, BPF_NOEXIST)) {
		count_loss(KS_LOSS_TASKS);
	} else {
		__sync_fetch_and_add(&entries_cnt, 1);
		__sync_fetch_and_add(&tasks_cnt, 1);
	}
}

static __always_inline void task_add(__u32 tid, struct task_state *state)
{
	task_add_to(bpf_map_lookup_elem(&tasks, &tid), tid, state);
}

static __always_inline void task_forget(__u32 tid)
{
	if (!bpf_map_delete_elem(&tasks, &tid))
		__sync_fetch_and_add(&entries_cnt, -1);
}

/* It is in nothing any more. False: it was not. */
static __always_inline bool task_end(struct task_state *state)
{
	if (!__sync_bool_compare_and_swap(&state->is_used, 1, 0))
		return false;
	__sync_fetch_and_add(&tasks_cnt, -1);
	return true;
}

/* What is no call's, or of a task that dies. */
static __always_inline void task_del(struct task_state *state, __u32 tid)
{
	if (task_end(state))
		task_forget(tid);
}

/* The call of a task that will make another one. */
static __always_inline void task_keep(struct task_state *state, __u32 tid)
{
	if (task_end(state) && entries_cnt > TASKS_KEPT)
		task_forget(tid);
}

/*
 * Its task has a CPU, which it may not have been seen to get (away.h). False: it was in no call,
 * but in a sleep that is over, and it is forgotten.
 */
static __always_inline bool task_runs(struct task_state *state, __u32 tid)
{
	if (away_missed(&state->away)) {
		count_loss(KS_LOSS_MISSED);
		state->sleeps++; /* which has no record: the call is incomplete */
	}
	if (state->kind || state->wait_ns)
		return true;
	task_del(state, tid);
	return false;
}

static __always_inline bool is_wanted(__u32 cmd, enum ks_call_kind kind)
{
	__u8 how = wanted[KVM_NR(cmd)];

	return KVM_DIR(cmd) == KVMIO && how & (1 << kind) &&
	       (how & KS_WANTED_READS || !KS_IOCTL_READS(cmd));
}

/*
 * Global, as all that several programs, or several places of one, have in common: the verifier goes
 * through it once for a program, and not in each state of each of its callers. Returns whether the
 * VM is to be seen: it is not when this thread's last call was on it, and none has ended since.
 */
GLOBAL int call_open(enum ks_call_kind kind, __u64 kvm, __u32 cmd, __u64 arg, __u64 now)
{
	__u32 tid = current_tid();
	struct task_state *old = bpf_map_lookup_elem(&tasks, &tid);
	struct task_state state = {
		.begin_ns = now,
		.shown_tid = current_shown_tid(),
		.shown_tgid = current_shown_tgid(),
		.kind = kind,
		.kvm = kvm,
		.cmd = cmd,
		.arg = arg,
		.seen = vms_changes,
	};
	bool is_seen = old && old->kvm == kvm && old->seen == state.seen &&
		       old->shown_tgid == state.shown_tgid;

	__sync_fetch_and_add(&calls_seen[kind & 7], 1);
	if (kvm)
		state.vcpus = BPF_CORE_READ((struct kvm *)kvm, created_vcpus);
	task_add_to(old, tid, &state);
	return !is_seen;
}

/* The VM is not seen from within call_open(): together the frames of functions that call each other
 * have 512 bytes, and 6.1 rounds each up to 32. */
static __always_inline void call_begin(enum ks_call_kind kind, __u64 kvm, __u32 cmd, __u64 arg)
{
	__u64 now = bpf_ktime_get_ns();

	if (!is_attached)
		return;
	if (call_open(kind, kvm, cmd, arg, now) && kvm)
		vm_see(kvm, current_tgid(), current_shown_tgid());
}

/* No byte after the argument: a capture is made to be given to others. */
static __always_inline __u8 call_args(struct ks_call *call)
{
	__u32 size = CMD_SIZE(call->cmd);

	if (!size)
		return 0;
	if (size > sizeof(call->args))
		size = sizeof(call->args);
	if (bpf_probe_read_user(call->args, size, (void *)call->arg))
		return 0;
	return KS_CALL_HAS_ARG;
}

/* Its process is ending by a signal; an exit of its own is no news. */
static __always_inline bool task_is_killed(struct task_struct *task)
{
	return BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT &&
	       BPF_CORE_READ(task, signal, group_exit_code) & 0x7f;
}

static __always_inline void call_emit(const struct task_state *state, struct task_struct *task,
				      __u64 now, __s64 ret)
{
	struct ks_call *call = ring_reserve(sizeof(*call));

	if (!call)
		return;
	__builtin_memset(call, 0, sizeof(*call));
	head_fill(&call->head, now, state->shown_tid, KS_CALL);
	call->begin_ns = state->begin_ns;
	call->kvm = state->kvm;
	call->arg = state->arg;
	call->ret = ret;
	call->cmd = state->cmd;
	call->tgid = state->shown_tgid;
	call->vcpus = state->vcpus;
	call->sleeps = state->sleeps;
	call->kind = state->kind;
	call->flags = state->flags;
	if (state->cmd && state->kind != KS_KIND_SYSCALL)
		call->flags |= call_args(call);
	if (state->kvm && state->kind != KS_KIND_CLOSE && kvm_has_run(state->kvm))
		call->flags |= KS_CALL_RAN;
	if (task_is_killed(task))
		call->flags |= KS_CALL_KILLED;
	BPF_CORE_READ_STR_INTO(&call->comm, task, comm);
	/* The reader may sleep until a call has ended. */
	ring_submit_soon(call, now);
}

/*
 * A descriptor closed or a thread ended is no call, unless a VM's end or a wait was in it. What
 * took long is one, though it never slept.
 */
static __always_inline bool call_is_news(const struct task_state *state, struct task_struct *task,
					 __u64 now)
{
	if (state->kind == KS_KIND_EXIT)
		return state->flags & KS_CALL_WAITED ||
		       (state->sleeps && !BPF_CORE_READ(task, signal, live.counter));
	if (state->sleeps)
		return true;
	if (state->kind == KS_KIND_CLOSE && !(state->flags & KS_CALL_LAST))
		return false;
	return want_all_calls || now - state->begin_ns >= long_call_ns;
}

/* KVM_CREATE_VM has made a VM: as of the call's end, and reported before it. */
static __always_inline void call_bears(struct task_state *state, __u64 now, __s64 ret)
{
	struct file *file = current_file(ret);

	if (!file || file_kind(file) != KS_KIND_VM)
		return;
	state->kvm = file_kvm(file, KS_KIND_VM);
	vm_add(state->kvm, current_tgid(), state->shown_tgid, 0, now);
	emit_step_at(now, KS_BORN, kvm_srcu(state->kvm), state->begin_ns, state->kvm);
}

/* @task is @tid, the current one, or one that died on this CPU just now. */
static __always_inline void call_finish(struct task_state *state, struct task_struct *task,
					__u32 tid, __u64 now, __s64 ret)
{
	if (state->kind == KS_KIND_CLOSE && kvm_is_dead(state->kvm))
		state->flags |= KS_CALL_LAST;
	if (call_is_news(state, task, now))
		call_emit(state, task, now, ret);
	if (state->flags & KS_CALL_LAST)
		vm_gone(state->kvm);
	if (state->kind == KS_KIND_EXIT)
		task_del(state, tid);
	else
		task_keep(state, tid);
}

/* KVM_CREATE_VM returns @ret. One that fails has no VM that could say whose it is. */
static __always_inline void call_creates(struct task_state *state, __u64 now, __s64 ret)
{
	__u32 tgid = state->shown_tgid;

	if (ret >= 0)
		call_bears(state, now, ret);
	else if (want_followed && bpf_map_lookup_elem(&followed, &tgid))
		state->flags |= KS_CALL_FOLLOWED;
}

/* The call that the current task is in returns @ret. False: none was seen to begin. */
GLOBAL int call_return(__s64 ret)
{
	__u32 tid = current_tid();
	struct task_state *state = task_lookup(tid);
	__u64 now;

	if (!state || !task_runs(state, tid))
		return false;
	now = bpf_ktime_get_ns();
	if (state->kind == KS_KIND_DEV && KVM_NR(state->cmd) == NR_CREATE_VM)
		call_creates(state, now, ret);
	call_finish(state, current_task(), tid, now, ret);
	return true;
}

static __always_inline bool call_end_begun(__s64 ret)
{
	return tasks_cnt && call_return(ret);
}

static __always_inline void call_end(__s64 ret)
{
	call_end_begun(ret);
}

/*
 * The end of a call whose start was not seen. The first of a thread that is older than we are may
 * have started before us, which is no loss; a full table and a program that did not run are counted
 * as such.
 */
static __always_inline void call_end_unseen(__u32 tid)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u8 one = 1;

	if (BPF_CORE_READ(task, start_time) < attached_ns &&
	    !bpf_map_update_elem(&ended, &tid, &one, BPF_NOEXIST))
		__sync_fetch_and_add(&in_flight, 1);
	else
		count_loss(KS_LOSS_NO_BEGIN);
}

/* The end of an ioctl on a file of @kind that was not seen to begin. */
static __always_inline void ioctl_end_unseen(enum ks_call_kind kind, __u32 cmd)
{
	if (is_attached && is_wanted(cmd, kind))
		call_end_unseen(current_tid());
}

/* The end of an ioctl on a file of @kind. */
static __always_inline void call_end_ioctl(enum ks_call_kind kind, __u32 cmd, __s64 ret)
{
	if (!call_end_begun(ret))
		ioctl_end_unseen(kind, cmd);
}

static __always_inline void ioctl_open(struct file *file, __u32 cmd, __u64 arg)
{
	enum ks_call_kind kind;

	kind = file_kind(file);
	if (kind && is_wanted(cmd, kind))
		call_begin(kind, file_kvm(file, kind), cmd, arg);
}

/* The close of a VM's or vCPU's file. What kworkers do for a VM that is being closed is its end. */
static __always_inline void call_begin_release(struct file *file, enum ks_call_kind kind)
{
	__u64 kvm = file_kvm(file, kind);
	struct vm_state *vm;

	call_begin(KS_KIND_CLOSE, kvm, 0, 0);
	if (!is_attached || kind != KS_KIND_VM)
		return;
	emit_step(KS_CLOSING, 0, 0, kvm);
	vm = bpf_map_lookup_elem(&vms, &kvm);
	if (vm)
		vm_leave(vm); /* unless this ends it */
}

/* close(2) of a VM's, a vCPU's or a device's descriptor: maybe the last one. */
static __always_inline void call_begin_close(struct file *file)
{
	enum ks_call_kind kind = file_kind(file);

	if (kind == KS_KIND_VM || kind == KS_KIND_VCPU || kind == KS_KIND_DEVICE)
		call_begin_release(file, kind);
}

/*
 * Is it its process's last, so that all of its files are closed? Each thread closes them before it
 * leaves its process (do_exit(): exit_files(), exit_notify()), and only a leader waits as a zombie.
 */
static __always_inline bool task_is_last(struct task_struct *task)
{
	struct task_struct *leader;

	if (BPF_CORE_READ(task, signal, live.counter) ||
	    BPF_CORE_READ(task, signal, nr_threads) > 1)
		return false;
	leader = BPF_CORE_READ(task, group_leader);
	return leader == task || BPF_CORE_READ(leader, exit_state);
}

/*
 * The last thread of a process that had VMs: those that nobody else holds died with it. The run
 * queue may be locked: at most OWNER_VMS VMs are looked at, however many there are. When there may
 * be others, or one lives on, user space sweeps.
 */
static __always_inline void bury_vms(struct task_struct *task, __u32 tgid)
{
	struct owner *owner, had;
	bool is_rest;

	if (!task_is_last(task))
		return;
	owner = bpf_map_lookup_elem(&owners, &tgid);
	if (!owner)
		return;
	had = *owner;
	is_rest = had.has_more;
	bpf_map_delete_elem(&owners, &tgid);
	for (int i = 0; i < OWNER_VMS; i++) {
		if (had.vms[i] && kvm_is_dead(had.vms[i]))
			vm_gone(had.vms[i]);
		else if (had.vms[i])
			is_rest = true;
	}
	if (is_rest)
		__sync_fetch_and_add(&sweeps_wanted, 1);
}

/* ---- kprobes: an end may be lost ---- */

/*
 * Will the end of this function be seen? The kernel keeps room for only so many returns in flight
 * for one kretprobe (kernel/kprobes.c, maxactive: 6.1 without preemption has one for each CPU),
 * functions that sleep use it up, and the next ones return unseen. The kretprobe was attached after
 * us, so its handler was first (add_new_kprobe()) and has bent the return address, or has not.
 */
static __always_inline bool will_be_back(struct pt_regs *regs)
{
	if (!sym_kretprobe_trampoline)
		return true;
	if (return_address(regs) == sym_kretprobe_trampoline) {
		can_tell_returns = true;
		return true;
	}
	return !can_tell_returns;
}

static __always_inline bool call_will_end(struct pt_regs *regs)
{
	if (will_be_back(regs))
		return true;
	if (is_attached)
		count_loss(KS_LOSS_NO_END);
	return false;
}

#endif
