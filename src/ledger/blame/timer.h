/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a timer of SRCU's, or of RCU's kthread, took as long as it did, by the kernel's own count of
 * jiffies. The wheel rounds a timer of a few jiffies up by one: it fires in the tick after the one
 * that it was set for (kernel/time/timer.c, calc_index(), the same from 6.1 to 7.3).
 */
#ifndef LEDGER_BLAME_TIMER_H
#define LEDGER_BLAME_TIMER_H

#include <stdbool.h>
#include <stdint.h>

/* Of the two that RCU's kthread sleeps with in a grace period (kernel/rcu/tree.c). */
enum timer_fqs {
	TIMER_FQS_NONE,	 /* it is none of them, or not known which */
	TIMER_FQS_FIRST, /* rcutree.jiffies_till_first_fqs */
	TIMER_FQS_NEXT,	 /* rcutree.jiffies_till_next_fqs: it has looked for idle CPUs before */
	TIMER_FQS_CNT
};

/* "first-fqs"; NULL: TIMER_FQS_NONE. */
const char *timer_fqs_name(enum timer_fqs fqs);

/* As its records have it; all zero bytes: not known. */
struct armed_timer {
	uint64_t armed_ns;
	uint64_t expires; /* jiffies; of the timer, before the wheel rounds */
	uint64_t fired_ns;
	uint64_t jiffies; /* the kernel's count when it fired */
	uint32_t tid;	  /* whom it interrupted; 0: an idle CPU */
	enum timer_fqs fqs;
};

/* Where jiffies are on the clock, learned from readings of both. All zero bytes: nothing known. */
struct tick {
	uint64_t period_ns;
	uint64_t origin_ns; /* when jiffy 0 was; wraps */
	bool is_known;
};

/* @hz: jiffies a second; 0: not known, and nothing will be. */
void tick_init(struct tick *tick, uint32_t hz);

/*
 * The kernel's count was @jiffies when the clock was @ts_ns, or just before. A count can be behind
 * the clock and never ahead of it, so the earliest of all readings tells.
 */
void tick_learn(struct tick *tick, uint64_t ts_ns, uint64_t jiffies);

enum timer_late {
	TIMER_ON_TIME,	  /* with the tick that it was due in */
	TIMER_EARLY_TICK, /* with the next: its CPU's tick read jiffies before they had advanced */
	TIMER_STALE_JIFFIES, /* the count was behind the clock: no CPU had advanced it */
	TIMER_IDLE_CPU,	     /* its CPU was idle, and was woken late */
	TIMER_NO_TICK,	     /* its CPU was busy, and handled no tick for one jiffy or more */
	TIMER_SOFTIRQ,	     /* its tick came late in the jiffy, or the softirq after it */
	TIMER_LATE_UNKNOWN,
	TIMER_LATE_CNT
};

/* "early-tick", and what it means in a sentence without its end. */
const char *timer_late_name(enum timer_late late);
const char *timer_late_help(enum timer_late late);

struct timer_story {
	double into;	 /* its jiffy, in jiffies: 0.31 */
	double due;	 /* from being armed to the tick that it was due in, in jiffies */
	double took;	 /* from being armed to firing */
	int64_t late_ns; /* after that tick */
	/* How many jiffies ahead by the clock. The count may have been behind: then it is less than
	 * what was asked for, even negative. */
	int set_for;
	enum timer_late late;
};

/* False: not enough is known of @timer or @tick, which may be NULL. */
bool timer_explain(const struct armed_timer *timer, const struct tick *tick,
		   struct timer_story *story);

#endif
