/* SPDX-License-Identifier: GPL-2.0-only */
/* A process that others started, watched until it ends: a later one with its id is another. */
#ifndef LIVE_PROCESS_H
#define LIVE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

/* How often to ask where there is no .fd to wait for. */
#define PROCESS_POLL_NS 500000000ULL

struct process {
	uint32_t pid;	/* in our PID namespace; 0: none, which never ends */
	int fd;		/* readable when it has ended (pidfd_open(2)); -1: ask now and then */
	uint64_t start; /* without .fd: tells it from others that have had its id */
	bool is_lost;	/* nothing says when it ends */
};

/*
 * The process that has @pid now. Where the kernel gives no descriptor of it (before 5.3, or
 * because of a seccomp filter), /proc tells when it ends; where that is not ours either, nothing
 * does, which a warning says. A negative errno with @err set, also when there is no such process.
 */
int process_open(struct process *process, uint32_t pid, struct err *err);
void process_close(struct process *process);

/* A descriptor of our child @pid, which is readable when it has ended; or a negative errno with
 * @err set. */
int process_child_fd(pid_t pid, struct err *err);

/* Have all of its threads ended? */
bool process_has_ended(const struct process *process);

/* Is there nothing to wait for, so that it is to be asked every PROCESS_POLL_NS? */
bool process_is_polled(const struct process *process);

#endif
