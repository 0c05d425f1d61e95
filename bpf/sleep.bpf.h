/* SPDX-License-Identifier: GPL-2.0-only */
/* Sleeps inside calls: when a task left the CPU, who woke it, when it ran again. */
#ifndef BPF_SLEEP_BPF_H
#define BPF_SLEEP_BPF_H

#include "cpu.bpf.h"
#include "lock.bpf.h"

#define TASK_INTERRUPTIBLE   0x001
#define TASK_UNINTERRUPTIBLE 0x002
#define TASK_DEAD	     0x080
#define TASK_NOLOAD	     0x400 /* idle workers: not waiting for anyone */

#define PF_EXITING   0x4
#define PF_WQ_WORKER 0x20

/* A sleep shorter than this that SRCU ended gets no stack walk: it may be followed by another
 * synchronize_srcu() within exp_holdoff (25 us), which our time would move. */
#define STACK_MIN_NS 200000

/* One outside any call that is shorter waits for a lock: a grace period of RCU takes more (the
 * least of 1000 on 6.18.44 was 83 us), and a shorter one stalls nobody. */
#define ORPHAN_MIN_NS 20000

static __always_inline bool task_is_followed(struct task_struct *task)
{
	__u32 tgid;

	if (!want_followed)
		return false;
	tgid = shown_tgid(task, task->tgid);
	return bpf_map_lookup_elem(&followed, &tgid);
}

static __always_inline bool is_wait_state(__u32 task_state)
{
	return task_state & TASK_UNINTERRUPTIBLE && !(task_state & TASK_NOLOAD);
}

/*
 * A wait that is no call's, and still open though its task does something else: the program at its
 * end did not run, as the kernel was in that program on this CPU already, preempted there
 * (KS_LOSS_MISSED counts it). An idle kworker is not waiting for a grace period.
 */
static __always_inline bool is_orphan_in_wait(const struct task_state *state)
{
	return !state->kind && state->wait_ns;
}

/*
 * A VM's thread that recovers huge pages: up to v6.12 KVM_CREATE_VM waits until it has joined its
 * cgroups (virt/kvm/kvm_main.c, kvm_vm_worker_thread()). Its own sleeps are interruptible.
 */
static __always_inline bool is_recovery(struct task_struct *task)
{
	return task->comm[0] == 'k' && task->comm[1] == 'v' && task->comm[2] == 'm' &&
	       task->comm[4] == 'n' && task->comm[5] == 'x';
}

/*
 * A worker of vhost, which closes and ioctls of its device wait for: a kthread up to v6.3, and
 * since v6.4 6e890c5d5021 ("vhost: use vhost_tasks for worker threads") a thread of the owner's
 * process.
 */
static __always_inline bool is_vhost(struct task_struct *task)
{
	return task->flags & PF_WORKS && task->comm[0] == 'v' && task->comm[1] == 'h' &&
	       task->comm[2] == 'o' && task->comm[3] == 's' && task->comm[4] == 't' &&
	       task->comm[5] == '-';
}

static __always_inline bool may_be_wait(struct task_struct *task, __u32 task_state)
{
	__u32 tgid;

	if (!is_wait_state(task_state))
		return false;
	if (task->flags & PF_WQ_WORKER)
		return want_worker_sleeps; /* irqfd_shutdown(), or a VM's end that a work held off
					    */
	if (task->flags & PF_KTHREAD)
		return is_recovery(task) || is_vhost(task);
	if (task_in_iowait(task))
		return false;
	tgid = task->tgid;
	return bpf_map_lookup_elem(&owners, &tgid) || task_is_followed(task);
}

/* What waits is found within so many frames: the scheduler's and the completion's are first. */
#define WAIT_FRAMES 12

struct wait_frames {
	__u64 addrs[WAIT_FRAMES];
};

static __always_inline bool in_wait(__u64 addr)
{
	for (int i = 0; i < KS_WAITS_MAX; i++)
		if (addr - waits[i].start < waits[i].bytes)
			return true;
	return false;
}

/* Global: 240 comparisons, for the verifier once. */
GLOBAL int stack_waits(const struct wait_frames *stack, __u32 frames)
{
	if (!stack)
		return false;
	for (int i = 0; i < WAIT_FRAMES; i++)
		if (i < (int)frames && in_wait(stack->addrs[i]))
			return true;
	return false;
}

/*
 * The system call that a task is in. Of its registers only this is read: they are those that it
 * entered the kernel with, and -1 for a fault or an interrupt.
 */
static __always_inline __u32 syscall_of(struct task_struct *task, __u64 *arg)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	__u32 nr = sys_nr(regs) & KS_SYSCALL_NR;

	if (task_is_32bit(task)) {
		*arg = nr == (__u32)SYS_IOCTL_32 ? sys_32_arg1(regs) : sys_32_arg0(regs);
		return nr | SYS_WHOSE_32;
	}
	*arg = nr == SYS_IOCTL ? sys_arg1(regs) : sys_arg0(regs);
	return nr | SYS_WHOSE;
}

/* Name the call that an orphan's task is in. */
static __always_inline void orphan_name(struct task_state *state, struct task_struct *task)
{
	if (task->flags & PF_KTHREAD || is_vhost(task))
		return; /* what it does has the name of its function */
	if (task_is_followed(task))
		state->flags |= KS_CALL_FOLLOWED;
	if (task->flags & PF_EXITING) {
		state->kind = KS_KIND_EXIT;
		return;
	}
	state->kind = KS_KIND_SYSCALL;
	state->cmd = syscall_of(task, &state->arg);
	if (state->throttled == THROTTLED_ALONE && (state->cmd & KS_SYSCALL_NR) == KS_SYSCALL_NONE)
		state->cmd -= KS_SYSCALL_NONE - KS_SYSCALL_USER;
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

/* Of @task, which has just been given this CPU; with has_back it is the current one. */
static __always_inline __u32 stack_take(void *ctx, struct task_struct *task, __u64 *addrs)
{
	__u32 tid = task->pid;
	struct early_stack *early;
	long len;

	if (has_back) {
		len = TIMED_PART(
			RUN_STACK_OF_SLEEPER,
			bpf_get_stack(ctx, addrs, KS_STACK_MAX * sizeof(*addrs), OUR_FRAMES));
		return len > 0 ? len / sizeof(*addrs) : 0;
	}
	if (!want_early_stacks) {
		len = TIMED_PART(RUN_STACK_OF_SLEEPER,
				 bpf_get_task_stack(task, addrs, KS_STACK_MAX * sizeof(*addrs), 0));
		return len > 0 ? len / sizeof(*addrs) : 0;
	}
	early = bpf_map_lookup_elem(&early_stacks, &tid);
	if (!early)
		return 0;
	__builtin_memcpy(addrs, early->addrs, sizeof(early->addrs));
	return early->frames;
}

/* A wait outside every call that we know: in KVM_RUN, munmap, exit... */
static __always_inline void orphan_open(struct task_struct *task, __u64 now)
{
	struct task_state state = {
		.begin_ns = now,
		.away.off_ns = now,
		.shown_tid = shown_tid(task, task->pid),
		.shown_tgid = shown_tgid(task, task->tgid),
	};

	task_sample(&state);
	task_add(task->pid, &state);
}

/*
 * The current task had a CPU and has none, since its cgroup has used its quota up: in KVM_RUN,
 * after a call, whose end was seen, or in its own code. In a call that we know, cpu_lost() has
 * noted it. Global, for its frame: with task_sleeps() below it, a program has 512 bytes.
 */
GLOBAL int quota_open(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state state = {
		.shown_tid = shown_tid(task, task->pid),
		.shown_tgid = shown_tgid(task, task->tgid),
		.throttled = THROTTLED_ALONE,
	};
	__u32 tgid = task->tgid;

	if (task_find(task->pid) || task->flags & PF_KTHREAD)
		return false;
	if (!bpf_map_lookup_elem(&owners, &tgid) && !task_is_followed(task))
		return false;
	state.begin_ns = bpf_ktime_get_ns();
	state.away.ready_ns = state.begin_ns;
	state.place = place_of(task);
	task_add(task->pid, &state);
	return true;
}

/* A task that is in a call, or a wait, is dead. */
static __always_inline void task_dies(struct task_struct *task, __u32 tid, __u32 tgid,
				      struct task_state *state, __u64 now)
{
	if (state->kind && state->kind != KS_KIND_EXIT) {
		count_loss(KS_LOSS_NO_END); /* it died in the open, not in its call */
		task_del(state, tid);
	} else {
		call_finish(state, task, tid, now, 0);
	}
	bury_vms(task, tgid);
}

/* It has an entry, maybe, and makes no other call. @dead: its struct task_struct. Global, as
 * task_sleeps(). */
GLOBAL int task_is_dead(__u64 dead, __u32 tid, __u32 tgid, __u64 now)
{
	struct task_state *state = task_find(tid);

	if (state && task_runs(state, tid))
		task_dies((struct task_struct *)dead, tid, tgid, state, now);
	task_forget(tid);
	return 0;
}

/* One that died before, and that no back_tp came for, is buried first. */
static __always_inline void back_buries(struct back *back)
{
	__u64 dead = back->dead;

	if (!dead)
		return;
	back->dead = 0;
	task_is_dead(dead, back->dead_tid, back->dead_tgid, back->dead_ns);
}

/* At the end of the switch to a task that never ran there is no back_tp (ret_from_fork()). */
static __always_inline bool is_new(struct task_struct *task)
{
	return !(task->nvcsw + task->nivcsw);
}

/* The current task dies, and @next has its CPU. */
static __always_inline void current_dies(struct task_struct *task, struct task_struct *next)
{
	struct back *back = has_back && !is_new(next) ? this_back() : NULL;
	__u64 now = bpf_ktime_get_ns();

	if (!back) {
		task_is_dead(bpf_get_current_task(), task->pid, task->tgid, now);
		return;
	}
	back_buries(back);
	back->dead_tid = task->pid;
	back->dead_tgid = task->tgid;
	back->dead_ns = now;
	back->dead = (__u64)task;
}

/*
 * The current task goes to sleep. Global, for the verifier: it has no pointers for arguments, but
 * the task that the scheduler's tracepoint is about is the current one. Returns whether its stack
 * is to be saved, which takes the program's context.
 */
GLOBAL int task_sleeps(__u32 task_state)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 tid = task->pid;
	struct task_state *state = task_find(tid);
	__u64 now;

	if (state && !task_runs(state, tid))
		state = NULL;
	if (!state) {
		if (!may_be_wait(task, task_state))
			return false;
		orphan_open(task, bpf_ktime_get_ns());
		return true;
	}
	if (is_orphan_in_wait(state) && !is_wait_state(task_state)) {
		task_del(state, tid);
		return false;
	}
	now = bpf_ktime_get_ns();
	away_sleeps(&state->away, now);
	if (!state->away.is_early)
		state->wake_ssp = 0;
	task_sample(state);
	locked_sleep(&state->locked);
	if (state->locked.addr && !state->locked.owner)
		lock_ask(state, false, now); /* it had none when it was asked first */
	return true;
}

/* With no call in flight, who sleeps in another state than D is not looked at. */
static __always_inline void task_off_cpu(void *ctx, struct task_struct *task, bool preempt,
					 __u32 task_state, struct task_struct *next)
{
	if (preempt || !task_state) {
		if (!task->pid)
			return; /* the CPU was idle */
		cpu_lost(task);
		if (task_is_throttled(task))
			quota_open();
	} else if (task_state & TASK_DEAD) {
		if (entries_cnt)
			current_dies(task, next);
	} else if ((tasks_cnt || is_wait_state(task_state)) && task_sleeps(task_state) &&
		   want_early_stacks) {
		stack_save(ctx, task->pid);
	}
}

static __always_inline void sleep_wake(struct task_struct *task)
{
	struct task_state *state = task_find(task->pid);
	struct cpu_state *cpu;
	bool is_asleep;

	if (!state)
		return;
	is_asleep = !state->away.off_ns && task_is_asleep(task);
	if (!away_wakes(&state->away, is_asleep, bpf_ktime_get_ns()))
		return;
	state->wake_ssp = 0;
	state->wake_cpu = bpf_get_smp_processor_id();
	state->place = place_of(task);
	state->throttled = task_is_throttled(task);
	state->waker_tid = current_tid() ? current_shown_tid() : 0;
	bpf_get_current_comm(state->waker_comm, sizeof(state->waker_comm));
	cpu = this_cpu();
	if (!cpu || cpu->work != CPU_WORK_CB || cpu->tid != current_tid())
		return;
	state->wake_ssp = cpu->ssp;
	if (!cpu->is_followed && !bpf_map_lookup_elem(&domains, &cpu->ssp))
		domain_follow_foreign(cpu->ssp, task->tgid);
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
				       __u64 now)
{
	__u64 ssp = state->wait_ssp ? state->wait_ssp : state->wake_ssp;

	head_fill(&sleep->head, now, state->shown_tid, KS_SLEEP);
	sleep->off_ns = state->away.off_ns;
	sleep->wake_ns = state->away.wake_ns;
	sleep->wait_ns = state->wait_ns;
	sleep->kvm = state->kvm;
	sleep->ssp = ssp;
	sleep->needed = sleep_needed(state, ssp);
	sleep->tgid = state->shown_tgid;
	sleep->unused = 0;
	sleep->wake_cpu = state->wake_cpu;
	sleep->api = state->api;
	sleep->kind = state->kind;
	sleep->frames = 0;
	sleep->lock = state->locked.which;
}

static __always_inline void sleep_emit_bare(const struct task_state *state, __u64 now)
{
	struct ks_sleep *sleep = ring_reserve(__builtin_offsetof(struct ks_sleep, stack));

	if (!sleep)
		return;
	sleep_fill(sleep, state, now);
	ring_submit(sleep);
}

/* How the sleep ended that the next record is about, if that was worth one. */
static __always_inline void woken_emit(const struct back *back)
{
	struct ks_cpu *woken = back->has_woken ? ring_reserve(sizeof(*woken)) : NULL;

	if (!woken)
		return;
	*woken = back->woken;
	head_fill_lost(&woken->head);
	ring_submit(woken);
}

static __always_inline void sleep_emit_stack(void *ctx, struct task_state *state,
					     struct task_struct *task, __u64 now)
{
	struct ks_sleep *sleep = ring_reserve(sizeof(*sleep));

	if (!sleep)
		return;
	sleep_fill(sleep, state, now);
	sleep->frames = stack_take(ctx, task, sleep->stack);
	/* else only the exit of a process's last thread is news */
	if (state->kind == KS_KIND_EXIT && stack_waits((void *)sleep->stack, sleep->frames))
		state->flags |= KS_CALL_WAITED;
	ring_submit(sleep);
}

/* A sleep outside any call, that may be a wait: what its stack says. False: it was none. */
static __always_inline bool sleep_emit_wait(void *ctx, const struct task_state *state,
					    struct task_struct *task, const struct back *back)
{
	struct ks_sleep *sleep;
	struct ks_cpu *woken;
	__u32 frames;

	/* in the order in which they are to be read */
	woken = ring_reserve(sizeof(*woken));
	if (!woken)
		return true; /* which is counted */
	sleep = ring_reserve(sizeof(*sleep));
	if (!sleep) {
		bpf_ringbuf_discard(woken, BPF_RB_NO_WAKEUP);
		return true;
	}
	frames = stack_take(ctx, task, sleep->stack);
	if (!stack_waits((void *)sleep->stack, frames)) {
		bpf_ringbuf_discard(woken, BPF_RB_NO_WAKEUP);
		bpf_ringbuf_discard(sleep, BPF_RB_NO_WAKEUP);
		return false;
	}
	if (back->has_woken) {
		*woken = back->woken;
		head_fill_lost(&woken->head);
		ring_submit(woken);
	} else {
		bpf_ringbuf_discard(woken, BPF_RB_NO_WAKEUP);
	}
	sleep_fill(sleep, state, back->now);
	sleep->frames = frames;
	ring_submit(sleep);
	return true;
}

/* Was who is woken by a callback that ran on top of a work of SRCU waiting for that, or for any
 * grace period? Not by the wake-up alone. */
static __always_inline bool may_have_waited(const struct task_state *state, __u64 now)
{
	return state->wake_ssp || now - state->away.off_ns >= ORPHAN_MIN_NS;
}

/* An orphan is over with its sleep, or with the time that it was not allowed to run, which has a
 * record already. */
static __always_inline void orphan_close(struct task_state *state, struct task_struct *task,
					 bool is_news, __u64 now)
{
	if (is_news) {
		orphan_name(state, task);
		call_emit(state, task, now, 0);
	}
	task_del(state, task->pid);
}

static __always_inline void orphan_is_back(void *ctx, struct task_state *state,
					   struct task_struct *task, const struct back *back)
{
	bool is_wait = sleep_emit_wait(ctx, state, task, back);

	if (is_wait) {
		state->sleeps++;
		state->flags |= KS_CALL_WAITED;
	}
	orphan_close(state, task, is_wait, back->now);
}

static __always_inline bool is_by_srcu(const struct task_state *state)
{
	return state->wake_ssp || state->wait_ssp;
}

/* Its record is made. */
static __always_inline void sleep_is_over(struct task_state *state)
{
	state->sleeps++;
	if (is_by_srcu(state))
		state->flags |= KS_CALL_WAITED;
	state->away.off_ns = 0;
}

/* In no call that we know, and in no wait whose function was seen. */
static __always_inline bool is_orphan(const struct task_state *state)
{
	return !state->kind && !state->wait_ssp;
}

/* @task has a CPU again, after a sleep that is to have its stack. */
static __always_inline void task_is_back(void *ctx, struct task_state *state,
					 struct task_struct *task, const struct back *back)
{
	if (is_orphan(state)) {
		orphan_is_back(ctx, state, task, back);
		return;
	}
	woken_emit(back);
	sleep_emit_stack(ctx, state, task, back->now);
	sleep_is_over(state);
}

/* What only the switch to @task can say of the end of its sleep. Of one that is long enough to have
 * a stack: who woke it, and who had the CPU meanwhile. */
static __always_inline void back_fill(struct back *back, const struct task_state *state,
				      struct task_struct *task, struct task_struct *prev, __u64 now)
{
	back->now = now;
	back->off_ns = state->away.off_ns;
	back->has_woken = state->away.wake_ns && now - state->away.off_ns >= STACK_MIN_NS;
	if (back->has_woken)
		cpu_fill(&back->woken, KS_WOKEN, task, prev, state->away.wake_ns, now,
			 &state->place, state);
}

/* Only a stack can say whose a domain is that is no VM's own: the first wait on it has one. */
static __always_inline bool is_first_of_foreign(const struct task_state *state)
{
	__u64 ssp = state->wait_ssp ? state->wait_ssp : state->wake_ssp;
	struct domain_state *dom;

	if (state->kvm && (ssp == kvm_srcu(state->kvm) || ssp == kvm_irq_srcu(state->kvm)))
		return false;
	dom = bpf_map_lookup_elem(&domains, &ssp);
	if (!dom || dom->kvm || dom->has_stack)
		return false;
	dom->has_stack = 1;
	return true;
}

/* What an orphan was in is known by its stack alone. */
static __always_inline bool needs_no_stack(const struct task_state *state, __u64 now)
{
	return is_by_srcu(state) && state->kind && now - state->away.off_ns < STACK_MIN_NS &&
	       !is_first_of_foreign(state);
}

/* @task, which sleeps no more, has a CPU: what is known of that without its stack. Else @back, to
 * be reported with it. */
static __always_inline bool task_is_back_bare(struct task_state *state, struct task_struct *task,
					      __u64 now)
{
	if (is_orphan(state)) {
		bool is_throttled = state->throttled == THROTTLED_ALONE;

		if (!is_throttled && may_have_waited(state, now))
			return false;
		orphan_close(state, task, is_throttled, now);
		return true;
	}
	if (!needs_no_stack(state, now))
		return false;
	sleep_emit_bare(state, now);
	sleep_is_over(state);
	return true;
}

static __always_inline void task_on_cpu(void *ctx, struct task_struct *task,
					struct task_struct *prev)
{
	__u32 tid = task->pid;
	struct task_state *state = task_find(tid);
	struct back *back;
	__u64 now;

	if (!state)
		return;
	cpu_regained(state, task, prev);
	away_returns(&state->away);
	if (!state->away.off_ns && state->throttled != THROTTLED_ALONE)
		return;
	now = bpf_ktime_get_ns();
	if (task_is_back_bare(state, task, now))
		return;
	back = this_back();
	if (!back)
		return;
	back_fill(back, state, task, prev, now);
	if (has_back)
		back->tid = tid;
	else
		task_is_back(ctx, state, task, back);
}

/* The current task, if this CPU was just given to it and that has no record yet. */
static __always_inline void current_is_back(void *ctx, struct back *back)
{
	__u32 tid = back->tid;
	struct task_state *state;

	if (!tid)
		return;
	back->tid = 0;
	if (tid != current_tid())
		return;
	state = task_lookup(tid);
	if (state && state->away.off_ns == back->off_ns)
		task_is_back(ctx, state, bpf_get_current_task_btf(), back);
}

/*
 * Not each switch is reported (away.h): the current task has this CPU, and its state has it away
 * still. Then it was given the CPU just now.
 */
static __always_inline void current_was_unseen(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state = task_find(task->pid);

	if (state && is_away(&state->away))
		task_on_cpu(ctx, task, NULL);
}

#endif
