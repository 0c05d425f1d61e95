/* SPDX-License-Identifier: GPL-2.0-only */
/* Who waited for a CPU, when, and who had it: of one task, or of the threads of the kernel. */
#ifndef LEDGER_BLAME_CPU_WAITS_H
#define LEDGER_BLAME_CPU_WAITS_H

#include <stdbool.h>
#include <stdint.h>

#include <kvmstall/records.h>

#include "base/vec.h"

struct cpu_wait {
	uint64_t since_ns; /* it wanted a CPU */
	uint64_t until_ns; /* it has one, or a scan found that it had none yet */
	uint32_t tid;
	uint32_t ran_tid;   /* who had the CPU that it waited for; 0: nobody, or not known */
	int16_t ran_prio;   /* task_struct.prio */
	uint32_t waker_tid; /* who woke it; 0: not known */
	bool is_throttled;  /* whoever ran, it was not allowed to: KS_RAN_THROTTLED */
	bool is_open;	    /* a scan found it */
	uint16_t cpu;	    /* .is_open: that it waits for */
	char comm[KS_COMM_LEN];
	char ran_comm[KS_COMM_LEN];
	char waker_comm[KS_COMM_LEN];
};

VEC_DECL(cpu_wait_list, struct cpu_wait);

/* In the order in which they ended; kept for a minute. All zero bytes is none. */
struct cpu_waits {
	struct cpu_wait_list list;
};

void cpu_waits_note(struct cpu_waits *waits, const struct ks_cpu *rec);

static inline bool cpu_waits_any(const struct cpu_waits *waits)
{
	return cpu_wait_list_cnt(&waits->list) != 0;
}

/* The one that took most of [@begin_ns, @end_ns], of thread @tid; NULL: none. */
const struct cpu_wait *cpu_waits_find(const struct cpu_waits *waits, uint32_t tid,
				      uint64_t begin_ns, uint64_t end_ns);

/* No CPU in particular. */
#define CPU_ANY UINT16_MAX

/*
 * The one that took most of [@begin_ns, @end_ns] and goes on, of a thread whose name begins with
 * one of @names, the last of which is NULL, and that waits for @cpu. NULL: none.
 */
const struct cpu_wait *cpu_waits_find_open(const struct cpu_waits *waits, const char *const *names,
					   uint16_t cpu, uint64_t begin_ns, uint64_t end_ns);

/* How much of [@begin_ns, @end_ns] it took. */
uint64_t cpu_wait_overlap_ns(const struct cpu_wait *wait, uint64_t begin_ns, uint64_t end_ns);

/* The newest one, if it ended at @ns: that of the sleep that ended then. NULL: it is not. */
struct cpu_wait *cpu_waits_at(struct cpu_waits *waits, uint64_t ns);

/* Forget all; it can be used again. */
void cpu_waits_fini(struct cpu_waits *waits);

#endif
