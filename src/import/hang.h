/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel stacks of one moment: each that waits in KVM is a stuck call. What it waits for, its stack
 * says; who holds that, the others do.
 */
#ifndef IMPORT_HANG_H
#define IMPORT_HANG_H

#include <stdbool.h>

struct log;
struct hang;

struct hang *hang_new(struct log *log);
void hang_free(struct hang *hang);

/* 0: taken, or not of interest; -ENOMEM. */
int hang_take(struct hang *hang, const char *text);

/* Were there stacks of warnings, oopses or lockdep, which are of no hang? */
bool hang_has_reports(const struct hang *hang);

/* There is no more: report what is stuck. 0 or -ENOMEM. */
int hang_finish(struct hang *hang);

#endif
