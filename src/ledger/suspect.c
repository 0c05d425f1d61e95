// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/suspect.h"

int suspect_rank(const struct stack *stack, uint32_t state)
{
	if (!stack_reads(stack) || stack_has(stack, SITE_DROPS))
		return 0;
	if (!state)
		return 2;		      /* runs, or was preempted */
	return stack_in_mutex(stack) ? 1 : 3; /* may wait for the vCPU's mutex, before it reads */
}
