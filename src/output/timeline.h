/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A stall as one line of text, from left to right as its time went: what people paste into mails.
 *
 *	..[-TTTTTTTTTT|TTTTTTTTTTTTTTTTTTTTTTTTTTTKG-] 5.67ms  T gp-timer, ...
 */
#ifndef OUTPUT_TIMELINE_H
#define OUTPUT_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/stall.h"

struct str;

/* The letter that stands for @cause wherever one character is all there is; '-': KS_CAUSE_RUN. */
char timeline_letter(enum ks_cause cause);

/*
 * Append the line, without an end: what the grace period of the culprit did before the call, the
 * call in 40 characters that each have the cause of most of their time, a mark at each jiffy since
 * the call began (@hz; 0: none; none where they would be closer than four characters), and the
 * letters' meaning. @use_utf8: else ASCII alone. Nothing for a call of no duration.
 */
void timeline_add(struct str *out, const struct stall *stall, uint32_t hz, bool use_utf8);

#endif
