// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/culprit.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/blame/children.h"
#include "ledger/blame/locks.h"
#include "ledger/ioctls.h"

/* include/linux/sched/prio.h: MAX_RT_PRIO. SCHED_DEADLINE's have -1, and no priority of chrt(1). */
#define REALTIME_PRIOS 100
/* init/main.c, rest_init(): the second task, on every kernel */
#define PID_KTHREADD 2

/* ---- which segment ---- */

/* What one culprit does is one thing, though it shows as two causes. */
static enum ks_cause family_of(enum ks_cause cause)
{
	switch (cause) {
	case KS_CAUSE_POLL_BACKOFF: /* the kernel comes back late since there was a reader */
		return KS_CAUSE_READER;
	case KS_CAUSE_CB_TIMER: /* the callbacks of a normal GP have a timer of their own */
		return KS_CAUSE_GP_TIMER;
	default:
		return cause;
	}
}

static uint64_t family_ns(const struct stall *stall, enum ks_cause family)
{
	uint64_t ns = stall->by_cause[family];

	if (family == KS_CAUSE_READER)
		ns += stall->by_cause[KS_CAUSE_POLL_BACKOFF];
	if (family == KS_CAUSE_GP_TIMER)
		ns += stall->by_cause[KS_CAUSE_CB_TIMER];
	return ns;
}

/* Of equal ones, the first in the order of causes, and run the last. Most calls have no segment but
 * those of their own run. */
static enum ks_cause largest_family(const struct stall *stall)
{
	enum ks_cause best = KS_CAUSE_RUN;
	uint64_t most = 0;

	for (size_t i = 0; i < stall->segments_cnt; i++) {
		enum ks_cause family = family_of(stall->segments[i].cause);
		uint64_t ns = family == KS_CAUSE_RUN ? 0 : family_ns(stall, family);

		if (ns > most || (ns && ns == most && family < best)) {
			most = ns;
			best = family;
		}
	}
	return most >= stall->by_cause[KS_CAUSE_RUN] ? best : KS_CAUSE_RUN;
}

/* What segments of one name come to. */
struct share {
	uint64_t ns;
	const struct segment *longest;
};

/* Segments of one family that are one culprit's doing: under the family's name, and under its
 * other. */
struct doing {
	enum ks_cause family;
	const struct domain *dom;	   /* whose reader, whose GP */
	const struct initiator *initiator; /* timers: of the GP; NULL: not known */
	uint64_t gp;			   /* timers without an initiator */
	struct share own, other;
};

static struct doing doing_of(const struct segment *seg)
{
	struct doing doing = {.family = family_of(seg->cause)};

	if (doing.family != KS_CAUSE_READER && doing.family != KS_CAUSE_GP_TIMER)
		return doing;
	doing.dom = seg->dom;
	if (doing.family == KS_CAUSE_GP_TIMER && seg->dom) {
		doing.initiator = domain_initiator(seg->dom, seg->gp);
		doing.gp = doing.initiator ? 0 : seg->gp;
	}
	return doing;
}

/* A GP that follows another has a copy of its initiator. */
static bool is_same_start(const struct initiator *a, const struct initiator *b)
{
	return a == b || (a && b && a->tid == b->tid && a->ts_ns == b->ts_ns);
}

static bool is_same_doing(const struct doing *a, const struct doing *b)
{
	return a->dom == b->dom && a->gp == b->gp && is_same_start(a->initiator, b->initiator);
}

static void doing_add(struct doing *doing, const struct segment *seg)
{
	struct share *share = seg->cause == doing->family ? &doing->own : &doing->other;

	share->ns += seg->ns;
	if (!share->longest || seg->ns > share->longest->ns)
		share->longest = seg;
}

static uint64_t doing_ns(const struct doing *doing)
{
	return doing->own.ns + doing->other.ns;
}

/* The culprits of one family, each once. Most calls have few, and need no memory for them. */
struct doings {
	struct doing few[8]; /* not zeroed: this is done for each call */
	struct doing *list;
	size_t cnt, cap;
};

static bool doings_grow(struct doings *doings)
{
	struct doing *grown = malloc(2 * doings->cap * sizeof(*grown));

	if (!grown)
		return false;
	memcpy(grown, doings->list, doings->cnt * sizeof(*grown));
	if (doings->list != doings->few)
		free(doings->list);
	doings->list = grown;
	doings->cap *= 2;
	return true;
}

/* Mostly the last one goes on. NULL: no memory, so it is not the largest's rival. */
static struct doing *doings_find(struct doings *doings, const struct doing *doing)
{
	for (size_t k = doings->cnt; k; k--)
		if (is_same_doing(&doings->list[k - 1], doing))
			return &doings->list[k - 1];
	if (doings->cnt == doings->cap && !doings_grow(doings))
		return NULL;
	doings->list[doings->cnt] = *doing;
	return &doings->list[doings->cnt++];
}

static struct doing largest_doing(const struct stall *stall, enum ks_cause family)
{
	struct doing best = {.family = family}, *found;
	struct doings doings;

	doings.list = doings.few;
	doings.cap = sizeof(doings.few) / sizeof(doings.few[0]);
	doings.cnt = 0;
	for (size_t i = 0; i < stall->segments_cnt; i++) {
		const struct segment *seg = &stall->segments[i];
		struct doing doing;

		if (family_of(seg->cause) != family)
			continue;
		doing = doing_of(seg);
		found = doings_find(&doings, &doing);
		if (found)
			doing_add(found, seg);
	}
	for (size_t k = 0; k < doings.cnt; k++)
		if (doing_ns(&doings.list[k]) > doing_ns(&best))
			best = doings.list[k];
	if (doings.list != doings.few)
		free(doings.list);
	return best;
}

/*
 * Both names of a doing must not change places by chance. A reader comes before the back-off that
 * it causes. Who waited for both timers of a GP waited for one that nobody expedited, which is what
 * cb-timer stands for. Each of them takes one to three jiffies, so the GP's own can be more than
 * three times as long only when something else made it so.
 */
static bool has_other_name(const struct doing *doing)
{
	if (doing->family == KS_CAUSE_READER)
		return !doing->own.ns;
	return doing->other.ns && doing->own.ns / 3 <= doing->other.ns;
}

/* The longest segment of the stall's cause that is the largest culprit's; sets the cause. */
static const struct segment *find_segment(struct stall *stall)
{
	enum ks_cause family = largest_family(stall);
	const struct segment *seg;
	struct doing doing;

	stall->cause = KS_CAUSE_RUN;
	if (family == KS_CAUSE_RUN)
		return NULL;
	doing = largest_doing(stall, family);
	seg = has_other_name(&doing) ? doing.other.longest : doing.own.longest;
	stall->cause = seg ? seg->cause : family;
	return seg;
}

/* ---- whose it is ---- */

static uint64_t begin_of(const struct stall *stall, const struct segment *seg)
{
	uint64_t begin_ns = stall->begin_ns;

	for (const struct segment *s = stall->segments; s != seg; s++)
		begin_ns += s->ns;
	return begin_ns;
}

/* The wait that a segment on @dom belongs to: the one that began last before @end_ns, its end. */
static const struct wait *wait_before(const struct stall *stall, const struct domain *dom,
				      uint64_t end_ns)
{
	const struct wait *found = NULL;

	for (size_t i = 0; i < stall->waits_cnt; i++)
		if (stall->waits[i].dom == dom && stall->waits[i].begin_ns < end_ns)
			found = &stall->waits[i];
	return found;
}

/* The VM that is meant by a call's struct kvm, and by its process when it has none. */
static const struct vm *vm_of(const struct vms *vms, uint64_t kvm, uint64_t ts_ns, uint32_t tgid)
{
	/* the end of a process knows no VM: any of them may be the one that ends */
	return kvm ? vms_find_at(vms, kvm, ts_ns) : vms_of_process(vms, tgid);
}

/*
 * Who asks for a GP within srcutree.exp_holdoff (25 us, unless it is set) of the last one's end
 * gets a normal one, and who asks a moment later an expedited one: synchronize_srcu(),
 * kernel/rcu/srcutree.c from 6.1 to 7.3. We see the end and the start some microseconds late.
 */
#define HOLDOFF_MAX_NS 100000

static uint64_t rest_before(const struct segment *seg, const struct initiator *initiator)
{
	uint64_t rest_ns = domain_rest_ns(seg->dom, initiator->ts_ns);

	return cause_is_timer(seg->cause) && rest_ns < HOLDOFF_MAX_NS ? rest_ns : 0;
}

static void blame_initiator(const struct vms *vms, const struct stall *stall,
			    const struct segment *seg, struct culprit *culprit)
{
	const struct initiator *initiator = domain_initiator(seg->dom, seg->gp);
	const struct wait *wait = wait_before(stall, seg->dom, begin_of(stall, seg) + seg->ns);
	uint64_t begin_ns = wait ? wait->begin_ns : stall->begin_ns;

	culprit->kind = CULPRIT_INITIATOR;
	if (!initiator)
		return;
	culprit->gp = seg->gp;
	culprit->callbacks = wait ? wait->callbacks : -1;
	culprit->age_ns = begin_ns > initiator->ts_ns ? begin_ns - initiator->ts_ns : 0;
	if (!initiator->is_known)
		return;
	culprit->is_known = true;
	culprit->func = initiator->func;
	culprit->call = initiator->call;
	culprit->tid = initiator->tid;
	culprit->tgid = initiator->tgid;
	culprit->vm = vm_of(vms, initiator->kvm, initiator->ts_ns, initiator->tgid);
	culprit->is_self = initiator->tid == stall->rec->head.tid && initiator->is_sync &&
			   initiator->ts_ns >= stall->begin_ns;
	culprit->rest_ns = culprit->is_self ? rest_before(seg, initiator) : 0;
	memcpy(culprit->comm, initiator->comm, sizeof(culprit->comm));
}

static void blame_reader(const struct vms *vms, const struct stall *stall,
			 const struct segment *seg, struct culprit *culprit)
{
	size_t cnt;
	const struct suspect *first = domain_suspects(seg->dom, seg->gp, &cnt);

	culprit->kind = CULPRIT_READER;
	culprit->gp = seg->gp;
	culprit->readers = domain_readers(seg->dom, seg->gp);
	if (!cnt)
		return;
	culprit->is_known = true;
	culprit->func = first->func;
	culprit->call = first->call;
	culprit->tid = first->tid;
	culprit->is_self = first->tid == stall->rec->head.tid;
	culprit->vm = vm_of(vms, domain_kvm(seg->dom), first->ts_ns, first->tgid);
	memcpy(culprit->comm, first->comm, sizeof(culprit->comm));
}

static const char *lock_name(uint32_t which)
{
	static const char *const names[KS_LOCK_CNT] = {
		[KS_LOCK_SLOTS] = "kvm->slots_lock",
		[KS_LOCK_KVM] = "kvm->lock",
		[KS_LOCK_IRQ] = "kvm->irq_lock",
		[KS_LOCK_MMAP] = "mmap_lock",
		[KS_LOCK_RESAMPLER] = "kvm->irqfds.resampler_lock",
		[KS_LOCK_SLOTS_ARCH] = "kvm->slots_arch_lock",
		[KS_LOCK_MMU] = "kvm->mmu_lock",
	};

	return names[which];
}

/* The wait for a CPU that ended the sleep which this segment is of: it begins as the sleep ends. */
static const struct cpu_wait *wait_after(const struct cpu_waits *waits, uint64_t ns)
{
	for (size_t i = cpu_wait_list_cnt(&waits->list); i; i--) {
		const struct cpu_wait *wait = cpu_wait_list_at(&waits->list, i - 1);

		if (wait->since_ns == ns)
			return wait;
		if (wait->until_ns < ns)
			break; /* and so are all before it */
	}
	return NULL;
}

/* Of those that read a VMA, the one that let go last has woken the waiter. */
static void name_last_reader(const struct culprit_input *in, uint64_t end_ns,
			     struct culprit *culprit)
{
	const struct cpu_wait *wait = wait_after(&in->task->cpu_waits, end_ns);

	if (culprit->lock != KS_LOCK_VMA || !wait || !wait->waker_tid)
		return;
	culprit->held = KS_HELD_BY_TASK;
	culprit->is_known = true;
	culprit->tid = wait->waker_tid;
	memcpy(culprit->comm, wait->waker_comm, sizeof(culprit->comm));
}

static void blame_holder(const struct culprit_input *in, uint64_t begin_ns, uint64_t end_ns,
			 struct culprit *culprit)
{
	const struct held_lock *lock = &in->task->blamed;

	culprit->kind = CULPRIT_HOLDER;
	culprit->func = lock_name(lock->which);
	culprit->lock = lock->which;
	culprit->held = lock->held;
	culprit->is_known = lock->owner != 0;
	culprit->tid = lock->owner;
	memcpy(culprit->comm, lock->owner_comm, sizeof(culprit->comm));
	culprit->call = lock->owner_kind ? call_of(lock->owner_kind, lock->owner_cmd) : CALL_NONE;
	culprit->cause = task_stalled_for(in->holder, begin_ns, end_ns);
	locks_root(in->tasks, in->task, lock, begin_ns, end_ns, &culprit->root);
	name_last_reader(in, end_ns, culprit);
}

static void blame_ran(const struct culprit_input *in, const struct cpu_wait *wait,
		      struct culprit *culprit)
{
	culprit->kind = CULPRIT_CPU;
	culprit->is_throttled = wait->is_throttled;
	if (wait->is_throttled)
		return; /* nobody has to be kept off the CPU */
	culprit->is_known = wait->ran_tid != 0;
	culprit->tid = wait->ran_tid;
	culprit->is_realtime = culprit->is_known && wait->ran_prio < REALTIME_PRIOS;
	if (culprit->is_realtime && wait->ran_prio >= 0) /* __normal_prio(): the other way round */
		culprit->rt_priority = REALTIME_PRIOS - 1 - wait->ran_prio;
	memcpy(culprit->comm, wait->ran_comm, sizeof(culprit->comm));
	if (wait->tid == in->task->tid)
		return;
	culprit->late_tid = wait->tid;
	culprit->late_ns = wait->until_ns - wait->since_ns;
	memcpy(culprit->late_comm, wait->comm, sizeof(culprit->late_comm));
}

/* Was it for the better part of this time that a thread wanted a CPU? Then who ran instead is to
 * blame. */
static bool blame_wanted(const struct culprit_input *in, const struct cpu_wait *wait,
			 uint64_t begin_ns, uint64_t end_ns, struct culprit *culprit)
{
	if (!wait || !wait->ran_tid ||
	    cpu_wait_overlap_ns(wait, begin_ns, end_ns) < (end_ns - begin_ns) / 2)
		return false;
	blame_ran(in, wait, culprit);
	return true;
}

static bool blame_late(const struct culprit_input *in, uint32_t tid, uint64_t begin_ns,
		       uint64_t end_ns, struct culprit *culprit)
{
	return tid && blame_wanted(in, cpu_waits_find(in->late, tid, begin_ns, end_ns), begin_ns,
				   end_ns, culprit);
}

/* The same, of a thread that is known by the start of its name alone. */
static bool blame_late_named(const struct culprit_input *in, const char *const *names, uint16_t cpu,
			     uint64_t begin_ns, uint64_t end_ns, struct culprit *culprit)
{
	return blame_wanted(in, cpu_waits_find_open(in->late, names, cpu, begin_ns, end_ns),
			    begin_ns, end_ns, culprit);
}

/* A work of SRCU's is queued, and no kworker has taken it: one of its CPU's wants to run. */
static bool blame_queued(const struct culprit_input *in, const struct segment *seg,
			 uint64_t begin_ns, uint64_t end_ns, struct culprit *culprit)
{
	static const char *const names[] = {"kworker/", NULL};
	uint16_t cpu;

	return walk_queued_cpu(seg->dom, end_ns, &cpu) &&
	       blame_late_named(in, names, cpu, begin_ns, end_ns, culprit);
}

/* RCU's callbacks are to run: in rcuc or ksoftirqd of their CPU, or for a CPU without callbacks of
 * its own (rcu_nocbs) in rcuo, which may be anywhere. Whose turn it is, is not known. */
static bool blame_callbacks(const struct culprit_input *in, uint64_t begin_ns, uint64_t end_ns,
			    struct culprit *culprit)
{
	static const char *const names[] = {"rcuc/",  "rcuop/",	    "rcuos/",
					    "rcuog/", "ksoftirqd/", NULL};

	return blame_late_named(in, names, CPU_ANY, begin_ns, end_ns, culprit);
}

/* RCU's kthread has done nothing since the wait began, as it was woken before, and has had no CPU.
 * kernel/rcu/tree.h, RCU_NAME_RAW: its name, the same from 6.1 to 7.3. */
static void blame_starved(const struct culprit_input *in, uint64_t begin_ns, uint64_t end_ns,
			  struct culprit *culprit)
{
	static const char *const names[] = {"rcu_preempt", "rcu_sched", NULL};

	blame_late_named(in, names, CPU_ANY, begin_ns, end_ns, culprit);
}

/* Who did what it waited for, or kept him from it. */
static void blame_waker(const struct culprit_input *in, const struct segment *seg,
			uint64_t begin_ns, uint64_t end_ns, struct culprit *culprit)
{
	const struct cpu_wait *wait = wait_after(&in->task->cpu_waits, end_ns);

	if (!wait || !wait->waker_tid)
		return;
	if (blame_late(in, wait->waker_tid, begin_ns, end_ns, culprit))
		return;
	if (seg->func && site_is(seg->func) & SITE_SPAWNS &&
	    blame_late(in, PID_KTHREADD, begin_ns, end_ns, culprit))
		return;
	culprit->kind = CULPRIT_WAKER;
	culprit->is_known = true;
	culprit->tid = wait->waker_tid;
	culprit->cause = children_cause(in->children, wait->waker_tid, begin_ns, end_ns);
	memcpy(culprit->comm, wait->waker_comm, sizeof(culprit->comm));
}

/* While it goes on, nobody has ended it: who was seen invalidating meanwhile. */
static void blame_invalidator(const struct stall *stall, uint64_t begin_ns, uint64_t end_ns,
			      struct culprit *culprit)
{
	const struct invalidator *seen;

	if (!stall->vm || !stall->vm->srcu)
		return;
	seen = domain_invalidator(stall->vm->srcu);
	if (!seen || seen->ts_ns < begin_ns || seen->ts_ns > end_ns)
		return;
	culprit->kind = CULPRIT_WAKER;
	culprit->is_known = true;
	culprit->tid = seen->tid;
	culprit->func = seen->func;
	culprit->call = seen->call;
	memcpy(culprit->comm, seen->comm, sizeof(culprit->comm));
}

/* The call waits for a thread to end or to do its work, and that one is stopped, with its process.
 * While it goes on nobody has ended it: of which process the thread is, the VM says. */
static bool blame_halted(const struct culprit_input *in, const struct stall *stall,
			 uint64_t begin_ns, uint64_t end_ns, struct culprit *culprit)
{
	const struct cpu_wait *wait = wait_after(&in->task->cpu_waits, end_ns);
	uint32_t tgid = stall->vm ? stall->vm->tgid : stall->rec->tgid;
	const struct halt *halt =
		halts_find(in->halts, wait ? wait->waker_tid : 0, tgid, begin_ns, end_ns);

	if (!halt)
		return false;
	culprit->kind = CULPRIT_WAKER;
	culprit->is_known = true;
	culprit->tid = halt->tid;
	culprit->halt = halt->why;
	culprit->halt_signal = halt->signal;
	memcpy(culprit->comm, halt->comm, sizeof(culprit->comm));
	return true;
}

/* Who held RCU's grace period up; or had the CPU that its kthread wanted, or who was to run its
 * callbacks. */
static void blame_rcu(const struct culprit_input *in, const struct segment *seg, uint64_t begin_ns,
		      uint64_t end_ns, struct culprit *culprit)
{
	const struct rcu_blame *rcu = &seg->rcu;
	const struct cpu_wait *woken;

	if (rcu->part == RCU_PART_NONE)
		blame_starved(in, begin_ns, end_ns, culprit);
	if (rcu->part == RCU_PART_WORK)
		blame_late(in, in->rcu_kthread, begin_ns, end_ns, culprit);
	if (rcu->part == RCU_PART_CALLBACKS || rcu->part == RCU_PART_BARRIER) {
		woken = wait_after(&in->task->cpu_waits, end_ns);
		if (woken)
			blame_late(in, woken->waker_tid, begin_ns, end_ns, culprit);
		else
			blame_callbacks(in, begin_ns, end_ns, culprit);
		return;
	}
	if (!rcu->tid || (rcu->has_cpu && !rcu_blame_is_long(rcu)))
		return; /* who keeps a CPU busy for two ticks is not to blame */
	culprit->kind = CULPRIT_HOLDOUT;
	culprit->is_known = true;
	culprit->tid = rcu->tid;
	culprit->is_realtime = rcu->prio < REALTIME_PRIOS;
	memcpy(culprit->comm, rcu->comm, sizeof(culprit->comm));
}

/* The part of a call that waits for a CPU, or for somebody who may. */
static bool blame_cpu(const struct culprit_input *in, const struct stall *stall,
		      const struct segment *seg, struct culprit *culprit)
{
	uint64_t begin_ns = begin_of(stall, seg), end_ns = begin_ns + seg->ns;
	const struct cpu_wait *wait;

	if (seg->cause == KS_CAUSE_KWORKER && seg->dom)
		return cpu_waits_any(in->late) &&
		       (blame_late(in, domain_worker_at(seg->dom, end_ns), begin_ns, end_ns,
				   culprit) ||
			blame_queued(in, seg, begin_ns, end_ns, culprit));
	if (seg->cause == KS_CAUSE_KTHREAD && blame_halted(in, stall, begin_ns, end_ns, culprit))
		return true;
	if (seg->cause == KS_CAUSE_RCU)
		blame_rcu(in, seg, begin_ns, end_ns, culprit);
	if (seg->cause == KS_CAUSE_OTHER_SLEEP || seg->cause == KS_CAUSE_INVALIDATION ||
	    seg->cause == KS_CAUSE_KTHREAD)
		blame_waker(in, seg, begin_ns, end_ns, culprit);
	if (seg->cause == KS_CAUSE_INVALIDATION && culprit->kind == CULPRIT_NONE)
		blame_invalidator(stall, begin_ns, end_ns, culprit);
	if (seg->cause == KS_CAUSE_WAKEUP || seg->cause == KS_CAUSE_RUNNABLE) {
		wait = cpu_waits_find(&in->task->cpu_waits, in->task->tid, begin_ns, end_ns);
		if (wait)
			blame_ran(in, wait, culprit);
	}
	return culprit->kind != CULPRIT_NONE;
}

static void find_culprit(const struct culprit_input *in, struct stall *stall)
{
	const struct segment *seg = find_segment(stall);

	stall->culprit.seg = seg;
	if (!seg)
		return;
	if (seg->cause == KS_CAUSE_LOCK)
		blame_holder(in, begin_of(stall, seg), begin_of(stall, seg) + seg->ns,
			     &stall->culprit);
	else if (seg->cause == KS_CAUSE_READER || seg->cause == KS_CAUSE_POLL_BACKOFF)
		blame_reader(in->vms, stall, seg, &stall->culprit);
	else if (!blame_cpu(in, stall, seg, &stall->culprit) && seg->dom && seg->gp)
		blame_initiator(in->vms, stall, seg, &stall->culprit);
}

/* Would this time not have passed, had the GP not been outstanding at the start of the wait? */
static bool is_gps(enum ks_cause cause)
{
	return cause_is_timer(cause) || cause == KS_CAUSE_KWORKER || cause == KS_CAUSE_GP_WORK;
}

/* What the GP that was outstanding at a wait's start cost it: gone, had there been none. */
static uint64_t outstanding_cost(const struct stall *stall)
{
	uint64_t cost = 0, end_ns = stall->begin_ns;

	for (size_t i = 0; i < stall->segments_cnt; i++) {
		const struct segment *seg = &stall->segments[i];
		const struct wait *wait = NULL;

		end_ns += seg->ns;
		/* a holder that slept for such a GP would have let go of its lock at once */
		if (seg->cause == KS_CAUSE_LOCK && stall->culprit.kind == CULPRIT_HOLDER &&
		    stall->culprit.cause == KS_CAUSE_GP_TIMER)
			cost += seg->ns;
		if (is_gps(seg->cause) && seg->dom && seg->gp)
			wait = wait_before(stall, seg->dom, end_ns);
		/* a barrier waits for outstanding callbacks only: without any it returns at once */
		if (wait && (wait->gp_first == seg->gp || wait->api == KS_API_BARRIER))
			cost += seg->ns;
	}
	return cost;
}

/* A close may wait in the irqfd clean-up queue for another VM's grace period. */
static void blame_irqfds(const struct culprit_input *in, struct stall *stall)
{
	const struct irqfd_shutdown *shutdown = irqfds_blame(in->irqfds, stall);

	if (shutdown && shutdown->kvm)
		stall->culprit.vm = vms_find(in->vms, shutdown->kvm);
}

void culprit_find(const struct culprit_input *in, struct stall *stall)
{
	find_culprit(in, stall);
	stall->without_ns = stall->latency_ns - outstanding_cost(stall);
	blame_irqfds(in, stall);
}
