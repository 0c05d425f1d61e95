/* SPDX-License-Identifier: GPL-2.0-only */
/* A session from attach to detach: COMMAND, signals, an end after a while, looks at what is stuck.
 */
#ifndef LIVE_WATCH_H
#define LIVE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "live/session.h"

struct err;
struct summary;
struct waiter;

struct watch_cfg {
	struct session_cfg session;
	struct waiter
		*waiter;   /* opened with the duration, from begin of which .duration_ns counts */
	uint64_t stuck_ns; /* calls asleep for this long are looked for; 0: never */
	uint64_t tick_ns;  /* .tick at least this often; 0: when there is something */
	char *const *command; /* ends with NULL; empty: none */
	uint32_t pid;	      /* of a process that it ends with; 0: none */
	bool has_files;	      /* the output is named, made or removed while it runs */
	/* Attached; COMMAND does not run yet, and no record was taken. */
	int (*begin)(void *ctx, struct session *session, struct err *err);
	/* COMMAND runs, if there is one, and no record was taken yet: output may begin. */
	int (*started)(void *ctx, struct err *err);
	/* Whatever woke us up; with .waiter's other signal or without: 0 to go on, 1 for the end,
	 * or a negative errno with @err set. */
	int (*tick)(void *ctx, bool has_signal, struct err *err);
	void *ctx;
};

/*
 * Run until COMMAND ends, or process .pid does, the time is over, a signal ends it (SIGINT,
 * SIGTERM, SIGHUP) or .tick does; then take all that is left. Once COMMAND runs, all
 * privileges but those of privileges_watch() are gone. @summary gets the duration, COMMAND's
 * status, and what session_summary() knows.
 */
int watch_run(const struct watch_cfg *cfg, struct summary *summary, struct err *err);

/* From CLOCK_MONOTONIC to the local time of day. */
int64_t watch_clock_offset_ns(void);

#endif
