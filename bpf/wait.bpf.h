/* SPDX-License-Identifier: GPL-2.0-only */
/* Waits for a grace period, where their functions can be probed. */
#ifndef BPF_WAIT_BPF_H
#define BPF_WAIT_BPF_H

#include "sleep.bpf.h"

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
		domain_follow_foreign(ssp, tgid);
	}
	/* not one function of SRCU in another: nobody slept in between */
	if (state && is_orphan_in_wait(state) && state->sleeps) {
		task_del(state, tid);
		state = NULL;
	}
	if (!state) {
		orphan.begin_ns = bpf_ktime_get_ns();
		orphan.shown_tid = current_shown_tid();
		orphan.shown_tgid = current_shown_tgid();
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

	if (!state || !state->wait_ns || !task_runs(state, tid))
		return;
	state->wait_ns = 0;
	state->wait_ssp = 0;
	state->wait_needed = 0;
	state->api = KS_API_NONE;
	if (state->kind)
		return;
	orphan_name(state, bpf_get_current_task_btf());
	if (state->sleeps)
		call_emit(state, (void *)bpf_get_current_task(), bpf_ktime_get_ns(), 0);
	task_del(state, tid);
}

/* Inside a known call the stack of its sleep says what this would have: that is no loss. */
static __always_inline void wait_open_kprobe(struct pt_regs *regs, __u64 ssp, enum ks_api api)
{
	if (will_be_back(regs))
		wait_open(ssp, api);
	else if (is_attached && !task_find(current_tid()) && bpf_map_lookup_elem(&domains, &ssp))
		count_loss(KS_LOSS_NO_END);
}

#endif
