/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lines of perf trace:
 *
 *     1.230 (25.182 ms): firecracker/583 ioctl(fd: 25<anon_inode:kvm-vm>, cmd: KVM_CREATE_VCPU) =
 * 28
 */
#ifndef IMPORT_PERF_TRACE_H
#define IMPORT_PERF_TRACE_H

#include "import/syscall_line.h"

/* What the line says, its arguments as strace would print them, in @buf of @size bytes. */
enum line_kind perf_trace_parse(const char *text, struct syscall_line *line, char *buf,
				size_t size);

#endif
