/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One SRCU domain as a state machine over time, driven by its records alone.
 * Kernel facts are those of kernel/rcu/srcutree.c, the same from 6.1 to 7.3.
 */
#ifndef LEDGER_DOMAIN_H
#define LEDGER_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kvmstall/records.h>

#include "ledger/blame/readers.h"
#include "ledger/ioctls.h"
#include "ledger/sites.h"
#include "ledger/stack.h"

/*
 * A grace period is named by its id: srcu_gp_seq's counter once it has ended,
 * moved so that 0 can mean "none": since v6.7 the counter starts at -100
 * (SRCU_GP_SEQ_INITIAL_VAL) and passes 0. The two low bits of the sequence are
 * its state, 0 for idle (rcu_seq_snap() and friends, kernel/rcu/rcu.h).
 */
static inline uint64_t gp_id_done(uint64_t seq)
{
	return (uint64_t)((int64_t)seq >> 2) + (1 << 20);
}

static inline uint64_t gp_id_in_progress(uint64_t seq)
{
	return gp_id_done(seq) + 1;
}

/* The sequence of a domain that rests once @gp is over. */
static inline uint64_t gp_id_seq(uint64_t gp)
{
	return (gp - (1 << 20)) << 2;
}

static inline bool gp_seq_is_idle(uint64_t seq)
{
	return !(seq & 3);
}

/* Who took a domain from idle to a GP in progress. Strings live as long as the ledger. */
struct initiator {
	uint64_t gp;
	uint64_t ts_ns;
	uint64_t kvm;
	uint32_t tid;
	uint32_t tgid;
	bool is_delayed;   /* armed a timer: a normal GP */
	bool is_sync;	   /* by a synchronize_srcu*(): it waits for it itself */
	bool is_known;	   /* false: in flight before we looked */
	bool is_inherited; /* it started one before: this follows at once */
	enum call_id call; /* by its record, or else by its stack */
	const char *func;  /* who asked SRCU: "kvm_io_bus_register_dev"; NULL: not known */
	char comm[KS_COMM_LEN];
};

#define SUSPECTS_MAX 4

/* A task that may hold a domain's read side, as it was seen once. */
struct suspect {
	uint64_t gp;
	uint64_t ts_ns;
	uint32_t tid;
	uint32_t tgid;
	int rank;	   /* how likely: see suspect_rank() */
	const char *func;  /* where it is */
	enum call_id call; /* what it is in */
	struct stack stack;
	char comm[KS_COMM_LEN];
};

/* Who was seen invalidating guest memory last: the VM's memory slots wait for that. */
struct invalidator {
	uint64_t ts_ns;
	uint32_t tid;
	enum call_id call; /* the system call that it is in */
	const char *func;  /* where in it */
	char comm[KS_COMM_LEN];
};

struct domain;

/*
 * What the histories of all domains together may take. When it is used up, a list that needs to
 * grow forgets its oldest items instead, but the newest few dozen of each are kept whatever others
 * take.
 */
struct history_budget {
	size_t bytes; /* taken */
	size_t max_bytes;
	bool lacks_memory; /* something was not kept, as there was none to be had */
};

/* @ssp and @kvm (0: nobody's own) as in records. NULL when out of memory; one reference. */
struct domain *domain_new(uint64_t ssp, enum domain_kind kind, uint64_t kvm);

/* The last put frees. */
struct domain *domain_get(struct domain *dom);
void domain_put(struct domain *dom);

/* Before its first record; @budget must live as long. Without one, each list has 65535 items at
 * most. */
void domain_set_budget(struct domain *dom, struct history_budget *budget);

uint64_t domain_ssp(const struct domain *dom);
uint64_t domain_kvm(const struct domain *dom);
enum domain_kind domain_get_kind(const struct domain *dom);

/* A stack of a wait on it says whose it is. */
void domain_set_kind(struct domain *dom, enum domain_kind kind);

/* The number that people see for a GP: the n-th of the domain, as far as that is known; -1: no
 * number. */
int64_t domain_gp_number(const struct domain *dom, uint64_t gp);

/* What the kernel's structure said when the VM was born or found; @hz and @jiffies turn gp_start
 * into ns. */
void domain_seed(struct domain *dom, const struct ks_domain *seed, uint64_t ts_ns, uint64_t jiffies,
		 uint32_t hz);

/* A task started a GP; @initiator's gp and ts_ns are filled in from @start. */
void domain_start(struct domain *dom, const struct ks_start *start,
		  const struct initiator *initiator);

/* KS_GP_ARM ... KS_GP_END. */
void domain_step(struct domain *dom, const struct ks_step *step);

/* KS_CB_ARM ... KS_CB_END. */
void domain_callbacks(struct domain *dom, const struct ks_cb *cb);

/*
 * Forget the past of a domain that has long been at rest: no grace period, no callback, nothing
 * that a report of a call could still need. A VM that only runs then costs a few hundred bytes.
 */
void domain_tidy(struct domain *dom, uint64_t now_ns);

/* Records may have been lost at or before @ts_ns: what is known of the state ends there. */
void domain_lose(struct domain *dom, uint64_t ts_ns);

/* The GP in progress at @ts_ns, or 0. */
uint64_t domain_gp_at(const struct domain *dom, uint64_t ts_ns);

/* How long before @ts_ns its last GP had ended; 0: none that is known had. */
uint64_t domain_rest_ns(const struct domain *dom, uint64_t ts_ns);

/* The kworker that began to work for the domain at @ts_ns; 0: none did. */
uint32_t domain_worker_at(const struct domain *dom, uint64_t ts_ns);

/* Its initiator, or NULL. */
const struct initiator *domain_initiator(const struct domain *dom, uint64_t gp);

/* Somebody may hold the GP in progress. Returns 0 or -ENOMEM. */
int domain_suspect(struct domain *dom, const struct suspect *suspect);

/* Its readers were counted. Returns 0 or -ENOMEM. */
int domain_count_readers(struct domain *dom, const struct ks_readers *rec);

/* What is known of how many held @gp; NULL: nothing. */
const struct reader_counts *domain_readers(const struct domain *dom, uint64_t gp);

/* Somebody invalidates memory of the VM whose own kvm->srcu this is. Returns 0 or -ENOMEM. */
int domain_invalidates(struct domain *dom, const struct invalidator *invalidator);

/* NULL: nobody was ever seen to. */
const struct invalidator *domain_invalidator(const struct domain *dom);

/* Those of @gp, most likely first; how many in @cnt. */
const struct suspect *domain_suspects(const struct domain *dom, uint64_t gp, size_t *cnt);

#endif
