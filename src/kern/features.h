/* SPDX-License-Identifier: GPL-2.0-only */
/* What this kernel and these privileges can do: each feature is tried, none is inferred. */
#ifndef KERN_FEATURES_H
#define KERN_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/attach_plan.h"

struct core_types;
struct host;
struct kernel_traits;

#define FEATURE_WHY_LEN 160

enum feature {
	FEATURE_BTF,
	FEATURE_RINGBUF,
	FEATURE_TP_BTF,
	FEATURE_FENTRY,
	FEATURE_KPROBE,
	FEATURE_ITER,
	FEATURE_CONTENTION,
	FEATURE_CNT
};

struct feature_result {
	const char *name;
	bool works;
	bool is_disabled;	   /* by KVMSTALL_DISABLE */
	char why[FEATURE_WHY_LEN]; /* when it does not work */
	const char *text;	   /* what it is to somebody who never heard of it */
	const char *remedy;
};

/*
 * Try them all. KVMSTALL_DISABLE="fentry,iter" makes those named fail. @ring_bytes: of
 * the ring buffer to try; 0: the least. Takes about 0.01 s, and
 * raises limits (kern/limits.h). What cannot be tried does not work, and says why. @core: NULL, or
 * to be freed by core_types_fini().
 */
void features_probe(struct feature_result results[FEATURE_CNT], uint64_t ring_bytes,
		    struct kernel_traits *traits, struct core_types *core);

/* Is all that KVMSTALL_DISABLE names a feature? 0, or -EINVAL with @err of kind ERR_USAGE. */
int features_check_disabled(struct err *err);

/* What to do about this negative errno if it is no fault of the kernel: EMFILE, ENOMEM...; NULL. */
const char *features_remedy(int code);

/* Fill in what types say of @host, and whether a CPU's clock can be had. */
void features_fill_host(const struct kernel_traits *traits, struct host *host);

/* The same, with the symbols that @host has, as what the plan wants to know. */
void features_for_plan(const struct feature_result results[FEATURE_CNT], const struct host *host,
		       struct features *features);

#endif
