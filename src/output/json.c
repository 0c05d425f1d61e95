// SPDX-License-Identifier: GPL-2.0-only
#include "output/json.h"
#include "output/spans.h"

#include "ledger/filter.h"
#include "ledger/ioctls.h"
#include "output/advice.h"
#include "output/ndjson.h"
#include "output/summary.h"

static void put_vm(struct ndjson *json, const struct vm *vm)
{
	if (!vm) {
		ndjson_null(json, "vm");
		return;
	}
	ndjson_object(json, "vm");
	ndjson_int(json, "id", vm->id);
	ndjson_int(json, "pid", vm->tgid);
	ndjson_text(json, "comm", vm->comm);
	ndjson_text_or_null(json, "name", vm->name);
	ndjson_end_object(json);
}

static void put_args(struct ndjson *json, const struct ks_call *call)
{
	const struct ioctl_desc *desc = ioctl_find(call->kind, call->cmd);
	uint64_t value;

	ndjson_object(json, "args");
	for (size_t i = 0; desc && i < IOCTL_ARGS_MAX && desc->args[i].name; i++)
		if (ioctl_arg_value(call, &desc->args[i], &value))
			ndjson_int(json, desc->args[i].name, value);
	if (call->kind == KS_KIND_EXIT)
		ndjson_text(json, "via", "exit");
	ndjson_end_object(json);
}

static void put_domain(struct ndjson *json, const struct domain *dom)
{
	ndjson_text(json, "domain", dom ? domain_kind_name(domain_get_kind(dom)) : NULL);
}

static void put_gp(struct ndjson *json, const char *key, const struct domain *dom, uint64_t gp)
{
	int64_t number = dom && gp ? domain_gp_number(dom, gp) : -1;

	if (number < 0)
		ndjson_null(json, key);
	else
		ndjson_int(json, key, number);
}

static void put_timer(struct ndjson *json, const struct segment *seg, const struct stall *stall)
{
	const struct armed_timer *timer = segment_timer(seg);
	struct timer_story story;

	if (!timer || !timer_explain(timer, stall->tick, &story))
		return;
	ndjson_object(json, "timer");
	if (timer->fqs)
		ndjson_text(json, "fqs", timer_fqs_name(timer->fqs));
	ndjson_real(json, "into", story.into);
	ndjson_int(json, "set_for", story.set_for);
	ndjson_real(json, "due", story.due);
	ndjson_real(json, "took", story.took);
	ndjson_int(json, "late_ns", story.late_ns);
	ndjson_text(json, "late", timer_late_name(story.late));
	ndjson_end_object(json);
}

static void put_rcu(struct ndjson *json, const struct rcu_blame *rcu)
{
	if (!rcu || rcu->part == RCU_PART_NONE)
		return;
	ndjson_text(json, "part", rcu_part_name(rcu->part));
	if (rcu->has_cpu)
		ndjson_int(json, "cpu", rcu->cpu);
	if (!rcu->tid)
		return;
	ndjson_object(json, "task");
	ndjson_int(json, "tid", rcu->tid);
	ndjson_text(json, "comm", rcu->comm);
	ndjson_text(json, "in",
		    rcu_blame_in_kernel(rcu) ? "kernel"
		    : rcu->in_guest	     ? "guest"
					     : NULL);
	ndjson_end_object(json);
}

static void put_segment(struct ndjson *json, const struct segment *seg, const struct stall *stall)
{
	ndjson_object(json, NULL);
	ndjson_text(json, "cause", cause_name(seg->cause));
	ndjson_int(json, "ns", seg->ns);
	put_domain(json, seg->dom);
	put_gp(json, "gp", seg->dom, seg->gp);
	if (seg->func)
		ndjson_text(json, "function", seg->func);
	put_timer(json, seg, stall);
	put_rcu(json, segment_rcu(seg));
	ndjson_end_object(json);
}

static void put_segments(struct ndjson *json, const struct stall *stall)
{
	ndjson_array(json, "segments");
	for (size_t i = 0; i < stall->segments_cnt; i++)
		put_segment(json, &stall->segments[i], stall);
	ndjson_end_array(json);
}

static void put_stack(struct ndjson *json, const struct stack *stack)
{
	ndjson_array(json, "stack");
	for (size_t i = 0; i < stack->cnt; i++)
		ndjson_text(json, NULL, stack->names[i]);
	ndjson_end_array(json);
}

/* Of a wait that goes on: its grace period is over. */
static void put_ended(struct ndjson *json, const struct wait *wait, const struct stall *stall)
{
	static const char *const states[] = {[CALLBACKS_LATER] = "later",
					     [CALLBACKS_QUEUED] = "queued",
					     [CALLBACKS_NONE] = "none"};
	uint64_t ns = stall_since_ns(stall, wait);

	if (!ns)
		return;
	ndjson_object(json, "ended");
	ndjson_int(json, "ns", ns);
	ndjson_text(json, "callbacks", states[wait->since]);
	if (wait->since == CALLBACKS_QUEUED)
		ndjson_int(json, "cpu", wait->queue_cpu);
	if (stall_may_have_lost(stall, wait))
		ndjson_bool(json, "may_be_lost", true);
	ndjson_end_object(json);
}

static void put_wait(struct ndjson *json, const struct wait *wait, const struct stall *stall)
{
	ndjson_object(json, NULL);
	ndjson_text(json, "api", api_name(wait->api));
	put_domain(json, wait->dom);
	ndjson_text(json, "site", wait->site);
	ndjson_int(json, "ns", wait->ns);
	put_gp(json, "gp_first", wait->dom, wait->gp_first);
	put_gp(json, "gp_needed", wait->dom, wait->gp_needed);
	put_ended(json, wait, stall);
	put_stack(json, &wait->stack);
	ndjson_end_object(json);
}

static void put_waits(struct ndjson *json, const struct stall *stall)
{
	ndjson_array(json, "waits");
	for (size_t i = 0; i < stall->waits_cnt; i++)
		put_wait(json, &stall->waits[i], stall);
	ndjson_end_array(json);
}

/* Null, where there is nothing to be known. */
static void put_int_if(struct ndjson *json, const char *key, bool is_known, int64_t value)
{
	if (is_known)
		ndjson_int(json, key, value);
	else
		ndjson_null(json, key);
}

/* The thread that was waited for, and had no CPU. */
static void put_late(struct ndjson *json, const struct culprit *culprit)
{
	ndjson_object(json, "late");
	ndjson_int(json, "tid", culprit->late_tid);
	ndjson_text(json, "comm", culprit->late_comm);
	ndjson_int(json, "ns", culprit->late_ns);
	ndjson_end_object(json);
}

static void put_root(struct ndjson *json, const struct lock_root *root)
{
	ndjson_object(json, "root");
	ndjson_int(json, "links", root->links);
	ndjson_text(json, "call", call_name(root->call));
	ndjson_int(json, "tid", root->tid);
	ndjson_text(json, "comm", root->comm);
	ndjson_text(json, "cause", cause_name(root->cause));
	ndjson_bool(json, "deadlock", root->is_cycle);
	ndjson_end_object(json);
}

static void put_culprit(struct ndjson *json, const struct culprit *culprit)
{
	if (!culprit->is_known) {
		ndjson_null(json, "culprit");
		return;
	}
	ndjson_object(json, "culprit");
	ndjson_text(json, "kind", culprit_kind_name(culprit->kind));
	ndjson_text(json, "function", culprit->func);
	ndjson_text(json, "call", call_name(culprit->call));
	ndjson_int(json, "tid", culprit->tid);
	ndjson_text(json, "comm", culprit->comm);
	put_int_if(json, "age_ns", culprit->kind == CULPRIT_INITIATOR, culprit->age_ns);
	put_int_if(json, "callbacks", culprit->callbacks >= 0, culprit->callbacks);
	ndjson_bool(json, "self", culprit->is_self);
	if (culprit->rest_ns)
		ndjson_int(json, "rest_ns", culprit->rest_ns);
	if (culprit->vm)
		ndjson_int(json, "vm", culprit->vm->id);
	if (culprit->kind == CULPRIT_HOLDER || culprit->kind == CULPRIT_QUEUE ||
	    (culprit->kind == CULPRIT_WAKER && culprit->cause != KS_CAUSE_RUN))
		ndjson_text(json, "cause", cause_name(culprit->cause));
	if (culprit->root.links)
		put_root(json, &culprit->root);
	if (culprit->kind == CULPRIT_CPU || culprit->kind == CULPRIT_HOLDOUT)
		ndjson_bool(json, "realtime", culprit->is_realtime);
	if (culprit->rt_priority)
		ndjson_int(json, "priority", culprit->rt_priority);
	if (culprit->late_tid)
		put_late(json, culprit);
	if (culprit->halt)
		ndjson_text(json, "halted", halt_text(culprit->halt, culprit->halt_signal));
	ndjson_end_object(json);
}

/* How many held its grace period, as they were counted. */
static void put_readers(struct ndjson *json, const struct stall *stall)
{
	const struct reader_counts *readers = stall->culprit.readers;

	if (!readers)
		return;
	ndjson_object(json, "readers");
	ndjson_int(json, "in", readers_cnt(readers));
	ndjson_text(json, "state", readers_state_name(readers_state(readers)));
	ndjson_int(json, "same_ns", readers->counted_ns - readers->same_since_ns);
	ndjson_int(json, "came", readers->came);
	ndjson_int(json, "cpus", readers->cpus);
	put_int_if(json, "cpu", readers->cpus, readers->cpu);
	if (stall_may_have_leaked(stall))
		ndjson_bool(json, "may_be_leaked", true);
	ndjson_end_object(json);
}

/* What it waited for longest, if that is not a mutex. */
static void put_lock(struct ndjson *json, const struct culprit *culprit)
{
	static const char *const kinds[KS_LOCK_CNT] = {
		[KS_LOCK_MMAP] = "rwsem",	   [KS_LOCK_RWSEM] = "rwsem",
		[KS_LOCK_PERCPU] = "percpu-rwsem", [KS_LOCK_MMU] = "spinlock",
		[KS_LOCK_SPIN] = "spinlock",	   [KS_LOCK_VMA] = "vma",
	};
	static const char *const helds[KS_HELD_CNT] = {"task", "readers", "unnamed"};

	if (culprit->kind != CULPRIT_HOLDER || !kinds[culprit->lock])
		return;
	ndjson_object(json, "lock");
	ndjson_text(json, "kind", kinds[culprit->lock]);
	ndjson_text(json, "name", culprit->func);
	ndjson_text(json, "held_by", helds[culprit->held]);
	ndjson_end_object(json);
}

static void put_advice(struct ndjson *json, const struct stall *stall,
		       const struct advice_host *host)
{
	char advice[ADVICE_MAX];

	ndjson_text_or_null(json, "advice", advice_for(stall, host, advice, sizeof(advice)));
}

int json_stall(struct str *out, const struct stall *stall, const char *backend,
	       const struct advice_host *host)
{
	struct ndjson json;
	bool is_stall;

	/* Whatever waited is a stall, and what took --min; the rest are calls (--all). */
	is_stall = stall_counts(stall, 0) || stall_counts(stall, host->min_ns);
	ndjson_begin(&json, out, is_stall ? "stall" : "call");
	put_int_if(&json, "ts_ns", !stall->is_undated, stall->begin_ns);
	put_vm(&json, stall->vm);
	ndjson_int(&json, "tid", stall->rec->head.tid);
	ndjson_text(&json, "comm", stall->rec->comm);
	ndjson_text(&json, "call", call_name(stall->call));
	put_args(&json, stall->rec);
	put_int_if(&json, "ret", !stall->is_stuck, stall->rec->ret);
	put_int_if(&json, "latency_ns", !stall->is_ageless, stall->latency_ns);
	put_int_if(&json, "stall_ns", !stall->is_ageless, stall->stall_ns);
	ndjson_text(&json, "cause", cause_name(stall->cause));
	put_segments(&json, stall);
	put_waits(&json, stall);
	put_culprit(&json, &stall->culprit);
	put_readers(&json, stall);
	put_lock(&json, &stall->culprit);
	if (stall->culprit.is_throttled)
		ndjson_bool(&json, "throttled", true);
	put_int_if(&json, "without_ns", !stall->is_ageless, stall->without_ns);
	ndjson_text(&json, "phase", phase_name(stall->phase));
	put_advice(&json, stall, host);
	ndjson_bool(&json, "stuck", stall->is_stuck);
	ndjson_bool(&json, "killed", stall->rec->flags & KS_CALL_KILLED);
	ndjson_text(&json, "backend", backend);
	ndjson_bool(&json, "complete", stall->is_complete);
	if (stall->is_inferred)
		ndjson_bool(&json, "inferred", true);
	if (stall->is_stop)
		ndjson_bool(&json, "stop_on", true);
	return ndjson_finish_line(&json);
}

static void put_causes(struct ndjson *json, const char *key, const uint64_t by_cause[KS_CAUSE_CNT])
{
	ndjson_object(json, key);
	for (int i = 0; i < KS_CAUSE_CNT; i++)
		ndjson_int(json, cause_name(i), by_cause[i]);
	ndjson_end_object(json);
}

/* Whose fault the longest of its calls was that had anybody's. */
static void put_storm_culprit(struct ndjson *json, const struct storm *storm)
{
	if (!storm->culprit_ns) {
		ndjson_null(json, "culprit");
		return;
	}
	ndjson_object(json, "culprit");
	ndjson_text(json, "kind", culprit_kind_name(storm->culprit_kind));
	ndjson_text(json, "call", call_name(storm->culprit_call));
	ndjson_int(json, "tid", storm->culprit_tid);
	ndjson_text(json, "comm", storm->culprit_comm);
	ndjson_int(json, "latency_ns", storm->culprit_ns);
	ndjson_end_object(json);
}

int json_storm(struct str *out, const struct storm *storm)
{
	struct ndjson json;

	ndjson_begin(&json, out, "storm");
	ndjson_int(&json, "ts_ns", storm->begin_ns);
	put_vm(&json, storm->vm.id ? &storm->vm : NULL);
	ndjson_int(&json, "tid", storm->tid);
	ndjson_text(&json, "call", call_name(storm->call));
	ndjson_int(&json, "calls", storm->cnt);
	ndjson_int(&json, "duration_ns", storm->end_ns - storm->begin_ns);
	ndjson_int(&json, "latency_ns", storm->sum_ns);
	ndjson_int(&json, "median_ns", storm_median_ns(storm));
	ndjson_int(&json, "max_ns", storm->max_ns);
	put_causes(&json, "ns_by_cause", storm->by_cause);
	put_storm_culprit(&json, storm);
	ndjson_text_or_null(&json, "advice", advice_for_storm(storm));
	ndjson_bool(&json, "over", storm->is_over);
	return ndjson_finish_line(&json);
}

int json_vm(struct str *out, const struct vm *vm, const char *event, uint64_t ts_ns)
{
	struct ndjson json;

	ndjson_begin(&json, out, "vm");
	ndjson_int(&json, "ts_ns", ts_ns);
	ndjson_text(&json, "event", event);
	put_vm(&json, vm);
	return ndjson_finish_line(&json);
}

int json_span(struct str *out, const struct span *span)
{
	struct ndjson json;

	ndjson_begin(&json, out, "span");
	ndjson_int(&json, "ts_ns", span->begin_ns);
	ndjson_text(&json, "part", span_kind_name(span->kind));
	put_vm(&json, span->vm);
	ndjson_int(&json, "latency_ns", span->ns);
	put_causes(&json, "ns_by_cause", span->by_cause);
	ndjson_int(&json, "outside_ns", span->outside_ns);
	ndjson_int(&json, "without_ns", span->without_ns);
	ndjson_int(&json, "calls", span->calls);
	ndjson_bool(&json, "ran", span->has_run);
	ndjson_bool(&json, "complete", span->is_complete);
	return ndjson_finish_line(&json);
}

int json_lost(struct str *out, const char *where, uint64_t cnt)
{
	struct ndjson json;

	ndjson_begin(&json, out, "lost");
	ndjson_text(&json, "where", where);
	ndjson_int(&json, "count", cnt);
	return ndjson_finish_line(&json);
}

void json_put_losses(struct ndjson *json, const struct summary *summary)
{
	ndjson_object(json, "losses");
	for (int i = 0; i < KS_LOSS_CNT; i++)
		ndjson_int(json, loss_name(i), summary->losses[i]);
	ndjson_end_object(json);
}

static void put_spans(struct ndjson *json, struct spans *spans)
{
	static const char *const keys[SPAN_KIND_CNT] = {"starts", "ends"};

	for (int kind = 0; kind < SPAN_KIND_CNT; kind++) {
		struct span_sums *sums = &spans->sums[kind];

		if (!sums->ns.cnt)
			continue;
		ndjson_object(json, keys[kind]);
		ndjson_int(json, "vms", sums->ns.cnt);
		ndjson_int(json, "p50_ns", quantile_get(&sums->ns, 50));
		ndjson_int(json, "p99_ns", quantile_get(&sums->ns, 99));
		ndjson_int(json, "max_ns", sums->ns.max);
		ndjson_int(json, "without_p50_ns", quantile_get(&sums->without, 50));
		ndjson_int(json, "sum_ns", sums->sum_ns);
		ndjson_int(json, "outside_ns", sums->part_ns[SPAN_OUTSIDE]);
		put_causes(json, "ns_by_cause", sums->part_ns);
		ndjson_end_object(json);
	}
}

int json_summary(struct str *out, const struct summary *summary, const char *backend)
{
	struct ndjson json;

	ndjson_begin(&json, out, "summary");
	ndjson_text(&json, "backend", backend);
	ndjson_int(&json, "duration_ns", summary->duration_ns);
	ndjson_int(&json, "vms", summary->vms);
	ndjson_int(&json, "calls", summary->calls);
	ndjson_int(&json, "stalls", summary->stalls);
	ndjson_int(&json, "incomplete", summary->incomplete);
	ndjson_int(&json, "latency_ns", summary->latency_ns);
	put_causes(&json, "ns_by_cause", summary->by_cause);
	put_causes(&json, "stalls_by_cause", summary->stalls_by_cause);
	ndjson_int(&json, "stalled_latency_ns", summary->stalled_latency_ns);
	ndjson_int(&json, "without_ns", summary->without_ns);
	if (summary->spans)
		put_spans(&json, summary->spans);
	ndjson_int(&json, "records", summary->records);
	ndjson_int(&json, "lost", summary_lost(summary));
	json_put_losses(&json, summary);
	ndjson_int(&json, "in_flight", summary->in_flight);
	ndjson_int(&json, "probe_runs", summary->probe_runs);
	ndjson_int(&json, "probe_ns", summary->probe_ns);
	ndjson_int(&json, "cpu_ns", summary->cpu_ns);
	if (summary->is_log) {
		ndjson_bool(&json, "inferred", true);
		ndjson_int(&json, "stuck", summary->stuck);
		ndjson_int(&json, "left_out", summary->left_out);
	}
	put_int_if(&json, "command_status", summary->command_status >= 0, summary->command_status);
	return ndjson_finish_line(&json);
}
