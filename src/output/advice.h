/* SPDX-License-Identifier: GPL-2.0-only */
/* What to do about a cause: one line, with its reason. */
#ifndef OUTPUT_ADVICE_H
#define OUTPUT_ADVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/stall.h"
#include "output/call_order.h"
#include "output/storm.h"

/* Room for any of them. */
#define ADVICE_MAX 400

/* What of the host changes the advice, and what the reader calls a stall. */
struct advice_host {
	uint32_t hz;
	bool rcu_normal; /* /sys/kernel/rcu_normal is 1: nothing is expedited */
	enum machine_arch arch;
	uint64_t min_ns; /* --min: what is a stall */
};

/*
 * One line into @buf, which is returned; empty when there is nothing to be done. No advice for a
 * call that is no stall by --min, nor for a cause that did not make it one: that took less than
 * --min, and less than a quarter of the call's time.
 *
 * Advice to swap two calls names both, and what the stalled one would have taken (.without_ns). It
 * is given for calls of a VM's set-up only, and where KVM lets the two be swapped (call_order.h).
 */
char *advice_for(const struct stall *stall, const struct advice_host *host, char *buf, size_t size);

/* The same for many short calls: how to make fewer of them, else as for the cause that took most.
 * NULL: there is nothing to be done, as nobody waits for them. */
const char *advice_for_storm(const struct storm *storm);

/* The same for a cause alone, as in a summary; NULL when there is none. */
const char *advice_for_cause(enum ks_cause cause);

#endif
