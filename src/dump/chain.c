// SPDX-License-Identifier: GPL-2.0-only
#include "dump/chain.h"

#include "dump/dump.h"

static const struct dump_wait *wait_of(const struct dump *dump, uint32_t tid)
{
	for (size_t i = 0; i < dump->waits_cnt; i++)
		if (dump->waits[i].tid == tid)
			return &dump->waits[i];
	return NULL;
}

static const struct ks_dump_task *task_of(const struct dump *dump, uint32_t tid)
{
	for (size_t i = 0; i < dump->tasks_cnt; i++)
		if (dump->tasks[i].tid == tid)
			return &dump->tasks[i];
	return NULL;
}

static const struct dump_domain *domain_of(const struct dump *dump, uint64_t ssp)
{
	for (size_t i = 0; i < dump->domains_cnt; i++)
		if (dump->domains[i].read.ssp == ssp)
			return &dump->domains[i];
	return NULL;
}

static struct link task_link(const struct dump *dump, enum link_why why, uint32_t tid,
			     uint64_t lock)
{
	return (struct link){
		.kind = LINK_TASK,
		.why = why,
		.tid = tid,
		.lock = lock,
		.wait = wait_of(dump, tid),
		.task = task_of(dump, tid),
	};
}

/* ---- userfaultfd ---- */

static bool waits_for_page(const struct dump *dump, uint32_t tid)
{
	for (size_t i = 0; i < dump->faults_cnt; i++)
		if (dump->faults[i].tid == tid)
			return true;
	return false;
}

/* include/linux/sched.h: TASK_UNINTERRUPTIBLE, of which TASK_KILLABLE has the bit. */
static bool is_asleep(const struct ks_dump_task *task)
{
	return task->state & 2;
}

/* Of a process: who sleeps so that it does nothing else, and, once each, who waits for a page. */
static uint32_t count_asleep(const struct dump *dump, uint32_t tgid)
{
	uint32_t cnt = 0;

	for (size_t i = 0; i < dump->tasks_cnt; i++)
		cnt += dump->tasks[i].tgid == tgid && is_asleep(&dump->tasks[i]) &&
		       !waits_for_page(dump, dump->tasks[i].tid);
	for (size_t i = 0; i < dump->faults_cnt; i++) {
		bool is_first = dump->faults[i].tgid == tgid;

		for (size_t other = 0; is_first && other < i; other++)
			is_first = dump->faults[other].tid != dump->faults[i].tid;
		cnt += is_first;
	}
	return cnt;
}

/* One thread that is awake, or wakes up by an event or in time, could serve the page. */
static bool may_serve(const struct dump *dump, const struct ks_dump_fault *fault)
{
	return fault->is_polled || count_asleep(dump, fault->server) < fault->threads;
}

/* Whoever has the descriptor may serve it: one that still can, if there is one. */
static const struct ks_dump_fault *fault_of(const struct dump *dump, uint32_t tid)
{
	const struct ks_dump_fault *found = NULL;

	for (size_t i = 0; i < dump->faults_cnt; i++)
		if (dump->faults[i].tid == tid && dump->faults[i].server &&
		    (!found || (!may_serve(dump, found) && may_serve(dump, &dump->faults[i]))))
			found = &dump->faults[i];
	return found;
}

static bool after_fault(const struct dump *dump, const struct link *link, struct link *next)
{
	const struct ks_dump_fault *fault = fault_of(dump, link->tid);

	if (!fault)
		return false;
	*next = (struct link){.kind = LINK_SERVER, .why = LINK_SERVES, .fault = fault};
	if (may_serve(dump, fault))
		return true;
	for (size_t i = 0; i < dump->tasks_cnt && next->kind == LINK_SERVER; i++)
		if (dump->tasks[i].tgid == fault->server && is_asleep(&dump->tasks[i]) &&
		    !waits_for_page(dump, dump->tasks[i].tid))
			*next = task_link(dump, LINK_SERVES, dump->tasks[i].tid, 0);
	return true;
}

/* ---- what is after what ---- */

/* A task that has a CPU, or could have, waits for nobody. A mutex says whose it is; the ledger, who
 * had it when the wait began. */
static bool after_task(const struct dump *dump, const struct link *link, struct link *next)
{
	const struct dump_wait *wait = link->wait;
	const struct ks_dump_task *task = link->task;

	if (after_fault(dump, link, next))
		return true;
	if (task && task->lock && task->owner_tid) {
		*next = task_link(dump, LINK_HOLDS, task->owner_tid, task->lock);
		return true;
	}
	if (!wait || (task && !task->state))
		return false;
	if (wait->culprit == CULPRIT_HOLDER && wait->culprit_tid) {
		*next = task_link(dump, LINK_HOLDS, wait->culprit_tid, 0);
		return true;
	}
	if (!wait->ssp)
		return false;
	*next = (struct link){
		.kind = LINK_DOMAIN, .why = LINK_WAITS, .domain = domain_of(dump, wait->ssp)};
	return next->domain;
}

static uint32_t reader_of(const struct dump *dump, uint64_t ssp)
{
	for (size_t i = 0; i < dump->waits_cnt; i++)
		if (dump->waits[i].ssp == ssp && dump->waits[i].culprit == CULPRIT_READER &&
		    dump->waits[i].culprit_tid)
			return dump->waits[i].culprit_tid;
	return 0;
}

static const struct ks_dump_task *worker_at(const struct dump *dump, uint64_t work)
{
	for (size_t i = 0; i < dump->tasks_cnt; i++)
		if (dump->tasks[i].work == work && work)
			return &dump->tasks[i];
	return NULL;
}

static bool has_callbacks(const struct ks_dump_pool *pool, uint64_t ssp)
{
	for (uint32_t i = 0; i < pool->kept && i < KS_DUMP_WORKS; i++)
		if (pool->works[i].ssp == ssp)
			return true;
	return false;
}

/* Who waits is woken by a callback. */
static bool after_grace_period(const struct dump *dump, uint64_t ssp, struct link *next)
{
	*next = (struct link){.kind = LINK_POOL, .why = LINK_CALLS};
	for (size_t i = 0; ssp && i < dump->pools_cnt && !next->pool; i++)
		if (has_callbacks(&dump->pools[i], ssp))
			next->pool = &dump->pools[i];
	return next->pool;
}

/*
 * process_srcu() is at it, or waits in a pool, or for its timer: then a reader holds the domain, if
 * anybody is to blame. Who is seen in the read side comes first, since a scan that fails is queued
 * again and again.
 */
static bool after_domain(const struct dump *dump, const struct link *link, struct link *next)
{
	const struct ks_dump_domain *read = &link->domain->read;
	const struct ks_dump_task *worker = worker_at(dump, read->work);
	uint32_t reader = reader_of(dump, read->ssp);

	if (reader) {
		*next = task_link(dump, LINK_READS, reader, 0);
		return true;
	}
	if (worker) {
		*next = task_link(dump, LINK_WORKS, worker->tid, 0);
		return true;
	}
	*next = (struct link){.kind = LINK_POOL, .why = LINK_QUEUED};
	for (size_t i = 0; i < dump->pools_cnt; i++)
		if (read->pool && dump->pools[i].pool == read->pool)
			next->pool = &dump->pools[i];
	return next->pool || after_grace_period(dump, read->ssp, next);
}

/*
 * A pool starts another worker only when none of its own runs (kernel/workqueue.c
 * need_more_worker()): whose sleep it does not know of keeps all others from their work, and so
 * does one that has the CPU. One that sleeps, and is counted as running, is the more wrong one.
 */
static int busy_rank(const struct ks_dump_task *task)
{
	if (!task->work)
		return 0;
	if (task->flags & KS_DUMP_SLEEPING)
		return 1;
	return task->state ? 3 : 2;
}

static bool after_pool(const struct dump *dump, const struct link *link, struct link *next)
{
	const struct ks_dump_task *best = NULL;

	for (size_t i = 0; i < dump->tasks_cnt; i++) {
		const struct ks_dump_task *task = &dump->tasks[i];

		if (task->pool == link->pool->pool && busy_rank(task) &&
		    (!best || busy_rank(task) > busy_rank(best)))
			best = task;
	}
	if (best)
		*next = task_link(dump, LINK_BUSY, best->tid, 0);
	return best;
}

static bool is_same(const struct link *a, const struct link *b)
{
	return a->kind == b->kind && a->tid == b->tid && a->domain == b->domain &&
	       a->pool == b->pool;
}

static bool after(const struct dump *dump, const struct link *link, struct link *next)
{
	switch (link->kind) {
	case LINK_TASK:
		return after_task(dump, link, next);
	case LINK_DOMAIN:
		return after_domain(dump, link, next);
	case LINK_SERVER:
		return false;
	default:
		return after_pool(dump, link, next);
	}
}

bool chain_is_known(const struct dump *dump, uint64_t lock)
{
	for (size_t i = 0; lock && i < dump->vms_cnt; i++)
		for (size_t j = 0; dump->vms[i].is_read && j < KS_DUMP_LOCK_CNT; j++)
			if (dump->vms[i].read.locks[j].lock == lock)
				return true;
	return false;
}

void chain_follow(const struct dump *dump, uint32_t tid, struct chain *chain)
{
	struct link next;

	*chain = (struct chain){.cnt = 1};
	chain->links[0] = task_link(dump, LINK_FIRST, tid, 0);
	while (chain->cnt < CHAIN_MAX && after(dump, &chain->links[chain->cnt - 1], &next)) {
		chain->links[chain->cnt] = next;
		for (size_t i = 0; i < chain->cnt && !chain->is_cycle; i++)
			if (is_same(&chain->links[i], &next)) {
				chain->is_cycle = true;
				chain->again = i;
			}
		chain->cnt++;
		if (chain->is_cycle)
			return;
	}
}
