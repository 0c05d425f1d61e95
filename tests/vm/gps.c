// SPDX-License-Identifier: GPL-2.0-only
/*
 * gps CAPTURE - each of RCU's grace periods that a recording has whole, as a line of JSON: its
 * number (of gp_seq), the interval that its start lies in and the one that its end lies in
 * (CLOCK_MONOTONIC), and the CPU that reported last, or those of which it must be one; none:
 * nobody's report ended it, but the kthread's own look at idle CPUs, or a reader that was preempted
 * left. By what the ledger goes by, its kthread's sleeps and wake-ups: between a wake-up and the
 * sleep after it the kthread ran, and between these it has looked or not.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "../lib/records.h"

struct state {
	struct ks_rcu last;
	struct ks_rcu asleep;	    /* the sleep before .last, a wake-up */
	uint64_t from_ns, until_ns; /* the start of .gp lies between; 0: it was not seen */
	int64_t gp;
	uint64_t fired_ns; /* the kthread's timer did */
};

static int64_t gp_of(const struct ks_rcu *rec)
{
	return (int64_t)rec->seq >> 2;
}

static uint64_t cpus_of(const struct ks_rcu *rec)
{
	return rec->cpu_mask << (rec->first_cpu % 64);
}

/* Who reported last: bit n, CPU n; of two or more, one of them. As blame_last() and blame_late() of
 * src/ledger/blame/rcu.c have it. */
static uint64_t last_of(const struct ks_rcu *asleep, const struct ks_rcu *wake,
			const struct ks_rcu *sleep, bool is_fired)
{
	uint64_t waker = 1ULL << (wake->head.cpu % 64), left = cpus_of(asleep);

	if (asleep->seq != wake->seq)
		left = 0; /* it was woken while it fell asleep */
	if (wake->flags & KS_RCU_READERS)
		return 0;
	if (!wake->mask && is_fired)
		return left; /* the timer woke it, no report */
	if (!wake->mask)
		return left && !(left & (left - 1)) ? left : waker;
	if (!(wake->flags & sleep->flags & KS_RCU_HAS_SCANS) || wake->scans != sleep->scans)
		return 0;
	return wake->cpu_mask ? cpus_of(wake) : left;
}

static void put(const struct state *state, const struct ks_rcu *wake, const struct ks_rcu *sleep)
{
	uint64_t cpus = last_of(&state->asleep, wake, sleep, state->fired_ns == wake->head.ts_ns);
	const char *comma = "";

	printf("{\"gp\":%" PRId64 ",\"start\":[%" PRIu64 ",%" PRIu64 "],\"end\":[%" PRIu64
	       ",%" PRIu64 "],\"late\":%s,\"cpus\":[",
	       state->gp, state->from_ns, state->until_ns, (uint64_t)wake->head.ts_ns,
	       (uint64_t)sleep->head.ts_ns, wake->mask && cpus ? "true" : "false");
	for (int cpu = 0; cpu < 64; cpu++)
		if (cpus >> cpu & 1) {
			printf("%s%d", comma, cpu);
			comma = ",";
		}
	printf("]}\n");
}

/* From a wake-up to the sleep after it: what has it done in between? */
static void take_run(struct state *state, const struct ks_rcu *wake, const struct ks_rcu *sleep)
{
	bool was_on = wake->seq & 3, is_on = sleep->seq & 3;

	if (was_on && state->until_ns && state->gp == gp_of(wake) && gp_of(sleep) > state->gp)
		put(state, wake, sleep);
	if (!is_on || (was_on && gp_of(wake) == gp_of(sleep)))
		return;
	state->gp = gp_of(sleep);
	state->from_ns = wake->head.ts_ns;
	state->until_ns = sleep->head.ts_ns;
}

static int on_record(void *ctx, const void *record, size_t size)
{
	const struct ks_rcu *rec = record;
	struct state *state = ctx;

	(void)size;
	if (rec->head.type == KS_RCU_FIRED)
		state->fired_ns = rec->head.ts_ns;
	if (rec->head.type != KS_RCU_SLEEP && rec->head.type != KS_RCU_WAKE)
		return 0;
	if (rec->head.type == KS_RCU_SLEEP && state->last.head.type == KS_RCU_WAKE)
		take_run(state, &state->last, rec);
	if (rec->head.type == KS_RCU_SLEEP)
		state->asleep = *rec;
	state->last = *rec;
	return 0;
}

int main(int argc, char **argv)
{
	struct state state = {.gp = 0};

	return argc != 2 || each_record(argv[1], on_record, &state);
}
