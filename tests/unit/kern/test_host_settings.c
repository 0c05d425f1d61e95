// SPDX-License-Identifier: GPL-2.0-only
/* Files in a folder that stands for "/": read as a host, judged as one. */
#include "kern/host_settings.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/diagnosis.h"
#include "host/finding.h"
#include "unit.h"

#define PATH_LEN 256

static char root[] = "/tmp/test_host_settings.XXXXXX";

#define RCUTREE "/sys/module/rcutree/parameters/"
#define KVM	"/sys/module/kvm/parameters/"
#define MOUNTS	"/proc/self/mounts"

static void make_folders(char *path)
{
	for (char *slash = path + sizeof(root); (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
}

static void fake(const char *name, const char *text)
{
	char path[PATH_LEN];
	FILE *file;

	snprintf(path, sizeof(path), "%s%s", root, name);
	make_folders(path);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void take_away(const char *name)
{
	char path[PATH_LEN];

	snprintf(path, sizeof(path), "%s%s", root, name);
	assert_true(!unlink(path) || errno == ENOENT);
}

static void diagnose(bool has_nx_kthread, struct findings *findings)
{
	struct host host;

	host_read(root, &host);
	host.kvm = HOST_KVM_BUILTIN; /* what else is no file's */
	host.measured_hz = 250;
	host.has_nx_kthread = has_nx_kthread;
	snprintf(host.arch, sizeof(host.arch), "x86_64");
	diagnosis_make(&host, findings);
}

static const struct finding *find(const struct findings *findings, const char *name)
{
	for (size_t i = 0; i < findings->cnt; i++)
		if (!strcmp(findings->list[i].name, name))
			return &findings->list[i];
	return NULL;
}

static const struct {
	const char *file, *value, *name, *says;
	int severity; /* -1: no such line */
	bool has_nx_kthread;
} cases[] = {
	{RCUTREE "jiffies_till_first_fqs", "1\n", "first-fqs",
	 "rcutree.jiffies_till_first_fqs=1: RCU scans for idle CPUs when this timer of its "
	 "kthread has fired, so a grace period that others do not end sooner takes 4-12 ms "
	 "(1-3 jiffies)",
	 SEVERITY_NOTE, false},
	{RCUTREE "jiffies_till_first_fqs", "3\n", "first-fqs", "12-20 ms (3-5 jiffies)",
	 SEVERITY_NOTE, false},
	{RCUTREE "jiffies_till_first_fqs", "0\n", "first-fqs",
	 "=0: RCU scans for idle CPUs at once", SEVERITY_OK, false},
	{RCUTREE "jiffies_till_first_fqs", NULL, "first-fqs", NULL, -1, false},
	{RCUTREE "jiffies_till_first_fqs", NULL, "wake-from-gp", NULL, -1, false},
	{RCUTREE "jiffies_till_first_fqs", "1\n", "wake-from-gp",
	 "no rcutree.rcu_normal_wake_from_gp: who waits in synchronize_rcu() is woken by a "
	 "callback",
	 SEVERITY_NOTE, false},
	{RCUTREE "rcu_normal_wake_from_gp", "0\n", "wake-from-gp", "=0: who waits", SEVERITY_NOTE,
	 false},
	{RCUTREE "rcu_normal_wake_from_gp", "-1\n", "wake-from-gp", "=-1: who waits", SEVERITY_NOTE,
	 false},
	{RCUTREE "rcu_normal_wake_from_gp", "1\n", "wake-from-gp",
	 "=1: RCU's kthread wakes who waits", SEVERITY_OK, false},
	{RCUTREE "enable_rcu_lazy", NULL, "rcu-lazy", NULL, -1, false},
	{RCUTREE "enable_rcu_lazy", "Y\n", "rcu-lazy", "=Y: on CPUs of rcu_nocbs=", SEVERITY_NOTE,
	 false},
	{RCUTREE "enable_rcu_lazy", "N\n", "rcu-lazy", "=N: no callback is lazy", SEVERITY_OK,
	 false},
	{KVM "tdp_mmu", NULL, "virt-at-load", NULL, -1, false},
	{KVM "tdp_mmu", "Y\n", "tdp-mmu", "=Y: with EPT or NPT the end of each VM waits",
	 SEVERITY_NOTE, false},
	{KVM "tdp_mmu", "N\n", "tdp-mmu", "=N: the end of a VM does not wait", SEVERITY_OK, false},
	{KVM "enable_virt_at_load", NULL, "virt-at-load",
	 "no kvm.enable_virt_at_load: the first KVM_CREATE_VM", SEVERITY_NOTE, false},
	{KVM "enable_virt_at_load", "Y\n", "virt-at-load", "=Y: virtualization is on", SEVERITY_OK,
	 false},
	{KVM "enable_virt_at_load", "N\n", "virt-at-load", "=N: the first KVM_CREATE_VM",
	 SEVERITY_NOTE, false},
	{KVM "nx_huge_pages", NULL, "nx-huge-pages", NULL, -1, false},
	{KVM "nx_huge_pages", "never\n", "nx-huge-pages", "=never: no VM has a thread", SEVERITY_OK,
	 true},
	{KVM "nx_huge_pages", "N\n", "nx-huge-pages", "=N: KVM_CREATE_VM makes a kthread",
	 SEVERITY_NOTE, true},
	{KVM "nx_huge_pages", "Y\n", "nx-huge-pages", "=Y: the first KVM_RUN of a VM",
	 SEVERITY_NOTE, false},
	{MOUNTS, NULL, "favordynmods", NULL, -1, false},
	{MOUNTS, "proc /proc proc rw,favordynmods 0 0\n", "favordynmods", NULL, -1, false},
	{MOUNTS, "cgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0\n", "favordynmods",
	 "cgroup.favordynmods=0: who moves a process into a cgroup (", SEVERITY_NOTE, false},
	{MOUNTS,
	 "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu,favordynmods 0 0\n"
	 "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n",
	 "favordynmods", "=1: who moves a process into a cgroup waits for no", SEVERITY_OK, false},
};

/* Each setting has one line; which, its value decides. */
static void each_setting_says_what_its_value_means(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct findings findings = {0};
		const struct finding *finding;

		if (cases[i].value)
			fake(cases[i].file, cases[i].value);
		else
			take_away(cases[i].file);
		diagnose(cases[i].has_nx_kthread, &findings);
		finding = find(&findings, cases[i].name);
		if ((finding ? (int)finding->severity : -1) != cases[i].severity)
			fail_msg("case %zu: %s", i,
				 finding ? severity_names[finding->severity] : "not found");
		if (cases[i].says && !strstr(finding->text, cases[i].says))
			fail_msg("case %zu: '%s' does not say '%s'", i, finding->text,
				 cases[i].says);
		if (finding && finding->section != SECTION_RCU)
			fail_msg("case %zu: in section %s", i, section_names[finding->section]);
	}
	take_away(MOUNTS);
}

/* A timer's length is in the text and in figures. */
static void the_first_scan_has_its_milliseconds(void **state)
{
	struct findings findings = {0};

	(void)state;
	fake(RCUTREE "jiffies_till_first_fqs", "2\n");
	diagnose(false, &findings);
	assert_true(find(&findings, "first-fqs")->min_ms == 8);
	assert_true(find(&findings, "first-fqs")->max_ms == 16);
}

#define MAX_STACK "/proc/sys/kernel/perf_event_max_stack"

/* Stacks have up to 24 frames, and two of the program that takes them. Without the file it is not
 * known. */
static void short_stacks_are_a_problem(void **state)
{
	static const struct {
		const char *max;
		bool is_short;
	} stacks[] = {
		{"0\n", true}, {"25\n", true}, {"26\n", false}, {"127\n", false}, {"", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++) {
		struct findings findings = {0};
		const struct finding *finding;

		fake(MAX_STACK, stacks[i].max);
		diagnose(false, &findings);
		finding = find(&findings, "stacks");
		assert_int_equal(finding != NULL, stacks[i].is_short);
		if (finding)
			assert_int_equal(finding->severity, SEVERITY_PROBLEM);
	}
	take_away(MAX_STACK);
}

static int make_root(void **state)
{
	(void)state;
	return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
	char command[sizeof(root) + 16];

	(void)state;
	snprintf(command, sizeof(command), "rm -r '%s'", root);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_setting_says_what_its_value_means),
		cmocka_unit_test(the_first_scan_has_its_milliseconds),
		cmocka_unit_test(short_stacks_are_a_problem),
	};

	return cmocka_run_group_tests_name("host_settings", tests, make_root, remove_root);
}
