/* SPDX-License-Identifier: GPL-2.0-only */
/* Capabilities, and how to be rid of them for good. */
#ifndef LIVE_PRIVILEGES_H
#define LIVE_PRIVILEGES_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/* What no exec gives back. It takes CAP_SETPCAP; without that the set stays as it is. */
void privileges_drop_bounding(void);

/*
 * Keep of the capabilities that there are only the @cnt of @caps (CAP_*), and
 * forbid new privileges: for this process and what it starts from now on. Of a
 * process of one thread. Returns 0 or a negative errno with @err set.
 */
int privileges_keep(const int *caps, size_t cnt, struct err *err);

/*
 * What watching takes once the programs are attached: to know which program
 * another user's VMM runs (CAP_SYS_PTRACE), and with @has_files to name and to
 * remove a file in somebody's directory, and to give it to sudo's caller. All
 * others go, by the two above.
 */
int privileges_watch(bool has_files, struct err *err);

#endif
