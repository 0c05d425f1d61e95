/* SPDX-License-Identifier: GPL-2.0-only */
/* Tasks as an iterator finds them: asleep, or maybe holding the read side of a domain. */
#ifndef BPF_SCAN_BPF_H
#define BPF_SCAN_BPF_H

#include "cpu.bpf.h"
#include "sleep.bpf.h"

static __always_inline void task_fill_call(struct ks_task *rec, const struct task_state *state)
{
	rec->begin_ns = state->begin_ns;
	rec->off_ns = state->away.off_ns;
	rec->wait_ns = state->wait_ns;
	rec->kvm = state->kvm;
	rec->needed = state->wait_needed ? state->wait_needed : state->needed;
	rec->arg = state->arg;
	rec->cmd = state->cmd;
	rec->vcpus = state->vcpus;
	rec->kind = state->kind;
	rec->api = state->api;
	rec->lock = state->locked.which;
	if (!rec->ssp)
		rec->ssp = state->wait_ssp;
}

/* @ssp: the domain that it may hold; 0: it is only asleep. */
static __always_inline void task_fill(struct ks_task *rec, struct task_struct *task,
				      const struct task_state *state, __u64 ssp)
{
	rec->tgid = shown_tgid(task, task->tgid);
	rec->state = task->__state;
	rec->switches = task->nvcsw;
	BPF_CORE_READ_STR_INTO(&rec->comm, task, comm);
	rec->ssp = ssp;
	if (state)
		task_fill_call(rec, state);
	/* What only exits, or is a kworker, its stack names. */
	if (!rec->kind && !ssp && !(task->flags & (PF_EXITING | PF_KTHREAD))) {
		rec->kind = KS_KIND_SYSCALL;
		rec->cmd = syscall_of(task, &rec->arg);
	}
}

/* Is it in KVM_RUN, asleep so that a signal ends it? As a halted vCPU is, and one whose memory does
 * not come. */
static __always_inline bool is_vcpu_asleep(struct task_struct *task, __u32 state)
{
	__u32 tgid = task->tgid;
	__u64 arg = 0;

	if (!(state & TASK_INTERRUPTIBLE) || task->flags & PF_KTHREAD ||
	    !bpf_map_lookup_elem(&owners, &tgid))
		return false;
	return (syscall_of(task, &arg) & KS_SYSCALL_NR) != KS_SYSCALL_NONE && (__u32)arg == CMD_RUN;
}

/* Of who sleeps in a call, as it was when it went to sleep. False: there is none. */
static __always_inline bool task_take_early(struct ks_task *rec, const struct task_state *state,
					    __u32 tid)
{
	struct early_stack *early;

	if (!state || !state->away.off_ns)
		return false;
	early = bpf_map_lookup_elem(&early_stacks, &tid);
	if (!early)
		return false;
	__builtin_memcpy(rec->stack, early->addrs, sizeof(rec->stack));
	rec->frames = early->frames;
	return true;
}

/*
 * Who is woken while its stack is walked runs, which rethook does not allow (want_early_stacks): so
 * whoever has a stack already is not walked. Left are those without a call, as a vCPU that halts.
 */
static __always_inline void task_fill_stack(struct ks_task *rec, struct task_struct *task,
					    const struct task_state *state, __u32 tid)
{
	long len;

	if (want_early_stacks && (task_take_early(rec, state, tid) || !task->__state))
		return;
	len = bpf_get_task_stack(task, rec->stack, sizeof(rec->stack), 0);
	rec->frames = len > 0 ? len / sizeof(__u64) : 0;
}

/* @only_waits: only if its stack has a function that waits. */
static __always_inline void task_emit(struct task_struct *task, bool only_waits)
{
	__u32 tid = task->pid;
	struct task_state *state = task_lookup(tid);
	struct ks_task *rec = ring_reserve(sizeof(*rec));

	if (!rec)
		return;
	__builtin_memset(rec, 0, sizeof(*rec));
	head_fill(&rec->head, bpf_ktime_get_ns(), shown_tid(task, tid),
		  scan_tgid ? KS_SUSPECT : KS_ASLEEP);
	task_fill(rec, task, state, scan_tgid ? scan_ssp : 0);
	task_fill_stack(rec, task, state, tid);
	if (only_waits && !stack_waits((void *)rec->stack, rec->frames))
		bpf_ringbuf_discard(rec, BPF_RB_NO_WAKEUP);
	else
		ring_submit(rec);
}

/* Who was woken so lately may have a CPU in a moment. */
#define WANTS_NS 1000000

/* Since when a thread that has no CPU wants one; 0: not known. */
static __always_inline __u64 wanted_since(struct task_struct *task, __u64 now)
{
	__u32 tid = task->pid;
	struct kthread_wake *wake = bpf_map_lookup_elem(&kthread_wakes, &tid);

	if (wake && wake->ns && wake->switches == task->nvcsw + task->nivcsw)
		return wake->ns;
	return queued_since(task, now);
}

static __always_inline void wants_fill(struct ks_cpu *rec, struct task_struct *task, struct rq *rq,
				       struct task_struct *curr)
{
	__u32 pid = BPF_CORE_READ(curr, pid);

	rec->tgid = shown_tgid(task, task->tgid);
	rec->waker_tid = BPF_CORE_READ(rq, cpu);
	BPF_CORE_READ_STR_INTO(&rec->comm, task, comm);
	if (!pid)
		return; /* it is idle */
	rec->ran_tid = shown_tid(curr, pid);
	rec->ran_prio = (__u16)BPF_CORE_READ(curr, prio);
	BPF_CORE_READ_STR_INTO(&rec->ran_comm, curr, comm);
}

/* A thread of the kernel that is to run, and has no CPU: whoever waits for it has a record after
 * that only. */
static __always_inline void task_wants(struct task_struct *task)
{
	__u64 now = bpf_ktime_get_ns(), since_ns;
	/* Not in a condition: clang would compute an offset before it is asked whether there is
	 * one. */
	struct rq *rq = task_rq(task);
	struct task_struct *curr;
	struct ks_cpu *rec;

	if (!rq || !(task->flags & PF_WORKS) || task_is_asleep(task))
		return;
	curr = BPF_CORE_READ(rq, curr);
	since_ns = wanted_since(task, now);
	if (curr == task || !since_ns || now - since_ns < WANTS_NS)
		return;
	rec = ring_reserve(sizeof(*rec));
	if (!rec)
		return;
	__builtin_memset(rec, 0, sizeof(*rec));
	head_fill(&rec->head, now, shown_tid(task, task->pid), KS_WANTS);
	rec->since_ns = since_ns;
	wants_fill(rec, task, rq, curr);
	ring_submit(rec);
}

/* include/linux/sched.h, sched/jobctl.h: the same from 6.1 to 7.3. */
#define TASK_STOPPED	    0x4
#define TASK_TRACED	    0x8
#define TASK_FROZEN	    0x8000
#define JOBCTL_STOP_SIGMASK 0xffff
#define JOBCTL_TRAP_FREEZE  (1UL << 23)

/* cgroup v2's freezer has no state of its own: do_freezer_trap() of kernel/signal.c sleeps. */
static __always_inline enum ks_halt task_halt(struct task_struct *task)
{
	__u32 state = task->__state;

	if (state & TASK_TRACED)
		return KS_HALT_TRACED;
	if (state & TASK_STOPPED)
		return KS_HALT_SIGNAL;
	if (state & TASK_FROZEN || (state && task->jobctl & JOBCTL_TRAP_FREEZE))
		return KS_HALT_FROZEN;
	return KS_HALT_NONE;
}

/* One that the kernel has in a user's process, and that is stopped with it. */
static __always_inline void task_halted(struct task_struct *task)
{
	enum ks_halt halt = task->flags & PF_USER_WORKER ? task_halt(task) : KS_HALT_NONE;
	struct ks_cpu *rec;

	if (halt == KS_HALT_NONE)
		return;
	rec = ring_reserve(sizeof(*rec));
	if (!rec)
		return;
	__builtin_memset(rec, 0, sizeof(*rec));
	head_fill(&rec->head, bpf_ktime_get_ns(), shown_tid(task, task->pid), KS_HALTED);
	rec->since_ns = rec->head.ts_ns;
	rec->tgid = shown_tgid(task, task->tgid);
	rec->ran_prio = halt;
	if (halt == KS_HALT_SIGNAL)
		rec->waker_tid = task->jobctl & JOBCTL_STOP_SIGMASK;
	BPF_CORE_READ_STR_INTO(&rec->comm, task, comm);
	ring_submit(rec);
}

/* Iterators run in the task that reads them. */
static __always_inline void self_scan(void)
{
	struct pid *pid = BPF_CORE_READ(current_task(), thread_pid);
	__u32 level = BPF_CORE_READ(pid, level);
	struct upid *own = (void *)((__u64)pid + bpf_core_field_offset(struct pid, numbers) +
				    level * bpf_core_type_size(struct upid));

	self_tgid = current_tgid();
	self_pid_level = level;
	self_pid_ns = (__u64)BPF_CORE_READ(own, ns);
}

/* No callback of mmu_notifier's sleeps in a way that a signal ends: of a host's threads, few are
 * left. */
static __always_inline bool is_busy(__u32 state)
{
	return !state || is_wait_state(state);
}

static __always_inline void task_scan(struct task_struct *task)
{
	__u32 state = task->__state;
	bool is_sought = scan_tgid == KS_SCAN_ALL ? is_busy(state)
			 : scan_tgid		  ? shown_tgid(task, task->tgid) == scan_tgid
						  : is_wait_state(state);

	if (is_sought || (!scan_tgid && is_vcpu_asleep(task, state)))
		task_emit(task, !is_sought);
}

/*
 * The task that this CPU's clock has interrupted in the kernel, if it may hold the domain: in an
 * interrupt, so it does no more than one record of 304 bytes. A task that is on a CPU
 * has no stack for an iterator.
 */
static __always_inline void task_sample_cpu(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ks_task *rec;
	__u32 tid = task->pid;
	long len;

	if (!sample_tgid || !tid)
		return;
	if (sample_tgid != KS_SCAN_ALL && shown_tgid(task, task->tgid) != sample_tgid)
		return;
	rec = ring_reserve(sizeof(*rec));
	if (!rec)
		return;
	__builtin_memset(rec, 0, sizeof(*rec));
	head_fill(&rec->head, bpf_ktime_get_ns(), shown_tid(task, tid), KS_SUSPECT);
	task_fill(rec, task, task_lookup(tid), sample_ssp);
	len = bpf_get_stack(ctx, rec->stack, sizeof(rec->stack), 0);
	rec->frames = len > 0 ? len / sizeof(__u64) : 0;
	if (rec->frames)
		ring_submit(rec);
	else
		bpf_ringbuf_discard(rec, BPF_RB_NO_WAKEUP);
}

#endif
