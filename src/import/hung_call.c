// SPDX-License-Identifier: GPL-2.0-only
#include "import/hung_call.h"

#include <stdio.h>
#include <string.h>

#include "import/hung_task.h"
#include "import/log_calls.h"
#include "ledger/sites.h"

/* The lock that KVM holds when it installs memory slots: virt/kvm/kvm_main.c */
#define SLOTS_LOCK "kvm->slots_lock"

static void note_srcu(struct hung_task *task)
{
	enum domain_kind kind = DOMAIN_OTHER;

	stack_domain_kind(&task->stack, &kind);
	if (task->holder == task)
		snprintf(task->note, sizeof(task->note),
			 "%s: this vCPU waits for the readers of %s, and is one itself as far as "
			 "its stack shows; report this stack to KVM's maintainers",
			 task->age_ns ? "a deadlock" : "maybe a deadlock", domain_kind_name(kind));
	else if (task->holder && hung_task_is_cycle(task))
		snprintf(task->note, sizeof(task->note),
			 "a deadlock: %.15s[%u], who holds it, waits for this thread in the end",
			 task->holder->head.comm, task->holder->head.tid);
	else if (task->holder && task->holder->head.state == 'R')
		snprintf(task->note, sizeof(task->note),
			 "%.15s[%u] had a CPU when this was written. Collect next whether it stays "
			 "in the same function: the same again, some seconds later",
			 task->holder->head.comm, task->holder->head.tid);
	else if (task->holder)
		snprintf(task->note, sizeof(task->note),
			 "what %.15s[%u] waits for is what holds the grace period",
			 task->holder->head.comm, task->holder->head.tid);
	else if (kind == DOMAIN_SHARED)
		snprintf(task->note, sizeof(task->note),
			 "all VMs of the host share this domain: a reader may be in any process. "
			 "Collect next the stacks of all tasks, and of the workers: echo t "
			 ">/proc/sysrq-trigger; dmesg");
	else if (stack_call(&task->stack) == CALL_FN_IRQFD_SHUTDOWN)
		snprintf(
			task->note, sizeof(task->note),
			"every close of a VM, and of an irqfd, waits for this worker. No reader of "
			"%s is in this dump. Collect next the stacks of all tasks: echo t "
			">/proc/sysrq-trigger; dmesg",
			domain_kind_name(kind));
	else if (kind == DOMAIN_OTHER)
		snprintf(task->note, sizeof(task->note),
			 "the stack does not say which domain it waits on. Collect next the stacks "
			 "of all tasks: echo t >/proc/sysrq-trigger; dmesg");
	else
		snprintf(task->note, sizeof(task->note),
			 "no reader of %s is in this dump. Collect next the stacks of all threads "
			 "of the VMM: for t in /proc/PID/task/*; do echo $t/stack; cat $t/stack; "
			 "done",
			 domain_kind_name(kind));
}

static void note_lock(struct hung_task *task)
{
	if (task->holder && hung_task_is_cycle(task))
		snprintf(task->note, sizeof(task->note),
			 "a deadlock: %.15s[%u], who holds it, waits for this thread in the end",
			 task->holder->head.comm, task->holder->head.tid);
	else if (task->holder && stack_in_vcpu_lock(&task->stack))
		snprintf(
			task->note, sizeof(task->note),
			"%.15s[%u] is in an ioctl of that vCPU, most likely KVM_RUN, which returns "
			"when its guest exits: send it a signal first (immediate_exit), or make "
			"such calls in its thread",
			task->holder->head.comm, task->holder->head.tid);
	else if (task->holder)
		snprintf(task->note, sizeof(task->note),
			 "the holder's wait is the one to mend: see %.15s[%u]",
			 task->holder->head.comm, task->holder->head.tid);
	else if (task->owner)
		snprintf(task->note, sizeof(task->note),
			 "%.15s[%u] holds it, as the kernel says, and waits for nothing of KVM's "
			 "in this dump. Collect next its stack: cat /proc/%u/stack",
			 task->owner->comm, task->owner->tid, task->owner->tid);
	else if (stack_in_vcpu_lock(&task->stack))
		snprintf(task->note, sizeof(task->note),
			 "a thread that is in an ioctl of that vCPU holds it, most likely in "
			 "KVM_RUN; "
			 "stacks do not say which vCPU a thread has. Collect next those of all "
			 "threads "
			 "of the VMM, if this is one alone");
	else
		snprintf(task->note, sizeof(task->note),
			 "who holds it is not in this dump. Collect next the stacks of all threads "
			 "of the VMM: for t in /proc/PID/task/*; do echo $t/stack; cat $t/stack; "
			 "done");
}

static void note_flush(struct hung_task *task)
{
	if (task->holder)
		snprintf(task->note, sizeof(task->note),
			 "the worker's wait is the one to mend: see %.15s[%u]",
			 task->holder->head.comm, task->holder->head.tid);
	else
		snprintf(task->note, sizeof(task->note),
			 "the worker that shuts irqfds down is not in this dump. Collect next the "
			 "stacks of all tasks: echo t >/proc/sysrq-trigger; dmesg");
}

static void note_busy(struct hung_task *task)
{
	snprintf(
		task->note, sizeof(task->note),
		"it does not wait: the kernel reports that it has had a CPU for too long, in %s. "
		"Collect next where it spends its time: perf record -g -t %u sleep 10; perf report",
		task->cnt ? task->names[0] : "?", task->head.tid);
}

static enum ks_cause cause_of(const struct hung_task *task)
{
	if (task->is_busy)
		return KS_CAUSE_RUN;
	if (hung_task_is_in_mutex(task) || task->owner)
		return KS_CAUSE_LOCK;
	if (stack_in_sync(&task->stack))
		return task->holder ? KS_CAUSE_READER : KS_CAUSE_UNEXPLAINED;
	if (stack_in_rcu(&task->stack))
		return KS_CAUSE_RCU;
	return stack_in_kthread_wait(&task->stack) ? KS_CAUSE_KTHREAD : KS_CAUSE_OTHER_SLEEP;
}

static enum call_id call_of_task(const struct hung_task *task)
{
	enum call_id id = stack_call(&task->stack);

	if (id == CALL_NONE)
		id = stack_reads(&task->stack);
	if (task->is_ioctl && task->request && (id == CALL_IOCTL || id == CALL_VCPU_IOCTL))
		id = call_of_syscall(KS_SYSCALL_X86 | 16, task->request);
	return id == CALL_NONE ? CALL_UNKNOWN : id;
}

static void set_culprit(const struct hung_task *task, struct log_call *call)
{
	const struct hung_task *holder = task->holder;
	struct culprit *culprit = &call->culprit;

	culprit->kind = call->cause == KS_CAUSE_LOCK	 ? CULPRIT_HOLDER
			: call->cause == KS_CAUSE_READER ? CULPRIT_READER
			: holder			 ? CULPRIT_QUEUE
							 : CULPRIT_NONE;
	if (!holder && task->owner) {
		culprit->is_known = true;
		culprit->tid = task->owner->tid;
		culprit->cause = KS_CAUSE_RUN;
		memcpy(culprit->comm, task->owner->comm, sizeof(culprit->comm));
	}
	if (!holder)
		return;
	culprit->is_known = true;
	culprit->is_self = holder == task;
	culprit->call = call_of_task(holder);
	culprit->tid = holder->head.tid;
	memcpy(culprit->comm, holder->head.comm, sizeof(culprit->comm));
	if (call->cause == KS_CAUSE_READER)
		culprit->func = stack_sleeps_in(&holder->stack);
	else if (stack_has(&holder->stack, SITE_MEMSLOTS))
		culprit->func = SLOTS_LOCK;
	culprit->cause = call->cause == KS_CAUSE_READER || stack_in_vcpu_lock(&task->stack)
				 ? KS_CAUSE_RUN
				 : cause_of(holder);
}

void hung_call_report(struct log *log, struct hung_task *task, struct domain *dom)
{
	uint64_t ts_ns = task->ts_ns > task->age_ns ? task->ts_ns : task->age_ns;
	struct log_call call = {
		.rec = {.head = {.ts_ns = ts_ns, .tid = task->head.tid},
			.begin_ns = ts_ns - task->age_ns,
			.tgid = task->head.tgid ? task->head.tgid : task->head.tid},
		.id = call_of_task(task),
		.cause = cause_of(task),
		.is_undated = !task->ts_ns,
		.is_running = task->is_busy,
		.note = task->note,
	};

	memcpy(call.rec.comm, task->head.comm, sizeof(call.rec.comm));
	if (task->is_busy)
		note_busy(task);
	else if (hung_task_is_in_mutex(task) || task->owner)
		note_lock(task);
	else if (stack_in_sync(&task->stack))
		note_srcu(task);
	else if (hung_task_is_in_flush(task))
		note_flush(task);
	if (call.cause == KS_CAUSE_OTHER_SLEEP || call.cause == KS_CAUSE_KTHREAD)
		call.func = stack_sleeps_in(&task->stack);
	if (call.cause == KS_CAUSE_RCU)
		call.func = stack_rcu_caller(&task->stack);
	if (stack_in_srcu(&task->stack) && !task->is_busy)
		call.wait = (struct wait){.dom = dom,
					  .api = stack_api(&task->stack),
					  .site = stack_srcu_caller(&task->stack),
					  .begin_ns = call.rec.begin_ns,
					  .ns = task->age_ns,
					  .callbacks = -1,
					  .stack = task->stack};
	set_culprit(task, &call);
	log_stuck(log, &call);
}
