/* SPDX-License-Identifier: GPL-2.0-only */
/* What callers have to expect of this host's grace periods, each with its length: check's outlook.
 */
#ifndef HOST_PROSPECT_H
#define HOST_PROSPECT_H

struct findings;
struct host;

/* Those that apply to @host, to the end of @findings. */
void prospects_add(const struct host *host, struct findings *findings);

#endif
