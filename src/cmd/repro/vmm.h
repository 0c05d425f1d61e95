/* SPDX-License-Identifier: GPL-2.0-only */
/* One VMM: its VM's lives, one a round, from KVM_CREATE_VM to the close. */
#ifndef CMD_REPRO_VMM_H
#define CMD_REPRO_VMM_H

#include <stddef.h>
#include <stdint.h>

#include "cmd/repro/call_log.h"
#include "cmd/repro/profile.h"
#include "cmd/repro/results.h"

struct err;
struct inject;
struct script;

struct vmm_cfg {
	const struct profile *profile;
	const struct script *script; /* the profile's, in the order to play; NULL: its steps */
	const struct inject *inject; /* NULL: none asked for */
	struct machine_size size;
	enum script_order order;
	enum profile_end end;
	uint32_t rounds, vms;
	uint64_t hold_ns, gap_ns, life_ns;
	bool is_scenario; /* what the kernel refuses is skipped, not failed */
	struct results report;
};

struct vmm {
	const struct vmm_cfg *cfg;
	struct results_sums *sums; /* may be shared with other processes: add atomically */
	struct call_log log;
	/* Come back when all VMMs are here; NULL: there is nobody to wait for. */
	int (*meet)(void *arg, struct err *err);
	void *meet_arg;
	int skipped_err; /* the errno that a scenario was skipped for */
};

void vmm_init(struct vmm *vmm, const struct vmm_cfg *cfg, uint32_t idx, struct results_sums *sums);
void vmm_fini(struct vmm *vmm);

/* All rounds, each reported when it is over. */
int vmm_run(struct vmm *vmm, struct err *err);

/* Report what is in the log, add it up and forget it. */
int vmm_flush(struct vmm *vmm, struct err *err);

#endif
