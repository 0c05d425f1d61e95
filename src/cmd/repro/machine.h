/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtual machine as a VMM sees it: file descriptors, memory and the ioctls
 * that VMMs make, each measured into a log. The ioctls are the real ones;
 * there is no guest to speak of. Functions return zero or a negative errno and
 * leave the name of the call that failed in vm->failed_call.
 */
#ifndef CMD_REPRO_MACHINE_H
#define CMD_REPRO_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;
struct err;
struct call_log;
struct kvm_ioeventfd;
struct kvm_irq_routing_entry;
struct kvm_irqfd;
struct kvm_run;
struct kvm_userspace_memory_region;

/* Slots beyond the profile's own: two to update while a cause is injected, one to move to. */
#define VM_EXTRA_SLOTS 3

#define VM_PAGE_BYTES 4096

struct machine_size {
	uint32_t vcpus, devices, memslots;
};

struct machine_vcpu {
	uint32_t id;
	int fd;
	struct kvm_run *run;
};

struct machine {
	struct call_log *log;
	struct machine_size size;
	int kvm_fd, fd;
	int device_fd; /* the vGIC's, or -1 */
	struct machine_vcpu *vcpus;
	uint32_t vcpus_cnt;
	size_t run_bytes;
	bool is_split;	/* irqchip: its pins have no routes */
	int *event_fds; /* every eventfd, closed after the VM */
	size_t event_fds_cnt;
	uint32_t ioeventfds_cnt, irqfds_cnt; /* assigned so far */
	uint8_t *mem;
	size_t mem_bytes, slot_bytes;
	const char *injected;	 /* label for the calls made now, or NULL */
	const char *failed_call; /* set by whatever failed last */
};

/* Open /dev/kvm and find memory; makes no VM yet. */
int machine_open(struct machine *vm, const struct machine_size *size, struct call_log *log,
		 struct err *err);

/* Close everything, the VM's own descriptor last of those that KVM counts, so that it dies there.
 */
int machine_close(struct machine *vm);

/* Close one of its vCPUs, if it is open. */
int machine_close_vcpu(struct machine *vm, struct machine_vcpu *vcpu);

/* An ioctl of this VM, measured; zero or more, or a negative errno. */
long machine_ioctl(struct machine *vm, struct call *call, int fd, unsigned long request,
		   const void *arg);

/* A new eventfd that lives as long as the VM. */
int machine_eventfd(struct machine *vm);

/* Where memslot @slot lives in the guest, and in us. */
uint64_t machine_slot_gpa(const struct machine *vm, uint32_t slot);
uint8_t *machine_slot_mem(const struct machine *vm, uint32_t slot);

/* The register of the @idx-th virtio-mmio device that an ioeventfd stands for, in the guest. */
uint64_t machine_notify_gpa(uint32_t idx);

/* Create, move or (with @bytes 0) delete a memslot. */
int machine_set_slot(struct machine *vm, uint32_t slot, uint64_t gpa, size_t bytes);

/* The calls with arguments of the caller's. */
int machine_create_vcpu(struct machine *vm, uint32_t id); /* at most one more than size.vcpus */
int machine_run_vcpu(struct machine *vm, const struct machine_vcpu *vcpu); /* returns at once */
int machine_set_region(struct machine *vm, const struct kvm_userspace_memory_region *region);
int machine_set_ioeventfd(struct machine *vm, const struct kvm_ioeventfd *ioeventfd);
int machine_set_irqfd(struct machine *vm, const struct kvm_irqfd *irqfd);
int machine_set_zone(struct machine *vm, bool is_on, uint64_t addr, uint32_t size);
int machine_set_routes(struct machine *vm, uint32_t nr); /* MSIs beyond the machine's pins */

/* The steps that profiles are made of. */
int machine_create(struct machine *vm);
int machine_create_memslots(struct machine *vm);
int machine_delete_memslot(struct machine *vm);
int machine_move_memslot(struct machine *vm);
int machine_create_vcpus(struct machine *vm);
int machine_assign_ioeventfd(struct machine *vm);   /* one more */
int machine_deassign_ioeventfd(struct machine *vm); /* the last one */
int machine_probe_ioeventfds(struct machine *vm);   /* as QEMU before 10.0 does */
int machine_assign_devices(struct machine *vm);	    /* an ioeventfd and an irqfd for each */
int machine_assign_irqfd(struct machine *vm);	    /* one more */
int machine_deassign_irqfd(struct machine *vm);	    /* the last one */
int machine_assign_resample_irqfd(struct machine *vm);
int machine_set_gsi_routing(struct machine *vm); /* the machine's pins */
int machine_register_coalesced(struct machine *vm);
int machine_unregister_coalesced(struct machine *vm);
int machine_grow_fdtable(struct machine *vm); /* KVM_CREATE_VCPU and eventfd2, each with the first
						 descriptor too many */
int machine_grow_by_eventfd(struct machine *vm); /* by eventfd2 alone */
int machine_close_device(struct machine *vm);	 /* of VFIO's kind, which is no real device */
int machine_hop_vcpu(struct machine *vm); /* KVM_RUN of vCPU 0, in another thread and then in this
					     one; each returns at once */
int machine_move_cgroup(struct machine *vm); /* this process, to a new cgroup and back */
int machine_settle(
	struct machine *vm); /* no call: until earlier grace periods and callbacks are over */

/* What differs between the architectures: machine_x86.c and machine_arm64.c. */
extern const uint64_t machine_ram_gpa,
	machine_mmio_gpa; /* where memslots and virtio-mmio devices begin */
extern const uint32_t machine_first_gsi, machine_gsis_cnt; /* for irqfds */

/* The routes of the machine's own pins: how many, and the one of that index. */
extern const uint32_t machine_routes_cnt;
void machine_route(uint32_t idx, struct kvm_irq_routing_entry *entry);

/*
 * An SRCU reader on demand: after machine_prepare_reader(), machine_run_reader() makes
 * vCPU 0 read the guest page at @gpa from inside an SRCU read section and so
 * sleeps there while that page is missing. machine_fill_reader_page() makes the
 * page that lets it return.
 */
int machine_prepare_reader(struct machine *vm, uint64_t gpa);
int machine_run_reader(struct machine *vm, uint64_t gpa);
void machine_fill_reader_page(uint8_t *page);

#if defined(__x86_64__)
int machine_set_tss(struct machine *vm, uint32_t addr);
int machine_create_pit(struct machine *vm, uint32_t flags);
int machine_set_reinject(struct machine *vm, uint32_t reinject);
int machine_enable_split_irqchip(struct machine *vm);
int machine_set_hyperv_eventfd(struct machine *vm, uint32_t conn_id, int fd, uint32_t flags);
int machine_set_tss_addr(struct machine *vm);
int machine_set_identity_map_addr(struct machine *vm);
int machine_create_irqchip(struct machine *vm);
int machine_create_pit2(struct machine *vm);
int machine_disable_reinject(struct machine *vm);
int machine_set_pmu_event_filter(struct machine *vm);
int machine_set_msr_filter(struct machine *vm);
int machine_bounce_hyperv_eventfd(struct machine *vm); /* assign, then deassign */
#elif defined(__aarch64__)
int machine_create_vgic(struct machine *vm);
int machine_init_vcpus(struct machine *vm);
int machine_run_once(struct machine *vm); /* one KVM_RUN that returns at once */
#endif

#endif
