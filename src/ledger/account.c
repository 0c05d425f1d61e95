// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/account.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/ioctls.h"
#include "ledger/walk.h"

/* ---- one sleep ---- */

static int add_pieces(struct task *task, uint64_t begin_ns, const struct pieces *pieces,
		      const struct domain *dom)
{
	for (size_t i = 0; i < pieces->cnt; i++) {
		const struct piece *piece = &pieces->list[i];
		struct segment *seg = task_new_segment(task, begin_ns, dom);

		if (!seg)
			return -ENOMEM;
		seg->cause = piece->cause;
		seg->ns = piece->ns;
		seg->gp = piece->gp;
		seg->func = NULL;
		seg->timer = piece->timer; /* of other causes nobody asks for it */
		begin_ns += piece->ns;
	}
	return 0;
}

/* Did the sleeper itself start this GP, in the synchronize_srcu() that it sleeps in? */
static bool is_own_gp(const struct task *task, const struct initiator *initiator, uint64_t off_ns)
{
	return initiator && initiator->is_known && initiator->is_sync && !initiator->is_inherited &&
	       initiator->tid == task->tid && initiator->ts_ns <= off_ns &&
	       initiator->ts_ns >= task->last_in_ns;
}

static uint64_t outstanding_gp(const struct task *task, const struct ks_sleep *sleep,
			       const struct domain *dom)
{
	uint64_t gp = domain_gp_at(dom, sleep->wait_ns ? sleep->wait_ns : sleep->off_ns);

	return is_own_gp(task, domain_initiator(dom, gp), sleep->off_ns) ? 0 : gp;
}

/* The same wait goes on when its function was not left between two sleeps. */
static struct wait *same_wait(struct task *task, const struct ks_sleep *sleep)
{
	if (!sleep->wait_ns || sleep->wait_ns != task->wait_ns || !task->waits_cnt)
		return NULL;
	return &task->waits[task->waits_cnt - 1];
}

static int add_wait(struct task *task, const struct ks_sleep *sleep, const struct stack *stack,
		    const struct domain *dom, const struct walk_wait *span)
{
	struct wait *same = same_wait(task, sleep), *wait;
	enum ks_api api = sleep->api < KS_API_CNT ? sleep->api : KS_API_NONE;

	if (same) {
		same->ns = sleep->head.ts_ns - same->begin_ns;
		return 0;
	}
	wait = task_new_wait(task, dom);
	if (!wait)
		return -ENOMEM;
	wait->api = api ? api : stack_api(stack);
	wait->site = stack_srcu_caller(stack);
	wait->begin_ns = sleep->wait_ns ? sleep->wait_ns : sleep->off_ns;
	wait->ns = sleep->head.ts_ns - wait->begin_ns;
	wait->gp_first = dom ? outstanding_gp(task, sleep, dom) : 0;
	wait->gp_needed = dom && sleep->needed ? gp_id_done(sleep->needed) : 0;
	wait->callbacks = dom ? walk_callbacks(dom, span) : -1;
	wait->ended_ns = 0;
	wait->since = CALLBACKS_UNKNOWN;
	wait->queue_cpu = 0;
	if (dom && span->is_open)
		wait->ended_ns = walk_ended_ns(dom, span, &wait->since, &wait->queue_cpu);
	wait->stack = *stack;
	task->wait_ns = sleep->wait_ns;
	return 0;
}

/*
 * The sequence whose end the sleep waits for. Where no probe says so: if the sleeper started the GP
 * itself it needs that one, as the domain was at rest when it asked (rcu_seq_snap()). 0: not known.
 */
static uint64_t needed_seq(const struct task *task, const struct ks_sleep *sleep,
			   const struct domain *dom)
{
	uint64_t gp = dom && !sleep->needed ? domain_gp_at(dom, sleep->off_ns) : 0;

	if (gp && is_own_gp(task, domain_initiator(dom, gp), sleep->off_ns))
		return gp_id_seq(gp);
	return sleep->needed;
}

static int account_srcu(struct task *task, const struct ks_sleep *sleep, const struct stack *stack,
			const struct domain *dom, bool is_open)
{
	struct walk_wait span = {
		.off_ns = sleep->off_ns,
		.wake_ns = sleep->wake_ns,
		.in_ns = sleep->head.ts_ns,
		.needed = needed_seq(task, sleep, dom),
		.is_open = is_open,
		/* without its function's entry, the domain is known by who woke it */
		.by_callback = sleep->wake_ns && !sleep->wait_ns,
		.wake_cpu = sleep->wake_cpu,
	};
	struct pieces pieces;
	int ret;

	pieces_init(&pieces);
	if (dom)
		walk_split(dom, &span, &pieces);
	else
		pieces_add(&pieces, KS_CAUSE_UNEXPLAINED, 0, span.in_ns - span.off_ns);
	task->forgotten += pieces.is_forgotten;
	ret = pieces.lacks_memory ? -ENOMEM : add_wait(task, sleep, stack, dom, &span);
	if (!ret)
		ret = add_pieces(task, span.off_ns, &pieces, dom);
	pieces_fini(&pieces);
	return ret;
}

/* Where the last callback ran is known by who was woken there. */
static struct rcu_blame blame_barrier(const struct ks_sleep *sleep, const struct stack *stack)
{
	struct rcu_blame blame = {.part = RCU_PART_BARRIER};

	if (stack_in_mutex(stack))
		return (struct rcu_blame){.part = RCU_PART_BARRIER_MUTEX};
	blame.has_cpu = sleep->wake_ns != 0;
	blame.cpu = blame.has_cpu ? sleep->wake_cpu : 0;
	return blame;
}

static int add_rcu_pieces(struct task *task, uint64_t begin_ns, const char *site,
			  const struct rcu_pieces *pieces)
{
	for (size_t i = 0; i < rcu_pieces_cnt(pieces); i++) {
		const struct rcu_piece *piece = rcu_pieces_at(pieces, i);
		struct segment seg = {
			.cause = KS_CAUSE_RCU,
			.ns = piece->ns,
			.func = site,
			.rcu = piece->blame,
		};

		if (task_add_segment(task, begin_ns, &seg))
			return -ENOMEM;
		begin_ns += piece->ns;
	}
	return 0;
}

/* A normal grace period, by what RCU's kthread did. */
static int split_rcu(struct task *task, const struct ks_sleep *sleep, const char *site,
		     const struct rcu_history *rcu, bool is_open)
{
	const struct cpu_wait *woken = cpu_waits_at(&task->cpu_waits, sleep->head.ts_ns);
	struct rcu_wait wait = {
		.from_ns = sleep->off_ns,
		.until_ns = sleep->wake_ns ? sleep->wake_ns : sleep->head.ts_ns,
		.by_kthread = woken && woken->waker_tid == rcu_history_kthread(rcu),
		.is_open = is_open,
		.wake_cpu = sleep->wake_cpu,
	};
	struct rcu_pieces pieces = {{0}};
	int ret = rcu_split(rcu, &wait, &pieces) ? 0 : -ENOMEM;

	if (!ret)
		ret = add_rcu_pieces(task, sleep->off_ns, site, &pieces);
	rcu_pieces_fini(&pieces);
	return ret;
}

/* An older capture has nothing of RCU's kthread, and its calls are accounted for as they were. */
static int add_rcu(struct task *task, const struct ks_sleep *sleep, const struct stack *stack,
		   const struct rcu_history *rcu, bool is_open)
{
	uint64_t wake_ns = sleep->wake_ns ? sleep->wake_ns : sleep->head.ts_ns;
	struct segment seg = {.cause = KS_CAUSE_RCU,
			      .ns = wake_ns - sleep->off_ns,
			      .func = stack_rcu_caller(stack)};

	if (rcu_history_kthread(rcu)) {
		if (stack_api(stack) == KS_API_RCU_BARRIER)
			seg.rcu = blame_barrier(sleep, stack);
		else if (stack_api(stack) == KS_API_RCU_EXPEDITED)
			seg.rcu.part = RCU_PART_EXPEDITED;
		else
			return split_rcu(task, sleep, seg.func, rcu, is_open);
	}
	return task_add_segment(task, sleep->off_ns, &seg);
}

/*
 * Plain RCU: the stack proves what was waited for and on whose behalf, and its kthread's sleeps
 * what the time went to. The sleep of one call of RCU is one wait, unless it slept before for a
 * mutex of RCU's own whose holder was not seen.
 */
static int account_rcu(struct task *task, const struct ks_sleep *sleep, const struct stack *stack,
		       const struct rcu_history *rcu, bool is_open)
{
	uint64_t wake_ns = sleep->wake_ns ? sleep->wake_ns : sleep->head.ts_ns;
	const char *site = stack_rcu_caller(stack);
	struct wait wait = {
		.api = stack_api(stack),
		.site = site,
		.begin_ns = sleep->off_ns,
		.ns = sleep->head.ts_ns - sleep->off_ns,
		.callbacks = -1,
		.stack = *stack,
	};
	struct segment wakeup = {.cause = KS_CAUSE_WAKEUP, .ns = sleep->head.ts_ns - wake_ns};

	if (task_add_wait(task, &wait) || add_rcu(task, sleep, stack, rcu, is_open))
		return -ENOMEM;
	return task_add_segment(task, wake_ns, &wakeup);
}

/* Did the kernel say who has it: a task, or some that it does not name? */
static bool is_held(const struct held_lock *lock)
{
	return lock->owner || lock->held != KS_HELD_BY_TASK;
}

/* A mutex whose holder was not seen is a sleep like any other. Of several, the longest is the one
 * to name the holder of. */
static void take_blame(struct task *task, struct segment *seg)
{
	seg->cause = KS_CAUSE_LOCK;
	if (seg->ns < task->blamed_ns)
		return;
	task->blamed = task->lock;
	task->blamed_ns = seg->ns;
}

/* Of a VMA's lock the sleep itself is the proof: there were readers, of which the kernel keeps a
 * number. */
static void take_vma_blame(struct task *task, uint64_t off_ns, struct segment *seg)
{
	seg->cause = KS_CAUSE_LOCK;
	if (seg->ns < task->blamed_ns)
		return;
	task->blamed = (struct held_lock){
		.ts_ns = off_ns, .which = KS_LOCK_VMA, .held = KS_HELD_BY_READERS};
	task->blamed_ns = seg->ns;
}

/* Not SRCU: asleep until woken, then waiting for a CPU. */
static int account_other(struct task *task, const struct ks_sleep *sleep, const struct stack *stack)
{
	uint64_t wake_ns = sleep->wake_ns ? sleep->wake_ns : sleep->head.ts_ns;
	struct segment seg = {
		.cause = KS_CAUSE_OTHER_SLEEP,
		.ns = wake_ns - sleep->off_ns,
		.func = stack_sleeps_in(stack),
	};
	struct segment ready = {.cause = KS_CAUSE_RUNNABLE, .ns = sleep->head.ts_ns - wake_ns};

	if (stack_in_invalidation(stack))
		seg.cause = KS_CAUSE_INVALIDATION;
	else if (stack_in_kthread_wait(stack))
		seg.cause = KS_CAUSE_KTHREAD;
	if (sleep->lock && is_held(&task->lock))
		take_blame(task, &seg);
	else if (!sleep->lock && stack_in_vma_lock(stack))
		take_vma_blame(task, sleep->off_ns, &seg);
	if (task_add_segment(task, sleep->off_ns, &seg))
		return -ENOMEM;
	task->segments[task->segments_cnt - 1].call = stack_call(stack);
	return ready.ns ? task_add_segment(task, wake_ns, &ready) : 0;
}

int account_preempted(struct task *task, const struct ks_cpu *cpu)
{
	struct segment seg = {.cause = KS_CAUSE_RUNNABLE, .ns = cpu->head.ts_ns - cpu->since_ns};

	if (cpu->since_ns > cpu->head.ts_ns || cpu->since_ns < task->last_in_ns)
		return 0;
	task->last_in_ns = cpu->head.ts_ns;
	return task_add_unslept(task, cpu->since_ns, &seg);
}

int account_spun(struct task *task, uint64_t since_ns, uint64_t until_ns)
{
	struct segment seg = {.ns = until_ns - since_ns};

	if (since_ns < task->last_in_ns || !is_held(&task->lock))
		return 0;
	take_blame(task, &seg);
	task->last_in_ns = until_ns;
	return task_add_unslept(task, since_ns, &seg);
}

/* A record whose times make no sense must not make sums that do not hold. */
static bool is_sane(const struct ks_sleep *sleep, const struct task *task)
{
	return sleep->off_ns <= sleep->head.ts_ns && sleep->off_ns >= task->last_in_ns &&
	       (!sleep->wake_ns ||
		(sleep->wake_ns >= sleep->off_ns && sleep->wake_ns <= sleep->head.ts_ns)) &&
	       sleep->wait_ns <= sleep->off_ns;
}

int account_sleep(struct task *task, const struct ks_sleep *sleep, const struct stack *stack,
		  struct domain *dom, const struct rcu_history *rcu, bool is_open)
{
	/* RCU has mutexes of its own. The stack of a task that is not on a CPU lacks mutex_lock():
	 * stack_trace_save_tsk() leaves out what the scheduler is in */
	bool is_lock = sleep->lock && is_held(&task->lock) && stack_in_rcu(stack);
	bool is_rcu = stack_in_rcu(stack) && !sleep->wait_ns;
	bool is_srcu = stack->cnt ? stack_in_srcu(stack) || sleep->wait_ns : sleep->ssp != 0;
	int ret;

	if (!is_sane(sleep, task))
		return 0; /* .sleeps will not agree: the call says that it is incomplete */
	if (is_lock)
		ret = account_other(task, sleep, stack);
	else if (is_rcu)
		ret = account_rcu(task, sleep, stack, rcu, is_open);
	else if (is_srcu)
		ret = account_srcu(task, sleep, stack, dom, is_open);
	else
		ret = account_other(task, sleep, stack);
	if (!ret) /* one that is not accounted for is a missing one */
		task->sleeps++;
	task->last_in_ns = sleep->head.ts_ns;
	return ret;
}

/* ---- losses ---- */

void loss_windows_add(struct loss_windows *losses, uint64_t from_ns, uint64_t to_ns)
{
	size_t i = losses->cnt++ % LOSS_WINDOWS;

	if (losses->cnt > LOSS_WINDOWS && losses->list[i].to_ns > losses->forgotten_ns)
		losses->forgotten_ns = losses->list[i].to_ns;
	losses->list[i].from_ns = from_ns;
	losses->list[i].to_ns = to_ns;
}

/* Those that are in .list. */
static size_t windows_cnt(const struct loss_windows *losses)
{
	return losses->cnt < LOSS_WINDOWS ? losses->cnt : LOSS_WINDOWS;
}

bool loss_windows_overlap(const struct loss_windows *losses, uint64_t begin_ns, uint64_t end_ns)
{
	if (begin_ns <= losses->forgotten_ns)
		return true;
	for (size_t i = 0; i < windows_cnt(losses); i++)
		if (losses->list[i].from_ns <= end_ns && losses->list[i].to_ns >= begin_ns)
			return true;
	return false;
}

/* As far as the last of those that have @ns in them goes; @ns: none has. */
static uint64_t lost_until(const struct loss_windows *losses, uint64_t ns)
{
	uint64_t until = losses->forgotten_ns > ns ? losses->forgotten_ns : ns;

	for (size_t i = 0; i < windows_cnt(losses); i++)
		if (losses->list[i].from_ns <= ns && losses->list[i].to_ns > until)
			until = losses->list[i].to_ns;
	return until;
}

static uint64_t next_loss(const struct loss_windows *losses, uint64_t ns)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < windows_cnt(losses); i++)
		if (losses->list[i].from_ns > ns && losses->list[i].from_ns < next)
			next = losses->list[i].from_ns;
	return next;
}

/* May a record of what went on at @ns have been lost? For how long that stays so, to @end_ns at
 * most, goes to @until_ns. */
static bool is_lost_at(const struct loss_windows *losses, uint64_t ns, uint64_t end_ns,
		       uint64_t *until_ns)
{
	uint64_t until = lost_until(losses, ns);
	bool is_lost = until > ns;

	if (!is_lost)
		until = next_loss(losses, ns);
	*until_ns = until < end_ns ? until : end_ns;
	return is_lost;
}

/* ---- the whole call ---- */

struct builder {
	struct account_scratch *scratch;
	struct stall *stall;
	size_t cnt;
};

static int scratch_reserve(struct account_scratch *scratch, size_t cnt)
{
	struct segment *grown;

	if (cnt <= scratch->cap)
		return 0;
	grown = realloc(scratch->segments, cnt * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	scratch->segments = grown;
	scratch->cap = cnt;
	return 0;
}

/* Of two timers, the last one ended it. */
static void extend(struct segment *last, const struct segment *seg, uint64_t ns)
{
	last->ns += ns;
	if (cause_is_timer(seg->cause) && seg->timer.fired_ns)
		last->timer = seg->timer;
	if (seg->cause == KS_CAUSE_RCU && seg->rcu.has_timer)
		last->rcu = seg->rcu;
}

/* As @seg is, but of @ns. */
static void put_segment(struct builder *builder, const struct segment *seg, uint64_t ns)
{
	struct segment *list = builder->scratch->segments;
	struct segment *last = builder->cnt ? &list[builder->cnt - 1] : NULL;

	if (!ns)
		return;
	builder->stall->by_cause[seg->cause] += ns;
	if (last && last->cause == seg->cause && last->dom == seg->dom && last->gp == seg->gp &&
	    last->func == seg->func &&
	    (seg->cause != KS_CAUSE_RCU || rcu_blame_is_same(&last->rcu, &seg->rcu))) {
		extend(last, seg, ns);
	} else {
		list[builder->cnt] = *seg;
		list[builder->cnt++].ns = ns;
	}
}

/*
 * What no record is about: the task ran, since it has one for each time that it had no CPU, or spun
 * for a lock. Where one of those may have been lost, and where a sleep's is missing, that would be
 * a guess.
 */
static void put_gap(struct builder *builder, const struct loss_windows *losses, uint64_t from_ns,
		    uint64_t to_ns)
{
	static const struct segment lost = {.cause = KS_CAUSE_UNEXPLAINED};
	static const struct segment run = {.cause = KS_CAUSE_RUN};
	uint64_t until_ns;

	for (; from_ns < to_ns; from_ns = until_ns) {
		bool is_lost = is_lost_at(losses, from_ns, to_ns, &until_ns);

		put_segment(builder, is_lost ? &lost : &run, until_ns - from_ns);
	}
}

/* Fill the call's time with its segments, and the gaps between them. @losses: of the gaps. */
static void put_segments(struct builder *builder, const struct account_input *in,
			 const struct loss_windows *losses)
{
	uint64_t now = in->call->begin_ns, end = in->call->head.ts_ns;

	for (size_t i = 0; i < in->task->segments_cnt; i++) {
		const struct timed_segment *timed = &in->task->segments[i];
		uint64_t seg_end = timed->begin_ns + timed->seg.ns;

		if (timed->begin_ns < now || seg_end > end)
			continue; /* of a call whose own record was lost */
		put_gap(builder, losses, now, timed->begin_ns);
		put_segment(builder, &timed->seg, timed->seg.ns);
		now = seg_end;
	}
	put_gap(builder, losses, now, end);
}

/* What the stacks of a call's waits say that it was, or those of its other sleeps. */
static enum call_id call_by_stack(const struct stall *stall, const struct task *task)
{
	for (size_t i = 0; i < stall->waits_cnt; i++) {
		enum call_id call = stack_call(&stall->waits[i].stack);

		if (call)
			return call;
	}
	for (size_t i = 0; i < task->segments_cnt; i++)
		if (task->segments[i].call)
			return task->segments[i].call;
	return CALL_UNKNOWN;
}

/* For one that no probe announced, the stack of its wait says it, and also what was closed. */
static enum call_id find_call(const struct stall *stall, const struct task *task)
{
	const struct ks_call *rec = stall->rec;
	enum call_id by_stack, call;

	if (!rec->kind)
		return call_by_stack(stall, task);
	call = rec->kind == KS_KIND_SYSCALL ? call_of_syscall(rec->cmd, rec->arg)
					    : call_of(rec->kind, rec->cmd);
	if (call != CALL_CLOSE || rec->kind == KS_KIND_EXIT)
		return call;
	by_stack = call_by_stack(stall, task);
	return by_stack == CALL_CLOSE_DEVICE || by_stack == CALL_CLOSE_VHOST ? by_stack : call;
}

/* What a kworker does for a VM says nothing of its age. */
static enum phase phase_of(const struct vm *vm, uint64_t ts_ns)
{
	if (vm->closing_ns && vm->closing_ns <= ts_ns)
		return PHASE_TEARDOWN;
	if (vm->has_run)
		return PHASE_RUNNING;
	return vm->has_vcpus ? PHASE_VCPUS : PHASE_SETUP;
}

static enum phase find_phase(const struct stall *stall)
{
	if (stall->call == CALL_CLOSE)
		return PHASE_TEARDOWN;
	if (stall->rec->flags & KS_CALL_RAN || stall->call == CALL_RUN)
		return PHASE_RUNNING;
	if ((!stall->rec->kind || stall->rec->kind == KS_KIND_SYSCALL) && stall->vm)
		return phase_of(stall->vm, stall->begin_ns);
	return stall->rec->vcpus ? PHASE_VCPUS : PHASE_SETUP;
}

int account_call(const struct account_input *in, struct account_scratch *scratch,
		 struct stall *stall)
{
	static const struct loss_windows all_lost = {.forgotten_ns = UINT64_MAX};
	struct builder builder = {.scratch = scratch, .stall = stall};
	bool all_sleeps = in->call->sleeps == in->task->sleeps;

	*stall = (struct stall){
		.rec = in->call,
		.vm = in->vm,
		.begin_ns = in->call->begin_ns,
		.latency_ns = in->call->head.ts_ns - in->call->begin_ns,
		.tick = in->tick,
		.waits = in->task->waits,
		.waits_cnt = in->task->waits_cnt,
		.culprit.callbacks = -1,
	};
	/* at most a gap before each segment, and one after the last; and a loss has two ends */
	if (scratch_reserve(scratch, 2 * (in->task->segments_cnt + LOSS_WINDOWS + 1) + 1))
		return -ENOMEM;
	put_segments(&builder, in, all_sleeps ? in->losses : &all_lost);
	stall->segments = scratch->segments;
	stall->segments_cnt = builder.cnt;
	stall->stall_ns = stall->latency_ns - stall->by_cause[KS_CAUSE_RUN];
	stall->is_complete =
		all_sleeps && !stall->by_cause[KS_CAUSE_UNEXPLAINED] &&
		!loss_windows_overlap(in->losses, stall->begin_ns, in->call->head.ts_ns);
	stall->call = find_call(stall, in->task);
	stall->phase = find_phase(stall);
	stall->without_ns = stall->latency_ns;
	return 0;
}
