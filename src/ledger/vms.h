/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VMs that a ledger knows: the living by address, and the dead of the last
 * second, since the record of the close that ended a VM comes after its end.
 */
#ifndef LEDGER_VMS_H
#define LEDGER_VMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "ledger/stall.h"

/* More than the probes can follow: only a capture that somebody made up comes here. */
#define VMS_MAX	     65536
#define VMS_DEAD_MAX 16384

/* More processes than this are not remembered. */
#define OWNERS_MAX 65536

/* Processes that have had a VM. */
struct owners {
	struct map seen; /* tgid -> not NULL */
};

void owners_fini(struct owners *owners);

/* Has @tgid had a VM before? It has one now. What cannot be remembered has: a number too many in a
 * name is better than two VMs of one name. */
bool owners_add(struct owners *owners, uint32_t tgid);

struct vms {
	struct map living;    /* kvm -> struct vm */
	struct map newest;    /* tgid -> struct vm, living or dead, and the others by .older */
	struct map last_dead; /* kvm -> struct vm, and who died there before by .before */
	struct vm *dead, **dead_end; /* by .next, in the order of their ends */
	size_t dead_cnt;
	struct owners owners;
	uint32_t last_id;
};

/* All of @vms belong to it, with one reference on each of their domains. */
void vms_init(struct vms *vms);
void vms_fini(struct vms *vms);

/* Give @vm its id and take it over. Returns 0, or -ENOMEM: it is still the caller's. */
int vms_add(struct vms *vms, struct vm *vm);

/* The VM at @kvm is over at @ts_ns: it is one of the dead now. NULL: none lives there. */
struct vm *vms_retire(struct vms *vms, uint64_t kvm, uint64_t ts_ns);

/* Let go of one of the dead that has been so for long enough at @now_ns: the caller's to free, by
 * vm_free(). NULL: there is none. */
struct vm *vms_bury(struct vms *vms, uint64_t now_ns);

void vm_free(struct vm *vm);

/* The living VM at this address, or NULL. */
struct vm *vms_living(const struct vms *vms, uint64_t kvm);

/* The VM at this address, though it may be dead: the newest, then. */
struct vm *vms_find(const struct vms *vms, uint64_t kvm);

/* The VM that was at this address at @ts_ns: another may be there by now. */
struct vm *vms_find_at(const struct vms *vms, uint64_t kvm, uint64_t ts_ns);

/* The newest VM of a process; of its dead ones, when none lives. */
struct vm *vms_of_process(const struct vms *vms, uint32_t tgid);

/* The VM of a process that was seen last, living or dead, or NULL; the others follow by .older. */
struct vm *vms_newest(const struct vms *vms, uint32_t tgid);

#endif
