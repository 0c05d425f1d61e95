// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "ledger/account.h"
#include "ledger/culprit.h"
#include "ledger/blame/irqfds.h"
#include "ledger/life.h"
#include "ledger/record_view.h"
#include "ledger/suspect.h"
#include "ledger/stacks.h"
#include "ledger/symbols.h"
#include "ledger/task.h"
#include "ledger/vms.h"

/* Between two looks for what can be forgotten. */
#define TIDY_NS	 5000000000ULL
#define CPUS_MAX 1024

/* As VMS_MAX: only a capture that somebody made up comes here. */
#define TASKS_MAX 65536
/* A task of which nothing was heard for so long: the record of its call's end was lost. Of a call
 * that sleeps on for longer, the sleeps before are forgotten, and it is incomplete. */
#define TASK_KEEP_NS 3600000000000ULL
/* What the past of all domains may take, beside the little that each of them keeps in any case. */
#define HISTORY_MAX_BYTES (8 << 20)
#define DOMAINS_MAX	  (3 * (VMS_MAX + VMS_DEAD_MAX) + 1024)

struct ledger {
	struct stacks *stacks;
	uint32_t hz;
	struct tick tick;
	struct ledger_ops ops;
	void *ctx;
	struct vms vms;
	bool knows_shared; /* which domain is mmu_notifier's */
	struct history_budget history;
	struct map domains; /* ssp -> struct domain; owns a reference */
	struct map tasks;   /* tid -> struct task */
	struct task *spare; /* the last one that was let go: the next call is not far */
	struct loss_windows losses;
	struct irqfds irqfds;
	struct cpu_waits late; /* threads of the kernel */
	struct rcu_history rcu;
	struct account_scratch scratch;
	uint64_t cpu_ts[CPUS_MAX]; /* of each CPU's last record */
	/* The next look for what can be forgotten: then, and not before as many records as it looks
	 * at domains and tasks. */
	uint64_t tidy_ns, tidy_records;
	struct ledger_stats stats;
};

/* ---- life ---- */

struct ledger *ledger_new(const struct symbols *syms, uint32_t hz, const struct ledger_ops *ops,
			  void *ctx)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));

	if (!ledger)
		return NULL;
	ledger->stacks = stacks_new(syms);
	if (!ledger->stacks) {
		free(ledger);
		return NULL;
	}
	ledger->hz = hz;
	tick_init(&ledger->tick, hz);
	ledger->ops = *ops;
	ledger->ctx = ctx;
	ledger->history.max_bytes = HISTORY_MAX_BYTES;
	vms_init(&ledger->vms);
	return ledger;
}

static void forget_task(void *task)
{
	task_free(task);
}

static void forget_domain(void *dom)
{
	domain_put(dom);
}

void ledger_free(struct ledger *ledger)
{
	if (!ledger)
		return;
	vms_fini(&ledger->vms);
	map_clear(&ledger->tasks, forget_task);
	map_clear(&ledger->domains, forget_domain);
	stacks_free(ledger->stacks);
	irqfds_fini(&ledger->irqfds);
	cpu_waits_fini(&ledger->late);
	rcu_history_fini(&ledger->rcu);
	task_free(ledger->spare);
	free(ledger->scratch.segments);
	free(ledger);
}

size_t ledger_history_bytes(const struct ledger *ledger)
{
	return ledger->history.bytes + rcu_history_bytes(&ledger->rcu);
}

const struct ledger_stats *ledger_get_stats(const struct ledger *ledger)
{
	return &ledger->stats;
}

/* ---- VMs and domains ---- */

struct vm *ledger_vm(const struct ledger *ledger, uint64_t kvm)
{
	return vms_living(&ledger->vms, kvm);
}

const struct domain *ledger_domain(const struct ledger *ledger, uint64_t ssp)
{
	return map_get(&ledger->domains, ssp);
}

const struct map *ledger_vms(const struct ledger *ledger)
{
	return &ledger->vms.living;
}

static struct domain *add_domain(struct ledger *ledger, uint64_t ssp, enum domain_kind kind,
				 uint64_t kvm)
{
	struct domain *dom = domain_new(ssp, kind, kvm);

	if (!dom)
		return NULL;
	domain_set_budget(dom, &ledger->history);
	domain_put(map_get(&ledger->domains, ssp));
	if (map_put(&ledger->domains, ssp, dom)) {
		map_del(&ledger->domains, ssp);
		domain_put(dom);
		return NULL;
	}
	return dom;
}

/* Domains that are no VM's own get in by being waited for. */
static struct domain *find_domain(struct ledger *ledger, uint64_t ssp)
{
	struct domain *dom = ssp ? map_get(&ledger->domains, ssp) : NULL;

	if (dom || !ssp || ledger->domains.cnt >= DOMAINS_MAX)
		return dom;
	return add_domain(ledger, ssp, DOMAIN_OTHER, 0);
}

/*
 * mmu_notifier's domain has no symbol. It is the one that a stack shows mmu_notifier_unregister()
 * in, and without a stack the first in the close of a VM that is not the VM's own: before that
 * function, kvm_destroy_vm() waits on no other (virt/kvm/kvm_main.c, the same from 6.1 to 7.3).
 */
static void prove_domain(struct ledger *ledger, struct domain *dom, const struct ks_sleep *sleep,
			 const struct stack *stack)
{
	enum domain_kind kind;
	bool is_proven;

	if (!dom || domain_get_kind(dom) != DOMAIN_OTHER)
		return;
	if (stack_domain_kind(stack, &kind))
		is_proven = kind == DOMAIN_SHARED;
	else
		is_proven = !stack->cnt && sleep->kind == KS_KIND_CLOSE && !ledger->knows_shared;
	if (!is_proven)
		return;
	domain_set_kind(dom, DOMAIN_SHARED);
	ledger->knows_shared = true;
}

/* Why there is none of these. */
static int no_room(struct ledger *ledger, const struct map *map, size_t max, enum ks_loss loss)
{
	if (map->cnt < max)
		return -ENOMEM;
	ledger->stats.losses[loss]++;
	return -ENOSPC;
}

static int no_domain(struct ledger *ledger, uint64_t ssp)
{
	return ssp ? no_room(ledger, &ledger->domains, DOMAINS_MAX, KS_LOSS_DOMAINS) : -EINVAL;
}

/* ---- starts and ends of VMs ---- */

static void end_life(struct ledger *ledger, struct vm *vm, uint64_t ts_ns)
{
	struct span_account *life = vm->life;

	if (!life)
		return;
	vm->life = NULL;
	life->span.is_complete &=
		!loss_windows_overlap(&ledger->losses, life->span.begin_ns, ts_ns);
	if (ledger->ops.span)
		ledger->ops.span(ledger->ctx, life_span(life, ts_ns));
	free(life);
}

static bool is_start(const struct vm *vm)
{
	return vm->life && vm->life->span.kind == SPAN_START;
}

static bool is_end(const struct vm *vm)
{
	return vm->life && vm->life->span.kind == SPAN_END;
}

/* The VM did not run: its start was over when its last call was. */
static void end_paused(struct ledger *ledger, struct vm *vm)
{
	if (is_start(vm))
		end_life(ledger, vm, vm->life->upto_ns);
}

static int begin_end(struct ledger *ledger, struct vm *vm, uint64_t ts_ns)
{
	end_paused(ledger, vm);
	if (!vm->life)
		vm->life = life_new(SPAN_END, vm, ts_ns);
	return vm->life ? 0 : -ENOMEM;
}

/* It was not its end: another descriptor is open. */
static void forget_end(struct vm *vm)
{
	if (!is_end(vm))
		return;
	free(vm->life);
	vm->life = NULL;
}

static bool is_closing(const struct stall *stall)
{
	return stall->rec->kind == KS_KIND_CLOSE || stall->rec->kind == KS_KIND_EXIT;
}

static int add_to_life(struct ledger *ledger, struct vm *vm, const struct stall *stall)
{
	const struct ks_call *rec = stall->rec;
	int ret = 0;

	if (rec->flags & KS_CALL_RAN || stall->call == CALL_RUN)
		end_paused(ledger, vm); /* its first KVM_RUN was not seen */
	if (is_closing(stall) && !vm->life && !vm->is_gone)
		ret = begin_end(ledger, vm, stall->begin_ns);
	if (!vm->life || (is_start(vm) && is_closing(stall)))
		return ret;
	life_add(vm->life, stall);
	vm->life->is_over |= is_end(vm) && (rec->kind == KS_KIND_EXIT || rec->flags & KS_CALL_LAST);
	if (vm->is_gone && is_end(vm) && vm->life->is_over)
		end_life(ledger, vm, rec->head.ts_ns);
	return ret;
}

/* The exit of a process is the end of all of its VMs; else a call is one VM's. */
static int note_life(struct ledger *ledger, const struct stall *stall)
{
	const struct map_slot *slot;
	size_t pos = 0;
	int ret = 0;

	if (!stall_is_waited_for(stall))
		return 0;
	if (stall->rec->kind != KS_KIND_EXIT) {
		struct vm *vm =
			stall->vm ? vms_find_at(&ledger->vms, stall->vm->kvm, stall->vm->born_ns)
				  : NULL;

		return vm ? add_to_life(ledger, vm, stall) : 0;
	}
	while (!ret && (slot = map_next(&ledger->vms.living, &pos))) {
		struct vm *vm = slot->value;

		if (vm->tgid == stall->rec->tgid && is_end(vm))
			ret = add_to_life(ledger, vm, stall);
	}
	return ret;
}

static void end_paused_vms(struct ledger *ledger, uint64_t now_ns)
{
	const struct map_slot *slot;
	size_t pos = 0;

	while ((slot = map_next(&ledger->vms.living, &pos))) {
		struct vm *vm = slot->value;

		if (is_start(vm) && vm->life->upto_ns + LIFE_PAUSED_NS < now_ns)
			end_paused(ledger, vm);
	}
}

static int take_born(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_step *step = view->step;
	struct vm *vm = vms_living(&ledger->vms, step->val);

	if (!vm || vm->life || vm->flags & KS_VM_FOUND || step->seq > step->head.ts_ns)
		return 0;
	vm->life = life_new(SPAN_START, vm, step->seq);
	return vm->life ? 0 : -ENOMEM;
}

static int take_run(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_step *step = view->step;
	struct vm *vm = vms_living(&ledger->vms, step->val);

	if (!vm)
		return 0;
	vm->has_run = true;
	if (!is_start(vm))
		return 0;
	if (vm->life->upto_ns + LIFE_PAUSED_NS < step->head.ts_ns) {
		end_paused(ledger, vm);
		return 0;
	}
	vm->life->span.has_run = true;
	end_life(ledger, vm, step->head.ts_ns);
	return 0;
}

static void drop_domain(struct ledger *ledger, struct domain *dom)
{
	if (map_get(&ledger->domains, domain_ssp(dom)) != dom)
		return; /* another VM lives at that address by now */
	map_del(&ledger->domains, domain_ssp(dom));
	domain_put(dom);
}

static void discard_vm(struct ledger *ledger, struct vm *vm)
{
	drop_domain(ledger, vm->srcu);
	drop_domain(ledger, vm->irq_srcu);
	if (vm->track_srcu)
		drop_domain(ledger, vm->track_srcu);
	vm_free(vm);
}

static void bury_old(struct ledger *ledger, uint64_t now_ns)
{
	struct vm *vm;

	while ((vm = vms_bury(&ledger->vms, now_ns))) {
		end_life(ledger, vm, vm->gone_ns);
		discard_vm(ledger, vm);
	}
}

static void retire_vm(struct ledger *ledger, uint64_t kvm, uint64_t ts_ns)
{
	struct vm *vm;

	bury_old(ledger, ts_ns);
	vm = vms_retire(&ledger->vms, kvm, ts_ns);
	if (!vm)
		return;
	end_paused(ledger, vm);
	if (is_end(vm) && vm->life->is_over)
		end_life(ledger, vm, ts_ns);
	if (ledger->ops.vm_gone)
		ledger->ops.vm_gone(ledger->ctx, vm);
}

static struct vm *make_vm(struct ledger *ledger, const struct ks_vm *rec)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	struct domain *srcu, *irq_srcu;

	if (!vm)
		return NULL;
	srcu = add_domain(ledger, rec->srcu.ssp, DOMAIN_SRCU, rec->kvm);
	irq_srcu = add_domain(ledger, rec->irq_srcu.ssp, DOMAIN_IRQ_SRCU, rec->kvm);
	if (!srcu || !irq_srcu) {
		free(vm);
		return NULL;
	}
	domain_seed(srcu, &rec->srcu, rec->head.ts_ns, rec->jiffies, ledger->hz);
	domain_seed(irq_srcu, &rec->irq_srcu, rec->head.ts_ns, rec->jiffies, ledger->hz);
	*vm = (struct vm){
		.kvm = rec->kvm,
		.tgid = rec->tgid,
		.flags = rec->flags,
		.born_ns = rec->head.ts_ns,
		.srcu = domain_get(srcu),
		.irq_srcu = domain_get(irq_srcu),
	};
	memcpy(vm->comm, rec->comm, sizeof(vm->comm) - 1);
	return vm;
}

static int take_vm(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_vm *rec = view->vm;
	struct vm *vm;

	if (!rec->kvm || !rec->srcu.ssp || !rec->irq_srcu.ssp || rec->srcu.ssp == rec->irq_srcu.ssp)
		return -EINVAL;
	retire_vm(ledger, rec->kvm, rec->head.ts_ns);
	if (ledger->vms.living.cnt >= VMS_MAX)
		return no_room(ledger, &ledger->vms.living, VMS_MAX, KS_LOSS_DOMAINS);
	vm = make_vm(ledger, rec);
	if (!vm)
		return -ENOMEM;
	if (vms_add(&ledger->vms, vm)) {
		discard_vm(ledger, vm);
		return -ENOMEM;
	}
	ledger->stats.vms++;
	if (ledger->ops.vm_new)
		ledger->ops.vm_new(ledger->ctx, vm);
	return 0;
}

static int take_vm_gone(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_step *step = view->step;
	const struct vm *vm = vms_living(&ledger->vms, step->val);

	/* Of the VM that was born then; another may be there by now. */
	if (vm && step->seq && step->seq != vm->born_ns)
		return 0;
	retire_vm(ledger, step->val, step->head.ts_ns);
	return 0;
}

static int close_vms_of(struct ledger *ledger, uint32_t tgid, uint64_t ts_ns)
{
	const struct map_slot *slot;
	size_t pos = 0;
	int ret = 0;

	while (!ret && (slot = map_next(&ledger->vms.living, &pos))) {
		struct vm *vm = slot->value;

		if (vm->tgid != tgid)
			continue;
		vm->closing_ns = ts_ns;
		ret = begin_end(ledger, vm, ts_ns);
	}
	return ret;
}

static int take_closing(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_step *step = view->step;
	struct vm *vm = step->val ? vms_living(&ledger->vms, step->val) : NULL;

	if (vm) {
		vm->closing_ns = step->head.ts_ns;
		return begin_end(ledger, vm, step->head.ts_ns);
	}
	return step->val ? 0 : close_vms_of(ledger, step->seq, step->head.ts_ns);
}

/* What a call says of its VM's age. One that starts later shows that another descriptor is open. */
static void note_age(const struct ledger *ledger, const struct stall *stall)
{
	const struct ks_call *rec = stall->rec;
	struct vm *vm = rec->kvm ? vms_find_at(&ledger->vms, rec->kvm, rec->begin_ns) : NULL;

	if (!vm)
		return;
	vm->has_vcpus |= rec->vcpus || (stall->call == CALL_CREATE_VCPU && rec->ret >= 0);
	vm->has_run |= rec->flags & KS_CALL_RAN || stall->call == CALL_RUN;
	if (stall->call != CALL_CLOSE && rec->begin_ns > vm->closing_ns) {
		vm->closing_ns = 0;
		if (stall_is_waited_for(stall))
			forget_end(vm);
	}
}

/* A VM's third domain, which not every kernel has. */
static int take_domain(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_step *rec = view->step;
	struct vm *vm = vms_living(&ledger->vms, rec->val);
	const struct ks_domain seed = {.ssp = rec->ssp, .seq = rec->seq};
	struct domain *dom;

	if (!rec->ssp)
		return -EINVAL;
	if (!vm || vm->track_srcu)
		return 0;
	if (rec->ssp == domain_ssp(vm->srcu) || rec->ssp == domain_ssp(vm->irq_srcu))
		return -EINVAL;
	dom = add_domain(ledger, rec->ssp, DOMAIN_TRACK, vm->kvm);
	if (!dom)
		return -ENOMEM;
	domain_seed(dom, &seed, rec->head.ts_ns, 0, ledger->hz);
	vm->track_srcu = domain_get(dom);
	return 0;
}

/* ---- grace periods ---- */

static int take_step(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_step *step = view->step;
	struct domain *dom = find_domain(ledger, step->ssp);

	if (!dom)
		return no_domain(ledger, step->ssp);
	if (step->head.type == KS_GP_QUEUE)
		tick_learn(&ledger->tick, step->head.ts_ns, step->val);
	domain_step(dom, step);
	return 0;
}

static int take_callbacks(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_cb *cb = view->cb;
	struct domain *dom = find_domain(ledger, cb->ssp);

	if (!dom)
		return no_domain(ledger, cb->ssp);
	if (cb->head.type == KS_CB_QUEUE)
		tick_learn(&ledger->tick, cb->head.ts_ns, cb->val);
	domain_callbacks(dom, cb);
	return 0;
}

static const struct stack *resolve(const struct ledger *ledger, const struct record_view *view)
{
	return stacks_resolve(ledger->stacks, view->stack, view->frames);
}

static int take_start(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_start *start = view->start;
	struct domain *dom = find_domain(ledger, start->ssp);
	struct initiator initiator = {
		.kvm = start->kvm,
		.tid = start->head.tid,
		.tgid = start->tgid,
		.cmd = start->cmd,
		.kind = start->kind,
	};
	const struct stack *stack;

	if (!dom)
		return no_domain(ledger, start->ssp);
	stack = resolve(ledger, view);
	if (!stack)
		return -ENOMEM;
	initiator.func = stack_srcu_caller(stack);
	initiator.call = start->kind ? call_of(start->kind, start->cmd) : stack_call(stack);
	/* Only an expedited request starts without a timer, and call_srcu() makes none. */
	initiator.is_sync = stack->cnt ? stack_in_sync(stack) : !start->expires;
	memcpy(initiator.comm, start->comm, sizeof(initiator.comm) - 1);
	domain_start(dom, start, &initiator);
	return 0;
}

static int take_nothing(struct ledger *ledger, const struct record_view *view)
{
	(void)ledger;
	(void)view;
	return 0;
}

/* ---- tasks ---- */

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

/* One that a record of @ts_ns is about. */
static struct task *find_task(struct ledger *ledger, uint32_t tid, uint64_t ts_ns)
{
	struct task *task = map_get(&ledger->tasks, tid);

	if (!task)
		task = add_task(ledger, tid);
	if (task && ts_ns > task->seen_ns)
		task->seen_ns = ts_ns;
	return task;
}

static int no_task(struct ledger *ledger)
{
	return no_room(ledger, &ledger->tasks, TASKS_MAX, KS_LOSS_TASKS);
}

static void release_task(struct ledger *ledger, struct task *task)
{
	if (task->watchers || task->segments_cnt || task->lock.ts_ns || task->blamed.ts_ns)
		return;
	map_del(&ledger->tasks, task->tid);
	task_free(ledger->spare);
	ledger->spare = task;
}

/* Who ended the sleep, where that may have been an interrupt, is only who was interrupted. Of a
 * wait for RCU, its kthread may be it, and nobody else is named. */
static void forget_interrupt(struct task *task, const struct ks_sleep *sleep,
			     const struct stack *stack)
{
	struct cpu_wait *wait = cpu_waits_at(&task->cpu_waits, sleep->head.ts_ns);

	if (wait && !stack_has(stack, SITE_BY_TASK) && !stack_in_invalidation(stack) &&
	    !stack_in_rcu(stack))
		wait->waker_tid = 0;
}

static int take_cpu(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_cpu *cpu = view->cpu;
	struct task *task;

	if (cpu->since_ns > cpu->head.ts_ns)
		return -EINVAL;
	if (cpu->head.type == KS_LATE) {
		cpu_waits_note(&ledger->late, cpu);
		return 0;
	}
	task = find_task(ledger, cpu->head.tid, cpu->head.ts_ns);
	if (!task)
		return no_task(ledger);
	cpu_waits_note(&task->cpu_waits, cpu);
	return cpu->head.type == KS_PREEMPTED ? account_preempted(task, cpu) : 0;
}

static int take_rcu(struct ledger *ledger, const struct record_view *view)
{
	rcu_history_note(&ledger->rcu, view->rcu);
	return 0;
}

/* A holder is kept as long as somebody may name it. @owner: its tid, or 0. */
static void forget_holder(struct ledger *ledger, uint32_t owner)
{
	struct task *holder = owner ? map_get(&ledger->tasks, owner) : NULL;

	if (holder && holder->watchers && !--holder->watchers)
		release_task(ledger, holder);
}

static void keep_holder(struct ledger *ledger, uint32_t owner)
{
	struct task *holder = owner ? map_get(&ledger->tasks, owner) : NULL;

	if (holder)
		holder->watchers++;
}

/* What a call is blamed on that began before: it was not reported. */
static void forget_blame(struct ledger *ledger, struct task *task, uint64_t begin_ns)
{
	if (task->blamed.ts_ns >= begin_ns)
		return;
	forget_holder(ledger, task->blamed.owner);
	task->blamed = (struct held_lock){0};
	task->blamed_ns = 0;
}

static int take_sleep(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_sleep *sleep = view->sleep;
	struct task *task = find_task(ledger, sleep->head.tid, sleep->head.ts_ns);
	const struct stack *stack;
	struct domain *dom;
	uint32_t blamed;
	int ret;

	if (!task)
		return no_task(ledger);
	stack = resolve(ledger, view);
	if (!stack)
		return -ENOMEM;
	blamed = task->blamed.owner;
	dom = find_domain(ledger, sleep->ssp);
	prove_domain(ledger, dom, sleep, stack);
	forget_interrupt(task, sleep, stack);
	ret = account_sleep(task, sleep, stack, dom, &ledger->rcu, false);
	keep_holder(ledger, task->blamed.owner);
	forget_holder(ledger, blamed);
	ledger->stats.losses[KS_LOSS_HISTORY] += task->forgotten;
	task->forgotten = 0;
	return ret;
}

static int take_lock(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_lock *lock = view->lock;
	struct task *task = find_task(ledger, lock->head.tid, lock->head.ts_ns), *holder;

	if (!task)
		return no_task(ledger);
	forget_holder(ledger, task->lock.owner);
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
	holder = find_task(ledger, task->lock.owner, lock->head.ts_ns);
	if (!holder) {
		task->lock.owner = 0;
		return no_task(ledger);
	}
	holder->watchers++;
	return 0;
}

/* Of a call that is not reported nothing is needed: who spins a lot, in many of them, is not to
 * take ever more memory. */
static int take_spun(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_step *spun = view->step;
	struct task *task;
	uint32_t blamed;
	int ret;

	if (spun->seq > spun->head.ts_ns || spun->val > spun->seq)
		return -EINVAL;
	task = find_task(ledger, spun->head.tid, spun->head.ts_ns);
	if (!task)
		return no_task(ledger);
	task_forget_before(task, spun->val);
	forget_blame(ledger, task, spun->val);
	blamed = task->blamed.owner;
	ret = account_spun(task, spun->seq, spun->head.ts_ns);
	keep_holder(ledger, task->blamed.owner);
	forget_holder(ledger, blamed);
	return ret;
}

static const struct vm *vm_of_call(const struct ledger *ledger, const struct ks_call *call,
				   const struct task *task)
{
	/* Only KVM_CREATE_VM is older than its VM. */
	uint64_t ts_ns = call->kind == KS_KIND_DEV ? call->head.ts_ns : call->begin_ns;
	const struct vm *vm = call->kvm ? vms_find_at(&ledger->vms, call->kvm, ts_ns) : NULL;

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

static void find_culprit(const struct ledger *ledger, const struct account_input *in,
			 struct stall *stall)
{
	culprit_find(&(struct culprit_input){.task = in->task,
					     .holder = in->holder,
					     .tasks = &ledger->tasks,
					     .vms = &ledger->vms,
					     .irqfds = &ledger->irqfds,
					     .late = &ledger->late,
					     .rcu_kthread = rcu_history_kthread(&ledger->rcu)},
		     stall);
}

static int take_call(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_call *call = view->call;
	struct task *task = find_task(ledger, call->head.tid, call->head.ts_ns);
	struct account_input in = {
		.call = call, .task = task, .losses = &ledger->losses, .tick = &ledger->tick};
	struct stall stall;
	int ret;

	if (call->begin_ns > call->head.ts_ns)
		return -EINVAL;
	if (!task)
		return no_task(ledger);
	task_forget_before(task, call->begin_ns);
	forget_blame(ledger, task, call->begin_ns);
	in.vm = vm_of_call(ledger, call, task);
	if (task->blamed.owner)
		in.holder = map_get(&ledger->tasks, task->blamed.owner);
	ret = account_call(&in, &ledger->scratch, &stall);
	if (!ret) {
		find_culprit(ledger, &in, &stall);
		irqfds_note(&ledger->irqfds, &stall);
		note_age(ledger, &stall);
		ledger->stats.calls++;
		ledger->ops.stall(ledger->ctx, &stall);
		ret = note_life(ledger, &stall);
		remember(task, &stall);
	}
	forget_holder(ledger, task->lock.owner);
	forget_holder(ledger, task->blamed.owner);
	task_reset(task);
	release_task(ledger, task);
	return ret;
}

/* ---- what an iterator found ---- */

/* Has the grace period that it may hold been in flight for @ns by then? */
static bool is_older(const struct domain *dom, const struct suspect *suspect, uint64_t ns)
{
	const struct initiator *initiator = domain_initiator(dom, suspect->gp);

	return initiator && suspect->ts_ns >= initiator->ts_ns + ns;
}

static int take_suspect(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_task *rec = view->task;
	struct domain *dom = map_get(&ledger->domains, rec->ssp);
	struct suspect suspect = {
		.tid = rec->head.tid, .tgid = rec->tgid, .ts_ns = rec->head.ts_ns};
	const struct stack *stack;

	if (!dom)
		return 0; /* its VM is gone by now */
	stack = resolve(ledger, view);
	if (!stack)
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
		return find_domain(ledger, rec->ssp);
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
	return task->asleep_ns;
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

static int tell_asleep(struct ledger *ledger, struct task *task, const struct ks_task *rec,
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
	find_culprit(ledger, &in, &stall);
	remember_stuck(task, &stall);
	stall.is_stuck = true;
	stall.is_complete = stall.is_complete && rec->off_ns;
	ledger->ops.asleep(ledger->ctx, &stall);
	return 0;
}

/*
 * Is it news that this task sleeps? In a call of KVM's it is, whatever it sleeps for. Outside of
 * one, if it waits for a grace period: of a VM's domains, or of RCU, if it is one of those whose
 * sleeps are watched.
 */
static bool is_call_asleep(const struct ks_task *rec, const struct stack *stack)
{
	if (rec->kind && rec->kind != KS_KIND_SYSCALL)
		return true;
	return stack_in_kvm_wait(stack) || (rec->begin_ns && stack_in_rcu(stack));
}

static int take_asleep(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_task *rec = view->task;
	const struct stack *stack = resolve(ledger, view);
	struct task_mark mark;
	struct task *task;
	int ret;

	if (!stack)
		return -ENOMEM;
	if (!ledger->ops.asleep || !is_call_asleep(rec, stack))
		return 0;
	if (rec->begin_ns > rec->head.ts_ns || rec->off_ns > rec->head.ts_ns)
		return -EINVAL;
	task = find_task(ledger, rec->head.tid, rec->head.ts_ns);
	if (!task)
		return no_task(ledger);
	task_mark(task, &mark);
	ret = tell_asleep(ledger, task, rec, stack);
	task_rewind(task, &mark);
	return ret;
}

/* ---- losses ---- */

static void lose(struct ledger *ledger, uint64_t cnt, uint64_t from_ns, uint64_t to_ns)
{
	const struct map_slot *slot;
	size_t pos = 0;

	ledger->stats.lost += cnt;
	loss_windows_add(&ledger->losses, from_ns, to_ns);
	rcu_history_lose(&ledger->rcu, from_ns);
	while ((slot = map_next(&ledger->domains, &pos)))
		domain_lose(slot->value, from_ns);
}

static void note_cpu(struct ledger *ledger, const struct ks_head *head)
{
	uint64_t *last = &ledger->cpu_ts[head->cpu % CPUS_MAX];

	if (head->lost)
		lose(ledger, head->lost, *last, head->ts_ns);
	*last = head->ts_ns;
}

/* ---- the way in ---- */

static int (*const takers[KS_TYPE_CNT])(struct ledger *ledger, const struct record_view *view) = {
	[KS_VM] = take_vm,
	[KS_VM_GONE] = take_vm_gone,
	[KS_CALL] = take_call,
	[KS_SLEEP] = take_sleep,
	[KS_START] = take_start,
	[KS_GP_ARM] = take_step,
	[KS_GP_QUEUE] = take_step,
	[KS_GP_BEGIN] = take_step,
	[KS_GP_END] = take_step,
	[KS_CB_ARM] = take_callbacks,
	[KS_CB_QUEUE] = take_callbacks,
	[KS_CB_BEGIN] = take_callbacks,
	[KS_CB_END] = take_callbacks,
	[KS_CALLBACK] = take_nothing,
	[KS_LOCK] = take_lock,
	[KS_SUSPECT] = take_suspect,
	[KS_HELD] = take_nothing,
	[KS_ASLEEP] = take_asleep,
	[KS_DOMAIN] = take_domain,
	[KS_CLOSING] = take_closing,
	[KS_PREEMPTED] = take_cpu,
	[KS_WOKEN] = take_cpu,
	[KS_LATE] = take_cpu,
	[KS_BORN] = take_born,
	[KS_RUN] = take_run,
	[KS_SPUN] = take_spun,
	[KS_RCU_SLEEP] = take_rcu,
	[KS_RCU_WAKE] = take_rcu,
};

/* Two tasks may each be kept for the other: the second that lets go frees both. */
static void forget_tasks(struct ledger *ledger, const uint32_t *tids, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		struct task *task = map_get(&ledger->tasks, tids[i]);

		if (!task)
			continue;
		forget_holder(ledger, task->lock.owner);
		forget_holder(ledger, task->blamed.owner);
		task_reset(task);
		release_task(ledger, task);
	}
}

/* Without memory for the list, they are forgotten another time. */
static void forget_old_tasks(struct ledger *ledger, uint64_t now_ns)
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

void ledger_tidy(struct ledger *ledger, uint64_t now_ns)
{
	const struct map_slot *slot;
	size_t pos = 0;

	ledger->tidy_ns = now_ns + TIDY_NS;
	ledger->tidy_records = ledger->stats.records + ledger->domains.cnt + ledger->tasks.cnt;
	bury_old(ledger, now_ns);
	end_paused_vms(ledger, now_ns);
	forget_old_tasks(ledger, now_ns);
	while ((slot = map_next(&ledger->domains, &pos)))
		domain_tidy(slot->value, now_ns);
}

void ledger_finish(struct ledger *ledger)
{
	for (struct vm *vm = ledger->vms.dead; vm; vm = vm->next)
		end_life(ledger, vm, vm->gone_ns);
}

int ledger_record(struct ledger *ledger, const void *record, size_t size)
{
	const struct ks_head *head = record;
	struct record_view view;
	int ret;

	ledger->stats.records++;
	if (!record_view(record, size, &view) || view.head->ts_ns > INT64_MAX) {
		ledger->stats.malformed++;
		return -EINVAL;
	}
	note_cpu(ledger, head);
	if (head->ts_ns >= ledger->tidy_ns && ledger->stats.records >= ledger->tidy_records)
		ledger_tidy(ledger, head->ts_ns);
	ret = takers[head->type](ledger, &view);
	if (ret == -EINVAL)
		ledger->stats.malformed++;
	return ledger->history.lacks_memory ? -ENOMEM : ret;
}
