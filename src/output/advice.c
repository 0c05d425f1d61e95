// SPDX-License-Identifier: GPL-2.0-only
#include "output/advice.h"

#include <stdio.h>
#include <string.h>

static const char *const by_cause[KS_CAUSE_CNT] = {
	[KS_CAUSE_GP_TIMER] =
		"in the VMM, make memslots and vCPUs before devices, or do two or three "
		"jiffies of other work between; HZ=1000 shortens it; ask for "
		"call_srcu_expedited() in kvm_io_bus_register_dev()",
	[KS_CAUSE_CB_TIMER] =
		"nobody expedited this grace period: rcu_expedited=1 does it for plain "
		"synchronize_srcu() and costs other users; HZ=1000 shortens it",
	[KS_CAUSE_READER] =
		"what the reader does takes too long: a slow userfaultfd handler, page-in "
		"or emulation; update memslots before vCPUs run, or make it fast",
	[KS_CAUSE_POLL_BACKOFF] = "the kernel looks for readers in ever longer steps: keep readers "
				  "under two jiffies; HZ=1000 makes the steps shorter",
	[KS_CAUSE_KWORKER] =
		"SRCU's workers did not get a CPU: callbacks run on the boot CPU, so keep "
		"real-time tasks and interrupts off it",
	[KS_CAUSE_WAKEUP] =
		"the waiter was ready but got no CPU: look at run queues, cgroup quotas "
		"and real-time tasks",
	[KS_CAUSE_LOCK] = "two threads make calls that take the same lock of this VM: the holder's "
			  "stall is the one to mend",
	[KS_CAUSE_OTHER_SLEEP] = "not SRCU: the function named is where it slept",
	[KS_CAUSE_UNEXPLAINED] = "records are missing: see the losses, and whether the trace began "
				 "in the middle of it",
};

const char *advice_for_cause(enum ks_cause cause)
{
	return by_cause[cause];
}

static bool is_registration(const struct culprit *culprit)
{
	return culprit->func && site_is(culprit->func) & SITE_REGISTERS;
}

static bool is_shared(const struct segment *seg)
{
	return seg && seg->dom && domain_get_kind(seg->dom) == DOMAIN_SHARED;
}

/* A normal grace period's timers: the one that ends it, and the one before its callbacks. */
static const char *for_timer(const struct stall *stall, const struct advice_host *host)
{
	if (host->rcu_normal)
		return "rcu_normal is set, so nothing is expedited: echo 0 >/sys/kernel/rcu_normal";
	if (is_registration(&stall->culprit))
		return by_cause[KS_CAUSE_GP_TIMER];
	if (is_shared(stall->culprit.seg))
		return "all VMs of the host share this domain (mmu_notifier): do not end many at "
		       "once; rcu_expedited=1 shortens it and costs other users";
	if (stall->culprit.is_self || stall->cause == KS_CAUSE_CB_TIMER)
		return by_cause[KS_CAUSE_CB_TIMER];
	return "a normal grace period was in flight: do two or three jiffies of other work before "
	       "this call, or make it before the call that started it";
}

char *advice_for(const struct stall *stall, const struct advice_host *host, char *buf, size_t size)
{
	const char *text = by_cause[stall->cause];

	if (cause_is_timer(stall->cause))
		text = for_timer(stall, host);
	if (stall->cause == KS_CAUSE_READER && stall->culprit.func &&
	    site_is(stall->culprit.func) & SITE_FAULTS)
		text = "the page that the reader faulted on came late: make the userfaultfd "
		       "handler "
		       "faster, or populate the memory before memslots change";
	snprintf(buf, size, "%s", text ? text : "");
	return buf;
}
