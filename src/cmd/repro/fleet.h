/* SPDX-License-Identifier: GPL-2.0-only */
/* Several VMMs at once, each a process of its own, as they are on a host. */
#ifndef CMD_REPRO_FLEET_H
#define CMD_REPRO_FLEET_H

#include <stdbool.h>

struct err;
struct results_sums;
struct vmm_cfg;

/*
 * Run cfg->vms VMMs to their end; with one that need not exit, in this process.
 * @is_skipped says whether the kernel refused the scenario.
 */
int fleet_run(const struct vmm_cfg *cfg, struct results_sums *sums, bool *is_skipped,
	      struct err *err);

#endif
