/* SPDX-License-Identifier: GPL-2.0-only */
/* Mutexes that a call waits for, and who holds them. */
#ifndef BPF_LOCK_BPF_H
#define BPF_LOCK_BPF_H

#include "call.bpf.h"

/* include/trace/events/lock.h: v6.0 dc1f7893a70f ("locking/mutex: Make contention tracepoints more
 * consistent wrt adaptive spinning"). Before, only a VM's own are known for mutexes. */
#define LCB_F_MUTEX 0x20
#define LCB_F_SPIN  0x01

/* Who spins for less has not waited, but passed by. */
#define SPIN_MIN_NS 5000

/* Which mutex is it? KS_LOCK_OTHER: none, or not known to be one. */
static __always_inline enum ks_lock_which lock_which(__u64 kvm, __u64 lock, __u32 flags)
{
	if (lock == kvm + bpf_core_field_offset(struct kvm, slots_lock))
		return KS_LOCK_SLOTS;
	if (lock == kvm + bpf_core_field_offset(struct kvm, lock))
		return KS_LOCK_KVM;
	if (lock == kvm + bpf_core_field_offset(struct kvm, irq_lock))
		return KS_LOCK_IRQ;
	return flags & LCB_F_MUTEX ? KS_LOCK_MUTEX : KS_LOCK_OTHER;
}

static __always_inline void lock_emit(const struct task_state *state, struct task_struct *owner,
				      __u32 owner_tid, __u64 now)
{
	struct task_state *owner_state;
	struct ks_lock *rec = ring_reserve(sizeof(*rec));

	if (!rec)
		return;
	head_fill(&rec->head, now, current_shown_tid(), KS_LOCK);
	rec->lock = state->locked.addr;
	rec->kvm = state->kvm;
	rec->which = state->locked.which;
	owner_state = task_find(owner_tid);
	rec->owner = owner_tid ? shown_tid(owner, owner_tid) : 0;
	rec->owner_cmd = owner_state ? owner_state->cmd : 0;
	rec->owner_kind = owner_state ? owner_state->kind : 0;
	if (BPF_CORE_READ_STR_INTO(&rec->owner_comm, owner, comm) < 0)
		__builtin_memset(rec->owner_comm, 0, sizeof(rec->owner_comm));
	ring_submit(rec);
}

/* It spun for @lock until now, if it did. */
static __always_inline void spin_emit(struct task_state *state, __u64 lock, __u64 now)
{
	__u64 since_ns = locked_spun(&state->locked, lock);

	if (since_ns && now - since_ns >= SPIN_MIN_NS)
		emit_step_at(now, KS_SPUN, lock, since_ns, state->begin_ns);
}

/* A mutex, in a call: who has it? Asked when it spins, and again before it sleeps. */
static __always_inline void lock_wait(__u64 lock, __u32 flags)
{
	struct task_state *state = task_find(current_tid());
	enum ks_lock_which which;
	struct task_struct *owner;
	__u32 owner_tid;
	bool is_new;
	__u64 now;

	if (!state)
		return;
	which = lock_which(state->kvm, lock, flags);
	if (which == KS_LOCK_OTHER)
		return;
	now = bpf_ktime_get_ns();
	spin_emit(state, lock, now);
	is_new = locked_begin(&state->locked, lock, which);
	if (flags & LCB_F_SPIN)
		state->locked.spin_ns = now;
	/* The owner's low three bits are flags (kernel/locking/mutex.h). */
	owner = (void *)(BPF_CORE_READ((struct mutex *)lock, owner.counter) & ~7UL);
	owner_tid = BPF_CORE_READ(owner, pid);
	if (locked_by(&state->locked, owner_tid) || is_new)
		lock_emit(state, owner, owner_tid, now);
}

static __always_inline void lock_got(__u64 lock)
{
	struct task_state *state = task_find(current_tid());

	if (!state)
		return;
	spin_emit(state, lock, bpf_ktime_get_ns());
	locked_end(&state->locked, lock);
}

#endif
