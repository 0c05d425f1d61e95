/* SPDX-License-Identifier: GPL-2.0-only */
/* Did both sides do the same: which calls, and how often a VM? */
#ifndef DIFF_WORKLOAD_H
#define DIFF_WORKLOAD_H

struct comparison;

/* Set the reasons that say that they did not. */
void workload_compare(struct comparison *comparison);

#endif
