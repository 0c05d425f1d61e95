/* SPDX-License-Identifier: GPL-2.0-only */
/* A task that is stuck, as a call: its cause, its culprit, and what to do next. */
#ifndef IMPORT_HUNG_CALL_H
#define IMPORT_HUNG_CALL_H

struct domain;
struct hung_task;
struct log;

/* Its holder is known by now. @dom: what it waits on, if that is SRCU; NULL: not known. */
void hung_call_report(struct log *log, struct hung_task *task, struct domain *dom);

#endif
