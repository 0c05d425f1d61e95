/* SPDX-License-Identifier: GPL-2.0-only */
/* What is counted so far. Only metrics.c, which counts, and collect.c, which reads, see it. */
#ifndef METRICS_COUNTED_H
#define METRICS_COUNTED_H

#include <stddef.h>
#include <stdint.h>

#include <kvmstall/causes.h>

#include "base/map.h"
#include "ledger/domain.h"
#include "ledger/gp_durations.h"
#include "ledger/life.h"
#include "ledger/stall.h"
#include "metrics/hist.h"
#include "metrics/metrics.h"
#include "metrics/vmset.h"

#define CALLS_MAX     48 /* names; what is beyond is "other" */
#define FUNCTIONS_MAX 32
#define CODES_MAX     12
#define DOMAINS	      (DOMAIN_KIND_CNT + 1) /* and one that is not known */
#define APIS	      KS_API_CNT

struct call_sums {
	const char *name;
	struct hist hist;
	uint64_t ns[KS_CAUSE_CNT];
	uint64_t stalls[KS_CAUSE_CNT];
};

struct function_sums {
	char name[48];
	uint64_t deferred;
	uint64_t outstanding_ns;
};

struct code_count {
	unsigned int code;
	uint64_t cnt;
};

struct metrics {
	struct metrics_cfg cfg;
	struct call_sums *calls[CALLS_MAX]; /* by name */
	size_t calls_cnt;
	struct call_sums *call_of[CALL_CNT]; /* by enum call_id; NULL: look for its name */
	struct hist waits[DOMAINS][APIS];
	struct hist periods[DOMAIN_KIND_CNT][2]; /* expedited, normal */
	struct function_sums functions[FUNCTIONS_MAX];
	size_t functions_cnt;
	struct code_count codes[CODES_MAX];
	size_t codes_cnt;
	struct vmset vms;
	struct map domains; /* ssp -> its kind plus 1, of the VMs that exist */
	struct gp_durations running;
	uint64_t vms_seen;
	uint64_t incomplete;
	uint64_t phases[PHASE_CNT][KS_CAUSE_CNT];
	uint64_t rcu_ns[RCU_PART_CNT];
	struct hist setup_stalls;
	struct hist spans[SPAN_KIND_CNT];
	uint64_t start_ns[KS_CAUSE_CNT + 1]; /* the last: outside calls */
	uint64_t starts[2];		     /* that ran, that were left paused */
	uint64_t setups[2];		     /* that are over, without a stall and with */
	uint64_t setups_due_ns; /* when one may be over that nothing ended; UINT64_MAX: none */
	uint64_t asleep[KS_CAUSE_CNT];
	uint64_t oldest_ns;
	struct metrics_totals totals;
};

#endif
