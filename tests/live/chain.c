// SPDX-License-Identifier: GPL-2.0-only
/*
 * Three calls of one VM that wait for each other: chain MILLISECONDS [reader|apart].
 * KVM_GET_DIRTY_LOG has slots_lock, and its bitmap's page is withheld by userfaultfd for so long;
 * KVM_CREATE_PIT2 has kvm->lock, and wants slots_lock; KVM_CREATE_VCPU wants kvm->lock.
 *
 * reader: KVM_SET_USER_MEMORY_REGION has slots_lock instead, and waits for a reader: for
 * KVM_TRANSLATE, whose guest has its page tables in the page that is withheld. apart: the same, and
 * the reader is another process, with the same memory: no thread of the VMM's is the reader.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "withhold.h"

#define STACK_BYTES 0x10000
#define BYTES	    0x200000UL
/* Each must be in its wait before the next one comes. */
#define BETWEEN_US 50023

/* arch/x86/include/uapi/asm/processor-flags.h, asm/msr-index.h; CPUID 0x80000001, EDX */
#define CR0_PE	  0x1
#define CR0_PG	  0x80000000
#define CR4_PAE	  0x20
#define EFER_LONG 0x500
#define LONG_MODE (1U << 29)

static int vm, vcpu;
static char *page;

static void *get_dirty_log(void *arg)
{
	struct kvm_dirty_log log = {.dirty_bitmap = page};

	pthread_setname_np(pthread_self(), "chain-first");
	need(!ioctl(vm, KVM_GET_DIRTY_LOG, &log), "KVM_GET_DIRTY_LOG");
	return arg;
}

static void *translate(void *arg)
{
	struct kvm_translation translation = {0};

	pthread_setname_np(pthread_self(), "chain-reader");
	need(!ioctl(vcpu, KVM_TRANSLATE, &translation), "KVM_TRANSLATE");
	return arg;
}

/* It has the thread-local variables of who made it, too: no more than one system call. */
static int translate_apart(void *arg)
{
	struct kvm_translation translation = {0};

	(void)arg;
	return ioctl(vcpu, KVM_TRANSLATE, &translation) ? 1 : 0;
}

/* Returns its process. */
static pid_t read_apart(void)
{
	char *stack = malloc(STACK_BYTES);
	pid_t pid;

	need(stack != NULL, "memory");
	pid = clone(translate_apart, stack + STACK_BYTES, CLONE_VM | CLONE_FILES | SIGCHLD, NULL);
	need(pid > 0, "a process");
	return pid;
}

static void *delete_slot(void *arg)
{
	struct kvm_userspace_memory_region region = {0};

	pthread_setname_np(pthread_self(), "chain-first");
	need(!ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
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
	need(ioctl(vm, KVM_CREATE_VCPU, 1) >= 0, "KVM_CREATE_VCPU");
	return arg;
}

/* A vCPU in long mode, whose page tables begin in @page: the guest's second slot. */
static void make_reader(void)
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entry;
	} cpuid = {.head.nent = 1, .entry = {.function = 0x80000001, .edx = LONG_MODE}};
	struct kvm_userspace_memory_region region = {.slot = 1,
						     .guest_phys_addr = BYTES,
						     .memory_size = PAGE,
						     .userspace_addr = (uintptr_t)page};
	struct kvm_sregs sregs;

	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	need(vcpu >= 0 && !ioctl(vcpu, KVM_SET_CPUID2, &cpuid) &&
		     !ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) &&
		     !ioctl(vcpu, KVM_GET_SREGS, &sregs),
	     "a vCPU");
	sregs.cr0 |= CR0_PE | CR0_PG;
	sregs.cr3 = BYTES;
	sregs.cr4 |= CR4_PAE;
	sregs.efer |= EFER_LONG;
	sregs.cs.l = 1;
	sregs.cs.db = 0;
	need(!ioctl(vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
}

static void make_vm(void)
{
	struct kvm_userspace_memory_region region = {.flags = KVM_MEM_LOG_DIRTY_PAGES,
						     .memory_size = BYTES};

	vm = ioctl(open("/dev/kvm", O_RDWR), KVM_CREATE_VM, 0);
	need(vm >= 0 && !ioctl(vm, KVM_CREATE_IRQCHIP, 0), "a VM");
	region.userspace_addr = (uintptr_t)mmap(NULL, BYTES, PROT_READ | PROT_WRITE,
						MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	need(!ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "memory");
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

int main(int argc, char **argv)
{
	void *(*const without[])(void *) = {get_dirty_log, create_pit, create_vcpu};
	void *(*const with[])(void *) = {translate, delete_slot, create_pit, create_vcpu};
	void *(*const *calls)(void *) = argc > 2 ? with : without;
	struct uffdio_zeropage zero;
	int is_apart = argc > 2 && !strcmp(argv[2], "apart");
	pthread_t threads[4];
	int fd, cnt = argc > 2 ? 4 : 3;
	pid_t apart = 0;

	make_vm();
	if (argc > 2)
		make_reader();
	fd = withhold(page);
	for (int i = 0; i < cnt; i++) {
		if (!i && is_apart)
			apart = read_apart();
		else
			need(!pthread_create(&threads[i], NULL, calls[i], NULL), "a thread");
		if (!i)
			need(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, -1) == 1,
			     "fault");
		usleep(BETWEEN_US);
	}
	usleep(1000 * (argc > 1 ? atoi(argv[1]) : 1));
	zero = (struct uffdio_zeropage){.range = {(uintptr_t)page, PAGE}};
	need(!ioctl(fd, UFFDIO_ZEROPAGE, &zero), "UFFDIO_ZEROPAGE");
	for (int i = is_apart; i < cnt; i++)
		pthread_join(threads[i], NULL);
	need(!is_apart || waitpid(apart, NULL, 0) == apart, "the end of a process");
	return 0;
}
