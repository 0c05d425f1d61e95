/* SPDX-License-Identifier: GPL-2.0-only */
/* Which calls take too long, most of the time: repro as a test. */
#ifndef CMD_REPRO_THRESHOLD_H
#define CMD_REPRO_THRESHOLD_H

#include <stdbool.h>
#include <stdint.h>

struct call_log;
struct str;

/* Kinds of calls; what is beyond is not judged, and said to be so. */
#define THRESHOLD_CALLS_MAX 512

/* One call of a VM's life, by its name and which one it is: over all rounds and VMs. */
struct threshold_call {
	const char *name;
	uint32_t occurrence; /* from 1 */
	uint64_t cnt, above, max_ns;
};

/* No pointers to what a process has for itself: VMMs are forks of one process and share it. All 0
 * is empty. */
struct threshold {
	uint64_t ns; /* 0: nothing is judged */
	struct threshold_call calls[THRESHOLD_CALLS_MAX];
	uint32_t calls_cnt;
	uint64_t unjudged;
};

/* The calls of one VM's life, but those that a cause was injected into. Not by two at a time. */
void threshold_add(struct threshold *threshold, const struct call_log *log);

/* Is a call above it in more than half of all cases? One that is so once in a while may be the
 * host's. */
bool threshold_is_exceeded(const struct threshold *threshold);

/* TAP version 13, a test for each call; @skip: why there was none, or NULL. */
void threshold_tap(const struct threshold *threshold, const char *skip, struct str *out);

/* A line for each call that is above it. */
void threshold_text(const struct threshold *threshold, struct str *out);

#endif
