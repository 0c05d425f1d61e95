// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stall sites that user space can reach, one scenario each: the calls that
 * lead there and no others. What to expect is for kernels whose
 * kvm_io_bus_register_dev() defers (6.18 and later); before those, an
 * ioeventfd starts no grace period that lasts and the waits are short.
 */
#include <string.h>

#include "cmd/repro/profile.h"

/* clang-format off */
#define DO(RUN)  { .run = RUN }
#define DO_END() { .run = NULL }
/* clang-format on */

#if defined(__x86_64__)
#define ON_X86(STEPS)	(STEPS)
#define ON_ARM64(STEPS) NULL
#define CREATE_IRQCHIP	DO(machine_create_irqchip)
#else
#define ON_X86(STEPS)	NULL
#define ON_ARM64(STEPS) (STEPS)
#define CREATE_IRQCHIP	DO(machine_create_vcpus), DO(machine_create_vgic)
#endif

static const struct step memslot_create[] = {
	DO(machine_create),
	DO(machine_assign_ioeventfd),
	DO(machine_create_memslots),
	DO_END(),
};

/* Two waits: once the slot is invalid, once it is gone. */
static const struct step memslot_delete[] = {
	DO(machine_create),
	DO(machine_create_memslots),
	DO(machine_assign_ioeventfd),
	DO(machine_delete_memslot),
	DO_END(),
};

static const struct step memslot_move[] = {
	DO(machine_create),
	DO(machine_create_memslots),
	DO(machine_assign_ioeventfd),
	DO(machine_move_memslot),
	DO_END(),
};

static const struct step bus_unregister[] = {
	DO(machine_create),
	DO(machine_assign_ioeventfd),
	DO(machine_deassign_ioeventfd),
	DO_END(),
};

static const struct step qemu_probe[] = {
	DO(machine_create),
	DO(machine_probe_ioeventfds),
	DO_END(),
};

static const struct step coalesced_mmio[] = {
	DO(machine_create),
	DO(machine_register_coalesced),
	DO(machine_unregister_coalesced),
	DO_END(),
};

static const struct step irq_routing[] = {
	DO(machine_create),
	CREATE_IRQCHIP,
	DO(machine_set_gsi_routing),
	DO_END(),
};

static const struct step irqfd_resample[] = {
	DO(machine_create),
	CREATE_IRQCHIP,
	DO(machine_assign_resample_irqfd),
	DO_END(),
};

static const struct step irqfd_deassign[] = {
	DO(machine_create),	    CREATE_IRQCHIP,	      DO(machine_assign_irqfd),
	DO(machine_deassign_irqfd), DO(machine_assign_irqfd), DO_END(),
};

static const struct step machine_destroy_barrier[] = {
	DO(machine_create),
	DO(machine_assign_ioeventfd),
	DO_END(),
};

static const struct step vcpu_create[] = {
	DO(machine_create),
	CREATE_IRQCHIP,
	DO(machine_create_vcpus),
	DO_END(),
};

static const struct step fdtable[] = {
	DO(machine_create),
	DO(machine_grow_fdtable),
	DO_END(),
};

static const struct step device_close[] = {
	DO(machine_create),
	DO(machine_close_device),
	DO_END(),
};

static const struct step vcpu_hop[] = {
	DO(machine_create),	DO(machine_create_vcpus),
#if defined(__aarch64__)
	DO(machine_init_vcpus),
#endif
	DO(machine_hop_vcpu),	DO_END(),
};

/* Who moves another soon after waits for nothing: rcu_sync_exit() (kernel/rcu/sync.c) is lazy. */
static const struct step cgroup[] = {
	DO(machine_create),
	DO(machine_settle),
	DO(machine_move_cgroup),
	DO_END(),
};

/* An open VM with memory, without a grace period of its own at the end. */
static const struct step many_vms[] = {
	DO(machine_create),
	DO(machine_create_memslots),
	DO(machine_create_vcpus),
	DO_END(),
};

#if defined(__x86_64__)

static const struct step pit[] = {
	DO(machine_create),
	DO(machine_create_irqchip),
	DO(machine_create_pit2),
	DO(machine_disable_reinject),
	DO_END(),
};

/* Settled, so that only the wait for the PIT's own notifier is left. */
static const struct step pit_close[] = {
	DO(machine_create), DO(machine_create_irqchip), DO(machine_create_pit2), DO(machine_settle),
	DO_END(),
};

static const struct step pmu_filter[] = {
	DO(machine_create),
	DO(machine_assign_ioeventfd),
	DO(machine_set_pmu_event_filter),
	DO_END(),
};

static const struct step msr_filter[] = {
	DO(machine_create),
	DO(machine_assign_ioeventfd),
	DO(machine_set_msr_filter),
	DO_END(),
};

static const struct step hyperv_eventfd[] = {
	DO(machine_create),
	DO(machine_assign_ioeventfd),
	DO(machine_bounce_hyperv_eventfd),
	DO_END(),
};

#else

/* A vCPU's first run registers the vGIC's distributor: who starts the grace period is in KVM_RUN.
 */
static const struct step vgic_first_run[] = {
	DO(machine_create),	     DO(machine_create_vcpus),
	DO(machine_create_vgic),     DO(machine_init_vcpus),
	DO(machine_settle),	     DO(machine_run_once),
	DO(machine_create_memslots), DO_END(),
};

#endif

/* clang-format off */
const struct profile scenarios[] = {
	{ "memslot-create", "KVM_SET_USER_MEMORY_REGION: kvm_swap_active_memslots",
	  "gp-timer", memslot_create, { 0, 0, 1 } },
	{ "memslot-delete", "KVM_SET_USER_MEMORY_REGION: kvm_swap_active_memslots, twice",
	  "gp-timer in the first of two waits", memslot_delete, { 0, 0, 1 } },
	{ "memslot-move", "KVM_SET_USER_MEMORY_REGION: kvm_swap_active_memslots, twice",
	  "gp-timer in the first of two waits", memslot_move, { 0, 0, 1 } },
	{ "bus-unregister", "KVM_IOEVENTFD deassign: kvm_io_bus_unregister_dev",
	  "gp-timer", bus_unregister, { 0, 0, 0 } },
	{ "qemu-probe", "KVM_IOEVENTFD, 7 on and off, as QEMU before 10: kvm_io_bus_unregister_dev",
	  "gp-timer in the first deassign", qemu_probe, { 0, 0, 0 } },
	{ "coalesced-mmio", "KVM_UNREGISTER_COALESCED_MMIO: kvm_io_bus_unregister_dev",
	  "gp-timer", coalesced_mmio, { 0, 0, 0 } },
	{ "irq-routing", "KVM_SET_GSI_ROUTING: kvm_set_irq_routing",
	  "short: nothing defers on irq_srcu", irq_routing, { 1, 0, 0 } },
	{ "irqfd-resample", "KVM_IRQFD: kvm_irqfd_assign",
	  "short: nothing defers on irq_srcu", irqfd_resample, { 1, 0, 0 } },
	{ "irqfd-deassign", "KVM_IRQFD, close: irqfd_shutdown, in a work that they flush",
	  "short: other-sleep", irqfd_deassign, { 1, 0, 0 } },
	{ "pit", "KVM_REINJECT_CONTROL: kvm_unregister_irq_mask_notifier",
	  "gp-timer and cb-timer of its own grace period", ON_X86(pit), { 0, 0, 0 } },
	{ "pit-close", "close: kvm_free_pit, kvm_unregister_irq_mask_notifier",
	  "gp-timer and cb-timer of its own grace period", ON_X86(pit_close), { 0, 0, 0 } },
	{ "pmu-filter", "KVM_SET_PMU_EVENT_FILTER: kvm_vm_ioctl_set_pmu_event_filter",
	  "gp-timer", ON_X86(pmu_filter), { 0, 0, 0 } },
	{ "msr-filter", "KVM_X86_SET_MSR_FILTER: kvm_vm_ioctl_set_msr_filter",
	  "gp-timer and cb-timer", ON_X86(msr_filter), { 0, 0, 0 } },
	{ "hyperv-eventfd", "KVM_HYPERV_EVENTFD deassign: kvm_hv_eventfd_deassign",
	  "gp-timer and cb-timer", ON_X86(hyperv_eventfd), { 0, 0, 0 } },
	{ "vm-destroy-barrier", "close: kvm_destroy_vm, srcu_barrier",
	  "gp-timer and cb-timer", machine_destroy_barrier, { 0, 0, 0 } },
	{ "vcpu-create", "KVM_CREATE_VCPU: kvm_alloc_apic_access_page, where there is one",
	  "gp-timer; short without APIC virtualization", vcpu_create, { 1, 0, 0 } },
	{ "vgic-first-run", "KVM_SET_USER_MEMORY_REGION: kvm_swap_active_memslots, after KVM_RUN",
	  "gp-timer", ON_ARM64(vgic_first_run), { 1, 0, 1 } },
	{ "fdtable", "KVM_CREATE_VCPU and eventfd2: expand_files, plain RCU",
	  "rcu", fdtable, { 0, 0, 0 } },
	{ "device-close", "close of a VFIO device of KVM: kvm_device_release, plain RCU",
	  "rcu; short before Linux 6.10", device_close, { 0, 0, 0 } },
	{ "vcpu-hop", "KVM_RUN from another thread than before: kvm_vcpu_ioctl, plain RCU",
	  "rcu; short since Linux 6.13", vcpu_hop, { 1, 0, 0 } },
	{ "cgroup", "write to cgroup.procs: cgroup_attach_lock, plain RCU",
	  "rcu in the first of two writes; short with favordynmods", cgroup, { 0, 0, 0 } },
	{ "many-vms-close", "close of many VMs: mmu_notifier_unregister, host-wide domain",
	  "gp-timer, cb-timer", many_vms, { 1, 0, 1 }, PROFILE_END_CLOSE_TOGETHER, 16 },
	{ "many-vms-exit", "exit of many VMMs: __mmu_notifier_release, mmu_notifier_unregister",
	  "gp-timer, cb-timer", many_vms, { 1, 0, 1 }, PROFILE_END_EXIT_TOGETHER, 16 },
	{ NULL },
};
/* clang-format on */

const struct profile *scenario_find(const char *name)
{
	const struct profile *scenario;

	for (scenario = scenarios; scenario->name; scenario++)
		if (!strcmp(scenario->name, name))
			return scenario;
	return NULL;
}
