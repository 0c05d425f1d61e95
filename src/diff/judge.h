/* SPDX-License-Identifier: GPL-2.0-only */
/* Is a call slower, faster or the same: its test, its threshold, its verdict. */
#ifndef DIFF_JUDGE_H
#define DIFF_JUDGE_H

#include <stdbool.h>

struct change;
struct comparison;

/*
 * Measure both sides of @change and test their difference. Its verdict is VERDICT_CNT if it is to
 * be judged, else what it is already. Returns 0 or -ENOMEM.
 */
int judge_test(const struct comparison *comparison, struct change *change);

/* Holm's correction over all changes that are to be judged. Returns 0 or -ENOMEM. */
int judge_correct(struct comparison *comparison);

/* The verdict, after the correction; needs the cause that moved. */
void judge_change(const struct comparison *comparison, struct change *change);

/* Whatever its interval leaves open, NEW is not worse by more than the threshold. */
bool judge_is_surely_no_worse(const struct change *change);

#endif
