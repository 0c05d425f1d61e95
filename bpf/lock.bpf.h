/* SPDX-License-Identifier: GPL-2.0-only */
/* Locks that a call waits for, and who holds them. */
#ifndef BPF_LOCK_BPF_H
#define BPF_LOCK_BPF_H

#include "call.bpf.h"

/* include/trace/events/lock.h: v6.0 dc1f7893a70f ("locking/mutex: Make contention tracepoints more
 * consistent wrt adaptive spinning"). Before, only a VM's own are known for mutexes. */
#define LCB_F_MUTEX  0x20
#define LCB_F_SPIN   0x01
#define LCB_F_READ   0x02
#define LCB_F_WRITE  0x04
#define LCB_F_RT     0x08
#define LCB_F_PERCPU 0x10

/* kernel/locking/rwsem.c, the same from 6.1 to 7.3 */
#define RWSEM_READER_OWNED 1UL

/* An owner's low three bits are flags (kernel/locking/mutex.h; rwsem.c has two of them). */
#define OWNER_FLAGS 7UL

/* Who spins for less has not waited, but passed by. */
#define SPIN_MIN_NS 5000

/* As .owner of struct locked: any number of tasks. */
#define OWNERS_MANY 0xffffffffu

static __always_inline bool is_rwsem(__u32 flags)
{
	return flags & (LCB_F_READ | LCB_F_WRITE) &&
	       !(flags & (LCB_F_SPIN | LCB_F_RT | LCB_F_PERCPU | LCB_F_MUTEX)) &&
	       bpf_core_field_exists(struct rw_semaphore, owner);
}

/* kernel/locking/qspinlock.c and qrwlock.c, the same from 6.1 to 7.3 */
static __always_inline bool is_spinlock(__u32 flags)
{
	return flags & LCB_F_SPIN && !(flags & (LCB_F_RT | LCB_F_PERCPU | LCB_F_MUTEX));
}

static __always_inline bool is_own_mmap_lock(__u64 lock)
{
	struct mm_struct *mm = BPF_CORE_READ(current_task(), mm);

	return mm && lock == (__u64)mm + bpf_core_field_offset(struct mm_struct, mmap_lock);
}

/* KS_LOCK_OTHER: none of those whose sleepers we know, or not known to be one. */
static __always_inline enum ks_lock_which lock_which(__u64 kvm, __u64 lock, __u32 flags)
{
	if (is_spinlock(flags))
		return lock == kvm + bpf_core_field_offset(struct kvm, mmu_lock) ? KS_LOCK_MMU
										 : KS_LOCK_SPIN;
	if (lock == kvm + bpf_core_field_offset(struct kvm, slots_lock))
		return KS_LOCK_SLOTS;
	if (lock == kvm + bpf_core_field_offset(struct kvm, lock))
		return KS_LOCK_KVM;
	if (lock == kvm + bpf_core_field_offset(struct kvm, irq_lock))
		return KS_LOCK_IRQ;
	if (lock == kvm + bpf_core_field_offset(struct kvm, slots_arch_lock))
		return KS_LOCK_SLOTS_ARCH;
	if (bpf_core_field_exists(struct kvm, irqfds.resampler_lock) &&
	    lock == kvm + bpf_core_field_offset(struct kvm, irqfds.resampler_lock))
		return KS_LOCK_RESAMPLER;
	if (flags & LCB_F_MUTEX)
		return KS_LOCK_MUTEX;
	if (flags & LCB_F_PERCPU)
		return KS_LOCK_PERCPU;
	if (is_rwsem(flags))
		return is_own_mmap_lock(lock) ? KS_LOCK_MMAP : KS_LOCK_RWSEM;
	return KS_LOCK_OTHER;
}

struct lock_holder {
	struct task_struct *task;
	__u32 tid; /* 0: it has none just now, or the kernel does not say */
	enum ks_lock_held held;
};

/* Of an rwsem that readers own, the field has the last of them, who may have let go long since. */
static __always_inline void lock_owner(__u64 lock, enum ks_lock_which which,
				       struct lock_holder *owner)
{
	struct task_struct *task;
	__u64 word;

	owner->task = NULL;
	owner->tid = 0;
	owner->held = KS_HELD_UNNAMED;
	if (which == KS_LOCK_PERCPU)
		return;
	if (which != KS_LOCK_MMAP && which != KS_LOCK_RWSEM) {
		word = BPF_CORE_READ((struct mutex *)lock, owner.counter);
	} else if (bpf_core_field_exists(struct rw_semaphore, owner)) {
		word = BPF_CORE_READ((struct rw_semaphore *)lock, owner.counter);
		owner->held = KS_HELD_BY_READERS;
		if (word & RWSEM_READER_OWNED)
			return;
	} else {
		return;
	}
	owner->held = KS_HELD_BY_TASK;
	task = (void *)(word & ~OWNER_FLAGS);
	owner->task = task;
	owner->tid = BPF_CORE_READ(task, pid);
}

static __always_inline void lock_emit(const struct task_state *state,
				      const struct lock_holder *owner, __u64 now)
{
	struct task_struct *task = owner->task;
	struct task_state *owner_state;
	struct ks_lock *rec = ring_reserve(sizeof(*rec));

	if (!rec)
		return;
	head_fill(&rec->head, now, state->shown_tid, KS_LOCK);
	rec->lock = state->locked.addr;
	rec->kvm = state->kvm;
	rec->which = state->locked.which;
	rec->held = owner->held;
	owner_state = task_find(owner->tid);
	rec->owner = owner->tid ? shown_tid(task, owner->tid) : 0;
	rec->owner_cmd = owner_state ? owner_state->cmd : 0;
	rec->owner_kind = owner_state ? owner_state->kind : 0;
	if (BPF_CORE_READ_STR_INTO(&rec->owner_comm, task, comm) < 0)
		__builtin_memset(rec->owner_comm, 0, sizeof(rec->owner_comm));
	ring_submit(rec);
}

/* It spun for @lock until now, if it did. A spinlock is not news before that: most are soon got. */
static __always_inline void spin_emit(struct task_state *state, __u64 lock, __u64 now)
{
	static const struct lock_holder nobody = {.held = KS_HELD_UNNAMED};
	__u64 since_ns = locked_spun(&state->locked, lock);

	if (!since_ns || now - since_ns < SPIN_MIN_NS)
		return;
	if (locked_by_spinning(state->locked.which))
		lock_emit(state, &nobody, now);
	emit_step_at(now, KS_SPUN, lock, since_ns, state->begin_ns);
}

/* Who has it now? Reported if that is news, or @is_new. */
static __always_inline void lock_ask(struct task_state *state, bool is_new, __u64 now)
{
	struct lock_holder owner;

	lock_owner(state->locked.addr, state->locked.which, &owner);
	if (locked_by(&state->locked, owner.held ? OWNERS_MANY : owner.tid) || is_new)
		lock_emit(state, &owner, now);
}

/* A lock, in a call: who has it? A mutex is asked when it spins, and again before it sleeps. */
static __always_inline void lock_wait(__u64 lock, __u32 flags)
{
	struct task_state *state = task_find(current_tid());
	enum ks_lock_which which;
	bool is_new;
	__u64 now;

	if (!state)
		return;
	which = lock_which(state->kvm, lock, flags);
	if (which == KS_LOCK_OTHER)
		return;
	now = bpf_ktime_get_ns();
	if (locked_by_spinning(which)) {
		locked_spin(&state->locked, lock, which, is_away(&state->away), now);
		return;
	}
	spin_emit(state, lock, now);
	is_new = locked_begin(&state->locked, lock, which);
	if (flags & LCB_F_SPIN)
		state->locked.spin_ns = now;
	lock_ask(state, is_new, now);
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
