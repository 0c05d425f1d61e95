/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Logs that people already have: what strace or perf trace printed of a VMM's ioctls, what perf
 * script or tracefs printed of probes on KVM's functions. They say how long a call took, and not
 * why: its cause is inferred from what came before, and says so (struct stall's is_inferred), or it
 * is unexplained.
 */
#ifndef IMPORT_IMPORT_H
#define IMPORT_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/replay.h"

struct err;
struct summary;

/* What a file is: the first five are read, the others are named. */
enum import_format {
	IMPORT_NONE, /* no text */
	IMPORT_STRACE,
	IMPORT_PERF_TRACE,
	IMPORT_PERF,   /* probes and ioctls' tracepoints, of perf script or tracefs */
	IMPORT_STACKS, /* of the kernel: hung tasks, sysrq, /proc/PID/stack, crash, drgn */
	IMPORT_GRAPH,
	IMPORT_STRACE_MIXED,
	IMPORT_STRACE_BARE,
	IMPORT_STRACE_COUNT,
	IMPORT_PERF_SUMMARY,
	IMPORT_KVM_EVENTS,
	IMPORT_EVENTS_DELTA,
	IMPORT_EVENTS_BARE,
	IMPORT_TRACE_EVENTS,
	IMPORT_EVENTS,
	IMPORT_KVM_STAT,
	IMPORT_FUNCCOUNT,
	IMPORT_HISTOGRAM,
	IMPORT_SYSCOUNT,
	IMPORT_FUNCSLOWER,
	IMPORT_OFFCPU,
	IMPORT_TIMEHIST,
	IMPORT_PERF_STAT,
	IMPORT_PERF_REPORT,
	IMPORT_SCHED,
	IMPORT_PERF_LOCK,
	IMPORT_BCC_TRACE,
	IMPORT_EVENTS_CLOCK,
	IMPORT_LATENCY_TRACER,
	IMPORT_LTTNG,
	IMPORT_SYSDIG,
	IMPORT_WCHAN,
	IMPORT_TOP,
	IMPORT_CRASH_PS,
	IMPORT_BPFTRACE,
	IMPORT_REPORTS,
	IMPORT_USER_STACK,
	IMPORT_QEMU_EVENTS,
	IMPORT_VMM_LOG,
	IMPORT_KERNEL_LOG,
	IMPORT_OWN_TEXT,
	IMPORT_JSON,
	IMPORT_UTF16,
	IMPORT_PERF_DATA,
	IMPORT_TRACE_DAT,
	IMPORT_CORE,
	IMPORT_PROGRAM,
	IMPORT_BASE64,
	IMPORT_TEXT,
	IMPORT_FORMAT_CNT
};

/* What the first bytes of a file say. */
struct import_kind {
	enum import_format format;
	bool is_relative; /* strace -r: times are since the line before */
	bool has_tids;	  /* its lines name threads */
	bool is_quoted;	  /* quoted-printable, of a mail */
};

/* @format: what it is, whatever it looks like; IMPORT_NONE: not known. */
void import_detect(const void *bytes, size_t len, enum import_format format,
		   struct import_kind *kind);

struct import;

/*
 * @ops as for a replay: .head gets a head whose backend is the format's name; there are no records.
 * NULL: out of memory.
 */
struct import *import_new(const struct import_kind *kind, const struct replay_ops *ops, void *ctx);
void import_free(struct import *import);

/* Lines that name no thread are of this one, of process @tgid: strace -ff. */
void import_set_thread(struct import *import, uint32_t tid, uint32_t tgid);

/*
 * The next bytes, as many as there are, and the end. A negative errno with @err set (-ENODATA: it
 * is known and lacks what is needed), or what an op returned. What came before has been reported. A
 * format that is not read is refused at once.
 */
int import_feed(struct import *import, const void *bytes, size_t len, struct err *err);
int import_finish(struct import *import, struct err *err);

/* When the line's call began, for the order of several files; 0: it does not say. */
uint64_t import_line_ns(const char *line);

/* As replay_summary(). */
void import_summary(const struct import *import, struct summary *summary);

/* Lines that were not understood, and the first of them, cut. */
uint64_t import_skipped(const struct import *import, const char **first);

/* Of strace without times of day: what came before what is not known. */
bool import_is_timeless(const struct import *import);

#endif
