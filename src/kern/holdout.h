/* SPDX-License-Identifier: GPL-2.0-only */
/* A reader of plain RCU that keeps its CPU: what repro --inject rcu-holdout makes. */
#ifndef KERN_HOLDOUT_H
#define KERN_HOLDOUT_H

#include <stdint.h>

struct err;
struct holdout;

/* One that is ready to hold for @hold_ns. NULL: not allowed to, or not on this kernel. */
struct holdout *holdout_new(uint64_t hold_ns, struct err *err);
void holdout_free(struct holdout *holdout);

/* Hold, on the CPU that this thread is on; returns when it is over: 0 or a negative errno. */
int holdout_run(const struct holdout *holdout);

/* When it began and ended, CLOCK_MONOTONIC; 0: not yet. From any thread. */
uint64_t holdout_began_ns(const struct holdout *holdout);
uint64_t holdout_ended_ns(const struct holdout *holdout);

#endif
