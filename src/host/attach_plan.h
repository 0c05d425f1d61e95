/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What to attach: a pure function of what this kernel was found to do, so
 * that every kernel is a row in a unit test. Features are tried (kern/features.c),
 * never inferred from a version.
 */
#ifndef HOST_ATTACH_PLAN_H
#define HOST_ATTACH_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kvmstall/programs.h>

struct err;

enum backend {
	BACKEND_FENTRY,
	BACKEND_KPROBE,
	BACKEND_TRACEPOINT,
	BACKEND_CNT,
};

/* "fentry", "kprobe", "tracepoint", NULL, the best first: for option tables and output. */
extern const char *const backend_names[BACKEND_CNT + 1];

/* What a program reports. A backend must carry every capability that it claims. */
enum capability {
	CAPABILITY_CALL,     /* calls begin and end */
	CAPABILITY_LIFE,     /* VMs run for the first time, and end */
	CAPABILITY_WAIT,     /* SRCU waits by function: API and needed GP from the source */
	CAPABILITY_CALLBACK, /* each call_srcu() */
	CAPABILITY_SLEEP,    /* tasks leave the CPU, are woken, come back */
	CAPABILITY_TIMER,    /* timers of normal GPs, and who armed them */
	CAPABILITY_QUEUE,    /* SRCU's work is queued */
	CAPABILITY_STEP,     /* process_srcu and srcu_invoke_callbacks run */
	CAPABILITY_LOCK,     /* KVM mutexes, and who holds them */
	CAPABILITY_FORK,     /* children of COMMAND */
	CAPABILITY_FIND,     /* VMs that exist already */
	CAPABILITY_SCAN,     /* threads now: who may hold a domain, who is stuck */
	CAPABILITY_CNT
};

const char *capability_name(enum capability capability);

struct features {
	bool has_btf;
	bool has_ringbuf;
	bool has_tp_btf;
	bool has_fentry;
	bool has_iter;
	bool has_contention; /* tracepoint contention_begin (v5.19) */
	bool has_kprobe;
	bool has_call_expedited; /* the function call_srcu_expedited() */
	/*
	 * fentry programs on kvm_vm_ioctl() are attached and never run. ftrace_location() takes any
	 * place between a symbol and the next one for the function's own; after kvm_vm_ioctl()
	 * there may be a weak function that lost to another, with no symbol left
	 * (Debian's 6.12.107, 6.17.13, 7.2.12 and 7.3.4 on x86: "__ftrace_invalid_address___4212"
	 * in available_filter_functions). A kprobe gives the exact place.
	 */
	bool is_vm_ioctl_lost;
	bool has_first_run; /* the function of run_fentry: a vCPU passes it in its first KVM_RUN */
	bool has_switch_exit; /* tracepoint sched_exit_tp (v6.15) */
};

struct attach_prog {
	const char *name; /* of the BPF program */
	enum ks_program program;
	enum capability capability;
};

#define ATTACH_PROGS_MAX 40

struct attach_plan {
	enum backend backend;
	const struct attach_prog *progs[ATTACH_PROGS_MAX];
	size_t progs_cnt;
	uint32_t capabilities; /* (1 << enum capability) carried */
};

/*
 * @wanted: a backend, or BACKEND_CNT for the best there is. Returns 0, or a
 * negative errno and exit status 3 with what is missing in @err.
 */
int attach_plan_make(const struct features *features, enum backend wanted, struct attach_plan *plan,
		     struct err *err);

/* @backend has been found out not to work after all. */
void attach_plan_rule_out(struct features *features, enum backend backend);

bool attach_plan_carries(const struct attach_plan *plan, enum capability capability);
bool attach_plan_has(const struct attach_plan *plan, enum ks_program program);

#endif
