/* SPDX-License-Identifier: GPL-2.0-only */
/* Stalls by VM, call, cause, phase or culprit: how many, how long, and what they add up to. */
#ifndef OUTPUT_GROUP_BY_H
#define OUTPUT_GROUP_BY_H

#include <stdbool.h>

#include "ledger/stall.h"

struct str;
struct table;

enum group_by_key {
	GROUP_BY_NONE,
	GROUP_BY_VM,
	GROUP_BY_CALL,
	GROUP_BY_CAUSE,
	GROUP_BY_PHASE,
	GROUP_BY_CULPRIT,
	GROUP_BY_TIMER,
	GROUP_BY_PART,
	GROUP_BY_CNT
};

struct group_by;

struct group_by *group_by_new(enum group_by_key by);
void group_by_free(struct group_by *tally);

/* VMs that follow are others, though their ids may be the same. @path must live as long. */
void group_by_next_file(struct group_by *tally, const char *path);

/*
 * A call; @is_stall: it is long enough to count as one. Percentiles are of all
 * calls' latencies; by cause, of the time that a call lost to it. 0 or -ENOMEM.
 */
int group_by_add(struct group_by *tally, const struct stall *stall, bool is_stall);

/* What costs most first. @table is the caller's to table_fini(), before @tally. 0 or -ENOMEM. */
int group_by_table(struct group_by *tally, struct table *table);

#endif
