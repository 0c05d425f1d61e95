// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/entry/tasks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/account.h"
#include "ledger/entry/domains.h"

/* As VMS_MAX: only a capture that somebody made up comes here. */
#define TASKS_MAX 65536
/* A task of which nothing was heard for so long: the record of its call's end was lost. Of a call
 * that sleeps on for longer, the sleeps before are forgotten, and it is incomplete. */
#define TASK_KEEP_NS 3600000000000ULL

static struct task *add_task(struct ledger *ledger, uint32_t tid)
{
	struct task *task;

	if (ledger->tasks.cnt >= TASKS_MAX)
		return NULL;
	task = ledger->spare;
	ledger->spare = NULL;
	if (task)
		task_renew(task, tid);
	else
		task = task_new(tid);
	if (task && map_put(&ledger->tasks, tid, task)) {
		task_free(task);
		return NULL;
	}
	return task;
}

struct task *tasks_find(struct ledger *ledger, uint32_t tid, uint64_t ts_ns)
{
	struct task *task = map_get(&ledger->tasks, tid);

	if (!task)
		task = add_task(ledger, tid);
	if (task && ts_ns > task->seen_ns)
		task->seen_ns = ts_ns;
	return task;
}

int tasks_none(struct ledger *ledger)
{
	return book_no_room(ledger, &ledger->tasks, TASKS_MAX, KS_LOSS_TASKS);
}

void tasks_release(struct ledger *ledger, struct task *task)
{
	if (task->watchers || task->segments_cnt || task->lock.ts_ns || task->blamed.ts_ns)
		return;
	map_del(&ledger->tasks, task->tid);
	task_free(ledger->spare);
	ledger->spare = task;
}

void tasks_forget_holder(struct ledger *ledger, uint32_t owner)
{
	struct task *holder = owner ? map_get(&ledger->tasks, owner) : NULL;

	if (holder && holder->watchers && !--holder->watchers)
		tasks_release(ledger, holder);
}

static void tasks_keep_holder(struct ledger *ledger, uint32_t owner)
{
	struct task *holder = owner ? map_get(&ledger->tasks, owner) : NULL;

	if (holder)
		holder->watchers++;
}

void tasks_forget_blame(struct ledger *ledger, struct task *task, uint64_t begin_ns)
{
	if (task->blamed.ts_ns >= begin_ns)
		return;
	tasks_forget_holder(ledger, task->blamed.owner);
	task->blamed = (struct held_lock){0};
	task->blamed_ns = 0;
}

/* Two tasks may each be kept for the other: the second that lets go frees both. */
static void forget_tasks(struct ledger *ledger, const uint32_t *tids, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		struct task *task = map_get(&ledger->tasks, tids[i]);

		if (!task)
			continue;
		tasks_forget_holder(ledger, task->lock.owner);
		tasks_forget_holder(ledger, task->blamed.owner);
		task_reset(task);
		tasks_release(ledger, task);
	}
}

void tasks_forget_old(struct ledger *ledger, uint64_t now_ns)
{
	const struct map_slot *slot;
	uint32_t *tids = NULL;
	size_t pos = 0, cnt = 0;

	while ((slot = map_next(&ledger->tasks, &pos))) {
		const struct task *task = slot->value;

		if (task->seen_ns + TASK_KEEP_NS >= now_ns)
			continue;
		if (!tids)
			tids = malloc(ledger->tasks.cnt * sizeof(*tids));
		if (!tids)
			return;
		tids[cnt++] = task->tid;
	}
	forget_tasks(ledger, tids, cnt);
	free(tids);
}

/* Who ended the sleep, where that may have been an interrupt, is only who was interrupted. Of a
 * wait for RCU, its kthread may be it, and nobody else is named. */
static void forget_interrupt(struct task *task, const struct ks_sleep *sleep,
			     const struct stack *stack)
{
	struct cpu_wait *wait = cpu_waits_at(&task->cpu_waits, sleep->head.ts_ns);

	if (wait && !stack_has(stack, SITE_BY_TASK) && !stack_in_invalidation(stack) &&
	    !stack_in_vcpu_lock(stack) && !stack_in_vma_lock(stack) && !stack_in_rcu(stack))
		wait->waker_tid = 0;
}

int tasks_take_cpu(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_cpu *cpu = view->cpu;
	struct task *task;

	if (cpu->since_ns > cpu->head.ts_ns)
		return -EINVAL;
	if (cpu->head.type == KS_LATE || cpu->head.type == KS_WANTS) {
		cpu_waits_note(&ledger->late, cpu);
		return 0;
	}
	task = tasks_find(ledger, cpu->head.tid, cpu->head.ts_ns);
	if (!task)
		return tasks_none(ledger);
	cpu_waits_note(&task->cpu_waits, cpu);
	return cpu->head.type == KS_PREEMPTED ? account_preempted(task, cpu) : 0;
}

int tasks_take_rcu(struct ledger *ledger, const struct record_view *view)
{
	rcu_history_note(&ledger->rcu, view->rcu);
	return 0;
}

int tasks_take_rcu_timer(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_timer *timer = view->timer;

	tick_learn(&ledger->tick, timer->head.ts_ns, timer->jiffies);
	rcu_history_note_timer(&ledger->rcu, timer);
	return 0;
}

int tasks_take_sleep(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_sleep *sleep = view->sleep;
	struct task *task = tasks_find(ledger, sleep->head.tid, sleep->head.ts_ns);
	const struct stack *stack;
	struct domain *dom;
	uint32_t blamed;
	int ret;

	if (!task)
		return tasks_none(ledger);
	stack = book_stack(ledger, view);
	if (!stack)
		return -ENOMEM;
	blamed = task->blamed.owner;
	dom = domains_find(ledger, sleep->ssp);
	domains_prove(ledger, dom, sleep, stack);
	forget_interrupt(task, sleep, stack);
	ret = account_sleep(task, sleep, stack, dom, &ledger->rcu, false);
	tasks_keep_holder(ledger, task->blamed.owner);
	tasks_forget_holder(ledger, blamed);
	ledger->stats.losses[KS_LOSS_HISTORY] += task->forgotten;
	task->forgotten = 0;
	return ret;
}

int tasks_take_lock(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_lock *lock = view->lock;
	struct task *task = tasks_find(ledger, lock->head.tid, lock->head.ts_ns), *holder;

	if (!task)
		return tasks_none(ledger);
	tasks_forget_holder(ledger, task->lock.owner);
	task->lock = (struct held_lock){
		.ts_ns = lock->head.ts_ns,
		.which = lock->which < KS_LOCK_CNT ? lock->which : KS_LOCK_OTHER,
		.held = lock->held < KS_HELD_CNT ? lock->held : KS_HELD_BY_TASK,
		.owner = lock->owner == lock->head.tid ? 0 : lock->owner,
		.owner_cmd = lock->owner_cmd,
		.owner_kind = lock->owner_kind,
	};
	memcpy(task->lock.owner_comm, lock->owner_comm, sizeof(task->lock.owner_comm) - 1);
	if (!task->lock.owner)
		return 0;
	holder = tasks_find(ledger, task->lock.owner, lock->head.ts_ns);
	if (!holder) {
		task->lock.owner = 0;
		return tasks_none(ledger);
	}
	holder->watchers++;
	return 0;
}

/* Of a call that is not reported nothing is needed: who spins a lot, in many of them, is not to
 * take ever more memory. */
int tasks_take_spun(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_step *spun = view->step;
	struct task *task;
	uint32_t blamed;
	int ret;

	if (spun->seq > spun->head.ts_ns || spun->val > spun->seq)
		return -EINVAL;
	task = tasks_find(ledger, spun->head.tid, spun->head.ts_ns);
	if (!task)
		return tasks_none(ledger);
	task_forget_before(task, spun->val);
	tasks_forget_blame(ledger, task, spun->val);
	blamed = task->blamed.owner;
	ret = account_spun(task, spun->seq, spun->head.ts_ns);
	tasks_keep_holder(ledger, task->blamed.owner);
	tasks_forget_holder(ledger, blamed);
	return ret;
}
