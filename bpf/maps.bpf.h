/* SPDX-License-Identifier: GPL-2.0-only */
/* Every map and every knob: who writes it, who deletes from it, what a full one means. */
#ifndef BPF_MAPS_BPF_H
#define BPF_MAPS_BPF_H

#include "core.bpf.h"
#include <kvmstall/programs.h>
#include <kvmstall/records.h>

#include "away.h"
#include "locked.h"
#include "lost.h"
#include "turns.h"
#include "timing.bpf.h"
#include "wake.h"
#include "place.h"

/* Of more CPUs, it is not said who was on one. */
#define RCU_CPUS 1024

/* Addresses of kernel functions, from /proc/kallsyms; 0 matches nothing. */
#define X(name) const volatile __u64 sym_##name;
KS_SYMBOLS(X)
#undef X
/* Functions that wait for a grace period; .bytes 0: not used. */
const volatile struct {
	__u64 start, bytes;
} waits[KS_WAITS_MAX];
/* Where a function returns to while a kretprobe waits for it. */
const volatile __u64 sym_kretprobe_trampoline;
/* Bit (1 << enum ks_call_kind) for each ioctl number that is a call. */
const volatile __u8 wanted[256];
/* Emit every call, also those that never slept. */
const volatile bool want_all_calls;
/* Emit calls that took so long, though they never slept: what they did with the time is news. */
const volatile __u64 long_call_ns = KS_LONG_CALL_NS;
/* User space is not in the first PID namespace: ids in records are translated. */
const volatile bool is_in_pid_ns;
/* No function entry reports waits outside known calls: watch kworkers' D state sleeps, too. */
const volatile bool want_worker_sleeps;
/* COMMAND and its children are followed. */
const volatile bool want_followed;
/* Walk a stack when its task leaves the CPU: with rethook the walk ends at the first function that
 * a kretprobe waits for, unless its task is current (rethook_find_ret_addr(); v6.1 warns, too). */
const volatile bool want_early_stacks;
/* back_tp is attached: what can wait until no run queue is locked is done there. */
const volatile bool has_back;
/* Wake the reader when this much waits for it; else only a call's end does. */
const volatile __u64 ring_wake_bytes = 1 << 20;

/* From a CPU's struct rq to its struct rcu_data, both static per-CPU variables; 0: not known. */
const volatile __s64 rcu_data_from_rq;
/* The kernel's __per_cpu_offset[], and the symbol of its run queues; 0: not known. */
const volatile __u64 per_cpu_offsets;
const volatile __u64 runqueues_at;
/* From a CPU's struct rq to its this_cpu_off, on x86; 0: not known. */
const volatile __s64 this_cpu_off_from_rq;

/* All programs are attached; written by user space. Before, a begin may have no end. */
bool is_attached;
/* When that was. A thread that is older may have been in a call then. */
__u64 attached_ns;
/* Calls of which we saw the end and not the start, since they are older than .attached_ns. */
__u64 in_flight;
/* A return address was seen bent to the trampoline: one that is not bent means something. */
bool can_tell_returns;

/* What the task iterator looks for; written by user space before each pass. */
__u32 scan_tgid; /* 0: tasks asleep, of any process; else all threads of this one; KS_SCAN_ALL */
__u64 scan_ssp;	 /* the domain that one of them may hold */
/* The same of who is on a CPU: the samples go on for some milliseconds after the pass. */
__u32 sample_tgid; /* 0: nobody */
__u64 sample_ssp;

/* User space's process: a VM that it closes waits on mmu_notifier's domain. */
__u32 self_tgid;
/* Its PID namespace; the task iterator finds out, if it is asked to. */
bool scan_self;
__u64 self_pid_ns;
__u32 self_pid_level;

/* The task iterator looks for threads of the kernel that wait for a CPU. */
bool scan_wants;

/* RCU's, once the task iterator was asked to find them; 0: not known, and no record of RCU's
 * kthread is made. */
bool scan_rcu;
__u64 rcu_root; /* struct rcu_state, and the root of its tree */
__u32 rcu_gp_tid;
/* The last timer that it slept with: where it is, on its stack, and when it was armed. */
__u64 rcu_timer;
__u64 rcu_armed_ns;
__u64 rqs[RCU_CPUS]; /* each CPU's struct rq; 0: not known */

/* The host-wide domain that KVM waits on (mmu_notifier's), once it is known. */
__u64 shared_ssp;

/* Calls seen to begin, by enum ks_call_kind: user space makes some itself, to see that they are. */
__u64 calls_seen[8];

/* How often .vms was to be swept: VMs may have ended unseen, or the record of a birth or an end was
 * lost. User space does it. */
__u64 sweeps_wanted;
/* VMs in .vms that are .is_left: while there are any, user space sweeps again and again. */
__s64 left_cnt;

/* VMs in .vms whose first KVM_RUN is waited for. While it is 0, probes of KVM_RUN look no further.
 */
__s64 unrun_cnt;

/* When a call's end last woke the reader. */
__u64 woken_ns;

/* Tasks in .tasks that are in a call, or a wait. While it is 0, scheduler probes look no further.
 */
__s64 tasks_cnt;

/* .f_op of VMs' files, once one was looked at: most calls are on one. */
__u64 vm_fops;

/* What was found out of a VM that a task made a call on holds while this is the same: one has
 * ended, or user space lacks the record of one. */
__u32 vms_changes;

/* Entries of .tasks, and those of tasks that are in nothing just now. */
__s64 entries_cnt;

/* Since when there is one: no turn of a CPU is known from before. */
__u64 calls_since_ns;
__u64 losses[KS_LOSS_CNT];

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20); /* full: KS_LOSS_RING, and .lost of the CPU's next record */
} ring SEC(".maps");

/* Of a task that is kept from running in no call that we know. */
#define THROTTLED_ALONE 2

/* A task inside a call, in a sleep that may be a wait, or kept from running by its quota. */
struct task_state {
	__u64 begin_ns;
	__u64 kvm;
	__u64 arg;
	__u64 wait_ns; /* entered an SRCU wait; 0: not in one */
	__u64 wait_ssp;
	__u64 wait_needed;
	__u64 wake_ssp;	     /* whose callback woke it; with .away.wake_ns */
	__u64 needed;	     /* of kvm->srcu when it left the CPU */
	__u64 irq_needed;    /* of kvm->irq_srcu */
	__u64 shared_needed; /* of the host-wide domain */
	struct away away;
	struct locked locked;
	__u32 shown_tid; /* its ids in records: a task that is dead has none */
	__u32 shown_tgid;
	__u32 cmd;
	__u32 vcpus;
	__u16 wake_cpu;
	__u16 sleeps;
	__u8 kind;
	__u8 flags;
	__u8 api;
	__u8 throttled;	 /* with .away.ready_ns or .away.wake_ns; THROTTLED_ALONE: in no call */
	__u32 waker_tid; /* who woke it; with .away.wake_ns */
	char waker_comm[KS_COMM_LEN];
	struct place place; /* with .away.ready_ns or .away.wake_ns */
	__u32 pad;
	__u32 seen; /* .vms_changes when .kvm was seen last */
	/* The last: what is before counts while this is 1. 0: it is kept for the next call, which
	 * looks at .kvm, .seen and .shown_tgid of this one. */
	__u32 is_used;
};

#define TASKS_MAX 16384

/* So many are kept for their threads' next calls: to find an entry takes a fraction of what an
 * insertion and a deletion take. There is always room for as many calls more. */
#define TASKS_KEPT (TASKS_MAX / 2)

/* By tid. Inserted when a call begins, and kept for the thread's next one; deleted when the thread
 * dies. What is no call's is deleted when it is over. Full: KS_LOSS_TASKS */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TASKS_MAX);
	__type(key, __u32);
	__type(value, struct task_state);
} tasks SEC(".maps");

struct kthread_wake {
	__u64 ns;	/* 0: it has run since */
	__u64 switches; /* of the thread, when it was woken */
	struct place place;
};

/* By tid: threads of the kernel that were woken while a task was in a call. Not deleted: most of
 * them are woken again. Full: the oldest goes, and its wait for a CPU is not reported. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct kthread_wake);
} kthread_wakes SEC(".maps");

struct early_stack {
	__u32 frames;
	__u32 pad;
	__u64 addrs[KS_STACK_MAX];
};

/* By tid, of tasks in .tasks that sleep; user space makes it small when it is not wanted. Full:
 * the oldest goes, and its sleep has no stack. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct early_stack);
} early_stacks SEC(".maps");

struct vm_state {
	__u32 tgid;	  /* who made it */
	__u32 shown_tgid; /* in records */
	__u32 flags;	  /* KS_VM_FOLLOWED */
	__u32 is_unknown; /* to user space: its record was lost */
	__u32 has_run;	  /* vCPU 0 has entered KVM_RUN, or nobody asks since the VM was found */
	__u32 is_left;	  /* who ends it may be nobody that we know: it inherited a descriptor */
};

/* VMs by struct kvm. Deleted at the VM's end. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct vm_state);
} vms SEC(".maps");

/* At a process's exit the end of so many VMs is looked for, in the scheduler. */
#define OWNER_VMS 4

struct owner {
	__u32 cnt;	 /* VMs that it made, or 1 if it was given some */
	__u32 has_more;	 /* it used VMs that found no place here: user space looks for their end */
	__s64 unrun_cnt; /* VMs that it made whose first KVM_RUN is waited for */
	__u64 vms[OWNER_VMS]; /* that it made, or was given; 0: free */
};

/* By tgid. Deleted with the last of the VMs that it made, or at its exit. Full: its closes are not
 * seen, KS_LOSS_TASKS */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, 1); /* BPF_F_NO_PREALLOC: most hosts have a handful */
	__type(key, __u32);
	__type(value, struct owner);
} owners SEC(".maps");

struct domain_state {
	__u64 kvm;	   /* 0: not a VM's own */
	__u64 begin_seq;   /* when process_srcu began to run */
	__u64 fail_ns;	   /* of this GP's first failed scan; 0: none */
	__u32 armed;	   /* process_srcu's timer is pending, as far as we saw */
	__u32 is_reported; /* KS_HELD was sent for this GP */
	__u32 has_stack;   /* not a VM's own: a stack of a wait on it was sent */
	__u32 pad;
};

/* SRCU domains that are followed, by srcu_struct. Full: KS_LOSS_DOMAINS */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__uint(map_flags, 1); /* BPF_F_NO_PREALLOC: most hosts have a handful */
	__type(key, __u64);
	__type(value, struct domain_state);
} domains SEC(".maps");

/* COMMAND and its children that live, by their ids as in records. Written by user space and by
 * fork, deleted at the exit of a process's last thread. Full: KS_LOSS_FOLLOWED */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, 1); /* BPF_F_NO_PREALLOC */
	__type(key, __u32);
	__type(value, __u32);
} followed SEC(".maps");

/* Threads whose call in flight at the start was counted: each had one at most. Full: no-begin. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, 1); /* BPF_F_NO_PREALLOC: few hosts have any */
	__type(key, __u32);
	__type(value, __u8);
} ended SEC(".maps");

enum cpu_work {
	CPU_WORK_NONE,
	CPU_WORK_GP, /* in process_srcu */
	CPU_WORK_CB, /* in srcu_invoke_callbacks */
};

/* The SRCU work that this CPU's kworker is in. */
struct cpu_state {
	__u64 ssp;
	__u32 tid;
	__u32 work;
	__u32 lost;
	__u32 is_followed; /* .ssp is in .domains, in CPU_WORK_CB */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cpu_state);
} cpus SEC(".maps");

/* What a switch leaves to back_tp: of who was given this CPU after a sleep, and of who is dead. */
struct back {
	__u64 now;    /* when it was given the CPU */
	__u64 off_ns; /* of its sleep */
	__u32 tid;    /* 0: nobody */
	__u32 has_woken;
	struct ks_cpu woken; /* KS_WOKEN, but for .head.lost */
	__u64 dead; /* struct task_struct, which is there until back_tp is over; 0: nobody */
	__u64 dead_ns;
	__u32 dead_tid;
	__u32 dead_tgid;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct back);
} backs SEC(".maps");

/* By CPU: who was on one is asked for on another, too. User space makes it as large as the host. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RCU_CPUS);
	__type(key, __u32);
	__type(value, struct turns);
} turns SEC(".maps");

static __always_inline void count_loss(enum ks_loss loss)
{
	__sync_fetch_and_add(&losses[loss], 1);
}

static __always_inline struct cpu_state *this_cpu(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&cpus, &zero);
}

static __always_inline struct back *this_back(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&backs, &zero);
}

static __always_inline __u32 current_tid(void)
{
	return bpf_get_current_pid_tgid();
}

static __always_inline __u32 current_tgid(void)
{
	return bpf_get_current_pid_tgid() >> 32;
}

/* @nr is @pid's in the first namespace. */
static __always_inline __u32 shown_pid(struct pid *pid, __u32 nr)
{
	struct upid *in_ours;

	if (!is_in_pid_ns)
		return nr;
	if (pid && BPF_CORE_READ(pid, level) >= self_pid_level) {
		in_ours = (void *)((__u64)pid + bpf_core_field_offset(struct pid, numbers) +
				   self_pid_level * bpf_core_type_size(struct upid));
		if ((__u64)BPF_CORE_READ(in_ours, ns) == self_pid_ns)
			return BPF_CORE_READ(in_ours, nr);
	}
	return nr | KS_PID_OUTSIDE;
}

/* As in records. @tid and @tgid are the first namespace's, and those that maps have as keys. */
static __always_inline __u32 shown_tid(struct task_struct *task, __u32 tid)
{
	return shown_pid(is_in_pid_ns ? BPF_CORE_READ(task, thread_pid) : NULL, tid);
}

static __always_inline __u32 shown_tgid(struct task_struct *task, __u32 tgid)
{
	return shown_pid(is_in_pid_ns ? BPF_CORE_READ(task, group_leader, thread_pid) : NULL, tgid);
}

static __always_inline struct task_struct *current_task(void)
{
	return (void *)bpf_get_current_task();
}

static __always_inline __u32 current_shown_tid(void)
{
	__u32 tid = current_tid();

	return is_in_pid_ns ? shown_tid(current_task(), tid) : tid;
}

static __always_inline __u32 current_shown_tgid(void)
{
	__u32 tgid = current_tgid();

	return is_in_pid_ns ? shown_tgid(current_task(), tgid) : tgid;
}

/* Called when a record finds no room: counted, and reported by the CPU's next record. */
static __always_inline void ring_lost(void)
{
	struct cpu_state *cpu = this_cpu();

	count_loss(KS_LOSS_RING);
	if (cpu)
		cpu->lost++;
}

#define ring_reserve(size)                                                                         \
	({                                                                                         \
		void *room = bpf_ringbuf_reserve(&ring, (size), 0);                                \
		if (!room)                                                                         \
			ring_lost();                                                               \
		room;                                                                              \
	})

/* Once there is room for the record. */
static __always_inline void head_fill_lost(struct ks_head *head)
{
	struct cpu_state *cpu = this_cpu();

	head->lost = cpu ? lost_take(&cpu->lost) : 0;
}

static __always_inline void head_fill_all_but_lost(struct ks_head *head, __u64 ts_ns, __u32 tid,
						   __u8 type)
{
	head->ts_ns = ts_ns;
	head->tid = tid;
	head->cpu = bpf_get_smp_processor_id();
	head->type = type;
}

static __always_inline void head_fill(struct ks_head *head, __u64 ts_ns, __u32 tid, __u8 type)
{
	head_fill_all_but_lost(head, ts_ns, tid, type);
	head_fill_lost(head);
}

/* Records wait for the reader's next look: a wake-up each would move what we measure. */
static __always_inline void ring_submit(void *record)
{
	bool full = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) > ring_wake_bytes;

	bpf_ringbuf_submit(record, full ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

/* The same for a record that is to be read soon. */
static __always_inline void ring_submit_soon(void *record, __u64 now)
{
	if (wake_is_due(&woken_ns, now, KS_WAKE_PAUSE_NS))
		bpf_ringbuf_submit(record, BPF_RB_FORCE_WAKEUP);
	else
		ring_submit(record);
}

static __always_inline bool emit_step_at(__u64 ts_ns, __u8 type, __u64 ssp, __u64 seq, __u64 val)
{
	struct ks_step *step = ring_reserve(sizeof(*step));

	if (!step)
		return false;
	head_fill(&step->head, ts_ns, current_shown_tid(), type);
	step->ssp = ssp;
	step->seq = seq;
	step->val = val;
	ring_submit(step);
	return true;
}

static __always_inline bool emit_step(__u8 type, __u64 ssp, __u64 seq, __u64 val)
{
	return emit_step_at(bpf_ktime_get_ns(), type, ssp, seq, val);
}

#endif
