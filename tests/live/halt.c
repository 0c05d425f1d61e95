// SPDX-License-Identifier: GPL-2.0-only
/* A VM whose guest runs: it halts, again and again. x86 only; 77: this KVM cannot. */
#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define GUEST_BYTES 65536
#define GUEST_AT    0x1000
#define HLT	    0xf4
#define SKIP	    77

int main(void)
{
	struct kvm_userspace_memory_region region = {.guest_phys_addr = GUEST_AT,
						     .memory_size = GUEST_BYTES};
	int kvm = open("/dev/kvm", O_RDWR), vm = ioctl(kvm, KVM_CREATE_VM, 0), vcpu, i;
	unsigned char *memory =
		mmap(0, GUEST_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kvm_regs regs = {.rip = GUEST_AT, .rflags = 2};
	struct kvm_sregs sregs;
	struct kvm_run *run;

	memory[0] = HLT;
	region.userspace_addr = (unsigned long)memory;
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	if (vcpu < 0 || ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region))
		return SKIP;
	run = mmap(0, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE, MAP_SHARED,
		   vcpu, 0);
	if (ioctl(vcpu, KVM_GET_SREGS, &sregs))
		return SKIP;
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	if (ioctl(vcpu, KVM_SET_SREGS, &sregs))
		return SKIP;
	for (i = 0; i < 23; i++)
		if (ioctl(vcpu, KVM_SET_REGS, &regs) || ioctl(vcpu, KVM_RUN, 0) ||
		    run->exit_reason != KVM_EXIT_HLT)
			return SKIP;
	return 0;
}
