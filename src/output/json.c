// SPDX-License-Identifier: GPL-2.0-only
#include "output/json.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/str.h"
#include "output/advice.h"
#include "ledger/ioctls.h"
#include "output/summary.h"

static int put(struct str *out, json_t *object)
{
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

	json_decref(object);
	if (!text)
		return -ENOMEM;
	str_adds(out, text);
	str_addc(out, '\n');
	free(text);
	return str_failed(out) ? -ENOMEM : 0;
}

/* Kernel strings (comm) may hold any bytes; JSON may not. */
static json_t *text(const char *bytes)
{
	json_t *value = bytes ? json_string(bytes) : json_null();

	return value ? value : json_string("?");
}

static void set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value);
}

static void set_int(json_t *object, const char *key, int64_t value)
{
	set(object, key, json_integer(value));
}

static json_t *head(const char *type)
{
	json_t *object = json_object();

	set(object, "type", json_string(type));
	set_int(object, "v", 1);
	return object;
}

static json_t *vm_object(const struct vm *vm)
{
	json_t *object;

	if (!vm)
		return json_null();
	object = json_object();
	set_int(object, "id", vm->id);
	set_int(object, "pid", vm->tgid);
	set(object, "comm", text(vm->comm));
	set(object, "name", vm->name[0] ? text(vm->name) : json_null());
	return object;
}

static json_t *args_object(const struct ks_call *call)
{
	const struct ioctl_desc *desc = ioctl_find(call->kind, call->cmd);
	json_t *object = json_object();
	uint64_t value;

	for (size_t i = 0; desc && i < IOCTL_ARGS_MAX && desc->args[i].name; i++)
		if (ioctl_arg_value(call, &desc->args[i], &value))
			set_int(object, desc->args[i].name, value);
	if (call->kind == KS_KIND_EXIT)
		set(object, "via", json_string("exit"));
	return object;
}

static json_t *domain_value(const struct domain *dom)
{
	return dom ? json_string(domain_kind_name(domain_get_kind(dom))) : json_null();
}

static json_t *gp_value(const struct domain *dom, uint64_t gp)
{
	return dom && gp ? json_integer(domain_gp_number(dom, gp)) : json_null();
}

static json_t *segments_array(const struct stall *stall)
{
	json_t *array = json_array();

	for (size_t i = 0; i < stall->segments_cnt; i++) {
		const struct segment *seg = &stall->segments[i];
		json_t *object = json_object();

		set(object, "cause", json_string(cause_name(seg->cause)));
		set_int(object, "ns", seg->ns);
		set(object, "domain", domain_value(seg->dom));
		set(object, "gp", gp_value(seg->dom, seg->gp));
		if (seg->func)
			set(object, "function", text(seg->func));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *stack_array(const struct stack *stack)
{
	json_t *array = json_array();

	for (size_t i = 0; i < stack->cnt; i++)
		json_array_append_new(array, text(stack->names[i]));
	return array;
}

static json_t *waits_array(const struct stall *stall)
{
	json_t *array = json_array();

	for (size_t i = 0; i < stall->waits_cnt; i++) {
		const struct wait *wait = &stall->waits[i];
		json_t *object = json_object();

		set(object, "api", text(api_name(wait->api)));
		set(object, "domain", domain_value(wait->dom));
		set(object, "site", text(wait->site));
		set_int(object, "ns", wait->ns);
		set(object, "gp_first", gp_value(wait->dom, wait->gp_first));
		set(object, "gp_needed", gp_value(wait->dom, wait->gp_needed));
		set(object, "stack", stack_array(&wait->stack));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *culprit_object(const struct stall *stall)
{
	const struct culprit *culprit = &stall->culprit;
	json_t *object;

	if (!culprit->is_known)
		return json_null();
	object = json_object();
	set(object, "kind", json_string(culprit_kind_name(culprit->kind)));
	set(object, "function", text(culprit->func));
	set(object, "call", text(culprit->call));
	set_int(object, "tid", culprit->tid);
	set(object, "comm", text(culprit->comm));
	set(object, "age_ns",
	    culprit->kind == CULPRIT_INITIATOR ? json_integer(culprit->age_ns) : json_null());
	set(object, "callbacks",
	    culprit->callbacks < 0 ? json_null() : json_integer(culprit->callbacks));
	set(object, "self", json_boolean(culprit->is_self));
	if (culprit->vm)
		set_int(object, "vm", culprit->vm->id);
	if (culprit->kind == CULPRIT_HOLDER)
		set(object, "cause", json_string(cause_name(culprit->cause)));
	return object;
}

static json_t *advice_value(const struct stall *stall, const struct advice_host *host)
{
	char advice[ADVICE_MAX];

	advice_for(stall, host, advice, sizeof(advice));
	return advice[0] ? json_string(advice) : json_null();
}

int json_stall(struct str *out, const struct stall *stall, const char *backend,
	       const struct advice_host *host)
{
	/* Whatever slept for a cause is a stall; the rest are calls (--all). */
	json_t *object = head(stall->cause == KS_CAUSE_RUN ? "call" : "stall");

	set_int(object, "ts_ns", stall->begin_ns);
	set(object, "vm", vm_object(stall->vm));
	set_int(object, "tid", stall->rec->head.tid);
	set(object, "comm", text(stall->rec->comm));
	set(object, "call", json_string(stall->call));
	set(object, "args", args_object(stall->rec));
	set(object, "ret", stall->is_stuck ? json_null() : json_integer(stall->rec->ret));
	set_int(object, "latency_ns", stall->latency_ns);
	set_int(object, "stall_ns", stall->stall_ns);
	set(object, "cause", json_string(cause_name(stall->cause)));
	set(object, "segments", segments_array(stall));
	set(object, "waits", waits_array(stall));
	set(object, "culprit", culprit_object(stall));
	set_int(object, "without_ns", stall->without_ns);
	set(object, "phase", json_string(phase_name(stall->phase)));
	set(object, "advice", advice_value(stall, host));
	set(object, "stuck", json_boolean(stall->is_stuck));
	set(object, "killed", json_boolean(stall->rec->flags & KS_CALL_KILLED));
	set(object, "backend", json_string(backend));
	set(object, "complete", json_boolean(stall->is_complete));
	if (stall->is_inferred)
		set(object, "inferred", json_true());
	return put(out, object);
}

int json_vm(struct str *out, const struct vm *vm, const char *event, uint64_t ts_ns)
{
	json_t *object = head("vm");

	set_int(object, "ts_ns", ts_ns);
	set(object, "event", json_string(event));
	set(object, "vm", vm_object(vm));
	return put(out, object);
}

int json_lost(struct str *out, const char *where, uint64_t cnt)
{
	json_t *object = head("lost");

	set(object, "where", json_string(where));
	set_int(object, "count", cnt);
	return put(out, object);
}

static json_t *causes_object(const uint64_t by_cause[KS_CAUSE_CNT])
{
	json_t *object = json_object();

	for (int i = 0; i < KS_CAUSE_CNT; i++)
		set_int(object, cause_name(i), by_cause[i]);
	return object;
}

static json_t *losses_object(const struct summary *summary)
{
	json_t *object = json_object();

	for (int i = 0; i < KS_LOSS_CNT; i++)
		set_int(object, loss_name(i), summary->losses[i]);
	return object;
}

int json_summary(struct str *out, const struct summary *summary, const char *backend)
{
	json_t *object = head("summary");

	set(object, "backend", json_string(backend));
	set_int(object, "duration_ns", summary->duration_ns);
	set_int(object, "vms", summary->vms);
	set_int(object, "calls", summary->calls);
	set_int(object, "stalls", summary->stalls);
	set_int(object, "incomplete", summary->incomplete);
	set_int(object, "latency_ns", summary->latency_ns);
	set(object, "ns_by_cause", causes_object(summary->by_cause));
	set(object, "stalls_by_cause", causes_object(summary->stalls_by_cause));
	set_int(object, "stalled_latency_ns", summary->stalled_latency_ns);
	set_int(object, "without_ns", summary->without_ns);
	set_int(object, "records", summary->records);
	set_int(object, "lost", summary_lost(summary));
	set(object, "losses", losses_object(summary));
	set_int(object, "probe_runs", summary->probe_runs);
	set_int(object, "probe_ns", summary->probe_ns);
	set_int(object, "cpu_ns", summary->cpu_ns);
	set(object, "command_status",
	    summary->command_status < 0 ? json_null() : json_integer(summary->command_status));
	return put(out, object);
}
