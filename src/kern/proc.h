/* SPDX-License-Identifier: GPL-2.0-only */
/* What /proc says of a process; every one of them may be gone. Ids are those of our PID namespace:
 * of a /proc that was mounted in another one nothing is read. */
#ifndef KERN_PROC_H
#define KERN_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct identity;
struct process_stat;

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

/* The state of a process or thread; false when it is gone, or not known. */
bool proc_stat(uint32_t pid, struct process_stat *stat);

/* The process of thread @tid; 0: there is none, or it is not known. */
uint32_t proc_thread_group(uint32_t tid);

#endif
