/* SPDX-License-Identifier: GPL-2.0-only */
/* How much of a VM's start and end a change can be. */
#ifndef DIFF_WEIGH_H
#define DIFF_WEIGH_H

struct change;
struct comparison;

/* Set .share and .is_minor of @change, which has its interval. Recordings without starts and ends
 * have no minor changes. */
void weigh_change(const struct comparison *comparison, struct change *change);

#endif
