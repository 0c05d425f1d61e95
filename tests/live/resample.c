// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two threads that assign and deassign irqfds with a resampler: resample ROUNDS. Each has
 * irqfds.resampler_lock of their VM while it waits for a grace period of irq_srcu.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

static int vm, rounds;

static void irqfd(struct kvm_irqfd *irqfd)
{
	if (!ioctl(vm, KVM_IRQFD, irqfd))
		return;
	perror("KVM_IRQFD");
	exit(1);
}

static void *assign(void *arg)
{
	struct kvm_irqfd first = {
		.fd = eventfd(0, 0), .gsi = (uintptr_t)arg, .resamplefd = eventfd(0, 0)};

	for (int i = 0; i < rounds; i++) {
		first.flags = KVM_IRQFD_FLAG_RESAMPLE;
		irqfd(&first);
		first.flags = KVM_IRQFD_FLAG_DEASSIGN;
		irqfd(&first);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t other;

	rounds = argc > 1 ? atoi(argv[1]) : 1;
	vm = ioctl(open("/dev/kvm", O_RDWR), KVM_CREATE_VM, 0);
	if (vm < 0 || ioctl(vm, KVM_CREATE_IRQCHIP, 0) ||
	    pthread_create(&other, NULL, assign, (void *)5)) {
		perror("a VM with interrupts, and a thread");
		return 1;
	}
	assign((void *)7);
	pthread_join(other, NULL);
	return 0;
}
