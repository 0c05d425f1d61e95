/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lines of strace, from 4.x to 6.x: with -f or not, with -t, -tt, -ttt, -r and -T or not, -y,
 * -yy, -Y, -i, -n, -k; printed to a terminal or by -o; with a journal's prefix.
 */
#ifndef IMPORT_STRACE_LINE_H
#define IMPORT_STRACE_LINE_H

#include "import/syscall_line.h"

/* What the line says. @text ends with a NUL, and must live as long as @line. */
enum line_kind strace_parse(const char *text, struct syscall_line *line);

/* "25<anon_inode:kvm-vm>, KVM_CREATE_VCPU, 0" or "25": false: not that. */
bool strace_parse_fd(const char *args, struct fd_args *parsed);

#endif
