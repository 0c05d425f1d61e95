// SPDX-License-Identifier: GPL-2.0-only
#include "script/order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* include/uapi/linux/kvm.h: KVM_IOEVENTFD_FLAG_DEASSIGN, KVM_CAP_SPLIT_IRQCHIP */
#define IOEVENTFD_DEASSIGN (1 << 2)
#define CAP_SPLIT_IRQCHIP  121

static bool is_call(const struct script_op *op, enum call_id id)
{
	return op->act == ACT_IOCTL && op->id == id;
}

bool order_is_memory(const struct script_op *op)
{
	return is_call(op, CALL_SET_USER_MEMORY_REGION) ||
	       is_call(op, CALL_SET_USER_MEMORY_REGION2);
}

static bool takes_back(const struct script_op *op)
{
	return is_call(op, CALL_IOEVENTFD) && script_op_get(op, KEY_FLAGS, 0) & IOEVENTFD_DEASSIGN;
}

bool order_is_device(const struct script_op *op)
{
	return op->act == ACT_IOCTL && call_registers(op->id) && !takes_back(op);
}

void order_move_op(struct script *script, size_t from, size_t to)
{
	struct script_op op = script->ops[from];

	if (from < to)
		memmove(&script->ops[from], &script->ops[from + 1], (to - from) * sizeof(op));
	else
		memmove(&script->ops[to + 1], &script->ops[to], (from - to) * sizeof(op));
	script->ops[to] = op;
}

/* Calls that ran side by side may not do so elsewhere. */
static void untangle(struct script *script)
{
	for (size_t i = 0; i < script->cnt; i++)
		if (!i || script->ops[i - 1].took_ns != SCRIPT_UNTIMED)
			script->ops[i].is_overlap &=
				i && script->ops[i].thread != script->ops[i - 1].thread;
}

void order_move(struct script *script, enum script_order order)
{
	size_t end = script_start_end(script), at = 0, last = 0;

	if (order == ORDER_OWN || !script->cnt)
		return;
	for (size_t i = 0; i < end; i++)
		if (order_is_device(&script->ops[i]))
			last = i;
	if (order == ORDER_MEMSLOTS_FIRST) {
		for (size_t i = 0; i < end; i++)
			if (order_is_memory(&script->ops[i]))
				order_move_op(script, i, ++at);
	} else {
		for (size_t i = 0, moved = 0; last && i + moved <= last;)
			if (order_is_memory(&script->ops[i])) {
				order_move_op(script, i, last);
				moved++;
			} else {
				i++;
			}
	}
	untangle(script);
}

void order_add_gaps(struct script *script, uint64_t gap_ns)
{
	for (size_t i = 1; gap_ns && i < script->cnt; i++)
		if (order_is_device(&script->ops[i - 1]) && !order_is_device(&script->ops[i]))
			script->ops[i].gap_ns += gap_ns;
}

/* ---- a list ---- */

int order_apply(struct script *script, const struct script *wanted, uint32_t *left_out,
		struct err *err)
{
	bool *used = calloc(script->cnt + 1, sizeof(*used));
	uint32_t found = 0;
	size_t first = 0;
	int ret = 0;

	if (!used)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; !ret && i < wanted->cnt; i++) {
		size_t j;

		/* A list is mostly in the order of its script: the scan is short. */
		while (first < script->cnt && used[first])
			first++;
		j = first;
		while (j < script->cnt &&
		       (used[j] || !script_op_same(&script->ops[j], &wanted->ops[i])))
			j++;
		if (j == script->cnt)
			ret = err_set(err, -EINVAL, "call %zu, %s: the file has not so many of it",
				      i + 1, script_op_name(&wanted->ops[i]));
		else
			used[j] = ++found;
	}
	free(used);
	if (ret)
		return ret;
	*left_out = (uint32_t)script->cnt - found;
	for (size_t i = 0; i < wanted->cnt; i++)
		script->ops[i] = wanted->ops[i];
	script->cnt = wanted->cnt;
	script->ends_by_exit = wanted->ends_by_exit;
	return 0;
}

/* ---- what KVM refuses ---- */

/* What is there when a call comes. */
struct made_so_far {
	bool vm, is_closed, irqchip, pit;
	uint32_t vcpus;
	int64_t zones, ioeventfds;
};

static bool wants_irqchip(const struct script_op *op)
{
	return is_call(op, CALL_IRQFD) || is_call(op, CALL_SET_GSI_ROUTING);
}

static const char *refuse_x86(const struct made_so_far *made, const struct script_op *op)
{
	bool is_split =
		is_call(op, CALL_ENABLE_CAP) && script_op_get(op, KEY_CAP, 0) == CAP_SPLIT_IRQCHIP;

	if ((is_call(op, CALL_CREATE_IRQCHIP) || is_split) && made->vcpus)
		return call_order_refusal(CALL_CREATE_VCPU, CALL_CREATE_IRQCHIP, ARCH_X86);
	if (is_call(op, CALL_CREATE_PIT2) && !made->irqchip)
		return call_order_refusal(CALL_CREATE_VCPU, CALL_CREATE_PIT2, ARCH_X86);
	if (is_call(op, CALL_REINJECT_CONTROL) && !made->pit)
		return call_order_refusal(CALL_REINJECT_CONTROL, CALL_CREATE_PIT2, ARCH_X86);
	if (wants_irqchip(op) && !made->irqchip)
		return call_order_refusal(op->id, CALL_CREATE_IRQCHIP, ARCH_X86);
	return NULL;
}

static const char *refuse(const struct made_so_far *made, const struct script_op *op,
			  enum machine_arch arch)
{
	if (op->act > ACT_CLOSE_VCPU)
		return NULL;
	if (made->is_closed)
		return op->act == ACT_CLOSE_VCPU ? NULL : "the VM is closed before";
	if (!made->vm)
		return is_call(op, CALL_CREATE_VM) ? NULL : "there is no VM before KVM_CREATE_VM";
	if (is_call(op, CALL_RUN) && !made->vcpus)
		return "there is no vCPU before KVM_CREATE_VCPU";
	if (is_call(op, CALL_UNREGISTER_COALESCED_MMIO) && made->zones <= 0)
		return call_order_refusal(op->id, CALL_REGISTER_COALESCED_MMIO, arch);
	if (takes_back(op) && made->ioeventfds <= 0)
		return call_order_refusal(CALL_IOEVENTFD, CALL_IOEVENTFD, arch);
	if (arch == ARCH_ARM64 && is_call(op, CALL_IRQFD) && !made->irqchip)
		return call_order_refusal(CALL_IRQFD, CALL_CREATE_DEVICE, arch);
	return arch == ARCH_X86 ? refuse_x86(made, op) : NULL;
}

static void note_made(struct made_so_far *made, const struct script_op *op)
{
	made->is_closed |= op->act == ACT_CLOSE;
	if (op->act != ACT_IOCTL || op->err)
		return;
	made->vm |= op->id == CALL_CREATE_VM;
	made->vcpus += op->id == CALL_CREATE_VCPU;
	made->irqchip |= op->id == CALL_CREATE_IRQCHIP || op->id == CALL_CREATE_DEVICE ||
			 op->id == CALL_ENABLE_CAP;
	made->pit |= op->id == CALL_CREATE_PIT2;
	made->zones += op->id == CALL_REGISTER_COALESCED_MMIO;
	made->zones -= op->id == CALL_UNREGISTER_COALESCED_MMIO;
	if (op->id == CALL_IOEVENTFD)
		made->ioeventfds += takes_back(op) ? -1 : 1;
}

int order_check(const struct script *script, enum machine_arch arch, struct err *err)
{
	struct made_so_far made = {.vm = false};

	for (size_t i = 0; i < script->cnt; i++) {
		const struct script_op *op = &script->ops[i];
		const char *why = op->err ? NULL : refuse(&made, op, arch);

		if (why)
			return err_set(err, -EINVAL, "call %zu, %s: %s", i + 1, script_op_name(op),
				       why);
		note_made(&made, op);
	}
	return 0;
}
