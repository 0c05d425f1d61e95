// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/blame/halts.h"

#include <string.h>

/* Its own place, or that of the one that was seen first. */
static struct halt *place_of(struct halts *halts, uint32_t tid)
{
	for (uint32_t i = 0; i < HALTS_MAX; i++)
		if (halts->list[i].tid == tid)
			return &halts->list[i];
	return &halts->list[halts->next++ % HALTS_MAX];
}

void halts_note(struct halts *halts, const struct ks_cpu *rec)
{
	struct halt *halt = place_of(halts, rec->head.tid);

	*halt = (struct halt){
		.seen_ns = rec->head.ts_ns,
		.tid = rec->head.tid,
		.tgid = rec->tgid,
		.why = rec->ran_prio < KS_HALT_CNT ? (uint8_t)rec->ran_prio : KS_HALT_NONE,
		.signal = (uint8_t)rec->waker_tid,
	};
	memcpy(halt->comm, rec->comm, sizeof(halt->comm) - 1);
}

const struct halt *halts_find(const struct halts *halts, uint32_t tid, uint32_t tgid,
			      uint64_t begin_ns, uint64_t end_ns)
{
	for (uint32_t i = 0; i < HALTS_MAX; i++) {
		const struct halt *halt = &halts->list[i];

		if (halt->tid && halt->why && halt->seen_ns >= begin_ns &&
		    halt->seen_ns <= end_ns && (tid ? halt->tid == tid : halt->tgid == tgid))
			return halt;
	}
	return NULL;
}
