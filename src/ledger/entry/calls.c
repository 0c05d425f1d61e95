// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/entry/calls.h"

#include <errno.h>

#include "ledger/culprit.h"
#include "ledger/entry/lives.h"
#include "ledger/entry/tasks.h"

static struct vm *vm_of_call(const struct ledger *ledger, const struct ks_call *call,
			     const struct task *task)
{
	/* Only KVM_CREATE_VM is older than its VM. */
	uint64_t ts_ns = call->kind == KS_KIND_DEV ? call->head.ts_ns : call->begin_ns;
	struct vm *vm = call->kvm ? vms_find_at(&ledger->vms, call->kvm, ts_ns) : NULL;

	for (size_t i = 0; !vm && i < task->waits_cnt; i++)
		if (task->waits[i].dom && domain_kvm(task->waits[i].dom))
			vm = vms_find_at(&ledger->vms, domain_kvm(task->waits[i].dom), ts_ns);
	return vm ? vm : vms_of_process(&ledger->vms, call->tgid);
}

static void remember(struct task *task, const struct stall *stall)
{
	task->past = (struct past_call){
		.begin_ns = stall->begin_ns,
		.end_ns = stall->rec->head.ts_ns,
		.cause = stall->cause,
		.root = stall->culprit.root,
	};
}

void calls_find_culprit(const struct ledger *ledger, const struct account_input *in,
			struct stall *stall)
{
	culprit_find(&(struct culprit_input){.task = in->task,
					     .holder = in->holder,
					     .tasks = &ledger->tasks,
					     .vms = &ledger->vms,
					     .irqfds = &ledger->irqfds,
					     .children = &ledger->children,
					     .late = &ledger->late,
					     .halts = &ledger->halts,
					     .rcu_kthread = rcu_history_kthread(&ledger->rcu)},
		     stall);
}

int calls_take(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_call *call = view->call;
	struct task *task = tasks_find(ledger, call->head.tid, call->head.ts_ns);
	struct account_input in = {
		.call = call, .task = task, .losses = &ledger->losses, .tick = &ledger->tick};
	struct stall stall;
	struct vm *vm;
	int ret;

	if (call->begin_ns > call->head.ts_ns)
		return -EINVAL;
	if (!task)
		return tasks_none(ledger);
	task_forget_before(task, call->begin_ns);
	tasks_forget_blame(ledger, task, call->begin_ns);
	vm = vm_of_call(ledger, call, task);
	in.vm = vm;
	if (task->blamed.owner)
		in.holder = map_get(&ledger->tasks, task->blamed.owner);
	ret = account_call(&in, &ledger->scratch, &stall);
	if (!ret) {
		calls_find_culprit(ledger, &in, &stall);
		irqfds_note(&ledger->irqfds, &stall);
		children_note(&ledger->children, &stall);
		lives_note_age(vm, &stall);
		ledger->stats.calls++;
		ledger->ops.stall(ledger->ctx, &stall);
		ret = lives_note_span(ledger, vm, &stall);
		remember(task, &stall);
	}
	tasks_forget_holder(ledger, task->lock.owner);
	tasks_forget_holder(ledger, task->blamed.owner);
	task_reset(task);
	tasks_release(ledger, task);
	return ret;
}
