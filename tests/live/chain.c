// SPDX-License-Identifier: GPL-2.0-only
/*
 * Three calls of one VM that wait for each other: chain MILLISECONDS. KVM_GET_DIRTY_LOG has
 * slots_lock, and its bitmap's page is withheld by userfaultfd for so long; KVM_CREATE_PIT2 has
 * kvm->lock, and wants slots_lock; KVM_CREATE_VCPU wants kvm->lock.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BYTES 0x200000UL
#define PAGE  0x1000UL

/* Each must be in its wait before the next one comes. */
#define BETWEEN_US 50023

static int vm;
static char *page;

static void need(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static void *get_dirty_log(void *arg)
{
	struct kvm_dirty_log log = {.dirty_bitmap = page};

	pthread_setname_np(pthread_self(), "chain-first");
	need(!ioctl(vm, KVM_GET_DIRTY_LOG, &log), "KVM_GET_DIRTY_LOG");
	return arg;
}

static void *create_pit(void *arg)
{
	struct kvm_pit_config config = {0};

	pthread_setname_np(pthread_self(), "chain-second");
	need(!ioctl(vm, KVM_CREATE_PIT2, &config), "KVM_CREATE_PIT2");
	return arg;
}

static void *create_vcpu(void *arg)
{
	pthread_setname_np(pthread_self(), "chain-third");
	need(ioctl(vm, KVM_CREATE_VCPU, 0) >= 0, "KVM_CREATE_VCPU");
	return arg;
}

static int withhold(void)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register range = {.range = {(uintptr_t)page, PAGE},
					.mode = UFFDIO_REGISTER_MODE_MISSING};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	need(fd >= 0 && !ioctl(fd, UFFDIO_API, &api) && !ioctl(fd, UFFDIO_REGISTER, &range),
	     "userfaultfd");
	return fd;
}

int main(int argc, char **argv)
{
	void *(*const calls[])(void *) = {get_dirty_log, create_pit, create_vcpu};
	struct kvm_userspace_memory_region region = {.flags = KVM_MEM_LOG_DIRTY_PAGES,
						     .memory_size = BYTES};
	struct uffdio_zeropage zero;
	pthread_t threads[3];
	int fd;

	vm = ioctl(open("/dev/kvm", O_RDWR), KVM_CREATE_VM, 0);
	need(vm >= 0 && !ioctl(vm, KVM_CREATE_IRQCHIP, 0), "a VM");
	region.userspace_addr = (uintptr_t)mmap(NULL, BYTES, PROT_READ | PROT_WRITE,
						MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	need(!ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "memory");
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fd = withhold();
	for (int i = 0; i < 3; i++) {
		need(!pthread_create(&threads[i], NULL, calls[i], NULL), "a thread");
		if (!i)
			need(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, -1) == 1,
			     "fault");
		usleep(BETWEEN_US);
	}
	usleep(1000 * (argc > 1 ? atoi(argv[1]) : 1));
	zero = (struct uffdio_zeropage){.range = {(uintptr_t)page, PAGE}};
	need(!ioctl(fd, UFFDIO_ZEROPAGE, &zero), "UFFDIO_ZEROPAGE");
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
