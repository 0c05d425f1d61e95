/* SPDX-License-Identifier: GPL-2.0-only */
/* One side of a comparison: the calls and the hosts of its recordings. */
#ifndef DIFF_SIDE_H
#define DIFF_SIDE_H

#include <stdint.h>

#include "capture/environment.h"
#include "diff/sample.h"

enum side_id { SIDE_BASE, SIDE_NEW, SIDE_CNT };

struct side {
	struct samples samples;
	struct environment facts; /* of its recordings; "a / b" where they differ */
	uint32_t hz;		  /* 0: not known */
	uint64_t lost;		  /* calls may be missing */
	uint64_t holes;		  /* lost, too, but no call with it: accounts may have holes */
	uint32_t cut;		  /* recordings without an end */
	uint32_t partial;	  /* recordings without the calls that did not sleep */
	uint64_t untimed;	  /* calls of logs without a duration */
	uint32_t logs;		  /* of strace or perf: causes are inferred */
};

void side_init(struct side *side);
void side_fini(struct side *side);

/*
 * A fact of one more recording of this side; an empty @value is none. What there is no room for is
 * left out. Returns 0 or -ENOMEM.
 */
int side_add_fact(struct side *side, const char *key, const char *value);

#endif
