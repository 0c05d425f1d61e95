// SPDX-License-Identifier: GPL-2.0-only
#include "kern/host_settings.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <zlib.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "kern/proc.h"

#define PATH_LEN 512

static const char *path_of(char buf[PATH_LEN], const char *root, const char *path)
{
	snprintf(buf, PATH_LEN, "%s%s", root, path);
	return buf;
}

static FILE *open_under(const char *root, const char *path)
{
	char buf[PATH_LEN];

	return fopen(path_of(buf, root, path), "re");
}

static bool exists(const char *root, const char *path)
{
	char buf[PATH_LEN];

	return !access(path_of(buf, root, path), F_OK);
}

/* The first line without its end; "" when there is none. */
static void get_line(const char *root, const char *path, char *buf, size_t size)
{
	_fclose_ FILE *file = open_under(root, path);

	*buf = '\0';
	if (file && fgets(buf, size, file))
		buf[strcspn(buf, "\n")] = '\0';
}

/* ---- the kernel ---- */

static void get_names(struct host *host)
{
	struct utsname names;

	if (uname(&names))
		return;
	snprintf(host->release, sizeof(host->release), "%s", names.release);
	snprintf(host->arch, sizeof(host->arch), "%s", names.machine);
}

/* "0-3" or "0": SRCU sizes itself by the last possible one. */
static void get_cpus(const char *root, struct host *host)
{
	char line[128];
	const char *last;

	get_line(root, "/sys/devices/system/cpu/possible", line, sizeof(line));
	last = line + strlen(line);
	while (last > line && last[-1] >= '0' && last[-1] <= '9')
		last--;
	if (*last)
		host->cpus = strtoul(last, NULL, 10) + 1;
}

static const struct {
	const char *line;
	const char *name;
} preemptions[] = {
	{"CONFIG_PREEMPT_RT=y\n", "realtime"},
	{"CONFIG_PREEMPT_NONE=y\n", "none"},
	{"CONFIG_PREEMPT_VOLUNTARY=y\n", "voluntary"},
	{"CONFIG_PREEMPT_LAZY=y\n", "lazy"},
	{"CONFIG_PREEMPT=y\n", "full"},
};

static void read_config_line(const char *line, struct host *host)
{
	if (!strncmp(line, "CONFIG_HZ=", 10))
		host->config_hz = strtoul(line + 10, NULL, 10);
	if (!strcmp(line, "CONFIG_PREEMPT_DYNAMIC=y\n"))
		host->is_dynamic = true;
	for (size_t i = 0; i < sizeof(preemptions) / sizeof(preemptions[0]); i++)
		if (!strcmp(line, preemptions[i].line))
			snprintf(host->preemption, sizeof(host->preemption), "%s",
				 preemptions[i].name);
}

/* @line's text between two characters, if both are there. */
static void get_between(const char *line, char from, char to, char *buf, size_t size)
{
	const char *begin = strchr(line, from), *end = begin ? strchr(begin, to) : NULL;

	if (end)
		snprintf(buf, size, "%.*s", (int)(end - begin - 1), begin + 1);
}

/* The config has the default, the command line what was asked for, debugfs the truth. */
static void get_dynamic_preemption(const char *root, struct host *host)
{
	char line[4096];
	const char *asked;

	get_line(root, "/proc/cmdline", line, sizeof(line));
	asked = strstr(line, " preempt=");
	if (asked)
		snprintf(host->preemption, sizeof(host->preemption), "%.*s",
			 (int)strcspn(asked + 9, " "), asked + 9);
	get_line(root, "/sys/kernel/debug/sched/preempt", line, sizeof(line));
	get_between(line, '(', ')', host->preemption, sizeof(host->preemption));
}

/* zlib reads what is not compressed as it is: one reader for both places. */
static void get_config(const char *root, struct host *host)
{
	char path[PATH_LEN], boot[sizeof(host->release) + 16], line[512];
	gzFile file;

	snprintf(boot, sizeof(boot), "/boot/config-%s", host->release);
	file = gzopen(path_of(path, root, "/proc/config.gz"), "rbe");
	if (!file)
		file = gzopen(path_of(path, root, boot), "rbe");
	if (!file)
		return;
	while (gzgets(file, line, sizeof(line)))
		read_config_line(line, host);
	gzclose(file);
	if (host->is_dynamic)
		get_dynamic_preemption(root, host);
}

/* "none [integrity] confidentiality" */
static void get_lockdown(const char *root, struct host *host)
{
	char line[128];

	get_line(root, "/sys/kernel/security/lockdown", line, sizeof(line));
	get_between(line, '[', ']', host->lockdown, sizeof(host->lockdown));
}

/* ---- KVM ---- */

static void get_kvm(const char *root, struct host *host)
{
	char path[PATH_LEN];
	_close_ int fd = open(path_of(path, root, "/dev/kvm"), O_RDWR | O_CLOEXEC);

	host->dev_kvm_errno = fd < 0 ? errno : 0;
	host->is_kvm_ready = fd >= 0 || exists(root, "/sys/class/misc/kvm");
}

/* ---- privileges ---- */

static const int cap_bits[HOST_CAP_CNT] = {
	[HOST_CAP_BPF] = 39,
	[HOST_CAP_PERFMON] = 38,
	[HOST_CAP_SYS_ADMIN] = 21,
	[HOST_CAP_SYSLOG] = 34,
};

static void get_caps(const char *root, struct host *host)
{
	_fclose_ FILE *file = open_under(root, "/proc/self/status");
	char line[256];
	uint64_t bits;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "CapEff: %" SCNx64, &bits) != 1)
			continue;
		host->are_caps_known = true;
		for (int cap = 0; cap < HOST_CAP_CNT; cap++)
			if (bits & (1ULL << cap_bits[cap]))
				host->caps |= 1u << cap;
	}
}

/* Only the first user namespace maps all ids to themselves. */
static void get_user_ns(const char *root, struct host *host)
{
	unsigned long inside, outside, cnt;
	char line[128];

	get_line(root, "/proc/self/uid_map", line, sizeof(line));
	if (sscanf(line, "%lu %lu %lu", &inside, &outside, &cnt) == 3)
		host->is_user_ns = inside || outside || cnt != UINT32_MAX;
}

/* ---- settings ---- */

static const char *const param_paths[HOST_PARAM_CNT] = {
	[HOST_RCU_NORMAL] = "/sys/kernel/rcu_normal",
	[HOST_RCU_EXPEDITED] = "/sys/kernel/rcu_expedited",
	[HOST_EXP_HOLDOFF] = "/sys/module/srcutree/parameters/exp_holdoff",
	[HOST_CONVERT_TO_BIG] = "/sys/module/srcutree/parameters/convert_to_big",
	[HOST_BIG_CPU_LIM] = "/sys/module/srcutree/parameters/big_cpu_lim",
	[HOST_RETRY_CHECK_DELAY] = "/sys/module/srcutree/parameters/srcu_retry_check_delay",
	[HOST_MAX_NODELAY] = "/sys/module/srcutree/parameters/srcu_max_nodelay",
	[HOST_MAX_NODELAY_PHASE] = "/sys/module/srcutree/parameters/srcu_max_nodelay_phase",
	[HOST_NX_HUGE_PAGES] = "/sys/module/kvm/parameters/nx_huge_pages",
	[HOST_APICV] = "/sys/module/kvm_intel/parameters/enable_apicv",
	[HOST_AVIC] = "/sys/module/kvm_amd/parameters/avic",
	[HOST_FIRST_FQS] = "/sys/module/rcutree/parameters/jiffies_till_first_fqs",
	[HOST_WAKE_FROM_GP] = "/sys/module/rcutree/parameters/rcu_normal_wake_from_gp",
	[HOST_RCU_LAZY] = "/sys/module/rcutree/parameters/enable_rcu_lazy",
	[HOST_TDP_MMU] = "/sys/module/kvm/parameters/tdp_mmu",
	[HOST_VIRT_AT_LOAD] = "/sys/module/kvm/parameters/enable_virt_at_load",
};

/*
 * All hierarchies have the one rwsem that the option is about (v6.0 6a010a49b63a "cgroup: Make
 * !percpu threadgroup_rwsem operations optional"): one mount that has it is enough.
 */
static void get_favordynmods(const char *root, struct host *host)
{
	_fclose_ FILE *file = open_under(root, "/proc/self/mounts");
	char line[1024], type[16], options[512], *text = host->params[HOST_FAVORDYNMODS];

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*s %*s %15s %511s", type, options) != 2 ||
		    strncmp(type, "cgroup", 6) != 0)
			continue;
		if (strstr(options, "favordynmods"))
			*text = '1';
		else if (!*text)
			*text = '0';
	}
}

static void get_params(const char *root, struct host *host)
{
	for (int i = 0; i < HOST_PARAM_CNT; i++)
		if (param_paths[i])
			get_line(root, param_paths[i], host->params[i], sizeof(host->params[i]));
	get_favordynmods(root, host);
}

/* 0: there is none */
static uint64_t limit_of(int resource)
{
	struct rlimit limit;

	return getrlimit(resource, &limit) || limit.rlim_max == RLIM_INFINITY ? 0 : limit.rlim_max;
}

/* The soft one, which to raise is the user's business; 0: there is none. */
static uint64_t soft_limit_of(int resource)
{
	struct rlimit limit;

	return getrlimit(resource, &limit) || limit.rlim_cur == RLIM_INFINITY ? 0 : limit.rlim_cur;
}

static void get_limits(struct host *host)
{
	host->fds_max = limit_of(RLIMIT_NOFILE);
	host->memory_max = soft_limit_of(RLIMIT_AS);
	host->data_max = soft_limit_of(RLIMIT_DATA);
}

/* No machine has as much: cgroup v1 says so where there is no limit. */
#define NO_LIMIT (1ULL << 50)

/* Of the control group @path, and of those that it is in, the least limit. */
static void get_group_limit(const char *root, const char *mount, char *path, const char *name,
			    struct host *host)
{
	char file[PATH_LEN], text[32], *slash;
	uint64_t max;

	do {
		slash = strrchr(path, '/');
		snprintf(file, sizeof(file), "%s%.300s/%s", mount, path, name);
		get_line(root, file, text, sizeof(text));
		if (parse_u64(text, &max) && max < NO_LIMIT &&
		    (!host->group_max || max < host->group_max))
			host->group_max = max;
		if (slash)
			*slash = '\0';
	} while (slash);
}

/* Lines are "0::/path" (v2) and "4:memory:/path" (v1); cgroups(7). */
static void get_group_limits(const char *root, struct host *host)
{
	_fclose_ FILE *file = open_under(root, "/proc/self/cgroup");
	char line[PATH_LEN];

	while (file && fgets(line, sizeof(line), file)) {
		char *which = strchr(line, ':'), *path = which ? strchr(which + 1, ':') : NULL;

		if (!path)
			continue;
		*path++ = '\0';
		path[strcspn(path, "\n")] = '\0';
		if (!strcmp(which, ":"))
			get_group_limit(root, "/sys/fs/cgroup", path, "memory.max", host);
		else if (!strcmp(which, ":memory"))
			get_group_limit(root, "/sys/fs/cgroup/memory", path,
					"memory.limit_in_bytes", host);
	}
}

static void get_stack_max(const char *root, struct host *host)
{
	char text[32];
	uint64_t max;

	get_line(root, "/proc/sys/kernel/perf_event_max_stack", text, sizeof(text));
	host->is_stack_max_known = parse_u64(text, &max) && max <= UINT32_MAX;
	if (host->is_stack_max_known)
		host->stack_max = max;
}

void host_read(const char *root, struct host *host)
{
	*host = (struct host){.lacks_sysfs = !exists(root, "/sys/kernel")};
	get_names(host);
	get_cpus(root, host);
	get_config(root, host);
	get_lockdown(root, host);
	get_kvm(root, host);
	get_caps(root, host);
	get_user_ns(root, host);
	host->is_pid_ns = proc_pid_ns() == PROC_PID_NS_OTHER;
	get_params(root, host);
	get_limits(host);
	get_group_limits(root, host);
	get_stack_max(root, host);
}

bool host_has_kvm(void)
{
	const char *path = getenv("KVMSTALL_KVM_DEVICE");

	/* KVM registers it when it is ready to make VMs. Not /dev/kvm: that may be there before the
	 * module (static nodes), and not here in spite of it (containers). */
	if (!path && access("/sys/kernel", F_OK))
		return true; /* without /sys nobody knows, and that is what to report */
	return !access(path ? path : "/sys/class/misc/kvm", F_OK);
}
