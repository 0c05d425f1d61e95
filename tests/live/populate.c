// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMs that are made while a thread populates memory, again and again, with mmap_lock held for
 * reading: populate ROUNDS.
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

#define BYTES (256UL << 20)

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* v5.14 */
#endif

static _Atomic bool is_over;

/* Of the zero page: it takes page tables only. */
static void *populate(void *arg)
{
	do {
		char *mem = mmap(NULL, BYTES, PROT_READ,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		madvise(mem, BYTES, MADV_NOHUGEPAGE);
		madvise(mem, BYTES, MADV_POPULATE_READ);
		munmap(mem, BYTES);
	} while (!atomic_load(&is_over));
	return arg;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 1, kvm = open("/dev/kvm", O_RDWR), vm;
	pthread_t thread;

	if (kvm < 0 || pthread_create(&thread, NULL, populate, NULL)) {
		perror("/dev/kvm and a thread");
		return 1;
	}
	while (rounds--) {
		usleep(3001);
		vm = ioctl(kvm, KVM_CREATE_VM, 0);
		if (vm < 0) {
			perror("KVM_CREATE_VM");
			return 1;
		}
		close(vm);
	}
	atomic_store(&is_over, true);
	pthread_join(thread, NULL);
	return 0;
}
