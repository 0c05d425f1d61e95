/* SPDX-License-Identifier: GPL-2.0-only */
/* What perf script and tracefs print of probes on KVM's functions and their returns, with stacks or
 * without, and of system calls' tracepoints, raw ones too. */
#ifndef IMPORT_PERF_H
#define IMPORT_PERF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kvmstall/records.h>

struct event_line;
struct log;
struct perf;

/* What an event is to report. */
enum event_use {
	EVENT_OTHER,
	EVENT_KVM,  /* a tracepoint of KVM's: it says nothing of calls */
	EVENT_BARE, /* an ioctl without its arguments */
	EVENT_READ, /* a probe on a function that kvmstall knows, or an ioctl */
};

enum event_use perf_use(const struct event_line *line);

/* "ffffffff81234986 kvm_swap_active_memslots+0x136 ([kernel.kallsyms])", " => kvm_vm_ioctl": the
 * name and its length. */
const char *perf_parse_frame(const char *text, size_t *len);

/* The calls of a log, line by line. */
struct perf *perf_new(struct log *log);
void perf_free(struct perf *perf);

/* False: the line is none of such a log. @ret: 0, or -ENOMEM. */
bool perf_take(struct perf *perf, const char *text, int *ret);

/* What has not ended is stuck. 0 or -ENOMEM. */
int perf_finish(struct perf *perf);

/* Functions that were entered, and never seen to return. */
uint64_t perf_untimed(const struct perf *perf);

/* System calls on KVM. */
uint64_t perf_seen(const struct perf *perf);

#endif
