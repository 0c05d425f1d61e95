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

/* The one that others are found by in @map is no more; @next is now, if there is one. */
static void replace(struct map *map, uint64_t key, struct vm *next)
{
	map_del(map, key);
	if (next)
		map_put(map, key, next); /* where one was, there is room */
}

static void leave_process(struct vms *vms, struct vm *vm)
{
	if (vm->older)
		vm->older->newer = vm->newer;
	if (vm->newer)
		vm->newer->older = vm->older;
	else
		replace(&vms->newest, vm->tgid, vm->older);
}

static void leave_address(struct vms *vms, struct vm *vm)
{
	if (vm->before)
		vm->before->after = vm->after;
	if (vm->after)
		vm->after->before = vm->before;
	else if (map_get(&vms->last_dead, vm->kvm) == vm)
		replace(&vms->last_dead, vm->kvm, vm->before);
}

static struct vm *first_of_dead(struct vms *vms)
{
	struct vm *vm = vms->dead;

	leave_process(vms, vm);
	leave_address(vms, vm);
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
	map_fini(&vms->newest);
	map_fini(&vms->last_dead);
	owners_fini(&vms->owners);
}

int vms_add(struct vms *vms, struct vm *vm)
{
	vm->id = vms->last_id + 1;
	vm->older = vms_newest(vms, vm->tgid);
	if (map_put(&vms->living, vm->kvm, vm))
		return -ENOMEM;
	if (map_put(&vms->newest, vm->tgid, vm)) {
		map_del(&vms->living, vm->kvm);
		return -ENOMEM;
	}
	if (vm->older)
		vm->older->newer = vm;
	vms->last_id++;
	vm->is_further = owners_add(&vms->owners, vm->tgid);
	return 0;
}

/* Without memory it is not found by its address. */
static void keep_address(struct vms *vms, struct vm *vm)
{
	struct vm *before = map_get(&vms->last_dead, vm->kvm);

	if (map_put(&vms->last_dead, vm->kvm, vm))
		return;
	vm->before = before;
	if (before)
		before->after = vm;
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
	keep_address(vms, vm);
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

	return found ? found : map_get(&vms->last_dead, kvm);
}

struct vm *vms_find_at(const struct vms *vms, uint64_t kvm, uint64_t ts_ns)
{
	struct vm *found = vms_find(vms, kvm);

	if (!found || found->born_ns <= ts_ns)
		return found;
	for (struct vm *vm = map_get(&vms->last_dead, kvm); vm; vm = vm->before)
		if (vm->born_ns <= ts_ns)
			return vm;
	return found;
}

struct vm *vms_newest(const struct vms *vms, uint32_t tgid)
{
	return map_get(&vms->newest, tgid);
}

struct vm *vms_of_process(const struct vms *vms, uint32_t tgid)
{
	struct vm *dead = NULL;

	for (struct vm *vm = vms_newest(vms, tgid); vm; vm = vm->older) {
		if (!vm->is_gone)
			return vm;
		if (!dead || vm->gone_ns > dead->gone_ns)
			dead = vm;
	}
	return dead;
}
