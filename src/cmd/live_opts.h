/* SPDX-License-Identifier: GPL-2.0-only */
/* Options that all commands have which watch this kernel: trace, record and export. */
#ifndef CMD_LIVE_OPTS_H
#define CMD_LIVE_OPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/opt.h"
#include "host/attach_plan.h"

struct live_opts {
	uint32_t backend;    /* enum backend */
	uint64_t ring_bytes; /* 0: the default */
	uint64_t duration_ns;
	uint64_t min_ns;
	uint32_t verbose;
	bool quiet;
};

/* clang-format off */
#define LIVE_OPTS_DEFAULT { .backend = BACKEND_CNT, .min_ns = 1000000 }

/* Rows of an option table; @F is the struct live_opts in struct @CFG. */
#define LIVE_OPT_MIN(CFG, F, HELP)                                                                   \
	OPT_NSEC('m', "min", "DURATION", CFG, F.min_ns, HELP)
#define LIVE_OPT_DURATION(CFG, F)                                                                    \
	OPT_NSEC('d', "duration", "DURATION", CFG, F.duration_ns, "end after this long")
#define LIVE_OPTS_BACKEND(CFG, F, RING_DEFAULT)                                                      \
	OPT_ENUM('b', "backend", backend_names, CFG, F.backend,                                          \
		 "how to watch the kernel (the best that works)"),                                             \
	OPT_POW2(0, "ring", "SIZE", CFG, F.ring_bytes, 4096, 1 << 30,                                    \
		 "room for records that wait, a power of two (" RING_DEFAULT ")")
#define LIVE_OPTS_LOG(CFG, F, VERBOSE_HELP, QUIET_HELP)                                              \
	OPT_COUNT('v', "verbose", CFG, F.verbose, VERBOSE_HELP "; twice: libbpf's messages too"),        \
	OPT_BOOL('q', "quiet", CFG, F.quiet, QUIET_HELP)
/* clang-format on */

#endif
