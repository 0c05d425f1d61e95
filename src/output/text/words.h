/* SPDX-License-Identifier: GPL-2.0-only */
/* What lines for people are made of, the same wherever it stands. */
#ifndef OUTPUT_TEXT_WORDS_H
#define OUTPUT_TEXT_WORDS_H

#include <stddef.h>
#include <stdint.h>

struct domain;
struct str;

/* Room for a duration, as format_nsec() has it. */
#define DURATION_LEN 24

/* At which text is folded, if nobody asks for another width. */
#define TEXT_WIDTH 98

/* "1 stall", "2 stalls" */
void words_count(struct str *out, uint64_t cnt, const char *noun);

/* "qemu[12]" */
void words_task(struct str *out, const char *comm, uint32_t tid);

/* "EINTR", of what a call returned, if it failed; else nothing is added. @lead is before, @tail
 * after it. */
void words_errno(struct str *out, const char *lead, int64_t ret, const char *tail);

/* "GP 4" */
void words_gp(struct str *out, const struct domain *dom, uint64_t gp);

/* @lead and @text, whose further lines are under its first, folded at @width. */
void words_folded(struct str *out, const char *lead, const char *text, size_t width);

#endif
