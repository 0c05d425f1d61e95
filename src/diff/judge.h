/* SPDX-License-Identifier: GPL-2.0-only */
/* Is a call slower, faster or the same: its test, its threshold, its verdict. */
#ifndef DIFF_JUDGE_H
#define DIFF_JUDGE_H

struct change;
struct comparison;

/*
 * Measure both sides of @change and test their difference. Its verdict is VERDICT_CNT if it is to
 * be judged, else what it is already. Returns 0 or -ENOMEM.
 */
int judge_test(const struct comparison *comparison, struct change *change);

/* Holm's correction over all changes that are to be judged. Returns 0 or -ENOMEM. */
int judge_correct(struct comparison *comparison);

/* The verdict, after the correction; needs the cause that moved. Returns 0 or -ENOMEM. */
int judge_change(const struct comparison *comparison, struct change *change);

#endif
