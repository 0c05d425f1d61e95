// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/culprit.h"

#include <string.h>

#include "ledger/ioctls.h"

static const char *lock_name(uint32_t which)
{
	static const char *const names[KS_LOCK_CNT] = {NULL, "kvm->slots_lock", "kvm->lock",
						       "kvm->irq_lock"};

	return names[which];
}

static const struct segment *dominant(const struct stall *stall)
{
	const struct segment *best = NULL;

	for (size_t i = 0; i < stall->segments_cnt; i++) {
		const struct segment *seg = &stall->segments[i];

		if (seg->cause == stall->cause && seg->cause != KS_CAUSE_RUN &&
		    (!best || seg->ns > best->ns))
			best = seg;
	}
	return best;
}

static uint64_t begin_of(const struct stall *stall, const struct segment *seg)
{
	uint64_t begin_ns = stall->begin_ns;

	for (const struct segment *s = stall->segments; s != seg; s++)
		begin_ns += s->ns;
	return begin_ns;
}

/* The wait that a segment belongs to: the one on its domain that began last before its end. */
static const struct wait *wait_of(const struct stall *stall, const struct segment *seg)
{
	uint64_t end_ns = begin_of(stall, seg) + seg->ns;
	const struct wait *found = NULL;

	for (size_t i = 0; i < stall->waits_cnt; i++)
		if (stall->waits[i].dom == seg->dom && stall->waits[i].begin_ns < end_ns)
			found = &stall->waits[i];
	return found;
}

/* The VM that is meant by a call's struct kvm, and by its process when it has none. */
static const struct vm *vm_of(const struct vms *vms, uint64_t kvm, uint64_t ts_ns, uint32_t tgid)
{
	/* the end of a process knows no VM: any of them may be the one that ends */
	return kvm ? vms_find_at(vms, kvm, ts_ns) : vms_of_process(vms, tgid);
}

static void blame_initiator(const struct vms *vms, const struct stall *stall,
			    const struct segment *seg, struct culprit *culprit)
{
	const struct initiator *initiator = domain_initiator(seg->dom, seg->gp);
	const struct wait *wait = wait_of(stall, seg);
	uint64_t begin_ns = wait ? wait->begin_ns : stall->begin_ns;

	culprit->kind = CULPRIT_INITIATOR;
	if (!initiator)
		return;
	culprit->gp = seg->gp;
	culprit->callbacks = wait ? wait->callbacks : -1;
	culprit->age_ns = begin_ns > initiator->ts_ns ? begin_ns - initiator->ts_ns : 0;
	if (!initiator->is_known)
		return;
	culprit->is_known = true;
	culprit->func = initiator->func;
	culprit->call =
		initiator->kind ? call_name(initiator->kind, initiator->cmd) : initiator->call;
	culprit->tid = initiator->tid;
	culprit->tgid = initiator->tgid;
	culprit->vm = vm_of(vms, initiator->kvm, initiator->ts_ns, initiator->tgid);
	culprit->is_self = initiator->tid == stall->rec->head.tid && initiator->is_sync &&
			   initiator->ts_ns >= stall->begin_ns;
	memcpy(culprit->comm, initiator->comm, sizeof(culprit->comm));
}

static void blame_reader(const struct vms *vms, const struct segment *seg, struct culprit *culprit)
{
	size_t cnt;
	const struct suspect *first = domain_suspects(seg->dom, seg->gp, &cnt);

	culprit->kind = CULPRIT_READER;
	culprit->gp = seg->gp;
	if (!cnt)
		return;
	culprit->is_known = true;
	culprit->func = first->func;
	culprit->call = first->call;
	culprit->tid = first->tid;
	culprit->vm = vm_of(vms, domain_kvm(seg->dom), first->ts_ns, first->tgid);
	memcpy(culprit->comm, first->comm, sizeof(culprit->comm));
}

static void blame_holder(const struct culprit_input *in, uint64_t begin_ns, uint64_t end_ns,
			 struct culprit *culprit)
{
	const struct held_lock *lock = &in->task->lock;

	culprit->kind = CULPRIT_HOLDER;
	culprit->func = lock_name(lock->which);
	culprit->is_known = lock->owner != 0;
	culprit->tid = lock->owner;
	memcpy(culprit->comm, lock->owner_comm, sizeof(culprit->comm));
	culprit->call = lock->owner_kind ? call_name(lock->owner_kind, lock->owner_cmd) : NULL;
	culprit->cause = task_stalled_for(in->holder, begin_ns, end_ns);
}

static void find_culprit(const struct culprit_input *in, struct stall *stall)
{
	const struct segment *seg = dominant(stall);

	stall->culprit.seg = seg;
	if (!seg)
		return;
	if (seg->cause == KS_CAUSE_LOCK)
		blame_holder(in, begin_of(stall, seg), begin_of(stall, seg) + seg->ns,
			     &stall->culprit);
	else if (seg->cause == KS_CAUSE_READER || seg->cause == KS_CAUSE_POLL_BACKOFF)
		blame_reader(in->vms, seg, &stall->culprit);
	else if (seg->dom && seg->gp)
		blame_initiator(in->vms, stall, seg, &stall->culprit);
}

/* What the GP that was outstanding at a wait's begin cost it: gone, had there been none. */
static uint64_t outstanding_cost(const struct stall *stall)
{
	uint64_t cost = 0;

	for (size_t i = 0; i < stall->segments_cnt; i++) {
		const struct segment *seg = &stall->segments[i];
		const struct wait *wait = seg->dom && seg->gp ? wait_of(stall, seg) : NULL;

		/* a holder that slept for such a GP would have let go of its lock at once */
		if (seg->cause == KS_CAUSE_LOCK && stall->culprit.kind == CULPRIT_HOLDER &&
		    stall->culprit.cause == KS_CAUSE_GP_TIMER)
			cost += seg->ns;

		/* a barrier waits for outstanding callbacks only: without any it returns at once */
		if (!wait || (wait->gp_first != seg->gp && wait->api != KS_API_BARRIER))
			continue;
		if (cause_is_timer(seg->cause) || seg->cause == KS_CAUSE_KWORKER ||
		    seg->cause == KS_CAUSE_GP_WORK)
			cost += seg->ns;
	}
	return cost;
}

/* A close may wait in the irqfd clean-up queue for another VM's grace period. */
static void blame_irqfds(const struct culprit_input *in, struct stall *stall)
{
	const struct irqfd_shutdown *shutdown = irqfds_blame(in->irqfds, stall);

	if (shutdown && shutdown->kvm)
		stall->culprit.vm = vms_find(in->vms, shutdown->kvm);
}

void culprit_find(const struct culprit_input *in, struct stall *stall)
{
	find_culprit(in, stall);
	stall->without_ns = stall->latency_ns - outstanding_cost(stall);
	blame_irqfds(in, stall);
}
