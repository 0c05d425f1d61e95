// SPDX-License-Identifier: GPL-2.0-only
/*
 * What this kernel can do, found by trying: each program is loaded and attached alone. Nothing here
 * is relocated by types, so libbpf need not read the kernel's; programs that are attached by a type
 * are made by kern/features.c, which reads them once for all.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

/* Filled in when calib_ticks runs: together they measure HZ, also where no config is to be read. */
__u64 now_jiffies;
__u64 now_ns;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

SEC("?kprobe/process_srcu")
int calib_kprobe(void *ctx)
{
	return 0;
}

SEC("?raw_tp/sys_enter")
int calib_ticks(void *ctx)
{
	now_jiffies = bpf_jiffies64();
	now_ns = bpf_ktime_get_ns();
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
