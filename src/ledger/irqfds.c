// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/irqfds.h"

#include <stdbool.h>
#include <string.h>

#define SHUTDOWN "irqfd_shutdown"

void irqfds_note(struct irqfds *irqfds, const struct stall *stall)
{
	struct irqfd_shutdown *shutdown;

	if (strcmp(stall->call, SHUTDOWN))
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

/* Inlined into their callers or not, these are who flushes. */
static bool is_flush(const struct segment *seg)
{
	static const char *const flushers[] = {"kvm_irqfd_release", "kvm_vm_release", "kvm_irqfd",
					       "kvm_irqfd_deassign"};

	if (seg->cause != KS_CAUSE_OTHER_SLEEP || !seg->func)
		return false;
	for (size_t i = 0; i < sizeof(flushers) / sizeof(flushers[0]); i++)
		if (symbol_is(seg->func, flushers[i]))
			return true;
	return false;
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
	stall->culprit.kind = CULPRIT_HOLDER;
	stall->culprit.is_known = true;
	stall->culprit.func = "the irqfd clean-up queue";
	stall->culprit.call = SHUTDOWN;
	stall->culprit.tid = found->tid;
	stall->culprit.cause = found->cause;
	memcpy(stall->culprit.comm, found->comm, sizeof(stall->culprit.comm));
	return found;
}
