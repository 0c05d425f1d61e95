/* SPDX-License-Identifier: GPL-2.0-only */
/* Who or what a stall is blamed on, in one line. */
#ifndef OUTPUT_TEXT_CULPRIT_TEXT_H
#define OUTPUT_TEXT_CULPRIT_TEXT_H

struct stall;
struct str;

/* What follows the name of the cause: ": GP 4 started by KVM_IOEVENTFD 134us before". Nothing, if
 * nobody is known. */
void culprit_text(struct str *out, const struct stall *stall);

#endif
