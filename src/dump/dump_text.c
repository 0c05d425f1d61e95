// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <string.h>

#include "base/format.h"
#include "base/str.h"
#include "dump/chain.h"
#include "dump/dump.h"
#include "ledger/domain.h"
#include "ledger/symbols.h"

/* Chains that are spelled out: who waits behind the same would only say it again. */
#define CHAINS_SHOWN 31

struct dump_writer {
	struct str *out;
	const struct dump *dump;
	const struct dump_facts *facts;
	const struct symbols *syms;
};

/* ---- words ---- */

static void add_moment(const struct dump_writer *writer, uint64_t ns)
{
	str_addf(writer->out, "[%5" PRIu64 ".%06" PRIu64 "]", ns / 1000000000, ns / 1000 % 1000000);
}

/* In dmesg's clock, and how long ago. */
static void add_dmesg_time(const struct dump_writer *writer, uint64_t dmesg_ns, uint64_t now_ns)
{
	char age[24];

	add_moment(writer, dmesg_ns);
	str_addf(writer->out, " (%s ago)",
		 format_nsec(now_ns > dmesg_ns ? now_ns - dmesg_ns : 0, age, sizeof(age)));
}

/* @ns is of CLOCK_MONOTONIC; where dmesg's clock is not known, it stays so. */
static void add_time(const struct dump_writer *writer, uint64_t ns)
{
	const struct dump_facts *facts = writer->facts;
	uint64_t now_ns = facts->dmesg_ns ? facts->dmesg_ns : facts->now_ns;

	add_dmesg_time(writer, now_ns > facts->now_ns - ns ? now_ns - (facts->now_ns - ns) : 0,
		       now_ns);
}

static void add_ran(const struct dump_writer *writer, uint64_t ran_ns)
{
	if (ran_ns && writer->facts->dmesg_ns) {
		str_adds(writer->out, ", last on a CPU at ");
		add_dmesg_time(writer, ran_ns, writer->facts->dmesg_ns);
	}
}

static void add_jiffies(const struct dump_writer *writer, uint64_t from, uint64_t to)
{
	char text[24];

	if (!writer->facts->hz)
		str_addf(writer->out, "%" PRIu64 " jiff%s", to - from,
			 to - from == 1 ? "y" : "ies");
	else
		str_adds(writer->out, format_nsec((to - from) * (1000000000 / writer->facts->hz),
						  text, sizeof(text)));
}

static void add_func(const struct dump_writer *writer, uint64_t addr)
{
	const char *name = symbols_find(writer->syms, addr, NULL);

	if (name)
		str_adds(writer->out, name);
	else
		str_addf(writer->out, "0x%" PRIx64, addr);
}

static void add_domain_name(const struct dump_writer *writer, const struct dump_domain *dom)
{
	str_adds(writer->out, domain_kind_name(dom->kind));
	if (*dom->vm)
		str_addf(writer->out, " of %s", dom->vm);
}

static void add_pool_name(const struct dump_writer *writer, const struct ks_dump_pool *pool)
{
	str_addf(writer->out, "pool %d", pool->id);
	if (pool->cpu >= 0)
		str_addf(writer->out, " of CPU %d", pool->cpu);
}

static const char *lock_name(size_t idx)
{
#define X(name) #name,
	static const char *const names[KS_DUMP_LOCK_CNT] = {KS_DUMP_LOCKS(X)};
#undef X

	return names[idx];
}

static void add_lock_name(const struct dump_writer *writer, uint64_t lock)
{
	for (size_t i = 0; lock && i < writer->dump->vms_cnt; i++) {
		const struct dump_vm *vm = &writer->dump->vms[i];

		for (size_t j = 0; vm->is_read && j < KS_DUMP_LOCK_CNT; j++)
			if (vm->read.locks[j].lock == lock) {
				str_addf(writer->out, "%s of %s", lock_name(j), vm->name);
				return;
			}
	}
	str_adds(writer->out, lock ? "another mutex" : "a mutex");
}

/* ---- sections ---- */

static size_t count_works(const struct dump_writer *writer, const char *func, bool is_running)
{
	const struct dump *dump = writer->dump;
	size_t cnt = 0;

	for (size_t i = 0; is_running && i < dump->tasks_cnt; i++) {
		const char *name = symbols_find(writer->syms, dump->tasks[i].func, NULL);

		cnt += dump->tasks[i].func && name && symbol_is(name, func);
	}
	for (size_t i = 0; !is_running && i < dump->pools_cnt; i++)
		for (uint32_t j = 0; j < dump->pools[i].kept && j < KS_DUMP_WORKS; j++) {
			const char *name =
				symbols_find(writer->syms, dump->pools[i].works[j].func, NULL);

			cnt += name && symbol_is(name, func);
		}
	return cnt;
}

static void add_head(const struct dump_writer *writer)
{
	const struct dump_facts *facts = writer->facts;
	const char *shutdown = call_name(CALL_FN_IRQFD_SHUTDOWN);

	str_addf(writer->out, "kvmstall %s: %zu call%s asleep in KVM\n", facts->version,
		 writer->dump->waits_cnt, writer->dump->waits_cnt == 1 ? " is" : "s are");
	str_adds(writer->out, "at ");
	add_moment(writer, facts->dmesg_ns ? facts->dmesg_ns : facts->now_ns);
	str_adds(writer->out, facts->dmesg_ns ? ", in dmesg's clock, as all times\n"
					      : ", CLOCK_MONOTONIC, as all times\n");
	str_addf(writer->out, "kernel %s %s", facts->release, facts->arch);
	if (facts->hz)
		str_addf(writer->out, ", HZ %u", facts->hz);
	if (facts->is_taint_known)
		str_addf(writer->out, ", taint %" PRIu64, facts->taint);
	str_addf(writer->out, "\n%s: %zu running, %zu pending\n", shutdown,
		 count_works(writer, shutdown, true), count_works(writer, shutdown, false));
	if (writer->dump->dropped)
		str_addf(writer->out, "%" PRIu64 " task%s found no room in this dump\n",
			 writer->dump->dropped, format_s(writer->dump->dropped));
}

static void add_stack(const struct dump_writer *writer, const struct ks_dump_task *task)
{
	for (uint32_t i = 0; i < task->frames && i < KS_DUMP_FRAMES; i++) {
		uint64_t offset = 0;
		const char *name = symbols_find(writer->syms, task->stack[i], &offset);

		if (name)
			str_addf(writer->out, "      %s+0x%" PRIx64 "\n", name, offset);
		else
			str_addf(writer->out, "      0x%llx\n", task->stack[i]);
	}
}

static const struct ks_dump_task *task_of(const struct dump_writer *writer, uint32_t tid)
{
	for (size_t i = 0; i < writer->dump->tasks_cnt; i++)
		if (writer->dump->tasks[i].tid == tid)
			return &writer->dump->tasks[i];
	return NULL;
}

static void add_wait(const struct dump_writer *writer, const struct dump_wait *wait)
{
	const struct ks_dump_task *task = task_of(writer, wait->tid);
	const char *call = call_name(wait->call);

	str_addf(writer->out, "  %s[%u]: %s", wait->comm, wait->tid, call ? call : "in no call");
	if (*wait->vm)
		str_addf(writer->out, " on %s", wait->vm);
	str_adds(writer->out, "\n    in it since ");
	add_time(writer, wait->begin_ns);
	str_adds(writer->out, "\n    asleep since ");
	add_time(writer, wait->since_ns);
	str_addf(writer->out, ", mostly %s", cause_name(wait->cause));
	if (wait->needed)
		str_addf(writer->out, ", until gp_seq %" PRId64, (int64_t)wait->needed);
	str_adds(writer->out, "\n");
	if (task)
		add_stack(writer, task);
}

static bool is_in_waits(const struct dump_writer *writer, uint32_t tid)
{
	for (size_t i = 0; i < writer->dump->waits_cnt; i++)
		if (writer->dump->waits[i].tid == tid)
			return true;
	return false;
}

static bool is_process_of_waits(const struct dump_writer *writer, uint32_t tgid)
{
	for (size_t i = 0; i < writer->dump->waits_cnt; i++)
		if (writer->dump->waits[i].tgid == tgid)
			return true;
	return false;
}

static bool is_culprit(const struct dump_writer *writer, uint32_t tid)
{
	for (size_t i = 0; i < writer->dump->waits_cnt; i++)
		if (writer->dump->waits[i].culprit_tid == tid)
			return true;
	return false;
}

/* A reader, a holder; who waits for a mutex of these VMs; and all else of these processes that
 * sleeps so that no signal ends it: a call that was in flight before the trace is one of these. */
static bool is_concerned(const struct dump_writer *writer, const struct ks_dump_task *task)
{
	if (task->pool || is_in_waits(writer, task->tid))
		return false;
	return is_culprit(writer, task->tid) || chain_is_known(writer->dump, task->lock) ||
	       is_process_of_waits(writer, task->tgid);
}

static void add_mutex(const struct dump_writer *writer, const struct ks_dump_task *task)
{
	if (!task->lock)
		return;
	str_adds(writer->out, "      waits for ");
	add_lock_name(writer, task->lock);
	if (*task->owner_comm)
		str_addf(writer->out, ", of %s[%u]", task->owner_comm, task->owner_tid);
	str_adds(writer->out, "\n");
}

static void add_others(const struct dump_writer *writer)
{
	const char *title = "\nothers that are concerned\n";

	for (size_t i = 0; i < writer->dump->tasks_cnt; i++) {
		const struct ks_dump_task *task = &writer->dump->tasks[i];

		if (!is_concerned(writer, task))
			continue;
		str_addf(writer->out, "%s  %s[%u]: %s", title, task->comm, task->tid,
			 task->state ? "asleep" : "running, or ready to");
		add_ran(writer, task->ran_ns);
		str_adds(writer->out, "\n");
		add_mutex(writer, task);
		add_stack(writer, task);
		title = "";
	}
}

static void add_waits(const struct dump_writer *writer)
{
	for (size_t i = 0; i < writer->dump->waits_cnt; i++) {
		if (!i)
			str_adds(writer->out, "\ncalls that are asleep\n");
		add_wait(writer, &writer->dump->waits[i]);
	}
}

static const char *gp_state(uint64_t seq)
{
	/* kernel/rcu/srcutree.c: SRCU_STATE_IDLE, _SCAN1, _SCAN2 */
	static const char *const names[] = {"idle", "scan 1", "scan 2", "?"};

	return names[seq & 3];
}

static void add_work_state(const struct dump_writer *writer, const struct ks_dump_domain *read)
{
	const struct dump *dump = writer->dump;

	for (size_t i = 0; i < dump->tasks_cnt; i++)
		if (dump->tasks[i].work == read->work && read->work) {
			str_addf(writer->out, "run by %s[%u]", dump->tasks[i].comm,
				 dump->tasks[i].tid);
			add_ran(writer, dump->tasks[i].ran_ns);
			return;
		}
	if (read->expires) {
		str_adds(writer->out, "its timer ");
		str_adds(writer->out, (int64_t)(read->expires - writer->facts->jiffies) > 0
					      ? "fires in "
					      : "was to fire before ");
		if ((int64_t)(read->expires - writer->facts->jiffies) > 0)
			add_jiffies(writer, writer->facts->jiffies, read->expires);
		else
			add_jiffies(writer, read->expires, writer->facts->jiffies);
		return;
	}
	str_adds(writer->out, read->is_pending ? "pending" : "not pending");
	for (size_t i = 0; read->pool && i < dump->pools_cnt; i++)
		if (dump->pools[i].pool == read->pool) {
			str_adds(writer->out, " in ");
			add_pool_name(writer, &dump->pools[i]);
		}
	if (read->pool)
		str_addf(writer->out, ", queue %s: %d active, %u inactive", read->queue,
			 read->active, read->inactive);
}

static void add_domains(const struct dump_writer *writer)
{
	for (size_t i = 0; i < writer->dump->domains_cnt; i++) {
		const struct dump_domain *dom = &writer->dump->domains[i];

		str_adds(writer->out, i ? "" : "\ndomains that are waited on\n");
		str_adds(writer->out, "  ");
		add_domain_name(writer, dom);
		/* no domain has a work without a function, but one that has ended */
		if (!dom->is_read || !dom->read.func) {
			str_adds(writer->out,
				 dom->is_read ? ": has ended meanwhile\n" : ": cannot be read\n");
			continue;
		}
		str_addf(writer->out, ": gp_seq %" PRId64 " (%s), needed %" PRId64 "\n",
			 (int64_t)dom->read.seq, gp_state(dom->read.seq),
			 (int64_t)dom->read.needed);
		if (!gp_seq_is_idle(dom->read.seq)) {
			str_adds(writer->out, "    its grace period is ");
			add_jiffies(writer, dom->read.begin, writer->facts->jiffies);
			str_adds(writer->out, " old\n");
		}
		str_adds(writer->out, "    work ");
		add_func(writer, dom->read.func);
		str_adds(writer->out, ": ");
		add_work_state(writer, &dom->read);
		str_adds(writer->out, "\n");
	}
}

static void add_worker(const struct dump_writer *writer, const struct ks_dump_task *task)
{
	str_addf(writer->out, "    %s[%u] at ", task->comm, task->tid);
	add_func(writer, task->func);
	str_addf(writer->out, " of %s", task->queue);
	if (task->state)
		str_adds(writer->out,
			 task->flags & KS_DUMP_SLEEPING
				 ? ", asleep"
				 : ", asleep, and its pool does not know (sleeping 0)");
	else
		str_adds(writer->out, ", running");
	add_ran(writer, task->ran_ns);
	str_adds(writer->out, "\n");
	add_mutex(writer, task);
	if (task->state)
		add_stack(writer, task);
}

static bool is_wanted(const struct dump_writer *writer, const struct ks_dump_pool *pool)
{
	for (size_t i = 0; i < writer->dump->domains_cnt; i++)
		if (writer->dump->domains[i].read.pool == pool->pool)
			return true;
	for (size_t i = 0; i < writer->dump->tasks_cnt; i++)
		if (writer->dump->tasks[i].pool == pool->pool && writer->dump->tasks[i].work)
			return true;
	return pool->pending;
}

static void add_pool(const struct dump_writer *writer, const struct ks_dump_pool *pool)
{
	str_adds(writer->out, "  ");
	add_pool_name(writer, pool);
	str_addf(writer->out, ": %d worker%s, nr_running %d, nr_idle %d, %u pending, progress ",
		 pool->workers, format_s(pool->workers), pool->running, pool->idle, pool->pending);
	add_jiffies(writer, pool->watchdog, writer->facts->jiffies);
	str_adds(writer->out, " ago\n");
	for (size_t i = 0; i < writer->dump->tasks_cnt; i++)
		if (writer->dump->tasks[i].pool == pool->pool && writer->dump->tasks[i].work)
			add_worker(writer, &writer->dump->tasks[i]);
	for (uint32_t i = 0; i < pool->kept && i < KS_DUMP_WORKS; i++) {
		str_adds(writer->out, "    pending: ");
		add_func(writer, pool->works[i].func);
		str_adds(writer->out, "\n");
	}
	if (pool->pending > pool->kept)
		str_addf(writer->out, "    and %u more\n", pool->pending - pool->kept);
}

static void add_pools(const struct dump_writer *writer)
{
	const char *title = "\npools with work\n";

	for (size_t i = 0; i < writer->dump->pools_cnt; i++) {
		if (!is_wanted(writer, &writer->dump->pools[i]))
			continue;
		str_adds(writer->out, title);
		title = "";
		add_pool(writer, &writer->dump->pools[i]);
	}
}

static void add_locks(const struct dump_writer *writer)
{
	const char *title = "\nmutexes that somebody holds\n";

	for (size_t i = 0; i < writer->dump->vms_cnt; i++) {
		const struct dump_vm *vm = &writer->dump->vms[i];

		for (size_t j = 0; vm->is_read && j < KS_DUMP_LOCK_CNT; j++) {
			if (!*vm->read.locks[j].owner_comm)
				continue;
			str_addf(writer->out, "%s  %s of %s: %s[%u]\n", title, lock_name(j),
				 vm->name, vm->read.locks[j].owner_comm,
				 vm->read.locks[j].owner_tid);
			title = "";
		}
	}
}

/* ---- chains ---- */

static const char *comm_of(const struct dump_writer *writer, const struct link *link)
{
	if (link->task)
		return link->task->comm;
	if (link->wait)
		return link->wait->comm;
	for (size_t i = 0; i < writer->dump->waits_cnt; i++)
		if (writer->dump->waits[i].culprit_tid == link->tid)
			return writer->dump->waits[i].culprit_comm;
	for (size_t i = 0; i < writer->dump->tasks_cnt; i++)
		if (writer->dump->tasks[i].owner_tid == link->tid)
			return writer->dump->tasks[i].owner_comm;
	return "?";
}

static void add_role(const struct dump_writer *writer, const struct link *link)
{
	switch (link->why) {
	case LINK_HOLDS:
		str_adds(writer->out, " holds ");
		add_lock_name(writer, link->lock);
		break;
	case LINK_READS:
		str_adds(writer->out, " is in the read side");
		break;
	case LINK_WORKS:
		str_adds(writer->out, " is at its work ");
		add_func(writer, link->task ? link->task->func : 0);
		break;
	case LINK_SERVES:
		str_adds(writer->out, " has its userfaultfd; each thread of that process waits");
		break;
	case LINK_BUSY:
		str_adds(writer->out, " keeps it busy, at ");
		add_func(writer, link->task ? link->task->func : 0);
		break;
	default:
		break;
	}
	if (link->wait && call_name(link->wait->call))
		str_addf(writer->out, "%s %s", link->why == LINK_FIRST ? " is in" : ", in",
			 call_name(link->wait->call));
}

static void add_link(const struct dump_writer *writer, const struct link *link)
{
	str_adds(writer->out, link->why == LINK_FIRST ? "  " : "  <- ");
	switch (link->kind) {
	case LINK_DOMAIN:
		str_adds(writer->out, "a grace period of ");
		add_domain_name(writer, link->domain);
		break;
	case LINK_POOL:
		str_adds(writer->out, link->why == LINK_CALLS
					      ? "it is over; its callbacks are queued in "
					      : "its work is queued in ");
		add_pool_name(writer, link->pool);
		str_addf(writer->out, ": nr_running %d, nr_idle %d", link->pool->running,
			 link->pool->idle);
		break;
	case LINK_SERVER:
		str_addf(writer->out, "%s[%u] has its userfaultfd; %s waits for its events",
			 link->fault->comm, link->fault->server,
			 link->fault->is_polled ? "somebody" : "nobody");
		break;
	default:
		str_addf(writer->out, "%s[%u]", comm_of(writer, link), link->tid);
		add_role(writer, link);
	}
	str_adds(writer->out, "\n");
}

static void add_chain(const struct dump_writer *writer, uint32_t tid)
{
	struct chain chain;

	chain_follow(writer->dump, tid, &chain);
	for (size_t i = 0; i < chain.cnt; i++)
		add_link(writer, &chain.links[i]);
	if (chain.is_cycle)
		str_addf(writer->out, "  a cycle: the last is the one %zu above it\n",
			 chain.cnt - 1 - chain.again);
	else
		str_adds(writer->out, "  there it ends\n");
}

static void add_chains(const struct dump_writer *writer)
{
	const struct dump *dump = writer->dump;
	size_t shown = 0;

	if (dump->waits_cnt)
		str_adds(writer->out, "\nwho waits for whom\n");
	for (size_t i = 0; i < dump->waits_cnt && shown < CHAINS_SHOWN; i++, shown++)
		add_chain(writer, dump->waits[i].tid);
	for (size_t i = 0; i < dump->tasks_cnt && shown < CHAINS_SHOWN; i++)
		if (is_concerned(writer, &dump->tasks[i]) && dump->tasks[i].owner_tid) {
			add_chain(writer, dump->tasks[i].tid);
			shown++;
		}
}

void dump_text(const struct dump *dump, const struct dump_facts *facts, const struct symbols *syms,
	       struct str *out)
{
	const struct dump_writer writer = {out, dump, facts, syms};

	add_head(&writer);
	add_chains(&writer);
	add_waits(&writer);
	add_others(&writer);
	add_domains(&writer);
	add_pools(&writer);
	add_locks(&writer);
}
