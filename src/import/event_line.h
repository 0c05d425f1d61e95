/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The head of a trace event, as perf script, trace-cmd report and tracefs's trace_pipe print it:
 *
 *     firecracker 19916 [033] 404.518462: probe:kvm_io_bus_register_dev: (ffff80008005f0e8)
 *     qemu-system-aar-3611463 [002] d.... 342920.535549: p_kvm_dev_ioctl_0:
 * (kvm_dev_ioctl+0x0/0x910)
 */
#ifndef IMPORT_EVENT_LINE_H
#define IMPORT_EVENT_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "import/syscall_line.h"

struct event_line {
	char comm[KS_COMM_LEN];
	uint32_t pid; /* 0: only the thread is known */
	uint32_t tid;
	uint64_t ts_ns;
	struct word group; /* "probe"; .len 0: tracefs names none */
	struct word event; /* "kvm_io_bus_register_dev__return" */
	const char *rest;  /* what follows the event's colon */
};

/* False: not such an event. @text ends with a NUL. */
bool event_parse(const char *text, struct event_line *line);

#endif
