/* SPDX-License-Identifier: GPL-2.0-only */
/* The few moves that the account's advice names for a script whose start stalls: to be tried. */
#ifndef SCRIPT_SUGGEST_H
#define SCRIPT_SUGGEST_H

#include "script/script.h"

#define SUGGESTIONS_MAX 3

struct suggestion {
	struct script script; /* the caller's to free: script_fini() */
	uint32_t moved;	      /* calls */
	char text[256]; /* "move KVM_SET_USER_MEMORY_REGION slot=0 before KVM_CREATE_IRQCHIP" */
};

/*
 * Of @script, of which those calls stall that @stalls is true of: moves of the first that waits for
 * what a call before it left, the shortest first. What KVM refuses is none. Returns how many, or
 * -ENOMEM.
 */
int suggest(const struct script *script, const bool *stalls, enum machine_arch arch,
	    struct suggestion out[SUGGESTIONS_MAX]);

#endif
