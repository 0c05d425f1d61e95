// SPDX-License-Identifier: GPL-2.0-only
#include "host/diagnosis.h"
#include "host/finding.h"
#include "host/host.h"

#include <errno.h>

#include "unit.h"

#define ALL_CAPS ((1u << HOST_CAP_CNT) - 1)

/* A host like many: Linux 6.18, HZ=250, KVM as a module, root, nothing tuned. */
static const struct host usual = {
	.release = "6.18.5",
	.arch = "x86_64",
	.cpus = 8,
	.config_hz = 250,
	.measured_hz = 250,
	.kvm = HOST_KVM_MODULE,
	.is_kvm_ready = true,
	.are_caps_known = true,
	.caps = ALL_CAPS,
	.has_addresses = true,
	.are_types_known = true,
	.has_kvm_types = true,
	.defers_register = true,
	.params = {[HOST_RCU_NORMAL] = "0",
		   [HOST_RCU_EXPEDITED] = "0",
		   [HOST_EXP_HOLDOFF] = "25000",
		   [HOST_CONVERT_TO_BIG] = "16"},
};

static const struct finding *find(const struct findings *findings, const char *name)
{
	for (size_t i = 0; i < findings->cnt; i++)
		if (!strcmp(findings->list[i].name, name))
			return &findings->list[i];
	return NULL;
}

/* Every change that a case may make to the usual host. */
static void set_param(struct host *host, enum host_param which, const char *value)
{
	snprintf(host->params[which], sizeof(host->params[which]), "%s", value);
}

static void rcu_normal(struct host *host)
{
	set_param(host, HOST_RCU_NORMAL, "1");
}

static void rcu_expedited(struct host *host)
{
	set_param(host, HOST_RCU_EXPEDITED, "1");
}

static void both_rcu(struct host *host)
{
	rcu_normal(host);
	rcu_expedited(host);
}

static void no_holdoff(struct host *host)
{
	set_param(host, HOST_EXP_HOLDOFF, "0");
}

static void no_params(struct host *host)
{
	memset(host->params, 0, sizeof(host->params));
}

static void big(struct host *host)
{
	set_param(host, HOST_CONVERT_TO_BIG, "17");
}

static void one_cpu(struct host *host)
{
	host->cpus = 1;
}

static void arm64(struct host *host)
{
	snprintf(host->arch, sizeof(host->arch), "aarch64");
}

static void before_6_18(struct host *host)
{
	host->defers_register = false;
}

static void fixed(struct host *host)
{
	host->has_call_expedited = true;
}

static void no_bpf(struct host *host)
{
	host->are_types_known = host->has_kvm_types = host->defers_register = false;
}

static void no_module_btf(struct host *host)
{
	host->has_kvm_types = host->defers_register = false;
}

static void no_sys_admin(struct host *host)
{
	host->caps &= ~(1u << HOST_CAP_SYS_ADMIN);
}

static void builtin_no_sys_admin(struct host *host)
{
	no_sys_admin(host);
	host->kvm = HOST_KVM_BUILTIN;
}

static void nobody(struct host *host)
{
	host->caps = 0;
	host->dev_kvm_errno = EACCES;
}

static void user_ns(struct host *host)
{
	host->is_user_ns = true;
}

static void pid_ns(struct host *host)
{
	host->is_pid_ns = true;
}

static void no_sysfs(struct host *host)
{
	host->lacks_sysfs = true;
}

static void few_files(struct host *host)
{
	host->fds_max = 191;
}

static void little_memory(struct host *host)
{
	host->memory_max = (48 << 20) - 1;
}

static void hidden(struct host *host)
{
	host->has_addresses = false;
}

static void confidential(struct host *host)
{
	snprintf(host->lockdown, sizeof(host->lockdown), "confidentiality");
}

static void no_kvm(struct host *host)
{
	host->kvm = HOST_KVM_ABSENT;
	host->is_kvm_ready = false;
	host->dev_kvm_errno = ENOENT;
	no_module_btf(host);
}

static void no_processor_support(struct host *host)
{
	host->is_kvm_ready = false;
	host->dev_kvm_errno = ENOENT;
}

static void no_node(struct host *host)
{
	host->dev_kvm_errno = ENOENT;
}

static void nothing_known(struct host *host)
{
	*host = (struct host){0};
}

static void what_is_set_decides_what_is_found(void **state)
{
	static const struct {
		void (*change)(struct host *host);
		const char *name;
		int severity; /* -1: there is no such finding */
		int status;
	} cases[] = {
		{NULL, "register-defers", SEVERITY_NOTE, 0},
		{NULL, "close-after-register", SEVERITY_NOTE, 0},
		{NULL, "sync-expedited", SEVERITY_OK, 0},
		{NULL, "sync-normal", -1, 0},
		{NULL, "close-too-soon", SEVERITY_NOTE, 0},
		{NULL, "never-expedites", -1, 0},
		{NULL, "boot-cpu", SEVERITY_NOTE, 0},
		{NULL, "capabilities", SEVERITY_OK, 0},
		{NULL, "user-ns", -1, 0},
		{before_6_18, "register-waits", SEVERITY_OK, 0},
		{before_6_18, "register-defers", -1, 0},
		{before_6_18, "close-after-register", -1, 0},
		{fixed, "register-expedites", SEVERITY_OK, 0},
		{fixed, "register-defers", -1, 0},
		{no_bpf, "register-unknown", SEVERITY_NOTE, 0},
		{no_bpf, "register-waits", -1, 0},
		{no_bpf, "kvm-btf", -1, 0},
		{rcu_normal, "sync-normal", SEVERITY_PROBLEM, 1},
		{rcu_normal, "sync-expedited", -1, 1},
		{rcu_normal, "close-too-soon", -1, 1},
		{rcu_expedited, "close-expedited", SEVERITY_OK, 0},
		{rcu_expedited, "close-too-soon", -1, 0},
		{rcu_expedited, "register-defers", SEVERITY_NOTE, 0}, /* no help to call_srcu() */
		{both_rcu, "sync-normal", SEVERITY_PROBLEM, 1},	      /* rcu_normal wins */
		{both_rcu, "close-expedited", -1, 1},
		{no_holdoff, "never-expedites", SEVERITY_PROBLEM, 1},
		{no_holdoff, "close-too-soon", -1, 1},
		{no_params, "sync-expedited", SEVERITY_OK, 0},
		{no_params, "never-expedites", -1, 0},
		{no_params, "boot-cpu", -1, 0},
		{no_params, "parameters", -1, 0},
		{big, "boot-cpu", -1, 0},
		{one_cpu, "boot-cpu", -1, 0},
		{arm64, "close-too-soon", -1, 0},
		{arm64, "register-defers", SEVERITY_NOTE, 0},
		{no_module_btf, "kvm-btf", SEVERITY_FATAL, 3},
		{no_sys_admin, "capabilities", SEVERITY_FATAL, 3}, /* a module's BTF */
		{builtin_no_sys_admin, "capabilities", SEVERITY_NOTE, 0},
		{nobody, "capabilities", SEVERITY_FATAL, 3},
		{nobody, "device", SEVERITY_PROBLEM, 3},
		{user_ns, "user-ns", SEVERITY_FATAL, 3},
		{no_sysfs, "sysfs", SEVERITY_FATAL, 3},
		{few_files, "files", SEVERITY_FATAL, 3},
		{little_memory, "memory", SEVERITY_FATAL, 3},
		{hidden, "addresses", SEVERITY_FATAL, 3},
		{confidential, "lockdown", SEVERITY_FATAL, 3},
		{no_kvm, "kvm", SEVERITY_FATAL, 3},
		{no_kvm, "device", -1, 3},
		{no_kvm, "register-unknown", -1, 3},
		{no_processor_support, "kvm", SEVERITY_FATAL, 3},
		{no_node, "kvm", SEVERITY_OK, 1},
		{no_node, "device", SEVERITY_PROBLEM, 1},
		{nothing_known, "kvm", SEVERITY_FATAL, 3},
		{nothing_known, "tick", SEVERITY_NOTE, 3},
		{nothing_known, "capabilities", -1, 3},
		{nothing_known, "addresses", -1, 3},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		struct findings findings = {0};
		struct host host = usual;
		const struct finding *finding;

		if (cases[i].change)
			cases[i].change(&host);
		diagnosis_make(&host, &findings);
		finding = find(&findings, cases[i].name);
		if ((finding ? (int)finding->severity : -1) != cases[i].severity)
			fail_msg("case %zu: %s: %s", i, cases[i].name,
				 finding ? severity_names[finding->severity] : "not found");
		if (diagnosis_status(&findings) != cases[i].status)
			fail_msg("case %zu: status %d", i, diagnosis_status(&findings));
	}
}

static void waits_are_in_this_kernels_milliseconds(void **state)
{
	static const struct {
		uint32_t hz;
		const char *name, *text, *remedy;
		double max_ms;
	} cases[] = {
		{100, "register-defers", "waits 10-30 ms (1-3 jiffies)", " 30 ms of other", 30},
		{250, "register-defers", "waits 4-12 ms (1-3 jiffies)", " 12 ms of other", 12},
		{300, "register-defers", "waits 3.33-10 ms (1-3 jiffies)", " 10 ms of other", 10},
		{1000, "register-defers", "waits 1-3 ms (1-3 jiffies)", " 3 ms of other", 3},
		{0, "register-defers", "waits 1-3 jiffies", " 3 jiffies of other", 0},
		{100, "close-too-soon", ": 20-40 ms (2-4 jiffies)", "", 40},
		{300, "close-too-soon", ": 6.67-13.3 ms (2-4 jiffies)", "", 4e3 / 300},
		{100, "reader-backoff", "waits up to 110 ms (11 jiffies) longer", "", 110},
		{0, "reader-backoff", "waits up to 11 jiffies longer", "", 0},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		struct findings findings = {0};
		struct host host = usual;
		const struct finding *finding;

		host.measured_hz = cases[i].hz;
		host.config_hz = 0;
		diagnosis_make(&host, &findings);
		finding = find(&findings, cases[i].name);
		assert_non_null(finding);
		if (!strstr(finding->text, cases[i].text))
			fail_msg("case %zu: '%s' does not say '%s'", i, finding->text,
				 cases[i].text);
		if (!strstr(finding->remedy, cases[i].remedy))
			fail_msg("case %zu: '%s' does not say '%s'", i, finding->remedy,
				 cases[i].remedy);
		if (finding->max_ms != cases[i].max_ms)
			fail_msg("case %zu: max_ms %g", i, finding->max_ms);
	}
}

static void what_was_measured_beats_what_was_configured(void **state)
{
	(void)state;
	assert_int_equal(host_hz(&(struct host){.measured_hz = 100, .config_hz = 250}), 100);
	assert_int_equal(host_hz(&(struct host){.config_hz = 250}), 250);
	assert_int_equal(host_hz(&(struct host){0}), 0);
}

static void bpf_needs_two_capabilities_or_the_big_one(void **state)
{
	static const struct {
		uint32_t caps;
		bool is_user_ns, lacks;
	} cases[] = {
		{0, false, true},
		{1u << HOST_CAP_BPF, false, true},
		{1u << HOST_CAP_PERFMON, false, true},
		{1u << HOST_CAP_BPF | 1u << HOST_CAP_PERFMON, false, false},
		{1u << HOST_CAP_SYS_ADMIN, false, false},
		{ALL_CAPS, true, true},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++)
		assert_int_equal(
			diagnosis_lacks_caps(&(struct host){.are_caps_known = true,
							    .caps = cases[i].caps,
							    .is_user_ns = cases[i].is_user_ns}),
			cases[i].lacks);
	assert_false(diagnosis_lacks_caps(&(struct host){0}));
}

static void limits_that_suffice_are_not_mentioned(void **state)
{
	struct findings findings = {0};
	struct host host = usual;

	(void)state;
	host.fds_max = 192;
	host.memory_max = 48 << 20;
	host.data_max = 20 << 20;
	host.group_max = 50 << 20;
	diagnosis_make(&host, &findings);
	assert_null(find(&findings, "files"));
	assert_null(find(&findings, "memory"));
}

/* The ring buffer is mapped twice. */
static void a_large_ring_needs_memory(void **state)
{
	struct findings findings = {0};
	struct host host = usual;

	(void)state;
	host.memory_max = 48 << 20;
	host.ring_bytes = 16 << 20;
	diagnosis_make(&host, &findings);
	assert_string_equal(find(&findings, "memory")->text,
			    "49152 KiB of address space are allowed, and 65536 KiB are needed");
	host.memory_max = 0;
	host.data_max = (20 << 20) - 1;
	findings = (struct findings){0};
	diagnosis_make(&host, &findings);
	assert_string_equal(find(&findings, "memory")->text,
			    "20479 KiB of data are allowed, and 20480 KiB are needed");
}

/* Below the one it is killed where the kernel's memory counts, below the other anywhere. */
static void a_control_group_has_two_limits(void **state)
{
	struct findings findings = {0};
	struct host host = usual;

	(void)state;
	host.group_max = (50 << 20) - 1;
	diagnosis_make(&host, &findings);
	assert_string_equal(
		find(&findings, "memory")->text,
		"51199 KiB of a control group's memory are allowed, and 51200 KiB are needed");
	assert_int_equal(find(&findings, "memory")->severity, SEVERITY_PROBLEM);
	host.group_max = (20 << 20) - 1;
	findings = (struct findings){0};
	diagnosis_make(&host, &findings);
	assert_int_equal(find(&findings, "memory")->severity, SEVERITY_FATAL);
	host.group_max = 43 << 20;
	host.ring_bytes = 1 << 20;
	findings = (struct findings){0};
	diagnosis_make(&host, &findings);
	assert_null(find(&findings, "memory"));
}

static void a_pid_namespace_is_said(void **state)
{
	struct findings findings = {0};
	struct host host = usual;

	(void)state;
	diagnosis_make(&host, &findings);
	assert_null(find(&findings, "pid-ns"));
	pid_ns(&host);
	findings = (struct findings){0};
	diagnosis_make(&host, &findings);
	assert_int_equal(find(&findings, "pid-ns")->severity, SEVERITY_NOTE);
	assert_int_equal(diagnosis_status(&findings), 0);
}

/* Whatever a host is like, whoever reads "!!" also reads what to do. */
static void every_problem_has_a_remedy(void **state)
{
	static void (*const changes[])(struct host *) = {
		rcu_normal,   both_rcu,	 no_holdoff,	no_bpf,	     no_module_btf,
		no_sys_admin, nobody,	 user_ns,	hidden,	     confidential,
		no_kvm,	      no_node,	 arm64,		before_6_18, no_processor_support,
		no_sysfs,     few_files, little_memory, pid_ns,
	};

	(void)state;
	for (size_t i = 0; i < CNT(changes) * CNT(changes); i++) {
		struct findings findings = {0};
		struct host host = usual;

		changes[i % CNT(changes)](&host);
		changes[i / CNT(changes)](&host);
		diagnosis_make(&host, &findings);
		assert_within(findings.cnt, 1, FINDINGS_MAX - 10);
		for (size_t j = 0; j < findings.cnt; j++) {
			const struct finding *finding = &findings.list[j];

			assert_true(*finding->text);
			assert_true(strlen(finding->text) < sizeof(finding->text) - 1);
			assert_true(strlen(finding->remedy) < sizeof(finding->remedy) - 1);
			if (finding->severity >= SEVERITY_PROBLEM && !*finding->remedy)
				fail_msg("%s: '%s' has no remedy", finding->name, finding->text);
		}
	}
}

static void findings_past_the_last_are_no_overflow(void **state)
{
	struct findings findings = {0};

	(void)state;
	for (int i = 0; i < FINDINGS_MAX + 3; i++)
		findings_add(&findings, SECTION_KERNEL, i < FINDINGS_MAX ? "early" : "late");
	assert_int_equal(findings.cnt, FINDINGS_MAX);
	assert_string_equal(findings.list[FINDINGS_MAX - 1].name, "late");
	assert_string_equal(findings.list[0].name, "early");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_set_decides_what_is_found),
		cmocka_unit_test(waits_are_in_this_kernels_milliseconds),
		cmocka_unit_test(what_was_measured_beats_what_was_configured),
		cmocka_unit_test(bpf_needs_two_capabilities_or_the_big_one),
		cmocka_unit_test(limits_that_suffice_are_not_mentioned),
		cmocka_unit_test(a_large_ring_needs_memory),
		cmocka_unit_test(a_control_group_has_two_limits),
		cmocka_unit_test(a_pid_namespace_is_said),
		cmocka_unit_test(every_problem_has_a_remedy),
		cmocka_unit_test(findings_past_the_last_are_no_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
