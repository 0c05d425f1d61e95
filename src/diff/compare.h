/* SPDX-License-Identifier: GPL-2.0-only */
/* The steps of a comparison, in their order: facts, pairs, tests, verdicts, explanations, an
 * outcome. */
#ifndef DIFF_COMPARE_H
#define DIFF_COMPARE_H

#include "diff/comparison.h"

/* Sorts the sides' samples, and points into them. Returns 0 or -ENOMEM; fini in any case. */
int compare_sides(struct comparison *comparison, struct side *base, struct side *new,
		  const struct compare_cfg *cfg);

#endif
