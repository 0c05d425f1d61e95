// SPDX-License-Identifier: GPL-2.0-only
/*
 * Not a part of any trace: the load of repro --inject rcu-holdout. A reader of plain RCU that keeps
 * its CPU for as long as it is told to. A raw tracepoint's program that is run for a test runs in
 * rcu_read_lock(), with preemption disabled (net/bpf/test_run.c, bpf_prog_test_run_raw_tp()).
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

/* A clock takes 20 ns or more to read: 20 ms a time. */
#define READS 1000000
#define TIMES 1000

__u64 hold_ns;
/* CLOCK_MONOTONIC; 0: not yet. */
__u64 began_ns, ended_ns;

static long is_over(__u32 i, void *until_ns)
{
	(void)i;
	return bpf_ktime_get_ns() >= *(__u64 *)until_ns;
}

static long read_clock(__u32 i, void *until_ns)
{
	bpf_loop(READS, is_over, until_ns, 0);
	return is_over(i, until_ns);
}

SEC("?raw_tp/sys_enter")
int hold(void *ctx)
{
	__u64 until_ns = bpf_ktime_get_ns();

	began_ns = until_ns;
	until_ns += hold_ns;
	bpf_loop(TIMES, read_clock, &until_ns, 0);
	ended_ns = bpf_ktime_get_ns();
	return 0;
}
