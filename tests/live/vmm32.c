// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a 32-bit VMM calls: a VM, a device, memory that waits for that one's grace period, dup(2)s
 * for which the table of descriptors grows, which two threads share, and the end, by int $0x80.
 * Exit status 77: not on this kernel (CONFIG_IA32_EMULATION), or not on this architecture.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define NOT_HERE 77

#ifdef __x86_64__
/* arch/x86/entry/syscalls/syscall_32.tbl */
#define CLOSE_32 6
#define DUP_32	 41
#define IOCTL_32 54

static int call_32(int nr, int fd, unsigned int cmd, uintptr_t arg)
{
	long ret = nr;

	__asm__ volatile("int $0x80"
			 : "+a"(ret)
			 : "b"((long)fd), "c"((long)cmd), "d"(arg)
			 : "r8", "r9", "r10", "r11", "memory");
	return (int)ret;
}

#define MANY_FDS 601

static void *share(void *ctx)
{
	pause();
	return ctx;
}

static int grow(int fd)
{
	pthread_t other;
	int last = 0;

	if (pthread_create(&other, NULL, share, NULL))
		return -1;
	while (last >= 0 && last < MANY_FDS)
		last = call_32(DUP_32, fd, 0, 0);
	return last;
}

static void not_here(int nr)
{
	(void)nr;
	_exit(NOT_HERE);
}

/* All that a call points to. */
struct low {
	struct kvm_ioeventfd device;
	struct kvm_userspace_memory_region memory;
	char ram[2 << 20] __attribute__((aligned(4096)));
};

int main(void)
{
	struct low *low = mmap(NULL, sizeof(*low), PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm;

	if (low == MAP_FAILED || kvm < 0)
		err(1, "memory, or /dev/kvm");
	signal(SIGSEGV, not_here);
	vm = call_32(IOCTL_32, kvm, KVM_CREATE_VM, 0);
	if (vm < 0)
		return NOT_HERE;
	low->device =
		(struct kvm_ioeventfd){.addr = 0x1000, .len = 4, .fd = eventfd(0, EFD_CLOEXEC)};
	low->memory = (struct kvm_userspace_memory_region){.memory_size = sizeof(low->ram),
							   .userspace_addr = (uintptr_t)low->ram};
	if (call_32(IOCTL_32, vm, KVM_IOEVENTFD, (uintptr_t)&low->device) ||
	    call_32(IOCTL_32, vm, KVM_SET_USER_MEMORY_REGION, (uintptr_t)&low->memory))
		errx(1, "a stall");
	if (grow(kvm) < 0)
		errx(1, "descriptors");
	return call_32(CLOSE_32, vm, 0, 0) ? 1 : 0;
}
#else
int main(void)
{
	return NOT_HERE;
}
#endif
