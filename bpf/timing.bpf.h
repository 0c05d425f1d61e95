/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long each run of a program takes, for tests/bench/programs.sh: only in a build that is made
 * for it (BPF_DEFINES=-DKS_TIMING). An interrupt, and on a virtual machine what its host does,
 * count as well; what they alone make of two readings of the clock is in the last row.
 */
#ifndef BPF_TIMING_BPF_H
#define BPF_TIMING_BPF_H

#include <kvmstall/programs.h>

/* Parts of programs that are measured by themselves. */
enum run_part {
	RUN_NOTHING,
	RUN_STACK_OF_SLEEPER, /* in back_tp: its own; without that in switch_tp: of another task,
				 the run queue locked */
	RUN_STACK_OF_STARTER, /* in timer_tp: its own */
	RUN_PART_CNT
};

#ifndef KS_TIMING
#define TIMED_PART(part, what) (what)
#else

/* Four for each power of two: the lower bound of bucket i is (4 + i % 4) << (i / 4) >> 2. */
#define RUN_BUCKETS 128

struct run_times {
	__u64 runs;
	__u64 sum_ns;
	__u64 worst_ns;
	__u64 buckets[RUN_BUCKETS];
};

/* By enum ks_program, then by enum run_part. Written by the programs, read by bpftool. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, KS_PROGRAM_CNT + RUN_PART_CNT);
	__type(key, __u32);
	__type(value, struct run_times);
} run_times SEC(".maps");

static __always_inline __u32 log2_of(__u64 value)
{
	__u32 log = 0;

	if (value >> 16) {
		log += 16;
		value >>= 16;
	}
	if (value >> 8) {
		log += 8;
		value >>= 8;
	}
	if (value >> 4) {
		log += 4;
		value >>= 4;
	}
	if (value >> 2) {
		log += 2;
		value >>= 2;
	}
	return log + (value >> 1 != 0);
}

static __always_inline __u32 bucket_of(__u64 ns)
{
	__u32 log = log2_of(ns & 0xffffffff);

	return (log << 2 | ((ns << 2 >> log) & 3)) & (RUN_BUCKETS - 1);
}

static __always_inline void run_add(__u32 program, __u64 ns)
{
	struct run_times *times = bpf_map_lookup_elem(&run_times, &program);

	if (!times)
		return;
	times->runs++;
	times->sum_ns += ns;
	if (ns > times->worst_ns)
		times->worst_ns = ns;
	times->buckets[bucket_of(ns)]++;
}

static __always_inline void run_end(__u32 program, __u64 since_ns)
{
	__u64 now = bpf_ktime_get_ns();

	run_add(KS_PROGRAM_CNT + RUN_NOTHING, bpf_ktime_get_ns() - now);
	run_add(program, now - since_ns);
}

#define TIMED_PART(part, what)                                                                     \
	({                                                                                         \
		__u64 part_ns = bpf_ktime_get_ns();                                                \
		__typeof__(what) result = (what);                                                  \
		run_add(KS_PROGRAM_CNT + (part), bpf_ktime_get_ns() - part_ns);                    \
		result;                                                                            \
	})

/* BPF_PROG() of libbpf, and the clock around it. */
#define TIMED_PROG(name, args...)                                                                  \
	name(unsigned long long *ctx);                                                             \
	static __always_inline int timed_##name(unsigned long long *ctx, ##args);                  \
	int name(unsigned long long *ctx)                                                          \
	{                                                                                          \
		__u64 since_ns = bpf_ktime_get_ns();                                               \
		int ret;                                                                           \
                                                                                                   \
		_Pragma("GCC diagnostic push")                                                     \
			_Pragma("GCC diagnostic ignored \"-Wint-conversion\"") ret =               \
				timed_##name(___bpf_ctx_cast(args));                               \
		_Pragma("GCC diagnostic pop") run_end(KS_PROGRAM_##name, since_ns);                \
		return ret;                                                                        \
	}                                                                                          \
	static __always_inline int timed_##name(unsigned long long *ctx, ##args)

#endif
#endif
