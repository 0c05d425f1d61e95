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
	uint32_t fd; /* strace */
	uint32_t vcpus;
	bool has_run;
	uint64_t devices_ns; /* when a device was registered that started a grace period, for all
			      * that is known; 0: never */
	uint64_t devices_over_ns;  /* when somebody had waited for that one; 0: nobody */
	enum call_id devices_call; /* CALL_NONE: not known */
	uint32_t devices_tid;
	bool is_devices_guess; /* as struct log_call's */
};

struct log {
	struct replay_ops ops;
	void *ctx;
	const struct capture_head *head;
	bool has_begun; /* .ops.head had it: once there is something to be reported */
	int failed;	/* what that returned */
	struct log_vm vms[LOG_VMS_MAX]; /* the newest last */
	size_t vms_cnt;
	struct owners owners;
	uint32_t vm_id;
	uint64_t calls;
	uint64_t stuck;	   /* of calls that did not end */
	uint64_t left_out; /* calls on KVM that are none of those that can stall */
	uint64_t first_ns, last_ns;
	bool is_blind; /* times are missing, or too coarse to say what came shortly before what */
};

/* A call that ended. */
struct log_call {
	struct ks_call rec; /* .begin_ns, .head.ts_ns and .head.tid are set, the rest as known */
	enum call_id id;
	struct log_vm *vm; /* NULL: not known */
	struct wait wait;  /* inside it; .ns 0: none was seen */
	/* Of one that has not ended, where its stack shows that: what it waits for, who holds that,
	 * and what to collect next; without it .cause is KS_CAUSE_RUN, and nothing is known. */
	enum ks_cause cause;
	const char *func;
	struct culprit culprit;
	const char *note;
	bool is_running; /* .cause KS_CAUSE_RUN is what the log says, and no default */
	bool is_undated; /* the log does not say when it began */
	bool is_guess;	 /* the log does not show that the thread is the VM's */
	bool is_wait;	 /* the call itself is one: perf saw nothing around it */
};

/* Pass on the head, and the VMs that there are; later than the first call it does nothing. */
void log_begin(struct log *log);

/*
 * VMs, by what identifies them in a log. log_vm_of() finds that of (@tgid, @fd), and unless
 * @is_known, any other with this descriptor: the thread may be another process's, as far as the log
 * shows. log_vm_new() retires the one of the same process and descriptor.
 */
struct log_vm *log_vm_new(struct log *log, uint32_t tgid, uint32_t fd, uint64_t ts_ns);
struct log_vm *log_vm_of(struct log *log, uint32_t tgid, uint32_t fd, bool is_known);
struct log_vm *log_vm_by_id(struct log *log, uint32_t id);
struct log_vm *log_vm_of_process(struct log *log, uint32_t tgid);
struct log_vm *log_vm_between(struct log *log, uint32_t tgid, uint32_t first_fd, uint32_t last_fd);
struct log_vm *log_vm_newest(struct log *log);

/* It is gone: @vm is not valid any more. */
void log_vm_end(struct log *log, struct log_vm *vm, uint64_t ts_ns);

/* @call registered a device with KVM; @id is what the culprit of later ones is in. */
void log_registered(const struct log_call *call, enum call_id id);

/* Tell the call. */
void log_call(struct log *log, const struct log_call *call);

/* Tell one that has not ended. */
void log_stuck(struct log *log, const struct log_call *call);

#endif
