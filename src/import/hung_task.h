/* SPDX-License-Identifier: GPL-2.0-only */
/* Tasks of a dump of stacks, and who of them waits for whom. */
#ifndef IMPORT_HUNG_TASK_H
#define IMPORT_HUNG_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "import/stack_line.h"
#include "ledger/stack.h"

#define HUNG_TASKS_MAX	4096
#define HUNG_FRAMES_MAX 64

struct hung_task {
	struct stack_line head;
	uint64_t ts_ns, age_ns;
	char *names[HUNG_FRAMES_MAX];
	size_t cnt;
	struct stack stack;
	const struct lock_owner *owner; /* as the kernel says; NULL: it does not */
	const struct hung_task *holder; /* of what it waits for; NULL: not in the dump */
	bool is_waiting;		/* for SRCU, or for a mutex */
	bool is_on_cpu;			/* it ran when this was written */
	bool is_busy;			/* and for too long, as the kernel says */
	bool is_passed_over;		/* not of a hang */
	bool is_proc;			/* of /proc: what is no frame is no part of it */
	bool is_ioctl;			/* as its registers say */
	uint32_t request;		/* of that; 0: not known */
	char note[256];
};

/* What the kernel says itself of who holds a lock. */
struct lock_owner {
	uint32_t of, tid;
	char comm[KS_COMM_LEN];
};

void hung_task_free(struct hung_task *task); /* NULL: nothing */

/* Does it wait for a mutex? */
bool hung_task_is_in_mutex(const struct hung_task *task);

/* Does it wait until the irqfds that are shut down, of all VMs, are gone? */
bool hung_task_is_in_flush(const struct hung_task *task);

/* Does who holds what it waits for wait, in the end, for itself? */
bool hung_task_is_cycle(const struct hung_task *task);

struct hung_tasks {
	struct hung_task **list;
	size_t cnt;
	struct lock_owner *owners;
	size_t owners_cnt;
};

void hung_tasks_fini(struct hung_tasks *tasks);

/* Keep @task, which is given up in any case, if it has KVM, or SRCU, in its stack. Of several dumps
 * the last that has a task is what is known of it. 0 or -ENOMEM. */
int hung_tasks_keep(struct hung_tasks *tasks, struct hung_task *task);

/* The kernel says who holds what a task waits for. 0 or -ENOMEM. */
int hung_tasks_add_owner(struct hung_tasks *tasks, const struct stack_line *line);

/* No task comes any more: fill in .holder, .owner and .is_waiting of each. */
void hung_tasks_find_holders(struct hung_tasks *tasks);

/* Where nobody waits for SRCU or a lock: those wait whose memory a userfaultfd handler is to bring.
 */
void hung_tasks_find_faults(struct hung_tasks *tasks);

#endif
