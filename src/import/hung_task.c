// SPDX-License-Identifier: GPL-2.0-only
#include "import/hung_task.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/sites.h"
#include "ledger/suspect.h"

void hung_task_free(struct hung_task *task)
{
	for (size_t i = 0; task && i < task->cnt; i++)
		free(task->names[i]);
	free(task);
}

/*
 * /proc/PID/stack leaves out what is in .sched.text, as the mutex's own functions are: a function
 * on top that takes one waits for it.
 */
bool hung_task_is_in_mutex(const struct hung_task *task)
{
	const struct site *top = task->cnt ? site_find(task->names[0]) : NULL;

	return stack_in_mutex(&task->stack) || (top && top->is & SITE_LOCKS);
}

static bool is_kept(const struct hung_task *task)
{
	const struct stack *stack = &task->stack;

	return stack_has(stack, SITE_KVM) || stack_reads(stack) != CALL_NONE;
}

/*
 * Where it sleeps. The kernel's log has the scheduler's functions on top, which /proc/PID/stack
 * leaves out (stack_trace_consume_entry_nosched() of kernel/stacktrace.c).
 */
static bool is_same_stack(const struct hung_task *a, const struct hung_task *b)
{
	const struct hung_task *more = a->cnt > b->cnt ? a : b, *less = more == a ? b : a;
	size_t above = more->cnt - less->cnt;
	const struct site *top = above ? site_find(more->names[0]) : NULL;

	if (!less->cnt || (above && !(top && top->is & SITE_NOISE)))
		return false;
	for (size_t i = 0; i < less->cnt; i++)
		if (strcmp(more->names[above + i], less->names[i]) != 0)
			return false;
	return true;
}

/* What an older dump knows of the same task is known of it still, if it has not moved. */
static void take_over(struct hung_task *task, const struct hung_task *old)
{
	uint64_t since_ns = task->ts_ns > old->ts_ns && old->ts_ns ? task->ts_ns - old->ts_ns : 0;

	if (!task->head.tgid)
		task->head.tgid = old->head.tgid;
	if (!task->head.ppid)
		task->head.ppid = old->head.ppid;
	if (!task->head.comm[0])
		memcpy(task->head.comm, old->head.comm, sizeof(task->head.comm));
	if (!is_same_stack(task, old))
		return;
	if (!task->head.state)
		task->head.state = old->head.state;
	if (!task->ts_ns)
		task->ts_ns = old->ts_ns;
	if (!task->request) {
		task->is_ioctl = old->is_ioctl;
		task->request = old->request;
	}
	if (old->age_ns && task->age_ns < old->age_ns + since_ns)
		task->age_ns = old->age_ns + since_ns;
}

static struct hung_task **find_tid(struct hung_tasks *tasks, const struct hung_task *task)
{
	for (size_t i = 0; task->head.tid && i < tasks->cnt; i++) {
		const struct stack_line *its = &tasks->list[i]->head;

		if (its->tid == task->head.tid &&
		    (!its->comm[0] || !task->head.comm[0] || !strcmp(its->comm, task->head.comm)))
			return &tasks->list[i];
	}
	return NULL;
}

/* What its names mean, which takes long: of several dumps most say the same. */
static void understand(struct hung_task *task, struct hung_task *old)
{
	if (!old || old->cnt != task->cnt || !is_same_stack(task, old)) {
		stack_of_names(&task->stack, (const char *const *)task->names, task->cnt);
		return;
	}
	for (size_t i = 0; i < task->cnt; i++) { /* the stack refers to these strings */
		char *name = task->names[i];

		task->names[i] = old->names[i];
		old->names[i] = name;
	}
	task->stack = old->stack;
}

int hung_tasks_keep(struct hung_tasks *tasks, struct hung_task *task)
{
	struct hung_task **known = task->cnt ? find_tid(tasks, task) : NULL, **list;

	understand(task, known ? *known : NULL);
	if (known) {
		take_over(task, *known);
		hung_task_free(*known);
		*known = task;
		return 0;
	}
	if (!is_kept(task) || tasks->cnt == HUNG_TASKS_MAX) {
		hung_task_free(task);
		return 0;
	}
	list = reallocarray(tasks->list, tasks->cnt + 1, sizeof(struct hung_task *));
	if (!list) {
		hung_task_free(task);
		return -ENOMEM;
	}
	tasks->list = list;
	list[tasks->cnt++] = task;
	return 0;
}

int hung_tasks_add_owner(struct hung_tasks *tasks, const struct stack_line *line)
{
	struct lock_owner *owners;

	if (tasks->owners_cnt == HUNG_TASKS_MAX)
		return 0;
	owners = reallocarray(tasks->owners, tasks->owners_cnt + 1, sizeof(*owners));
	if (!owners)
		return -ENOMEM;
	tasks->owners = owners;
	owners[tasks->owners_cnt] = (struct lock_owner){.of = line->tid, .tid = line->owner_tid};
	memcpy(owners[tasks->owners_cnt++].comm, line->owner_comm, KS_COMM_LEN);
	return 0;
}

void hung_tasks_fini(struct hung_tasks *tasks)
{
	for (size_t i = 0; i < tasks->cnt; i++)
		hung_task_free(tasks->list[i]);
	free(tasks->list);
	free(tasks->owners);
}

/* ---- who waits for whom ---- */

/* May both be of one process, so of one VM? */
static bool is_same(const struct hung_task *a, const struct hung_task *b)
{
	if (a->head.tgid && b->head.tgid)
		return a->head.tgid == b->head.tgid;
	if (a->head.ppid && b->head.ppid)
		return a->head.ppid == b->head.ppid;
	return true;
}

static bool waits_on(const struct hung_task *task, enum domain_kind wanted)
{
	enum domain_kind kind;

	return stack_in_sync(&task->stack) && stack_domain_kind(&task->stack, &kind) &&
	       kind == wanted;
}

/* Who most likely reads: in the same process, or of the host-wide domain, in any. */
static const struct hung_task *find_likely(const struct hung_tasks *tasks,
					   const struct hung_task *task, enum domain_kind kind)
{
	const struct hung_task *best = NULL;
	int rank = 0;

	for (size_t i = 0; i < tasks->cnt; i++) {
		const struct hung_task *other = tasks->list[i];
		int its = suspect_rank(kind, &other->stack, other->head.state != 'R');

		if (other == task || its <= rank)
			continue;
		if (kind != DOMAIN_SHARED && !is_same(task, other))
			continue;
		rank = its;
		best = other;
	}
	return best;
}

static const struct hung_task *find_reader(const struct hung_tasks *tasks,
					   const struct hung_task *task)
{
	if (suspect_is_waiter(&task->stack))
		return task;
	for (size_t i = 0; i < tasks->cnt; i++) {
		const struct hung_task *other = tasks->list[i];

		if (other != task && is_same(task, other) && suspect_is_waiter(&other->stack))
			return other;
	}
	return find_likely(tasks, task, DOMAIN_SRCU);
}

/* The only other thread of its process that is in an ioctl of a vCPU, and does not wait for one:
 * KVM_RUN holds its vCPU's mutex. NULL: there is none, or more than one. */
static const struct hung_task *find_in_vcpu(const struct hung_tasks *tasks,
					    const struct hung_task *task)
{
	const struct hung_task *found = NULL;

	for (size_t i = 0; i < tasks->cnt; i++) {
		const struct hung_task *other = tasks->list[i];

		if (other == task || !is_same(task, other) ||
		    !stack_has(&other->stack, SITE_VCPU_LOCK) || stack_in_vcpu_lock(&other->stack))
			continue;
		if (found)
			return NULL;
		found = other;
	}
	return found;
}

/* Who installs memory slots holds kvm->slots_lock; else whoever waits for SRCU in a call of the VM.
 */
static const struct hung_task *find_holder(const struct hung_tasks *tasks,
					   const struct hung_task *task)
{
	const struct hung_task *found = NULL;

	if (stack_in_vcpu_lock(&task->stack))
		return find_in_vcpu(tasks, task);
	for (size_t i = 0; i < tasks->cnt; i++) {
		const struct hung_task *other = tasks->list[i];

		if (other == task || !is_same(task, other) || hung_task_is_in_mutex(other))
			continue;
		if (stack_has(&other->stack, SITE_MEMSLOTS))
			return other;
		if (!found && stack_in_kvm_wait(&other->stack) &&
		    stack_has(&other->stack, SITE_IOCTL))
			found = other;
	}
	return found;
}

/* Its newest word on it. */
static const struct lock_owner *find_owner(const struct hung_tasks *tasks,
					   const struct hung_task *task)
{
	for (size_t i = tasks->owners_cnt; task->head.tid && i; i--)
		if (tasks->owners[i - 1].of == task->head.tid)
			return &tasks->owners[i - 1];
	return NULL;
}

static const struct hung_task *find_task(const struct hung_tasks *tasks, uint32_t tid)
{
	for (size_t i = 0; i < tasks->cnt; i++)
		if (tasks->list[i]->head.tid == tid)
			return tasks->list[i];
	return NULL;
}

bool hung_task_is_in_flush(const struct hung_task *task)
{
	const char *name = stack_sleeps_in(&task->stack);
	const struct site *site = name ? site_find(name) : NULL;

	return site && site->is & SITE_FLUSHES && !hung_task_is_in_mutex(task) &&
	       !stack_in_srcu(&task->stack);
}

/* The worker that shuts one down: they go one after the other. */
static const struct hung_task *find_shutdown(const struct hung_tasks *tasks,
					     const struct hung_task *task)
{
	for (size_t i = 0; i < tasks->cnt; i++)
		if (tasks->list[i] != task &&
		    stack_call(&tasks->list[i]->stack) == CALL_FN_IRQFD_SHUTDOWN)
			return tasks->list[i];
	return NULL;
}

void hung_tasks_find_holders(struct hung_tasks *tasks)
{
	for (size_t i = 0; i < tasks->cnt; i++) {
		struct hung_task *task = tasks->list[i];

		task->is_waiting = !task->is_on_cpu;
		if (task->is_on_cpu)
			continue;
		if (waits_on(task, DOMAIN_SRCU))
			task->holder = find_reader(tasks, task);
		else if (waits_on(task, DOMAIN_SHARED))
			task->holder = find_likely(tasks, task, DOMAIN_SHARED);
		else if ((task->owner = find_owner(tasks, task)))
			task->holder = find_task(tasks, task->owner->tid);
		else if (hung_task_is_in_mutex(task))
			task->holder = find_holder(tasks, task);
		else if (hung_task_is_in_flush(task))
			task->holder = find_shutdown(tasks, task);
		else
			task->is_waiting = stack_in_kvm_wait(&task->stack);
	}
}

void hung_tasks_find_faults(struct hung_tasks *tasks)
{
	for (size_t i = 0; i < tasks->cnt; i++) {
		struct hung_task *task = tasks->list[i];

		if (task->is_on_cpu || !stack_has(&task->stack, SITE_FAULTS))
			continue;
		task->is_waiting = true;
		snprintf(task->note, sizeof(task->note),
			 "a userfaultfd handler is to bring the page: collect next what that does, "
			 "in this process or in another");
	}
}

bool hung_task_is_cycle(const struct hung_task *task)
{
	const struct hung_task *at = task->holder;

	for (size_t i = 0; at && i < HUNG_TASKS_MAX; i++) {
		if (at == task)
			return true;
		at = at->holder;
	}
	return false;
}
