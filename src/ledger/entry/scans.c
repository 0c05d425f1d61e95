// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/entry/scans.h"

#include <errno.h>
#include <string.h>

#include "ledger/entry/calls.h"
#include "ledger/entry/domains.h"
#include "ledger/entry/tasks.h"
#include "ledger/suspect.h"

/* Has the grace period that it may hold been in flight for @ns by then? */
static bool is_older(const struct domain *dom, const struct suspect *suspect, uint64_t ns)
{
	const struct initiator *initiator = domain_initiator(dom, suspect->gp);

	return initiator && suspect->ts_ns >= initiator->ts_ns + ns;
}

/* A scan of its process meets those whom the VM's memory slots wait for as well. */
static int note_invalidator(struct domain *dom, const struct ks_task *rec,
			    const struct stack *stack)
{
	struct invalidator seen = {.ts_ns = rec->head.ts_ns, .tid = rec->head.tid};

	if (domain_get_kind(dom) != DOMAIN_SRCU)
		return 0;
	seen.func = stack_unmaps_in(stack);
	if (!seen.func)
		return 0;
	seen.call = stack_system_call(stack);
	memcpy(seen.comm, rec->comm, sizeof(seen.comm) - 1);
	return domain_invalidates(dom, &seen);
}

int scans_take_suspect(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_task *rec = view->task;
	struct domain *dom = map_get(&ledger->domains, rec->ssp);
	struct suspect suspect = {
		.tid = rec->head.tid, .tgid = rec->tgid, .ts_ns = rec->head.ts_ns};
	const struct stack *stack;

	if (!dom)
		return 0; /* its VM is gone by now */
	stack = book_stack(ledger, view);
	if (!stack)
		return -ENOMEM;
	if (note_invalidator(dom, rec, stack))
		return -ENOMEM;
	suspect.stack = *stack;
	suspect.rank = suspect_rank(domain_get_kind(dom), &suspect.stack, rec->state);
	suspect.gp = domain_gp_at(dom, rec->head.ts_ns);
	if (!suspect.rank || !suspect.gp)
		return 0;
	if (suspect_is_waiter(stack) && !is_older(dom, &suspect, SUSPECT_WAITER_NS))
		return 0;
	suspect.func = suspect_function(domain_get_kind(dom), &suspect.stack);
	suspect.call = suspect_call(domain_get_kind(dom), &suspect.stack);
	memcpy(suspect.comm, rec->comm, sizeof(suspect.comm) - 1);
	return domain_suspect(dom, &suspect);
}

int scans_take_readers(struct ledger *ledger, const struct record_view *view)
{
	struct domain *dom = map_get(&ledger->domains, view->readers->ssp);

	return dom ? domain_count_readers(dom, view->readers) : 0;
}

int scans_take_halted(struct ledger *ledger, const struct record_view *view)
{
	halts_note(&ledger->halts, view->cpu);
	return 0;
}

/* The host-wide domain, when it is the only one that is nobody's own. */
static struct domain *shared_domain(const struct ledger *ledger)
{
	const struct map_slot *slot;
	struct domain *found = NULL;
	size_t pos = 0;

	while ((slot = map_next(&ledger->domains, &pos))) {
		if (domain_get_kind(slot->value) != DOMAIN_SHARED)
			continue;
		if (found)
			return NULL;
		found = slot->value;
	}
	return found;
}

/* What a sleeper waits for: by its probe, or else by its stack. */
static struct domain *domain_of_sleeper(struct ledger *ledger, const struct ks_task *rec,
					const struct vm *vm, const struct stack *stack)
{
	enum domain_kind kind;

	if (rec->ssp)
		return domains_find(ledger, rec->ssp);
	if (!stack_domain_kind(stack, &kind))
		return NULL;
	switch (kind) {
	case DOMAIN_SRCU:
		return vm ? vm->srcu : NULL;
	case DOMAIN_IRQ_SRCU:
		return vm ? vm->irq_srcu : NULL;
	case DOMAIN_SHARED:
		return shared_domain(ledger);
	default:
		return NULL;
	}
}

/* When this sleep began, or when we first saw it. */
static uint64_t asleep_since(struct task *task, const struct ks_task *rec)
{
	if (rec->off_ns)
		return rec->off_ns;
	if (!task->asleep_ns || task->asleep_switches != rec->switches) {
		task->asleep_ns = rec->head.ts_ns;
		task->asleep_switches = rec->switches;
	}
	/* a record that came late may be of a scan before that one */
	return task->asleep_ns < rec->head.ts_ns ? task->asleep_ns : rec->head.ts_ns;
}

static void make_call_so_far(const struct ks_task *rec, uint64_t since_ns, struct ks_call *call)
{
	*call = (struct ks_call){
		.head = rec->head,
		.begin_ns = rec->begin_ns ? rec->begin_ns : since_ns,
		.kvm = rec->kvm,
		.arg = rec->arg,
		.cmd = rec->cmd,
		.tgid = rec->tgid,
		.vcpus = rec->vcpus,
		.kind = rec->kind,
	};
	memcpy(call->comm, rec->comm, sizeof(call->comm) - 1);
}

/* For those that wait for its locks. */
static void remember_stuck(struct task *task, const struct stall *stall)
{
	task->stuck = (struct stuck_call){
		.begin_ns = stall->begin_ns,
		.ts_ns = stall->rec->head.ts_ns,
		.cause = stall->cause,
		.lock = task->blamed,
	};
}

static void make_sleep_so_far(const struct ks_task *rec, uint64_t since_ns,
			      const struct domain *dom, struct ks_sleep *sleep)
{
	*sleep = (struct ks_sleep){
		.head = rec->head,
		.off_ns = since_ns,
		.wait_ns = rec->wait_ns,
		.kvm = rec->kvm,
		.ssp = dom ? domain_ssp(dom) : 0,
		.needed = rec->needed,
		.tgid = rec->tgid,
		.api = rec->api,
		.kind = rec->kind,
		.lock = rec->lock,
	};
}

static int report_asleep(struct ledger *ledger, struct task *task, const struct ks_task *rec,
			 const struct stack *stack)
{
	uint64_t since_ns = asleep_since(task, rec);
	struct account_input in = {.task = task, .losses = &ledger->losses, .tick = &ledger->tick};
	struct ks_call call;
	struct ks_sleep sleep;
	struct stall stall;
	struct domain *dom;
	int ret;

	in.vm = rec->kvm ? vms_find(&ledger->vms, rec->kvm)
			 : vms_of_process(&ledger->vms, rec->tgid);
	dom = domain_of_sleeper(ledger, rec, in.vm, stack);
	make_call_so_far(rec, since_ns, &call);
	make_sleep_so_far(rec, since_ns, dom, &sleep);
	ret = account_sleep(task, &sleep, stack, dom, &ledger->rcu, true);
	in.holder = task->blamed.owner ? map_get(&ledger->tasks, task->blamed.owner) : NULL;
	call.sleeps = task->sleeps;
	in.call = &call;
	if (!ret)
		ret = account_call(&in, &ledger->scratch, &stall);
	if (ret)
		return ret;
	calls_find_culprit(ledger, &in, &stall);
	remember_stuck(task, &stall);
	if (stall.cause == KS_CAUSE_INVALIDATION && !stall.culprit.is_known && in.vm)
		ledger->sought_kvm = in.vm->kvm;
	stall.is_stuck = true;
	stall.is_complete = stall.is_complete && rec->off_ns;
	ledger->ops.asleep(ledger->ctx, &stall);
	return 0;
}

/*
 * Is it news that this task sleeps? In a call of KVM's it is, whatever it sleeps for, and in any
 * system call of a process that has a VM: a vCPU whose memory does not come, a thread in fsync().
 * In others, if it waits for a grace period: of a VM's domains, or of RCU, if it is one of those
 * whose sleeps are watched.
 */
static bool is_call_asleep(const struct ledger *ledger, const struct ks_task *rec,
			   const struct stack *stack)
{
	if (rec->kind && rec->kind != KS_KIND_SYSCALL)
		return true;
	if (stack_in_kvm_wait(stack) || (rec->begin_ns && stack_in_rcu(stack)))
		return true;
	return rec->kind && vms_of_process(&ledger->vms, rec->tgid);
}

int scans_take_asleep(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_task *rec = view->task;
	const struct stack *stack = book_stack(ledger, view);
	struct task_mark mark;
	struct task *task;
	int ret;

	if (!stack)
		return -ENOMEM;
	if (!ledger->ops.asleep || !is_call_asleep(ledger, rec, stack))
		return 0;
	if (rec->begin_ns > rec->head.ts_ns || rec->off_ns > rec->head.ts_ns)
		return -EINVAL;
	task = tasks_find(ledger, rec->head.tid, rec->head.ts_ns);
	if (!task)
		return tasks_none(ledger);
	task_mark(task, &mark);
	ret = report_asleep(ledger, task, rec, stack);
	task_rewind(task, &mark);
	return ret;
}
