/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is known of two sides, each one or more recordings: which calls take longer, how sure that
 * is, which cause moved, and what of the hosts could explain it. compare.h makes one.
 */
#ifndef DIFF_COMPARISON_H
#define DIFF_COMPARISON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diff/side.h"
#include "diff/stats.h"

/* A call that fewer than one VM in this many makes is rare, and not judged. */
#define RARE_ONE_IN 10

struct compare_cfg {
	double alpha; /* how often something may be called a change by chance, over all calls */
	double min_effect; /* share of the base's median */
	uint64_t floor_ns; /* and at least this */
};

/* In the order in which they are shown. */
enum verdict {
	VERDICT_WORSE,
	VERDICT_BETTER,
	VERDICT_TOO_FEW,
	VERDICT_ONE_SIDED, /* made on one side only */
	VERDICT_SAME,
	VERDICT_RARE, /* made by fewer than one VM in ten: not judged */
	VERDICT_CNT
};

const char *verdict_name(enum verdict verdict);

/* With fewer samples on a side an interval would look narrower than it is: there is none. */
#define INTERVAL_MIN 8

#define EXPLANATIONS_MAX 6

/* What moves a VM's start and end by less than this share of the two does not decide. */
#define SHARE_DECISIVE 0.01

/* What makes a difference of milliseconds none: see judge.c. */
enum tolerance {
	TOLERANCE_NONE,
	TOLERANCE_TIMER,
	TOLERANCE_HOLDOFF,
	TOLERANCE_SCHEDULER,
	TOLERANCE_CNT
};

const char *tolerance_name(enum tolerance tolerance);

/* One side of a change. */
struct measure {
	const struct group *group; /* NULL: not made on this side */
	double median;
	double p99;
	double by_cause[KS_CAUSE_CNT]; /* means of the middle half */
};

struct change {
	struct measure sides[SIDE_CNT];
	enum verdict verdict;
	double diff;		  /* of the medians */
	struct interval interval; /* of the difference: see INTERVAL_MIN */
	struct rank_test test;
	double p;		  /* corrected */
	double threshold;	  /* differences below are none */
	enum tolerance tolerance; /* why it is what it is */
	bool is_large;		  /* without the slack it would be a change, if sure enough */
	double share;		  /* of a VM's start and end that it moved; -1: not known */
	bool is_minor;		  /* nothing hangs on it: moved so little, or: */
	bool is_covered;  /* too few samples, of a part of a start or end that is no worse */
	bool is_no_worse; /* surely: not by more than the threshold */
	bool is_unsure;	  /* the same, though it may have moved by more than the threshold */
	enum ks_cause moved;
	double moved_ns;
	const struct origin *origin;  /* because of which it moved; NULL: not known */
	size_t origin_cnt, moved_cnt; /* calls with that origin, of those with that cause */
	size_t explanations[EXPLANATIONS_MAX]; /* indices into the comparison's facts */
	size_t explanations_cnt;
};

/* Samples of a side, and of the side that has fewer. */
size_t measure_samples(const struct measure *measure);
size_t change_samples(const struct change *change);

/* A fact that differs; a side that does not know it has "". */
struct fact_change {
	const char *key;
	const char *values[SIDE_CNT];
};

/* Why nothing can be said, or not all; bits. */
enum compare_reason {
	REASON_LOST,
	REASON_CUT,
	REASON_WORKLOAD,  /* most calls are made on one side only, or more than twice as often */
	REASON_ONE_SIDED, /* some are */
	REASON_TOO_FEW,
	REASON_EMPTY,
	REASON_UNTIMED, /* calls of a log have no duration, or did not end */
	REASON_CNT
};

const char *comparison_reason_text(enum compare_reason reason);

/* The exit statuses of diff. */
enum outcome { OUTCOME_NOT_WORSE = 0, OUTCOME_WORSE = 1, OUTCOME_NOT_COMPARABLE = 3 };

struct comparison {
	struct compare_cfg cfg;
	const struct side *sides[SIDE_CNT];
	struct change *changes; /* sorted: start and end of a VM, then the worst call first */
	size_t cnt;
	size_t tested; /* the family of Holm's correction */
	size_t needed; /* samples a side that would do: with as many, no change is "too few" */
	size_t by_verdict[VERDICT_CNT]; /* calls */
	size_t deciding[VERDICT_CNT];	/* those that are not minor, and starts and ends */
	struct fact_change *facts;
	size_t facts_cnt;
	uint32_t reasons; /* (1 << enum compare_reason) */
	enum outcome outcome;
};

void comparison_fini(struct comparison *comparison);

/* Are they of the same call, by its occurrence, and in the same phase of BASE's VMs? */
bool change_is_same_call(const struct change *a, const struct change *b);

/* Is it of the start or the end of VMs? */
bool change_is_span(const struct change *change);

/* "worse", "better", "same", "not comparable" */
const char *comparison_verdict(const struct comparison *comparison);

#endif
