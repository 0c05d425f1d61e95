/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Many calls of one kind, one after the other: each too short to be worth a line, or as like the
 * others as one drop is like another. They are one thing while they last.
 */
#ifndef OUTPUT_STORM_H
#define OUTPUT_STORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "ledger/stall.h"

/* So many of one VM make a storm, if they took 10 times --min together. Of those that nobody waits
 * for, the second does if one of them took --min. */
#define STORM_CALLS  13
#define STORM_MIN_IN 10
/* One of them has a line of its own if it took this part of all, 10 times --min, and was the
 * longest so far. */
#define STORM_PART 20
/* It is over when none has come for so long. */
#define STORM_GAP_NS 1000000000ULL
/* Of latencies: 16 for each power of two, so a median is right to 1 in 32. */
#define STORM_BUCKETS (16 * 64)

struct storm {
	enum call_id call;
	struct vm vm; /* as it was; .id 0: not known */
	uint32_t tid; /* of the first of them */
	uint64_t begin_ns, end_ns;
	uint64_t cnt;
	uint64_t sum_ns, max_ns;
	uint64_t by_cause[KS_CAUSE_CNT];
	bool is_over;
	bool is_unawaited; /* stall_is_waited_for() */
	/* of the longest of them that had one */
	uint64_t culprit_ns; /* its latency; 0: none had */
	enum culprit_kind culprit_kind;
	enum call_id culprit_call;
	uint32_t culprit_tid;
	char culprit_comm[KS_COMM_LEN];
	uint64_t next_ns; /* age at which it is reported again; 0: it is no storm yet */
	uint32_t buckets[STORM_BUCKETS];
};

/* Half of the calls took less; a bucket's middle. */
uint64_t storm_median_ns(const struct storm *storm);

typedef void (*storm_fn)(void *ctx, const struct storm *storm);

struct storms {
	uint64_t min_ns;
	storm_fn fn;
	void *ctx;
	struct map groups;   /* call and VM -> struct storm */
	uint64_t soonest_ns; /* none of them is over before */
};

/* @fn gets a storm when it has lasted for a second, at doubling intervals, and when it is over. */
void storms_init(struct storms *storms, uint64_t min_ns, storm_fn fn, void *ctx);
void storms_fini(struct storms *storms);

/*
 * A call ended. Is it part of a storm, so that it needs no line of its own? Without memory it is
 * not, nor if it stands out.
 */
bool storms_add(struct storms *storms, const struct stall *stall);

/* It is @now_ns: storms of which nothing was heard lately are over. Before each line, for its time.
 */
void storms_tick(struct storms *storms, uint64_t now_ns);

/* Nothing comes any more. */
void storms_end(struct storms *storms);

#endif
