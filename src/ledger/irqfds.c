// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/irqfds.h"

#include <stdbool.h>
#include <string.h>

void irqfds_note(struct irqfds *irqfds, const struct stall *stall)
{
	struct irqfd_shutdown *shutdown;

	if (stall->call != CALL_FN_IRQFD_SHUTDOWN)
		return;
	shutdown = &irqfds->list[irqfds->cnt++ % IRQFDS_MAX];
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
	return seg->cause == KS_CAUSE_OTHER_SLEEP && seg->func && site_is(seg->func) & SITE_FLUSHES;
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
	uint32_t cnt = irqfds->cnt < IRQFDS_MAX ? irqfds->cnt : IRQFDS_MAX;
	const struct irqfd_shutdown *best = NULL;
	uint64_t most = 0;

	for (uint32_t i = 0; i < cnt; i++) {
		uint64_t ns = overlap_ns(&irqfds->list[i], begin, end);

		if (ns <= most)
			continue;
		most = ns;
		best = &irqfds->list[i];
	}
	return best;
}

const struct irqfd_shutdown *irqfds_blame(const struct irqfds *irqfds, struct stall *stall)
{
	uint64_t now = stall->begin_ns;
	const struct irqfd_shutdown *found = NULL;

	if (stall->cause != KS_CAUSE_OTHER_SLEEP)
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
	stall->culprit.call = CALL_FN_IRQFD_SHUTDOWN;
	stall->culprit.tid = found->tid;
	stall->culprit.cause = found->cause;
	memcpy(stall->culprit.comm, found->comm, sizeof(stall->culprit.comm));
	return found;
}
