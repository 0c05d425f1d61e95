// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/filter.h"

#include <string.h>

#include "ledger/life.h"

bool stall_counts(const struct stall *stall, uint64_t min_ns)
{
	return stall->latency_ns >= min_ns && (stall->stall_ns || min_ns);
}

/* Is what a thread of @tgid called @comm does, or what is done to @vm (NULL: not known), wanted? */
static bool is_wanted(const struct filter *filter, const struct vm *vm, const char *comm,
		      uint32_t tgid)
{
	if (filter->pid && filter->pid != tgid && !(vm && vm->tgid == filter->pid))
		return false;
	if (filter->vm && (!vm || strcmp(vm->name, filter->vm)))
		return false;
	if (filter->comm && strcmp(comm, filter->comm) && !(vm && !strcmp(vm->comm, filter->comm)))
		return false;
	return true;
}

static bool is_followed(const struct vm *vm)
{
	return vm && vm->flags & KS_VM_FOLLOWED;
}

bool filter_wants_vm(const struct filter *filter, const struct vm *vm)
{
	if (filter->is_followed && !is_followed(vm))
		return false;
	return is_wanted(filter, vm, vm->comm, vm->tgid);
}

bool filter_wants_time(const struct filter *filter, uint64_t begin_ns, uint64_t ns)
{
	return !filter->until_ns ||
	       (begin_ns + ns >= filter->since_ns && begin_ns < filter->until_ns);
}

bool filter_wants_span(const struct filter *filter, const struct span *span)
{
	return filter_wants_time(filter, span->begin_ns, span->ns) &&
	       filter_wants_vm(filter, span->vm);
}

bool filter_wants_stall(const struct filter *filter, const struct stall *stall)
{
	/* COMMAND may wait before it has a VM */
	if (filter->is_followed && !is_followed(stall->vm) &&
	    !(stall->rec->flags & KS_CALL_FOLLOWED))
		return false;
	return filter_wants_time(filter, stall->begin_ns, stall->latency_ns) &&
	       is_wanted(filter, stall->vm, stall->rec->comm, stall->rec->tgid);
}

/* ---- the way to who takes it ---- */

static void sink_vm_new(void *ctx, struct vm *vm)
{
	const struct stall_sink *sink = ctx;

	if (vm->tgid == sink->own_tgid)
		return;
	if (sink->name_vm)
		sink->name_vm(sink->name_ctx, vm);
	if (sink->ops->vm_new)
		sink->ops->vm_new(sink->ctx, vm);
}

static void sink_vm_gone(void *ctx, const struct vm *vm)
{
	const struct stall_sink *sink = ctx;

	if (sink->ops->vm_gone && vm->tgid != sink->own_tgid)
		sink->ops->vm_gone(sink->ctx, vm);
}

static void sink_stall(void *ctx, const struct stall *stall)
{
	const struct stall_sink *sink = ctx;

	if (sink->ops->stall && stall->rec->tgid != sink->own_tgid)
		sink->ops->stall(sink->ctx, stall);
}

static void sink_asleep(void *ctx, const struct stall *stall)
{
	const struct stall_sink *sink = ctx;

	if (sink->ops->asleep && stall->rec->tgid != sink->own_tgid)
		sink->ops->asleep(sink->ctx, stall);
}

static void sink_span(void *ctx, const struct span *span)
{
	const struct stall_sink *sink = ctx;

	if (sink->ops->span && span->vm->tgid != sink->own_tgid)
		sink->ops->span(sink->ctx, span);
}

const struct ledger_ops stall_sink_ops = {
	.stall = sink_stall,
	.vm_new = sink_vm_new,
	.vm_gone = sink_vm_gone,
	.asleep = sink_asleep,
	.span = sink_span,
};
