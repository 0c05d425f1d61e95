/* SPDX-License-Identifier: GPL-2.0-only */
/* What this kernel and these privileges can do: each feature is tried, none is inferred. */
#ifndef KERN_FEATURES_H
#define KERN_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/attach_plan.h"

struct host;

#define FEAT_WHY_LEN 160

enum feat {
	FEAT_BTF,
	FEAT_RINGBUF,
	FEAT_TP_BTF,
	FEAT_FENTRY,
	FEAT_KPROBE,
	FEAT_ITER,
	FEAT_CONTENTION,
	FEAT_CNT
};

struct feat_result {
	const char *name;
	bool works;
	bool is_disabled;	/* by KVMSTALL_DISABLE */
	char why[FEAT_WHY_LEN]; /* when it does not work */
	const char *remedy;
};

/* Facts of the kernel that programs depend on, from its BTF and by measuring. */
struct kernel_facts {
	bool are_known;
	bool has_kvm_types;
	bool has_srcu_usage;
	bool defers_register; /* kvm_io_bus_register_dev() uses call_srcu() */
	uint32_t hz;	      /* measured; 0: not known */
};

/*
 * Try them all. KVMSTALL_DISABLE="fentry,iter" makes those named fail. Takes
 * about 0.1 s. What cannot be tried does not work, and says why.
 */
void feat_probe(struct feat_result results[FEAT_CNT], struct kernel_facts *facts);

/* Fill in what only a BPF program could find out of @host. */
void feat_tell(const struct kernel_facts *facts, struct host *host);

/* The same, with the symbols that @host has, as what the plan wants to know. */
void feat_features(const struct feat_result results[FEAT_CNT], const struct host *host,
		   struct features *features);

#endif
