/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VM of our own, without memory or vCPUs, for two reasons. The host-wide mmu_notifier domain has
 * no name to look up: it is known once a VM's end has waited on it. And programs may be attached
 * without ever being run (struct features), which this VM's calls bring to light.
 */
#ifndef LIVE_SELFTEST_H
#define LIVE_SELFTEST_H

#include <stdint.h>

struct probes;

struct selftest {
	int kvm_fd;	 /* holds KVM, a module on most hosts: its addresses stay what they are */
	uint32_t unseen; /* (1 << enum ks_call_kind) of our calls that the programs did not see */
};

void selftest_init(struct selftest *test);
void selftest_fini(struct selftest *test);

/* Make the VM and end it; .unseen is 0 if the programs saw it all, or if there is no /dev/kvm. */
void selftest_run(struct selftest *test, const struct probes *probes);

#endif
