/* SPDX-License-Identifier: GPL-2.0-only */
/* trace --dump: a file that says who waits for whom, written anew whenever a call is stuck. */
#ifndef CMD_DUMPER_H
#define CMD_DUMPER_H

#include <stdbool.h>
#include <stdint.h>

#include "dump/dump.h"

struct err;
struct hang_reader;
struct io_waiter;
struct session;

/* All zero bytes: it is not wanted, and nothing that it is told does anything. */
struct dumper {
	const char *path;
	const struct io_waiter *waiter;
	struct hang_reader *reader;
	struct dump dump;
	int failed;	 /* -ENOMEM */
	bool is_due;	 /* a call was shown as stuck */
	uint64_t due_ns; /* a signal came: by then its scan has answers; 0: none came */
};

/* Can @path be written, and a hang be read? Before privileges are dropped. 0, or a negative errno
 * with @err set. */
int dumper_open(struct dumper *dumper, const char *path, const struct io_waiter *waiter,
		struct err *err);
void dumper_close(struct dumper *dumper);

/* A call that is asleep; @is_shown: it was reported as stuck. */
void dumper_asleep(struct dumper *dumper, const struct stall *stall, bool is_shown);

/* After records were taken: write the file, if it is due. 0, or a negative errno with @err set. */
int dumper_tick(struct dumper *dumper, struct session *session, bool has_signal, struct err *err);

#endif
