// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two threads, on two CPUs, that spin for one mutex: each makes and deletes a slot of its own of
 * the same VM, spin ROUNDS times. Without two-dimensional paging KVM fills a table for the slot's
 * pages meanwhile, with slots_lock held, and does not sleep.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define SLOT_BYTES (2ULL << 30)

static int vm, rounds;
static void *mem;

static void *update(void *arg)
{
	uintptr_t slot = (uintptr_t)arg;
	struct kvm_userspace_memory_region region = {
		.slot = slot, .guest_phys_addr = slot << 36, .userspace_addr = (uintptr_t)mem};
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(slot, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	for (int i = 0; i < 2 * rounds; i++) {
		region.memory_size = i % 2 ? 0 : SLOT_BYTES;
		if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region)) {
			perror("KVM_SET_USER_MEMORY_REGION");
			exit(1);
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t other;

	rounds = argc > 1 ? atoi(argv[1]) : 1;
	vm = ioctl(open("/dev/kvm", O_RDWR), KVM_CREATE_VM, 0);
	mem = mmap(NULL, SLOT_BYTES, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (vm < 0 || mem == MAP_FAILED || pthread_create(&other, NULL, update, (void *)1)) {
		perror("a VM with memory and a thread");
		return 1;
	}
	update(NULL);
	pthread_join(other, NULL);
	return 0;
}
