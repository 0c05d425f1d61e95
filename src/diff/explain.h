/* SPDX-License-Identifier: GPL-2.0-only */
/* Why a call changed: the cause that moved, who was its culprit, and what differs between the
 * hosts. */
#ifndef DIFF_EXPLAIN_H
#define DIFF_EXPLAIN_H

struct change;
struct comparison;

/* List the facts in which the sides differ. Returns 0 or -ENOMEM. */
int explain_compare_facts(struct comparison *comparison);

/* The cause that moved most, and whose it was. */
void explain_cause(struct change *change);

/* Those of the differing facts that can be the reason for that cause, likely ones first. */
void explain_facts(const struct comparison *comparison, struct change *change);

#endif
