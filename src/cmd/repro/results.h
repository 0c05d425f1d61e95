/* SPDX-License-Identifier: GPL-2.0-only */
/* Journals as people and programs read them: strace-like lines or NDJSON. */
#ifndef CMD_REPRO_RESULTS_H
#define CMD_REPRO_RESULTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cmd/repro/threshold.h"

struct err;
struct call_log;
struct profile;

struct results {
	bool is_json;
	bool is_tap;	/* nothing but the tests at the end */
	bool want_tid;	/* in front of every line: there are several VMMs */
	bool want_time; /* in front of every line: CLOCK_MONOTONIC in seconds */
	int lock_fd;	/* lockf() here keeps VMMs' lines apart; -1: only one VMM */
};

/* What one run did in all, over every VMM. */
struct results_sums {
	uint64_t calls, refused, skipped, injections;
	uint32_t rounds, vms;
	struct threshold threshold;
};

/* Write @log to stdout in one go, and have its calls judged (@threshold NULL: not). */
int results_print(const struct results *report, const struct call_log *log,
		  struct threshold *threshold, struct err *err);

/* A line that says what follows; in JSON every line says it itself. */
int results_title(const struct results *report, const char *scenario, struct err *err);

int results_sums(const struct results *report, const char *profile, const struct results_sums *sums,
		 struct err *err);

/* Nothing could be tried, and why: for who reads TAP. */
int results_skip(const struct results *report, const char *why, struct err *err);

/* The scenarios of @list, the last of which has no name. */
int results_list(const struct results *report, const struct profile *list, struct err *err);

#endif
