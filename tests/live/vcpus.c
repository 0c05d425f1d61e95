// SPDX-License-Identifier: GPL-2.0-only
/*
 * What keeps a vCPU, or who wants something of it, waiting: vcpus MODE. What is withheld is given
 * when standard input has a byte.
 *
 * late: KVM_RUN touches a page that a userfaultfd handler withholds.
 * busy: KVM_GET_REGS of a vCPU that is in KVM_RUN, in thread "vcpu".
 * turns: KVM_RUN again and again, until it is killed.
 * refused: a KVM_CREATE_VM that fails.
 * heir: a VM with a PIT, whose last descriptor a child closes, in process "vcpus-heir".
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE	  4096
#define BYTES	  (16 * PAGE)
#define LATE_PAGE (2 * PAGE)

static _Atomic bool is_over;
static pthread_t vcpu_thread;
static int vcpu, faults;
static char *mem;

static int failed(const char *what)
{
	perror(what);
	return 1;
}

/* Of 16 bits: mov al, [0x2000]; out 0x10, al; and a jump back, or for ever to itself. */
static const uint8_t touches[] = {0xa0, 0x00, 0x20, 0xe6, 0x10, 0xeb, 0xfc};
static const uint8_t spins[] = {0xeb, 0xfe};

static bool make_vcpu(const void *code, size_t len)
{
	int kvm = open("/dev/kvm", O_RDWR), vm = ioctl(kvm, KVM_CREATE_VM, 0);
	struct kvm_userspace_memory_region region = {.memory_size = BYTES};
	struct kvm_regs regs = {.rflags = 2};
	struct kvm_sregs sregs;

	mem = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return false;
	region.userspace_addr = (uintptr_t)mem;
	memcpy(mem, code, len);
	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region))
		return false;
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	if (vcpu < 0 || ioctl(vcpu, KVM_GET_SREGS, &sregs))
		return false;
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	return !ioctl(vcpu, KVM_SET_SREGS, &sregs) && !ioctl(vcpu, KVM_SET_REGS, &regs);
}

static void *give(void *arg)
{
	struct uffdio_zeropage zero = {.range = {.start = (uintptr_t)mem + LATE_PAGE, .len = PAGE}};
	struct uffd_msg msg;
	char byte;

	if (read(faults, &msg, sizeof(msg)) != sizeof(msg) || read(0, &byte, 1) < 0 ||
	    ioctl(faults, UFFDIO_ZEROPAGE, &zero))
		exit(failed("a page"));
	return arg;
}

static int late(void)
{
	struct uffdio_register page = {.mode = UFFDIO_REGISTER_MODE_MISSING};
	struct uffdio_api api = {.api = UFFD_API};
	pthread_t giver;

	if (!make_vcpu(touches, sizeof(touches)))
		return failed("a vCPU");
	page.range.start = (uintptr_t)mem + LATE_PAGE;
	page.range.len = PAGE;
	faults = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (faults < 0 || ioctl(faults, UFFDIO_API, &api) || ioctl(faults, UFFDIO_REGISTER, &page))
		return failed("userfaultfd");
	pthread_create(&giver, NULL, give, NULL);
	return ioctl(vcpu, KVM_RUN, 0) ? failed("KVM_RUN") : 0;
}

static void *run(void *arg)
{
	pthread_setname_np(pthread_self(), "vcpu");
	while (!atomic_load(&is_over))
		ioctl(vcpu, KVM_RUN, 0);
	return arg;
}

static void kick(int number)
{
	(void)number;
}

static void *stop(void *arg)
{
	char byte;

	if (read(0, &byte, 1) < 0)
		exit(failed("standard input"));
	atomic_store(&is_over, true);
	pthread_kill(vcpu_thread, SIGUSR1);
	return arg;
}

static int busy(void)
{
	struct sigaction action = {.sa_handler = kick};
	struct kvm_regs regs;
	pthread_t stopper;

	sigaction(SIGUSR1, &action, NULL);
	if (!make_vcpu(spins, sizeof(spins)))
		return failed("a vCPU");
	pthread_create(&vcpu_thread, NULL, run, NULL);
	usleep(101000);
	pthread_create(&stopper, NULL, stop, NULL);
	if (ioctl(vcpu, KVM_GET_REGS, &regs))
		return failed("KVM_GET_REGS");
	return pthread_join(vcpu_thread, NULL);
}

static int turns(void)
{
	if (!make_vcpu(touches, sizeof(touches)))
		return failed("a vCPU");
	while (!ioctl(vcpu, KVM_RUN, 0))
		;
	return failed("KVM_RUN");
}

static int heir(void)
{
	struct kvm_pit_config pit = {0};
	int vm = ioctl(open("/dev/kvm", O_RDWR | O_CLOEXEC), KVM_CREATE_VM, 0), gone[2], status;
	char byte;

	if (ioctl(vm, KVM_CREATE_IRQCHIP, 0) || ioctl(vm, KVM_CREATE_PIT2, &pit) || pipe(gone))
		return failed("a VM with a PIT");
	if (!fork()) {
		prctl(PR_SET_NAME, "vcpus-heir");
		close(gone[1]);
		_exit(read(gone[0], &byte, 1) || close(vm));
	}
	close(vm);
	close(gone[1]); /* it reads the end */
	return wait(&status) < 0 || status;
}

static int refused(void)
{
	return ioctl(open("/dev/kvm", O_RDWR), KVM_CREATE_VM, 0x7fffffffUL) >= 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (!strcmp(mode, "late"))
		return late();
	if (!strcmp(mode, "busy"))
		return busy();
	if (!strcmp(mode, "heir"))
		return heir();
	return strcmp(mode, "turns") ? refused() : turns();
}
