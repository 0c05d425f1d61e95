/* SPDX-License-Identifier: GPL-2.0-only */
/* How much of a VM's start and end a change can be. */
#ifndef DIFF_WEIGH_H
#define DIFF_WEIGH_H

struct change;
struct comparison;

/* Median start and end of a VM together, on the side where they are shorter; 0: not known. */
double weigh_whole_ns(const struct comparison *comparison);

/* Set .share, of @whole_ns, and .is_minor of @change, which has its interval. Recordings without
 * starts and ends have no minor changes. */
void weigh_change(const struct comparison *comparison, double whole_ns, struct change *change);

/*
 * A call with too few samples decides nothing if the start or end of VMs that it is part of is
 * surely no worse: set .is_covered and .is_minor of it. Needs the verdicts of all changes.
 */
void weigh_parts(struct comparison *comparison);

#endif
