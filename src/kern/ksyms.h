/* SPDX-License-Identifier: GPL-2.0-only */
/* This kernel's functions, from /proc/kallsyms. */
#ifndef KERN_KSYMS_H
#define KERN_KSYMS_H

struct err;
struct symbols;

/* Read them all, sorted. NULL with @err set when they cannot be read, or addresses are hidden. */
struct symbols *ksyms_load(struct err *err);

#endif
