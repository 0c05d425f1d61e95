// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread that gives guest memory back again and again, for which KVM walks its tables with
 * kvm->mmu_lock held, and one that wants that lock in a call, ROUNDS times: mmulock ROUNDS.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define LARGE (8ULL << 30)
#define SMALL (1ULL << 20)
#define PAGE  4096

static _Atomic bool is_over;

static void stay_on(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

static void *give_back(void *mem)
{
	pthread_setname_np(pthread_self(), "mmulock-other");
	stay_on(1);
	while (!atomic_load(&is_over))
		madvise(mem, LARGE, MADV_DONTNEED);
	return NULL;
}

static void *map_slot(int vm, uint32_t slot, uint64_t bytes, uint32_t flags)
{
	struct kvm_userspace_memory_region region = {.slot = slot,
						     .flags = flags,
						     .guest_phys_addr = (uint64_t)slot << 36,
						     .memory_size = bytes};
	void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	region.userspace_addr = (uintptr_t)mem;
	return mem == MAP_FAILED || ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) ? NULL : mem;
}

int main(int argc, char **argv)
{
	static uint64_t bitmap[SMALL / PAGE / 64];
	struct kvm_clear_dirty_log clear = {
		.slot = 1, .num_pages = SMALL / PAGE, .dirty_bitmap = bitmap};
	struct kvm_enable_cap cap = {.cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, .args = {1}};
	int rounds = argc > 1 ? atoi(argv[1]) : 1,
	    vm = ioctl(open("/dev/kvm", O_RDWR), KVM_CREATE_VM, 0);
	void *mem = vm < 0 ? NULL : map_slot(vm, 0, LARGE, 0);
	pthread_t other;

	memset(bitmap, -1, sizeof(bitmap));
	if (!mem || ioctl(vm, KVM_ENABLE_CAP, &cap) ||
	    !map_slot(vm, 1, SMALL, KVM_MEM_LOG_DIRTY_PAGES) ||
	    pthread_create(&other, NULL, give_back, mem)) {
		perror("a VM with two slots and a thread");
		return 1;
	}
	stay_on(0);
	while (rounds--) {
		usleep(307);
		if (ioctl(vm, KVM_CLEAR_DIRTY_LOG, &clear)) {
			perror("KVM_CLEAR_DIRTY_LOG");
			return 1;
		}
	}
	atomic_store(&is_over, true);
	pthread_join(other, NULL);
	return 0;
}
