// SPDX-License-Identifier: GPL-2.0-only
/* Facts of the kernel's types, by CO-RE: libbpf reads those of modules too. */
#include "core.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* Filled in when calib_traits runs. */
bool defers_register; /* v6.18 7d9a0273c459: kvm_io_bus_register_dev() uses call_srcu() */
bool has_kvm_types;   /* struct kvm in some BTF */

struct kvm_io_bus___v6_18 {
	struct {
		void *next;
	} rcu;
} __attribute__((preserve_access_index));

SEC("raw_tp/sys_enter")
int calib_traits(void *ctx)
{
	struct kvm_io_bus___v6_18 *bus = NULL;

	defers_register = bpf_core_field_exists(bus->rcu);
	has_kvm_types = bpf_core_type_exists(struct kvm);
	return 0;
}
