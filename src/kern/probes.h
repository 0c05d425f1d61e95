/* SPDX-License-Identifier: GPL-2.0-only */
/* The BPF programs of a plan: opened, configured, loaded, attached; their records and losses. */
#ifndef KERN_PROBES_H
#define KERN_PROBES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kvmstall/records.h>

struct err;
struct attach_plan;
struct map;
struct symbols;
struct probes;
struct kvmstall_bpf;

typedef int (*probes_fn)(void *ctx, const void *record, size_t size);

struct probes_cfg {
	bool want_all_calls;
	bool want_fork;	     /* follow children of the processes given to probes_follow() */
	bool want_cost;	     /* have the kernel count the programs' run time */
	uint64_t min_ns;     /* calls this long are stalls: reported though they never slept, as
			      * those of KS_LONG_CALL_NS are in any case; 0: no others */
	uint64_t ring_bytes; /* 0: the default */
	const uint32_t *struct_ids;	     /* of struct kernel_traits: KS_STRUCT_CNT */
	int64_t rcu_data_from_rq;	     /* of struct kernel_traits */
	int64_t this_cpu_off_from_rq;	     /* the same */
	uint64_t per_cpu_offsets, runqueues; /* of struct host */
	const char *types;		     /* .path of struct core_types */
	struct kvmstall_bpf
		*opened; /* by probes_open(), with the same .types; NULL: it is yet to be
			  */
};

struct probes_cost {
	uint64_t runs;
	uint64_t ns;		     /* 0 when the kernel was not asked to count */
	uint64_t in_flight;	     /* calls that ended, and had started before all was attached */
	uint64_t calls[KS_KIND_CNT]; /* that began, by enum ks_call_kind, our own too */
};

/* What can be done of probes_new() before there is a plan: half of it that is not the verifier's.
 * NULL: that says why it cannot be. */
struct kvmstall_bpf *probes_open(const char *types);
void probes_close(struct kvmstall_bpf *opened);

/* Load what @plan says. NULL with @err set. @syms is used here only. .opened is freed with it, or
 * has been when it fails. */
struct probes *probes_new(const struct attach_plan *plan, const struct symbols *syms,
			  const struct probes_cfg *cfg, probes_fn fn, void *ctx, struct err *err);

/* Detaches. */
void probes_free(struct probes *probes);

int probes_attach(struct probes *probes, struct err *err);

/* No more records; those that wait can still be read. */
void probes_detach(struct probes *probes);

/* Make records of the VMs that exist already. */
int probes_find(struct probes *probes, struct err *err);

/*
 * Make records of tasks as they are now: all threads of @tgid, which may hold the read side of
 * @ssp (KS_SUSPECT), or with KS_SCAN_ALL those of any process that can; or with @tgid 0 every task
 * in uninterruptible sleep (KS_ASLEEP), and before, the threads of the kernel that wait for a CPU
 * (KS_WANTS). Those of who is on a CPU come during the next
 * SAMPLER_SPAN_NS (kern/sampler.h). Without an iterator it does nothing.
 */
int probes_scan(struct probes *probes, uint32_t tgid, uint64_t ssp);

/*
 * Count the readers of @ssp: KS_READERS, which is the caller's to make a record of. false: the
 * counters are not to be had, or went on to another grace period meanwhile. Two microseconds a CPU.
 */
bool probes_readers(const struct probes *probes, uint64_t ssp, struct ks_readers *readers);

/*
 * How often something happened that a sweep is to mend: VMs may have ended unseen (those of a
 * process that held many when it ended), or the record of a birth or an end was lost.
 */
uint64_t probes_sweeps_wanted(const struct probes *probes);

/* Are there VMs whose ends may go unseen, since their processes have ended or closed them? Only
 * sweeps find these ends. */
bool probes_has_left(const struct probes *probes);

/*
 * Make the records that are missing: of the ends of VMs that are over, and of VMs whose births'
 * records were lost. The programs never walk their maps, so this does, in our own time. Without an
 * iterator it does nothing. Returns 0 or a negative errno.
 */
int probes_sweep(struct probes *probes);

/*
 * Put the addresses of all VMs that the programs know into @vms, as keys. Returns 0 or a negative
 * errno.
 */
int probes_vms(const struct probes *probes, struct map *vms);

/* VMs that this process and its children make carry KS_VM_FOLLOWED. */
int probes_follow(struct probes *probes, uint32_t tgid, struct err *err);

/* How many of these processes live, or 0 where the kernel does not say. */
unsigned int probes_followed_cnt(const struct probes *probes);

/* Was a call of this kind (enum ks_call_kind) seen to begin since the programs were loaded? */
bool probes_saw(const struct probes *probes, uint32_t kind);

/* Readable when records wait; see probes_read(). */
int probes_fd(const struct probes *probes);

/* Hand all records that wait to the callback. Returns how many, or what the callback returned. */
int probes_read(struct probes *probes);

/*
 * What was lost so far, and what the programs cost, by one question to the kernel for each program.
 * @cost->ns grows only while somebody has BPF_ENABLE_STATS on.
 */
void probes_count(const struct probes *probes, uint64_t losses[KS_LOSS_CNT],
		  struct probes_cost *cost);

#endif
