/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VM of our own, without memory or vCPUs, for two reasons. The host-wide mmu_notifier domain has
 * no name to look up: it is known once a VM's end has waited on it. And programs may be attached
 * without ever being run (struct features), which this VM's calls bring to light.
 * Where KVM hangs, so does this VM: it has a thread of its own, which is waited for 3 s at most.
 */
#ifndef LIVE_SELFTEST_H
#define LIVE_SELFTEST_H

#include <stdint.h>

struct own_vm;
struct probes;

struct selftest {
	int kvm_fd;	 /* holds KVM, a module on most hosts: its addresses stay what they are */
	uint32_t unseen; /* (1 << enum ks_call_kind) of our calls that the programs did not see */
	struct own_vm *stuck; /* NULL, or the VM that has not ended: its thread's */
};

void selftest_init(struct selftest *test);
void selftest_fini(struct selftest *test);

/*
 * Make the VM and end it; .unseen is 0 if the programs saw it all, or if there is no /dev/kvm. Of
 * one that does not end, what has returned counts, a warning says so, and no other is made.
 */
void selftest_run(struct selftest *test, const struct probes *probes);

#endif
