# SPDX-License-Identifier: GPL-2.0-only
# What strace would print of 31 lives of a VM: its memory slot waits for TIMER us more than it must.
# The same numbers with every awk.
function random()
{
	SEED = SEED * 16807 % 2147483647
	return SEED / 2147483647
}

BEGIN {
	SEED *= 1000003
	for (i = 0; i < 31; i++) {
		printf "%d %d.000000 ioctl(4, KVM_CREATE_VM, 0) = 5 <0.000%03d>\n", 100 + i, 1000 + i, 150 + random() * 50
		printf "%d %d.001000 ioctl(5, KVM_CREATE_IRQCHIP, 0) = 0 <0.000%03d>\n", 100 + i, 1000 + i, 50 + random() * 50
		printf "%d %d.002000 ioctl(5, KVM_CREATE_VCPU, 0) = 6 <0.000%03d>\n", 100 + i, 1000 + i, 60 + random() * 30
		us = 100 + random() * 100 + TIMER + (TIMER ? random() * 3000 : 0)
		printf "%d %d.003000 ioctl(5, KVM_SET_USER_MEMORY_REGION, {slot=0, flags=0, guest_phys_addr=0, memory_size=4096, userspace_addr=0x7f0000000000}) = 0 <0.%06d>\n", 100 + i, 1000 + i, us
	}
}
