// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/repro/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "cmd/repro/call_log.h"

/* Few memslots are large, as RAM is; many are small, as hotplug and VFIO make them. */
#define LARGE_SLOT_BYTES (128UL << 20)
#define SMALL_SLOT_BYTES (2UL << 20)
#define LARGE_SLOTS_MAX	 16

/* x86 keeps the APICs and PCI below 4 GiB; harmless elsewhere. */
#define HOLE_BEGIN 0xc0000000UL
#define HOLE_END   0x100000000UL

/* virtio-mmio's QueueNotify register, which the ioeventfd stands for. */
#define VIRTIO_MMIO_BYTES  0x1000
#define VIRTIO_MMIO_NOTIFY 0x50

/* QEMU's kvm_check_many_ioeventfds() (accel/kvm/kvm-all.c, before 10.0) tries this many. */
#define QEMU_PROBE_CNT 7

/* Three jiffies of a normal grace period and three of its callbacks at HZ=100. */
#define SETTLE_NS 60000000

/* VGA's window */
#define COALESCED_ADDR 0xa0000
#define COALESCED_SIZE 0x20000

/* Interrupt lines that no pin has. */
#define MSI_FIRST 64

static int fail(struct machine *vm, const char *name, int ret)
{
	vm->failed_call = name;
	return ret;
}

long machine_ioctl(struct machine *vm, struct call *call, int fd, unsigned long request,
		   const void *arg)
{
	long ret;

	if (!call->injected)
		call->injected = vm->injected;
	ret = call_log_ioctl(vm->log, call, fd, request, (unsigned long)arg);
	if (ret < 0) /* a script's threads make calls at the same time */
		__atomic_store_n(&vm->failed_call, call->name, __ATOMIC_RELAXED);
	return ret;
}

static int open_kvm(struct machine *vm, struct err *err)
{
	long version;

	vm->kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->kvm_fd < 0) {
		return err_cannot(err, "cannot open '/dev/kvm': %s (%s)", strerror(errno),
				  errno == ENOENT ? "load kvm_intel, kvm_amd, or enable "
						    "virtualization in the firmware"
						  : "run as root or as a member of group kvm");
	}
	version = ioctl(vm->kvm_fd, KVM_GET_API_VERSION, 0);
	if (version < 0)
		return err_cannot(err, "'/dev/kvm' is not KVM: %s", strerror(errno));
	if (version != KVM_API_VERSION)
		return err_cannot(err, "'/dev/kvm' speaks version %ld of its API, not %d", version,
				  KVM_API_VERSION);
	vm->run_bytes = (size_t)ioctl(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	return 0;
}

int machine_open(struct machine *vm, const struct machine_size *size, struct call_log *log,
		 struct err *err)
{
	*vm = (struct machine){
		.log = log,
		.size = *size,
		.kvm_fd = -1,
		.fd = -1,
		.device_fd = -1,
		.mem = MAP_FAILED,
		.slot_bytes =
			size->memslots > LARGE_SLOTS_MAX ? SMALL_SLOT_BYTES : LARGE_SLOT_BYTES,
	};
	if (open_kvm(vm, err))
		return -EOPNOTSUPP;
	vm->mem_bytes = (size->memslots + VM_EXTRA_SLOTS) * vm->slot_bytes;
	vm->mem = mmap(NULL, vm->mem_bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (vm->mem == MAP_FAILED)
		return err_set(err, -errno, "cannot map %zu MiB of guest memory: %s",
			       vm->mem_bytes >> 20, strerror(errno));
	/* One vCPU more than asked for: an injection may need one where the profile has none. */
	vm->vcpus = calloc(size->vcpus + 1, sizeof(*vm->vcpus));
	if (!vm->vcpus)
		return err_set(err, -ENOMEM, "out of memory");
	return 0;
}

int machine_close_vcpu(struct machine *vm, struct machine_vcpu *vcpu)
{
	int ret = 0;

	if (vcpu->run)
		munmap(vcpu->run, vm->run_bytes);
	if (vcpu->run && close(vcpu->fd))
		ret = -errno;
	vcpu->run = NULL;
	return ret;
}

int machine_close(struct machine *vm)
{
	struct call call = {.what = CALL_IS_CLOSE, .name = "close", .injected = vm->injected};
	long ret = 0;
	size_t i;

	for (i = 0; i < vm->vcpus_cnt; i++)
		machine_close_vcpu(vm, &vm->vcpus[i]);
	if (vm->device_fd >= 0)
		close(vm->device_fd);
	if (vm->fd >= 0)
		ret = call_log_close(vm->log, &call, vm->fd);
	for (i = 0; i < vm->event_fds_cnt; i++)
		close(vm->event_fds[i]);
	if (vm->mem != MAP_FAILED)
		munmap(vm->mem, vm->mem_bytes);
	if (vm->kvm_fd >= 0)
		close(vm->kvm_fd);
	free(vm->vcpus);
	free(vm->event_fds);
	*vm = (struct machine){.kvm_fd = -1, .fd = -1, .device_fd = -1, .mem = MAP_FAILED};
	return ret < 0 ? fail(vm, "close", (int)ret) : 0;
}

int machine_eventfd(struct machine *vm)
{
	int *more = realloc(vm->event_fds, (vm->event_fds_cnt + 1) * sizeof(*more));
	int fd;

	if (!more)
		return fail(vm, "eventfd", -ENOMEM);
	vm->event_fds = more;
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return fail(vm, "eventfd", -errno);
	vm->event_fds[vm->event_fds_cnt++] = fd;
	return fd;
}

int machine_create(struct machine *vm)
{
	struct call call = {.name = "KVM_CREATE_VM", .args = {{"type", 0, false}}};
	long fd = machine_ioctl(vm, &call, vm->kvm_fd, KVM_CREATE_VM, NULL);

	if (fd < 0)
		return (int)fd;
	vm->fd = (int)fd;
	return 0;
}

uint64_t machine_slot_gpa(const struct machine *vm, uint32_t slot)
{
	uint64_t gpa = machine_ram_gpa + slot * vm->slot_bytes;

	if (machine_ram_gpa < HOLE_BEGIN && gpa + vm->slot_bytes > HOLE_BEGIN)
		gpa += HOLE_END - HOLE_BEGIN;
	return gpa;
}

uint8_t *machine_slot_mem(const struct machine *vm, uint32_t slot)
{
	return vm->mem + slot * vm->slot_bytes;
}

int machine_set_region(struct machine *vm, const struct kvm_userspace_memory_region *region)
{
	struct call call = {
		.name = "KVM_SET_USER_MEMORY_REGION",
		.args = {{"slot", region->slot, false},
			 {"gpa", region->guest_phys_addr, true},
			 {"size", region->memory_size, true},
			 {region->flags ? "flags" : NULL, region->flags, true}},
	};

	return (int)machine_ioctl(vm, &call, vm->fd, KVM_SET_USER_MEMORY_REGION, region);
}

int machine_set_slot(struct machine *vm, uint32_t slot, uint64_t gpa, size_t bytes)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = bytes,
		.userspace_addr = (uintptr_t)machine_slot_mem(vm, slot),
	};

	return machine_set_region(vm, &region);
}

int machine_create_memslots(struct machine *vm)
{
	uint32_t slot;
	int ret = 0;

	for (slot = 0; slot < vm->size.memslots && !ret; slot++)
		ret = machine_set_slot(vm, slot, machine_slot_gpa(vm, slot), vm->slot_bytes);
	return ret;
}

int machine_delete_memslot(struct machine *vm)
{
	uint32_t slot = vm->size.memslots - 1;

	return machine_set_slot(vm, slot, machine_slot_gpa(vm, slot), 0);
}

int machine_move_memslot(struct machine *vm)
{
	uint32_t slot = vm->size.memslots - 1;

	return machine_set_slot(vm, slot, machine_slot_gpa(vm, slot + VM_EXTRA_SLOTS),
				vm->slot_bytes);
}

/* Threads may make vCPUs side by side; one that is refused leaves none behind. */
int machine_create_vcpu(struct machine *vm, uint32_t id)
{
	struct call call = {.name = "KVM_CREATE_VCPU", .args = {{"id", id, false}}};
	/* The id is the ioctl's argument itself, not a pointer to it. */
	long fd = machine_ioctl(vm, &call, vm->fd, KVM_CREATE_VCPU, (void *)(uintptr_t)id);
	struct kvm_run *run;
	struct machine_vcpu *vcpu;

	if (fd < 0)
		return (int)fd;
	run = mmap(NULL, vm->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0);
	if (run == MAP_FAILED) {
		close((int)fd);
		return fail(vm, "mmap of kvm_run", -errno);
	}
	vcpu = &vm->vcpus[__atomic_fetch_add(&vm->vcpus_cnt, 1, __ATOMIC_RELAXED)];
	*vcpu = (struct machine_vcpu){.id = id, .fd = (int)fd, .run = run};
	return 0;
}

int machine_create_vcpus(struct machine *vm)
{
	uint32_t wanted = vm->size.vcpus ? vm->size.vcpus : 1;
	int ret = 0;

	while (vm->vcpus_cnt < wanted && !ret)
		ret = machine_create_vcpu(vm, vm->vcpus_cnt);
	return ret;
}

/*
 * With immediate_exit set KVM_RUN does everything that comes before entering
 * the guest (arm64 maps the vGIC's frames there) and returns EINTR.
 */
int machine_run_vcpu(struct machine *vm, const struct machine_vcpu *vcpu)
{
	struct call call = {
		.name = "KVM_RUN",
		.args = {{"id", vcpu->id, false}, {"immediate_exit", 1, false}},
	};
	long ret;

	vcpu->run->immediate_exit = 1;
	ret = machine_ioctl(vm, &call, vcpu->fd, KVM_RUN, NULL);
	vcpu->run->immediate_exit = 0;
	return ret == -EINTR ? 0 : (int)ret;
}

int machine_set_ioeventfd(struct machine *vm, const struct kvm_ioeventfd *ioeventfd)
{
	struct call call = {
		.name = "KVM_IOEVENTFD",
		.args = {{"fd", (uint64_t)ioeventfd->fd, false},
			 {"addr", ioeventfd->addr, true},
			 {"len", ioeventfd->len, false},
			 {"datamatch", ioeventfd->datamatch, false},
			 {"flags", ioeventfd->flags, true}},
	};

	return (int)machine_ioctl(vm, &call, vm->fd, KVM_IOEVENTFD, ioeventfd);
}

uint64_t machine_notify_gpa(uint32_t idx)
{
	return machine_mmio_gpa + (uint64_t)idx * VIRTIO_MMIO_BYTES + VIRTIO_MMIO_NOTIFY;
}

/* As Firecracker's register_mmio_virtio() does (src/vmm/src/device_manager/mmio.rs). */
static int notify_ioeventfd(struct machine *vm, uint32_t idx, int fd, uint32_t flags)
{
	struct kvm_ioeventfd ioeventfd = {
		.addr = machine_notify_gpa(idx),
		.len = 4,
		.fd = fd,
		.flags = KVM_IOEVENTFD_FLAG_DATAMATCH | flags,
	};

	return machine_set_ioeventfd(vm, &ioeventfd);
}

int machine_assign_ioeventfd(struct machine *vm)
{
	int fd = machine_eventfd(vm);
	int ret = fd < 0 ? fd : notify_ioeventfd(vm, vm->ioeventfds_cnt, fd, 0);

	if (!ret)
		vm->ioeventfds_cnt++;
	return ret;
}

/* Only after machine_assign_ioeventfd(): the last eventfd is the one to take away. */
int machine_deassign_ioeventfd(struct machine *vm)
{
	int fd = vm->event_fds[vm->event_fds_cnt - 1];

	return notify_ioeventfd(vm, --vm->ioeventfds_cnt, fd, KVM_IOEVENTFD_FLAG_DEASSIGN);
}

int machine_probe_ioeventfds(struct machine *vm)
{
	struct kvm_ioeventfd probe[QEMU_PROBE_CNT];
	int i, ret = 0;

	for (i = 0; i < QEMU_PROBE_CNT && !ret; i++) {
		probe[i] = (struct kvm_ioeventfd){
			.datamatch = (uint64_t)i,
			.len = 2,
			.fd = machine_eventfd(vm),
			.flags = KVM_IOEVENTFD_FLAG_PIO | KVM_IOEVENTFD_FLAG_DATAMATCH,
		};
		ret = probe[i].fd < 0 ? probe[i].fd : machine_set_ioeventfd(vm, &probe[i]);
	}
	while (i-- > 0 && !ret) {
		probe[i].flags |= KVM_IOEVENTFD_FLAG_DEASSIGN;
		ret = machine_set_ioeventfd(vm, &probe[i]);
	}
	return ret;
}

int machine_set_irqfd(struct machine *vm, const struct kvm_irqfd *irqfd)
{
	struct call call = {
		.name = "KVM_IRQFD",
		.args = {{"fd", irqfd->fd, false},
			 {"gsi", irqfd->gsi, false},
			 {"flags", irqfd->flags, true}},
	};

	return (int)machine_ioctl(vm, &call, vm->fd, KVM_IRQFD, irqfd);
}

int machine_assign_irqfd(struct machine *vm)
{
	uint32_t gsi = machine_first_gsi + vm->irqfds_cnt % machine_gsis_cnt;
	int fd = machine_eventfd(vm);
	int ret =
		fd < 0 ? fd
		       : machine_set_irqfd(vm, &(struct kvm_irqfd){.fd = (uint32_t)fd, .gsi = gsi});

	if (!ret)
		vm->irqfds_cnt++;
	return ret;
}

/* Only after machine_assign_irqfd(): the last eventfd is the one to take away. */
int machine_deassign_irqfd(struct machine *vm)
{
	struct kvm_irqfd irqfd = {
		.fd = (uint32_t)vm->event_fds[vm->event_fds_cnt - 1],
		.gsi = machine_first_gsi + --vm->irqfds_cnt % machine_gsis_cnt,
		.flags = KVM_IRQFD_FLAG_DEASSIGN,
	};

	return machine_set_irqfd(vm, &irqfd);
}

int machine_assign_resample_irqfd(struct machine *vm)
{
	int fd = machine_eventfd(vm), resample_fd = machine_eventfd(vm);
	struct kvm_irqfd irqfd = {
		.fd = (uint32_t)fd,
		.resamplefd = (uint32_t)resample_fd,
		.gsi = machine_first_gsi,
		.flags = KVM_IRQFD_FLAG_RESAMPLE,
	};

	if (fd < 0 || resample_fd < 0)
		return fd < 0 ? fd : resample_fd;
	return machine_set_irqfd(vm, &irqfd);
}

int machine_assign_devices(struct machine *vm)
{
	uint32_t i;
	int ret = 0;

	for (i = 0; i < vm->size.devices && !ret; i++) {
		ret = machine_assign_ioeventfd(vm);
		if (!ret)
			ret = machine_assign_irqfd(vm);
	}
	return ret;
}

int machine_set_zone(struct machine *vm, bool is_on, uint64_t addr, uint32_t size)
{
	struct kvm_coalesced_mmio_zone zone = {.addr = addr, .size = size};
	struct call call = {
		.name = is_on ? "KVM_REGISTER_COALESCED_MMIO" : "KVM_UNREGISTER_COALESCED_MMIO",
		.args = {{"addr", addr, true}, {"size", size, true}},
	};

	return (int)machine_ioctl(
		vm, &call, vm->fd,
		is_on ? KVM_REGISTER_COALESCED_MMIO : KVM_UNREGISTER_COALESCED_MMIO, &zone);
}

int machine_register_coalesced(struct machine *vm)
{
	return machine_set_zone(vm, true, COALESCED_ADDR, COALESCED_SIZE);
}

int machine_unregister_coalesced(struct machine *vm)
{
	return machine_set_zone(vm, false, COALESCED_ADDR, COALESCED_SIZE);
}

static void fill_routes(const struct machine *vm, struct kvm_irq_routing *routing)
{
	uint32_t pins = vm->is_split ? 0 : machine_routes_cnt, gsis = vm->is_split ? 0 : MSI_FIRST;

	for (uint32_t i = 0; i < routing->nr; i++) {
		struct kvm_irq_routing_entry *entry = &routing->entries[i];

		if (i < pins) {
			machine_route(i, entry);
			continue;
		}
		entry->gsi = gsis + i - pins;
		entry->type = KVM_IRQ_ROUTING_MSI;
		entry->u.msi.address_lo = 0xfee00000;
	}
}

int machine_set_routes(struct machine *vm, uint32_t nr)
{
	struct call call = {.name = "KVM_SET_GSI_ROUTING", .args = {{"nr", nr, false}}};
	struct kvm_irq_routing *routing =
		calloc(1, sizeof(*routing) + nr * sizeof(routing->entries[0]));
	int ret;

	if (!routing)
		return fail(vm, "KVM_SET_GSI_ROUTING", -ENOMEM);
	routing->nr = nr;
	fill_routes(vm, routing);
	ret = (int)machine_ioctl(vm, &call, vm->fd, KVM_SET_GSI_ROUTING, routing);
	free(routing);
	return ret;
}

int machine_set_gsi_routing(struct machine *vm)
{
	return machine_set_routes(vm, machine_routes_cnt);
}

int machine_settle(struct machine *vm)
{
	(void)vm;
	clock_sleep_ns(SETTLE_NS);
	return 0;
}
