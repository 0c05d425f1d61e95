/* SPDX-License-Identifier: GPL-2.0-only */
/* Limits of this process (getrlimit(2)): raised where we may, and put back for COMMAND. */
#ifndef KERN_LIMITS_H
#define KERN_LIMITS_H

/* As many open files as the hard limit has: the soft one is for programs that use select(2). */
void limits_raise(void);

/* In a child, before it becomes another program: what limits_raise() found. */
void limits_restore(void);

#endif
