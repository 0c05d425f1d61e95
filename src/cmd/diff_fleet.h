/* SPDX-License-Identifier: GPL-2.0-only */
/* diff --prometheus: two groups of hosts, by what a Prometheus knows of them. */
#ifndef CMD_DIFF_FLEET_H
#define CMD_DIFF_FLEET_H

#include <stdint.h>

#include "cmd/window.h"
#include "diff/comparison.h"

struct err;
struct outfile;
struct str;

struct fleet_cfg {
	const char
		*prometheus; /* a URL, or a file that --save wrote; NULL: recordings are compared */
	const char *base, *new; /* matchers */
	const char *header;
	const char *save;
	uint64_t over_ns;
	uint64_t timeout_ns;
};

/* Rows of an option table; @F is the struct fleet_cfg in struct @CFG. */
/* clang-format off */
#define FLEET_OPTS(CFG, F)                                                                           \
	OPT_STR(0, "prometheus", "URL", CFG, F.prometheus,                                               \
		"compare two groups of hosts by their metrics: a Prometheus, or a file of --save"),          \
	OPT_STR(0, "base", "MATCHERS", CFG, F.base, "hosts of BASE, by target_info: 'kernel=\"6.12.9\"'"), \
	OPT_STR(0, "new", "MATCHERS", CFG, F.new, "hosts of NEW"),                                       \
	OPT_NSEC(0, "over", "DURATION", CFG, F.over_ns, "the stretch to compare, until now or --until (6h)"), \
	OPT_STR(0, "header", "FILE", CFG, F.header, "lines of HTTP's header, as 'Authorization: Bearer ...'"), \
	OPT_NSEC(0, "timeout", "DURATION", CFG, F.timeout_ns, "how long to wait for each answer (30s)"), \
	OPT_STR(0, "save", "FILE", CFG, F.save, "keep the answers, to compare them again elsewhere")
/* clang-format on */

#define FLEET_DEFAULT                                                                              \
	{                                                                                          \
		.over_ns = 6 * 3600 * 1000000000ULL, .timeout_ns = 30 * 1000000000ULL              \
	}

/* Do the options make sense together? 0, or -EINVAL with @err set. */
int diff_fleet_check(const struct fleet_cfg *cfg, const struct window *window, struct err *err);

/* What rollout_text() and its like do. 0 or -ENOMEM. */
struct rollout;
typedef int (*rollout_print_fn)(struct str *out, const struct rollout *rollout);

/* Ask, compare, and put what @print makes of it into @file, which is open. An enum outcome, or a
 * negative errno with @err set. */
int diff_fleet(const struct fleet_cfg *cfg, const struct window *window,
	       const struct compare_cfg *compare, rollout_print_fn print, struct outfile *file,
	       struct err *err);

#endif
