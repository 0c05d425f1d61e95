// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VMM that holds itself up for ever, by no fault of the kernel's: deadlock. A vCPU's call reads
 * the guest's memory, in the read side of kvm->srcu, and its page is withheld by userfaultfd. A
 * thread has slots_lock and waits for that reader. The one that is to serve the page wants
 * slots_lock first. It ends by SIGKILL.
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
#include <unistd.h>

#include "withhold.h"

/* arch/x86/include/uapi/asm/processor-flags.h and arch/x86/include/asm/msr-index.h: long mode,
 * whose first table is the page at 0. */
#define CR0_PE	       0x1UL
#define CR0_PG	       0x80000000UL
#define CR4_PAE	       0x20UL
#define EFER_LME       0x100UL
#define EFER_LMA       0x400UL
#define CPUID_EXTENDED 0x80000001U
#define CPUID_LM       0x20000000U

/* A reader that has not touched its page by then never will. */
#define FAULT_MS 20011

/* The other thread must be in its wait, and have the mutex. */
#define BETWEEN_US 50023

static int vm, vcpu;

static char *make_slot(int slot, uint64_t gpa)
{
	char *bytes = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kvm_userspace_memory_region region = {.slot = slot,
						     .guest_phys_addr = gpa,
						     .memory_size = PAGE,
						     .userspace_addr = (uintptr_t)bytes};

	need(bytes != MAP_FAILED && !ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "memory");
	return bytes;
}

static void *read_memory(void *arg)
{
	struct kvm_translation translation = {.linear_address = 0};

	pthread_setname_np(pthread_self(), "deadlock-reader");
	need(!ioctl(vcpu, KVM_TRANSLATE, &translation), "KVM_TRANSLATE");
	return arg;
}

static void *update(void *arg)
{
	pthread_setname_np(pthread_self(), "deadlock-holder");
	make_slot(1, 2 * PAGE);
	return arg;
}

static void make_vcpu(void)
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entry;
	} cpuid = {{.nent = 1}, {.function = CPUID_EXTENDED, .edx = CPUID_LM}};
	struct kvm_sregs sregs;

	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	need(vcpu >= 0 && !ioctl(vcpu, KVM_SET_CPUID2, &cpuid), "a vCPU");
	need(!ioctl(vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cr0 |= CR0_PE | CR0_PG;
	sregs.cr3 = 0;
	sregs.cr4 |= CR4_PAE;
	sregs.efer |= EFER_LME | EFER_LMA;
	sregs.cs.l = 1;
	sregs.cs.db = 0;
	need(!ioctl(vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
}

int main(void)
{
	pthread_t reader, holder;
	struct uffd_msg msg;
	int fd;

	vm = ioctl(open("/dev/kvm", O_RDWR), KVM_CREATE_VM, 0);
	need(vm >= 0, "a VM");
	fd = withhold(make_slot(0, 0));
	make_vcpu();
	need(!pthread_create(&reader, NULL, read_memory, NULL), "a thread");
	need(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, FAULT_MS) == 1 &&
		     read(fd, &msg, sizeof(msg)) == sizeof(msg),
	     "a fault");
	need(!pthread_create(&holder, NULL, update, NULL), "a thread");
	usleep(BETWEEN_US);
	make_slot(2, 4 * PAGE); /* and then it would serve the page */
	return 1;
}
