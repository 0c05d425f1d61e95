/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtual machine as a VMM sees it: file descriptors, memory and the ioctls
 * that VMMs make, each measured into a journal. The ioctls are the real ones;
 * there is no guest to speak of. Functions return zero or a negative errno and
 * leave the name of the call that failed in vm->failed_call.
 */
#ifndef CMD_REPRO_VM_H
#define CMD_REPRO_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;
struct err;
struct journal;
struct kvm_run;

/* Slots beyond the profile's own: two to update while a cause is injected, one to move to. */
#define VM_EXTRA_SLOTS 3

#define VM_PAGE_BYTES 4096

struct vm_size {
	uint32_t vcpus, devices, memslots;
};

struct vm_vcpu {
	int fd;
	struct kvm_run *run;
};

struct vm {
	struct journal *journal;
	struct vm_size size;
	int kvm_fd, fd;
	int device_fd; /* the vGIC's, or -1 */
	struct vm_vcpu *vcpus;
	uint32_t vcpus_cnt;
	size_t run_bytes;
	int *event_fds; /* every eventfd, closed after the VM */
	size_t event_fds_cnt;
	uint32_t ioeventfds_cnt, irqfds_cnt; /* assigned so far */
	uint8_t *mem;
	size_t mem_bytes, slot_bytes;
	const char *injected;	 /* label for the calls made now, or NULL */
	const char *failed_call; /* set by whatever failed last */
	uint64_t gap_ns;	 /* --gap */
};

/* Open /dev/kvm and find memory; makes no VM yet. */
int vm_open(struct vm *vm, const struct vm_size *size, struct journal *journal, struct err *err);

/* Close everything, the VM's own descriptor last of those that KVM counts, so that it dies there.
 */
int vm_close(struct vm *vm);

/* An ioctl of this VM, measured; zero or more, or a negative errno. */
long vm_ioctl(struct vm *vm, struct call *call, int fd, unsigned long request, const void *arg);

/* A new eventfd that lives as long as the VM. */
int vm_eventfd(struct vm *vm);

/* Where memslot @slot lives in the guest, and in us. */
uint64_t vm_slot_gpa(const struct vm *vm, uint32_t slot);
uint8_t *vm_slot_mem(const struct vm *vm, uint32_t slot);

/* Create, move or (with @bytes 0) delete a memslot. */
int vm_set_slot(struct vm *vm, uint32_t slot, uint64_t gpa, size_t bytes);

/* The steps that profiles are made of. */
int vm_create(struct vm *vm);
int vm_create_memslots(struct vm *vm);
int vm_remap_memslot(struct vm *vm); /* delete the last memslot and create it again */
int vm_delete_memslot(struct vm *vm);
int vm_move_memslot(struct vm *vm);
int vm_create_vcpus(struct vm *vm);
int vm_run_once(struct vm *vm);		  /* one KVM_RUN that returns at once */
int vm_assign_ioeventfd(struct vm *vm);	  /* one more */
int vm_deassign_ioeventfd(struct vm *vm); /* the last one */
int vm_bounce_ioeventfd(struct vm *vm);	  /* assign one more and deassign it, as a reset does */
int vm_probe_ioeventfds(struct vm *vm);	  /* as QEMU before 10.0 does */
int vm_assign_devices(struct vm *vm);	  /* an ioeventfd and an irqfd for each */
int vm_assign_irqfd(struct vm *vm);	  /* one more */
int vm_deassign_irqfd(struct vm *vm);	  /* the last one */
int vm_assign_resample_irqfd(struct vm *vm);
int vm_register_coalesced(struct vm *vm);
int vm_unregister_coalesced(struct vm *vm);
int vm_gap(struct vm *vm);    /* no call: something else that takes as long as --gap says */
int vm_settle(struct vm *vm); /* no call: until earlier grace periods and callbacks are over */

/* What differs between the architectures: vm_x86.c and vm_arm64.c. */
extern const uint64_t vm_ram_gpa, vm_mmio_gpa;	 /* where memslots and virtio-mmio devices begin */
extern const uint32_t vm_first_gsi, vm_gsis_cnt; /* for irqfds */

int vm_set_gsi_routing(struct vm *vm);

/*
 * An SRCU reader on demand: after vm_prepare_reader(), vm_run_reader() makes
 * vCPU 0 read the guest page at @gpa from inside an SRCU read section and so
 * sleeps there while that page is missing. vm_fill_reader_page() makes the
 * page that lets it return.
 */
int vm_prepare_reader(struct vm *vm, uint64_t gpa);
int vm_run_reader(struct vm *vm, uint64_t gpa);
void vm_fill_reader_page(uint8_t *page);

#if defined(__x86_64__)
int vm_set_tss_addr(struct vm *vm);
int vm_set_identity_map_addr(struct vm *vm);
int vm_create_irqchip(struct vm *vm);
int vm_create_pit2(struct vm *vm);
int vm_disable_reinject(struct vm *vm);
int vm_set_pmu_event_filter(struct vm *vm);
int vm_set_msr_filter(struct vm *vm);
int vm_bounce_hyperv_eventfd(struct vm *vm); /* assign, then deassign */
#elif defined(__aarch64__)
int vm_create_vgic(struct vm *vm);
int vm_init_vcpus(struct vm *vm);
#endif

#endif
