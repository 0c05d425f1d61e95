// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/repro/profile.h"

#include <errno.h>

/* The least that has all the parts, the same everywhere: devices before memory, one vCPU. */
static const char minimal_list[] = "KVM_CREATE_VM\n"
				   "KVM_IOEVENTFD\n"
				   "[memslots\nKVM_SET_USER_MEMORY_REGION\n]\n"
				   "[vcpus\nKVM_CREATE_VCPU\n]\n";

/* A device as most have it: one queue and one interrupt. */
#define DEVICES "[devices\nKVM_IOEVENTFD\nKVM_IRQFD\n]\n"
#define VCPUS	"[vcpus\nKVM_CREATE_VCPU\n]\n"
#define MEMORY	"[memslots\nKVM_SET_USER_MEMORY_REGION\n]\n"

#if defined(__x86_64__)

/*
 * Firecracker 1.17, as strace shows its start (tests/live/firecracker.calls): the TSS, irqchip and
 * PIT (src/vmm/src/arch/x86_64/vm.rs), vCPUs, memory, the irqfds of the serial port and the
 * keyboard controller, the virtio-mmio devices (an ioeventfd a queue: block, net, balloon, vsock,
 * entropy, in the order in which it sets them up), and the irqfds of ACPI's VMGenID and VMClock.
 */
static const char firecracker_list[] = "KVM_CREATE_VM\n"
				       "KVM_SET_TSS_ADDR\n"
				       "KVM_CREATE_IRQCHIP\n"
				       "KVM_CREATE_PIT2 ?\n" VCPUS MEMORY "KVM_IRQFD\nKVM_IRQFD\n"
				       "[devices\n"
				       "KVM_IOEVENTFD\nKVM_IOEVENTFD\nKVM_IRQFD\n/\n"
				       "KVM_IOEVENTFD\nKVM_IRQFD\n/\n"
				       "KVM_IOEVENTFD\nKVM_IRQFD\n/\n"
				       "KVM_IOEVENTFD\nKVM_IOEVENTFD\nKVM_IRQFD\n/\n"
				       "KVM_IOEVENTFD\nKVM_IOEVENTFD\nKVM_IOEVENTFD\nKVM_IRQFD\n/\n"
				       "KVM_IOEVENTFD\nKVM_IRQFD\n"
				       "]\n"
				       "KVM_IRQFD\nKVM_IRQFD\n"
				       "KVM_RUN ?\n";

/*
 * QEMU 10, -M pc: accel/kvm/kvm-all.c kvm_init() with target/i386/kvm/kvm.c
 * kvm_arch_init() sets the addresses and makes the irqchip; hw/i386/pc_piix.c
 * pc_init1() makes vCPUs, then RAM, then GSI routes and the PIT
 * (hw/i386/kvm/i8254.c); VGA registers its coalesced window; the firmware's
 * writes to PAM registers remap memory; drivers start virtio devices, and a
 * reset stops them (hw/virtio/virtio-bus.c), which takes ioeventfds away (flags=0x4).
 * QEMU before 10 also probes ioeventfds: the scenario qemu-probe.
 */
static const char qemu_list[] = "KVM_CREATE_VM\n"
				"KVM_SET_IDENTITY_MAP_ADDR\n"
				"KVM_SET_TSS_ADDR\n"
				"KVM_CREATE_IRQCHIP\n" VCPUS MEMORY "KVM_SET_GSI_ROUTING\n"
				"KVM_CREATE_PIT2 ?\n"
				"KVM_REGISTER_COALESCED_MMIO ?\n"
				"KVM_SET_USER_MEMORY_REGION slot=last size=0\n"
				"KVM_SET_USER_MEMORY_REGION slot=last\n" DEVICES "KVM_RUN ?\n"
				"KVM_IOEVENTFD\n"
				"KVM_IOEVENTFD flags=0x4\n";

/*
 * crosvm: hypervisor/src/kvm/mod.rs KvmVm::new() makes the VM and, at once, its
 * memslots; devices/src/irqchip/kvm/x86_64.rs KvmKernelIrqChip::new() irqchip
 * and PIT; x86_64/src/lib.rs build_vm() the TSS and the devices; the vCPUs are
 * last (src/crosvm/sys/linux/vcpu.rs). A device's ioeventfds, one a queue, come when the guest's
 * driver activates it (devices/src/virtio/virtio_pci_device.rs activate()): the guest runs, and
 * waits for each that waits. So no memslot ever stalls, and of who registers a device, it is who
 * wants no grace period in it.
 */
static const char crosvm_list[] = "KVM_CREATE_VM\n" MEMORY "KVM_CREATE_IRQCHIP\n"
				  "KVM_CREATE_PIT2 ?\n"
				  "KVM_SET_GSI_ROUTING\n"
				  "KVM_SET_IDENTITY_MAP_ADDR\n"
				  "KVM_SET_TSS_ADDR\n"
				  "[devices\nKVM_IRQFD\n]\n" VCPUS "KVM_RUN ?\n"
				  "[devices\nKVM_IOEVENTFD\n]\n";

#define arm64_list NULL

#else

#define firecracker_list NULL
#define qemu_list	 NULL
#define crosvm_list	 NULL

/*
 * Firecracker on arm64: src/vmm/src/arch/aarch64/vm.rs says why vCPUs come
 * first: KVM_CREATE_VCPU is refused once the vGIC is initialized. Then memory,
 * then the virtio-mmio devices, and vCPUs are initialized last. The first
 * KVM_RUN registers the distributor.
 */
static const char arm64_list[] =
	"KVM_CREATE_VM\n" VCPUS "KVM_CREATE_DEVICE\n" MEMORY DEVICES "KVM_ARM_VCPU_INIT\n"
	"KVM_RUN ?\n";

#endif

const char *const profile_names[] = {"firecracker", "qemu", "crosvm", "minimal", "arm64", NULL};

const struct profile profiles[] = {
	{.name = "firecracker", .list = firecracker_list, .size = {2, 6, 1}},
	{.name = "qemu", .list = qemu_list, .size = {2, 4, 4}},
	{.name = "crosvm", .list = crosvm_list, .size = {2, 6, 2}},
	{.name = "minimal", .list = minimal_list, .size = {1, 1, 1}},
	{.name = "arm64", .list = arm64_list, .size = {2, 4, 1}},
};

#if defined(__x86_64__)
const uint32_t profile_default = 0;
#else
const uint32_t profile_default = 4;
#endif

int profile_run(struct machine *vm, const struct step *steps)
{
	int ret = 0;

	for (const struct step *step = steps; step->run && ret >= 0; step++)
		ret = step->run(vm);
	return ret < 0 ? ret : 0;
}

bool profile_is_here(const struct profile *profile)
{
	return profile->steps || profile->list;
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
