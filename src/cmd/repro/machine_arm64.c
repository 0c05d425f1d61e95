// SPDX-License-Identifier: GPL-2.0-only
/* The calls that only arm64 VMMs make. */
#include "cmd/repro/machine.h"

#if defined(__aarch64__)

#include <errno.h>
#include <linux/kvm.h>
#include <stddef.h>
#include <string.h>

#include "cmd/repro/call_log.h"

const uint64_t machine_ram_gpa = 0x80000000;
const uint64_t machine_mmio_gpa = 0x40000000;
const uint32_t machine_first_gsi = 0;
const uint32_t machine_gsis_cnt = 64;

/* Firecracker puts the distributor right below its MMIO window and the rest below that. */
#define GIC_DIST_BYTES	 0x10000UL
#define GIC_REDIST_BYTES 0x20000UL /* two frames a vCPU */
#define GIC_DIST_GPA	 (0x40000000UL - GIC_DIST_BYTES)
#define GIC_V2_CPU_GPA	 (GIC_DIST_GPA - 0x10000UL)
#define GIC_IRQS	 128

static int set_device_attr(struct machine *vm, uint32_t group, uint64_t attr, const void *value)
{
	struct kvm_device_attr device_attr = {
		.group = group,
		.attr = attr,
		.addr = (uintptr_t)value,
	};
	struct call call = {.name = "KVM_SET_DEVICE_ATTR",
			    .args = {{"group", group, false}, {"attr", attr, false}}};

	return (int)machine_ioctl(vm, &call, vm->device_fd, KVM_SET_DEVICE_ATTR, &device_attr);
}

static int create_device(struct machine *vm, uint32_t type)
{
	struct kvm_create_device device = {.type = type};
	struct call call = {.name = "KVM_CREATE_DEVICE", .args = {{"type", type, false}}};
	int ret = (int)machine_ioctl(vm, &call, vm->fd, KVM_CREATE_DEVICE, &device);

	if (!ret)
		vm->device_fd = (int)device.fd;
	return ret;
}

static int finish_vgic(struct machine *vm)
{
	uint32_t irqs = GIC_IRQS;
	int ret = set_device_attr(vm, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &irqs);

	return ret ? ret
		   : set_device_attr(vm, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT,
				     NULL);
}

/* The order is Firecracker's (src/vmm/src/arch/aarch64/gic/): a GICv3, else a GICv2. */
int machine_create_vgic(struct machine *vm)
{
	uint64_t dist = GIC_DIST_GPA, cpu = GIC_V2_CPU_GPA;
	uint64_t redist = GIC_DIST_GPA - GIC_REDIST_BYTES * vm->vcpus_cnt;
	int ret = create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V3);

	if (!ret) {
		ret = set_device_attr(vm, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST,
				      &dist);
		if (!ret)
			ret = set_device_attr(vm, KVM_DEV_ARM_VGIC_GRP_ADDR,
					      KVM_VGIC_V3_ADDR_TYPE_REDIST, &redist);
		return ret ? ret : finish_vgic(vm);
	}
	ret = create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V2);
	if (!ret)
		ret = set_device_attr(vm, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_DIST,
				      &dist);
	if (!ret)
		ret = set_device_attr(vm, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_CPU,
				      &cpu);
	return ret ? ret : finish_vgic(vm);
}

static int init_vcpu(struct machine *vm, uint32_t id, const struct kvm_vcpu_init *init)
{
	struct call call = {.name = "KVM_ARM_VCPU_INIT", .args = {{"id", id, false}}};

	return (int)machine_ioctl(vm, &call, vm->vcpus[id].fd, KVM_ARM_VCPU_INIT, init);
}

int machine_init_vcpus(struct machine *vm)
{
	struct call call = {.name = "KVM_ARM_PREFERRED_TARGET"};
	struct kvm_vcpu_init init = {0};
	int ret = (int)machine_ioctl(vm, &call, vm->fd, KVM_ARM_PREFERRED_TARGET, &init);
	uint32_t id;

	init.features[0] |= 1u << KVM_ARM_VCPU_PSCI_0_2;
	for (id = 0; id < vm->vcpus_cnt && !ret; id++)
		ret = init_vcpu(vm, id, &init);
	return ret;
}

int machine_run_once(struct machine *vm)
{
	return machine_run_vcpu(vm, &vm->vcpus[0]);
}

const uint32_t machine_routes_cnt = 64;

void machine_route(uint32_t idx, struct kvm_irq_routing_entry *entry)
{
	entry->gsi = idx;
	entry->type = KVM_IRQ_ROUTING_IRQCHIP;
	entry->u.irqchip.pin = idx;
}

/* There is no KVM_TRANSLATE here: the guest's own instruction fetch is the reader. */
int machine_prepare_reader(struct machine *vm, uint64_t gpa)
{
	uint64_t value = gpa;
	struct kvm_one_reg reg = {
		.id = KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE |
		      KVM_REG_ARM_CORE_REG(regs.pc),
		.addr = (uintptr_t)&value,
	};
	struct call call = {.name = "KVM_SET_ONE_REG", .args = {{"pc", gpa, true}}};
	int ret = machine_init_vcpus(vm);

	return ret ? ret : (int)machine_ioctl(vm, &call, vm->vcpus[0].fd, KVM_SET_ONE_REG, &reg);
}

int machine_run_reader(struct machine *vm, uint64_t gpa)
{
	struct call call = {.name = "KVM_RUN", .args = {{"id", 0, false}, {"pc", gpa, true}}};

	return (int)machine_ioctl(vm, &call, vm->vcpus[0].fd, KVM_RUN, NULL);
}

/*
 * Code that leaves the guest at once: a store to an address that no memslot
 * covers is an MMIO exit. The MMU is off after reset, so addresses are physical.
 */
void machine_fill_reader_page(uint8_t *page)
{
	static const uint32_t code[] = {
		0xd2a12000, /* movz x0, #0x900, lsl #16 */
		0xb9000000, /* str w0, [x0] */
		0x14000000, /* b . */
	};

	memset(page, 0, VM_PAGE_BYTES);
	memcpy(page, code, sizeof(code));
}

#endif
