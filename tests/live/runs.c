// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that only run, each for some hundred microseconds: KVM_SET_GSI_ROUTING with ever fewer
 * entries, of which the last is refused, so that none is installed and nothing is waited for.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#define CALLS	23
#define ENTRIES 4096 /* KVM_MAX_IRQ_ROUTES */
#define STEP	101

int main(void)
{
	struct kvm_irq_routing *routing =
		calloc(1, sizeof(*routing) + ENTRIES * sizeof(*routing->entries));
	int dev = open("/dev/kvm", O_RDWR), vm = ioctl(dev, KVM_CREATE_VM, 0);

	if (!routing || ioctl(vm, KVM_CREATE_IRQCHIP, 0)) {
		perror("KVM_CREATE_IRQCHIP");
		return 1;
	}
	for (int i = 0; i < ENTRIES; i++) {
		routing->entries[i].gsi = i;
		routing->entries[i].type = KVM_IRQ_ROUTING_MSI;
	}
	for (int i = 0; i < CALLS; i++) {
		routing->nr = ENTRIES - i * STEP;
		routing->entries[routing->nr - 1].flags = ~0u;
		if (!ioctl(vm, KVM_SET_GSI_ROUTING, routing) || errno != EINVAL) {
			fprintf(stderr, "KVM_SET_GSI_ROUTING: not refused\n");
			return 1;
		}
	}
	return 0;
}
