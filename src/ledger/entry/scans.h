/* SPDX-License-Identifier: GPL-2.0-only */
/* What a scan of the tasks found: readers, and calls that are still asleep. */
#ifndef LEDGER_ENTRY_SCANS_H
#define LEDGER_ENTRY_SCANS_H

#include "ledger/entry/book.h"

/* Records, as ledger_record(). */
int scans_take_suspect(struct ledger *ledger, const struct record_view *view);
int scans_take_halted(struct ledger *ledger, const struct record_view *view);
int scans_take_readers(struct ledger *ledger, const struct record_view *view);
int scans_take_asleep(struct ledger *ledger, const struct record_view *view);

#endif
