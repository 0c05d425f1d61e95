/* SPDX-License-Identifier: GPL-2.0-only */
/* The call that suffers from an injected cause. */
#ifndef CMD_REPRO_VICTIM_H
#define CMD_REPRO_VICTIM_H

#include <sched.h>
#include <stdint.h>

struct err;
struct machine;

/* An update of extra memslot @extra that is marked as suffering from @name. */
int victim_update(struct machine *vm, uint32_t extra, const char *name, struct err *err);

/*
 * A VM that has nothing, and its end, of the process that has @vm. KVM_CREATE_VM is marked as
 * suffering from @at_start, the close from @at_end; NULL: from nothing. What KVM_CREATE_VM needs is
 * ready @delay_ns before it.
 */
int victim_vm(const struct machine *vm, const char *at_start, const char *at_end, uint64_t delay_ns,
	      struct err *err);

/*
 * Have this thread, and those that it makes, leave @cpu to who makes the cause @name; @before is
 * what to go back to. Exit status 3: there is no other.
 */
int victim_leave_cpu(int cpu, const char *name, cpu_set_t *before, struct err *err);

/* The sentence for a failed call of @vm: exit status 3 when the kernel refused it. */
int victim_error(struct machine *vm, int ret, struct err *err);

#endif
