// SPDX-License-Identifier: GPL-2.0-only
#include "host/diagnosis.h"
#include "host/host.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/format.h"

#define RUN_AS_ROOT                                                                                \
	"run as root, or with CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN (BTF of modules) and "           \
	"CAP_SYSLOG (kernel addresses)"
#define LOAD_KVM                                                                                   \
	"load KVM's module (x86: modprobe kvm_intel or kvm_amd); virtualization must be on in "    \
	"the firmware, in a VM nested virtualization"
/* The tracepoint backend has 45 open, one that attaches to functions up to two a program and more.
 */
#define FILES_NEEDED 192
/* Measured on 6.18.44: 40 MB do with a ring buffer of 8 MiB, which is mapped twice; of data 20 MB.
 */
#define MEMORY_NEEDED	(32 << 20)
#define DATA_NEEDED	(20 << 20)
#define RING_BYTES	(8 << 20)
#define CONVERT_CONTEND 0x10 /* of convert_to_big: also when there is contention */

const char *const severity_names[SEVERITY_CNT] = {"info", "ok", "note", "problem", "fatal"};

const char *const section_names[SECTION_CNT] = {
	"kernel", "privileges", "backends", "srcu", "rcu", "outlook",
};

/* ---- findings ---- */

struct finding *findings_add(struct findings *findings, enum section section, const char *name)
{
	struct finding *finding;

	if (findings->cnt < FINDINGS_MAX)
		findings->cnt++;
	finding = &findings->list[findings->cnt - 1];
	*finding = (struct finding){.section = section, .name = name};
	return finding;
}

static void set(struct finding *finding, enum severity severity, const char *text,
		const char *remedy)
{
	finding->severity = severity;
	snprintf(finding->text, sizeof(finding->text), "%s", text);
	snprintf(finding->remedy, sizeof(finding->remedy), "%s", remedy ? remedy : "");
}

int diagnosis_status(const struct findings *findings)
{
	enum severity worst = SEVERITY_INFO;

	for (size_t i = 0; i < findings->cnt; i++)
		if (findings->list[i].severity > worst)
			worst = findings->list[i].severity;
	return worst == SEVERITY_FATAL ? 3 : worst == SEVERITY_PROBLEM;
}

/* ---- what the facts say ---- */

static bool has_cap(const struct host *host, enum host_cap cap)
{
	return host->caps & (1u << cap);
}

bool diagnosis_lacks_caps(const struct host *host)
{
	if (host->is_user_ns)
		return true;
	if (!host->are_caps_known || has_cap(host, HOST_CAP_SYS_ADMIN))
		return false;
	return !has_cap(host, HOST_CAP_BPF) || !has_cap(host, HOST_CAP_PERFMON);
}

/* -1: not known */
static long param(const struct host *host, enum host_param which)
{
	const char *text = host->params[which];

	return *text ? strtol(text, NULL, 0) : -1;
}

static bool is_x86(const struct host *host)
{
	return !strcmp(host->arch, "x86_64");
}

/* ---- the kernel ---- */

static void fill_release(const struct host *host, struct finding *finding)
{
	size_t size = sizeof(finding->text);
	int len = snprintf(finding->text, size, "%s, %s", host->release, host->arch);

	if (host->cpus)
		snprintf(finding->text + len, size - len, ", %u CPU%s", host->cpus,
			 format_s(host->cpus));
}

static void fill_sysfs(const struct host *host, struct finding *finding)
{
	if (host->lacks_sysfs)
		set(finding, SEVERITY_FATAL,
		    "there is no /sys: neither the kernel's types nor KVM can be found",
		    "mount -t sysfs sysfs /sys");
}

static void fill_tick(const struct host *host, struct finding *finding)
{
	uint32_t hz = host_hz(host);

	if (!hz) {
		set(finding, SEVERITY_NOTE, "HZ is not known: what follows is in jiffies", NULL);
		return;
	}
	snprintf(finding->text, sizeof(finding->text), "HZ=%u (%s): a jiffy is %.3g ms", hz,
		 host->measured_hz ? "measured" : "configured", 1000.0 / hz);
}

static void fill_preemption(const struct host *host, struct finding *finding)
{
	if (*host->preemption)
		snprintf(finding->text, sizeof(finding->text), "%s%s", host->preemption,
			 host->is_dynamic ? ", dynamic" : "");
}

static void fill_kvm(const struct host *host, struct finding *finding)
{
	switch (host->kvm) {
	case HOST_KVM_ABSENT:
		set(finding, SEVERITY_FATAL, "this kernel has no KVM, or its module is not loaded",
		    LOAD_KVM);
		return;
	case HOST_KVM_UNKNOWN:
		set(finding, SEVERITY_FATAL,
		    "/proc/kallsyms cannot be read, which has the kernel's addresses",
		    "mount -t proc proc /proc");
		return;
	default:
		break;
	}
	if (host->is_kvm_ready)
		set(finding, SEVERITY_OK, host->kvm == HOST_KVM_MODULE ? "a module" : "built in",
		    NULL);
	else
		set(finding, SEVERITY_FATAL, "KVM's code is here, but no processor support",
		    LOAD_KVM);
}

static void fill_types(const struct host *host, struct finding *finding)
{
	if (!host->are_types_known || host->kvm == HOST_KVM_ABSENT)
		return;
	if (host->has_kvm_types)
		set(finding, SEVERITY_OK, "KVM's types are known", NULL);
	else if (host->are_caps_known && !has_cap(host, HOST_CAP_SYS_ADMIN))
		return; /* the line of capabilities says so */
	else
		set(finding, SEVERITY_FATAL, "KVM's types are in no BTF",
		    "a kernel with CONFIG_DEBUG_INFO_BTF_MODULES=y");
}

static void fill_device(const struct host *host, struct finding *finding)
{
	switch (host->dev_kvm_errno) {
	case 0:
		set(finding, SEVERITY_OK, "/dev/kvm can be opened", NULL);
		return;
	case ENOENT:
		if (host->is_kvm_ready)
			set(finding, SEVERITY_PROBLEM,
			    "no /dev/kvm here: others' VMs can be traced, repro cannot make any",
			    "in a container: give it the device (--device /dev/kvm)");
		return; /* without KVM nobody expects it */
	case EACCES:
	case EPERM:
		set(finding, SEVERITY_PROBLEM, "/dev/kvm may not be opened: repro makes no VMs",
		    "run as root or in group kvm; in a container: give it the device");
		return;
	default:
		snprintf(finding->text, sizeof(finding->text), "/dev/kvm cannot be opened: %s",
			 strerror(host->dev_kvm_errno));
		snprintf(finding->remedy, sizeof(finding->remedy), LOAD_KVM);
		finding->severity = SEVERITY_PROBLEM;
	}
}

/* ---- privileges ---- */

/* Only CAP_SYS_ADMIN sees the BTF of modules, and KVM's functions are in one. */
static bool lacks_module_cap(const struct host *host)
{
	return host->kvm == HOST_KVM_MODULE && !has_cap(host, HOST_CAP_SYS_ADMIN);
}

static void fill_caps(const struct host *host, struct finding *finding)
{
	size_t len = 0, size = sizeof(finding->text);
	const char *separator = "missing: ";

	if (!host->are_caps_known)
		return;
	for (int cap = 0; cap < HOST_CAP_CNT; cap++) {
		if (has_cap(host, cap))
			continue;
		len += snprintf(finding->text + len, size - len, "%s%s", separator,
				host_cap_name(cap));
		separator = ", ";
	}
	if (!len) {
		set(finding, SEVERITY_OK, "all that is needed", NULL);
		return;
	}
	finding->severity = lacks_module_cap(host) || diagnosis_lacks_caps(host) ? SEVERITY_FATAL
										 : SEVERITY_NOTE;
	snprintf(finding->remedy, sizeof(finding->remedy), RUN_AS_ROOT);
}

static void fill_user_ns(const struct host *host, struct finding *finding)
{
	if (host->is_user_ns)
		set(finding, SEVERITY_FATAL,
		    "in a user namespace: capabilities here do not count for BPF",
		    "run on the host, or in a container without a user namespace");
}

static void fill_pid_ns(const struct host *host, struct finding *finding)
{
	if (host->is_pid_ns)
		set(finding, SEVERITY_NOTE,
		    "in a PID namespace: VMs of processes outside of it are seen from their first "
		    "call on, "
		    "under ids above 4194304",
		    "run in the host's PID namespace (docker --pid=host, hostPID: true)");
}

static void fill_addresses(const struct host *host, struct finding *finding)
{
	if (host->kvm == HOST_KVM_UNKNOWN)
		return;
	if (host->has_addresses)
		set(finding, SEVERITY_OK, "kernel addresses can be read", NULL);
	else
		set(finding, SEVERITY_FATAL, "/proc/kallsyms hides kernel addresses",
		    "CAP_SYSLOG (root has it), and sysctl kernel.kptr_restrict below 2");
}

static void fill_lockdown(const struct host *host, struct finding *finding)
{
	if (!strcmp(host->lockdown, "confidentiality"))
		set(finding, SEVERITY_FATAL, "confidentiality: BPF may not read kernel memory",
		    "boot with lockdown=integrity");
	else
		set(finding, SEVERITY_OK, *host->lockdown ? host->lockdown : "none", NULL);
}

static void fill_files(const struct host *host, struct finding *finding)
{
	if (!host->fds_max || host->fds_max >= FILES_NEEDED)
		return;
	finding->severity = SEVERITY_FATAL;
	snprintf(finding->text, sizeof(finding->text),
		 "%" PRIu64 " files may be open, and programs and maps take up to %d",
		 host->fds_max, FILES_NEEDED);
	snprintf(finding->remedy, sizeof(finding->remedy),
		 "raise the hard limit: ulimit -Hn, LimitNOFILE= of a service");
}

static void lack_memory(struct finding *finding, const char *of, uint64_t max, uint64_t needed,
			const char *remedy)
{
	finding->severity = SEVERITY_FATAL;
	snprintf(finding->text, sizeof(finding->text),
		 "%" PRIu64 " KiB of %s are allowed, and %" PRIu64 " KiB are needed", max >> 10, of,
		 needed >> 10);
	snprintf(finding->remedy, sizeof(finding->remedy), "raise the limit: %s of a service",
		 remedy);
}

static void fill_memory(const struct host *host, struct finding *finding)
{
	uint64_t ring = host->ring_bytes ? host->ring_bytes : RING_BYTES;
	uint64_t needed = MEMORY_NEEDED + 2 * ring;

	if (host->memory_max && host->memory_max < needed)
		lack_memory(finding, "address space", host->memory_max, needed,
			    "ulimit -v, LimitAS=");
	else if (host->data_max && host->data_max < DATA_NEEDED)
		lack_memory(finding, "data", host->data_max, DATA_NEEDED, "ulimit -d, LimitDATA=");
}

/* ---- SRCU's settings ---- */

static void fill_register(const struct host *host, struct finding *finding)
{
	if (!host->are_types_known || !host->has_kvm_types)
		set(finding, SEVERITY_INFO, "not known", NULL);
	else if (host->defers_register)
		set(finding, SEVERITY_INFO,
		    "kvm_io_bus_register_dev() defers: call_srcu() (7d9a0273c459, Linux 6.18)",
		    NULL);
	else
		set(finding, SEVERITY_INFO,
		    "kvm_io_bus_register_dev() waits: synchronize_srcu_expedited()", NULL);
}

static void fill_params(const struct host *host, struct finding *finding)
{
	size_t len = 0, size = sizeof(finding->text);

	for (int i = 0; i < HOST_FIRST_FQS && len < size; i++)
		if (*host->params[i])
			len += snprintf(finding->text + len, size - len, "%s%s=%s", len ? " " : "",
					host_param_names[i], host->params[i]);
}

/* A row without text has nothing to say here. */
static const struct {
	enum section section;
	const char *name;
	void (*fill)(const struct host *host, struct finding *finding);
} facts[] = {
	{SECTION_KERNEL, "release", fill_release},
	{SECTION_KERNEL, "sysfs", fill_sysfs},
	{SECTION_KERNEL, "tick", fill_tick},
	{SECTION_KERNEL, "preemption", fill_preemption},
	{SECTION_KERNEL, "kvm", fill_kvm},
	{SECTION_KERNEL, "kvm-btf", fill_types},
	{SECTION_KERNEL, "device", fill_device},
	{SECTION_PRIVILEGES, "user-ns", fill_user_ns},
	{SECTION_PRIVILEGES, "pid-ns", fill_pid_ns},
	{SECTION_PRIVILEGES, "capabilities", fill_caps},
	/* Before what cannot be read for want of them. */
	{SECTION_PRIVILEGES, "files", fill_files},
	{SECTION_PRIVILEGES, "memory", fill_memory},
	{SECTION_PRIVILEGES, "addresses", fill_addresses},
	{SECTION_PRIVILEGES, "lockdown", fill_lockdown},
	{SECTION_SRCU, "register-dev", fill_register},
	{SECTION_SRCU, "parameters", fill_params},
};

/* ---- what follows for stalls ---- */

static bool is_normal(const struct host *host)
{
	return param(host, HOST_RCU_NORMAL) > 0; /* wins over rcu_expedited */
}

static bool is_auto(const struct host *host)
{
	return !is_normal(host);
}

static bool is_expedited(const struct host *host)
{
	return param(host, HOST_RCU_EXPEDITED) > 0;
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
	return is_x86(host) && is_auto(host) && !is_expedited(host) &&
	       param(host, HOST_EXP_HOLDOFF) != 0;
}

static bool close_is_expedited(const struct host *host)
{
	return is_auto(host) && is_expedited(host);
}

static bool never_expedites(const struct host *host)
{
	return is_auto(host) && !is_expedited(host) && param(host, HOST_EXP_HOLDOFF) == 0;
}

static bool uses_boot_cpu(const struct host *host)
{
	return host->cpus > 1 && (param(host, HOST_CONVERT_TO_BIG) & ~CONVERT_CONTEND) == 0;
}

/* ---- plain RCU's settings, and KVM's that make its calls wait for RCU ---- */

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
	return is_x86(host) && knows(host, HOST_TDP_MMU);
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
	 "on CPUs of rcu_nocbs= callbacks that nobody waits for may lie for 10 s; rcu_barrier() "
	 "hurries them before it waits, synchronize_rcu() never has such a one",
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

static void format_limit(char *buf, size_t size, uint32_t hz, unsigned int max)
{
	if (hz)
		snprintf(buf, size, "%.3g ms", max * 1e3 / hz);
	else
		snprintf(buf, size, "%u jiffies", max);
}

static void format_range(char *buf, size_t size, uint32_t hz, unsigned int min, unsigned int max)
{
	char limit[24];

	format_limit(limit, sizeof(limit), hz, max);
	if (!hz && min)
		snprintf(buf, size, "%u-%s", min, limit);
	else if (!hz)
		snprintf(buf, size, "up to %s", limit);
	else if (min)
		snprintf(buf, size, "%.3g-%s (%u-%u jiffies)", min * 1e3 / hz, limit, min, max);
	else
		snprintf(buf, size, "up to %s (%u jiffies)", limit, max);
}

/* @template with @value for its {}, if it has one. */
static void expand(char *buf, size_t size, const char *template, const char *value)
{
	const char *hole = strstr(template, "{}");

	if (hole)
		snprintf(buf, size, "%.*s%s%s", (int)(hole - template), template, value, hole + 2);
	else
		snprintf(buf, size, "%s", template);
}

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
	format_range(value, sizeof(value), hz, prospects[i].min, prospects[i].max);
	expand(finding->text, sizeof(finding->text), prospects[i].text, value);
	if (!prospects[i].remedy)
		return;
	format_limit(value, sizeof(value), hz, prospects[i].max);
	expand(finding->remedy, sizeof(finding->remedy), prospects[i].remedy, value);
}

/* A timer of some jiffies may fire up to two later: see prospects. */
static void fill_timer(const struct host *host, enum host_param which, const char *text,
		       struct finding *finding, size_t len)
{
	unsigned int jiffies = param(host, which);
	uint32_t hz = host_hz(host);
	char value[64];

	if (hz) {
		finding->min_ms = jiffies * 1e3 / hz;
		finding->max_ms = (jiffies + 2) * 1e3 / hz;
	}
	format_range(value, sizeof(value), hz, jiffies, jiffies + 2);
	expand(finding->text + len, sizeof(finding->text) - len, text, value);
}

static void add_setting(const struct host *host, size_t i, struct findings *findings)
{
	struct finding *finding = findings_add(findings, SECTION_RCU, settings[i].name);
	const char *value = host->params[settings[i].param];
	size_t len, size = sizeof(finding->text);

	set(finding, settings[i].severity, "", settings[i].remedy);
	len = *value ? snprintf(finding->text, size, "%s=%s: ", host_param_names[settings[i].param],
				value)
		     : snprintf(finding->text, size,
				"no %s: ", host_param_names[settings[i].param]);
	if (settings[i].is_timer)
		fill_timer(host, settings[i].param, settings[i].text, finding, len);
	else
		snprintf(finding->text + len, size - len, "%s", settings[i].text);
}

static void add_fact(const struct host *host, size_t i, struct findings *findings)
{
	struct finding *finding = findings_add(findings, facts[i].section, facts[i].name);

	facts[i].fill(host, finding);
	if (!*finding->text)
		findings->cnt--;
}

void diagnosis_make(const struct host *host, struct findings *findings)
{
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		add_fact(host, i, findings);
	if (host->kvm == HOST_KVM_ABSENT)
		return;
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (settings[i].is(host->params[settings[i].param]) && settings[i].applies(host))
			add_setting(host, i, findings);
	for (size_t i = 0; i < sizeof(prospects) / sizeof(prospects[0]); i++)
		if (prospects[i].applies(host))
			add_prospect(host, i, findings);
}
