// SPDX-License-Identifier: GPL-2.0-only
#include "host/diagnosis.h"
#include "host/finding.h"
#include "host/host.h"
#include "host/prospect.h"
#include "host/setting.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kvmstall/records.h>

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
#define MEMORY_NEEDED (32 << 20)
#define DATA_NEEDED   (20 << 20)
/* Measured on 6.18.44, without the ring buffer, of a control group, where what the kernel takes for
 * us counts as well: with 40 MB it kills. Unless it does not count its own (cgroup.memory=nokmem):
 * user space's are 20 MB. */
#define GROUP_NEEDED  (42 << 20)
#define GROUP_REFUSED (20 << 20)
#define RING_BYTES    (8 << 20)
/* Of a stack: those that a record has, and two of the program that takes it. */
#define FRAMES_NEEDED (KS_STACK_MAX + 2)

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
		finding_set(finding, SEVERITY_FATAL,
			    "there is no /sys: neither the kernel's types nor KVM can be found",
			    "mount -t sysfs sysfs /sys");
}

static void fill_tick(const struct host *host, struct finding *finding)
{
	uint32_t hz = host_hz(host);

	if (!hz) {
		finding_set(finding, SEVERITY_NOTE, "HZ is not known: what follows is in jiffies",
			    NULL);
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
		finding_set(finding, SEVERITY_FATAL,
			    "this kernel has no KVM, or its module is not loaded", LOAD_KVM);
		return;
	case HOST_KVM_UNKNOWN:
		finding_set(finding, SEVERITY_FATAL,
			    "/proc/kallsyms cannot be read, which has the kernel's addresses",
			    "mount -t proc proc /proc");
		return;
	default:
		break;
	}
	if (host->is_kvm_ready)
		finding_set(finding, SEVERITY_OK,
			    host->kvm == HOST_KVM_MODULE ? "a module" : "built in", NULL);
	else
		finding_set(finding, SEVERITY_FATAL, "KVM's code is here, but no processor support",
			    LOAD_KVM);
}

static void fill_types(const struct host *host, struct finding *finding)
{
	if (!host->are_types_known || host->kvm == HOST_KVM_ABSENT)
		return;
	if (host->has_kvm_types)
		finding_set(finding, SEVERITY_OK, "KVM's types are known", NULL);
	else if (host->are_caps_known && !has_cap(host, HOST_CAP_SYS_ADMIN))
		return; /* the line of capabilities says so */
	else
		finding_set(finding, SEVERITY_FATAL, "KVM's types are in no BTF",
			    "a kernel with CONFIG_DEBUG_INFO_BTF_MODULES=y");
}

static void fill_device(const struct host *host, struct finding *finding)
{
	switch (host->dev_kvm_errno) {
	case 0:
		finding_set(finding, SEVERITY_OK, "/dev/kvm can be opened", NULL);
		return;
	case ENOENT:
		if (host->is_kvm_ready)
			finding_set(finding, SEVERITY_PROBLEM,
				    "no /dev/kvm here: others' VMs can be traced, repro cannot "
				    "make any",
				    "in a container: give it the device (--device /dev/kvm)");
		return; /* without KVM nobody expects it */
	case EACCES:
	case EPERM:
		finding_set(finding, SEVERITY_PROBLEM,
			    "/dev/kvm may not be opened: repro makes no VMs",
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
		finding_set(finding, SEVERITY_OK, "all that is needed", NULL);
		return;
	}
	finding->severity = lacks_module_cap(host) || diagnosis_lacks_caps(host) ? SEVERITY_FATAL
										 : SEVERITY_NOTE;
	snprintf(finding->remedy, sizeof(finding->remedy), RUN_AS_ROOT);
}

static void fill_user_ns(const struct host *host, struct finding *finding)
{
	if (host->is_user_ns)
		finding_set(finding, SEVERITY_FATAL,
			    "in a user namespace: capabilities here do not count for BPF",
			    "run on the host, or in a container without a user namespace");
}

static void fill_pid_ns(const struct host *host, struct finding *finding)
{
	if (host->is_pid_ns)
		finding_set(finding, SEVERITY_NOTE,
			    "in a PID namespace: VMs of processes outside of it are seen from "
			    "their first "
			    "call on, "
			    "under ids above 4194304",
			    "run in the host's PID namespace (docker --pid=host, hostPID: true)");
}

static void fill_addresses(const struct host *host, struct finding *finding)
{
	if (host->kvm == HOST_KVM_UNKNOWN)
		return;
	if (host->has_addresses)
		finding_set(finding, SEVERITY_OK, "kernel addresses can be read", NULL);
	else
		finding_set(finding, SEVERITY_FATAL, "/proc/kallsyms hides kernel addresses",
			    "CAP_SYSLOG (root has it), and sysctl kernel.kptr_restrict below 2");
}

static void fill_lockdown(const struct host *host, struct finding *finding)
{
	if (!strcmp(host->lockdown, "confidentiality"))
		finding_set(finding, SEVERITY_FATAL,
			    "confidentiality: BPF may not read kernel memory",
			    "boot with lockdown=integrity");
	else
		finding_set(finding, SEVERITY_OK, *host->lockdown ? host->lockdown : "none", NULL);
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

/* The kernel kills who needs more. */
static void fill_group(const struct host *host, uint64_t ring, struct finding *finding)
{
	if (!host->group_max || host->group_max >= GROUP_NEEDED + ring)
		return;
	lack_memory(finding, "a control group's memory", host->group_max, GROUP_NEEDED + ring,
		    "memory.max of the group or a container, MemoryMax=");
	if (host->group_max >= GROUP_REFUSED)
		finding->severity = SEVERITY_PROBLEM;
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
	else
		fill_group(host, ring, finding);
}

/* Of BPF's stacks as of perf's: kernel/bpf/stackmap.c, from 6.1 to 7.3. */
static void fill_stacks(const struct host *host, struct finding *finding)
{
	if (!host->is_stack_max_known || host->stack_max >= FRAMES_NEEDED)
		return;
	finding->severity = SEVERITY_PROBLEM;
	snprintf(
		finding->text, sizeof(finding->text),
		"kernel.perf_event_max_stack=%u: stacks have no more frames, and up to %d say what "
		"a call waits for: waits are missing or unexplained",
		host->stack_max, FRAMES_NEEDED);
	snprintf(finding->remedy, sizeof(finding->remedy),
		 "sysctl kernel.perf_event_max_stack=127 (while nobody traces stacks)");
}

/* An iterator has no stack of who is on a CPU: its clock does. */
static void fill_sampling(const struct host *host, struct finding *finding)
{
	if (!host->sample_errno || diagnosis_lacks_caps(host))
		return;
	finding->severity = SEVERITY_PROBLEM;
	snprintf(finding->text, sizeof(finding->text),
		 "perf_event_open(2): %s: a reader that is on a CPU is not named",
		 strerror(host->sample_errno));
	snprintf(finding->remedy, sizeof(finding->remedy),
		 "in a container: allow perf_event_open in its seccomp profile");
}

/* ---- SRCU's settings ---- */

static void fill_register(const struct host *host, struct finding *finding)
{
	if (!host->are_types_known || !host->has_kvm_types)
		finding_set(finding, SEVERITY_INFO, "not known", NULL);
	else if (host->defers_register)
		finding_set(
			finding, SEVERITY_INFO,
			"kvm_io_bus_register_dev() defers: call_srcu() (7d9a0273c459, Linux 6.18)",
			NULL);
	else
		finding_set(finding, SEVERITY_INFO,
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
	{SECTION_PRIVILEGES, "stacks", fill_stacks},
	{SECTION_PRIVILEGES, "sampling", fill_sampling},
	{SECTION_PRIVILEGES, "addresses", fill_addresses},
	{SECTION_PRIVILEGES, "lockdown", fill_lockdown},
	{SECTION_SRCU, "register-dev", fill_register},
	{SECTION_SRCU, "parameters", fill_params},
};
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
	settings_add(host, findings);
	prospects_add(host, findings);
}
