/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the CPUs of a domain have counted of its readers, one CPU a time: asked for by user space
 * while a reader holds the domain. No program of a trace comes here.
 */
#ifndef BPF_READERS_BPF_H
#define BPF_READERS_BPF_H

#include "rcu.bpf.h"

/* Question and answer are here: no helper writes to a context. */
struct ks_readers_cpu readers_cpu;

/*
 * What to add to a per-CPU address for it to be @cpu's; 0: not known. x86 has it in a variable of
 * each CPU (arch/x86/include/asm/percpu.h), which is as far from the CPU's run queue as BTF says.
 */
static __always_inline __u64 cpu_offset(__u32 cpu)
{
	__u64 at = 0, offset = 0;

	if (per_cpu_offsets)
		at = per_cpu_offsets + cpu * sizeof(offset);
	else if (this_cpu_off_from_rq && cpu_rq(cpu))
		at = cpu_rq(cpu) + this_cpu_off_from_rq;
	if (at)
		bpf_probe_read_kernel(&offset, sizeof(offset), (void *)at);
	return offset;
}

/* Each CPU's srcu_data says whose it is, which proves that it is one. */
static __always_inline void readers_read(void)
{
	__u64 ssp = readers_cpu.ssp, offset = cpu_offset(readers_cpu.cpu);
	__u64 sda = (__u64)BPF_CORE_READ((struct srcu_struct *)ssp, sda);
	struct srcu_data *sdp = (void *)(sda + offset);

	readers_cpu.is_known = 0;
	if (!sda || !offset || (__u64)BPF_CORE_READ(sdp, ssp) != ssp ||
	    (__u32)BPF_CORE_READ(sdp, cpu) != readers_cpu.cpu)
		return;
	readers_cpu.seq = sup_seq(srcu_sup(ssp));
	readers_cpu.idx = ssp_idx(ssp, sda);
	sdp_readers(sdp, readers_cpu.locks, readers_cpu.unlocks);
	readers_cpu.is_known = 1;
}

#endif
