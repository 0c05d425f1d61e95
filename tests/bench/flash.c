// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest does that boots from flash, as a VMM without -pflash has it: a thread makes and
 * deletes one slot, UPDATES times, while a vCPU leaves its guest all the time (port I/O), and is a
 * reader of kvm->srcu for a moment each time: flash UPDATES. x86 only; 77: this KVM cannot.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define GUEST_BYTES 65536
#define GUEST_AT    0x1000
#define FLASH_BYTES 4096
#define FLASH_AT    0x100000
#define SKIP	    77

static int kvm, vm, vcpu;
static _Atomic long exits;
static _Atomic bool is_over, is_broken;

static void *map(size_t bytes)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int set_slot(uint32_t slot, uint64_t at, uint64_t bytes, void *mem)
{
	struct kvm_userspace_memory_region region = {.slot = slot,
						     .guest_phys_addr = at,
						     .memory_size = bytes,
						     .userspace_addr = (uintptr_t)mem};

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
}

static int begin_at(uint64_t at)
{
	struct kvm_regs regs = {.rip = at, .rflags = 2};
	struct kvm_sregs sregs;

	if (ioctl(vcpu, KVM_GET_SREGS, &sregs))
		return -1;
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	return ioctl(vcpu, KVM_SET_SREGS, &sregs) || ioctl(vcpu, KVM_SET_REGS, &regs) ? -1 : 0;
}

static void *run(void *arg)
{
	struct kvm_run *state = mmap(NULL, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0),
				     PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);

	pthread_setname_np(pthread_self(), "vcpu0");
	while (!atomic_load(&is_over) && !atomic_load(&is_broken)) {
		if (state == MAP_FAILED || ioctl(vcpu, KVM_RUN, 0) ||
		    state->exit_reason != KVM_EXIT_IO)
			atomic_store(&is_broken, true);
		else
			atomic_fetch_add(&exits, 1);
	}
	return arg;
}

int main(int argc, char **argv)
{
	static const unsigned char code[] = {0xe6, 0x80, 0xeb, 0xfc}; /* out %al, $0x80; jmp */
	int updates = argc > 1 ? atoi(argv[1]) : 101;
	unsigned char *mem = map(GUEST_BYTES), *flash = map(FLASH_BYTES);
	pthread_t thread;

	kvm = open("/dev/kvm", O_RDWR);
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	memcpy(mem, code, sizeof(code));
	if (vcpu < 0 || set_slot(0, GUEST_AT, GUEST_BYTES, mem) || begin_at(GUEST_AT) ||
	    pthread_create(&thread, NULL, run, NULL))
		return SKIP;
	while (!atomic_load(&exits) && !atomic_load(&is_broken))
		;
	for (int i = 0; i < updates && !atomic_load(&is_broken); i++) {
		if (set_slot(1, FLASH_AT, i % 2 ? 0 : FLASH_BYTES, flash)) {
			perror("KVM_SET_USER_MEMORY_REGION");
			return 1;
		}
	}
	atomic_store(&is_over, true);
	pthread_join(thread, NULL);
	fprintf(stderr, "%ld exits\n", atomic_load(&exits));
	return atomic_load(&is_broken) ? SKIP : 0;
}
