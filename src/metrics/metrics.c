// SPDX-License-Identifier: GPL-2.0-only
#include "metrics/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/hist.h"
#include "base/sanitize.h"
#include "ledger/ledger.h"
#include "ledger/gp_durations.h"
#include "output/summary.h"
#include "metrics/vmset.h"

#define CALLS_MAX     48 /* names; what is beyond is "other" */
#define FUNCTIONS_MAX 32
#define CODES_MAX     12
#define DOMAINS	      (DOMAIN_KIND_CNT + 1) /* and one that is not known */
#define APIS	      4

const char *const metric_type_names[] = {"counter", "gauge", "info", "histogram"};

const struct metric_desc metric_descs[METRIC_CNT] = {
#define X(id, name, type, is_seconds, labels, help)                                                \
	[METRIC_##id] = {name, METRIC_##type, is_seconds, labels, help},
	METRICS(X)
#undef X
};

struct call_sums {
	const char *name;
	struct hist hist;
	uint64_t ns[KS_CAUSE_CNT];
	uint64_t stalls[KS_CAUSE_CNT];
};

struct function_sums {
	char name[48];
	uint64_t deferred;
	uint64_t outstanding_ns;
};

struct code_count {
	unsigned int code;
	uint64_t cnt;
};

struct metrics {
	struct metrics_cfg cfg;
	struct call_sums *calls[CALLS_MAX]; /* by name */
	size_t calls_cnt;
	struct hist waits[DOMAINS][APIS];
	struct hist periods[DOMAIN_KIND_CNT][2]; /* expedited, normal */
	struct function_sums functions[FUNCTIONS_MAX];
	size_t functions_cnt;
	struct code_count codes[CODES_MAX];
	size_t codes_cnt;
	struct vmset vms;
	struct map domains; /* ssp -> its kind plus 1, of the VMs that exist */
	struct gp_durations running;
	uint64_t vms_seen;
	uint64_t incomplete;
	uint64_t asleep[KS_CAUSE_CNT];
	uint64_t oldest_ns;
	struct metrics_totals totals;
};

struct metrics *metrics_new(const struct metrics_cfg *cfg)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));

	if (!metrics)
		return NULL;
	if (vmset_init(&metrics->vms, cfg->vm_limit)) {
		free(metrics);
		return NULL;
	}
	metrics->cfg = *cfg;
	metrics->vms.identify = cfg->identify;
	metrics->vms.ctx = cfg->ctx;
	return metrics;
}

void metrics_free(struct metrics *metrics)
{
	if (!metrics)
		return;
	for (size_t i = 0; i < metrics->calls_cnt; i++) {
		hist_fini(&metrics->calls[i]->hist);
		free(metrics->calls[i]);
	}
	vmset_fini(&metrics->vms);
	map_fini(&metrics->domains);
	gp_durations_fini(&metrics->running);
	free(metrics);
}

/* ---- calls ---- */

/* Where this name is, or should be: they are in order, so that output is. */
static size_t call_place(const struct metrics *metrics, const char *name, bool *is_there)
{
	size_t at = 0;
	int cmp = 1;

	while (at < metrics->calls_cnt && (cmp = strcmp(metrics->calls[at]->name, name)) < 0)
		at++;
	*is_there = at < metrics->calls_cnt && !cmp;
	return at;
}

/* NULL: out of memory. */
static struct call_sums *find_call(struct metrics *metrics, const char *name)
{
	bool is_there;
	size_t at = call_place(metrics, name, &is_there);
	struct call_sums *call;

	if (!is_there && metrics->calls_cnt >= CALLS_MAX - 1) {
		name = "other";
		at = call_place(metrics, name, &is_there);
	}
	if (is_there)
		return metrics->calls[at];
	call = calloc(1, sizeof(*call));
	if (!call)
		return NULL;
	call->name = name;
	for (size_t i = metrics->calls_cnt; i > at; i--)
		metrics->calls[i] = metrics->calls[i - 1];
	metrics->calls[at] = call;
	metrics->calls_cnt++;
	return call;
}

static struct function_sums *find_function(struct metrics *metrics, const char *name)
{
	struct function_sums *functions = metrics->functions;
	size_t cnt = metrics->functions_cnt;

	if (!name)
		name = "unknown";
	for (size_t i = 0; i < cnt; i++)
		if (!strncmp(functions[i].name, name, sizeof(functions[i].name) - 1))
			return &functions[i];
	if (cnt == FUNCTIONS_MAX)
		return &functions[FUNCTIONS_MAX - 1];
	if (cnt == FUNCTIONS_MAX - 1)
		name = "other";
	metrics->vms.cut += sanitize(functions[cnt].name, sizeof(functions[cnt].name), name);
	metrics->functions_cnt++;
	return &functions[cnt];
}

static void set_exemplar_vm(const struct metrics *metrics, const struct vm *vm,
			    struct exemplar *exemplar)
{
	const struct vmset_vm *known = vm ? map_get(&metrics->vms.vms, vm->id) : NULL;
	char text[sizeof(exemplar->vm) * 2];

	if (known && known->is_shown)
		snprintf(text, sizeof(text), "%s", known->label);
	else if (vm && vm->name[0])
		snprintf(text, sizeof(text), "%s", vm->name);
	else
		snprintf(text, sizeof(text), vm ? "%s[%u]" : "", vm ? vm->comm : "",
			 vm ? vm->tgid : 0);
	sanitize(exemplar->vm, sizeof(exemplar->vm), text);
}

static void make_exemplar(const struct metrics *metrics, const struct stall *stall,
			  struct exemplar *exemplar)
{
	const struct culprit *culprit = &stall->culprit;
	const char *name = "";

	if (culprit->kind != CULPRIT_NONE)
		name = culprit->func   ? culprit->func
		       : culprit->call ? culprit->call
				       : culprit->comm;
	*exemplar = (struct exemplar){.ns = stall->latency_ns, .ts_ns = stall->rec->head.ts_ns};
	set_exemplar_vm(metrics, stall->vm, exemplar);
	sanitize(exemplar->call, sizeof(exemplar->call), stall->call);
	sanitize(exemplar->culprit, sizeof(exemplar->culprit), name);
}

static void count_waits(struct metrics *metrics, const struct stall *stall)
{
	for (size_t i = 0; i < stall->waits_cnt; i++) {
		const struct wait *wait = &stall->waits[i];
		int kind = wait->dom ? (int)domain_get_kind(wait->dom) : DOMAIN_KIND_CNT;

		hist_observe(&metrics->waits[kind][wait->api % APIS], wait->ns, NULL);
	}
}

static bool is_stall(const struct metrics *metrics, const struct stall *stall)
{
	return stall->cause != KS_CAUSE_RUN && stall->stall_ns >= metrics->cfg.min_ns;
}

void metrics_stall(struct metrics *metrics, const struct stall *stall)
{
	struct call_sums *call = find_call(metrics, stall->call);
	struct exemplar exemplar;

	make_exemplar(metrics, stall, &exemplar);
	vmset_count(&metrics->vms, stall->vm, stall->by_cause);
	count_waits(metrics, stall);
	if (stall->without_ns < stall->latency_ns && stall->culprit.kind == CULPRIT_INITIATOR)
		find_function(metrics, stall->culprit.func)->outstanding_ns +=
			stall->latency_ns - stall->without_ns;
	if (is_stall(metrics, stall))
		metrics->incomplete += !stall->is_complete;
	if (!call)
		return;
	hist_observe(&call->hist, stall->latency_ns, &exemplar);
	for (int i = 0; i < KS_CAUSE_CNT; i++)
		call->ns[i] += stall->by_cause[i];
	if (is_stall(metrics, stall))
		call->stalls[stall->cause]++;
}

/* ---- VMs ---- */

/* Without memory its grace periods are not counted. */
static void learn_domain(struct metrics *metrics, const struct domain *dom)
{
	if (dom)
		map_put(&metrics->domains, domain_ssp(dom),
			(void *)(uintptr_t)(domain_get_kind(dom) + 1));
}

static void forget_domain(struct metrics *metrics, const struct domain *dom)
{
	if (!dom)
		return;
	map_del(&metrics->domains, domain_ssp(dom));
	gp_durations_forget(&metrics->running, domain_ssp(dom));
}

void metrics_vm_new(struct metrics *metrics, const struct vm *vm)
{
	metrics->vms_seen++;
	learn_domain(metrics, vm->srcu);
	learn_domain(metrics, vm->irq_srcu);
	vmset_add(&metrics->vms, vm);
}

void metrics_vm_gone(struct metrics *metrics, const struct vm *vm)
{
	forget_domain(metrics, vm->srcu);
	forget_domain(metrics, vm->irq_srcu);
	vmset_remove(&metrics->vms, vm->id);
}

/* ---- records ---- */

static void count_deferred(struct metrics *metrics, const struct symbols *syms,
			   const struct ks_start *start, size_t size)
{
	size_t frames = (size - offsetof(struct ks_start, stack)) / sizeof(start->stack[0]);
	struct stack stack;

	if (frames > start->frames)
		frames = start->frames;
	stack_resolve(&stack, syms, start->stack, frames < KS_STACK_MAX ? frames : KS_STACK_MAX);
	find_function(metrics, stack_srcu_caller(&stack))->deferred++;
}

static void count_period(struct metrics *metrics, const struct gp_duration *period)
{
	uintptr_t kind = (uintptr_t)map_get(&metrics->domains, period->ssp);

	if (kind)
		hist_observe(&metrics->periods[kind - 1][period->is_normal], period->ns, NULL);
}

void metrics_record(struct metrics *metrics, const struct symbols *syms, const void *record,
		    size_t size)
{
	const struct ks_head *head = record;
	size_t min = size >= sizeof(*head) ? record_min_size(head->type) : 0;
	struct gp_duration ended;
	bool is_over = false;

	if (!min || size < min)
		return;
	if (head->lost || head->type == KS_LOST)
		gp_durations_lose(&metrics->running);
	if (head->type == KS_CALLBACK)
		count_deferred(metrics, syms, record, size);
	else if (head->type == KS_START)
		is_over = gp_durations_start(&metrics->running, record, &ended);
	else if (min == sizeof(struct ks_step))
		is_over = gp_durations_step(&metrics->running, record, &ended);
	if (is_over)
		count_period(metrics, &ended);
}

/* ---- the rest ---- */

void metrics_request(struct metrics *metrics, unsigned int code)
{
	size_t i = 0;

	while (i < metrics->codes_cnt && metrics->codes[i].code != code)
		i++;
	if (i == CODES_MAX)
		return;
	if (i == metrics->codes_cnt)
		metrics->codes[metrics->codes_cnt++].code = code;
	metrics->codes[i].cnt++;
}

void metrics_asleep_begin(struct metrics *metrics)
{
	const struct map_slot *slot;
	size_t pos = 0;

	memset(metrics->asleep, 0, sizeof(metrics->asleep));
	metrics->oldest_ns = 0;
	while ((slot = map_next(&metrics->vms.vms, &pos)))
		((struct vmset_vm *)slot->value)->asleep_ns = 0;
}

void metrics_asleep(struct metrics *metrics, const struct stall *stall)
{
	struct vmset_vm *vm = stall->vm ? map_get(&metrics->vms.vms, stall->vm->id) : NULL;

	if (!is_stall(metrics, stall))
		return;
	metrics->asleep[stall->cause]++;
	if (stall->latency_ns > metrics->oldest_ns)
		metrics->oldest_ns = stall->latency_ns;
	if (vm && stall->latency_ns > vm->asleep_ns)
		vm->asleep_ns = stall->latency_ns;
}

void metrics_set_totals(struct metrics *metrics, const struct metrics_totals *totals)
{
	metrics->totals = *totals;
}

void metrics_scrape(struct metrics *metrics)
{
	vmset_judge(&metrics->vms);
}

void metrics_reidentify(struct metrics *metrics)
{
	vmset_reidentify(&metrics->vms);
}

/* ---- what comes out: one collector a metric ---- */

struct out {
	const struct metrics *metrics;
	metrics_fn fn;
	void *ctx;
};

typedef void (*collect_fn)(const struct out *out);

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
	static const char *const apis[APIS] = {"unknown", "synchronize_srcu",
					       "synchronize_srcu_expedited", "srcu_barrier"};

	for (int kind = 0; kind < DOMAINS; kind++)
		for (int api = 0; api < APIS; api++)
			put_hist(out, &out->metrics->waits[kind][api], domain_label(kind),
				 apis[api]);
}

static void collect_gp_duration(const struct out *out)
{
	for (int kind = 0; kind < DOMAIN_KIND_CNT; kind++) {
		put_hist(out, &out->metrics->periods[kind][0], domain_label(kind), "expedited");
		put_hist(out, &out->metrics->periods[kind][1], domain_label(kind), "normal");
	}
}

static void collect_stall_seconds(const struct out *out)
{
	for (size_t i = 0; i < out->metrics->calls_cnt; i++)
		for (int cause = 0; cause < KS_CAUSE_CNT; cause++)
			if (cause != KS_CAUSE_RUN)
				put_value(out, out->metrics->calls[i]->ns[cause],
					  out->metrics->calls[i]->name, cause_name(cause));
}

static void collect_stalls(const struct out *out)
{
	for (size_t i = 0; i < out->metrics->calls_cnt; i++)
		for (int cause = 0; cause < KS_CAUSE_CNT; cause++)
			if (cause != KS_CAUSE_RUN)
				put_value(out, out->metrics->calls[i]->stalls[cause],
					  out->metrics->calls[i]->name, cause_name(cause));
}

static void collect_outstanding(const struct out *out)
{
	for (size_t i = 0; i < out->metrics->functions_cnt; i++)
		put_value(out, out->metrics->functions[i].outstanding_ns,
			  out->metrics->functions[i].name, NULL);
}

static void collect_deferred(const struct out *out)
{
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
		char pid[16];
		const struct metric_value sample = {
			.labels = {vm->label, pid, vm->comm, who->vmm,
				   who->name[0] ? who->name : vm->name, who->uuid, who->machine,
				   who->pod, who->container, who->cgroup},
			.value = 1,
		};

		snprintf(pid, sizeof(pid), "%u", vm->tgid);
		out->fn(out->ctx, &sample);
	}
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
	if (out->metrics->totals.release)
		put_value(out, 1, out->metrics->totals.release, hz);
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
COLLECT(attached, m->totals.is_attached)
COLLECT(cpu, m->totals.cpu_ns)
COLLECT(rss, m->totals.rss_bytes)
COLLECT(start, m->totals.process_start_ns)

static const collect_fn collectors[METRIC_CNT] = {
	[METRIC_CALL_DURATION] = collect_call_duration,
	[METRIC_WAIT_DURATION] = collect_wait_duration,
	[METRIC_GP_DURATION] = collect_gp_duration,
	[METRIC_STALL_SECONDS] = collect_stall_seconds,
	[METRIC_STALLS] = collect_stalls,
	[METRIC_INCOMPLETE] = collect_incomplete,
	[METRIC_OUTSTANDING] = collect_outstanding,
	[METRIC_DEFERRED] = collect_deferred,
	[METRIC_STALLED_CALLS] = collect_stalled_calls,
	[METRIC_OLDEST] = collect_oldest,
	[METRIC_VMS] = collect_vms,
	[METRIC_VMS_SEEN] = collect_vms_seen,
	[METRIC_VM_INFO] = collect_vm_info,
	[METRIC_VM_STALL_SECONDS] = collect_vm_stall_seconds,
	[METRIC_VM_STALLED] = collect_vm_stalled,
	[METRIC_VM_LIMIT] = collect_vm_limit,
	[METRIC_VMS_OTHER] = collect_vms_other,
	[METRIC_EVICTIONS] = collect_evictions,
	[METRIC_CUT] = collect_cut,
	[METRIC_EVENTS] = collect_events,
	[METRIC_LOST] = collect_lost,
	[METRIC_ATTACHED] = collect_attached,
	[METRIC_BACKEND] = collect_backend,
	[METRIC_BUILD] = collect_build,
	[METRIC_KERNEL] = collect_kernel,
	[METRIC_PROBE_SECONDS] = collect_probe_seconds,
	[METRIC_PROBE_RUNS] = collect_probe_runs,
	[METRIC_REQUESTS] = collect_requests,
	[METRIC_CPU] = collect_cpu,
	[METRIC_RSS] = collect_rss,
	[METRIC_START] = collect_start,
};

void metrics_each(const struct metrics *metrics, enum metric metric, metrics_fn fn, void *ctx)
{
	const struct out out = {metrics, fn, ctx};

	collectors[metric](&out);
}
