/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grace periods, step by step. Everything here runs on the path that a waiter
 * sleeps behind: one lookup, and one small record for domains that are followed.
 */
#ifndef BPF_GP_BPF_H
#define BPF_GP_BPF_H

#include "sleep.bpf.h"

/* A reader that goes on this long after a failed scan is worth a look at its threads. */
#define HELD_MIN_NS 2000000

static __always_inline struct domain_state *domain_find(__u64 ssp)
{
	return bpf_map_lookup_elem(&domains, &ssp);
}

/* Is current the kworker that runs this domain's process_srcu? */
static __always_inline bool in_gp_work(__u64 ssp)
{
	struct cpu_state *cpu = this_cpu();

	return cpu && cpu->work == CPU_WORK_GP && cpu->ssp == ssp && cpu->tid == current_tid();
}

static __always_inline void work_enter(__u64 ssp, enum cpu_work work)
{
	struct cpu_state *cpu = this_cpu();

	if (!cpu)
		return;
	cpu->ssp = ssp;
	cpu->tid = current_tid();
	cpu->is_followed = 0;
	cpu->work = work;
}

static __always_inline void work_leave(void)
{
	struct cpu_state *cpu = this_cpu();

	if (cpu)
		cpu->work = CPU_WORK_NONE;
}

static __always_inline void start_fill(struct ks_start *start, __u8 type, __u64 ssp, __u64 expires)
{
	__u32 tid = current_tid();
	struct task_state *state = task_find(tid);

	head_fill(&start->head, bpf_ktime_get_ns(), current_shown_tid(), type);
	start->ssp = ssp;
	start->seq = sup_seq(srcu_sup(ssp));
	start->expires = expires;
	start->kvm = state ? state->kvm : 0;
	start->func = 0;
	start->tgid = current_shown_tgid();
	start->cmd = state ? state->cmd : 0;
	start->kind = state ? state->kind : 0;
	start->frames = 0;
	bpf_get_current_comm(start->comm, sizeof(start->comm));
}

/* The GP starts without delay: fast, so the stack is not worth its time. */
static __always_inline void start_emit_bare(__u8 type, __u64 ssp, __u64 func)
{
	struct ks_start *start = ring_reserve(__builtin_offsetof(struct ks_start, stack));

	if (!start)
		return;
	start_fill(start, type, ssp, 0);
	start->func = func;
	ring_submit(start);
}

static __always_inline void callback(__u64 ssp, __u64 func)
{
	if (domain_find(ssp))
		start_emit_bare(KS_CALLBACK, ssp, func);
}

/* The least from a timer to the interrupt that starts it: room for who was interrupted. */
#define IRQ_FRAMES 6

static __always_inline void start_emit_stack(void *ctx, __u64 ssp, __u64 expires)
{
	struct ks_start *start = ring_reserve(sizeof(*start));
	long len;

	if (!start)
		return;
	start_fill(start, KS_START, ssp, expires);
	len = TIMED_PART(RUN_STACK_OF_STARTER,
			 bpf_get_stack(ctx, start->stack, sizeof(start->stack),
				       OUR_FRAMES + (gp_starts_in_irq() ? IRQ_FRAMES : 0)));
	start->frames = len > 0 ? len / sizeof(__u64) : 0;
	ring_submit(start);
}

static __always_inline void gp_armed(void *ctx, __u64 work, __u64 expires)
{
	__u64 sup = work_sup(work), ssp = sup_ssp(sup);
	struct domain_state *dom = domain_find(ssp);

	if (!dom)
		return;
	dom->armed = 1;
	if (in_gp_work(ssp))
		emit_step(KS_GP_ARM, ssp, sup_seq(sup), expires);
	else
		start_emit_stack(ctx, ssp, expires);
}

static __always_inline void gp_queued(__u64 work)
{
	__u64 sup = work_sup(work), ssp = sup_ssp(sup);
	struct domain_state *dom = domain_find(ssp);
	__u64 armed;

	if (!dom)
		return;
	armed = dom->armed;
	dom->armed = 0;
	if (armed || in_gp_work(ssp))
		emit_step(KS_GP_QUEUE, ssp, sup_seq(sup), bpf_jiffies64());
	else
		start_emit_bare(KS_START, ssp, 0);
}

static __always_inline void gp_begin(__u64 work)
{
	__u64 sup = work_sup(work), ssp = sup_ssp(sup), seq;
	struct domain_state *dom = domain_find(ssp);

	work_enter(ssp, CPU_WORK_GP);
	if (!dom)
		return;
	/* One that fired unseen is not pending: the kernel does not report each. While the work
	 * runs for a grace period, nobody else arms it */
	dom->armed = 0;
	seq = sup_seq(sup);
	dom->begin_seq = seq;
	emit_step(KS_GP_BEGIN, ssp, seq, 0);
}

/* A scan that found a reader, long after the first: have user space look who it may be. */
static __always_inline void gp_failed(struct domain_state *dom, __u64 ssp, __u64 seq)
{
	__u64 now = bpf_ktime_get_ns();
	struct ks_step *held;

	if (!dom->fail_ns) {
		dom->fail_ns = now;
		return;
	}
	if (dom->is_reported || now - dom->fail_ns < HELD_MIN_NS)
		return;
	dom->is_reported = 1;
	held = ring_reserve(sizeof(*held));
	if (!held)
		return;
	head_fill(&held->head, now, current_shown_tid(), KS_HELD);
	held->ssp = ssp;
	held->seq = seq;
	held->val = dom->kvm;
	bpf_ringbuf_submit(held, BPF_RB_FORCE_WAKEUP);
}

static __always_inline void gp_end(__u64 work)
{
	__u64 sup = work_sup(work), ssp = sup_ssp(sup), seq;
	struct domain_state *dom = domain_find(ssp);

	work_leave();
	if (!dom)
		return;
	seq = sup_seq(sup);
	emit_step(KS_GP_END, ssp, seq, sup_needed(sup));
	if (seq & 3 && seq >> 2 == dom->begin_seq >> 2) {
		gp_failed(dom, ssp, seq);
	} else {
		dom->fail_ns = 0;
		dom->is_reported = 0;
	}
}

/* cleanup_srcu_struct(): of a VM's main domain, the definite end of the VM. */
static __always_inline void domain_gone(__u64 ssp)
{
	struct domain_state *dom = domain_find(ssp);

	if (dom && dom->kvm && kvm_srcu(dom->kvm) == ssp)
		vm_gone(dom->kvm);
}

static __always_inline struct srcu_data *work_sdp(__u64 work)
{
	return (void *)(work - bpf_core_field_offset(struct srcu_data, work));
}

/* Returns whether the domain is followed. */
static __always_inline bool cb_emit(struct srcu_data *sdp, __u64 ssp, __u8 type, __u64 val)
{
	struct ks_cb *cb;

	if (!domain_find(ssp))
		return false;
	cb = ring_reserve(sizeof(*cb));
	if (!cb)
		return true;
	head_fill(&cb->head, bpf_ktime_get_ns(), current_shown_tid(), type);
	cb->ssp = ssp;
	cb->seq = sup_seq(srcu_sup(ssp));
	cb->val = val;
	cb->cpu = STRUCT_READ(srcu_data, sdp, cpu);
	__builtin_memset(cb->unused, 0, sizeof(cb->unused));
	ring_submit(cb);
	return true;
}

static __always_inline void cb_armed(__u64 timer, __u64 expires)
{
	struct srcu_data *sdp =
		(void *)(timer - bpf_core_field_offset(struct srcu_data, delay_work));

	cb_emit(sdp, (__u64)STRUCT_READ(srcu_data, sdp, ssp), KS_CB_ARM, expires);
}

static __always_inline void cb_queued(__u64 work)
{
	struct srcu_data *sdp = work_sdp(work);

	cb_emit(sdp, (__u64)STRUCT_READ(srcu_data, sdp, ssp), KS_CB_QUEUE, bpf_jiffies64());
}

static __always_inline void cb_begin(__u64 work)
{
	struct srcu_data *sdp = work_sdp(work);
	__u64 ssp = (__u64)STRUCT_READ(srcu_data, sdp, ssp);
	struct cpu_state *cpu = this_cpu();

	work_enter(ssp, CPU_WORK_CB);
	if (cpu)
		cpu->is_followed = cb_emit(sdp, ssp, KS_CB_BEGIN, sdp_callbacks(sdp));
}

static __always_inline void cb_end(__u64 work)
{
	struct srcu_data *sdp = work_sdp(work);

	work_leave();
	cb_emit(sdp, (__u64)STRUCT_READ(srcu_data, sdp, ssp), KS_CB_END, 0);
}

#endif
