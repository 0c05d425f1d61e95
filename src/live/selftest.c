// SPDX-License-Identifier: GPL-2.0-only
#include "live/selftest.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <kvmstall/records.h>

#include "kern/probes.h"

void selftest_init(struct selftest *test)
{
	*test = (struct selftest){.kvm_fd = -1};
}

void selftest_fini(struct selftest *test)
{
	if (test->kvm_fd >= 0)
		close(test->kvm_fd);
	test->kvm_fd = -1;
}

void selftest_run(struct selftest *test, const struct probes *probes)
{
	static const enum ks_call_kind kinds[] = {KS_KIND_DEV, KS_KIND_VM, KS_KIND_CLOSE};
	struct kvm_create_device device = {.flags = KVM_CREATE_DEVICE_TEST};
	int vm;

	test->unseen = 0;
	if (test->kvm_fd < 0)
		test->kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (test->kvm_fd < 0)
		return; /* nothing can be said against the programs */
	vm = ioctl(test->kvm_fd, KVM_CREATE_VM, 0);
	if (vm < 0)
		return;
	ioctl(vm, KVM_CREATE_DEVICE, &device); /* makes nothing, and may well fail */
	close(vm);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!probes_saw(probes, kinds[i]))
			test->unseen |= 1u << kinds[i];
}
