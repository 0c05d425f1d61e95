/* SPDX-License-Identifier: GPL-2.0-only */
/* Which kvmstall this is. */
#ifndef CMD_VERSION_H
#define CMD_VERSION_H

/* "0.1.0", "0.1.0-2-gabc" */
extern const char version_text[];

#endif
