/* SPDX-License-Identifier: GPL-2.0-only */
/* What there is to choose from on this host, for completion scripts. */
#ifndef CMD_VALUES_H
#define CMD_VALUES_H

#include <stdbool.h>

/*
 * Print one value a line for each VMM that runs and that we may ask of: its
 * "pid", its "comm", or its VM's name ("vm"). False for any other @kind.
 */
bool values_dump(const char *kind);

#endif
