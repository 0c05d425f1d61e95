/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What both kinds of logs come to: calls with their begin and end, on VMs that are known by
 * whatever the log has of them. It numbers the VMs, follows their phases, and infers causes.
 */
#ifndef IMPORT_LOG_CALLS_H
#define IMPORT_LOG_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/replay.h"
#include "ledger/vms.h"

/* VMs of a log at a time; of more, the oldest is taken for gone. */
#define LOG_VMS_MAX 64

struct log_vm {
	struct vm vm;
	uint32_t fd;	/* strace */
	bool has_birth; /* the log shows its creation, so all its calls */
	uint32_t vcpus;
	bool has_run;
	uint64_t devices_ns;	   /* when a device was last registered; 0: never */
	enum call_id devices_call; /* CALL_NONE: not known */
};

struct log {
	struct replay_ops ops;
	void *ctx;
	struct log_vm vms[LOG_VMS_MAX]; /* the newest last */
	size_t vms_cnt;
	struct owners owners;
	uint32_t vm_id;
	uint64_t calls;
	uint64_t first_ns, last_ns;
};

/* A call that ended. */
struct log_call {
	struct ks_call rec; /* .begin_ns, .head.ts_ns and .head.tid are set, the rest as known */
	enum call_id id;
	struct log_vm *vm; /* NULL: not known */
	struct wait wait;  /* inside it; .ns 0: none was seen */
	bool is_wait;	   /* the call itself is one: perf saw nothing around it */
};

/* VMs, by what identifies them in a log. A new one retires the one of the same (@tid, @fd). */
struct log_vm *log_vm_new(struct log *log, uint32_t tid, uint32_t fd, uint64_t ts_ns);
struct log_vm *log_vm_of(struct log *log, uint32_t tid, uint32_t fd);
struct log_vm *log_vm_of_thread(struct log *log, uint32_t tid);
struct log_vm *log_vm_newest(struct log *log);

/* @call registers a device with KVM, from @ts_ns on. */
void log_registered(struct log_vm *vm, uint64_t ts_ns, enum call_id call);

/* Tell the call. */
void log_call(struct log *log, const struct log_call *call);

#endif
