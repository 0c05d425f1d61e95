// SPDX-License-Identifier: GPL-2.0-only
/* The calls that only x86 VMMs make. */
#include "cmd/repro/machine.h"

#if defined(__x86_64__)

#include <linux/kvm.h>
#include <string.h>

#include "cmd/repro/call_log.h"

const uint64_t machine_ram_gpa = 0;
const uint64_t machine_mmio_gpa = 0xd0000000;

/* Firecracker: virtio devices get interrupt lines 5 to 23 of the IOAPIC. */
const uint32_t machine_first_gsi = 5;
const uint32_t machine_gsis_cnt = 19;

/* The last pages below 4 GiB minus the firmware, where every VMM puts them. */
#define IDENTITY_MAP_GPA 0xfffbc000UL
#define TSS_GPA		 0xfffbd000UL

#define IOAPIC_PINS 24
#define PIC_PINS    16

#define MSR_TSC 0x10 /* any MSR will do for the filter */

#define PMU_INSTRUCTIONS 0xc0 /* instructions retired, on Intel and AMD */

#define CR0_PE	 (1UL << 0)
#define CR0_PG	 (1UL << 31)
#define CR4_PAE	 (1UL << 5)
#define EFER_LME (1UL << 8)
#define EFER_LMA (1UL << 10)

#define CPUID_EXTENDED 0x80000001 /* in its EDX: */
#define CPUID_LM       (1U << 29)

int machine_set_tss(struct machine *vm, uint32_t addr)
{
	struct call call = {.name = "KVM_SET_TSS_ADDR", .args = {{"addr", addr, true}}};

	return (int)machine_ioctl(vm, &call, vm->fd, KVM_SET_TSS_ADDR, (void *)(uintptr_t)addr);
}

int machine_set_tss_addr(struct machine *vm)
{
	return machine_set_tss(vm, TSS_GPA);
}

int machine_set_identity_map_addr(struct machine *vm)
{
	struct call call = {.name = "KVM_SET_IDENTITY_MAP_ADDR",
			    .args = {{"addr", IDENTITY_MAP_GPA, true}}};
	uint64_t addr = IDENTITY_MAP_GPA;

	return (int)machine_ioctl(vm, &call, vm->fd, KVM_SET_IDENTITY_MAP_ADDR, &addr);
}

/* Interrupt lines are MSIs then, and the chips are the VMM's own. */
int machine_enable_split_irqchip(struct machine *vm)
{
	struct kvm_enable_cap cap = {.cap = KVM_CAP_SPLIT_IRQCHIP, .args = {IOAPIC_PINS}};
	struct call call = {.name = "KVM_ENABLE_CAP", .args = {{"cap", cap.cap, false}}};
	int ret = (int)machine_ioctl(vm, &call, vm->fd, KVM_ENABLE_CAP, &cap);

	vm->is_split |= !ret;
	return ret;
}

int machine_create_irqchip(struct machine *vm)
{
	struct call call = {.name = "KVM_CREATE_IRQCHIP"};

	return (int)machine_ioctl(vm, &call, vm->fd, KVM_CREATE_IRQCHIP, NULL);
}

int machine_create_pit(struct machine *vm, uint32_t flags)
{
	struct kvm_pit_config config = {.flags = flags};
	struct call call = {.name = "KVM_CREATE_PIT2", .args = {{"flags", config.flags, true}}};

	return (int)machine_ioctl(vm, &call, vm->fd, KVM_CREATE_PIT2, &config);
}

int machine_create_pit2(struct machine *vm)
{
	return machine_create_pit(vm, KVM_PIT_SPEAKER_DUMMY);
}

int machine_set_reinject(struct machine *vm, uint32_t reinject)
{
	struct kvm_reinject_control control = {.pit_reinject = reinject != 0};
	struct call call = {.name = "KVM_REINJECT_CONTROL",
			    .args = {{"pit_reinject", control.pit_reinject, false}}};

	return (int)machine_ioctl(vm, &call, vm->fd, KVM_REINJECT_CONTROL, &control);
}

int machine_disable_reinject(struct machine *vm)
{
	return machine_set_reinject(vm, 0);
}

/* The routes of a PC: the PICs' 16 pins and the IOAPIC's 24, where pin 2 is line 0. */
const uint32_t machine_routes_cnt = IOAPIC_PINS + PIC_PINS;

void machine_route(uint32_t idx, struct kvm_irq_routing_entry *entry)
{
	uint32_t gsi = idx < IOAPIC_PINS ? idx : idx - IOAPIC_PINS;

	entry->gsi = gsi;
	entry->type = KVM_IRQ_ROUTING_IRQCHIP;
	if (idx < IOAPIC_PINS) {
		entry->u.irqchip.irqchip = KVM_IRQCHIP_IOAPIC;
		entry->u.irqchip.pin = gsi ? gsi : 2;
	} else {
		entry->u.irqchip.irqchip = gsi < 8 ? KVM_IRQCHIP_PIC_MASTER : KVM_IRQCHIP_PIC_SLAVE;
		entry->u.irqchip.pin = gsi % 8;
	}
}

int machine_set_pmu_event_filter(struct machine *vm)
{
	union {
		struct kvm_pmu_event_filter head;
		uint8_t bytes[sizeof(struct kvm_pmu_event_filter) + sizeof(uint64_t)];
	} filter = {.head = {.action = KVM_PMU_EVENT_DENY, .nevents = 1}};
	struct call call = {.name = "KVM_SET_PMU_EVENT_FILTER",
			    .args = {{"nevents", filter.head.nevents, false}}};

	filter.head.events[0] = PMU_INSTRUCTIONS;
	return (int)machine_ioctl(vm, &call, vm->fd, KVM_SET_PMU_EVENT_FILTER, &filter);
}

int machine_set_msr_filter(struct machine *vm)
{
	uint8_t bitmap = 0xff;
	struct kvm_msr_filter filter = {
		.flags = KVM_MSR_FILTER_DEFAULT_ALLOW,
		.ranges = {{.flags = KVM_MSR_FILTER_READ,
			    .nmsrs = 1,
			    .base = MSR_TSC,
			    .bitmap = &bitmap}},
	};
	struct call call = {.name = "KVM_X86_SET_MSR_FILTER", .args = {{"nmsrs", 1, false}}};

	return (int)machine_ioctl(vm, &call, vm->fd, KVM_X86_SET_MSR_FILTER, &filter);
}

int machine_set_hyperv_eventfd(struct machine *vm, uint32_t conn_id, int fd, uint32_t flags)
{
	struct kvm_hyperv_eventfd eventfd = {.conn_id = conn_id, .fd = fd, .flags = flags};
	struct call call = {.name = "KVM_HYPERV_EVENTFD",
			    .args = {{"conn_id", conn_id, false}, {"flags", flags, true}}};

	return (int)machine_ioctl(vm, &call, vm->fd, KVM_HYPERV_EVENTFD, &eventfd);
}

int machine_bounce_hyperv_eventfd(struct machine *vm)
{
	int fd = machine_eventfd(vm);
	int ret = fd < 0 ? fd : machine_set_hyperv_eventfd(vm, 1, fd, 0);

	return ret ? ret : machine_set_hyperv_eventfd(vm, 1, fd, KVM_HYPERV_EVENTFD_DEASSIGN);
}

/* Since v7.3 (arch/x86/kvm/regs.c, kvm_is_valid_sregs()) a vCPU cannot be in it without. */
static int permit_long_mode(struct machine *vm)
{
	struct call call = {.name = "KVM_SET_CPUID2", .args = {{"id", 0, false}}};
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entry;
	} cpuid = {{.nent = 1}, {.function = CPUID_EXTENDED, .edx = CPUID_LM}};

	return (int)machine_ioctl(vm, &call, vm->vcpus[0].fd, KVM_SET_CPUID2, &cpuid);
}

/* 4-level paging with its root at @gpa: KVM_TRANSLATE then reads its entry from guest memory. */
int machine_prepare_reader(struct machine *vm, uint64_t gpa)
{
	struct call get = {.name = "KVM_GET_SREGS", .args = {{"id", 0, false}}};
	struct call set = {.name = "KVM_SET_SREGS", .args = {{"id", 0, false}, {"cr3", gpa, true}}};
	struct kvm_sregs sregs = {0};
	long ret = permit_long_mode(vm);

	if (!ret)
		ret = machine_ioctl(vm, &get, vm->vcpus[0].fd, KVM_GET_SREGS, &sregs);
	if (ret < 0)
		return (int)ret;
	sregs.cr0 |= CR0_PE | CR0_PG;
	sregs.cr3 = gpa;
	sregs.cr4 |= CR4_PAE;
	sregs.efer |= EFER_LME | EFER_LMA;
	sregs.cs.l = 1;
	sregs.cs.db = 0;
	return (int)machine_ioctl(vm, &set, vm->vcpus[0].fd, KVM_SET_SREGS, &sregs);
}

int machine_run_reader(struct machine *vm, uint64_t gpa)
{
	struct kvm_translation translation = {.linear_address = 0};
	struct call call = {.name = "KVM_TRANSLATE",
			    .args = {{"id", 0, false}, {"cr3", gpa, true}}};

	return (int)machine_ioctl(vm, &call, vm->vcpus[0].fd, KVM_TRANSLATE, &translation);
}

/* No entry present: the translation comes to nothing, which is all right. */
void machine_fill_reader_page(uint8_t *page)
{
	memset(page, 0, VM_PAGE_BYTES);
}

#endif
