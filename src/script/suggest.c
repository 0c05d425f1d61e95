// SPDX-License-Identifier: GPL-2.0-only
#include "script/suggest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "script/order.h"

#define NO_INDEX SIZE_MAX

/* What may come before all devices: output/call_order.c. */
static bool may_lead(const struct script_op *op)
{
	return order_is_memory(op) ||
	       (op->act == ACT_IOCTL &&
		(op->id == CALL_SET_PMU_EVENT_FILTER || op->id == CALL_X86_SET_MSR_FILTER));
}

static size_t first_waiter(const struct script *script, const bool *stalls, size_t end)
{
	bool is_behind = false;

	for (size_t i = 0; i < end; i++) {
		if (is_behind && stalls[i] && may_lead(&script->ops[i]))
			return i;
		is_behind |= order_is_device(&script->ops[i]);
	}
	return NO_INDEX;
}

static void describe(const struct script *script, size_t waiter, size_t to,
		     struct suggestion *suggestion)
{
	const struct script_op *op = &script->ops[waiter];
	char slot[32] = "", more[32] = "";

	if (script_op_has(op, KEY_SLOT) && op->values[KEY_SLOT] != SCRIPT_LAST)
		snprintf(slot, sizeof(slot), " slot=%" PRIu64, op->values[KEY_SLOT]);
	if (suggestion->moved > 1)
		snprintf(more, sizeof(more), " and %" PRIu32 " more", suggestion->moved - 1);
	snprintf(suggestion->text, sizeof(suggestion->text), "move %s%s%s before %s",
		 script_op_name(op), slot, more, script_op_name(&script->ops[to]));
}

/* Move what may lead, of the calls from @to to @last, before the call at @to. 0, or -ENOMEM. */
static int move(const struct script *script, size_t to, size_t last, size_t waiter,
		struct suggestion *suggestion)
{
	size_t at = to;
	int ret = script_copy(&suggestion->script, script);

	suggestion->moved = 0;
	for (size_t i = to; !ret && i <= last; i++) {
		if (!may_lead(&suggestion->script.ops[i]))
			continue;
		order_move_op(&suggestion->script, i, at++);
		suggestion->moved++;
	}
	if (!ret)
		describe(script, waiter, to, suggestion);
	return ret;
}

/* Where a device is registered: the last one before @waiter, or the first. */
static size_t device_before(const struct script *script, size_t waiter, bool want_first)
{
	size_t found = NO_INDEX;

	for (size_t i = 0; i < waiter; i++)
		if (order_is_device(&script->ops[i]) && (!want_first || found == NO_INDEX))
			found = i;
	return found;
}

int suggest(const struct script *script, const bool *stalls, enum machine_arch arch,
	    struct suggestion out[SUGGESTIONS_MAX])
{
	size_t end = script_start_end(script);
	size_t waiter = first_waiter(script, stalls, end);
	size_t nearest, first;
	int cnt = 0;

	if (waiter == NO_INDEX)
		return 0;
	nearest = device_before(script, waiter, false);
	first = device_before(script, waiter, true);
	for (int i = 0; i < SUGGESTIONS_MAX; i++) {
		struct suggestion *suggestion = &out[cnt];
		struct err err = {0};

		if ((i == 0 && nearest == first) || waiter >= end)
			continue;
		if (move(script, i ? first : nearest, i == 2 ? end - 1 : waiter, waiter,
			 suggestion))
			return -ENOMEM;
		/* the last is the one before with all slots of the start: if there are more */
		if ((i == 2 && cnt && suggestion->moved == out[cnt - 1].moved) ||
		    order_check(&suggestion->script, arch, &err))
			script_fini(&suggestion->script);
		else
			cnt++;
	}
	return cnt;
}
