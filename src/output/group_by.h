/* SPDX-License-Identifier: GPL-2.0-only */
/* Stalls by VM, call, cause, phase or culprit: how many, how long, and what they add up to. */
#ifndef OUTPUT_GROUP_BY_H
#define OUTPUT_GROUP_BY_H

#include <stdbool.h>

#include "ledger/stall.h"

struct str;
struct table;

enum tally_by {
	TALLY_NONE,
	TALLY_VM,
	TALLY_CALL,
	TALLY_CAUSE,
	TALLY_PHASE,
	TALLY_CULPRIT,
	TALLY_BY_CNT
};

extern const char *const tally_by_names[TALLY_BY_CNT];

struct tally;

struct tally *tally_new(enum tally_by by);
void tally_free(struct tally *tally);

/* VMs that follow are others, though their ids may be the same. */
void tally_next_file(struct tally *tally);

/*
 * A call; @is_stall: it is long enough to count as one. Percentiles are of all
 * calls' latencies; by cause, of the time that a call lost to it. 0 or -ENOMEM.
 */
int tally_add(struct tally *tally, const struct stall *stall, bool is_stall);

/* What costs most first. @table is the caller's to table_fini(), before @tally. 0 or -ENOMEM. */
int tally_table(struct tally *tally, struct table *table);

#endif
