/* SPDX-License-Identifier: GPL-2.0-only */
/* What a trace adds up to: counts, time by cause, losses, cost. */
#ifndef OUTPUT_SUMMARY_H
#define OUTPUT_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include <kvmstall/causes.h>
#include <kvmstall/records.h>

#include "ledger/stall.h"

struct spans;

struct summary {
	uint64_t duration_ns;
	uint64_t vms;
	uint64_t calls;				/* that slept, and passed the filter */
	uint64_t stalls;			/* of these, those that reached the threshold */
	uint64_t incomplete;			/* of the stalls */
	uint64_t latency_ns;			/* of the calls */
	uint64_t by_cause[KS_CAUSE_CNT];	/* time, over all calls */
	uint64_t stalls_by_cause[KS_CAUSE_CNT]; /* headlines */
	uint64_t without_ns; /* what the stalls would have taken, were no GP outstanding */
	uint64_t stalled_latency_ns;
	uint64_t records;
	uint64_t losses[KS_LOSS_CNT];
	uint64_t in_flight; /* calls that had started before the trace: no losses, but not shown */
	uint64_t begun[KS_KIND_CNT]; /* calls that began, slept or not, by enum ks_call_kind */
	uint64_t history_bytes;	     /* what the ledger remembers of domains, now */
	bool sees_callbacks;	     /* each call_srcu() has a record */
	uint64_t probe_runs;
	uint64_t probe_ns;   /* 0: not counted */
	uint64_t cpu_ns;     /* user space's own */
	uint64_t untimed;    /* calls of a log that have no duration, or did not end */
	uint64_t stuck;	     /* calls of a log that did not end, and passed the filter */
	uint64_t left_out;   /* calls on KVM of a log that are none of those that can stall */
	bool is_log;	     /* of a log: nothing was recorded, and causes are inferred */
	struct spans *spans; /* starts and ends of VMs; NULL: nobody adds them up */
	int command_status;  /* COMMAND's, as in a shell; -1: there was none, or it is not over */
};

void summary_add(struct summary *summary, const struct stall *stall, bool is_stall);

uint64_t summary_lost(const struct summary *summary);

const char *loss_name(enum ks_loss loss);
const char *loss_help(enum ks_loss loss);

#endif
