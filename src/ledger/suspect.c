// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/suspect.h"

/* From the least likely on. */
enum {
	NOT_A_READER,
	ITSELF, /* the waiter */
	MAY_NOT_READ,
	RUNS, /* or was preempted */
	SLEEPS,
};

/* A guest's interrupts end there, where its exits are over and kvm->srcu is not held yet, or no
 * more. */
static bool is_entering(const struct stack *stack)
{
	return stack->cnt && site_is(stack->names[0]) & SITE_ENTERS;
}

bool suspect_is_waiter(const struct stack *stack)
{
	enum domain_kind kind;

	return stack_in_sync(stack) && stack_domain_kind(stack, &kind) && kind == DOMAIN_SRCU &&
	       stack_reads(stack) == CALL_RUN && !stack_has(stack, SITE_REGISTERS);
}

static int rank_of_vm(const struct stack *stack, uint32_t state)
{
	if (suspect_is_waiter(stack))
		return ITSELF;
	if (!stack_reads(stack) || stack_has(stack, SITE_DROPS))
		return NOT_A_READER;
	if (!state)
		return is_entering(stack) ? NOT_A_READER : RUNS;
	return stack_in_mutex(stack) ? MAY_NOT_READ : SLEEPS; /* for the vCPU's, before it reads */
}

/* __mmu_notifier_release() waits for others once it has called its own, and holds nothing then. */
static int rank_of_host(const struct stack *stack, uint32_t state)
{
	if (!stack_has(stack, SITE_NOTIFIES) || stack_in_sync(stack))
		return NOT_A_READER;
	return state ? SLEEPS : RUNS;
}

int suspect_rank(enum domain_kind kind, const struct stack *stack, uint32_t state)
{
	return kind == DOMAIN_SHARED ? rank_of_host(stack, state) : rank_of_vm(stack, state);
}

enum call_id suspect_call(enum domain_kind kind, const struct stack *stack)
{
	enum call_id call = stack_reads(stack);

	return kind == DOMAIN_SHARED && !call ? stack_system_call(stack) : call;
}

const char *suspect_function(enum domain_kind kind, const struct stack *stack)
{
	if (kind == DOMAIN_SHARED)
		return stack_notifier(stack);
	if (suspect_is_waiter(stack))
		return stack_srcu_caller(stack);
	return stack_in_rcu(stack) ? stack_rcu_caller(stack) : stack_sleeps_in(stack);
}
