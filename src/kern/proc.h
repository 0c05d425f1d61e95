/* What /proc says of a process; every one of them may be gone. */
#ifndef KERN_PROC_H
#define KERN_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The VM's name from its process's command line; false, and @name empty, when there is none. */
bool proc_vm_name(uint32_t pid, char *name, size_t size);

/* The process's comm; false when it is gone. */
bool proc_comm(uint32_t pid, char *comm, size_t size);

#endif
