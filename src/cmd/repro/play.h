/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scripts, played: each VM's life is a process of its own, its threads make the calls in the
 * script's order and with its gaps, and what each took is added up here.
 */
#ifndef CMD_REPRO_PLAY_H
#define CMD_REPRO_PLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/repro/results.h"
#include "output/quantile.h"

struct err;
struct script;

/* What one call took in all rounds. */
struct play_call {
	struct quantile ns;
	uint64_t stalls; /* of .min_ns and longer, and not for want of a CPU alone */
	uint64_t refused;
	uint64_t
		differs; /* lives in which it stalled and the recording's did not, or the reverse */
};

/* One script in all rounds. */
struct play_sum {
	const struct script *script;
	struct play_call *calls; /* of each op */
	struct play_call exit;	 /* of the process, where the script ends so */
	uint64_t *starts;	 /* of the VM, in the order of time */
	uint64_t *delays; /* of each start: what its first thread waited for a CPU meanwhile */
	size_t starts_cnt;
	uint64_t same;	  /* lives in which the recording's calls stalled, and no others */
	uint64_t refused; /* calls that were not when they were recorded */
	int refused_err;
	const char *refused_name; /* the first of them */
};

struct play_cfg {
	uint64_t min_ns;
	uint32_t vms; /* that many of each at a time */
	bool is_told; /* each call is a line */
	struct results report;
	const char *name; /* what the lines have as the profile */
};

/* 0 or -ENOMEM with @err; @rounds lives are expected. */
int play_sum_init(struct play_sum *sum, const struct script *script, size_t rounds,
		  struct err *err);
void play_sum_fini(struct play_sum *sum);

/*
 * One round: the scripts of @sums, @cnt of them, at a time, as their log has them. 0, or a negative
 * errno with @err: KVM is not there, or a life did not end.
 */
int play_round(const struct play_cfg *cfg, struct play_sum *sums, size_t cnt, uint32_t round,
	       struct err *err);

#endif
