/* SPDX-License-Identifier: GPL-2.0-only */
/* Tasks: what happens to each inside its call, before the call's own record comes. */
#ifndef LEDGER_ENTRY_TASKS_H
#define LEDGER_ENTRY_TASKS_H

#include "ledger/entry/book.h"
#include "ledger/task.h"

/* The task that a record of @ts_ns is about. NULL: tasks_none() says why. */
struct task *tasks_find(struct ledger *ledger, uint32_t tid, uint64_t ts_ns);

/* -ENOMEM, or -ENOSPC (counted). */
int tasks_none(struct ledger *ledger);

/* Forget @task, unless somebody may still name it or something of its call is kept. */
void tasks_release(struct ledger *ledger, struct task *task);

/* A holder is kept as long as somebody may name it. @owner: its tid, or 0. */
void tasks_forget_holder(struct ledger *ledger, uint32_t owner);

/* Forget what a call is blamed on that began before @begin_ns: it was not reported. */
void tasks_forget_blame(struct ledger *ledger, struct task *task, uint64_t begin_ns);

/* Forget those of which nothing was heard for an hour. Without memory for the list, that is for
 * another time. */
void tasks_forget_old(struct ledger *ledger, uint64_t now_ns);

/* Records, as ledger_record(). */
int tasks_take_sleep(struct ledger *ledger, const struct record_view *view);
int tasks_take_lock(struct ledger *ledger, const struct record_view *view);
int tasks_take_spun(struct ledger *ledger, const struct record_view *view);
int tasks_take_cpu(struct ledger *ledger, const struct record_view *view);
int tasks_take_rcu(struct ledger *ledger, const struct record_view *view);
int tasks_take_rcu_timer(struct ledger *ledger, const struct record_view *view);

#endif
