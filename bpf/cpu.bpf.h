/* SPDX-License-Identifier: GPL-2.0-only */
/* Who had the CPU that somebody waited for: a task in a call, or a thread of the kernel. */
#ifndef BPF_CPU_BPF_H
#define BPF_CPU_BPF_H

#include "call.bpf.h"

#define PID_KTHREADD 2

/* A shorter wait for a CPU is not worth a record. */
#define CPU_LATE_NS 100000

/* The verifier wants to see the bound in the index itself. */
static __always_inline __u64 cpu_rq(__u32 cpu)
{
	return cpu < RCU_CPUS ? rqs[cpu & (RCU_CPUS - 1)] : 0;
}

/* Who is on it, or NULL. */
static __always_inline struct task_struct *cpu_curr(__u32 cpu)
{
	struct rq *rq = (void *)cpu_rq(cpu);

	return rq ? BPF_CORE_READ(rq, curr) : NULL;
}

static __always_inline struct turns *turns_of(__u32 cpu)
{
	return bpf_map_lookup_elem(&turns, &cpu);
}

/* Before v5.16 bcf9033e5449 ("sched: move CPU field back into thread_info if
 * THREAD_INFO_IN_TASK=y") it is elsewhere. */
static __always_inline struct place place_of(struct task_struct *task)
{
	struct place place = {.cpu = bpf_get_smp_processor_id()};

	if (bpf_core_field_exists(task->thread_info.cpu))
		place.cpu = task->thread_info.cpu;
	place.moves = task->se.nr_migrations;
	return place;
}

/* @prev loses its CPU to @next, for whatever reason. */
static __always_inline void turn_ends(struct task_struct *prev, struct task_struct *next)
{
	struct turns *its = tasks_cnt ? turns_of(bpf_get_smp_processor_id()) : NULL;
	struct turn *turn;

	if (!its)
		return;
	turn = turns_end(its, prev->pid, next->pid, calls_since_ns, bpf_ktime_get_ns());
	if (!turn || !turn->tid)
		return; /* it was idle, or somebody who was not seen */
	turn->shown_tid = shown_tid(prev, prev->pid);
	turn->prio = prev->prio;
	BPF_CORE_READ_STR_INTO(&turn->comm, prev, comm);
}

static __always_inline void ran_fill_task(struct ks_cpu *rec, struct task_struct *task, __u32 pid)
{
	if (!pid)
		return; /* it is idle */
	rec->ran_tid = shown_tid(task, pid);
	rec->ran_prio = (__u16)BPF_CORE_READ(task, prio);
	BPF_CORE_READ_STR_INTO(&rec->ran_comm, task, comm);
}

/* Whose turn on @cpu goes on, if that is whom the switch to it was seen of. */
static __always_inline void ran_fill_open(struct ks_cpu *rec, __u32 cpu, __u32 tid)
{
	struct task_struct *curr = cpu_curr(cpu);

	if (curr && (__u32)BPF_CORE_READ(curr, pid) == tid)
		ran_fill_task(rec, curr, tid);
}

/* Global: which turn it is that its caller goes on with is one number to the verifier, and not one
 * of TURNS_MAX. */
GLOBAL int longest_turn(const struct turns *its, __u64 since_ns, __u64 until_ns)
{
	return its ? turns_longest(its, since_ns, until_ns) : -1;
}

/*
 * Whose turn on @cpu was the longest from @rec->since_ns to @until_ns. False: none was long.
 * Global, so that the verifier goes through it once.
 */
GLOBAL int ran_fill_longest(struct ks_cpu *rec, __u32 cpu, __u64 until_ns)
{
	struct turns *its = turns_of(cpu);
	struct turn *turn;
	int which;

	if (!its || !rec)
		return false;
	which = longest_turn(its, rec->since_ns, until_ns);
	if (which == TURN_OPEN)
		ran_fill_open(rec, cpu, its->tid);
	if (which < 0 || which == TURN_OPEN)
		return which >= 0;
	turn = &its->list[which & (TURNS_MAX - 1)];
	if (!turn->tid)
		return true; /* it was idle, or it is not known whose it was */
	rec->ran_tid = turn->shown_tid;
	rec->ran_prio = (__u16)turn->prio;
	__builtin_memcpy(rec->ran_comm, turn->comm, sizeof(rec->ran_comm));
	return true;
}

/* A task is given the run queue of its CPU with each CPU that it is put on (set_task_rq()). */
static __always_inline struct rq *task_rq(struct task_struct *task)
{
	if (!bpf_core_field_exists(task->se.cfs_rq) || !bpf_core_field_exists(struct cfs_rq, rq))
		return NULL; /* without CONFIG_FAIR_GROUP_SCHED */
	return BPF_CORE_READ(task, se.cfs_rq, rq);
}

/*
 * Since when a task that has no CPU wants one, by its run queue's clock, which the scheduler or a
 * tick has moved on: for who was woken before any call began, or lost its CPU
 * (kernel/sched/stats.h, sched_info_enqueue(), the same from 6.1 to 7.3). Who was put there last
 * and runs at once has the clock's time: rq_clock_skip_update(). 0: not known, as without
 * CONFIG_SCHED_INFO.
 */
static __always_inline __u64 queued_since(struct task_struct *task, __u64 now)
{
	struct rq *rq = task_rq(task);
	__u64 queued = 0, clock;

	if (!rq)
		return 0;
	if (bpf_core_field_exists(task->sched_info.last_queued))
		queued = BPF_CORE_READ(task, sched_info.last_queued);
	if (!queued)
		return 0;
	clock = BPF_CORE_READ(rq, clock);
	return clock >= queued && clock - queued < now ? now - (clock - queued) : 0;
}

/*
 * Who had the CPU that @task waited for, for longest meanwhile: of many short turns on the one that
 * it has now, @prev, the last one. Nobody, where it is not known which CPU it was.
 */
static __always_inline void cpu_fill_ran(struct ks_cpu *rec, struct task_struct *task,
					 struct task_struct *prev, const struct place *place)
{
	struct place now = place_of(task);
	__u64 until_ns = rec->head.ts_ns, queued_ns = queued_since(task, until_ns);
	int cpu = place_wanted(place, &now, rec->since_ns, queued_ns, until_ns);

	if (cpu < 0)
		return;
	if ((__u32)cpu != now.cpu)
		until_ns = queued_ns;
	if (!ran_fill_longest(rec, cpu, until_ns) && (__u32)cpu == now.cpu)
		ran_fill_task(rec, prev, prev ? prev->pid : 0);
}

/* @task has the CPU that @prev had; NULL: it is not known who. @state: of a task in a call, or
 * NULL. All but .head.lost. */
static __always_inline void cpu_fill(struct ks_cpu *rec, __u8 type, struct task_struct *task,
				     struct task_struct *prev, __u64 since_ns, __u64 now,
				     const struct place *place, const struct task_state *state)
{
	__builtin_memset(rec, 0, sizeof(*rec));
	head_fill_all_but_lost(&rec->head, now, shown_tid(task, task->pid), type);
	rec->since_ns = since_ns;
	rec->tgid = shown_tgid(task, task->tgid);
	BPF_CORE_READ_STR_INTO(&rec->comm, task, comm);
	cpu_fill_ran(rec, task, prev, place);
	if (!state)
		return;
	if (state->throttled)
		rec->ran_prio |= KS_RAN_THROTTLED;
	if (type == KS_WOKEN) {
		rec->waker_tid = state->waker_tid;
		__builtin_memcpy(rec->waker_comm, state->waker_comm, sizeof(rec->waker_comm));
	}
}

static __always_inline void cpu_emit(__u8 type, struct task_struct *task, struct task_struct *prev,
				     __u64 since_ns, __u64 now, const struct place *place,
				     const struct task_state *state)
{
	struct ks_cpu *rec = ring_reserve(sizeof(*rec));

	if (!rec)
		return;
	cpu_fill(rec, type, task, prev, since_ns, now, place, state);
	head_fill_lost(&rec->head);
	ring_submit(rec);
}

/* A task in a call loses its CPU, and wants another. */
static __always_inline void cpu_lost(struct task_struct *prev)
{
	struct task_state *state = task_find(prev->pid);

	if (!state || !task_runs(state, prev->pid))
		return;
	state->away.ready_ns = bpf_ktime_get_ns();
	state->place = place_of(prev);
	state->throttled = task_is_throttled(prev);
}

/* It has one again. */
static __always_inline void cpu_regained(struct task_state *state, struct task_struct *task,
					 struct task_struct *prev)
{
	__u64 since_ns = state->away.ready_ns;

	if (!since_ns)
		return;
	state->away.ready_ns = 0;
	if (state->kind || state->throttled == THROTTLED_ALONE)
		cpu_emit(KS_PREEMPTED, task, prev, since_ns, bpf_ktime_get_ns(), &state->place,
			 state);
}

/* ---- threads of the kernel that a call may wait for ---- */

/* A thread that is woken again has its entry still. */
static __always_inline void kthread_note(struct task_struct *task, __u64 switches,
					 struct place place)
{
	struct kthread_wake wake = {.ns = bpf_ktime_get_ns(), .switches = switches, .place = place};
	struct kthread_wake *old;
	__u32 tid = task->pid;

	old = bpf_map_lookup_elem(&kthread_wakes, &tid);
	if (old)
		*old = wake;
	else
		bpf_map_update_elem(&kthread_wakes, &tid, &wake, BPF_ANY);
}

static __always_inline void kthread_wakes_up(struct task_struct *task)
{
	if (tasks_cnt && task->flags & PF_WORKS)
		kthread_note(task, task->nvcsw + task->nivcsw, place_of(task));
}

/* kthreadd made another one, which is woken next, and reported as that by no tracepoint of ours: on
 * which CPU is not known. */
static __always_inline void kthread_is_born(struct task_struct *parent, struct task_struct *child)
{
	if (tasks_cnt && parent->pid == PID_KTHREADD)
		kthread_note(child, 0, (struct place){.cpu = PLACE_UNKNOWN});
}

/* The time that it was woken at is this wait's only if it did not run since. */
static __always_inline void kthread_runs(struct task_struct *task, struct task_struct *prev)
{
	struct kthread_wake *wake;
	struct place place = place_of(task);
	__u32 tid = task->pid;
	__u64 since_ns = 0, now;

	if (!tasks_cnt || !(task->flags & PF_WORKS) || !tid)
		return;
	wake = bpf_map_lookup_elem(&kthread_wakes, &tid);
	now = bpf_ktime_get_ns();
	if (wake && wake->ns && wake->switches == task->nvcsw + task->nivcsw) {
		since_ns = wake->ns;
		place = wake->place;
	}
	if (wake)
		wake->ns = 0;
	if (!since_ns)
		since_ns = queued_since(task, now);
	if (since_ns && now - since_ns >= CPU_LATE_NS)
		cpu_emit(KS_LATE, task, prev, since_ns, now, &place, NULL);
}

#endif
