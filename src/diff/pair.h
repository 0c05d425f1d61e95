/* SPDX-License-Identifier: GPL-2.0-only */
/* Which group of calls of one side is compared with which of the other. */
#ifndef DIFF_PAIR_H
#define DIFF_PAIR_H

struct comparison;

/* Make a change of each pair, and of each group without a partner. Returns 0 or -ENOMEM. */
int pair_groups(struct comparison *comparison);

#endif
