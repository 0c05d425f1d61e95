/* SPDX-License-Identifier: GPL-2.0-only */
/* What the user's terminal can show. */
#ifndef CMD_CHARSET_H
#define CMD_CHARSET_H

#include <stdbool.h>

/* Is it UTF-8, by LC_ALL, LC_CTYPE, LANG? */
bool charset_is_utf8(void);

#endif
