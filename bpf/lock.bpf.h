/* SPDX-License-Identifier: GPL-2.0-only */
/* Mutexes that a call waits for, and who holds them. */
#ifndef BPF_LOCK_BPF_H
#define BPF_LOCK_BPF_H

#include "call.bpf.h"

/* include/trace/events/lock.h: v6.0 dc1f7893a70f ("locking/mutex: Make contention tracepoints more
 * consistent wrt adaptive spinning"). Before, only a VM's own are known for mutexes. */
#define LCB_F_MUTEX 0x20

/* A mutex, in a call: who has it? */
static __always_inline void lock_wait(__u64 lock, __u32 flags)
{
	struct task_state *state = task_find(current_tid()), *owner_state;
	struct task_struct *owner;
	struct ks_lock *rec;
	__u32 which, owner_tid;
	__u64 kvm;

	if (!state)
		return;
	kvm = state->kvm;
	if (lock == kvm + bpf_core_field_offset(struct kvm, slots_lock))
		which = KS_LOCK_SLOTS;
	else if (lock == kvm + bpf_core_field_offset(struct kvm, lock))
		which = KS_LOCK_KVM;
	else if (lock == kvm + bpf_core_field_offset(struct kvm, irq_lock))
		which = KS_LOCK_IRQ;
	else if (flags & LCB_F_MUTEX)
		which = KS_LOCK_MUTEX;
	else
		return;
	if (!locked_begin(&state->locked, lock, which))
		return;
	rec = ring_reserve(sizeof(*rec));
	if (!rec)
		return;
	head_fill(&rec->head, bpf_ktime_get_ns(), current_shown_tid(), KS_LOCK);
	rec->lock = lock;
	rec->kvm = kvm;
	rec->which = which;
	/* The owner's low three bits are flags (kernel/locking/mutex.h). */
	owner = (void *)(BPF_CORE_READ((struct mutex *)lock, owner.counter) & ~7UL);
	owner_tid = BPF_CORE_READ(owner, pid);
	owner_state = task_find(owner_tid);
	rec->owner = owner_tid ? shown_tid(owner, owner_tid) : 0;
	rec->owner_cmd = owner_state ? owner_state->cmd : 0;
	rec->owner_kind = owner_state ? owner_state->kind : 0;
	if (BPF_CORE_READ_STR_INTO(&rec->owner_comm, owner, comm) < 0)
		__builtin_memset(rec->owner_comm, 0, sizeof(rec->owner_comm));
	ring_submit(rec);
}

static __always_inline void lock_got(__u64 lock)
{
	struct task_state *state = task_find(current_tid());

	if (state)
		locked_end(&state->locked, lock);
}

#endif
