/* SPDX-License-Identifier: GPL-2.0-only */
/* Options of libbpf's functions. */
#ifndef KERN_LIBBPF_OPTS_H
#define KERN_LIBBPF_OPTS_H

#include <string.h>

/* A struct @type named @name, all of it 0 but for its size. LIBBPF_OPTS() of libbpf 1.1 leaves the
 * padding at its end to the compiler, and libbpf refuses what is not 0 there: with -O0 it is not.
 */
#define ZERO_OPTS(type, name)                                                                      \
	struct type name;                                                                          \
	memset(&(name), 0, sizeof(name));                                                          \
	(name).sz = sizeof(name)

#endif
