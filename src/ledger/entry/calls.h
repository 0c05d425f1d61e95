/* SPDX-License-Identifier: GPL-2.0-only */
/* The end of a call: its account is closed and reported. */
#ifndef LEDGER_ENTRY_CALLS_H
#define LEDGER_ENTRY_CALLS_H

#include "ledger/entry/book.h"

/* Fill in the cause of @stall, the account of @in, and its culprit, of all that the ledger knows.
 */
void calls_find_culprit(const struct ledger *ledger, const struct account_input *in,
			struct stall *stall);

/* A record, as ledger_record(). */
int calls_take(struct ledger *ledger, const struct record_view *view);

#endif
