/* SPDX-License-Identifier: GPL-2.0-only */
/* A system call that was entered, as its line has it: of those that make, pass on or end
 * descriptors and processes. */
#ifndef IMPORT_STARTED_H
#define IMPORT_STARTED_H

#include <stdbool.h>
#include <stdint.h>

#include "import/descriptors.h"
#include "import/syscall_line.h"
#include "ledger/ioctls.h"

struct word;

enum sys {
	SYS_OTHER,
	SYS_IOCTL,
	SYS_CLOSE,
	SYS_CLONE, /* fork, vfork and clone3, too */
	SYS_DUP,   /* and fcntl(F_DUPFD) */
	SYS_CLOSE_RANGE,
	SYS_EXEC,
	SYS_SEND, /* of descriptors: SCM_RIGHTS */
	SYS_RECEIVE,
};

/* A call that was entered. */
struct started {
	enum sys sys;
	uint64_t ts_ns;
	uint32_t fd;
	enum fd_kind kind; /* as the log says, of the descriptor */
	enum call_id id;   /* SYS_IOCTL */
	bool is_undated;   /* its line has no time */
	bool is_thread;	   /* SYS_CLONE: of the same process */
	bool is_unsure;	   /* SYS_CLONE: its flags are not shown */
	uint32_t last_fd;  /* SYS_CLOSE_RANGE */
	char arg[160];
};

/* SYS_OTHER: not one that is of interest. */
enum sys started_sys(const struct word *name);

/* False: not a call that is of interest. */
bool started_read(struct started *started, const struct syscall_line *line, uint64_t ts_ns);

#endif
