/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A script as one file of plain C that makes its calls: what is mailed with a report, and what a
 * bisection runs. It needs a C library and <linux/kvm.h>. Of the script's file nothing is in it but
 * calls, numbers and times: no names, paths, addresses of the VMM's or descriptors.
 */
#ifndef SCRIPT_EMIT_H
#define SCRIPT_EMIT_H

struct err;
struct script;
struct str;

/* A negative errno with @err: a call that is not one of x86 or of all. */
int emit_c(const struct script *script, const char *version, struct str *out, struct err *err);

#endif
