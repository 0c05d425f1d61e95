/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two groups of hosts compared: does a VM start cost more stall time on the hosts of NEW? The host
 * is the unit: each counts once, however many VMs it started, since what differs between hosts is
 * what chance is made of here.
 *
 * What a task or a kworker that is ready to run waits for is a CPU: kworker, wakeup and runnable
 * say how busy a host is, and differ from host to host for that alone. They have rows, and the
 * deciding figure is without them.
 */
#ifndef FLEET_ROLLOUT_H
#define FLEET_ROLLOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diff/comparison.h"
#include "diff/fleet/hosts.h"

/* What a group may lose of its hosts, and still stand for them. */
#define LEFT_OUT_MAX 0.2

enum row_kind {
	ROW_STALLED, /* seconds that calls stalled, a VM start: the verdict hangs on it alone */
	ROW_START,   /* a quantile of the start of a VM */
	ROW_CAUSE,
	ROW_CALL, /* and cause */
	ROW_FUNCTION,
	ROW_KIND_CNT
};

/* A figure that each host has: of VM starts, in ns. */
struct rollout_row {
	enum row_kind kind;
	enum host_quantile quantile;				/* of ROW_START */
	const struct fleet_part *part;				/* of the last three */
	double median[SIDE_CNT], low[SIDE_CNT], high[SIDE_CNT]; /* over hosts */
	double diff;						/* of the medians */
	struct interval interval;
	struct rank_test test;
	double threshold; /* smaller differences are none */
	enum verdict verdict;
	bool is_unsure; /* the same, and yet it may be worse by more than that */
};

/* Why nothing can be said. */
enum rollout_reason {
	ROLLOUT_EMPTY,
	ROLLOUT_STOPPED,
	ROLLOUT_FEW_HOSTS,
	ROLLOUT_LEFT_OUT, /* too many of a group */
	ROLLOUT_MIXED,	  /* kernels, or versions of kvmstall, in a group */
	ROLLOUT_WORKLOAD,
	ROLLOUT_VARIED, /* twice as much could not be told from the same */
	ROLLOUT_REASON_CNT
};

#define ROLLOUT_REASONS_MAX 24

struct rollout_note {
	enum rollout_reason reason;
	enum side_id side;
	char text[240];
};

struct rollout {
	struct compare_cfg cfg;
	const struct fleet_data *fleet;
	size_t hosts[SIDE_CNT]; /* that count */
	double starts[SIDE_CNT];
	size_t needed;		  /* hosts a group with which all of NEW being worse is no chance */
	struct rollout_row *rows; /* .kind by .kind, the largest difference first */
	size_t cnt, cap;
	const struct rollout_row *moved;     /* the cause that moved most; NULL: none */
	const struct rollout_row *initiator; /* whose grace periods moved most; NULL: none did */
	enum host_form form;		     /* of quantiles; FORM_CNT: there are none */
	char facts[SIDE_CNT][FACT_CNT][128]; /* "a / b" where hosts differ */
	struct rollout_note reasons[ROLLOUT_REASONS_MAX];
	size_t reasons_cnt;
	enum outcome outcome;
};

/* Points into @fleet. 0 or -ENOMEM; fini in any case. */
int rollout_compare(struct rollout *rollout, const struct fleet_data *fleet,
		    const struct compare_cfg *cfg);
void rollout_fini(struct rollout *rollout);

/* "worse", "better", "same", "not comparable" */
const char *rollout_verdict(const struct rollout *rollout);

#endif
