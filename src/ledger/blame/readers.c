// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/blame/readers.h"

bool readers_add(struct ks_readers *sum, const struct ks_readers_cpu *cpu)
{
	unsigned int idx = cpu->idx & 1;
	int64_t excess = (int64_t)(cpu->locks[idx] - cpu->unlocks[idx]);

	if (!cpu->is_known)
		return true; /* it was never online, so it has counted nobody */
	if (sum->ssp && sum->seq != cpu->seq)
		return false;
	sum->ssp = cpu->ssp;
	sum->seq = cpu->seq;
	sum->locks += cpu->locks[idx];
	sum->unlocks += cpu->unlocks[idx];
	if (!excess)
		return true;
	if (!sum->cpus || excess > sum->excess) {
		sum->excess = excess;
		sum->cpu = (uint16_t)cpu->cpu;
	}
	sum->cpus++;
	return true;
}

void readers_note(struct reader_counts *counts, const struct ks_readers *rec, uint64_t gp)
{
	/* The sequence has the part of the grace period, which says what index it waits for. */
	bool is_next = counts->gp == gp && counts->seq == rec->seq;
	uint64_t came = is_next ? rec->locks - counts->locks : 0;
	bool is_same = is_next && !came && rec->unlocks == counts->unlocks;

	*counts = (struct reader_counts){
		.gp = gp,
		.seq = rec->seq,
		.locks = rec->locks,
		.unlocks = rec->unlocks,
		.came = is_next ? counts->came + came : 0,
		.same_since_ns = is_same ? counts->same_since_ns : rec->head.ts_ns,
		.counted_ns = rec->head.ts_ns,
		.excess = rec->excess,
		.cpu = rec->cpu,
		.cpus = rec->cpus,
	};
}

uint64_t readers_cnt(const struct reader_counts *counts)
{
	return counts->locks - counts->unlocks;
}

enum readers_state readers_state(const struct reader_counts *counts)
{
	if (!readers_cnt(counts))
		return READERS_LEFT;
	if (counts->counted_ns >= counts->same_since_ns + READERS_STAY_NS)
		return READERS_STAY;
	return counts->came ? READERS_COME : READERS_UNKNOWN;
}

const char *readers_state_name(enum readers_state state)
{
	static const char *const names[READERS_STATE_CNT] = {
		[READERS_UNKNOWN] = "unknown",
		[READERS_LEFT] = "left",
		[READERS_STAY] = "stay",
		[READERS_COME] = "come-and-go",
	};

	return names[state];
}
