// SPDX-License-Identifier: GPL-2.0-only
#include "kern/probes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/map.h"
#include "host/attach_plan.h"
#include "ledger/blame/readers.h"
#include "ledger/ioctls.h"
#include "ledger/symbols.h"

#include "kern/features.h"
#include "kern/kretprobe.h"
#include "kern/libbpf_opts.h"
#include "kern/proc.h"
#include "kern/ring.h"
#include "kern/sampler.h"

#include "kvmstall.skel.h"

struct probes {
	const struct attach_plan *plan;
	struct kvmstall_bpf *skel;
	struct ring *ring;
	struct bpf_link *links[ATTACH_PROGS_MAX];
	struct sampler sampler;
	int stats_fd;
	int scan_failed; /* a negative errno, of the last scan of tasks */
	bool want_fork;
	probes_fn fn;
	void *ctx;
};

/*
 * For tests/vm/matrix.sh: with KVMSTALL_VERIFIER_STATS each program's cost to the verifier goes to
 * stderr, as "verifier: NAME: processed N insns ...".
 */
#define VERIFIER_STATS 4 /* log level: only the sum */
#define STATS_BYTES    4096

static bool want_verifier_stats(void)
{
	return getenv("KVMSTALL_VERIFIER_STATS") != NULL;
}

static void ask_verifier_stats(struct bpf_program *prog)
{
	char *buf = want_verifier_stats() ? calloc(1, STATS_BYTES) : NULL;

	if (!buf)
		return;
	bpf_program__set_log_level(prog, VERIFIER_STATS);
	bpf_program__set_log_buf(prog, buf, STATS_BYTES);
}

static void tell_verifier_stats(const struct bpf_program *prog)
{
	size_t size = 0;
	const char *buf = want_verifier_stats() ? bpf_program__log_buf(prog, &size) : NULL;
	const char *sum = buf ? strstr(buf, "processed ") : NULL;

	if (sum)
		log_error("verifier: %s: %.*s", bpf_program__name(prog), (int)strcspn(sum, "\n"),
			  sum);
	free((void *)buf);
}

/* libbpf's words go where ours go, one level lower. */
static int on_libbpf(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level;
	log_vmsg(LOG_LEVEL_DEBUG, fmt, args);
	return 0;
}

/* Where the skeleton has each program: a row of the list without a program does not compile. */
static const size_t prog_offsets[KS_PROGRAM_CNT] = {
#define X(name, ...) [KS_PROGRAM_##name] = offsetof(struct kvmstall_bpf, progs.name),
	KS_PROGRAMS(X)
#undef X
};

_Static_assert(sizeof(((struct kvmstall_bpf *)NULL)->progs) ==
		       KS_PROGRAM_CNT * sizeof(struct bpf_program *),
	       "a program has no row in programs.h");

static struct bpf_program *find_prog(const struct probes *probes, const struct attach_prog *prog)
{
	const char *skel = (const char *)probes->skel;

	return *(struct bpf_program *const *)(skel + prog_offsets[prog->program]);
}

static bool is_used(const struct probes *probes, const struct attach_prog *prog)
{
	return prog->capability != CAPABILITY_FORK || probes->want_fork;
}

/* Iterators run when they are asked to. */
static bool is_iterator(const struct attach_prog *prog)
{
	return prog->capability == CAPABILITY_FIND || prog->capability == CAPABILITY_SCAN;
}

static uint64_t find_trampoline(const struct symbols *syms)
{
	uint64_t addr = symbols_address(syms, KS_RETHOOK_TRAMPOLINE);

	return addr ? addr : symbols_address(syms, KS_KRETPROBE_TRAMPOLINE);
}

static void set_symbols(struct kvmstall_bpf *skel, const struct symbols *syms)
{
#define X(name) skel->rodata->sym_##name = symbols_address(syms, #name);
	KS_SYMBOLS(X)
#undef X
	skel->rodata->sym_kretprobe_trampoline = find_trampoline(syms);
}

static void set_waits(struct kvmstall_bpf *skel, const struct symbols *syms)
{
	struct symbols_range ranges[KS_WAITS_MAX];
	size_t cnt = 0;

#define X(name) cnt += symbols_ranges(syms, #name, ranges + cnt, KS_WAITS_MAX - cnt);
	KS_WAITS(X)
#undef X
	for (size_t i = 0; i < cnt; i++) {
		skel->rodata->waits[i].start = ranges[i].start;
		skel->rodata->waits[i].bytes = ranges[i].bytes;
	}
}

static bool uses_kretprobes(const struct probes *probes)
{
	for (size_t i = 0; i < probes->plan->progs_cnt; i++)
		if (kretprobe_is(find_prog(probes, probes->plan->progs[i])))
			return true;
	return false;
}

/* When a stack is walked: its task is current in back_tp, as it is when it leaves its CPU. */
static void set_stacks(struct probes *probes, const struct symbols *syms)
{
	struct kvmstall_bpf *skel = probes->skel;
	bool must_be_early = getenv("KVMSTALL_EARLY_STACKS");

	skel->rodata->has_back =
		attach_plan_has(probes->plan, KS_PROGRAM_back_tp) && !must_be_early;
	/* somebody else's kretprobes on the same functions are the same to a walk */
	skel->rodata->want_early_stacks = !skel->rodata->has_back &&
					  symbols_address(syms, KS_RETHOOK_TRAMPOLINE) &&
					  (uses_kretprobes(probes) || must_be_early);
	if (!skel->rodata->want_early_stacks)
		bpf_map__set_max_entries(skel->maps.early_stacks, 1);
}

static int check_symbols(const struct kvmstall_bpf *skel, struct err *err)
{
	if (!skel->rodata->sym_kvm_vm_ioctl)
		return err_cannot(err, "this kernel has no KVM: load kvm_intel, kvm_amd or kvm");
	if (!skel->rodata->sym_process_srcu || !skel->rodata->sym_srcu_invoke_callbacks)
		return err_cannot(err, "this kernel has no tree SRCU (process_srcu): "
				       "CONFIG_TREE_SRCU is needed");
	return 0;
}

/* For tests: "followed=7" leaves that map so much room. */
static void set_room(struct kvmstall_bpf *skel)
{
	const char *room = getenv("KVMSTALL_MAP_MAX"), *cnt = room ? strchr(room, '=') : NULL;
	char name[BPF_OBJ_NAME_LEN];
	struct bpf_map *map;

	if (!cnt)
		return;
	snprintf(name, sizeof(name), "%.*s", (int)(cnt - room), room);
	map = bpf_object__find_map_by_name(skel->obj, name);
	if (map)
		bpf_map__set_max_entries(map, atoi(cnt + 1));
}

static int configure(struct probes *probes, const struct symbols *syms,
		     const struct probes_cfg *cfg, struct err *err)
{
	struct kvmstall_bpf *skel = probes->skel;
	uint8_t wanted[256];

	set_symbols(skel, syms);
	set_waits(skel, syms);
	set_stacks(probes, syms);
	ioctl_wanted(wanted);
	memcpy((void *)skel->rodata->wanted, wanted, sizeof(wanted));
	skel->rodata->want_all_calls = cfg->want_all_calls;
	if (cfg->min_ns && cfg->min_ns < KS_LONG_CALL_NS)
		skel->rodata->long_call_ns = cfg->min_ns;
	/* to translate ids of the first one changes nothing */
	skel->rodata->is_in_pid_ns = proc_pid_ns() != PROC_PID_NS_FIRST;
	skel->rodata->want_followed = cfg->want_fork;
	memcpy((void *)skel->rodata->struct_ids, cfg->struct_ids, sizeof(skel->rodata->struct_ids));
	skel->rodata->rcu_data_from_rq = cfg->rcu_data_from_rq;
	skel->rodata->this_cpu_off_from_rq = cfg->this_cpu_off_from_rq;
	skel->rodata->per_cpu_offsets = cfg->per_cpu_offsets;
	skel->rodata->runqueues_at = cfg->runqueues;
	skel->rodata->want_worker_sleeps = !attach_plan_carries(probes->plan, CAPABILITY_WAIT);
	if (libbpf_num_possible_cpus() > 0)
		bpf_map__set_max_entries(skel->maps.turns, libbpf_num_possible_cpus());
	set_room(skel);
	if (cfg->ring_bytes) {
		bpf_map__set_max_entries(skel->maps.ring, cfg->ring_bytes);
		skel->rodata->ring_wake_bytes = cfg->ring_bytes / 4;
	}
	for (size_t i = 0; i < probes->plan->progs_cnt; i++) {
		const struct attach_prog *row = probes->plan->progs[i];
		struct bpf_program *prog = find_prog(probes, row);

		if (!prog)
			return err_set(err, -ENOENT, "there is no BPF program '%s'", row->name);
		if (!is_used(probes, row))
			continue;
		bpf_program__set_autoload(prog, true);
		ask_verifier_stats(prog);
	}
	return check_symbols(skel, err);
}

static int cannot(struct err *err, int code, const char *what, const char *hint)
{
	const char *remedy = features_remedy(code);

	return err_set(err, code, "%s: %s (%s)", what, strerror(-code), remedy ? remedy : hint);
}

static int load(struct probes *probes, struct err *err)
{
	const struct bpf_map *ring = probes->skel->maps.ring;
	int ret = kvmstall_bpf__load(probes->skel);

	for (size_t i = 0; i < probes->plan->progs_cnt; i++)
		if (is_used(probes, probes->plan->progs[i]))
			tell_verifier_stats(find_prog(probes, probes->plan->progs[i]));
	if (ret == -EPERM)
		return err_cannot(err, "not allowed to load BPF programs: run as root, or with "
				       "CAP_BPF, CAP_PERFMON and, when KVM is a module, "
				       "CAP_SYS_ADMIN");
	if (ret)
		return cannot(err, ret, "cannot load the BPF programs",
			      "-vv shows the verifier's words");
	/* libbpf goes on without them where its own trial of mmap() failed. */
	if (!probes->skel->bss || !probes->skel->rodata)
		return cannot(err, -ENOMEM, "cannot map the BPF programs' variables",
			      "is there memory?");
	probes->ring =
		ring_new(bpf_map__fd(ring), bpf_map__max_entries(ring), probes->fn, probes->ctx);
	if (!probes->ring)
		return cannot(err, -errno, "cannot map the ring buffer", "--ring sets its size");
	return 0;
}

static int iterate(struct bpf_program *prog, const struct bpf_map *map);

/* Whose ids these are is to be known before the first record is made. */
static int learn_ids(struct probes *probes, struct err *err)
{
	struct kvmstall_bpf *skel = probes->skel;
	int ret;

	skel->bss->self_tgid = getpid();
	if (!skel->rodata->is_in_pid_ns)
		return 0;
	if (!attach_plan_carries(probes->plan, CAPABILITY_SCAN))
		return err_cannot(err, "in a PID namespace process ids can only be translated with "
				       "BPF iterators, which do not work here");
	skel->bss->scan_self = true;
	ret = iterate(skel->progs.task_iter, NULL);
	skel->bss->scan_self = false;
	if (!ret && !*(volatile __u64 *)&skel->bss->self_pid_ns)
		ret = -ESRCH;
	return ret ? err_set(err, ret, "cannot find out which PID namespace this is: %s",
			     strerror(-ret))
		   : 0;
}

/* Where RCU's grace periods are. Without it, what a wait for RCU went to is not known, and it is
 * one piece. */
static void learn_rcu(struct probes *probes)
{
	struct kvmstall_bpf *skel = probes->skel;

	if (skel->rodata->rcu_data_from_rq && attach_plan_carries(probes->plan, CAPABILITY_SCAN)) {
		skel->bss->scan_rcu = true;
		iterate(skel->progs.task_iter, NULL);
		skel->bss->scan_rcu = false;
	}
	if (!*(volatile __u64 *)&skel->bss->rcu_root)
		log_notice("what a wait for RCU goes to is not known: its kthread was not found");
}

static void cleanup_probes(struct probes **probes)
{
	probes_free(*probes);
}

struct kvmstall_bpf *probes_open(const char *types)
{
	ZERO_OPTS(bpf_object_open_opts, opts);
	struct kvmstall_bpf *skel;

	libbpf_set_print(on_libbpf);
	opts.btf_custom_path = *types ? types : NULL;
	skel = kvmstall_bpf__open_opts(&opts);
	/* What it hangs on is known; that libbpf is told has it read the kernel's types now, and
	 * keep them until the programs are loaded. Where they cannot be read, that says so. */
	if (skel)
		bpf_program__set_attach_target(skel->progs.switch_tp, 0, "sched_switch");
	return skel;
}

void probes_close(struct kvmstall_bpf *opened)
{
	kvmstall_bpf__destroy(opened);
}

struct probes *probes_new(const struct attach_plan *plan, const struct symbols *syms,
			  const struct probes_cfg *cfg, probes_fn fn, void *ctx, struct err *err)
{
	_cleanup_(cleanup_probes) struct probes *probes = calloc(1, sizeof(*probes));

	if (!probes) {
		probes_close(cfg->opened);
		err_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	probes->plan = plan;
	probes->fn = fn;
	probes->ctx = ctx;
	probes->want_fork = cfg->want_fork;
	/* Without the right to it there are no figures, which is no reason to fail. */
	probes->stats_fd = cfg->want_cost ? bpf_enable_stats(BPF_STATS_RUN_TIME) : -1;
	probes->skel = cfg->opened ? cfg->opened : probes_open(cfg->types);
	if (!probes->skel) {
		err_set(err, -errno, "cannot open the BPF programs: %s", strerror(errno));
		return NULL;
	}
	if (configure(probes, syms, cfg, err) || load(probes, err) || learn_ids(probes, err))
		return NULL;
	learn_rcu(probes);
	return take_ptr(probes);
}

void probes_free(struct probes *probes)
{
	if (!probes)
		return;
	probes_detach(probes);
	if (probes->stats_fd >= 0)
		close(probes->stats_fd);
	ring_free(probes->ring);
	kvmstall_bpf__destroy(probes->skel);
	free(probes);
}

/* Without tracefs there is room for fewer returns in flight; those that are lost are counted. */
static struct bpf_link *attach(struct bpf_program *prog)
{
	struct bpf_link *link = kretprobe_is(prog) ? kretprobe_attach(prog) : NULL;

	return link ? link : bpf_program__attach(prog);
}

static int cannot_attach(struct err *err, int code, const struct attach_prog *prog)
{
	const char *remedy = features_remedy(code);

	return err_set(err, code, "cannot attach '%s': %s%s%s%s", prog->name, strerror(-code),
		       remedy ? " (" : "", remedy ? remedy : "", remedy ? ")" : "");
}

int probes_attach(struct probes *probes, struct err *err)
{
	if (uses_kretprobes(probes))
		kretprobe_sweep();
	for (size_t i = 0; i < probes->plan->progs_cnt; i++) {
		const struct attach_prog *prog = probes->plan->progs[i];

		if (!is_used(probes, prog) || is_iterator(prog))
			continue;
		probes->links[i] = attach(find_prog(probes, prog));
		if (!probes->links[i])
			return cannot_attach(err, -errno, prog);
	}
	if (attach_plan_carries(probes->plan, CAPABILITY_SCAN))
		sampler_open(&probes->sampler, bpf_program__fd(probes->skel->progs.sample_perf));
	probes->skel->bss->attached_ns = clock_now_ns();
	probes->skel->bss->is_attached = true;
	return 0;
}

void probes_detach(struct probes *probes)
{
	if (probes->skel && probes->skel->bss)
		probes->skel->bss->is_attached = false;
	sampler_close(&probes->sampler);
	for (size_t i = 0; i < ATTACH_PROGS_MAX; i++) {
		if (!probes->links[i])
			continue;
		bpf_link__destroy(probes->links[i]);
		probes->links[i] = NULL;
		if (kretprobe_is(find_prog(probes, probes->plan->progs[i])))
			kretprobe_remove(find_prog(probes, probes->plan->progs[i]));
	}
}

static int run_iter(struct bpf_link *link)
{
	_close_ int fd = bpf_iter_create(bpf_link__fd(link));
	char buf[64];
	ssize_t len;

	if (fd < 0)
		return -errno;
	do
		len = read(fd, buf, sizeof(buf));
	while (len > 0 || (len < 0 && errno == EAGAIN));
	return len < 0 ? -errno : 0;
}

/* @map: whose elements, NULL: not those of a map. */
static int iterate(struct bpf_program *prog, const struct bpf_map *map)
{
	union bpf_iter_link_info info = {.map.map_fd = map ? bpf_map__fd(map) : 0};
	ZERO_OPTS(bpf_iter_attach_opts, opts);
	struct bpf_link *link;
	int ret;

	opts.link_info = map ? &info : NULL;
	opts.link_info_len = map ? sizeof(info) : 0;
	link = bpf_program__attach_iter(prog, &opts);
	ret = link ? run_iter(link) : -errno;
	bpf_link__destroy(link);
	return ret;
}

int probes_find(struct probes *probes, struct err *err)
{
	int ret = 0;

	if (attach_plan_carries(probes->plan, CAPABILITY_FIND))
		ret = iterate(probes->skel->progs.find_iter, NULL);
	if (ret)
		return err_set(err, ret, "cannot look for the VMs that exist already: %s",
			       strerror(-ret));
	return 0;
}

/* Once for as long as it fails in the same way: scans are many. */
static void say_scan(struct probes *probes, int ret)
{
	if (ret && ret != probes->scan_failed)
		log_warn("cannot scan for calls that still wait, nor for readers: %s",
			 strerror(-ret));
	probes->scan_failed = ret;
}

/* Who waits for such a thread comes after it: a pass of its own, if anybody is in a call. */
static int scan_wants(struct kvmstall_bpf *skel)
{
	int ret;

	if (!*(volatile __s64 *)&skel->bss->tasks_cnt)
		return 0;
	skel->bss->scan_wants = true;
	ret = iterate(skel->progs.task_iter, NULL);
	skel->bss->scan_wants = false;
	return ret;
}

int probes_scan(struct probes *probes, uint32_t tgid, uint64_t ssp)
{
	int ret;

	if (!attach_plan_carries(probes->plan, CAPABILITY_SCAN))
		return 0;
	probes->skel->bss->scan_tgid = tgid;
	probes->skel->bss->scan_ssp = ssp;
	ret = tgid ? 0 : scan_wants(probes->skel);
	if (!ret)
		ret = iterate(probes->skel->progs.task_iter, NULL);
	say_scan(probes, ret);
	if (ret || !tgid)
		return ret;
	probes->skel->bss->sample_tgid = tgid;
	probes->skel->bss->sample_ssp = ssp;
	sampler_take(&probes->sampler);
	return 0;
}

static bool ask_readers(const struct probes *probes, uint64_t ssp, int cpu,
			struct ks_readers_cpu *counts)
{
	const struct kvmstall_bpf *skel = probes->skel;
	ZERO_OPTS(bpf_test_run_opts, opts);

	skel->bss->readers_cpu = (struct ks_readers_cpu){.ssp = ssp, .cpu = (uint32_t)cpu};
	if (bpf_prog_test_run_opts(bpf_program__fd(skel->progs.readers_ask), &opts))
		return false;
	*counts = *(volatile struct ks_readers_cpu *)&skel->bss->readers_cpu;
	return true;
}

bool probes_readers(const struct probes *probes, uint64_t ssp, struct ks_readers *readers)
{
	int cpus = libbpf_num_possible_cpus();
	struct ks_readers_cpu counts;

	*readers = (struct ks_readers){.head = {.type = KS_READERS, .cpu = UINT16_MAX}};
	if (!attach_plan_carries(probes->plan, CAPABILITY_SCAN))
		return false;
	for (int cpu = 0; cpu < cpus; cpu++)
		if (!ask_readers(probes, ssp, cpu, &counts) || !readers_add(readers, &counts))
			return false;
	readers->head.ts_ns = clock_now_ns();
	return readers->ssp != 0;
}

#define VMS_BATCH 1024

/* One system call's worth. Returns as bpf_map_lookup_batch(). */
static int add_vms(const struct bpf_map *map, void *batch, bool is_first, uint64_t *keys,
		   void *values, struct map *vms)
{
	ZERO_OPTS(bpf_map_batch_opts, opts);
	__u32 cnt = VMS_BATCH;
	int ret = bpf_map_lookup_batch(bpf_map__fd(map), is_first ? NULL : batch, batch, keys,
				       values, &cnt, &opts);

	if (ret && ret != -ENOENT)
		return ret;
	for (__u32 i = 0; i < cnt; i++)
		if (map_put(vms, keys[i], vms)) /* any value */
			return -ENOMEM;
	return ret;
}

int probes_vms(const struct probes *probes, struct map *vms)
{
	const struct bpf_map *map = probes->skel->maps.vms;
	_free_ uint64_t *keys = calloc(VMS_BATCH, sizeof(*keys));
	_free_ char *values = calloc(VMS_BATCH, bpf_map__value_size(map));
	__u32 batch = 0;
	int ret;

	if (!keys || !values)
		return -ENOMEM;
	ret = add_vms(map, &batch, true, keys, values, vms);
	while (!ret)
		ret = add_vms(map, &batch, false, keys, values, vms);
	return ret == -ENOENT ? 0 : ret;
}

uint64_t probes_sweeps_wanted(const struct probes *probes)
{
	return *(volatile __u64 *)&probes->skel->bss->sweeps_wanted;
}

bool probes_has_left(const struct probes *probes)
{
	return *(volatile __s64 *)&probes->skel->bss->left_cnt > 0;
}

int probes_sweep(struct probes *probes)
{
	if (!attach_plan_carries(probes->plan, CAPABILITY_FIND))
		return 0;
	return iterate(probes->skel->progs.sweep_iter, probes->skel->maps.vms);
}

int probes_follow(struct probes *probes, uint32_t tgid, struct err *err)
{
	uint32_t one = 1;

	if (bpf_map_update_elem(bpf_map__fd(probes->skel->maps.followed), &tgid, &one, BPF_ANY))
		return err_set(err, -errno, "cannot follow process %u: %s", tgid, strerror(errno));
	return 0;
}

unsigned int probes_followed_cnt(const struct probes *probes)
{
	const struct bpf_map *map = probes->skel->maps.followed;
	uint32_t key, max = bpf_map__max_entries(map);
	unsigned int cnt = 0;
	int ret = bpf_map_get_next_key(bpf_map__fd(map), NULL, &key);

	/* It may begin anew after one that has ended meanwhile. */
	while (!ret && cnt < max) {
		cnt++;
		ret = bpf_map_get_next_key(bpf_map__fd(map), &key, &key);
	}
	return cnt;
}

bool probes_saw(const struct probes *probes, uint32_t kind)
{
	return ((volatile __u64 *)probes->skel->bss->calls_seen)[kind & 7] != 0;
}

int probes_fd(const struct probes *probes)
{
	return bpf_map__fd(probes->skel->maps.ring);
}

int probes_read(struct probes *probes)
{
	return ring_consume(probes->ring);
}

static bool read_info(const struct probes *probes, size_t i, struct bpf_prog_info *info)
{
	int fd = bpf_program__fd(find_prog(probes, probes->plan->progs[i]));
	__u32 len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return fd >= 0 && !bpf_obj_get_info_by_fd(fd, info, &len);
}

void probes_count(const struct probes *probes, uint64_t losses[KS_LOSS_CNT],
		  struct probes_cost *cost)
{
	struct bpf_prog_info info;

	*cost = (struct probes_cost){.in_flight = *(volatile __u64 *)&probes->skel->bss->in_flight};
	for (int i = 0; i < KS_KIND_CNT; i++)
		cost->calls[i] = ((volatile __u64 *)probes->skel->bss->calls_seen)[i];
	for (int i = 0; i < KS_LOSS_CNT; i++)
		losses[i] = ((volatile __u64 *)probes->skel->bss->losses)[i];
	for (size_t i = 0; i < probes->plan->progs_cnt; i++) {
		if (!read_info(probes, i, &info))
			continue;
		/* A program that was preempted keeps other tasks from it on that CPU
		 * (bpf_prog->active). */
		losses[KS_LOSS_MISSED] += info.recursion_misses;
		cost->runs += info.run_cnt;
		cost->ns += info.run_time_ns;
	}
}
