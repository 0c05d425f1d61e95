// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/stall.h"

static const char *const names[KS_CAUSE_CNT] = {
#define X(id, name, help) [KS_CAUSE_##id] = name,
	KS_CAUSES(X)
#undef X
};

static const char *const helps[KS_CAUSE_CNT] = {
#define X(id, name, help) [KS_CAUSE_##id] = help,
	KS_CAUSES(X)
#undef X
};

static const char *const phases[PHASE_CNT] = {"setup", "vcpus", "running", "teardown"};

static const char *const culprits[CULPRIT_KIND_CNT] = {"none",	"starter", "reader", "holder",
						       "queue", "cpu",	   "waker"};

const char *culprit_kind_name(enum culprit_kind kind)
{
	return culprits[kind];
}

const char *cause_name(enum ks_cause cause)
{
	return names[cause];
}

const char *cause_help(enum ks_cause cause)
{
	return helps[cause];
}

const char *phase_name(enum phase phase)
{
	return phases[phase];
}
