// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/repro/profile.h"

#include <errno.h>

/* clang-format off */
#define PLAIN(RUN)           { .run = RUN }
#define DEVICE(RUN)          { .run = RUN, .role = STEP_DEVICE }
#define MEMORY(RUN)          { .run = RUN, .role = STEP_MEMORY }
#define OPTIONAL(RUN)        { .run = RUN, .is_optional = true }
#define OPTIONAL_DEVICE(RUN) { .run = RUN, .role = STEP_DEVICE, .is_optional = true }
#define STEPS_END()          { .run = NULL }
/* clang-format on */

/* The least that has all the parts, the same everywhere: devices before memory, one vCPU. */
static const struct step minimal_steps[] = {
	PLAIN(machine_create),
	DEVICE(machine_assign_ioeventfd),
	MEMORY(machine_create_memslots),
	PLAIN(machine_create_vcpus),
	STEPS_END(),
};

#if defined(__x86_64__)

/*
 * Firecracker 1.17, as strace shows its start (tests/live/firecracker.calls): the TSS, irqchip and
 * PIT (src/vmm/src/arch/x86_64/vm.rs), vCPUs, memory, the irqfds of the serial port and the
 * keyboard controller, the virtio-mmio devices, and the irqfds of ACPI's VMGenID and VMClock.
 */
static const struct step firecracker_steps[] = {
	PLAIN(machine_create),
	PLAIN(machine_set_tss_addr),
	DEVICE(machine_create_irqchip),
	OPTIONAL_DEVICE(machine_create_pit2),
	PLAIN(machine_create_vcpus),
	MEMORY(machine_create_memslots),
	PLAIN(machine_assign_irqfd),
	PLAIN(machine_assign_irqfd),
	DEVICE(machine_assign_virtio_devices),
	PLAIN(machine_assign_irqfd),
	PLAIN(machine_assign_irqfd),
	OPTIONAL(machine_run_once),
	STEPS_END(),
};

/*
 * QEMU 10, -M pc: accel/kvm/kvm-all.c kvm_init() with target/i386/kvm/kvm.c
 * kvm_arch_init() sets the addresses and makes the irqchip; hw/i386/pc_piix.c
 * pc_init1() makes vCPUs, then RAM, then GSI routes and the PIT
 * (hw/i386/kvm/i8254.c); VGA registers its coalesced window; the firmware's
 * writes to PAM registers remap memory; drivers start virtio devices, and a
 * reset stops them (hw/virtio/virtio-bus.c), which takes ioeventfds away.
 * QEMU before 10 also probes ioeventfds: the scenario qemu-probe.
 */
static const struct step qemu_steps[] = {
	PLAIN(machine_create),
	PLAIN(machine_set_identity_map_addr),
	PLAIN(machine_set_tss_addr),
	DEVICE(machine_create_irqchip),
	PLAIN(machine_create_vcpus),
	MEMORY(machine_create_memslots),
	PLAIN(machine_set_gsi_routing),
	OPTIONAL_DEVICE(machine_create_pit2),
	OPTIONAL_DEVICE(machine_register_coalesced),
	MEMORY(machine_remap_memslot),
	DEVICE(machine_assign_devices),
	OPTIONAL(machine_run_once),
	PLAIN(machine_bounce_ioeventfd),
	STEPS_END(),
};

/*
 * crosvm: hypervisor/src/kvm/mod.rs KvmVm::new() makes the VM and, at once, its
 * memslots; devices/src/irqchip/kvm/x86_64.rs KvmKernelIrqChip::new() irqchip
 * and PIT; x86_64/src/lib.rs build_vm() the TSS and the devices; the vCPUs are
 * last (src/crosvm/sys/linux/vcpu.rs). So no memslot ever stalls.
 */
static const struct step crosvm_steps[] = {
	PLAIN(machine_create),
	MEMORY(machine_create_memslots),
	DEVICE(machine_create_irqchip),
	OPTIONAL_DEVICE(machine_create_pit2),
	PLAIN(machine_set_gsi_routing),
	PLAIN(machine_set_identity_map_addr),
	PLAIN(machine_set_tss_addr),
	DEVICE(machine_assign_devices),
	PLAIN(machine_create_vcpus),
	OPTIONAL(machine_run_once),
	STEPS_END(),
};

#define arm64_steps NULL

#else

#define firecracker_steps NULL
#define qemu_steps	  NULL
#define crosvm_steps	  NULL

/*
 * Firecracker on arm64: src/vmm/src/arch/aarch64/vm.rs says why vCPUs come
 * first: KVM_CREATE_VCPU is refused once the vGIC is initialized. Then memory,
 * then the virtio-mmio devices, and vCPUs are initialized last. The first
 * KVM_RUN registers the distributor.
 */
static const struct step arm64_steps[] = {
	PLAIN(machine_create),		PLAIN(machine_create_vcpus),
	DEVICE(machine_create_vgic),	MEMORY(machine_create_memslots),
	DEVICE(machine_assign_devices), PLAIN(machine_init_vcpus),
	OPTIONAL(machine_run_once),	STEPS_END(),
};

#endif

const char *const profile_names[] = {"firecracker", "qemu", "crosvm", "minimal", "arm64", NULL};

const struct profile profiles[] = {
	{.name = "firecracker", .steps = firecracker_steps, .size = {2, 6, 1}},
	{.name = "qemu", .steps = qemu_steps, .size = {2, 4, 4}},
	{.name = "crosvm", .steps = crosvm_steps, .size = {2, 6, 2}},
	{.name = "minimal", .steps = minimal_steps, .size = {1, 1, 1}},
	{.name = "arm64", .steps = arm64_steps, .size = {2, 4, 1}},
};

#if defined(__x86_64__)
const uint32_t profile_default = 0;
#else
const uint32_t profile_default = 4;
#endif

int profile_run(struct machine *vm, const struct step *const *plan, size_t plan_cnt)
{
	size_t i;
	int ret;

	for (i = 0; i < plan_cnt; i++) {
		ret = plan[i]->run(vm);
		if (ret < 0 && !plan[i]->is_optional)
			return ret;
	}
	return 0;
}

bool profile_is_refusal(int ret)
{
	static const int refusals[] = {ENOTTY, EINVAL, ENODEV, ENXIO, EOPNOTSUPP, ENOSYS, EPERM};
	size_t i;

	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (ret == -refusals[i])
			return true;
	return false;
}
