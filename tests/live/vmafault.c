// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmafault CALLS - make VMs while another thread has page faults.
 *
 * KVM_CREATE_VM locks every mapping of its process (mm_take_all_locks()), and waits for whoever
 * reads one: a page fault does, here for as long as the kernel needs to clear a huge page.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define BYTES	   (256UL << 20)
#define HUGE_BYTES (2UL << 20)

static atomic_bool is_over;

static void *run_reader(void *arg)
{
	volatile char *mem = arg;

	pthread_setname_np(pthread_self(), "vma-reader");
	while (!is_over) {
		for (size_t i = 0; i < BYTES && !is_over; i += HUGE_BYTES)
			mem[i] = 1;
		madvise((void *)mem, BYTES, MADV_DONTNEED);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), calls = argc > 1 ? atoi(argv[1]) : 101;
	char *mem = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_t reader;

	if (kvm < 0 || mem == MAP_FAILED || madvise(mem, BYTES, MADV_HUGEPAGE)) {
		perror("vmafault");
		return 77;
	}
	pthread_create(&reader, NULL, run_reader, mem);
	for (int i = 0; i < calls; i++) {
		int vm = ioctl(kvm, KVM_CREATE_VM, 0UL);

		if (vm < 0 || close(vm)) {
			perror("vmafault: KVM_CREATE_VM");
			return 1;
		}
	}
	is_over = true;
	pthread_join(reader, NULL);
	return 0;
}
