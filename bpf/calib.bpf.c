// SPDX-License-Identifier: GPL-2.0-only
/*
 * What this kernel can do, found by trying: each program is loaded and
 * attached alone, and the facts are read from BTF by CO-RE.
 */
#include "core.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* Filled in when calib_facts runs. */
bool defers_register; /* v6.18 7d9a0273c459: kvm_io_bus_register_dev() uses call_srcu() */
bool has_kvm_types;   /* struct kvm in some BTF */
__u64 now_jiffies;    /* together they measure HZ, also where no config is to be read */
__u64 now_ns;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct kvm_io_bus___v6_18 {
	struct {
		void *next;
	} rcu;
} __attribute__((preserve_access_index));

SEC("?tp_btf/sched_switch")
int calib_tp_btf(void *ctx)
{
	return 0;
}

SEC("?fentry/process_srcu")
int calib_fentry(void *ctx)
{
	return 0;
}

SEC("?kprobe/process_srcu")
int calib_kprobe(void *ctx)
{
	return 0;
}

SEC("?tp_btf/contention_begin")
int calib_contention(void *ctx)
{
	return 0;
}

SEC("?iter/task_file")
int calib_iter(struct bpf_iter__task_file *ctx)
{
	return 0;
}

SEC("?raw_tp/sys_enter")
int calib_facts(void *ctx)
{
	struct kvm_io_bus___v6_18 *bus = NULL;

	defers_register = bpf_core_field_exists(bus->rcu);
	now_jiffies = bpf_jiffies64();
	now_ns = bpf_ktime_get_ns();
	has_kvm_types = bpf_core_type_exists(struct kvm);
	return 0;
}

SEC("?raw_tp/sys_exit")
int calib_ringbuf(void *ctx)
{
	void *room = bpf_ringbuf_reserve(&ring, 8, 0);

	if (room)
		bpf_ringbuf_discard(room, 0);
	return 0;
}
