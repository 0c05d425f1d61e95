/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a VMM does in which order, as data: a profile is a VMM, and a list of calls in the form that
 * --from reads; a scenario is the least that reaches one stall site, and a table of steps.
 */
#ifndef CMD_REPRO_PROFILE_H
#define CMD_REPRO_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/repro/machine.h"
#include "script/order.h"

/* How VMs end. */
enum profile_end {
	PROFILE_END_CLOSE,
	PROFILE_END_CLOSE_TOGETHER, /* all VMMs at once */
	PROFILE_END_EXIT_TOGETHER,  /* the processes exit at once, their VMs open */
};

/* The last one of a table has no .run. */
struct step {
	int (*run)(struct machine *vm);
};

struct profile {
	const char *name;
	const char *reaches;	  /* scenarios: the call and the kernel function that waits */
	const char *expects;	  /* scenarios: the cause to expect */
	const struct step *steps; /* the first makes the VM; NULL: not on this architecture */
	struct machine_size size;
	enum profile_end end;
	uint32_t vms;	  /* when more than one is needed; 0: 1 */
	const char *list; /* profiles: their calls, as script/list.h reads them, instead of steps */
};

/* In the order of profile_names; those of the other architecture have no list. */
extern const struct profile profiles[];
extern const char *const profile_names[];
extern const uint32_t profile_default;

/* The last one has no name. */
extern const struct profile scenarios[];

/* Is there one of it on this architecture? */
bool profile_is_here(const struct profile *profile);

/* NULL when there is none of that name. */
const struct profile *scenario_find(const char *name);

/* Take the steps; zero or the negative errno of the first that failed. */
int profile_run(struct machine *vm, const struct step *steps);

/* Does this errno mean that the kernel does not offer the call, rather than that it went wrong? */
bool profile_is_refusal(int ret);

#endif
