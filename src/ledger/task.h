/* SPDX-License-Identifier: GPL-2.0-only */
/* What is known of a task's call so far: its sleeps, accounted, until the call's own record comes.
 */
#ifndef LEDGER_TASK_H
#define LEDGER_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/blame/cpu_waits.h"
#include "ledger/stall.h"

/* A segment and where it begins; what lies between two is time on a CPU. */
struct timed_segment {
	uint64_t begin_ns;
	struct segment seg;
	uint32_t sleep;	   /* which of the task's sleeps it is of, from 0 */
	enum call_id call; /* that the stack of a sleep says it is in, which is no struct wait */
};

/* The lock that the task blocked on last. */
struct held_lock {
	uint64_t ts_ns; /* 0: none */
	uint16_t which; /* enum ks_lock_which */
	uint16_t held;	/* enum ks_lock_held */
	uint32_t owner; /* tid; 0: not known */
	uint32_t owner_cmd;
	uint8_t owner_kind;
	char owner_comm[KS_COMM_LEN];
};

/* The stalled call that a task ended last, for those that waited for its locks. */
struct past_call {
	uint64_t begin_ns;
	uint64_t end_ns; /* 0: none */
	enum ks_cause cause;
	struct lock_root root; /* of the lock that it waited for */
};

/* What a scan said of the sleep that the task is in. */
struct stuck_call {
	uint64_t begin_ns;
	uint64_t ts_ns; /* of the scan; 0: none */
	enum ks_cause cause;
	struct held_lock lock;
};

struct task {
	uint32_t tid;
	struct timed_segment *segments; /* in order of time */
	size_t segments_cnt, segments_cap;
	struct wait *waits;
	size_t waits_cnt, waits_cap;
	uint32_t sleeps;
	uint32_t forgotten;	 /* sleeps that reach further back than their domain's history */
	uint64_t seen_ns;	 /* of the last record that was about it */
	uint64_t last_in_ns;	 /* end of its last sleep */
	uint64_t wait_ns;	 /* identity of the last wait: when its function was entered */
	struct held_lock lock;	 /* that it waited for last */
	struct held_lock blamed; /* that it slept for longest */
	uint64_t blamed_ns;
	struct past_call past;
	struct stuck_call stuck;
	struct cpu_waits cpu_waits; /* its own, in this call */
	uint32_t asleep_switches;   /* identity of the sleep that an iterator found it in */
	uint64_t asleep_ns;	    /* when it first did; 0: never */
	int watchers;		    /* tasks whose lock this one holds or held */
};

struct task *task_new(uint32_t tid);
void task_free(struct task *task);

/* A task that is over becomes another one: what it allocated is used again. */
void task_renew(struct task *task, uint32_t tid);

/* Forget the call, keep the task. */
void task_reset(struct task *task);

/* Forget what began before @ns: a call whose own record was lost. */
void task_forget_before(struct task *task, uint64_t ns);

/* Where the lists are, to go back there. */
struct task_mark {
	size_t segments_cnt, waits_cnt;
	uint32_t sleeps, forgotten;
	uint64_t last_in_ns, wait_ns;
	struct held_lock blamed;
	uint64_t blamed_ns;
};

void task_mark(const struct task *task, struct task_mark *mark);
void task_rewind(struct task *task, const struct task_mark *mark);

/*
 * Append one on @dom, on which it takes a reference, or on none: NULL. All else is for the caller
 * to fill in, nothing of it is cleared. NULL: no memory.
 */
struct segment *task_new_segment(struct task *task, uint64_t begin_ns, const struct domain *dom);
struct wait *task_new_wait(struct task *task, const struct domain *dom);

/* Append; takes a reference on seg->dom / wait->dom. Returns 0 or -ENOMEM. */
int task_add_segment(struct task *task, uint64_t begin_ns, const struct segment *seg);
/* The same of time that is of none of its sleeps. */
int task_add_unslept(struct task *task, uint64_t begin_ns, const struct segment *seg);
int task_add_wait(struct task *task, const struct wait *wait);

/* Has it slept on since a scan found it asleep? */
bool task_is_stuck(const struct task *task);

/* Was it stalled in [begin_ns, end_ns], in its call that is not over yet? */
bool task_in_call(const struct task *task, uint64_t begin_ns, uint64_t end_ns);

/*
 * What @task was stalled for in [begin_ns, end_ns]: in its call that is not over
 * yet, or in its last one. KS_CAUSE_RUN: it was not, as far as is known. @task may be NULL.
 */
enum ks_cause task_stalled_for(const struct task *task, uint64_t begin_ns, uint64_t end_ns);

#endif
