/* SPDX-License-Identifier: GPL-2.0-only */
/* What /proc says of a process; every one of them may be gone. Ids are those of our PID namespace:
 * of a /proc that was mounted in another one nothing is read. */
#ifndef KERN_PROC_H
#define KERN_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct identity;

/* Are we in the first PID namespace, or in another one? Of a /proc that has not ourselves, which is
 * another namespace's, neither is known. */
enum proc_pid_ns { PROC_PID_NS_UNKNOWN, PROC_PID_NS_FIRST, PROC_PID_NS_OTHER };
enum proc_pid_ns proc_pid_ns(void);

/* The VM's name from its process's command line; false, and @name empty, when there is none. */
bool proc_vm_name(uint32_t pid, char *name, size_t size);

/* What is known of its VM: from its command line and its cgroup; false when it is gone. */
bool proc_identity(uint32_t pid, struct identity *identity);

/* The process's comm; false when it is gone. */
bool proc_comm(uint32_t pid, char *comm, size_t size);

#endif
