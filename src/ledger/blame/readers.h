/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many readers a domain has, and whether they are the same ones: by what srcu_data of each CPU
 * counts. A reader counts itself on one of two indexes; a grace period waits until as many have let
 * go of the one that new readers do not take as have taken it (kernel/rcu/srcutree.c, the same from
 * 6.1 to 7.3). A reader may let go on another CPU than it came on, so only sums say how many are
 * in.
 */
#ifndef LEDGER_BLAME_READERS_H
#define LEDGER_BLAME_READERS_H

#include <stdbool.h>
#include <stdint.h>

#include <kvmstall/records.h>

/* They are the same ones for so long: whoever is in for an exit or an ioctl has long left. */
#define READERS_STAY_NS 1000000000ULL

enum readers_state {
	READERS_UNKNOWN, /* some are in; whether they are the same ones is not known yet */
	READERS_LEFT,	 /* none is in: the kernel has not looked since */
	READERS_STAY,	 /* for READERS_STAY_NS none has come and none has left */
	READERS_COME,	 /* others came before these had left */
	READERS_STATE_CNT
};

/* Of one grace period; .gp 0: of none. */
struct reader_counts {
	uint64_t gp;
	uint64_t seq;
	uint64_t locks, unlocks; /* when they were counted last */
	uint64_t came;		 /* since they were counted first */
	uint64_t same_since_ns;	 /* both counts are what they were then */
	uint64_t counted_ns;	 /* last */
	int64_t excess;		 /* of .cpu: its locks less its unlocks */
	uint16_t cpu;		 /* whose locks exceed its unlocks by most */
	uint16_t cpus;		 /* whose locks and unlocks differ */
};

/*
 * Add what one CPU has counted to @sum, which is all zero bytes before the first. false: it was
 * read in another grace period, or another part of one, than those before, so that the sum means
 * nothing.
 */
bool readers_add(struct ks_readers *sum, const struct ks_readers_cpu *cpu);

/* They were counted, during grace period @gp. */
void readers_note(struct reader_counts *counts, const struct ks_readers *rec, uint64_t gp);

/* How many were in when they were counted last. */
uint64_t readers_cnt(const struct reader_counts *counts);

enum readers_state readers_state(const struct reader_counts *counts);

const char *readers_state_name(enum readers_state state);

#endif
