// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/stall.h"

static const char *const names[KS_CAUSE_CNT] = {
#define X(id, name, help) [KS_CAUSE_##id] = name,
	KS_CAUSES(X)
#undef X
};

static const char *const helps[KS_CAUSE_CNT] = {
#define X(id, name, help) [KS_CAUSE_##id] = help,
	KS_CAUSES(X)
#undef X
};

static const char *const phases[PHASE_CNT] = {"setup", "vcpus", "running", "teardown"};

static const char *const culprits[CULPRIT_KIND_CNT] = {"none",	"starter", "reader", "holder",
						       "queue", "cpu",	   "waker",  "holdout"};

const char *culprit_kind_name(enum culprit_kind kind)
{
	return culprits[kind];
}

const char *lock_kind_name(enum ks_lock_which which)
{
	switch (which) {
	case KS_LOCK_MMAP:
	case KS_LOCK_RWSEM:
		return "an rwsem";
	case KS_LOCK_PERCPU:
		return "a per-CPU rwsem";
	case KS_LOCK_VMA:
		return "a VMA's lock";
	case KS_LOCK_MMU:
	case KS_LOCK_SPIN:
		return "a spinlock";
	default:
		return "a mutex";
	}
}

const char *lock_held_name(enum ks_lock_held held)
{
	static const char *const helds[KS_HELD_CNT] = {
		[KS_HELD_BY_TASK] = "a task",
		[KS_HELD_BY_READERS] = "readers",
		[KS_HELD_UNNAMED] = "somebody that the kernel does not name",
	};

	return helds[held];
}

const char *cause_name(enum ks_cause cause)
{
	return names[cause];
}

const char *cause_help(enum ks_cause cause)
{
	return helps[cause];
}

const char *phase_name(enum phase phase)
{
	return phases[phase];
}

bool stall_is_childs(const struct stall *stall)
{
	return stall->call == CALL_NX_RECOVERY || stall->call == CALL_VHOST_WORKER;
}

bool stall_is_waited_for(const struct stall *stall)
{
	return stall->call != CALL_FN_IRQFD_SHUTDOWN && !stall_is_childs(stall);
}

/* What passes between ticks is none. */
static bool is_of_kthread(const struct segment *seg)
{
	return seg->cause == KS_CAUSE_RCU && seg->rcu.part != RCU_PART_START &&
	       seg->rcu.part != RCU_PART_WORK && seg->rcu.part != RCU_PART_CALLBACKS;
}

/* Between the end of a grace period and the queueing of its callbacks lie microseconds. */
#define LOST_NS 1000000000ULL

uint64_t stall_since_ns(const struct stall *stall, const struct wait *wait)
{
	uint64_t now_ns = stall->rec->head.ts_ns;

	return wait->ended_ns && wait->ended_ns < now_ns ? now_ns - wait->ended_ns : 0;
}

bool stall_may_have_lost(const struct stall *stall, const struct wait *wait)
{
	return wait->since == CALLBACKS_NONE && stall_since_ns(stall, wait) >= LOST_NS;
}

bool stall_may_have_leaked(const struct stall *stall)
{
	const struct culprit *culprit = &stall->culprit;
	enum domain_kind kind;

	if (culprit->kind != CULPRIT_READER || !culprit->readers || culprit->is_known)
		return false;
	kind = domain_get_kind(culprit->seg->dom);
	return (kind == DOMAIN_SRCU || kind == DOMAIN_SHARED) &&
	       readers_state(culprit->readers) == READERS_STAY;
}

unsigned int stall_timers(const struct stall *stall)
{
	unsigned int cnt = 0;

	for (size_t i = 0; i < stall->segments_cnt; i++)
		cnt += cause_is_timer(stall->segments[i].cause) ||
		       is_of_kthread(&stall->segments[i]);
	return cnt;
}

/* The same numbers on x86 and arm64. Others stop nobody. */
static const char *stop_text(uint8_t signal)
{
	switch (signal) {
	case 19:
		return "stopped by SIGSTOP";
	case 20:
		return "stopped by SIGTSTP";
	case 21:
		return "stopped by SIGTTIN";
	case 22:
		return "stopped by SIGTTOU";
	default:
		return "stopped by a signal";
	}
}

const char *halt_text(enum ks_halt halt, uint8_t signal)
{
	switch (halt) {
	case KS_HALT_SIGNAL:
		return stop_text(signal);
	case KS_HALT_TRACED:
		return "stopped by its tracer";
	case KS_HALT_FROZEN:
		return "frozen";
	default:
		return "not stopped";
	}
}
