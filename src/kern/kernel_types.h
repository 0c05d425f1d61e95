/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's types (BTF), read once for all that is to be found in them at a start. */
#ifndef KERN_KERNEL_TYPES_H
#define KERN_KERNEL_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include <kvmstall/programs.h>

struct btf;

struct kernel_types {
	struct btf *btf;
	struct btf *module; /* that of KVM's module, on top of it; NULL: it has none */
	int code;	    /* a negative errno why .btf is NULL, or 0 */
};

/* What programs and advice depend on. */
struct kernel_traits {
	bool are_known;
	bool has_kvm_types;	  /* struct kvm, in the kernel's or its module's */
	bool defers_register;	  /* kvm_io_bus_register_dev() uses call_srcu() */
	bool has_switch_exit;	  /* tracepoint sched_exit_tp (v6.15) */
	int64_t rcu_data_from_rq; /* from a CPU's struct rq to its struct rcu_data; 0: not known */
	uint32_t struct_ids[KS_STRUCT_CNT]; /* 0: not known, or of no use to programs here */
	int64_t this_cpu_off_from_rq;	    /* to its this_cpu_off; 0: not known, or not on x86 */
};

/* What cannot be read has no types: .code is set. Some ms and twice the memory of the types. */
void kernel_types_init(struct kernel_types *types);
void kernel_types_fini(struct kernel_types *types);

/* The id of the type @name of @kind (BTF_KIND_*), or a negative errno. */
int kernel_types_id(const struct kernel_types *types, const char *name, uint32_t kind);

/* All false and 0 if there are none. */
void kernel_types_traits(const struct kernel_types *types, struct kernel_traits *traits);

#endif
