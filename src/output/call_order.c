// SPDX-License-Identifier: GPL-2.0-only
#include "output/call_order.h"

#include <stddef.h>
#include <string.h>

#define X86   (1 << ARCH_X86)
#define ARM64 (1 << ARCH_ARM64)
#define ALL   (X86 | ARM64 | 1 << ARCH_OTHER)

/*
 * The same from 6.1 to 7.3; those of x86 were tried on 6.18.44. x86: kvm_arch_vm_ioctl() in
 * arch/x86/kvm/x86.c returns -EINVAL for KVM_CREATE_IRQCHIP when kvm->created_vcpus, and -ENXIO for
 * KVM_REINJECT_CONTROL without a PIT; routes and irqfds without an irqchip are -EINVAL or -EAGAIN
 * (kvm_arch_can_set_irq_routing(), kvm_irqfd_assign() in virt/kvm/eventfd.c). arm64 wants vCPUs
 * before the vGIC's KVM_SET_DEVICE_ATTR that initializes it (kvm_arch_vcpu_precreate(): -EBUSY
 * after it), so vCPUs may always be first there. Memory slots and filters may come first
 * everywhere.
 */
static const struct {
	enum call_id first, then;
	unsigned int archs;
	const char *why;
} refusals[] = {
	{CALL_CREATE_VCPU, CALL_CREATE_IRQCHIP, X86,
	 "x86 refuses KVM_CREATE_IRQCHIP once there is a vCPU"},
	{CALL_CREATE_VCPU, CALL_CREATE_PIT2, X86,
	 "a PIT wants an irqchip, which is made before vCPUs"},
	{CALL_CREATE_VCPU, CALL_CREATE_PIT, X86,
	 "a PIT wants an irqchip, which is made before vCPUs"},
	{CALL_SET_GSI_ROUTING, CALL_CREATE_IRQCHIP, X86, "routes want an irqchip"},
	{CALL_REINJECT_CONTROL, CALL_CREATE_PIT2, X86, "there is no PIT before"},
	{CALL_REINJECT_CONTROL, CALL_CREATE_PIT, X86, "there is no PIT before"},
	{CALL_IRQFD, CALL_CREATE_IRQCHIP, X86, "irqfds want an irqchip"},
	{CALL_IRQFD, CALL_CREATE_DEVICE, ARM64, "irqfds want a vGIC"},
	{CALL_IRQFD, CALL_SET_DEVICE_ATTR, ARM64, "irqfds want a vGIC"},
	{CALL_UNREGISTER_COALESCED_MMIO, CALL_REGISTER_COALESCED_MMIO, ALL,
	 "the second takes back what the first made"},
	{CALL_IOEVENTFD, CALL_IOEVENTFD, ALL, "the second takes back what the first made"},
	{CALL_CLOSE, CALL_NONE, ALL, "a close is the last"},
};

enum machine_arch machine_arch_of(const char *machine)
{
	if (machine && !strcmp(machine, "x86_64"))
		return ARCH_X86;
	return machine && !strcmp(machine, "aarch64") ? ARCH_ARM64 : ARCH_OTHER;
}

const char *call_order_refusal(enum call_id first, enum call_id then, enum machine_arch arch)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (refusals[i].first == first && refusals[i].archs & (1 << arch) &&
		    (refusals[i].then == then || !refusals[i].then))
			return refusals[i].why;
	return NULL;
}
