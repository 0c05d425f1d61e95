/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls and the sleeps inside them: what a task was in, when it left the CPU, who woke it. */
#ifndef BPF_CALL_BPF_H
#define BPF_CALL_BPF_H

#include "vm.bpf.h"

#define TASK_UNINTERRUPTIBLE 0x002
#define TASK_DEAD	     0x080
#define TASK_NOLOAD	     0x400 /* idle workers: not waiting for anyone */

#define PF_WQ_WORKER 0x20

#define SIGNAL_GROUP_EXIT 0x4

#define KVMIO	      0xae
#define KVM_NR(cmd)   ((cmd)&0xff)
#define KVM_DIR(cmd)  (((cmd) >> 8) & 0xff)
#define CMD_SIZE(cmd) (((cmd) >> 16) & 0x3fff)

#define NR_CREATE_VM 0x01

static __always_inline struct task_state *task_find(__u32 tid)
{
	if (!tasks_cnt)
		return NULL;
	return bpf_map_lookup_elem(&tasks, &tid);
}

static __always_inline void task_add(__u32 tid, const struct task_state *state)
{
	struct task_state *old = bpf_map_lookup_elem(&tasks, &tid);

	if (old) {
		if (old->kind)
			count_loss(KS_LOSS_NO_END); /* calls do not nest */
		*old = *state;
		return;
	}
	if (bpf_map_update_elem(&tasks, &tid, state, BPF_NOEXIST))
		count_loss(KS_LOSS_TASKS);
	else
		__sync_fetch_and_add(&tasks_cnt, 1);
}

static __always_inline void task_del(__u32 tid)
{
	if (!bpf_map_delete_elem(&tasks, &tid))
		__sync_fetch_and_add(&tasks_cnt, -1);
}

static __always_inline bool is_wanted(__u32 cmd, enum ks_call_kind kind)
{
	__u8 how = wanted[KVM_NR(cmd)];

	return KVM_DIR(cmd) == KVMIO && how & (1 << kind) &&
	       (how & KS_WANTED_READS || !KS_IOCTL_READS(cmd));
}

static __always_inline void call_begin(enum ks_call_kind kind, __u64 kvm, __u32 cmd, __u64 arg)
{
	struct task_state state = {
		.begin_ns = bpf_ktime_get_ns(),
		.kind = kind,
		.kvm = kvm,
		.cmd = cmd,
		.arg = arg,
	};

	if (!is_attached)
		return;
	calls_seen[kind & 7]++;
	if (kvm) {
		vm_see(kvm, current_tgid());
		state.vcpus = BPF_CORE_READ((struct kvm *)kvm, created_vcpus);
	}
	task_add(current_tid(), &state);
}

static __always_inline __u8 call_args(struct ks_call *call)
{
	if (!CMD_SIZE(call->cmd))
		return 0;
	if (bpf_probe_read_user(call->args, sizeof(call->args), (void *)call->arg))
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
	head_fill(&call->head, now, BPF_CORE_READ(task, pid), KS_CALL);
	call->begin_ns = state->begin_ns;
	call->kvm = state->kvm;
	call->arg = state->arg;
	call->ret = ret;
	call->cmd = state->cmd;
	call->tgid = BPF_CORE_READ(task, tgid);
	call->vcpus = state->vcpus;
	call->sleeps = state->sleeps;
	call->kind = state->kind;
	call->flags = state->flags;
	if (state->cmd)
		call->flags |= call_args(call);
	if (state->kvm && state->kind != KS_KIND_CLOSE && kvm_has_run(state->kvm))
		call->flags |= KS_CALL_RAN;
	if (task_is_killed(task))
		call->flags |= KS_CALL_KILLED;
	BPF_CORE_READ_STR_INTO(&call->comm, task, comm);
	/* The reader may sleep until a call has ended: nothing is waiting for us here. */
	bpf_ringbuf_submit(call, BPF_RB_FORCE_WAKEUP);
}

/* A descriptor closed or a thread ended is no call, unless a VM's end or a wait was in it. */
static __always_inline bool call_is_news(const struct task_state *state)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (state->kind == KS_KIND_EXIT)
		return state->flags & KS_CALL_WAITED ||
		       (state->sleeps && !BPF_CORE_READ(task, signal, live.counter));
	if (state->kind == KS_KIND_CLOSE)
		return state->sleeps || (want_all_calls && state->flags & KS_CALL_LAST);
	return state->sleeps || want_all_calls;
}

static __always_inline void call_finish(struct task_state *state, __u32 tid, __s64 ret)
{
	__u64 now = bpf_ktime_get_ns();
	bool born = state->kind == KS_KIND_DEV && KVM_NR(state->cmd) == NR_CREATE_VM && ret >= 0;
	struct file *file;

	if (born) {
		file = current_file(ret);
		if (file && file_kind(file) == KS_KIND_VM) {
			state->kvm = file_kvm(file, KS_KIND_VM);
			/* as of the call's end, and told before it */
			vm_add(state->kvm, current_tgid(), 0, now);
		}
	}
	if (state->kind == KS_KIND_CLOSE && kvm_is_dead(state->kvm))
		state->flags |= KS_CALL_LAST;
	if (call_is_news(state))
		call_emit(state, (void *)bpf_get_current_task(), now, ret);
	if (state->flags & KS_CALL_LAST)
		vm_gone(state->kvm);
	task_del(tid);
}

static __always_inline void call_end(__s64 ret)
{
	__u32 tid = current_tid();
	struct task_state *state = task_find(tid);

	if (state)
		call_finish(state, tid, ret);
}

/* The end of an ioctl on a file of @kind. One that began before we did is told by its loss. */
static __always_inline void call_end_ioctl(enum ks_call_kind kind, __u32 cmd, __s64 ret)
{
	__u32 tid = current_tid();
	struct task_state *state = task_find(tid);

	if (state)
		call_finish(state, tid, ret);
	else if (is_attached && is_wanted(cmd, kind))
		count_loss(KS_LOSS_NO_BEGIN);
}

static __always_inline void ioctl_open(struct file *file, __u32 cmd, __u64 arg)
{
	enum ks_call_kind kind;

	kind = file_kind(file);
	if (kind && is_wanted(cmd, kind))
		call_begin(kind, file_kvm(file, kind), cmd, arg);
}

/* close(2) of a VM's or vCPU's descriptor: maybe the last one. */
static __always_inline void call_begin_close(struct file *file)
{
	enum ks_call_kind kind = file_kind(file);

	if (kind == KS_KIND_VM || kind == KS_KIND_VCPU)
		call_begin(KS_KIND_CLOSE, file_kvm(file, kind), 0, 0);
}

static long bury_one(void *map, const __u64 *kvm, const __u32 *tgid, void *ctx)
{
	if (kvm_is_dead(*kvm))
		vm_gone(*kvm);
	return 0;
}

/* The last threads of a process that had VMs: those that nobody else holds died with it. */
static __always_inline void bury_vms(struct task_struct *task)
{
	__u32 tgid = task->tgid;

	if (BPF_CORE_READ(task, signal, live.counter))
		return;
	bpf_for_each_map_elem(&vms, bury_one, NULL, 0);
	bpf_map_delete_elem(&owners, &tgid);
}

/* ---- sleeps ---- */

static __always_inline bool may_be_wait(struct task_struct *task, __u32 task_state)
{
	__u32 tgid;

	if (!want_orphan_sleeps || !(task_state & TASK_UNINTERRUPTIBLE) || task_state & TASK_NOLOAD)
		return false;
	if (task->flags & PF_WQ_WORKER)
		return true; /* irqfd_shutdown(), or the end of a VM that a work held last */
	tgid = task->tgid;
	return bpf_map_lookup_elem(&owners, &tgid);
}

/* What the VM's domains were asked for: at this moment, by this task too if it waits for one. */
static __always_inline void task_sample(struct task_state *state)
{
	if (shared_ssp && (!state->kind || state->kind >= KS_KIND_CLOSE))
		state->shared_needed = sup_needed(srcu_sup(shared_ssp));
	if (!state->kvm)
		return;
	state->needed = sup_needed(srcu_sup(kvm_srcu(state->kvm)));
	state->irq_needed = sup_needed(srcu_sup(kvm_irq_srcu(state->kvm)));
}

/* A walk from a tracepoint's program begins in it, and in bpf_trace_run(): room for two others. */
#define OUR_FRAMES 2

static __always_inline void stack_save(void *ctx, __u32 tid)
{
	static const struct early_stack empty;
	struct early_stack *early;
	long len;

	if (bpf_map_update_elem(&early_stacks, &tid, &empty, BPF_ANY))
		return;
	early = bpf_map_lookup_elem(&early_stacks, &tid);
	if (!early)
		return;
	len = bpf_get_stack(ctx, early->addrs, sizeof(early->addrs), OUR_FRAMES);
	early->frames = len > 0 ? len / sizeof(__u64) : 0;
}

static __always_inline __u32 stack_take(struct task_struct *task, __u64 *addrs)
{
	__u32 tid = task->pid;
	struct early_stack *early;
	long len;

	if (!want_early_stacks) {
		len = bpf_get_task_stack(task, addrs, KS_STACK_MAX * sizeof(*addrs), 0);
		return len > 0 ? len / sizeof(*addrs) : 0;
	}
	early = bpf_map_lookup_elem(&early_stacks, &tid);
	if (!early)
		return 0;
	__builtin_memcpy(addrs, early->addrs, sizeof(early->addrs));
	return early->frames;
}

/* A wait outside every call that we know: in KVM_RUN, munmap, exit... */
static __always_inline void orphan_open(__u32 tid, __u64 now)
{
	struct task_state state = {.begin_ns = now, .off_ns = now};

	task_sample(&state);
	task_add(tid, &state);
}

static __always_inline void task_off_cpu(void *ctx, struct task_struct *task, bool preempt,
					 __u32 task_state)
{
	__u32 tid = task->pid;
	struct task_state *state;
	__u64 now;

	if (preempt || !task_state)
		return;
	state = task_find(tid);
	if (!state) {
		if (may_be_wait(task, task_state))
			orphan_open(tid, bpf_ktime_get_ns());
		return;
	}
	now = bpf_ktime_get_ns();
	if (task_state & TASK_DEAD) {
		if (state->kind && state->kind != KS_KIND_EXIT) {
			count_loss(KS_LOSS_NO_END); /* it died in the open, not in its call */
			task_del(tid);
		} else {
			call_finish(state, tid, 0);
		}
		bury_vms(task);
		return;
	}
	state->off_ns = now;
	state->wake_ns = 0;
	state->wake_ssp = 0;
	task_sample(state);
	if (want_early_stacks)
		stack_save(ctx, tid);
}

static __always_inline void sleep_wake(struct task_struct *task)
{
	struct task_state *state = task_find(task->pid);
	struct cpu_state *cpu;

	if (!state || !state->off_ns || state->wake_ns)
		return;
	state->wake_ns = bpf_ktime_get_ns();
	state->waker = current_tid();
	state->wake_cpu = bpf_get_smp_processor_id();
	cpu = this_cpu();
	if (!cpu || cpu->work != CPU_WORK_CB || cpu->tid != state->waker)
		return;
	state->wake_ssp = cpu->ssp;
	/* Not a VM's own domain, but a KVM call waits on it: follow it from now on. */
	if (!bpf_map_lookup_elem(&domains, &cpu->ssp))
		domain_follow(cpu->ssp, 0);
}

static __always_inline __u64 sleep_needed(const struct task_state *state, __u64 ssp)
{
	if (state->wait_needed)
		return state->wait_needed;
	if (ssp == shared_ssp)
		return state->shared_needed;
	if (!state->kvm || !ssp)
		return 0;
	if (ssp == kvm_srcu(state->kvm))
		return state->needed;
	return ssp == kvm_irq_srcu(state->kvm) ? state->irq_needed : 0;
}

static __always_inline void sleep_fill(struct ks_sleep *sleep, const struct task_state *state,
				       struct task_struct *task, __u64 now)
{
	__u64 ssp = state->wait_ssp ? state->wait_ssp : state->wake_ssp;

	head_fill(&sleep->head, now, task->pid, KS_SLEEP);
	sleep->off_ns = state->off_ns;
	sleep->wake_ns = state->wake_ns;
	sleep->wait_ns = state->wait_ns;
	sleep->kvm = state->kvm;
	sleep->ssp = ssp;
	sleep->needed = sleep_needed(state, ssp);
	sleep->tgid = task->tgid;
	sleep->waker = state->waker;
	sleep->wake_cpu = state->wake_cpu;
	sleep->api = state->api;
	sleep->kind = state->kind;
	sleep->frames = 0;
	sleep->lock = state->lock;
}

static __always_inline void sleep_emit_bare(const struct task_state *state,
					    struct task_struct *task, __u64 now)
{
	struct ks_sleep *sleep = ring_reserve(__builtin_offsetof(struct ks_sleep, stack));

	if (!sleep)
		return;
	sleep_fill(sleep, state, task, now);
	ring_submit(sleep);
}

static __always_inline void sleep_emit_stack(const struct task_state *state,
					     struct task_struct *task, __u64 now)
{
	struct ks_sleep *sleep = ring_reserve(sizeof(*sleep));

	if (!sleep)
		return;
	sleep_fill(sleep, state, task, now);
	sleep->frames = stack_take(task, sleep->stack);
	ring_submit(sleep);
}

static __always_inline void task_on_cpu(struct task_struct *task)
{
	__u32 tid = task->pid;
	struct task_state *state = task_find(tid);
	bool by_srcu;
	__u64 now;

	if (!state || !state->off_ns)
		return;
	now = bpf_ktime_get_ns();
	by_srcu = state->wake_ssp || state->wait_ssp;
	if (state->kind || by_srcu) {
		/* what an orphan was in is told by its stack alone */
		if (by_srcu && state->kind && now - state->off_ns < stack_min_ns)
			sleep_emit_bare(state, task, now);
		else
			sleep_emit_stack(state, task, now);
		state->sleeps++;
		if (by_srcu)
			state->flags |= KS_CALL_WAITED;
	}
	state->off_ns = 0;
	if (state->kind || state->wait_ssp)
		return;
	/* An orphan is over with its sleep. */
	if (by_srcu)
		call_emit(state, task, now, 0);
	task_del(tid);
}

/* ---- tasks as an iterator finds them ---- */

static __always_inline void task_fill(struct ks_task *rec, struct task_struct *task,
				      const struct task_state *state)
{
	__u64 ssp;

	rec->tgid = task->tgid;
	rec->state = task->__state;
	rec->switches = task->nvcsw;
	BPF_CORE_READ_STR_INTO(&rec->comm, task, comm);
	rec->ssp = scan_tgid ? scan_ssp : 0;
	if (!state)
		return;
	ssp = state->wait_ssp;
	rec->begin_ns = state->begin_ns;
	rec->off_ns = state->off_ns;
	rec->wait_ns = state->wait_ns;
	rec->kvm = state->kvm;
	rec->needed = state->wait_needed ? state->wait_needed : state->needed;
	rec->arg = state->arg;
	rec->cmd = state->cmd;
	rec->vcpus = state->vcpus;
	rec->kind = state->kind;
	rec->api = state->api;
	if (!scan_tgid)
		rec->ssp = ssp;
}

static __always_inline void task_emit(struct task_struct *task)
{
	__u32 tid = task->pid;
	struct task_state *state = bpf_map_lookup_elem(&tasks, &tid);
	struct ks_task *rec = ring_reserve(sizeof(*rec));
	long len;

	if (!rec)
		return;
	__builtin_memset(rec, 0, sizeof(*rec));
	head_fill(&rec->head, bpf_ktime_get_ns(), tid, scan_tgid ? KS_SUSPECT : KS_ASLEEP);
	task_fill(rec, task, state);
	if (!want_early_stacks || task->__state) {
		len = bpf_get_task_stack(task, rec->stack, sizeof(rec->stack), 0);
		rec->frames = len > 0 ? len / sizeof(__u64) : 0;
	}
	ring_submit(rec);
}

static __always_inline void task_scan(struct task_struct *task)
{
	__u32 state = task->__state, tgid = task->tgid;

	if (scan_tgid ? tgid == scan_tgid : state & TASK_UNINTERRUPTIBLE && !(state & TASK_NOLOAD))
		task_emit(task);
}

/* ---- waits, where their functions can be probed ---- */

static __always_inline void wait_open(__u64 ssp, enum ks_api api)
{
	__u32 tid = current_tid(), tgid = current_tgid();
	struct task_state *state = task_find(tid);
	struct task_state orphan = {};
	__u64 seq;

	if (!is_attached)
		return;
	if (!bpf_map_lookup_elem(&domains, &ssp)) {
		if (!state && !bpf_map_lookup_elem(&owners, &tgid))
			return;
		domain_follow(ssp, 0);
	}
	if (!state) {
		orphan.begin_ns = bpf_ktime_get_ns();
		task_add(tid, &orphan);
		state = task_find(tid);
		if (!state)
			return;
	}
	seq = sup_seq(srcu_sup(ssp));
	state->wait_ns = bpf_ktime_get_ns();
	state->wait_ssp = ssp;
	/* rcu_seq_snap(): the GP in progress does not count (kernel/rcu/rcu.h). A barrier needs
	 * none of its own: it waits for the callbacks that are queued. */
	state->wait_needed = api == KS_API_BARRIER ? 0 : (seq + 7) & ~3ULL;
	state->api = api;
}

static __always_inline void wait_close(void)
{
	__u32 tid = current_tid();
	struct task_state *state = task_find(tid);

	if (!state || !state->wait_ns)
		return;
	state->wait_ns = 0;
	state->wait_ssp = 0;
	state->wait_needed = 0;
	state->api = KS_API_NONE;
	if (state->kind)
		return;
	if (state->sleeps)
		call_emit(state, (void *)bpf_get_current_task(), bpf_ktime_get_ns(), 0);
	task_del(tid);
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

/* Inside a known call the stack of its sleep tells what this would have: that is no loss. */
static __always_inline void wait_open_kprobe(struct pt_regs *regs, __u64 ssp, enum ks_api api)
{
	if (will_be_back(regs))
		wait_open(ssp, api);
	else if (is_attached && !task_find(current_tid()) && bpf_map_lookup_elem(&domains, &ssp))
		count_loss(KS_LOSS_NO_END);
}

#endif
