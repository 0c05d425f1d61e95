/* SPDX-License-Identifier: GPL-2.0-only */
/* The account of a stall, under its line: its waits, segments, culprit and advice. */
#ifndef OUTPUT_TEXT_ACCOUNT_TEXT_H
#define OUTPUT_TEXT_ACCOUNT_TEXT_H

struct stall;
struct str;
struct text_cfg;

void account_text(struct str *out, const struct stall *stall, const struct text_cfg *cfg);

#endif
