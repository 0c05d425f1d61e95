// SPDX-License-Identifier: GPL-2.0-only
#include "kern/features.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <kvmstall/programs.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "host/diagnosis.h"
#include "host/host.h"
#include "kern/core_types.h"
#include "kern/kernel_types.h"
#include "kern/libbpf_opts.h"
#include "kern/limits.h"
#include "kern/sampler.h"

#include "calib.skel.h"

#define NO_PROGRAM KS_PROGRAM_CNT

static const struct {
	const char *name, *text;
	/* What loads and attaches, or does not: a program of calib.bpf.c, or the least one that is
	 * attached as this one of ours is. Neither: a file must be there. */
	const char *prog;
	enum ks_program like;
	const char *remedy;
} feats[FEATURE_CNT] = {
	[FEATURE_BTF] = {"btf", "the kernel's types", NULL, NO_PROGRAM,
			 "a kernel with CONFIG_DEBUG_INFO_BTF=y: distributions have it on"},
	[FEATURE_RINGBUF] = {"ringbuf", "records from the kernel", "calib_ringbuf", NO_PROGRAM,
			     "root, or CAP_BPF and CAP_PERFMON; Linux 5.8 or later"},
	[FEATURE_TP_BTF] = {"tp_btf", "programs on tracepoints", NULL, KS_PROGRAM_switch_tp,
			    "root, or CAP_BPF and CAP_PERFMON; lockdown must not be "
			    "'confidentiality'"},
	[FEATURE_FENTRY] = {"fentry", "programs on functions", NULL, KS_PROGRAM_gp_fentry,
			    "none may be needed: the other backends do without; else a kernel "
			    "with ftrace direct calls (x86 5.11, arm64 6.4) that allows them"},
	[FEATURE_KPROBE] = {"kprobe", "programs on functions by breakpoints", "calib_kprobe",
			    NO_PROGRAM,
			    "none is needed where fentry works; else CONFIG_KPROBE_EVENTS=y and "
			    "CONFIG_BPF_EVENTS=y"},
	[FEATURE_ITER] = {"iter", "VMs that exist already", NULL, KS_PROGRAM_find_iter,
			  "VMs that exist already are found only when they make a call"},
	[FEATURE_CONTENTION] = {"contention", "holders of locks", NULL, KS_PROGRAM_lock_tp,
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

static bool is_feature(const char *name, size_t len)
{
	for (int i = 0; i < FEATURE_CNT; i++)
		if (strlen(feats[i].name) == len && !strncmp(feats[i].name, name, len))
			return true;
	return false;
}

int features_check_disabled(struct err *err)
{
	const char *list = getenv("KVMSTALL_DISABLE");

	while (list && *list) {
		size_t len = strcspn(list, ",");

		if (len && !is_feature(list, len))
			return err_usage(
				err,
				"KVMSTALL_DISABLE: '%.*s' is not a feature; kvmstall check "
				"lists them under 'backends'",
				(int)len, list);
		list += len + (list[len] == ',');
	}
	return 0;
}

static int try_prog(const char *name, uint64_t ring_bytes)
{
	struct calib_bpf *skel = calib_bpf__open();
	struct bpf_program *prog;
	struct bpf_link *link = NULL;
	int ret;

	if (!skel)
		return -errno;
	prog = bpf_object__find_program_by_name(skel->obj, name);
	bpf_program__set_autoload(prog, true);
	if (ring_bytes)
		bpf_map__set_max_entries(skel->maps.ring, ring_bytes);
	ret = calib_bpf__load(skel);
	if (!ret) {
		link = bpf_program__attach(prog);
		ret = link ? 0 : -errno;
	}
	bpf_link__destroy(link);
	calib_bpf__destroy(skel);
	return ret;
}

static const struct {
	const char *type, *target;
} programs[KS_PROGRAM_CNT] = {
#define X(name, type, target, ...) [KS_PROGRAM_##name] = {#type, #target},
	KS_PROGRAMS(X)
#undef X
};

/* What a program of this type hangs on: the kernel's type called PREFIX TARGET. */
static const struct {
	const char *type, *prefix;
	int kind;
	enum bpf_attach_type attach;
} hooks[] = {
	{"tp_btf", "btf_trace_", BTF_KIND_TYPEDEF, BPF_TRACE_RAW_TP},
	{"iter", "bpf_iter_", BTF_KIND_FUNC, BPF_TRACE_ITER},
	{"fentry", "", BTF_KIND_FUNC, BPF_TRACE_FENTRY},
};

/*
 * With a read of kernel memory, as all of ours have: lockdown=confidentiality has the verifier
 * refuse the helper alone (kernel/trace/bpf_trace.c, bpf_tracing_func_proto():
 * LOCKDOWN_BPF_READ_KERNEL), and without securityfs nothing says that it is on.
 */
static int try_hook(int id, enum bpf_attach_type attach)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_10},
		{.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_1, .imm = -8},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 8},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_probe_read_kernel},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	ZERO_OPTS(bpf_prog_load_opts, opts);
	_close_ int prog = -1;
	_close_ int link = -1;

	opts.expected_attach_type = attach;
	opts.attach_btf_id = id;
	prog = bpf_prog_load(BPF_PROG_TYPE_TRACING, "calib", "GPL", insns,
			     sizeof(insns) / sizeof(insns[0]), &opts);
	link = prog < 0 ? prog : bpf_link_create(prog, 0, attach, NULL);
	return link < 0 ? link : 0;
}

static int try_like(const struct kernel_types *types, enum ks_program program)
{
	char name[64];
	size_t i = 0;
	int id;

	while (strcmp(hooks[i].type, programs[program].type) != 0)
		i++;
	snprintf(name, sizeof(name), "%s%s", hooks[i].prefix, programs[program].target);
	id = kernel_types_id(types, name, hooks[i].kind);
	return id < 0 ? id : try_hook(id, hooks[i].attach);
}

/* What there is to try with. */
struct feature_trial {
	struct kernel_types types;
	uint64_t ring_bytes;
};

static int try_feature(const struct feature_trial *trial, enum feature feat)
{
	if (feats[feat].prog)
		return try_prog(feats[feat].prog, feat == FEATURE_RINGBUF ? trial->ring_bytes : 0);
	if (feats[feat].like != NO_PROGRAM)
		return try_like(&trial->types, feats[feat].like);
	return access("/sys/kernel/btf/vmlinux", R_OK) ? -errno : 0;
}

static void probe_one(const struct feature_trial *trial, enum feature feat,
		      struct feature_result *result)
{
	int ret;

	*result = (struct feature_result){
		.name = feats[feat].name, .text = feats[feat].text, .remedy = feats[feat].remedy};
	if (is_disabled(feats[feat].name)) {
		result->is_disabled = true;
		snprintf(result->why, sizeof(result->why), "disabled by KVMSTALL_DISABLE");
		return;
	}
	ret = try_feature(trial, feat);
	result->works = !ret;
	if (!ret)
		return;
	snprintf(result->why, sizeof(result->why), "%s", strerror(-ret));
	if (features_remedy(ret))
		result->remedy = features_remedy(ret);
}

void features_probe(struct feature_result results[FEATURE_CNT], uint64_t ring_bytes,
		    struct kernel_traits *traits, struct core_types *core)
{
	/* What a trial prints when it fails is no news: its result is. */
	libbpf_print_fn_t old = libbpf_set_print(NULL);
	struct feature_trial trial = {.ring_bytes = ring_bytes};

	limits_raise();
	kernel_types_init(&trial.types);
	for (int i = 0; i < FEATURE_CNT; i++)
		probe_one(&trial, i, &results[i]);
	kernel_types_traits(&trial.types, traits);
	if (core)
		core_types_init(core, &trial.types);
	kernel_types_fini(&trial.types);
	libbpf_set_print(old);
}

/* That the first CPU is off says nothing. */
static void fill_sampling(struct host *host)
{
	_close_ int fd = sampler_try();

	host->sample_errno = fd < 0 && errno != ENODEV ? errno : 0;
}

void features_fill_host(const struct kernel_traits *traits, struct host *host)
{
	host->are_types_known = traits->are_known;
	host->has_kvm_types = traits->has_kvm_types;
	host->defers_register = traits->defers_register;
	host->has_switch_exit = traits->has_switch_exit;
	fill_sampling(host);
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
		.has_first_run = host->has_first_run,
		.has_switch_exit = host->has_switch_exit,
	};
}
