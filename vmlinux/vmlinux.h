/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel types that kvmstall's programs read, and of each only the fields
 * they read: CO-RE finds the real offsets, on either architecture, whether KVM
 * is built in or a module. Not a dump; vmlinux/README says how it is kept true
 * (tests/lint/types.sh compares every field with a kernel's BTF).
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef __u8 u8;
typedef __u16 u16;
typedef __s32 s32;
typedef __u32 u32;
typedef __s64 s64;
typedef __u64 u64;
typedef _Bool bool;
typedef int pid_t;
enum { false = 0, true = 1 };

enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_RINGBUF = 27,
};

enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_EXIST = 2,
};

enum {
	BPF_RB_NO_WAKEUP = 1,
	BPF_RB_FORCE_WAKEUP = 2,
};

enum {
	BPF_RB_AVAIL_DATA = 0,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip;
	unsigned long cs, flags, sp, ss;
};
struct thread_info {
	u32 status;
	u32 cpu;
};
#elif defined(__TARGET_ARCH_arm64)
struct thread_info {
	unsigned long flags;
	u32 cpu;
};
struct user_pt_regs {
	__u64 regs[31];
	__u64 sp;
	__u64 pc;
	__u64 pstate;
};
struct pt_regs {
	union {
		struct user_pt_regs user_regs;
		struct {
			u64 regs[31];
			u64 sp;
			u64 pc;
			u64 pstate;
		};
	};
	u64 orig_x0;
	s32 syscallno;
};
#endif

struct file;
struct inode;
struct seq_file;

struct hlist_node {
	struct hlist_node **pprev;
};

typedef struct {
	long counter;
} atomic_long_t;

struct list_head {
	struct list_head *next;
	struct list_head *prev;
};

struct work_struct {
	atomic_long_t data;
	struct list_head entry;
	void (*func)(struct work_struct *work);
};

struct timer_list {
	struct hlist_node entry;
	unsigned long expires;
	void (*function)(struct timer_list *timer);
};

struct delayed_work {
	struct work_struct work;
	struct timer_list timer;
};

struct workqueue_struct {
	char name[24];
};

struct worker_pool {
	int cpu;
	int id;
	int nr_running;
	int nr_workers;
	int nr_idle;
	struct list_head worklist;
};

struct pool_workqueue {
	struct worker_pool *pool;
	struct workqueue_struct *wq;
	int nr_active;
	struct list_head inactive_works;
};

struct worker {
	struct work_struct *current_work;
	void (*current_func)(struct work_struct *work);
	struct pool_workqueue *current_pwq;
	struct worker_pool *pool;
	int sleeping;
};

struct kthread {
	void *data;
};

struct srcu_usage {
	unsigned long srcu_gp_seq;
	unsigned long srcu_gp_seq_needed;
	unsigned long srcu_gp_start;
	struct delayed_work work;
	struct srcu_struct *srcu_ssp;
};

struct srcu_data;

struct srcu_struct {
	struct srcu_data *sda;
	struct srcu_usage *srcu_sup;
};

struct rcu_segcblist {
	atomic_long_t len;
};

struct srcu_ctr {
	atomic_long_t srcu_locks;
	atomic_long_t srcu_unlocks;
};

struct srcu_data {
	struct rcu_segcblist srcu_cblist;
	struct timer_list delay_work;
	struct work_struct work;
	int cpu;
	struct srcu_struct *ssp;
};

struct callback_head;

struct mutex {
	atomic_long_t owner;
};

/* Without PREEMPT_RT: there it has no owner. */
struct rw_semaphore {
	atomic_long_t owner;
};

struct xarray {
	void *xa_head;
};

struct xa_node {
	void *slots[64];
};

struct pid_namespace;

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct kvm {
	struct {
	} mmu_lock; /* rwlock_t or spinlock_t: it is the address that counts */
	struct mutex slots_lock;
	struct mutex slots_arch_lock;
	struct mutex lock;
	struct mutex irq_lock;
	struct xarray vcpu_array;
	int created_vcpus;
	struct srcu_struct srcu;
	struct list_head vm_list;
	struct {
		struct mutex resampler_lock;
	} irqfds;
	struct srcu_struct irq_srcu;
};

struct kvm_io_bus {
	int dev_count;
};

struct kvm_vcpu {
	struct kvm *kvm;
	struct pid *pid;
	int vcpu_idx;
};

struct kvm_device {
	struct kvm *kvm;
};

struct file_operations {
	long (*unlocked_ioctl)(struct file *file, unsigned int cmd, unsigned long arg);
	int (*release)(struct inode *inode, struct file *file);
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct qstr d_name;
};

struct path {
	struct dentry *dentry;
};

struct file {
	const struct file_operations *f_op;
	void *private_data;
	struct path f_path;
};

struct wait_queue_entry {
	void *private;
	struct list_head entry;
};

struct wait_queue_head {
	struct list_head head;
};

struct userfaultfd_ctx {
	struct wait_queue_head fault_pending_wqh;
	struct wait_queue_head fault_wqh;
	struct wait_queue_head fd_wqh;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct signal_struct {
	struct {
		int counter;
	} live;
	int nr_threads;
	int group_exit_code;
	unsigned int flags;
};

struct mm_struct {
	struct rw_semaphore mmap_lock;
};

struct rq {
	struct task_struct *curr;
	u64 clock;
	int cpu;
};

struct cfs_rq {
	struct rq *rq;
	int throttle_count;
};

struct sched_entity {
	struct cfs_rq *cfs_rq;
	u64 nr_migrations;
};

struct sched_info {
	unsigned long long last_queued; /* by the run queue's clock; 0: it has a CPU, or sleeps */
};

struct rcu_node {
	unsigned long qsmask;
	int grplo;
	struct rcu_node *parent;
	struct list_head *gp_tasks;
};

struct rcu_data {
	struct rcu_node *mynode;
	int cpu;
};

struct rcu_state {
	unsigned long gp_seq;
	struct task_struct *gp_kthread;
	short gp_state;
	unsigned long n_force_qs;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int __state;
	unsigned int flags;
	int prio;
	int on_rq;
	struct sched_entity se;
	struct sched_info sched_info;
	struct list_head rcu_node_entry;
	unsigned long jobctl;
	int exit_state;
	int pid;
	int tgid;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	unsigned long nvcsw;
	unsigned long nivcsw;
	unsigned long long start_time; /* CLOCK_MONOTONIC */
	char comm[16];
	struct mm_struct *mm;
	struct files_struct *files;
	struct signal_struct *signal;
	void *worker_private;
};

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_map;

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key;
	void *value;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	u32 fd;
	struct file *file;
};

#pragma clang attribute pop

#endif
