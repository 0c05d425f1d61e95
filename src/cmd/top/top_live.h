/* SPDX-License-Identifier: GPL-2.0-only */
/* This kernel, watched. */
#ifndef CMD_TOP_LIVE_H
#define CMD_TOP_LIVE_H

#include "cmd/live_opts.h"
#include "cmd/top/top_show.h"

struct err;
struct summary;

/* Until somebody quits, or as .duration_ns and .iterations say; @summary gets what watch_run()
 * knows. 0 or a negative errno with @err set. */
int top_live(struct top_show *show, const struct live_opts *live, struct summary *summary,
	     struct err *err);

#endif
