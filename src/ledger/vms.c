// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/vms.h"

#include <errno.h>
#include <stdlib.h>

/* A VM is kept for a while after its end: the call that ended it is reported later. */
#define DEAD_NS 1000000000ULL

void owners_fini(struct owners *owners)
{
	map_fini(&owners->seen);
}

bool owners_add(struct owners *owners, uint32_t tgid)
{
	if (map_get(&owners->seen, tgid))
		return true;
	return owners->seen.cnt >= OWNERS_MAX || map_put(&owners->seen, tgid, owners);
}

void vms_init(struct vms *vms)
{
	*vms = (struct vms){.dead_end = &vms->dead};
}

void vm_free(struct vm *vm)
{
	domain_put(vm->srcu);
	domain_put(vm->irq_srcu);
	domain_put(vm->track_srcu);
	free(vm->life);
	free(vm);
}

static struct vm *first_of_dead(struct vms *vms)
{
	struct vm *vm = vms->dead;

	vms->dead = vm->next;
	if (!vms->dead)
		vms->dead_end = &vms->dead;
	vms->dead_cnt--;
	return vm;
}

static void forget_living(void *vm)
{
	vm_free(vm);
}

void vms_fini(struct vms *vms)
{
	while (vms->dead)
		vm_free(first_of_dead(vms));
	map_clear(&vms->living, forget_living);
	owners_fini(&vms->owners);
}

int vms_add(struct vms *vms, struct vm *vm)
{
	vm->id = vms->last_id + 1;
	if (map_put(&vms->living, vm->kvm, vm))
		return -ENOMEM;
	vms->last_id++;
	vm->is_further = owners_add(&vms->owners, vm->tgid);
	return 0;
}

struct vm *vms_retire(struct vms *vms, uint64_t kvm, uint64_t ts_ns)
{
	struct vm *vm = map_del(&vms->living, kvm);

	if (!vm)
		return NULL;
	vm->is_gone = true;
	vm->gone_ns = ts_ns;
	*vms->dead_end = vm;
	vms->dead_end = &vm->next;
	vms->dead_cnt++;
	return vm;
}

struct vm *vms_bury(struct vms *vms, uint64_t now_ns)
{
	if (!vms->dead || (vms->dead->gone_ns + DEAD_NS >= now_ns && vms->dead_cnt <= VMS_DEAD_MAX))
		return NULL;
	return first_of_dead(vms);
}

struct vm *vms_living(const struct vms *vms, uint64_t kvm)
{
	return map_get(&vms->living, kvm);
}

struct vm *vms_find(const struct vms *vms, uint64_t kvm)
{
	struct vm *found = vms_living(vms, kvm);

	if (found)
		return found;
	for (struct vm *vm = vms->dead; vm; vm = vm->next)
		if (vm->kvm == kvm)
			found = vm;
	return found;
}

struct vm *vms_find_at(const struct vms *vms, uint64_t kvm, uint64_t ts_ns)
{
	struct vm *found = vms_find(vms, kvm);

	if (!found || found->born_ns <= ts_ns)
		return found;
	for (struct vm *vm = vms->dead; vm; vm = vm->next)
		if (vm->kvm == kvm && vm->born_ns <= ts_ns)
			found = vm;
	return found;
}

const struct vm *vms_of_process(const struct vms *vms, uint32_t tgid)
{
	const struct vm *newest = NULL;
	const struct map_slot *slot;
	size_t pos = 0;

	while ((slot = map_next(&vms->living, &pos))) {
		const struct vm *vm = slot->value;

		if (vm->tgid == tgid && (!newest || vm->id > newest->id))
			newest = vm;
	}
	for (const struct vm *vm = vms->dead; vm && !(newest && !newest->is_gone); vm = vm->next)
		if (vm->tgid == tgid)
			newest = vm;
	return newest;
}
