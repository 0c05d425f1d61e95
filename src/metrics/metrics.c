// SPDX-License-Identifier: GPL-2.0-only
#include "metrics/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sanitize.h"
#include "ledger/filter.h"
#include "ledger/ledger.h"
#include "ledger/life.h"
#include "ledger/record_view.h"
#include "ledger/sites.h"
#include "ledger/symbols.h"
#include "metrics/counted.h"
#include "metrics/setups.h"

const char *const metric_type_names[] = {"counter", "gauge", "info", "histogram"};

const struct metric_desc metric_descs[METRIC_CNT] = {
#define X(id, name, type, is_seconds, labels, help)                                                \
	[METRIC_##id] = {name, METRIC_##type, is_seconds, labels, help},
	METRICS(X)
#undef X
};

const char *metric_label_name(const struct metric_desc *desc, int n, char *buf, size_t size)
{
	const char *labels = desc->labels;

	while (n-- > 0) {
		labels += strcspn(labels, ",");
		if (*labels)
			labels++;
	}
	if (!*labels)
		return NULL;
	snprintf(buf, size, "%.*s", (int)strcspn(labels, ","), labels);
	return buf;
}

/* ---- calls ---- */

/* Where this name is, or should be: they are in order, so that output is. */
static size_t call_place(const struct metrics *metrics, const char *name, bool *is_there)
{
	size_t from = 0, to = metrics->calls_cnt;

	*is_there = false;
	while (from < to && !*is_there) {
		size_t mid = from + (to - from) / 2;
		int cmp = strcmp(metrics->calls[mid]->name, name);

		*is_there = !cmp;
		if (cmp < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return to;
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

/* A name that has sums, its own or those of "other", has them for good. */
static struct call_sums *sums_of_call(struct metrics *metrics, enum call_id call)
{
	if (!metrics->call_of[call])
		metrics->call_of[call] = find_call(metrics, call_name(call));
	return metrics->call_of[call];
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

/* ---- life ---- */

/*
 * What is on a list of ours is there from the start, at 0: a series that is born with a value has
 * grown by nothing, for who asks how much it grew (increase() of Prometheus).
 */
static void start_at_zero(struct metrics *metrics)
{
	static const unsigned int codes[] = {200, 404, 405, 503};

	for (int id = CALL_NONE + 1; id <= CALL_MMU_RELEASE; id++)
		if (id != CALL_CLOSE_LAST && id != CALL_CLOSE_EXIT) /* of comparisons */
			find_call(metrics, call_name(id));
	for (size_t i = 0; i < sites_cnt; i++)
		if (sites[i].callback)
			find_function(metrics, sites[i].func);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		metrics->codes[metrics->codes_cnt++].code = codes[i];
}

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
	metrics->setups_due_ns = UINT64_MAX;
	metrics->vms.identify = cfg->identify;
	metrics->vms.ctx = cfg->ctx;
	start_at_zero(metrics);
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

/* ---- stalls ---- */

static void set_exemplar_vm(const struct metrics *metrics, const struct vm *vm,
			    struct exemplar *exemplar)
{
	const struct vmset_vm *known = vm ? map_get(&metrics->vms.vms, vm->id) : NULL;
	char text[sizeof(exemplar->vm) * 2];
	const char *name = "";

	if (known && known->is_shown) {
		name = known->label;
	} else if (vm && vm->name[0]) {
		name = vm->name;
	} else if (vm) {
		snprintf(text, sizeof(text), "%s[%u]", vm->comm, vm->tgid);
		name = text;
	}
	sanitize(exemplar->vm, sizeof(exemplar->vm), name);
}

static void make_exemplar(const struct metrics *metrics, const struct stall *stall,
			  struct exemplar *exemplar)
{
	const struct culprit *culprit = &stall->culprit;
	const char *name = "";

	if (culprit->kind != CULPRIT_NONE)
		name = culprit->func   ? culprit->func
		       : culprit->call ? call_name(culprit->call)
				       : culprit->comm;
	*exemplar = (struct exemplar){.ns = stall->latency_ns, .ts_ns = stall->rec->head.ts_ns};
	set_exemplar_vm(metrics, stall->vm, exemplar);
	sanitize(exemplar->call, sizeof(exemplar->call), call_name(stall->call));
	sanitize(exemplar->culprit, sizeof(exemplar->culprit), name);
}

/* Without memory its grace periods are not counted. */
static void learn_domain(struct metrics *metrics, const struct domain *dom)
{
	if (dom)
		map_put(&metrics->domains, domain_ssp(dom),
			(void *)(uintptr_t)(domain_get_kind(dom) + 1));
}

static void count_waits(struct metrics *metrics, const struct stall *stall)
{
	for (size_t i = 0; i < stall->waits_cnt; i++) {
		const struct wait *wait = &stall->waits[i];
		int kind = wait->dom ? (int)domain_get_kind(wait->dom) : DOMAIN_KIND_CNT;

		hist_observe(&metrics->waits[kind][wait->api], wait->ns, NULL);
		if (kind == DOMAIN_SHARED) /* no VM's own: known once a call waited on it */
			learn_domain(metrics, wait->dom);
	}
}

static bool is_stall(const struct metrics *metrics, const struct stall *stall)
{
	return stall_counts(stall, metrics->cfg.min_ns);
}

/* Time that somebody waited: by call, by the VM's age, by VM. */
static void count_stall(struct metrics *metrics, struct call_sums *call, const struct stall *stall)
{
	vmset_count(&metrics->vms, stall->vm, stall->by_cause);
	setups_stall(metrics, stall, is_stall(metrics, stall));
	if (stall->without_ns < stall->latency_ns && stall->culprit.kind == CULPRIT_INITIATOR)
		find_function(metrics, stall->culprit.func)->outstanding_ns +=
			stall->latency_ns - stall->without_ns;
	if (is_stall(metrics, stall))
		metrics->incomplete += !stall->is_complete;
	for (int i = 0; i < KS_CAUSE_CNT; i++) {
		metrics->phases[stall->phase][i] += stall->by_cause[i];
		if (call)
			call->ns[i] += stall->by_cause[i];
	}
	if (call && is_stall(metrics, stall))
		call->stalls[stall->cause]++;
}

/* What its waits for plain RCU went to: their sum is the time of that cause. */
static void count_rcu(struct metrics *metrics, const struct stall *stall)
{
	for (size_t i = 0; i < stall->segments_cnt; i++) {
		const struct rcu_blame *rcu = segment_rcu(&stall->segments[i]);

		if (rcu)
			metrics->rcu_ns[rcu->part] += stall->segments[i].ns;
	}
}

void metrics_stall(struct metrics *metrics, const struct stall *stall)
{
	struct call_sums *call = sums_of_call(metrics, stall->call);
	struct exemplar exemplar;

	make_exemplar(metrics, stall, &exemplar);
	count_waits(metrics, stall);
	if (call)
		hist_observe(&call->hist, stall->latency_ns, &exemplar);
	if (!stall_is_waited_for(stall))
		return;
	count_stall(metrics, call, stall);
	if (stall->by_cause[KS_CAUSE_RCU])
		count_rcu(metrics, stall);
}

/* ---- VMs ---- */

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
	setups_born(metrics, vm);
}

void metrics_vm_gone(struct metrics *metrics, const struct vm *vm)
{
	forget_domain(metrics, vm->srcu);
	forget_domain(metrics, vm->irq_srcu);
	setups_over(metrics, vm);
	vmset_remove(&metrics->vms, vm->id);
}

void metrics_span(struct metrics *metrics, const struct span *span)
{
	hist_observe(&metrics->spans[span->kind], span->ns, NULL);
	if (span->kind != SPAN_START)
		return;
	setups_over(metrics, span->vm);
	metrics->starts[!span->has_run]++;
	for (int i = 0; i < KS_CAUSE_CNT; i++)
		metrics->start_ns[i] += span->by_cause[i];
	metrics->start_ns[KS_CAUSE_CNT] += span->outside_ns;
}

/* ---- records ---- */

/* The record has no stack (a walk there would cost too much): the callback says who queued it. */
static void count_deferred(struct metrics *metrics, const struct symbols *syms,
			   const struct record_view *view)
{
	__u64 func = view->start->func;
	const struct site *site = site_of_callback(func ? symbols_find(syms, func, NULL) : NULL);

	find_function(metrics, site ? site->func : NULL)->deferred++;
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
	struct record_view view;
	struct gp_duration ended;
	bool is_over = false;

	if (!record_view(record, size, &view))
		return;
	if (view.head->lost)
		gp_durations_lose(&metrics->running);
	if (view.head->type == KS_CALLBACK)
		count_deferred(metrics, syms, &view);
	else if (view.shape == RECORD_START)
		is_over = gp_durations_start(&metrics->running, view.start, &ended);
	else if (view.shape == RECORD_STEP)
		is_over = gp_durations_step(&metrics->running, view.step, &ended);
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
	memset(metrics->asleep, 0, sizeof(metrics->asleep));
	metrics->oldest_ns = 0;
	vmset_asleep_begin(&metrics->vms);
}

void metrics_asleep(struct metrics *metrics, const struct stall *stall)
{
	if (!is_stall(metrics, stall) || !stall_is_waited_for(stall))
		return;
	metrics->asleep[stall->cause]++;
	if (stall->latency_ns > metrics->oldest_ns)
		metrics->oldest_ns = stall->latency_ns;
	if (stall->vm)
		vmset_asleep(&metrics->vms, stall->vm->id, stall->latency_ns);
}

void metrics_set_totals(struct metrics *metrics, const struct metrics_totals *totals)
{
	metrics->totals = *totals;
}

void metrics_judge(struct metrics *metrics, uint64_t now_ns)
{
	setups_judge(metrics, now_ns);
	vmset_judge(&metrics->vms, now_ns);
}

uint64_t metrics_due_ns(struct metrics *metrics, uint64_t now_ns)
{
	uint64_t due_ns = vmset_due_ns(&metrics->vms, now_ns);

	return due_ns < metrics->setups_due_ns ? due_ns : metrics->setups_due_ns;
}

void metrics_reidentify(struct metrics *metrics)
{
	vmset_reidentify(&metrics->vms);
}
