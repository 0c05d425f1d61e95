/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grace periods and runs of callbacks as pictures need them: where each began and ended, what state
 * it was in between, and who started it. From records alone, in their order; how long a grace
 * period took is what the metrics count (ledger/gp_durations.h).
 */
#ifndef OUTPUT_GP_TIMELINE_H
#define OUTPUT_GP_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kvmstall/records.h>

#include "ledger/ioctls.h"

struct gp_timeline;
struct symbols;

enum gp_part_state {
	GP_PART_TIMER,	/* the timer of a normal grace period is pending */
	GP_PART_QUEUED, /* process_srcu is queued; no kworker runs it yet */
	GP_PART_SCAN,	/* process_srcu runs */
	GP_PART_POLL,	/* a scan failed: a reader holds it; the next scan waits for a timer */
	GP_PART_CNT
};

const char *gp_part_name(enum gp_part_state state);

struct gp_part {
	uint64_t begin_ns, ns;
	enum gp_part_state state;
};

struct gp_slice {
	uint64_t ssp;
	uint64_t gp;	/* see gp_id_done() */
	int64_t number; /* that people see: as domain_gp_number() */
	uint64_t begin_ns, ns;
	bool is_normal; /* began with a timer; else expedited */
	bool is_open;	/* not over when the records ended */
	/* Who took the domain out of idle, for this one or for one that this one followed at once.
	 */
	bool has_starter;
	uint64_t start_ns; /* when that was */
	uint64_t kvm;	   /* of the call that the starter was in; 0: in none */
	uint32_t tid;
	enum call_id call;
	const char *func; /* who asked SRCU; NULL: no stack was taken */
	const char *comm;
	const struct gp_part *parts; /* in order of time, none overlap */
	size_t parts_cnt;
	uint64_t scans; /* runs of process_srcu; more than there are parts of these, if very many */
};

enum cb_part_state {
	CB_PART_TIMER,	/* the callbacks wait for a timer */
	CB_PART_QUEUED, /* srcu_invoke_callbacks is queued */
	CB_PART_RUN,	/* it runs */
	CB_PART_CNT
};

const char *cb_part_name(enum cb_part_state state);

struct cb_slice {
	uint64_t ssp;
	uint64_t begin_ns, ns;
	enum cb_part_state state;
	uint16_t cpu;	    /* whose callbacks they are */
	uint64_t callbacks; /* CB_PART_RUN: in the list */
};

/* What is told, and its strings, are the timeline's, for this time. */
struct gp_timeline_ops {
	void (*gp)(void *ctx, const struct gp_slice *gp);
	void (*callbacks)(void *ctx, const struct cb_slice *cb);
};

/* NULL when out of memory. */
struct gp_timeline *gp_timeline_new(const struct gp_timeline_ops *ops, void *ctx);
void gp_timeline_free(struct gp_timeline *timeline);

/*
 * Any record, in order; of one that is no record nothing is taken. Records that were lost end all
 * that is in progress, untold. Returns 0 or -ENOMEM.
 */
int gp_timeline_record(struct gp_timeline *timeline, const void *record, size_t size,
		       const struct symbols *syms);

/* No more records: what is in progress is told, as open at the last record's time, and forgotten.
 * What follows may be another recording. */
void gp_timeline_end(struct gp_timeline *timeline);

#endif
