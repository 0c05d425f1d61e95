/* SPDX-License-Identifier: GPL-2.0-only */
/* A recording, played. */
#ifndef CMD_TOP_PLAY_H
#define CMD_TOP_PLAY_H

#include "cmd/top/top_show.h"

struct err;
struct summary;

/* As fast as it was, or .speed times that, and to its end without waiting where it is batch. 0, 1
 * for one that is cut, or a negative errno with @err set. */
int top_play(struct top_show *show, const char *path, struct summary *summary, struct err *err);

#endif
