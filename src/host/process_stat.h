/* SPDX-License-Identifier: GPL-2.0-only */
/* What /proc/PID/stat says of a process: which it is of all that have had its id, and whether it
 * is over. */
#ifndef HOST_PROCESS_STAT_H
#define HOST_PROCESS_STAT_H

#include <stdbool.h>
#include <stdint.h>

struct process_stat {
	char state;	  /* "R", ... as in ps(1) */
	uint64_t threads; /* with a zombie leader */
	uint64_t start;	  /* in ticks of USER_HZ since boot */
};

/*
 * @text is the file, as a string. False when it is not such a line. Fields are those of
 * do_task_stat() (fs/proc/array.c): 3 is the state, 20 the threads, 22 the start; the name, which
 * is field 2, may have blanks and parentheses in it.
 */
bool process_stat_parse(const char *text, struct process_stat *stat);

/* All of its threads have ended: only a zombie is there, for its parent. A leader is a zombie from
 * its own end on, while other threads live (exit_notify(), kernel/exit.c). */
bool process_stat_is_over(const struct process_stat *stat);

#endif
