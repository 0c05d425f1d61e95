// SPDX-License-Identifier: GPL-2.0-only
#include "host/setting.h"
#include "host/finding.h"
#include "host/host.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool knows(const struct host *host, enum host_param which)
{
	return *host->params[which];
}

/* ---- of a value; "": this kernel has no such setting ---- */

static bool is_yes(const char *value)
{
	return *value == 'Y' || *value == '1';
}

static bool is_no(const char *value)
{
	return *value == 'N' || *value == '0';
}

static bool is_positive(const char *value)
{
	return *value && strtol(value, NULL, 0) > 0;
}

static bool is_zero(const char *value)
{
	return *value && strtol(value, NULL, 0) == 0;
}

/* -1: not decided, which the kernel takes for no. */
static bool is_not_positive(const char *value)
{
	return *value && !is_positive(value);
}

static bool is_missing(const char *value)
{
	return !*value;
}

static bool is_never(const char *value)
{
	return !strcmp(value, "never");
}

static bool is_not_never(const char *value)
{
	return *value && !is_never(value);
}

/* ---- of a host ---- */

/* A setting is missing if another one of its module is there. */
static bool has_rcutree(const struct host *host)
{
	return knows(host, HOST_FIRST_FQS);
}

static bool has_kvm_of_x86(const struct host *host)
{
	return host_is_x86(host) && knows(host, HOST_TDP_MMU);
}

static bool recovers_by_kthread(const struct host *host)
{
	return host->has_nx_kthread;
}

static bool recovers_by_task(const struct host *host)
{
	return !host->has_nx_kthread;
}

static bool always(const struct host *host)
{
	(void)host;
	return true;
}

/* What a setting of a known name means: its value goes in front of the text. */
static const struct {
	const char *name;
	enum host_param param;
	enum severity severity;
	bool (*is)(const char *value);
	bool (*applies)(const struct host *host);
	bool is_timer; /* {} in the text: how long a timer of so many jiffies takes */
	const char *text;
	const char *remedy;
} settings[] = {
	{"first-fqs", HOST_FIRST_FQS, SEVERITY_NOTE, is_positive, always, true,
	 "RCU scans for idle CPUs when this timer of its kthread has fired, so a grace period that "
	 "others do not end sooner takes {}",
	 NULL},
	{"first-fqs", HOST_FIRST_FQS, SEVERITY_OK, is_zero, always, false,
	 "RCU scans for idle CPUs at once: a grace period waits for no timer of its own at first",
	 NULL},
	{"wake-from-gp", HOST_WAKE_FROM_GP, SEVERITY_OK, is_positive, always, false,
	 "RCU's kthread wakes who waits in synchronize_rcu(): no busy CPU's callbacks are in the "
	 "way, unless very many wait",
	 NULL},
	{"wake-from-gp", HOST_WAKE_FROM_GP, SEVERITY_NOTE, is_not_positive, always, false,
	 "who waits in synchronize_rcu() is woken by a callback: later by as much as the callbacks "
	 "of its CPU are",
	 "echo 1 >/sys/module/rcutree/parameters/rcu_normal_wake_from_gp"},
	{"wake-from-gp", HOST_WAKE_FROM_GP, SEVERITY_NOTE, is_missing, has_rcutree, false,
	 "who waits in synchronize_rcu() is woken by a callback: later by as much as the callbacks "
	 "of its CPU are",
	 "a kernel with rcutree.rcu_normal_wake_from_gp (988f569ae041, Linux 6.10)"},
	{"rcu-lazy", HOST_RCU_LAZY, SEVERITY_NOTE, is_yes, always, false,
	 "on CPUs of rcu_nocbs= callbacks that nobody waits for may stay queued for 10 s; "
	 "rcu_barrier() "
	 "hurries them before it waits, synchronize_rcu() never queues such a callback",
	 NULL},
	{"rcu-lazy", HOST_RCU_LAZY, SEVERITY_OK, is_no, always, false,
	 "no callback is lazy: rcu_barrier() has none to hurry", NULL},
	{"favordynmods", HOST_FAVORDYNMODS, SEVERITY_NOTE, is_no, always, false,
	 "who moves a process into a cgroup (a jailer, a kthread of vhost, of KVM before 6.13) "
	 "waits for a grace period of RCU",
	 "mount -o remount,favordynmods /sys/fs/cgroup (fork and exit of all processes take "
	 "slightly longer)"},
	{"favordynmods", HOST_FAVORDYNMODS, SEVERITY_OK, is_yes, always, false,
	 "who moves a process into a cgroup waits for no grace period of RCU", NULL},
	{"tdp-mmu", HOST_TDP_MMU, SEVERITY_NOTE, is_yes, always, false,
	 "with EPT or NPT the end of each VM waits in rcu_barrier(): for a grace period, then for "
	 "the callbacks of every CPU, and for whoever is in rcu_barrier() already",
	 "end VMs where nobody waits for it; rcu_expedited does not help here"},
	{"tdp-mmu", HOST_TDP_MMU, SEVERITY_OK, is_no, always, false,
	 "the end of a VM does not wait in rcu_barrier()", NULL},
	{"virt-at-load", HOST_VIRT_AT_LOAD, SEVERITY_OK, is_yes, always, false,
	 "virtualization is on as long as KVM is loaded: no VM's start or end switches it", NULL},
	{"virt-at-load", HOST_VIRT_AT_LOAD, SEVERITY_NOTE, is_no, always, false,
	 "the first KVM_CREATE_VM of the host, and its last VM's end, switch virtualization on and "
	 "off on every CPU",
	 "kvm.enable_virt_at_load=1, or one idle VM that stays"},
	{"virt-at-load", HOST_VIRT_AT_LOAD, SEVERITY_NOTE, is_missing, has_kvm_of_x86, false,
	 "the first KVM_CREATE_VM of the host, and its last VM's end, switch virtualization on and "
	 "off on every CPU",
	 "one idle VM that stays; kvm.enable_virt_at_load (b4886fab6fb6, Linux 6.12)"},
	{"nx-huge-pages", HOST_NX_HUGE_PAGES, SEVERITY_OK, is_never, always, false,
	 "no VM has a thread that recovers huge pages", NULL},
	{"nx-huge-pages", HOST_NX_HUGE_PAGES, SEVERITY_NOTE, is_not_never, recovers_by_kthread,
	 false,
	 "KVM_CREATE_VM makes a kthread that recovers huge pages and waits until it is in its "
	 "cgroups, which waits for RCU without favordynmods",
	 "kvm.nx_huge_pages=never, where the CPU has no such erratum (mitigation of "
	 "itlb_multihit: not affected)"},
	{"nx-huge-pages", HOST_NX_HUGE_PAGES, SEVERITY_NOTE, is_not_never, recovers_by_task, false,
	 "the first KVM_RUN of a VM makes a thread that recovers huge pages: it waits while "
	 "somebody moves a process into a cgroup",
	 "kvm.nx_huge_pages=never, where the CPU has no such erratum (mitigation of "
	 "itlb_multihit: not affected)"},
};
/* A timer of some jiffies may fire up to two later: see prospects. */
static void fill_timer(const struct host *host, enum host_param which, const char *text,
		       struct finding *finding, size_t len)
{
	unsigned int jiffies = host_param(host, which);
	uint32_t hz = host_hz(host);
	char value[64];

	if (hz) {
		finding->min_ms = jiffies * 1e3 / hz;
		finding->max_ms = (jiffies + 2) * 1e3 / hz;
	}
	jiffies_format(value, sizeof(value), hz, jiffies, jiffies + 2);
	finding_expand(finding->text + len, sizeof(finding->text) - len, text, value);
}
static void add_setting(const struct host *host, size_t i, struct findings *findings)
{
	struct finding *finding = findings_add(findings, SECTION_RCU, settings[i].name);
	const char *value = host->params[settings[i].param];
	size_t len, size = sizeof(finding->text);

	finding_set(finding, settings[i].severity, "", settings[i].remedy);
	len = *value ? snprintf(finding->text, size, "%s=%s: ", host_param_names[settings[i].param],
				value)
		     : snprintf(finding->text, size,
				"no %s: ", host_param_names[settings[i].param]);
	if (settings[i].is_timer)
		fill_timer(host, settings[i].param, settings[i].text, finding, len);
	else
		snprintf(finding->text + len, size - len, "%s", settings[i].text);
}

void settings_add(const struct host *host, struct findings *findings)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (settings[i].is(host->params[settings[i].param]) && settings[i].applies(host))
			add_setting(host, i, findings);
}
