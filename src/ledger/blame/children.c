// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/blame/children.h"

/* How long one is kept: who waited for it may not have been reported yet. */
#define KEEP_NS 60000000000ULL
/* 2 MiB of them; the oldest go first. */
#define WAITS_MAX 65535

void children_fini(struct children *children)
{
	child_waits_fini(&children->list);
}

/* A quarter at a time: to move all the others for each would cost more than all else. */
static void forget_old(struct child_waits *list, uint64_t now_ns)
{
	size_t old = child_waits_cnt(list) / 4;

	if (old && child_waits_at(list, old)->end_ns + KEEP_NS < now_ns)
		child_waits_drop(list, old);
}

void children_note(struct children *children, const struct stall *stall)
{
	struct child_wait *wait;

	if (!stall_is_childs(stall))
		return;
	forget_old(&children->list, stall->begin_ns + stall->latency_ns);
	wait = child_waits_push(&children->list, WAITS_MAX, NULL);
	if (!wait)
		return;
	*wait = (struct child_wait){
		.begin_ns = stall->begin_ns,
		.end_ns = stall->begin_ns + stall->latency_ns,
		.tid = stall->rec->head.tid,
		.cause = stall->cause,
	};
}

enum ks_cause children_cause(const struct children *children, uint32_t tid, uint64_t begin_ns,
			     uint64_t end_ns)
{
	for (size_t i = child_waits_cnt(&children->list); i; i--) {
		const struct child_wait *wait = child_waits_at(&children->list, i - 1);
		uint64_t from_ns = wait->begin_ns > begin_ns ? wait->begin_ns : begin_ns;
		uint64_t to_ns = wait->end_ns < end_ns ? wait->end_ns : end_ns;

		if (wait->end_ns <= begin_ns)
			break; /* and so have all before it */
		if (wait->tid == tid && from_ns < to_ns &&
		    to_ns - from_ns > (end_ns - begin_ns) / 2)
			return wait->cause;
	}
	return KS_CAUSE_RUN;
}
