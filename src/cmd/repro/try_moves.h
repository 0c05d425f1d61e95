/* SPDX-License-Identifier: GPL-2.0-only */
/* repro --suggest: play the moves of script/suggest.h, and say which helps. */
#ifndef CMD_REPRO_TRY_MOVES_H
#define CMD_REPRO_TRY_MOVES_H

#include <stdbool.h>
#include <stdint.h>

#include "output/call_order.h"

struct err;
struct play_cfg;
struct script;
struct str;

/*
 * Each move is played @rounds times, in turns with @script as it is. It helps if the start's median
 * is shorter by a fifth or by cfg->min_ns at least, and if the 95 % confidence interval says so.
 * The first that helps ends it. What the VMM waits for a CPU does not count. 0 with lines in @out,
 * or a negative errno with @err.
 */
int try_moves(const struct script *script, enum machine_arch arch, const struct play_cfg *cfg,
	      uint32_t rounds, bool is_json, struct str *out, struct err *err);

#endif
