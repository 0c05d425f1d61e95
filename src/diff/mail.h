/* SPDX-License-Identifier: GPL-2.0-only */
/* Text for a mail to a kernel list: plain, and narrow enough to be quoted a few times. */
#ifndef DIFF_MAIL_H
#define DIFF_MAIL_H

#include <stddef.h>
#include <stdint.h>

#define MAIL_WIDTH 72

struct environment;
struct spans;
struct str;
struct summary;

/* @text from column @indent on, and the line's end. */
void mail_add_folded(struct str *out, const char *text, size_t indent);

/* Kernel, HZ, preemption, CPUs, whether it is bare metal, and parameters that matter here; what a
 * recording does not know is said to be not recorded. @hz 0: not known. */
void mail_add_host(struct str *text, const struct environment *facts, uint32_t hz);

/*
 * A report by the kernel's own template (Documentation/admin-guide/reporting-regressions.rst): what
 * the recording
 * @name knows, and a named gap for each thing that it does not, such as the last kernel that was
 * good.
 */
void mail_regression(struct str *out, const char *name, const struct environment *facts,
		     uint32_t hz, const struct summary *summary);

#endif
