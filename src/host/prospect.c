// SPDX-License-Identifier: GPL-2.0-only
#include "host/prospect.h"
#include "host/finding.h"
#include "host/host.h"

#include <stddef.h>

#define CONVERT_CONTEND 0x10 /* of convert_to_big: also when there is contention */

static bool is_normal(const struct host *host)
{
	return host_param(host, HOST_RCU_NORMAL) > 0; /* wins over rcu_expedited */
}

static bool is_auto(const struct host *host)
{
	return !is_normal(host);
}

static bool is_expedited(const struct host *host)
{
	return host_param(host, HOST_RCU_EXPEDITED) > 0;
}

static bool is_register_unknown(const struct host *host)
{
	return !host->are_types_known || !host->has_kvm_types;
}

static bool register_waits(const struct host *host)
{
	return !is_register_unknown(host) && !host->defers_register;
}

static bool register_defers(const struct host *host)
{
	return !is_register_unknown(host) && host->defers_register && !host->has_call_expedited;
}

/* The symbol says that somebody carries the fix; KVM using it cannot be seen from here. */
static bool register_expedites(const struct host *host)
{
	return !is_register_unknown(host) && host->defers_register && host->has_call_expedited;
}

static bool close_is_too_soon(const struct host *host)
{
	return host_is_x86(host) && is_auto(host) && !is_expedited(host) &&
	       host_param(host, HOST_EXP_HOLDOFF) != 0;
}

static bool close_is_expedited(const struct host *host)
{
	return is_auto(host) && is_expedited(host);
}

static bool never_expedites(const struct host *host)
{
	return is_auto(host) && !is_expedited(host) && host_param(host, HOST_EXP_HOLDOFF) == 0;
}

static bool uses_boot_cpu(const struct host *host)
{
	return host->cpus > 1 && (host_param(host, HOST_CONVERT_TO_BIG) & ~CONVERT_CONTEND) == 0;
}
static bool always(const struct host *host)
{
	(void)host;
	return true;
}

/*
 * In jiffies: a timer of one jiffy fires after more than one and at most two
 * of them, three when the tick that armed it was late. A normal grace period
 * takes two such timers, an expedited one none. {} is the range in the text,
 * its upper end in the remedy.
 */
static const struct {
	const char *name;
	enum severity severity;
	bool (*applies)(const struct host *host);
	unsigned int min, max; /* jiffies */
	const char *text;
	const char *remedy;
} prospects[] = {
	{"register-unknown", SEVERITY_NOTE, is_register_unknown, 0, 0,
	 "what registering a device does to later calls is not known", NULL},
	{"register-waits", SEVERITY_OK, register_waits, 0, 0,
	 "registering a device leaves no grace period behind for later calls", NULL},
	{"register-defers", SEVERITY_NOTE, register_defers, 1, 3,
	 "registering a device (KVM_CREATE_IRQCHIP, KVM_CREATE_PIT2, KVM_IOEVENTFD, a vGIC's) "
	 "leaves a normal grace period behind: the next call that synchronizes (memslots, "
	 "KVM_CREATE_VCPU with an APIC page) waits {}",
	 "in the VMM: memslots before devices, or {} of other work between; HZ=1000; a kernel "
	 "with call_srcu_expedited()"},
	{"register-expedites", SEVERITY_OK, register_expedites, 0, 0,
	 "call_srcu_expedited() is here: where KVM uses it, registering a device delays nobody",
	 NULL},
	{"close-after-register", SEVERITY_NOTE, register_defers, 0, 4,
	 "closing a VM right after it registered a device waits for its callback: {}", NULL},
	{"sync-expedited", SEVERITY_OK, is_auto, 0, 0,
	 "memslot updates of an idle VM wait for no timer: well below a millisecond", NULL},
	{"sync-normal", SEVERITY_PROBLEM, is_normal, 2, 4,
	 "rcu_normal=1: each memslot update, device removal and step of a close waits {}",
	 "echo 0 >/sys/kernel/rcu_normal; to keep it: boot without rcupdate.rcu_normal=1, with "
	 "PREEMPT_RT also with rcupdate.rcu_normal_after_boot=0"},
	{"close-too-soon", SEVERITY_NOTE, close_is_too_soon, 2, 4,
	 "closing a VM with a PIT synchronizes within srcutree.exp_holdoff of another grace "
	 "period, so not expedited: {}",
	 "echo 1 >/sys/kernel/rcu_expedited (all of RCU: interrupts every CPU)"},
	{"close-expedited", SEVERITY_OK, close_is_expedited, 0, 0,
	 "rcu_expedited=1: closing a VM is expedited; what call_srcu() started is not", NULL},
	{"never-expedites", SEVERITY_PROBLEM, never_expedites, 2, 4,
	 "srcutree.exp_holdoff=0: every synchronize_srcu() (closing a VM, MSR filters) waits {}",
	 "boot without it: the default is 25000 ns, 0 means that nothing is expedited unasked"},
	{"reader-backoff", SEVERITY_NOTE, always, 0, 11,
	 "after a reader (a vCPU in a page fault, KVM_TRANSLATE) a waiter waits {} longer than "
	 "the reader reads: the kernel polls less and less often",
	 NULL},
	{"boot-cpu", SEVERITY_NOTE, uses_boot_cpu, 0, 0,
	 "callbacks of all VMs run on the boot CPU: anything that keeps that CPU busy delays all "
	 "of them",
	 "keep realtime tasks and pinned vCPUs off CPU 0, or boot with srcutree.convert_to_big=1"},
};
static void add_prospect(const struct host *host, size_t i, struct findings *findings)
{
	struct finding *finding = findings_add(findings, SECTION_OUTLOOK, prospects[i].name);
	uint32_t hz = host_hz(host);
	char value[64];

	finding->severity = prospects[i].severity;
	if (hz) {
		finding->min_ms = prospects[i].min * 1e3 / hz;
		finding->max_ms = prospects[i].max * 1e3 / hz;
	}
	jiffies_format(value, sizeof(value), hz, prospects[i].min, prospects[i].max);
	finding_expand(finding->text, sizeof(finding->text), prospects[i].text, value);
	if (!prospects[i].remedy)
		return;
	jiffies_format_limit(value, sizeof(value), hz, prospects[i].max);
	finding_expand(finding->remedy, sizeof(finding->remedy), prospects[i].remedy, value);
}

void prospects_add(const struct host *host, struct findings *findings)
{
	for (size_t i = 0; i < sizeof(prospects) / sizeof(prospects[0]); i++)
		if (prospects[i].applies(host))
			add_prospect(host, i, findings);
}
