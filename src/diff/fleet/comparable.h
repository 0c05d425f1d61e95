/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether two groups of hosts can be compared: enough hosts, one kernel and one kvmstall each, the
 * same work. */
#ifndef FLEET_COMPARABLE_H
#define FLEET_COMPARABLE_H

struct rollout;

/* Fill in the facts of both groups, and all reasons why not. Needs the rows. 0 or -ENOMEM. */
int comparable_judge(struct rollout *rollout);

#endif
