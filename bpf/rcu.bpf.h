/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What plain RCU's grace periods wait for, by the sleeps and wake-ups of its kthread
 * (kernel/rcu/tree.c, rcu_gp_kthread()), while a task is in a call: some 250 times a second at most
 * as often as four times. Nothing is attached for it.
 */
#ifndef BPF_RCU_BPF_H
#define BPF_RCU_BPF_H

#include "cpu.bpf.h"

#define PF_VCPU 0x1 /* include/linux/sched.h: it runs a guest */

/* kernel/rcu/rcu_node.h: RCU_NUM_LVLS is four at most. */
#define RCU_PARENTS 3

/* CONFIG_RCU_FANOUT_LEAF: 16 by default, 64 at most. */
#define LEAF_TRIES 16
#define NO_CPU	   (~0U)

static __always_inline bool is_rcu_kthread(struct task_struct *task)
{
	char comm[4] = {0};

	bpf_probe_read_kernel(comm, sizeof(comm), task->comm);
	return BPF_CORE_READ(task, flags) & PF_KTHREAD && comm[0] == 'r' && comm[1] == 'c' &&
	       comm[2] == 'u' && comm[3] == '_';
}

/* The root of the tree is rcu_state's first member (kernel/rcu/tree.h). */
static __always_inline void rcu_root_learn(struct rcu_data *rdp)
{
	struct rcu_node *node = BPF_CORE_READ(rdp, mynode), *parent;
	struct task_struct *kthread;

	for (int i = 0; i < RCU_PARENTS; i++) {
		parent = BPF_CORE_READ(node, parent);
		if (parent)
			node = parent;
	}
	kthread = BPF_CORE_READ((struct rcu_state *)node, gp_kthread);
	if (!kthread || !is_rcu_kthread(kthread))
		return;
	rcu_gp_tid = BPF_CORE_READ(kthread, pid);
	rcu_root = (__u64)node;
}

/* The run queue of the CPU that a task is on, or was last, where they have a symbol
 * (CONFIG_KALLSYMS_ALL): include/linux/percpu-defs.h, per_cpu_ptr(). */
static __always_inline struct rq *task_rq_by_symbol(struct task_struct *task)
{
	__u64 offset = 0;
	__u32 cpu;

	if (!per_cpu_offsets || !runqueues_at || !bpf_core_field_exists(task->thread_info.cpu))
		return NULL;
	cpu = BPF_CORE_READ(task, thread_info.cpu);
	if (cpu >= RCU_CPUS ||
	    bpf_probe_read_kernel(&offset, sizeof(offset),
				  (void *)(per_cpu_offsets + cpu * sizeof(offset))))
		return NULL;
	return (void *)(runqueues_at + offset);
}

/*
 * Where each CPU's struct rq is, and with it the struct rcu_data. Neither has a symbol on most
 * kernels, but a task leads to its run queue there; without CONFIG_FAIR_GROUP_SCHED it does not.
 * Each CPU has threads that stay on it, so a pass over all threads finds all CPUs.
 */
static __always_inline void rcu_learn(struct task_struct *task)
{
	struct rq *by_task = task_rq(task), *rq = by_task ? by_task : task_rq_by_symbol(task);
	struct rcu_data *rdp = (void *)((__u64)rq + rcu_data_from_rq);
	__u32 cpu;

	if (!rq || !rcu_data_from_rq || !bpf_core_type_exists(struct rcu_data))
		return;
	cpu = BPF_CORE_READ(rq, cpu);
	if (cpu >= RCU_CPUS || (__u32)BPF_CORE_READ(rdp, cpu) != cpu)
		return;
	rqs[cpu & (RCU_CPUS - 1)] = (__u64)rq;
	if (!rcu_root)
		rcu_root_learn(rdp);
}

static __always_inline __u64 rcu_node_size(void)
{
	return bpf_core_type_size(struct rcu_node);
}

/* Global: what it returns is one number to the verifier, and not 64 of them. */
GLOBAL int lowest_bit(__u64 mask)
{
	__u32 bit = 0;

	if (!(mask & 0xffffffff)) {
		bit += 32;
		mask >>= 32;
	}
	if (!(mask & 0xffff)) {
		bit += 16;
		mask >>= 16;
	}
	if (!(mask & 0xff)) {
		bit += 8;
		mask >>= 8;
	}
	if (!(mask & 0xf)) {
		bit += 4;
		mask >>= 4;
	}
	if (!(mask & 3)) {
		bit += 2;
		mask >>= 2;
	}
	return bit + !(mask & 1);
}

static __always_inline struct rcu_data *cpu_rcu_data(__u32 cpu)
{
	__u64 rq = cpu_rq(cpu);

	return rq ? (void *)(rq + rcu_data_from_rq) : NULL;
}

/*
 * The first leaf that is waited for: the root itself, or the root's child of bit @mask, as
 * rcu_state.node[] has the levels one after the other. In a tree of three levels (more than a
 * thousand CPUs) that is none. A leaf is what its first CPU has as its own.
 */
static __always_inline struct rcu_node *rcu_leaf(__u64 mask)
{
	struct rcu_node *node = (void *)rcu_root;
	struct rcu_data *rdp = cpu_rcu_data(BPF_CORE_READ(node, grplo));

	if (rdp && BPF_CORE_READ(rdp, mynode) == node)
		return node;
	if (!mask)
		return NULL;
	node = (void *)(rcu_root + (1 + lowest_bit(mask)) * rcu_node_size());
	rdp = cpu_rcu_data(BPF_CORE_READ(node, grplo));
	return rdp && BPF_CORE_READ(rdp, mynode) == node ? node : NULL;
}

static __always_inline void rcu_fill_task(struct ks_rcu *rec, struct task_struct *task)
{
	__u32 pid = BPF_CORE_READ(task, pid);

	if (!pid)
		return; /* it is idle */
	rec->tid = shown_tid(task, pid);
	rec->prio = BPF_CORE_READ(task, prio);
	rec->switches = BPF_CORE_READ(task, nvcsw) + BPF_CORE_READ(task, nivcsw);
	if (BPF_CORE_READ(task, flags) & PF_VCPU)
		rec->flags |= KS_RCU_GUEST;
	BPF_CORE_READ_STR_INTO(&rec->comm, task, comm);
}

/* A task that was preempted in a reader is on a list of its leaf (CONFIG_PREEMPT_RCU). */
static __always_inline void rcu_fill_reader(struct ks_rcu *rec, struct rcu_node *leaf)
{
	__u64 entry = 0;

	if (bpf_core_field_exists(leaf->gp_tasks) &&
	    bpf_core_field_exists(struct task_struct, rcu_node_entry))
		entry = (__u64)BPF_CORE_READ(leaf, gp_tasks);
	if (!entry)
		return;
	rec->flags |= KS_RCU_READERS;
	rcu_fill_task(rec,
		      (void *)(entry - bpf_core_field_offset(struct task_struct, rcu_node_entry)));
}

/*
 * Of the CPUs of @mask, from @first on: the first that is likely to be waited for yet when the
 * kthread looks again, or else the first. Such is none that is idle, which that look will find; and
 * none that the kthread leaves now (@left): it is one of @mask because the look was made there.
 * LEAF_TRIES reads of a run queue and of a task at most.
 */
GLOBAL int rcu_holdout_cpu(__u64 mask, __u32 first, __u32 left)
{
	__u32 lowest = first + lowest_bit(mask);

	for (int i = 0; i < LEAF_TRIES; i++) {
		__u32 cpu = first + lowest_bit(mask);
		struct task_struct *curr = cpu == left ? NULL : cpu_curr(cpu);

		if (!mask)
			break;
		if (curr && BPF_CORE_READ(curr, pid))
			return cpu;
		mask &= mask - 1;
	}
	return lowest;
}

/* Who is waited for: a CPU, and who is on it; else the first reader. */
static __always_inline void rcu_fill_who(struct ks_rcu *rec)
{
	struct rcu_node *leaf = rcu_leaf(rec->mask);
	struct task_struct *curr;

	if (!leaf)
		return;
	rec->cpu_mask = BPF_CORE_READ(leaf, qsmask);
	if (!rec->cpu_mask) {
		rcu_fill_reader(rec, leaf);
		return;
	}
	rec->flags |= KS_RCU_HAS_CPU;
	rec->first_cpu = BPF_CORE_READ(leaf, grplo);
	rec->cpu = rcu_holdout_cpu(rec->cpu_mask, rec->first_cpu,
				   rec->head.type == KS_RCU_SLEEP ? rec->head.cpu : NO_CPU);
	curr = cpu_curr(rec->cpu);
	if (curr)
		rcu_fill_task(rec, curr);
}

/* Nobody is left: this CPU was the last. Its report is made in the tick after it passed a quiescent
 * state, so another task may be on it by now. */
static __always_inline void rcu_fill_reporter(struct ks_rcu *rec)
{
	if (rec->flags & KS_RCU_READERS)
		return;
	rec->flags |= KS_RCU_HAS_CPU;
	rec->cpu = rec->head.cpu;
	rcu_fill_task(rec, current_task());
}

/*
 * Its own timer wakes it: a timer that fires is taken from its list before its function runs
 * (kernel/time/timer.c, expire_timers()); with whoever else wakes it, that is pending yet. It is on
 * the kthread's stack, which is there as long as that sleeps. Asleep in another state, it has none.
 */
static __always_inline void rcu_emit_fired(__u64 now)
{
	struct timer_list *timer = (void *)rcu_timer;
	struct ks_timer *rec;

	if (!timer || (__u64)BPF_CORE_READ(timer, function) != sym_process_timeout ||
	    BPF_CORE_READ(timer, entry.pprev))
		return;
	rec = ring_reserve(sizeof(*rec));
	if (!rec)
		return;
	head_fill(&rec->head, now, current_shown_tid(), KS_RCU_FIRED);
	rec->armed_ns = rcu_armed_ns;
	rec->expires = BPF_CORE_READ(timer, expires);
	rec->jiffies = bpf_jiffies64();
	ring_submit(rec);
}

/* Global, so that the verifier goes through it once, and not in each state of its callers. */
GLOBAL int rcu_emit(__u32 type)
{
	struct rcu_state *rcu = (void *)rcu_root;
	__u64 now = bpf_ktime_get_ns();
	struct ks_rcu *rec;

	if (type == KS_RCU_WAKE && BPF_CORE_READ(rcu, gp_state) == KS_RCU_WAIT_FQS)
		rcu_emit_fired(now);
	rec = ring_reserve(sizeof(*rec));
	if (!rec)
		return 0;
	__builtin_memset(rec, 0, sizeof(*rec));
	head_fill(&rec->head, now, shown_tid(BPF_CORE_READ(rcu, gp_kthread), rcu_gp_tid), type);
	rec->seq = BPF_CORE_READ(rcu, gp_seq);
	rec->state = BPF_CORE_READ(rcu, gp_state);
	rec->mask = BPF_CORE_READ((struct rcu_node *)rcu, qsmask);
	rec->scans = BPF_CORE_READ(rcu, n_force_qs);
	rec->flags = KS_RCU_HAS_SCANS;
	if (rec->state == KS_RCU_WAIT_FQS)
		rcu_fill_who(rec);
	if (type == KS_RCU_WAKE && rec->state == KS_RCU_WAIT_FQS && !rec->mask)
		rcu_fill_reporter(rec);
	ring_submit(rec);
	return 0;
}

static __always_inline bool is_followed_gp(struct task_struct *task)
{
	return tasks_cnt && rcu_root && (__u32)task->pid == rcu_gp_tid;
}

/* A task arms a timer of its own, in its own time, to sleep until then. */
static __always_inline void rcu_gp_arms(__u64 timer)
{
	if (!rcu_root || current_tid() != rcu_gp_tid)
		return;
	rcu_timer = timer;
	rcu_armed_ns = bpf_ktime_get_ns();
}

static __always_inline void rcu_gp_sleeps(struct task_struct *prev, bool preempt, __u32 task_state)
{
	if (!preempt && task_state && is_followed_gp(prev))
		rcu_emit(KS_RCU_SLEEP);
}

/* One that has not gone to sleep yet will not, if it is woken now. */
static __always_inline void rcu_gp_wakes(struct task_struct *task)
{
	if (is_followed_gp(task) && task_is_asleep(task))
		rcu_emit(KS_RCU_WAKE);
}

#endif
