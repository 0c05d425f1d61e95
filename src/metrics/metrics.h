/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The metrics: fed by the ledger's callbacks, read by metrics/collect. One table
 * says which there are; outputs, the manual page, rules and dashboards are
 * checked against it. How many series there can be is bounded whatever the
 * hosts do: calls, causes and domains are lists of ours, VMs and functions
 * have a limit each, and what is beyond it is summed as "other".
 */
#ifndef METRICS_METRICS_H
#define METRICS_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kvmstall/records.h>

#include "ledger/stall.h"

struct identity;
struct metrics;
struct span;
struct symbols;

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_INFO, METRIC_HISTOGRAM };

extern const char *const metric_type_names[];

/* X(id, name, type, is in seconds (kept in ns), labels, help) */
/* clang-format off */
#define METRICS(X)                                                                                 \
	X(TARGET, "target_info", INFO, false, "kernel,hz,version,backend",                         \
	  "What is watched, and by what: for joins, and for kvmstall diff --prometheus")           \
	X(CALL_DURATION, "kvmstall_call_duration_seconds", HISTOGRAM, true, "call",                \
	  "Time that KVM calls took which slept in the kernel")                                    \
	X(WAIT_DURATION, "kvmstall_wait_duration_seconds", HISTOGRAM, true, "domain,api",          \
	  "Time that single waits for SRCU or RCU inside calls took")                                     \
	X(GP_DURATION, "kvmstall_grace_period_duration_seconds", HISTOGRAM, true, "domain,kind",   \
	  "Time that SRCU grace periods of VMs took")                                              \
	X(STALL_SECONDS, "kvmstall_stall_seconds", COUNTER, true, "call,cause",                    \
	  "Time that KVM calls spent off the CPU, by cause")                                       \
	X(STALLS, "kvmstall_stalls", COUNTER, false, "call,cause",                                 \
	  "KVM calls that stalled for --min or longer, by their largest cause")                    \
	X(PHASE_SECONDS, "kvmstall_phase_stall_seconds", COUNTER, true, "phase,cause",             \
	  "Time that KVM calls spent off the CPU, by the age of the VM and by cause")              \
	X(RCU_SECONDS, "kvmstall_rcu_stall_seconds", COUNTER, true, "part",                        \
	  "Time that KVM calls waited for plain RCU, by what it went to")                          \
	X(CALLS, "kvmstall_calls", COUNTER, false, "file",                                         \
	  "KVM calls that were made, stalled or not, by the file that they are on")                \
	X(SETUP_DURATION, "kvmstall_setup_stall_seconds", HISTOGRAM, true, "",                     \
	  "Time that the set-up of each VM that was born stalled, all calls of it together")       \
	X(SETUPS, "kvmstall_setups", COUNTER, false, "stalled",                                    \
	  "VMs whose set-up is over, by whether a call in it stalled for --min or longer")         \
	X(START_DURATION, "kvmstall_start_duration_seconds", HISTOGRAM, true, "",                  \
	  "Time from KVM_CREATE_VM to the first KVM_RUN, or to the last call of a VM that is left paused") \
	X(STARTS, "kvmstall_vm_starts", COUNTER, false, "kind",                                    \
	  "VMs that were born and whose start is over, by whether they ran or were left paused")   \
	X(END_DURATION, "kvmstall_end_duration_seconds", HISTOGRAM, true, "",                      \
	  "Time from the first close of a VM to the one that destroyed it")                        \
	X(START_SECONDS, "kvmstall_start_seconds", COUNTER, true, "cause",                         \
	  "What the starts of VMs are made of: the causes of their calls, and what was outside calls") \
	X(INCOMPLETE, "kvmstall_incomplete_stalls", COUNTER, false, "",                            \
	  "Stalls for which evidence may be missing")                                              \
	X(OUTSTANDING, "kvmstall_outstanding_gp_seconds", COUNTER, true, "function",               \
	  "Time that KVM calls would not have taken, had no grace period been outstanding, "       \
	  "by the function that asked for it")                                                     \
	X(DEFERRED, "kvmstall_deferred_callbacks", COUNTER, false, "function",                     \
	  "Callbacks that KVM queued with call_srcu() instead of waiting, by the function")        \
	X(STALLED_CALLS, "kvmstall_stalled_calls", GAUGE, false, "cause",                          \
	  "KVM calls that are waiting now and have for --min or longer")                           \
	X(OLDEST, "kvmstall_stalled_call_oldest_seconds", GAUGE, true, "",                         \
	  "Age of the oldest of the KVM calls that are waiting now")                               \
	X(VMS, "kvmstall_vms", GAUGE, false, "", "VMs that exist")                                 \
	X(VMS_SEEN, "kvmstall_vms_seen", COUNTER, false, "", "VMs that were born or found")        \
	X(VM_INFO, "kvmstall_vm_info", INFO, false,                                                \
	  "vm,pid,comm,vmm,name,uuid,machine,pod_uid,container_id,cgroup",                                \
	  "What is known of a VM that has series of its own")                                      \
	X(VM_ALIVE, "kvmstall_vm_alive", GAUGE, false, "vm",                                       \
	  "1 while the VM exists, 0 when it is gone and its series are still there")               \
	X(VM_STALL_SECONDS, "kvmstall_vm_stall_seconds", COUNTER, true, "vm,cause",                \
	  "Time that KVM calls of a VM spent off the CPU, by cause")                               \
	X(VM_STALLED, "kvmstall_vm_stalled_seconds", GAUGE, true, "vm",                            \
	  "Age of the oldest KVM call of a VM that is waiting now")                                \
	X(VM_LIMIT, "kvmstall_vm_series_limit", GAUGE, false, "",                                  \
	  "VMs that may have series of their own (--vm-limit)")                                    \
	X(VMS_OTHER, "kvmstall_vms_in_other", GAUGE, false, "",                                    \
	  "VMs that are summed as vm=\"other\" because of that limit")                             \
	X(EVICTIONS, "kvmstall_vm_series_evictions", COUNTER, false, "",                           \
	  "VMs that lost their series to one that stalls more")                                    \
	X(CUT, "kvmstall_label_values_cut", COUNTER, false, "",                                    \
	  "Label values that were cut because they were too long")                                 \
	X(EVENTS, "kvmstall_events", COUNTER, false, "", "Records taken from the kernel")          \
	X(LOST, "kvmstall_events_lost", COUNTER, false, "where", "Records that were lost")         \
	X(HISTORY, "kvmstall_history_bytes", GAUGE, false, "",                                     \
	  "Memory that holds what grace periods did in the last minute, 16 MiB at most")           \
	X(ATTACHED, "kvmstall_attached", GAUGE, false, "",                                         \
	  "1 while the BPF programs are attached, 0 while KVM is not there")                       \
	X(BACKEND, "kvmstall_backend_info", INFO, false, "backend", "How the kernel is watched")   \
	X(BUILD, "kvmstall_build_info", INFO, false, "version", "This program")                    \
	X(KERNEL, "kvmstall_kernel_info", INFO, false, "release,hz", "The kernel that is watched") \
	X(JIFFY, "kvmstall_jiffy_seconds", GAUGE, true, "",                                        \
	  "1/HZ of the kernel that is watched: what SRCU's timers are made of")                    \
	X(WRITTEN, "kvmstall_textfile_timestamp_seconds", GAUGE, true, "",                         \
	  "When this file was written, in seconds since 1970 (with --textfile only)")              \
	X(PROBE_SECONDS, "kvmstall_probe_seconds", COUNTER, true, "",                              \
	  "Time that the BPF programs ran (with --cost only)")                                     \
	X(PROBE_RUNS, "kvmstall_probe_runs", COUNTER, false, "",                                   \
	  "Times that the BPF programs ran (with --cost only)")                                    \
	X(REQUESTS, "kvmstall_http_requests", COUNTER, false, "code",                              \
	  "HTTP requests that were answered, by status")                                           \
	X(CPU, "process_cpu_seconds", COUNTER, true, "", "CPU time of this process")               \
	X(RSS, "process_resident_memory_bytes", GAUGE, false, "", "Resident memory of this process") \
	X(START, "process_start_time_seconds", GAUGE, true, "",                                    \
	  "When this process began, in seconds since 1970")
/* clang-format on */

enum metric {
#define X(id, name, type, is_seconds, labels, help) METRIC_##id,
	METRICS(X)
#undef X
		METRIC_CNT
};

#define METRIC_LABELS_MAX 10

struct metric_desc {
	const char *name; /* without "_total" */
	enum metric_type type;
	bool is_seconds;    /* values are in ns */
	const char *labels; /* separated by commas */
	const char *help;
};

extern const struct metric_desc metric_descs[METRIC_CNT];

/* The name of the metric's n-th label (from 0), in @buf; NULL when it has fewer. */
const char *metric_label_name(const struct metric_desc *desc, int n, char *buf, size_t size);

struct metrics_cfg {
	uint32_t vm_limit;
	uint64_t min_ns;   /* what counts as a stall */
	uint64_t start_ns; /* CLOCK_MONOTONIC: since when counters count */
	const char *version;
	/* What /proc knows of a process; false when it is gone. NULL: nothing. */
	bool (*identify)(void *ctx, uint32_t tgid, struct identity *identity);
	void *ctx;
};

/* Strings of @cfg must outlive it. NULL: out of memory. */
struct metrics *metrics_new(const struct metrics_cfg *cfg);
void metrics_free(struct metrics *metrics);

/* ---- what happens ---- */

void metrics_stall(struct metrics *metrics, const struct stall *stall);
void metrics_vm_new(struct metrics *metrics, const struct vm *vm);
void metrics_vm_gone(struct metrics *metrics, const struct vm *vm);
void metrics_span(struct metrics *metrics, const struct span *span);
/* Every record, in order, after the ledger: grace periods and callbacks are counted from them. */
void metrics_record(struct metrics *metrics, const struct symbols *syms, const void *record,
		    size_t size);
void metrics_request(struct metrics *metrics, unsigned int code);

/* Calls in flight: forget those of the last look, then tell those of this one. */
void metrics_asleep_begin(struct metrics *metrics);
void metrics_asleep(struct metrics *metrics, const struct stall *stall);

/* ---- what is counted elsewhere: totals so far ---- */

struct metrics_totals {
	bool is_attached;
	const char *backend; /* NULL: none yet */
	const char *release;
	uint32_t hz;
	bool sees_callbacks;	     /* each call_srcu() has a record */
	uint64_t calls[KS_KIND_CNT]; /* that began, by enum ks_call_kind */
	uint64_t written_ns;	     /* since 1970; 0: it is not a file that is written */
	uint64_t records;
	uint64_t losses[KS_LOSS_CNT];
	uint64_t history_bytes; /* of all domains together */
	bool has_cost;
	uint64_t probe_ns;
	uint64_t probe_runs;
	uint64_t cpu_ns;
	uint64_t rss_bytes;
	uint64_t process_start_ns; /* since 1970 */
};

void metrics_set_totals(struct metrics *metrics, const struct metrics_totals *totals);

/* ---- what comes out ---- */

/*
 * Which VMs have series of their own is judged when it is due, and never by reading: then every
 * scraper sees the same. Times are CLOCK_MONOTONIC; due is UINT64_MAX while nothing would change.
 */
void metrics_judge(struct metrics *metrics, uint64_t now_ns);
uint64_t metrics_due_ns(struct metrics *metrics, uint64_t now_ns);

/* Look again at who the VMs are. */
void metrics_reidentify(struct metrics *metrics);

#endif
