// SPDX-License-Identifier: GPL-2.0-only
#include "metrics/collect.h"

#include <stdio.h>

#include "ledger/ledger.h"
#include "metrics/counted.h"
#include "output/summary.h"

/* One collector for each metric. */
struct out {
	const struct metrics *metrics;
	collect_fn fn;
	void *ctx;
};

typedef void (*collector)(const struct out *out);

static void put_value(const struct out *out, uint64_t value, const char *one, const char *two)
{
	const struct metric_value sample = {
		.labels = {one, two}, .value = value, .created_ns = out->metrics->cfg.start_ns};

	out->fn(out->ctx, &sample);
}

static void put_hist(const struct out *out, const struct hist *hist, const char *one,
		     const char *two)
{
	const struct metric_value sample = {
		.labels = {one, two}, .hist = hist, .created_ns = out->metrics->cfg.start_ns};

	if (hist->cnt)
		out->fn(out->ctx, &sample);
}

/* Only with all of it: a fleet is divided by these labels. */
static void collect_target(const struct out *out)
{
	const struct metrics_totals *totals = &out->metrics->totals;
	char hz[16];
	const struct metric_value sample = {
		.labels = {totals->release, hz, out->metrics->cfg.version, totals->backend},
		.value = 1};

	snprintf(hz, sizeof(hz), "%u", totals->hz);
	if (totals->release && totals->hz && totals->backend)
		out->fn(out->ctx, &sample);
}

static void collect_call_duration(const struct out *out)
{
	for (size_t i = 0; i < out->metrics->calls_cnt; i++)
		put_hist(out, &out->metrics->calls[i]->hist, out->metrics->calls[i]->name, NULL);
}

static const char *domain_label(int kind)
{
	return kind < DOMAIN_KIND_CNT ? domain_kind_name(kind) : "unknown";
}

static void collect_wait_duration(const struct out *out)
{
	for (int kind = 0; kind < DOMAINS; kind++)
		for (int api = 0; api < APIS; api++)
			put_hist(out, &out->metrics->waits[kind][api],
				 api >= KS_API_RCU ? cause_name(KS_CAUSE_RCU) : domain_label(kind),
				 api ? api_name(api) : "unknown");
}

static void collect_gp_duration(const struct out *out)
{
	for (int kind = 0; kind < DOMAIN_KIND_CNT; kind++) {
		put_hist(out, &out->metrics->periods[kind][0], domain_label(kind), "expedited");
		put_hist(out, &out->metrics->periods[kind][1], domain_label(kind), "normal");
	}
}

/* One series for each call and cause but "run": a call that runs does not stall. */
static void put_causes(const struct out *out, const char *call, const uint64_t *by_cause)
{
	for (int cause = 0; cause < KS_CAUSE_CNT; cause++)
		if (cause != KS_CAUSE_RUN)
			put_value(out, by_cause[cause], call, cause_name(cause));
}

static void collect_stall_seconds(const struct out *out)
{
	for (size_t i = 0; i < out->metrics->calls_cnt; i++)
		put_causes(out, out->metrics->calls[i]->name, out->metrics->calls[i]->ns);
}

/* What was slow and ran has no stalled seconds, but was slow. */
static void collect_stalls(const struct out *out)
{
	for (size_t i = 0; i < out->metrics->calls_cnt; i++)
		for (int cause = 0; cause < KS_CAUSE_CNT; cause++)
			put_value(out, out->metrics->calls[i]->stalls[cause],
				  out->metrics->calls[i]->name, cause_name(cause));
}

static void collect_phase_seconds(const struct out *out)
{
	for (int phase = 0; phase < PHASE_CNT; phase++)
		put_causes(out, phase_name(phase), out->metrics->phases[phase]);
}

static void collect_rcu_seconds(const struct out *out)
{
	for (int part = 0; part < RCU_PART_CNT; part++)
		put_value(out, out->metrics->rcu_ns[part], rcu_part_name(part), NULL);
}

static void collect_calls(const struct out *out)
{
	static const char *const files[KS_KIND_CNT] = {[KS_KIND_DEV] = "kvm",
						       [KS_KIND_VM] = "vm",
						       [KS_KIND_VCPU] = "vcpu",
						       [KS_KIND_DEVICE] = "device",
						       [KS_KIND_CLOSE] = "close"};

	for (int kind = 0; kind < KS_KIND_CNT; kind++)
		if (files[kind])
			put_value(out, out->metrics->totals.calls[kind], files[kind], NULL);
}

static void put_only_hist(const struct out *out, const struct hist *hist)
{
	const struct metric_value sample = {.hist = hist, .created_ns = out->metrics->cfg.start_ns};

	out->fn(out->ctx, &sample);
}

static void collect_setup_duration(const struct out *out)
{
	put_only_hist(out, &out->metrics->setup_stalls);
}

static void collect_start_duration(const struct out *out)
{
	put_only_hist(out, &out->metrics->spans[SPAN_START]);
}

static void collect_end_duration(const struct out *out)
{
	put_only_hist(out, &out->metrics->spans[SPAN_END]);
}

static void collect_start_seconds(const struct out *out)
{
	for (int cause = 0; cause < KS_CAUSE_CNT; cause++)
		put_value(out, out->metrics->start_ns[cause], cause_name(cause), NULL);
	put_value(out, out->metrics->start_ns[KS_CAUSE_CNT], "outside", NULL);
}

static void collect_starts(const struct out *out)
{
	put_value(out, out->metrics->starts[0], "run", NULL);
	put_value(out, out->metrics->starts[1], "paused", NULL);
}

static void collect_setups(const struct out *out)
{
	put_value(out, out->metrics->setups[0], "no", NULL);
	put_value(out, out->metrics->setups[1], "yes", NULL);
}

static void collect_outstanding(const struct out *out)
{
	for (size_t i = 0; i < out->metrics->functions_cnt; i++)
		put_value(out, out->metrics->functions[i].outstanding_ns,
			  out->metrics->functions[i].name, NULL);
}

/* Where callbacks have no records, their number is not 0: it is not known. */
static void collect_deferred(const struct out *out)
{
	if (!out->metrics->totals.sees_callbacks)
		return;
	for (size_t i = 0; i < out->metrics->functions_cnt; i++)
		put_value(out, out->metrics->functions[i].deferred, out->metrics->functions[i].name,
			  NULL);
}

static void collect_stalled_calls(const struct out *out)
{
	for (int cause = 0; cause < KS_CAUSE_CNT; cause++)
		if (cause != KS_CAUSE_RUN)
			put_value(out, out->metrics->asleep[cause], cause_name(cause), NULL);
}

static void collect_vm_info(const struct out *out)
{
	static const struct identity nobody;

	for (size_t i = 0; i < out->metrics->vms.shown_cnt; i++) {
		const struct vmset_vm *vm = out->metrics->vms.shown[i];
		const struct identity *who = vm->identity ? vm->identity : &nobody;
		const char *name = vm->name ? vm->name : "";
		char pid[16];
		const struct metric_value sample = {
			.labels = {vm->label, pid, vm->comm, who->vmm,
				   who->name[0] ? who->name : name, who->uuid, who->machine,
				   who->pod, who->container, who->cgroup},
			.value = 1,
		};

		snprintf(pid, sizeof(pid), "%u", vm->tgid);
		out->fn(out->ctx, &sample);
	}
}

static void collect_vm_alive(const struct out *out)
{
	const struct vmset *vms = &out->metrics->vms;

	for (size_t i = 0; i < vms->shown_cnt; i++)
		put_value(out, !vms->shown[i]->is_gone, vms->shown[i]->label, NULL);
}

/* Causes that a VM never had are left out: ten series for each idle VM would be many. */
static void put_vm_causes(const struct out *out, const char *label, const uint64_t *ns,
			  uint64_t born_ns)
{
	for (int cause = 0; cause < KS_CAUSE_CNT; cause++) {
		const struct metric_value sample = {.labels = {label, cause_name(cause)},
						    .value = ns[cause],
						    .created_ns = born_ns};

		if (cause != KS_CAUSE_RUN && ns[cause])
			out->fn(out->ctx, &sample);
	}
}

static void collect_vm_stall_seconds(const struct out *out)
{
	const struct vmset *vms = &out->metrics->vms;

	for (size_t i = 0; i < vms->shown_cnt; i++)
		put_vm_causes(out, vms->shown[i]->label, vms->shown[i]->ns, vms->shown[i]->born_ns);
	put_vm_causes(out, "other", vms->other_ns, out->metrics->cfg.start_ns);
}

static void collect_vm_stalled(const struct out *out)
{
	const struct vmset *vms = &out->metrics->vms;

	for (size_t i = 0; i < vms->shown_cnt; i++)
		if (vms->shown[i]->asleep_ns)
			put_value(out, vms->shown[i]->asleep_ns, vms->shown[i]->label, NULL);
}

static void collect_vms_other(const struct out *out)
{
	const struct vmset *vms = &out->metrics->vms;
	size_t shown = 0;

	for (size_t i = 0; i < vms->shown_cnt; i++)
		shown += !vms->shown[i]->is_gone;
	put_value(out, vms->living - shown, NULL, NULL);
}

static void collect_lost(const struct out *out)
{
	for (int i = 0; i < KS_LOSS_CNT; i++)
		put_value(out, out->metrics->totals.losses[i], loss_name(i), NULL);
}

static void collect_backend(const struct out *out)
{
	if (out->metrics->totals.backend)
		put_value(out, 1, out->metrics->totals.backend, NULL);
}

static void collect_build(const struct out *out)
{
	put_value(out, 1, out->metrics->cfg.version, NULL);
}

static void collect_kernel(const struct out *out)
{
	char hz[16];

	snprintf(hz, sizeof(hz), "%u", out->metrics->totals.hz);
	if (out->metrics->totals.release && out->metrics->totals.hz)
		put_value(out, 1, out->metrics->totals.release, hz);
}

static void collect_jiffy(const struct out *out)
{
	if (out->metrics->totals.hz)
		put_value(out, 1000000000 / out->metrics->totals.hz, NULL, NULL);
}

static void collect_written(const struct out *out)
{
	if (out->metrics->totals.written_ns)
		put_value(out, out->metrics->totals.written_ns, NULL, NULL);
}

static void collect_requests(const struct out *out)
{
	for (size_t i = 0; i < out->metrics->codes_cnt; i++) {
		char code[16];

		snprintf(code, sizeof(code), "%u", out->metrics->codes[i].code);
		put_value(out, out->metrics->codes[i].cnt, code, NULL);
	}
}

static void collect_probe_seconds(const struct out *out)
{
	if (out->metrics->totals.has_cost)
		put_value(out, out->metrics->totals.probe_ns, NULL, NULL);
}

static void collect_probe_runs(const struct out *out)
{
	if (out->metrics->totals.has_cost)
		put_value(out, out->metrics->totals.probe_runs, NULL, NULL);
}

/* Metrics that are one number. */
#define COLLECT(name, expression)                                                                  \
	static void collect_##name(const struct out *out)                                          \
	{                                                                                          \
		const struct metrics *m = out->metrics;                                            \
		put_value(out, expression, NULL, NULL);                                            \
	}

COLLECT(incomplete, m->incomplete)
COLLECT(oldest, m->oldest_ns)
COLLECT(vms, m->vms.living)
COLLECT(vms_seen, m->vms_seen)
COLLECT(vm_limit, m->vms.limit)
COLLECT(evictions, m->vms.evictions)
COLLECT(cut, m->vms.cut)
COLLECT(events, m->totals.records)
COLLECT(history, m->totals.history_bytes)
COLLECT(attached, m->totals.is_attached)
COLLECT(cpu, m->totals.cpu_ns)
COLLECT(rss, m->totals.rss_bytes)
COLLECT(start, m->totals.process_start_ns)

static const collector collectors[METRIC_CNT] = {
	[METRIC_TARGET] = collect_target,
	[METRIC_CALL_DURATION] = collect_call_duration,
	[METRIC_WAIT_DURATION] = collect_wait_duration,
	[METRIC_GP_DURATION] = collect_gp_duration,
	[METRIC_STALL_SECONDS] = collect_stall_seconds,
	[METRIC_STALLS] = collect_stalls,
	[METRIC_PHASE_SECONDS] = collect_phase_seconds,
	[METRIC_RCU_SECONDS] = collect_rcu_seconds,
	[METRIC_CALLS] = collect_calls,
	[METRIC_SETUP_DURATION] = collect_setup_duration,
	[METRIC_SETUPS] = collect_setups,
	[METRIC_START_DURATION] = collect_start_duration,
	[METRIC_STARTS] = collect_starts,
	[METRIC_END_DURATION] = collect_end_duration,
	[METRIC_START_SECONDS] = collect_start_seconds,
	[METRIC_INCOMPLETE] = collect_incomplete,
	[METRIC_OUTSTANDING] = collect_outstanding,
	[METRIC_DEFERRED] = collect_deferred,
	[METRIC_STALLED_CALLS] = collect_stalled_calls,
	[METRIC_OLDEST] = collect_oldest,
	[METRIC_VMS] = collect_vms,
	[METRIC_VMS_SEEN] = collect_vms_seen,
	[METRIC_VM_INFO] = collect_vm_info,
	[METRIC_VM_ALIVE] = collect_vm_alive,
	[METRIC_VM_STALL_SECONDS] = collect_vm_stall_seconds,
	[METRIC_VM_STALLED] = collect_vm_stalled,
	[METRIC_VM_LIMIT] = collect_vm_limit,
	[METRIC_VMS_OTHER] = collect_vms_other,
	[METRIC_EVICTIONS] = collect_evictions,
	[METRIC_CUT] = collect_cut,
	[METRIC_EVENTS] = collect_events,
	[METRIC_LOST] = collect_lost,
	[METRIC_HISTORY] = collect_history,
	[METRIC_ATTACHED] = collect_attached,
	[METRIC_BACKEND] = collect_backend,
	[METRIC_BUILD] = collect_build,
	[METRIC_KERNEL] = collect_kernel,
	[METRIC_JIFFY] = collect_jiffy,
	[METRIC_WRITTEN] = collect_written,
	[METRIC_PROBE_SECONDS] = collect_probe_seconds,
	[METRIC_PROBE_RUNS] = collect_probe_runs,
	[METRIC_REQUESTS] = collect_requests,
	[METRIC_CPU] = collect_cpu,
	[METRIC_RSS] = collect_rss,
	[METRIC_START] = collect_start,
};

void collect_each(const struct metrics *metrics, enum metric metric, collect_fn fn, void *ctx)
{
	const struct out out = {metrics, fn, ctx};

	collectors[metric](&out);
}
