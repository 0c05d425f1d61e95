/* SPDX-License-Identifier: GPL-2.0-only */
/* Who waits for whom: from one call that waits to where that ends, or to where it goes round. */
#ifndef DUMP_CHAIN_H
#define DUMP_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dump;
struct dump_domain;
struct dump_wait;
struct ks_dump_fault;
struct ks_dump_pool;
struct ks_dump_task;

#define CHAIN_MAX 32

enum link_kind {
	LINK_TASK,   /* it waits for the next, or is where it ends */
	LINK_DOMAIN, /* its grace period is waited for */
	LINK_POOL,   /* its work waits there */
	LINK_SERVER, /* a process that could serve the page, and may yet: there it ends */
};

enum link_why {
	LINK_FIRST,
	LINK_WAITS,  /* for a grace period of it */
	LINK_HOLDS,  /* the mutex (.lock; 0: which is not known) */
	LINK_READS,  /* it holds the domain's read side, as suspected */
	LINK_WORKS,  /* it is at the work that the domain needs */
	LINK_QUEUED, /* the work is in this pool */
	LINK_CALLS, /* the grace period is over; the work that runs its callbacks is in this pool */
	LINK_BUSY,  /* the pool's worker that keeps others from being started */
	LINK_SERVES, /* the page of userfaultfd that it waits for: one of a process all of which
			wait */
};

struct link {
	enum link_kind kind;
	enum link_why why;
	uint32_t tid; /* LINK_TASK */
	uint64_t lock;
	const struct dump_wait *wait;	   /* the task's, or NULL */
	const struct ks_dump_task *task;   /* as it is now, or NULL */
	const struct dump_domain *domain;  /* LINK_DOMAIN */
	const struct ks_dump_pool *pool;   /* LINK_POOL */
	const struct ks_dump_fault *fault; /* LINK_SERVER */
};

struct chain {
	struct link links[CHAIN_MAX];
	size_t cnt;
	bool is_cycle; /* the last waits for the one at .again */
	size_t again;
};

/* From the task @tid. */
void chain_follow(const struct dump *dump, uint32_t tid, struct chain *chain);

/* Is this mutex one of a VM's of the dump? */
bool chain_is_known(const struct dump *dump, uint64_t lock);

#endif
