/* SPDX-License-Identifier: GPL-2.0-only */
/* Which stretch of a recording is wanted: --since, --until, --around. */
#ifndef CMD_WINDOW_H
#define CMD_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/opt.h"
#include "cmd/input.h"
#include "ledger/filter.h"

struct err;

/* Which stalls --around can name, the longest first. */
#define WINDOW_AROUND_MAX 1000

enum window_from {
	WINDOW_NONE,  /* not given */
	WINDOW_CLOCK, /* ns since midnight, as TIME is shown */
	WINDOW_START, /* ns after the recording's first record, */
	WINDOW_END,   /* or before its last */
};

struct window_time {
	enum window_from from;
	uint64_t ns;
};

struct window_around {
	uint32_t nth;	  /* the longest is 1; 0: not given */
	uint64_t side_ns; /* so much before and after it */
};

struct window {
	struct window_time since, until;
	struct window_around around;
};

/* Of --since, --until and --around, for OPT_CUSTOM. */
int window_parse_since(const char *value, void *field, struct err *err);
int window_parse_until(const char *value, void *field, struct err *err);
int window_parse_around(const char *value, void *field, struct err *err);

/* Rows of an option table; @F is the struct window in struct @CFG. */
/* clang-format off */
#define WINDOW_OPTS(CFG, F)                                                                          \
	OPT_CUSTOM(0, "since", "TIME", CFG, F.since, struct window_time, window_parse_since,             \
		   "only calls after this: 13:14:15, +30s (from the start) or -30s (before the end)"),         \
	OPT_CUSTOM(0, "until", "TIME", CFG, F.until, struct window_time, window_parse_until,             \
		   "only calls before this")
#define WINDOW_OPT_AROUND(CFG, F)                                                                    \
	OPT_CUSTOM(0, "around", "N[,DURATION]", CFG, F.around, struct window_around,                     \
		   window_parse_around,                                                                        \
		   "what all VMs did around the Nth longest stall: a second before and after it")
/* clang-format on */

bool window_is_given(const struct window *window);

/*
 * Fill in .since_ns and .until_ns of @filter for the recording @paths (one file, or all of a @run),
 * which is read for it: it cannot be standard input. Which stall .around means is decided among
 * those of @min_ns that @filter wants. 0, or a negative errno with
 * @err set.
 */
int window_find(const struct window *window, char *const *paths, enum input_run run,
		const struct input_cfg *cfg, uint64_t min_ns, struct filter *filter,
		struct err *err);

#endif
