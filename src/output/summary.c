// SPDX-License-Identifier: GPL-2.0-only
#include "output/summary.h"

static const char *const names[KS_LOSS_CNT] = {
#define X(id, name, help) [KS_LOSS_##id] = name,
	KS_LOSSES(X)
#undef X
};

static const char *const helps[KS_LOSS_CNT] = {
#define X(id, name, help) [KS_LOSS_##id] = help,
	KS_LOSSES(X)
#undef X
};

const char *loss_name(enum ks_loss loss)
{
	return names[loss];
}

const char *loss_help(enum ks_loss loss)
{
	return helps[loss];
}

void summary_add(struct summary *summary, const struct stall *stall, bool is_stall)
{
	if (!is_stall && !stall->stall_ns)
		return; /* it never slept */
	summary->calls++;
	summary->latency_ns += stall->latency_ns;
	for (int i = 0; i < KS_CAUSE_CNT; i++)
		summary->by_cause[i] += stall->by_cause[i];
	if (!is_stall)
		return;
	summary->stalls++;
	summary->stalls_by_cause[stall->cause]++;
	summary->incomplete += !stall->is_complete;
	summary->stalled_latency_ns += stall->latency_ns;
	summary->without_ns += stall->without_ns;
}

uint64_t summary_lost(const struct summary *summary)
{
	uint64_t lost = 0;

	for (int i = 0; i < KS_LOSS_CNT; i++)
		lost += summary->losses[i];
	return lost;
}
