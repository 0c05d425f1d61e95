/* SPDX-License-Identifier: GPL-2.0-only */
/* Domains that a reader holds: have the threads scanned that may be it, while they are still there.
 */
#ifndef LIVE_SUSPECTS_H
#define LIVE_SUSPECTS_H

#include "ledger/held.h"

struct ledger;
struct probes;
struct reorder;

/* Scan for the domain whose turn it is, if any, and count its readers. The answers come as records:
 * KS_SUSPECT, and KS_READERS to @order. Returns 0, or what @order did. */
int find_suspects(struct held_queue *queue, const struct ledger *ledger, struct probes *probes,
		  struct reorder *order);

#endif
