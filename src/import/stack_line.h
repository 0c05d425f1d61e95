/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lines of kernel stacks, as the kernel's log (hung tasks, sysrq-w and -t), /proc/PID/stack,
 * crash and drgn print them.
 */
#ifndef IMPORT_STACK_LINE_H
#define IMPORT_STACK_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "import/syscall_line.h"

enum stack_line_kind {
	STACK_OTHER,
	STACK_FRAME,
	STACK_TASK,	  /* whose the frames are that follow; what it does not say is 0 */
	STACK_AGE,	  /* how long the task that follows has been blocked */
	STACK_OWNER,	  /* who likely holds what a task waits for */
	STACK_TASK_FRAME, /* both in one line: a frame of this task */
	STACK_REGISTERS,  /* what the task entered the kernel with: .is_ioctl, or .request, or both
			   */
	STACK_REPORT,	  /* a report of something else begins: what follows is no hang */
	STACK_ACTIVE,	  /* what follows are tasks that have a CPU */
	STACK_BUSY,   /* the same, and that they have it for too long: for .age_ns, if it says */
	STACK_ON_CPU, /* whose the frames of such a report are */
	STACK_PLACE,  /* where it was: the innermost function, if no frame came before */
	STACK_END,    /* no line of a stack */
};

struct stack_line {
	enum stack_line_kind kind;
	uint64_t ts_ns;	 /* of the kernel's log; 0: none */
	char caller[12]; /* "T3487", "C1": who printed it (CONFIG_PRINTK_CALLER); "": not said */
	struct word func;
	bool is_proc; /* STACK_FRAME: as /proc/PID/stack has it, so anything between is a header */
	char comm[KS_COMM_LEN];
	uint32_t tid, tgid, ppid;
	char state; /* 'D'; 0: not said */
	uint64_t age_ns;
	char owner_comm[KS_COMM_LEN]; /* of STACK_OWNER */
	uint32_t owner_tid;
	bool has_nr, is_ioctl; /* of STACK_REGISTERS: which system call it is; x86-64 */
	uint32_t request;      /* its second argument; 0: not in this line, or none of an ioctl */
};

/* Whose stack follows, as far as a header of anybody's own says: the largest number in it that
 * stands for itself; 0: there is none. */
uint32_t stack_header_tid(const char *text);

enum stack_line_kind stack_line_parse(const char *text, struct stack_line *line);

#endif
