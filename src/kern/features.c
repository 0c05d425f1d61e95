// SPDX-License-Identifier: GPL-2.0-only
#include "kern/features.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "host/diagnosis.h"
#include "host/host.h"
#include "kern/limits.h"

#include "calib.skel.h"

/* 250 and 300 differ by three jiffies in it: see host_hz_of_ticks(). */
#define HZ_SPAN_NS 60000000

static const struct {
	const char *name, *text;
	const char *prog; /* loads and attaches, or does not; NULL: a file must be there */
	const char *remedy;
} feats[FEATURE_CNT] = {
	[FEATURE_BTF] = {"btf", "the kernel's types", NULL,
			 "a kernel with CONFIG_DEBUG_INFO_BTF=y: distributions have it on"},
	[FEATURE_RINGBUF] = {"ringbuf", "records from the kernel", "calib_ringbuf",
			     "root, or CAP_BPF and CAP_PERFMON; Linux 5.8 or later"},
	[FEATURE_TP_BTF] = {"tp_btf", "programs on tracepoints", "calib_tp_btf",
			    "root, or CAP_BPF and CAP_PERFMON; lockdown must not be "
			    "'confidentiality'"},
	[FEATURE_FENTRY] = {"fentry", "programs on functions", "calib_fentry",
			    "none may be needed: the other backends do without; else a kernel "
			    "with ftrace direct calls (x86 5.11, arm64 6.4) that allows them"},
	[FEATURE_KPROBE] = {"kprobe", "programs on functions by breakpoints", "calib_kprobe",
			    "none is needed where fentry works; else CONFIG_KPROBE_EVENTS=y and "
			    "CONFIG_BPF_EVENTS=y"},
	[FEATURE_ITER] = {"iter", "VMs that exist already", "calib_iter",
			  "VMs that exist already are found only when they make a call"},
	[FEATURE_CONTENTION] = {"contention", "holders of locks", "calib_contention",
				"Linux 5.19 or later: without it holders of locks are not named"},
};

/* What is not the kernel's, whatever was tried. */
static const struct {
	int code;
	const char *remedy;
} shortages[] = {
	{EMFILE, "raise the limit of open files: ulimit -n, LimitNOFILE= of a service"},
	{ENFILE, "this host has too many open files: sysctl fs.file-max"},
	{ENOMEM, "memory, or a limit of it: ulimit -v, MemoryMax= and LimitAS= of a service, a "
		 "container's"},
};

const char *features_remedy(int code)
{
	for (size_t i = 0; i < sizeof(shortages) / sizeof(shortages[0]); i++)
		if (shortages[i].code == -code)
			return shortages[i].remedy;
	return NULL;
}

/* ---- trying ---- */

static bool is_disabled(const char *name)
{
	const char *list = getenv("KVMSTALL_DISABLE");
	size_t len = strlen(name);

	while (list && *list) {
		size_t word = strcspn(list, ",");

		if (word == len && !strncmp(list, name, len))
			return true;
		list += word + (list[word] == ',');
	}
	return false;
}

static int try_prog(const char *name)
{
	struct calib_bpf *skel = calib_bpf__open();
	struct bpf_program *prog;
	struct bpf_link *link = NULL;
	int ret;

	if (!skel)
		return -errno;
	prog = bpf_object__find_program_by_name(skel->obj, name);
	bpf_program__set_autoload(prog, true);
	ret = calib_bpf__load(skel);
	if (!ret) {
		link = bpf_program__attach(prog);
		ret = link ? 0 : -errno;
	}
	bpf_link__destroy(link);
	calib_bpf__destroy(skel);
	return ret;
}

static void probe_one(enum feature feat, struct feature_result *result)
{
	int ret;

	*result = (struct feature_result){
		.name = feats[feat].name, .text = feats[feat].text, .remedy = feats[feat].remedy};
	if (is_disabled(feats[feat].name)) {
		result->is_disabled = true;
		snprintf(result->why, sizeof(result->why), "disabled by KVMSTALL_DISABLE");
		return;
	}
	if (feats[feat].prog)
		ret = try_prog(feats[feat].prog);
	else
		ret = access("/sys/kernel/btf/vmlinux", R_OK) ? -errno : 0;
	result->works = !ret;
	if (!ret)
		return;
	snprintf(result->why, sizeof(result->why), "%s", strerror(-ret));
	if (features_remedy(ret))
		result->remedy = features_remedy(ret);
}

/* ---- facts ---- */

static int run_facts(struct calib_bpf *skel)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	return bpf_prog_test_run_opts(bpf_program__fd(skel->progs.calib_facts), &opts);
}

static void count_ticks(struct calib_bpf *skel, struct kernel_traits *facts)
{
	const struct timespec span = {.tv_nsec = HZ_SPAN_NS};
	uint64_t jiffies = skel->bss->now_jiffies, ns = skel->bss->now_ns;

	nanosleep(&span, NULL);
	if (run_facts(skel))
		return;
	facts->ticks = skel->bss->now_jiffies - jiffies;
	facts->ticks_ns = skel->bss->now_ns - ns;
}

static void probe_facts(struct kernel_traits *facts)
{
	struct calib_bpf *skel = calib_bpf__open();

	*facts = (struct kernel_traits){0};
	if (!skel)
		return;
	bpf_program__set_autoload(skel->progs.calib_facts, true);
	if (!calib_bpf__load(skel) && !run_facts(skel)) {
		facts->are_known = true;
		facts->has_kvm_types = skel->bss->has_kvm_types;
		facts->defers_register = skel->bss->defers_register;
		count_ticks(skel, facts);
	}
	calib_bpf__destroy(skel);
}

void features_probe(struct feature_result results[FEATURE_CNT], struct kernel_traits *facts)
{
	/* What a trial prints when it fails is no news: its result is. */
	libbpf_print_fn_t old = libbpf_set_print(NULL);

	limits_raise();
	for (int i = 0; i < FEATURE_CNT; i++)
		probe_one(i, &results[i]);
	probe_facts(facts);
	libbpf_set_print(old);
}

void features_fill_host(const struct kernel_traits *facts, struct host *host)
{
	host->measured_hz = host_hz_of_ticks(facts->ticks, facts->ticks_ns, host->config_hz);
	host->are_types_known = facts->are_known;
	host->has_kvm_types = facts->has_kvm_types;
	host->defers_register = facts->defers_register;
}

void features_for_plan(const struct feature_result results[FEATURE_CNT], const struct host *host,
		       struct features *features)
{
	*features = (struct features){
		.has_btf = results[FEATURE_BTF].works,
		.has_ringbuf = results[FEATURE_RINGBUF].works,
		.has_tp_btf = results[FEATURE_TP_BTF].works,
		.has_fentry = results[FEATURE_FENTRY].works,
		.has_iter = results[FEATURE_ITER].works,
		.has_contention = results[FEATURE_CONTENTION].works,
		.has_kprobe = results[FEATURE_KPROBE].works,
		.has_call_expedited = host->has_call_expedited,
	};
}
