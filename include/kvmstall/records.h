/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What crosses between bpf/ and src/: records in the ring buffer, and the
 * counters beside it. Captures store the same bytes. No pointers, no long, no
 * bool, no enum as a field, no hidden padding; numbers are append only.
 */
#ifndef KVMSTALL_RECORDS_H
#define KVMSTALL_RECORDS_H

#ifndef __VMLINUX_H__ /* vmlinux.h brings its own __u64 */
#include <linux/types.h>
#endif

#define KS_COMM_LEN  16
#define KS_ARGS_LEN  32 /* the head of an ioctl's argument: all of a memory region */
#define KS_STACK_MAX 24 /* from the innermost frame; a VM's death in exit takes 20 */

/*
 * Process and thread ids are those of the recorder's PID namespace. Who is outside of it has none
 * there, and is named by the first namespace's with this bit, above all ids
 * (include/linux/threads.h: PID_MAX_LIMIT).
 */
#define KS_PID_OUTSIDE 0x400000

/* Every record begins so; .type says which struct it is. */
struct ks_head {
	__u64 ts_ns; /* CLOCK_MONOTONIC, when it happened */
	__u32 tid;   /* whom it happened to; for steps: who ran on the CPU */
	__u16 cpu;   /* that made the record: .lost is of this one */
	__u8 type;   /* enum ks_type */
	__u8 lost;   /* records this CPU lost since its last one; 255: that many or more */
};

enum ks_type {
	KS_VM = 1, /* ks_vm: a VM was born, or found */
	KS_VM_GONE =
		2,   /* ks_step: it is destroyed; .val its struct kvm, .seq its KS_VM's time or 0 */
	KS_CALL = 3, /* ks_call: a call ended */
	KS_SLEEP = 4,  /* ks_sleep: a task slept inside a call, and runs again */
	KS_START = 5,  /* ks_start: a task took a domain from idle to a GP in progress */
	KS_GP_ARM = 6, /* ks_step: process_srcu armed its timer again; .val expires, jiffies */
	/* ks_step: process_srcu queued: timer fired, or no delay; .val jiffies then, 0: not known
	 */
	KS_GP_QUEUE = 7,
	KS_GP_BEGIN = 8,  /* ks_step: process_srcu begins */
	KS_GP_END = 9,	  /* ks_step: process_srcu ends; .val srcu_gp_seq_needed */
	KS_CB_ARM = 10,	  /* ks_cb: callbacks wait for a timer; .val expires, jiffies */
	KS_CB_QUEUE = 11, /* ks_cb: srcu_invoke_callbacks queued; .val jiffies then, 0: not known */
	KS_CB_BEGIN = 12, /* ks_cb: srcu_invoke_callbacks begins; .val callbacks in the list */
	KS_CB_END = 13,	  /* ks_cb: srcu_invoke_callbacks ends */
	KS_CALLBACK = 14, /* ks_start: call_srcu() */
	KS_LOCK = 15,	  /* ks_lock: a task in a call begins to wait for a lock */
	/* 16 is not used */
	KS_SUSPECT = 17, /* ks_task: a thread of a VM whose domain a reader holds, as it was then */
	/* 18 is not used */
	KS_HELD = 19,	/* ks_step: scans have failed for a while; .val the struct kvm, or 0 */
	KS_ASLEEP = 20, /* ks_task: a task in uninterruptible sleep, as it was then */
	KS_DOMAIN = 21, /* ks_step: a VM's third domain, for page tracking; .val the struct kvm */
	/* ks_step: the close of a VM began, .val its struct kvm; or, with 0, the end of a process
	 * that owns VMs, .seq its tgid */
	KS_CLOSING = 22,
	KS_PREEMPTED = 23, /* ks_cpu: a task in a call lost its CPU to others, and has one again */
	KS_WOKEN = 24,	   /* ks_cpu: how the sleep ended that the task's next KS_SLEEP is about */
	KS_LATE = 25,	   /* ks_cpu: a thread of the kernel was woken, and got a CPU late */
	KS_BORN = 26,	   /* ks_step: KVM_CREATE_VM made the VM .val; the call began at .seq */
	KS_RUN = 27,	   /* ks_step: vCPU 0 of the VM .val enters KVM_RUN for the first time */
	KS_SPUN = 28,	   /* ks_step: a task in a call spun for the lock .ssp, since .seq; the call
			    * began at .val. Which lock, its KS_LOCK before this one says */
	KS_RCU_SLEEP = 29, /* ks_rcu: RCU's kthread went to sleep, while a task was in a call */
	KS_RCU_WAKE = 30,  /* ks_rcu: it was woken; by what ran on .cpu of the head */
	/* ks_cpu: a scan found that a thread of the kernel waits for a CPU: as of then */
	KS_WANTS = 31,
	KS_READERS = 32, /* ks_readers: a domain that a reader holds: how many are in, as of then */
	/* ks_cpu: a scan found that a thread which works for the kernel in a user's process is
	 * stopped; .ran_prio enum ks_halt, .waker_tid the signal or 0 */
	KS_HALTED = 33,
	/* ks_timer: the timer of RCU's kthread fired, and is about to wake it: its KS_RCU_WAKE
	 * follows. .tid of the head is who was interrupted, 0 an idle CPU */
	KS_RCU_FIRED = 34,
	KS_TYPE_CNT
};

enum ks_vm_flags {
	KS_VM_FOUND = 1 << 0,	 /* existed before we looked; its past is unknown */
	KS_VM_FOLLOWED = 1 << 1, /* made by COMMAND or one of its children */
};

/* One of a VM's SRCU domains, as it was at the record's time. */
struct ks_domain {
	__u64 ssp; /* address of the srcu_struct: the domain's name in every other record */
	__u64 seq;
	__u64 needed;
	__u64 expires;	/* of process_srcu's timer, jiffies; 0 when it is not pending */
	__u64 gp_start; /* jiffies */
};

struct ks_vm {
	struct ks_head head;
	__u64 kvm; /* address; reused by later VMs */
	struct ks_domain srcu;
	struct ks_domain irq_srcu;
	__u64 jiffies;
	__u32 tgid; /* owner: the process that has the fd */
	__u32 flags;
	char comm[KS_COMM_LEN];
};

/* What kind of call a task is in; also says which file the ioctl was made on. */
enum ks_call_kind {
	KS_KIND_NONE = 0,   /* no call seen: the sleep's stack says which */
	KS_KIND_DEV = 1,    /* ioctl on /dev/kvm */
	KS_KIND_VM = 2,	    /* ioctl on a VM */
	KS_KIND_VCPU = 3,   /* ioctl on a vCPU */
	KS_KIND_DEVICE = 4, /* ioctl on a device of a VM */
	KS_KIND_CLOSE = 5,  /* close of a VM or vCPU fd */
	KS_KIND_EXIT = 6,   /* exit of a process that owns VMs */
	/* A wait for a grace period, or because of memory.high or of a CPU quota, in another system
	 * call of a process that owns VMs, or is followed; the call is reported from the wait's
	 * start to its end. */
	KS_KIND_SYSCALL = 7,
	KS_KIND_CNT
};

/* .cmd of KS_KIND_SYSCALL: the number, and whose numbers these are. */
#define KS_SYSCALL_NR	   0xffff
#define KS_SYSCALL_NONE	   0xffff /* in no system call: a fault */
#define KS_SYSCALL_USER	   0xfffe /* nor in the kernel: it had no CPU for want of quota */
#define KS_SYSCALL_X86	   0x10000
#define KS_SYSCALL_GENERIC 0x20000 /* arm64 */
#define KS_SYSCALL_I386	   0x40000 /* of a 32-bit task on x86 */
#define KS_SYSCALL_ARM	   0x80000 /* of a 32-bit task on arm64: these have no names here */

/*
 * The table of wanted ioctls, by number: bit (1 << enum ks_call_kind) for each
 * file it is made on, and this one when the kernel writes its argument
 * (_IOC_READ). Numbers are used twice: 0x67 is KVM_REGISTER_COALESCED_MMIO, and
 * KVM_IRQ_LINE_STATUS, which is hot.
 */
#define KS_WANTED_READS	    0x80
#define KS_IOCTL_READS(cmd) ((cmd) >> 31)

enum ks_call_flags {
	KS_CALL_KILLED = 1 << 0,  /* a fatal signal was pending at its end */
	KS_CALL_RAN = 1 << 1,	  /* vCPU 0 has entered KVM_RUN */
	KS_CALL_LAST = 1 << 2,	  /* this close destroyed the VM */
	KS_CALL_HAS_ARG = 1 << 3, /* .args could be read */
	KS_CALL_WAITED = 1 << 4,  /* SRCU ended one of its sleeps, or RCU */
	KS_CALL_FOLLOWED =
		1 << 5, /* KS_KIND_SYSCALL, _EXIT: made by COMMAND or one of its children */
};

struct ks_call {
	struct ks_head head; /* .ts_ns is the end */
	__u64 begin_ns;
	__u64 kvm; /* 0: not known from the call itself */
	__u64 arg; /* third argument of the ioctl; KS_KIND_SYSCALL: the second, else the first */
	__s64 ret;
	__u32 cmd; /* second argument; 0 for close and exit; KS_KIND_SYSCALL: which */
	__u32 tgid;
	__u32 vcpus; /* created when it began */
	__u16 sleeps;
	__u8 kind;
	__u8 flags;
	__u8 args[KS_ARGS_LEN];
	char comm[KS_COMM_LEN];
};

enum ks_api {
	KS_API_NONE = 0, /* not known; the stack may tell */
	KS_API_SYNC = 1,
	KS_API_SYNC_EXPEDITED = 2,
	KS_API_BARRIER = 3,
	/* Of plain RCU. No program reports these: the stack does. */
	KS_API_RCU = 4,
	KS_API_RCU_EXPEDITED = 5,
	KS_API_RCU_BARRIER = 6,
	KS_API_CNT
};

struct ks_sleep {
	struct ks_head head; /* .ts_ns is when it ran again */
	__u64 off_ns;	     /* when it left the CPU */
	__u64 wake_ns;	     /* when it was woken; 0: not seen */
	__u64 wait_ns;	     /* when it entered .api; 0: not seen */
	__u64 kvm;	     /* 0: not known */
	__u64 ssp;	     /* the domain it waited for; 0: not SRCU, or not known */
	__u64 needed;	     /* seq that ends the wait (idle state bits); 0: not known */
	__u32 tgid;
	__u32 unused;
	__u16 wake_cpu;
	__u8 api;
	__u8 kind;    /* of the call it is in */
	__u16 frames; /* in .stack; 0: not taken */
	__u16 lock;   /* enum ks_lock_which it was blocked on; 0: on none of the VM's */
	__u64 stack[KS_STACK_MAX];
};

struct ks_start {
	struct ks_head head;
	__u64 ssp;
	__u64 seq;
	__u64 expires; /* of the timer just armed, jiffies; 0: queued at once */
	__u64 kvm;     /* of the call that the task is in; 0: in none */
	__u64 func;    /* the callback's function; 0: not known */
	__u32 tgid;
	__u32 cmd;
	char comm[KS_COMM_LEN];
	__u32 kind;
	__u32 frames;
	__u64 stack[KS_STACK_MAX];
};

struct ks_step {
	struct ks_head head;
	__u64 ssp;
	__u64 seq;
	__u64 val;
};

/* A step of the callbacks that wait on one CPU: as ks_step, and whose they are. */
struct ks_cb {
	struct ks_head head; /* .cpu is where the step was made: process_srcu runs anywhere */
	__u64 ssp;
	__u64 seq;
	__u64 val;
	__u16 cpu; /* of the srcu_data: the boot CPU for domains of small size */
	__u16 unused[3];
};

/* Which lock a task waits for. */
enum ks_lock_which {
	KS_LOCK_OTHER = 0,
	KS_LOCK_SLOTS = 1,	/* kvm->slots_lock */
	KS_LOCK_KVM = 2,	/* kvm->lock */
	KS_LOCK_IRQ = 3,	/* kvm->irq_lock */
	KS_LOCK_MUTEX = 4,	/* another mutex, of any part of the kernel */
	KS_LOCK_MMAP = 5,	/* mmap_lock of its own process */
	KS_LOCK_RWSEM = 6,	/* another rwsem */
	KS_LOCK_PERCPU = 7,	/* a per-CPU rwsem */
	KS_LOCK_RESAMPLER = 8,	/* kvm->irqfds.resampler_lock */
	KS_LOCK_SLOTS_ARCH = 9, /* kvm->slots_arch_lock */
	KS_LOCK_MMU = 10,	/* kvm->mmu_lock, for which nobody sleeps */
	KS_LOCK_SPIN = 11,	/* another spinlock or rwlock */
	KS_LOCK_VMA = 12,	/* a VMA's: the stack says so, no program does */
	KS_LOCK_CNT
};

/* What the kernel says of who has it. */
enum ks_lock_held {
	KS_HELD_BY_TASK = 0,	/* .owner, if it had one just then */
	KS_HELD_BY_READERS = 1, /* an rwsem: it keeps no list of them */
	KS_HELD_UNNAMED = 2,	/* a per-CPU rwsem, a spinlock: nothing */
	KS_HELD_CNT
};

struct ks_lock {
	struct ks_head head;
	__u64 lock;
	__u64 kvm;
	__u32 owner;	 /* tid; 0: not known */
	__u16 which;	 /* enum ks_lock_which */
	__u16 held;	 /* enum ks_lock_held; up to capture 1.4 the upper half of .which: 0 */
	__u32 owner_cmd; /* of the call that the owner is in */
	__u32 owner_kind;
	char owner_comm[KS_COMM_LEN];
};

/* A task that wanted a CPU and has one now, who had it, and who woke the task. */
struct ks_cpu {
	struct ks_head head;
	__u64 since_ns; /* it was without a CPU, and wanted one */
	__u32 tgid;
	/* Who had the CPU that it waited for, for longest meanwhile; 0: nobody, or not known. Where
	 * nobody had it for 100 us at a stretch, and in older recordings, the last. Older ones go
	 * by the CPU that it got, even if it was moved there from another's queue */
	__u32 ran_tid;
	/* task_struct.prio in the lower half: below 100 is real-time, below 0 SCHED_DEADLINE; and
	 * KS_RAN_THROTTLED. Older recordings have -1 in both halves */
	__u32 ran_prio;
	/* 0: not known; if it was an interrupt, who was interrupted. KS_WANTS: which CPU it waits
	 * for */
	__u32 waker_tid;
	char comm[KS_COMM_LEN];
	char ran_comm[KS_COMM_LEN];
	char waker_comm[KS_COMM_LEN];
};

/* In .ran_prio: whoever ran, the one that waited was not allowed to: the quota of its cgroup was
 * used up. */
#define KS_RAN_THROTTLED 0x10000

/* By what a thread is stopped. */
enum ks_halt {
	KS_HALT_NONE = 0,
	KS_HALT_SIGNAL = 1, /* SIGSTOP or the like */
	KS_HALT_TRACED = 2, /* its tracer */
	KS_HALT_FROZEN = 3, /* its cgroup's freezer, or the host's suspend */
	KS_HALT_CNT
};

/* enum in kernel/rcu/tree.h, the same from 6.1 to 7.3: what RCU's kthread does. */
enum ks_rcu_state {
	KS_RCU_WAIT_GPS = 1, /* no grace period is in flight, none is asked for */
	KS_RCU_WAIT_FQS = 5, /* it waits for CPUs, until they report or its timer fires */
};

enum ks_rcu_flags {
	KS_RCU_READERS = 1 << 0,   /* no CPU, but tasks that were preempted in a reader: .tid */
	KS_RCU_HAS_CPU = 1 << 1,   /* .cpu, .cpu_mask are known */
	KS_RCU_GUEST = 1 << 2,	   /* .tid runs a guest */
	KS_RCU_HAS_SCANS = 1 << 3, /* .scans is known; not in older recordings */
};

/* RCU's grace period, and its kthread (.head.tid), at one of the kthread's sleeps or wake-ups. */
struct ks_rcu {
	struct ks_head head;
	__u64 seq;	/* rcu_state.gp_seq */
	__u64 mask;	/* of the root: who has to pass a quiescent state yet; 0: all have */
	__u64 cpu_mask; /* CPUs from .first_cpu on that have to: of the first rcu_node that has any
			 */
	__u64 switches; /* of .tid: the same number, it has been on its CPU all along */
	/* That is on .cpu, or the reader; 0: nobody, or not known. KS_RCU_WAKE, .mask 0: .cpu has
	 * reported, and was the last. */
	__u32 tid;
	__s32 prio; /* task_struct.prio of .tid */
	/* One of .cpu_mask: the first with a task on it which the kthread does not leave, or else
	 * the first. */
	__u16 cpu;
	__u16 first_cpu;
	__u8 state;  /* rcu_state.gp_state */
	__u8 flags;  /* enum ks_rcu_flags */
	__u16 scans; /* rcu_state.n_force_qs: how often it has looked for CPUs that are idle */
	char comm[KS_COMM_LEN];
};

/* A timer that fired. */
struct ks_timer {
	struct ks_head head; /* .ts_ns is when it fired */
	__u64 armed_ns;
	__u64 expires; /* jiffies, before the wheel rounds */
	__u64 jiffies; /* when it fired */
};

/* What all CPUs together have counted of a domain's readers. Made by user space: .cpu of the head
 * is none. */
struct ks_readers {
	struct ks_head head;
	__u64 ssp;
	__u64 seq;   /* srcu_gp_seq meanwhile */
	__u64 locks; /* of the index that the grace period waits for: ever taken */
	__u64 unlocks;
	__s64 excess; /* of .cpu: .locks less .unlocks */
	__u16 cpu;    /* whose locks exceed its unlocks by most */
	__u16 cpus;   /* whose locks and unlocks differ */
	__u32 unused;
};

/* The same of one CPU, as a program reads it: .ssp and .cpu are asked for. Not stored. */
struct ks_readers_cpu {
	__u64 ssp;
	__u64 seq;
	__u64 locks[2], unlocks[2]; /* by index */
	__u32 cpu;
	__u32 idx;	/* that the grace period waits for */
	__u32 is_known; /* else the CPU was never online */
	__u32 unused;
};

/* A call that took so long is reported though it never slept, and shorter ones if --min is less. */
#define KS_LONG_CALL_NS 1000000

/* After a call's end has woken the reader, those of the next so many ns wake nobody: the reader
 * must look again and again until they are over. */
#define KS_WAKE_PAUSE_NS 10000000

/* In place of a process, for a scan: tasks of any that run, are runnable or uninterruptible. */
#define KS_SCAN_ALL 0xffffffffu

/* A task as an iterator found it: asleep in a call, or maybe holding a domain's read side. */
struct ks_task {
	struct ks_head head; /* .tid is the task's */
	__u64 begin_ns;	     /* of the call it is in; 0: not seen */
	__u64 off_ns;	     /* when it left the CPU; 0: not seen */
	__u64 wait_ns;	     /* when it entered .api; 0: not seen */
	__u64 kvm;
	__u64 ssp;    /* KS_SUSPECT: the domain that is held; KS_ASLEEP: waits for, or 0 */
	__u64 needed; /* seq that ends the wait; 0: not known */
	__u64 arg;
	__u32 tgid;
	__u32 cmd;
	__u16 vcpus;
	__u8 kind;
	__u8 api;
	__u32 state; /* as task_struct has it */
	__u16 frames;
	__u16 lock;	/* enum ks_lock_which: of its call, that it waits for; up to capture 1.4 the
			 * upper half of .frames: 0 */
	__u32 switches; /* voluntary ones so far: the same number, the same sleep */
	char comm[KS_COMM_LEN];
	__u64 stack[KS_STACK_MAX];
};

_Static_assert(sizeof(struct ks_head) == 16, "records are stored in captures");
_Static_assert(sizeof(struct ks_domain) == 40, "records are stored in captures");
_Static_assert(sizeof(struct ks_vm) == 136, "records are stored in captures");
_Static_assert(sizeof(struct ks_call) == 112, "records are stored in captures");
_Static_assert(sizeof(struct ks_sleep) == 272, "records are stored in captures");
_Static_assert(sizeof(struct ks_start) == 280, "records are stored in captures");
_Static_assert(sizeof(struct ks_step) == 40, "records are stored in captures");
_Static_assert(sizeof(struct ks_cb) == 48, "records are stored in captures");
_Static_assert(sizeof(struct ks_lock) == 64, "records are stored in captures");
_Static_assert(sizeof(struct ks_cpu) == 88, "records are stored in captures");
_Static_assert(sizeof(struct ks_rcu) == 80, "records are stored in captures");
_Static_assert(sizeof(struct ks_timer) == 40, "records are stored in captures");
_Static_assert(sizeof(struct ks_task) == 304, "records are stored in captures");
_Static_assert(sizeof(struct ks_readers) == 64, "records are stored in captures");
_Static_assert(__builtin_offsetof(struct ks_sleep, stack) == 80, "ks_sleep has a hole");
_Static_assert(__builtin_offsetof(struct ks_start, stack) == 88, "ks_start has a hole");
_Static_assert(__builtin_offsetof(struct ks_task, stack) == 112, "ks_task has a hole");

/* Every way to lose something, once: the summary, the metrics and the tests read this list. */
/* clang-format off */
#define KS_LOSSES(X)                                                                     \
	X(RING, "ring", "the ring buffer was full: user space too slow")                 \
	X(TASKS, "tasks", "the table of calls in flight was full")                       \
	X(DOMAINS, "domains", "the table of SRCU domains was full")                      \
	X(NO_BEGIN, "no-begin", "a call or wait ended that was never seen to begin")     \
	X(REORDER, "reorder", "a record came too late to be put in order")               \
	X(HISTORY, "history", "a wait reached further back than the history that is kept")         \
	X(NO_END, "no-end", "a call or wait began whose end could not be seen")          \
	X(MISSED, "missed", "the kernel ran no program: it was in one, or reports no such switch") \
	X(FOLLOWED, "followed", "a child of COMMAND found no room in their table: its VMs are not shown")
/* clang-format on */

enum ks_loss {
#define X(id, name, help) KS_LOSS_##id,
	KS_LOSSES(X)
#undef X
		KS_LOSS_CNT
};

#endif
