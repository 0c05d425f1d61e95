/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a VMM does in which order, as data: a profile is a VMM, a scenario is
 * the least that reaches one stall site. Both are tables of steps.
 */
#ifndef CMD_REPRO_PROFILE_H
#define CMD_REPRO_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/repro/machine.h"

/* Longer than any table of steps, with a gap after each. */
#define PROFILE_SEQUENCE_MAX 64

enum step_role {
	STEP_PLAIN,  /* stays where it is */
	STEP_DEVICE, /* registers something on an I/O bus: may leave a grace period outstanding */
	STEP_MEMORY, /* memslots: --order moves it */
};

/* How a --order moves the memory steps. */
enum profile_order {
	PROFILE_ORDER_DEVICES_FIRST,  /* after the last device */
	PROFILE_ORDER_MEMSLOTS_FIRST, /* right after KVM_CREATE_VM */
	PROFILE_ORDER_OWN,	      /* the profile's */
};

/* How VMs end. */
enum profile_end {
	PROFILE_END_CLOSE,
	PROFILE_END_CLOSE_TOGETHER, /* all VMMs at once */
	PROFILE_END_EXIT_TOGETHER,  /* the processes exit at once, their VMs open */
};

struct step {
	int (*run)(struct machine *vm);
	enum step_role role;
	bool is_optional; /* refused: written down, and the VMM goes on */
};

struct profile {
	const char *name;
	const char *reaches;	  /* scenarios: the call and the kernel function that waits */
	const char *expects;	  /* scenarios: the cause to expect */
	const struct step *steps; /* the first makes the VM; NULL: not on this architecture */
	struct machine_size size;
	enum profile_end end;
	uint32_t vms; /* when more than one is needed; 0: 1 */
};

/* In the order of profile_names; those of the other architecture have no steps. */
extern const struct profile profiles[];
extern const char *const profile_names[];
extern const uint32_t profile_default;

/* The last one has no name. */
extern const struct profile scenarios[];

/* NULL when there is none of that name. */
const struct profile *scenario_find(const char *name);

/*
 * The steps in the order to take them, with @gap after each group of device
 * steps that others follow (NULL: no gap). Returns how many; pure.
 */
size_t profile_sequence(const struct step *steps, enum profile_order order, const struct step *gap,
			const struct step *plan[PROFILE_SEQUENCE_MAX]);

/* Take the steps; zero or the negative errno of the first that failed and is not optional. */
int profile_run(struct machine *vm, const struct step *const *plan, size_t plan_cnt);

/* Does this errno mean that the kernel does not offer the call, rather than that it went wrong? */
bool profile_is_refusal(int ret);

#endif
