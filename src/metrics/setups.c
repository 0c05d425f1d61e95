// SPDX-License-Identifier: GPL-2.0-only
#include "metrics/setups.h"

#include "ledger/stall.h"
#include "metrics/counted.h"

#define SETUP_MAX_NS 30000000000ULL

static struct vmset_vm *find(const struct metrics *metrics, const struct vm *vm)
{
	return vm ? map_get(&metrics->vms.vms, vm->id) : NULL;
}

static void finish(struct metrics *metrics, struct vmset_vm *vm)
{
	vm->is_set_up = true;
	metrics->setups[vm->has_stalled]++;
	hist_observe(&metrics->setup_stalls, vm->setup_ns, NULL);
}

static void expect(struct metrics *metrics, uint64_t from_ns)
{
	if (from_ns < UINT64_MAX - SETUP_MAX_NS && from_ns + SETUP_MAX_NS < metrics->setups_due_ns)
		metrics->setups_due_ns = from_ns + SETUP_MAX_NS;
}

void setups_born(struct metrics *metrics, const struct vm *vm)
{
	struct vmset_vm *entry = find(metrics, vm);

	if (!entry)
		return;
	entry->is_set_up = vm->flags & KS_VM_FOUND;
	if (!entry->is_set_up)
		expect(metrics, vm->born_ns);
}

void setups_stall(struct metrics *metrics, const struct stall *stall, bool counts)
{
	struct vmset_vm *vm = find(metrics, stall->vm);

	if (!vm || vm->is_set_up)
		return;
	if (stall->phase != PHASE_SETUP && stall->phase != PHASE_VCPUS) {
		finish(metrics, vm);
		return;
	}
	vm->setup_ns += stall->stall_ns;
	vm->has_stalled |= counts;
}

void setups_over(struct metrics *metrics, const struct vm *vm)
{
	struct vmset_vm *entry = find(metrics, vm);

	if (entry && !entry->is_set_up)
		finish(metrics, entry);
}

void setups_judge(struct metrics *metrics, uint64_t now_ns)
{
	const struct map_slot *slot;
	size_t pos = 0;

	if (now_ns < metrics->setups_due_ns)
		return;
	metrics->setups_due_ns = UINT64_MAX;
	while ((slot = map_next(&metrics->vms.vms, &pos))) {
		struct vmset_vm *vm = slot->value;

		if (vm->is_set_up)
			continue;
		if (now_ns < vm->born_ns || now_ns - vm->born_ns < SETUP_MAX_NS)
			expect(metrics, vm->born_ns);
		else if (vm->asleep_ns || vm->was_asleep_ns) /* it is stuck in it */
			expect(metrics, now_ns);
		else
			finish(metrics, vm);
	}
}
