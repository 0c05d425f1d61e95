/* SPDX-License-Identifier: GPL-2.0-only */
/* The walk along a domain's history: what a sleeper in it waited for. */
#ifndef LEDGER_WALK_H
#define LEDGER_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kvmstall/causes.h>

#include "ledger/blame/timer.h"
#include "ledger/domain.h"

/* The part of a sleep that has one cause. */
struct piece {
	uint64_t ns;
	uint64_t gp; /* 0: none in particular */
	enum ks_cause cause;
	struct armed_timer timer; /* gp-timer, cb-timer: the one that ended it, if that is known */
};

/* As many as the sleep has: pieces_init() at first, pieces_fini() when done. */
struct pieces {
	struct piece *list; /* .few, until there are more */
	size_t cnt, cap;
	bool is_forgotten; /* the history did not reach back to all of it */
	bool lacks_memory; /* some are missing */
	struct piece few[8];
};

void pieces_init(struct pieces *pieces);

/* Append @ns of @cause, or lengthen the last piece. */
void pieces_add(struct pieces *pieces, enum ks_cause cause, uint64_t gp, uint64_t ns);

void pieces_fini(struct pieces *pieces);

/* A sleep that ended by a callback of this domain, or was in one of its waits. */
struct walk_wait {
	uint64_t off_ns;
	uint64_t wake_ns; /* 0: not seen */
	uint64_t in_ns;
	uint64_t needed;  /* seq that ends it; 0: not known */
	bool is_open;	  /* it goes on: in_ns is now */
	bool by_callback; /* a callback of this domain is known to have woken it */
	uint16_t wake_cpu;
};

/* Split [off_ns, in_ns] into pieces whose sum is exactly its length. */
void walk_split(const struct domain *dom, const struct walk_wait *wait, struct pieces *pieces);

/*
 * Callbacks that were outstanding beside the waiter's own: what was in the list
 * when its callbacks were first looked at after @off_ns; -1: not seen.
 */
int walk_callbacks(const struct domain *dom, const struct walk_wait *wait);

/* What becomes of the callbacks of a grace period that is over. */
enum callbacks_state {
	CALLBACKS_UNKNOWN,
	CALLBACKS_LATER,  /* a timer is armed, or they run */
	CALLBACKS_QUEUED, /* on a CPU, whose kworker is to run them */
	CALLBACKS_NONE,	  /* of no CPU anything is queued */
};

/*
 * Of a wait that goes on: when the grace period that it needs ended (0: it has not, or that is not
 * known), and what its callbacks do since; in @cpu, where they are queued.
 */
uint64_t walk_ended_ns(const struct domain *dom, const struct walk_wait *wait,
		       enum callbacks_state *state, uint16_t *cpu);

/*
 * Whose kworker was to do at @ts_ns what is queued then: the callbacks', else process_srcu's. That
 * is rcu_gp's, a workqueue of each CPU. False: nothing is queued.
 */
bool walk_queued_cpu(const struct domain *dom, uint64_t ts_ns, uint16_t *cpu);

/* A stretch in which a domain did one thing: .cause is what who waits for it would lose to it. */
struct walk_span {
	uint64_t from_ns, to_ns;
	enum ks_cause cause;
};

/*
 * What is known of [from_ns, to_ns], in order of their begins: of the grace periods, or of the
 * callbacks of all CPUs, whose stretches may overlap. Where the domain rests there is none. Into
 * @list, the newest @max; returns how many.
 */
size_t walk_spans(const struct domain *dom, bool of_callbacks, uint64_t from_ns, uint64_t to_ns,
		  struct walk_span *list, size_t max);

#endif
