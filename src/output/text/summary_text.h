/* SPDX-License-Identifier: GPL-2.0-only */
/* What a run, a recording or a log comes to, in the lines at its end. */
#ifndef OUTPUT_TEXT_SUMMARY_TEXT_H
#define OUTPUT_TEXT_SUMMARY_TEXT_H

struct str;
struct summary;

void summary_text(struct str *out, const struct summary *summary, const char *backend);

#endif
