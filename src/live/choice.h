/* SPDX-License-Identifier: GPL-2.0-only */
/* Which programs to attach: what this host can do, the best plan for it, and the next best one. */
#ifndef LIVE_CHOICE_H
#define LIVE_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "host/attach_plan.h"
#include "kern/core_types.h"
#include "output/advice.h"

struct err;
struct kvmstall_bpf;
struct symbols;
struct ticks;

struct choice {
	enum backend wanted; /* BACKEND_CNT: the best */
	struct features features;
	struct attach_plan plan;
	struct advice_host host; /* what advice depends on */
	struct symbols *syms;	 /* this kernel's */
	struct ticks *ticks;	 /* that are being counted */
	uint32_t config_hz;
	uint32_t struct_ids[KS_STRUCT_CNT];  /* of struct kernel_traits */
	int64_t rcu_data_from_rq;	     /* of struct kernel_traits */
	int64_t this_cpu_off_from_rq;	     /* the same */
	uint64_t per_cpu_offsets, runqueues; /* of struct host */
	struct core_types core;
	struct kvmstall_bpf *opened; /* by probes_open(), to be taken; NULL: it was, or could not be
				      */
};

/* Try what there is, with a ring buffer of @ring_bytes (0: the default), and plan. A negative errno
 * with @err set if nothing will do, in the words of 'kvmstall check'. */
int choice_make(struct choice *choice, enum backend wanted, uint64_t ring_bytes, struct err *err);

/* Set .host.hz, which takes a while to measure: to be called late. */
void choice_measure(struct choice *choice);

/* Frees .syms too. */
void choice_fini(struct choice *choice);

/*
 * The plan's programs attach, but do not see these calls (@unseen: 1 << enum ks_call_kind), or do
 * not attach (0): do without something. A kprobe for the one function that is not seen, or another
 * backend if .wanted leaves that to us. False: there is nothing else. True: choice_plan() makes
 * another plan.
 */
bool choice_change(struct choice *choice, uint32_t unseen);
int choice_plan(struct choice *choice, struct err *err);

#endif
