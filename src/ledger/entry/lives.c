// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/entry/lives.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/entry/domains.h"
#include "ledger/life.h"

/* A VM that neither ran nor made a call that took time was not started: made to ask what KVM can
 * do, say. */
static bool is_worth_reporting(const struct span *span)
{
	return span->kind != SPAN_START || span->has_run || span->calls;
}

static void end_life(struct ledger *ledger, struct vm *vm, uint64_t ts_ns)
{
	struct span_account *life = vm->life;

	if (!life)
		return;
	if (life->closer)
		ts_ns = life->upto_ns; /* the VM is found to be gone up to a second later */
	vm->life = NULL;
	life->span.is_complete &=
		!loss_windows_overlap(&ledger->losses, life->span.begin_ns, ts_ns);
	if (ledger->ops.span && is_worth_reporting(&life->span))
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

static bool is_own_wait(const struct wait *wait, const struct vm *vm)
{
	return wait->dom && domain_kvm(wait->dom) == vm->kvm;
}

/* A sleep of another system call that closes a VM: execve(2), io_uring_enter(2). */
static bool closes_asleep(const struct stall *stall)
{
	return stall->rec->kind == KS_KIND_SYSCALL && stall->waits_cnt &&
	       stack_call(&stall->waits[0].stack) == CALL_CLOSE;
}

/* Which VM it closes, the domain says that it waits for. The host-wide one does not: the one that
 * the same thread was closing. */
static int close_asleep(struct ledger *ledger, struct vm *vm, const struct stall *stall)
{
	uint32_t tid = stall->rec->head.tid;

	if (!is_own_wait(&stall->waits[0], vm)) {
		vm = vms_newest(&ledger->vms, stall->rec->tgid);
		while (vm && !(is_end(vm) && vm->life->closer == tid))
			vm = vm->older;
	} else if (begin_end(ledger, vm, stall->begin_ns)) {
		return -ENOMEM;
	} else if (!vm->life->span.calls) {
		vm->life->closer = tid;
	}
	if (vm)
		life_add(vm->life, stall);
	return 0;
}

static int add_to_life(struct ledger *ledger, struct vm *vm, const struct stall *stall)
{
	const struct ks_call *rec = stall->rec;
	int ret = 0;

	if (closes_asleep(stall))
		return close_asleep(ledger, vm, stall);
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

int lives_note_span(struct ledger *ledger, struct vm *vm, const struct stall *stall)
{
	int ret = 0;

	if (!stall_is_waited_for(stall))
		return 0;
	if (stall->rec->kind != KS_KIND_EXIT)
		return vm ? add_to_life(ledger, vm, stall) : 0;
	for (vm = vms_newest(&ledger->vms, stall->rec->tgid); vm && !ret; vm = vm->older)
		if (!vm->is_gone && is_end(vm) && !vm->life->closer)
			ret = add_to_life(ledger, vm, stall);
	return ret;
}

void lives_end_paused(struct ledger *ledger, uint64_t now_ns)
{
	const struct map_slot *slot;
	size_t pos = 0;

	while ((slot = map_next(&ledger->vms.living, &pos))) {
		struct vm *vm = slot->value;

		if (is_start(vm) && vm->life->upto_ns + LIFE_PAUSED_NS < now_ns)
			end_paused(ledger, vm);
	}
}

void lives_finish(struct ledger *ledger)
{
	for (struct vm *vm = ledger->vms.dead; vm; vm = vm->next)
		end_life(ledger, vm, vm->gone_ns);
}

int lives_take_born(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_step *step = view->step;
	struct vm *vm = vms_living(&ledger->vms, step->val);

	if (!vm || vm->life || vm->flags & KS_VM_FOUND || step->seq > step->head.ts_ns)
		return 0;
	vm->life = life_new(SPAN_START, vm, step->seq);
	return vm->life ? 0 : -ENOMEM;
}

int lives_take_run(struct ledger *ledger, const struct record_view *view)
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

static void discard_vm(struct ledger *ledger, struct vm *vm)
{
	domains_drop(ledger, vm->srcu);
	domains_drop(ledger, vm->irq_srcu);
	if (vm->track_srcu)
		domains_drop(ledger, vm->track_srcu);
	vm_free(vm);
}

void lives_bury_old(struct ledger *ledger, uint64_t now_ns)
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

	lives_bury_old(ledger, ts_ns);
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
	srcu = domains_add(ledger, rec->srcu.ssp, DOMAIN_SRCU, rec->kvm);
	irq_srcu = domains_add(ledger, rec->irq_srcu.ssp, DOMAIN_IRQ_SRCU, rec->kvm);
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

int lives_take_vm(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_vm *rec = view->vm;
	struct vm *vm;

	if (!rec->kvm || !rec->srcu.ssp || !rec->irq_srcu.ssp || rec->srcu.ssp == rec->irq_srcu.ssp)
		return -EINVAL;
	retire_vm(ledger, rec->kvm, rec->head.ts_ns);
	if (ledger->vms.living.cnt >= VMS_MAX)
		return book_no_room(ledger, &ledger->vms.living, VMS_MAX, KS_LOSS_DOMAINS);
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

int lives_take_vm_gone(struct ledger *ledger, const struct record_view *view)
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
	int ret = 0;

	for (struct vm *vm = vms_newest(&ledger->vms, tgid); vm && !ret; vm = vm->older) {
		if (vm->is_gone)
			continue;
		vm->closing_ns = ts_ns;
		ret = begin_end(ledger, vm, ts_ns);
	}
	return ret;
}

int lives_take_closing(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_step *step = view->step;
	struct vm *vm = step->val ? vms_living(&ledger->vms, step->val) : NULL;

	if (vm) {
		vm->closing_ns = step->head.ts_ns;
		return begin_end(ledger, vm, step->head.ts_ns);
	}
	return step->val ? 0 : close_vms_of(ledger, step->seq, step->head.ts_ns);
}

void lives_note_age(struct vm *vm, const struct stall *stall)
{
	const struct ks_call *rec = stall->rec;

	/* what made it was called before it was there */
	if (!vm || vm->kvm != rec->kvm || rec->kind == KS_KIND_DEV)
		return;
	vm->has_vcpus |= rec->vcpus || (stall->call == CALL_CREATE_VCPU && rec->ret >= 0);
	vm->has_run |= rec->flags & KS_CALL_RAN || stall->call == CALL_RUN;
	if (stall->call != CALL_CLOSE && rec->begin_ns > vm->closing_ns) {
		vm->closing_ns = 0;
		if (stall_is_waited_for(stall))
			forget_end(vm);
	}
}

int lives_take_domain(struct ledger *ledger, const struct record_view *view)
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
	dom = domains_add(ledger, rec->ssp, DOMAIN_TRACK, vm->kvm);
	if (!dom)
		return -ENOMEM;
	domain_seed(dom, &seed, rec->head.ts_ns, 0, ledger->hz);
	vm->track_srcu = domain_get(dom);
	return 0;
}
