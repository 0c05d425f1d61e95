/* SPDX-License-Identifier: GPL-2.0-only */
/* VMs, from the record that one was born or found to its end, and the starts and ends that they
 * have. */
#ifndef LEDGER_ENTRY_LIVES_H
#define LEDGER_ENTRY_LIVES_H

#include "ledger/entry/book.h"

/*
 * What a call says of the age of @vm, which is its own; NULL: it has none. One that starts after
 * the VM's close shows that another descriptor is open.
 */
void lives_note_age(struct vm *vm, const struct stall *stall);

/* A call is part of the start or the end of @vm, as above; the exit of a process is the end of all
 * of its VMs. Returns 0 or -ENOMEM. */
int lives_note_span(struct ledger *ledger, struct vm *vm, const struct stall *stall);

/* Starts of VMs that were left paused are over. */
void lives_end_paused(struct ledger *ledger, uint64_t now_ns);

/* Forget VMs whose end is so old that no record of it can come. */
void lives_bury_old(struct ledger *ledger, uint64_t now_ns);

/* No record comes any more: report the ends that waited for one. */
void lives_finish(struct ledger *ledger);

/* Records, as ledger_record(). */
int lives_take_vm(struct ledger *ledger, const struct record_view *view);
int lives_take_vm_gone(struct ledger *ledger, const struct record_view *view);
int lives_take_domain(struct ledger *ledger, const struct record_view *view);
int lives_take_closing(struct ledger *ledger, const struct record_view *view);
int lives_take_born(struct ledger *ledger, const struct record_view *view);
int lives_take_run(struct ledger *ledger, const struct record_view *view);

#endif
