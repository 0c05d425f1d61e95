/* SPDX-License-Identifier: GPL-2.0-only */
/* What to do about a cause: one line, with its reason. */
#ifndef OUTPUT_ADVICE_H
#define OUTPUT_ADVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/stall.h"

/* Room for any of them. */
#define ADVICE_MAX 256

/* What of the host changes the advice. */
struct advice_host {
	uint32_t hz;
	bool rcu_normal; /* /sys/kernel/rcu_normal is 1: nothing is expedited */
};

/* One line into @buf, which is returned; empty when there is nothing to be done. */
char *advice_for(const struct stall *stall, const struct advice_host *host, char *buf, size_t size);

/* The same for a cause alone, as in a summary; NULL when there is none. */
const char *advice_for_cause(enum ks_cause cause);

#endif
