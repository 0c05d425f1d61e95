// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/blame/irqfds.h"

#include <stdbool.h>
#include <string.h>

/* How long one is kept: a flush that it was in front of may not have been reported yet. */
#define KEEP_NS 60000000000ULL
/* 4 MiB of them; the oldest go first. */
#define SHUTDOWNS_MAX 65535

void irqfds_fini(struct irqfds *irqfds)
{
	irqfd_shutdowns_fini(&irqfds->list);
}

/* A quarter at a time: to move all the others for each would cost more than all else. */
static void forget_old(struct irqfds *irqfds, uint64_t now_ns)
{
	size_t old = irqfd_shutdowns_cnt(&irqfds->list) / 4;

	if (old && irqfd_shutdowns_at(&irqfds->list, old)->end_ns + KEEP_NS < now_ns)
		irqfd_shutdowns_drop(&irqfds->list, old);
}

void irqfds_note(struct irqfds *irqfds, const struct stall *stall)
{
	struct irqfd_shutdown *shutdown;

	if (stall->call != CALL_FN_IRQFD_SHUTDOWN)
		return;
	forget_old(irqfds, stall->begin_ns + stall->latency_ns);
	shutdown = irqfd_shutdowns_push(&irqfds->list, SHUTDOWNS_MAX, NULL);
	if (!shutdown)
		return;
	*shutdown = (struct irqfd_shutdown){
		.begin_ns = stall->begin_ns,
		.end_ns = stall->begin_ns + stall->latency_ns,
		.kvm = stall->vm ? stall->vm->kvm : 0,
		.tid = stall->rec->head.tid,
		.cause = stall->cause,
	};
	memcpy(shutdown->comm, stall->rec->comm, sizeof(shutdown->comm) - 1);
}

static bool is_flush(const struct segment *seg)
{
	return seg->cause == KS_CAUSE_KTHREAD && seg->func && site_is(seg->func) & SITE_FLUSHES;
}

static uint64_t overlap_ns(const struct irqfd_shutdown *shutdown, uint64_t begin, uint64_t end)
{
	if (begin < shutdown->begin_ns)
		begin = shutdown->begin_ns;
	if (end > shutdown->end_ns)
		end = shutdown->end_ns;
	return begin < end ? end - begin : 0;
}

static const struct irqfd_shutdown *longest(const struct irqfds *irqfds, uint64_t begin,
					    uint64_t end)
{
	const struct irqfd_shutdown *best = NULL;
	uint64_t most = 0;

	for (size_t i = irqfd_shutdowns_cnt(&irqfds->list); i; i--) {
		const struct irqfd_shutdown *shutdown = irqfd_shutdowns_at(&irqfds->list, i - 1);
		uint64_t ns = overlap_ns(shutdown, begin, end);

		if (shutdown->end_ns <= begin)
			break;
		if (ns <= most)
			continue;
		most = ns;
		best = shutdown;
	}
	return best;
}

const struct irqfd_shutdown *irqfds_blame(const struct irqfds *irqfds, struct stall *stall)
{
	uint64_t now = stall->begin_ns;
	const struct irqfd_shutdown *found = NULL;

	if (stall->cause != KS_CAUSE_KTHREAD)
		return NULL;
	for (size_t i = 0; i < stall->segments_cnt && !found; i++) {
		const struct segment *seg = &stall->segments[i];

		if (is_flush(seg))
			found = longest(irqfds, now, now + seg->ns);
		now += seg->ns;
	}
	if (!found)
		return NULL;
	stall->culprit.kind = CULPRIT_QUEUE;
	stall->culprit.is_known = true;
	stall->culprit.func = NULL;
	stall->culprit.late_tid = 0;
	stall->culprit.call = CALL_FN_IRQFD_SHUTDOWN;
	stall->culprit.tid = found->tid;
	stall->culprit.cause = found->cause;
	memcpy(stall->culprit.comm, found->comm, sizeof(stall->culprit.comm));
	return found;
}
