/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a domain remembers: domain.c writes it, walk.c reads it, and nobody else
 * includes this.
 */
#ifndef LEDGER_HISTORY_H
#define LEDGER_HISTORY_H

#include "base/vec.h"
#include "ledger/domain.h"

enum gp_state {
	GP_UNKNOWN, /* not watched yet, or records lost */
	GP_IDLE,
	GP_ARMED,   /* process_srcu's timer is pending */
	GP_QUEUED,  /* process_srcu is queued */
	GP_RUNNING, /* process_srcu runs */
	GP_HELD,    /* a scan found a reader; the next one is due later */
	CB_NONE,
	CB_ARMED,
	CB_QUEUED,
	CB_RUNNING,
};

/* From .ts_ns on, until the next moment. */
struct transition {
	uint64_t ts_ns;
	uint64_t gp;
	union {
		uint64_t fail_ns;   /* GP_HELD: end of the last failed scan */
		uint64_t callbacks; /* CB_RUNNING: in the list */
		uint64_t expires;   /* GP_ARMED, CB_ARMED: of the timer, jiffies; 0: not known */
		uint64_t jiffies;   /* GP_QUEUED, CB_QUEUED: then, if a timer fired; 0: not known */
	};
	union {
		uint32_t
			tid; /* GP_RUNNING, CB_RUNNING: the kworker; _QUEUED: who was interrupted */
		uint32_t armed_before_ns; /* GP_ARMED, CB_ARMED: it has been armed for so long */
	};
	uint16_t cpu;
	uint8_t state;
	bool has_timer; /* callbacks: srcu_delay_timer is pending, whatever else goes on */
};

struct gp_end {
	uint64_t gp;
	uint64_t ts_ns;
};

VEC_DECL(transitions, struct transition);
VEC_DECL(gp_ends, struct gp_end);
VEC_DECL(initiators, struct initiator);

/* A process_srcu run in progress. */
struct run {
	uint64_t end_of_gp_ns; /* its GP's callbacks were scheduled; 0: not seen */
	uint64_t seq;
	uint64_t armed_ns; /* .next is GP_ARMED: since then, for this jiffy */
	uint64_t expires;
	uint32_t tid; /* the kworker's */
	uint8_t next; /* enum gp_state: what it left armed or queued; GP_UNKNOWN: nothing */
	bool is_on;
};

/* The timer that callbacks were armed with last. */
struct cb_timer {
	uint64_t armed_ns;
	uint64_t expires;
	uint16_t cpu; /* whose callbacks */
};

/* Each VM has two or three. */
struct domain {
	uint64_t ssp;
	uint64_t kvm;
	int refs;
	uint8_t kind; /* enum domain_kind */
	uint8_t suspects_cnt;
	bool is_young;		/* its counter was below 0: see domain_gp_number() */
	struct transitions gps; /* of process_srcu */
	struct transitions cbs; /* of srcu_invoke_callbacks, by CPU */
	struct initiators initiators;
	struct gp_ends ends;
	struct run run;
	struct cb_timer cb_timer;
	uint64_t dropped;
	struct history_budget *budget; /* NULL: none */
	uint32_t bytes;		       /* of the lists, as counted in .budget */
	uint32_t trimmed; /* TRIM_SHIFT of the time when it was last looked for what is too old */
	struct reader_counts *readers;	 /* of one GP; NULL: never counted */
	struct suspect *suspects;	 /* SUSPECTS_MAX of them, of one GP; NULL: never any */
	struct invalidator *invalidator; /* NULL: nobody was ever seen */
};

static inline bool transition_is_after(const struct transition *moment, uint64_t ts_ns)
{
	return moment->ts_ns > ts_ns;
}

/* The first moment after @ts_ns's own; .cnt when there is none. */
static inline size_t history_after(const struct transitions *track, uint64_t ts_ns)
{
	return transitions_after(track, transition_is_after, ts_ns);
}

#endif
