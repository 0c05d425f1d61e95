/* SPDX-License-Identifier: GPL-2.0-only */
/* What could explain a difference between two recordings: named facts of a host, as text. */
#ifndef CAPTURE_ENVIRONMENT_H
#define CAPTURE_ENVIRONMENT_H

#include <stddef.h>

#define ENVIRONMENT_MAX	      256
#define ENVIRONMENT_VALUE_MAX 4096 /* a kernel command line */

struct environment_entry {
	char *key;   /* "kernel.release", "rcupdate.rcu_normal", "mitigation.spectre_v2" */
	char *value; /* never empty: what is not known is not there */
};

/* In the order in which they were set; keys are unique. All zero is a good empty list. */
struct environment {
	struct environment_entry list[ENVIRONMENT_MAX];
	size_t cnt;
};

void environment_fini(struct environment *facts);

/*
 * Set or replace; an empty @value is no fact. What is too long is cut, what is not printable is
 * "?". Returns 0, -ENOMEM, or -E2BIG when the list is full.
 */
int environment_set(struct environment *facts, const char *key, const char *value);

/* The value, or NULL. */
const char *environment_get(const struct environment *facts, const char *key);

#endif
