// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hang, as the kernel's own structures show it: read when asked for, not traced. A list is walked
 * without its lock, so for a bounded number of items, and what changes meanwhile may be torn.
 */
#include "core.bpf.h"

#include <kvmstall/hang_records.h>

char LICENSE[] SEC("license") = "GPL";

/* include/linux/sched.h */
#define TASK_UNINTERRUPTIBLE 0x002
#define TASK_NOLOAD	     0x400
#define PF_WQ_WORKER	     0x20

/* include/linux/workqueue.h: of work_struct.data, and MUTEX_FLAGS of kernel/locking/mutex.c */
#define WORK_PENDING 1ULL
#define WORK_PWQ     4ULL
#define WORK_FLAGS   0xffULL
#define MUTEX_FLAGS  7ULL

/*
 * v6.17 (include/linux/sched.h): the mutex that a task waits for is always there. Before, and with
 * CONFIG_DEBUG_MUTEXES, it is a mutex_waiter, if anything.
 */
struct task_struct___v6_17 {
	struct mutex *blocked_on;
} __attribute__((preserve_access_index));

struct mutex_waiter___debug {
	void *magic;
} __attribute__((preserve_access_index));

/* When a pool last took a work (kernel/workqueue.c): 7.3 has another name for it. */
struct worker_pool___pre_v7_3 {
	unsigned long watchdog_ts;
} __attribute__((preserve_access_index));

struct worker_pool___v7_3 {
	unsigned long last_progress_ts;
} __attribute__((preserve_access_index));

/* Without CONFIG_SCHED_INFO it is not there. */
struct task_struct___info {
	struct {
		unsigned long long last_arrival;
	} sched_info;
} __attribute__((preserve_access_index));

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ks_dump_task);
} scratch SEC(".maps");

/* As the reader's PID namespace numbers it; 0: it is not in there. */
static __always_inline __u32 shown_tid(struct task_struct *task)
{
	struct pid *own = BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), thread_pid);
	struct pid *its = BPF_CORE_READ(task, thread_pid);
	__u32 level = BPF_CORE_READ(own, level);
	__u64 at = bpf_core_field_offset(struct pid, numbers) +
		   level * bpf_core_type_size(struct upid);
	struct upid *mine = (void *)own + at, *theirs = (void *)its + at;

	if (BPF_CORE_READ(its, level) < level ||
	    BPF_CORE_READ(theirs, ns) != BPF_CORE_READ(mine, ns))
		return 0;
	return BPF_CORE_READ(theirs, nr);
}

static __always_inline __u64 ran_ns(struct task_struct *task)
{
	struct task_struct___info *its = (void *)task;

	return bpf_core_field_exists(its->sched_info) ? BPF_CORE_READ(its, sched_info.last_arrival)
						      : 0;
}

static __always_inline struct task_struct *mutex_owner(struct mutex *lock)
{
	return (void *)(BPF_CORE_READ(lock, owner.counter) & ~MUTEX_FLAGS);
}

static __always_inline void fill_lock(struct ks_dump_task *rec, struct task_struct *task)
{
	struct task_struct___v6_17 *its = (void *)task;
	struct mutex_waiter___debug *waiter = NULL;
	struct task_struct *owner;

	if (!bpf_core_field_exists(its->blocked_on) || bpf_core_field_exists(waiter->magic))
		return;
	rec->lock = (__u64)BPF_CORE_READ(its, blocked_on);
	owner = rec->lock ? mutex_owner((void *)rec->lock) : NULL;
	if (!owner)
		return;
	rec->owner_tid = shown_tid(owner);
	BPF_CORE_READ_STR_INTO(&rec->owner_comm, owner, comm);
}

static __always_inline void fill_worker(struct ks_dump_task *rec, struct task_struct *task)
{
	struct kthread *kthread = BPF_CORE_READ(task, worker_private);
	struct worker *worker = BPF_CORE_READ(kthread, data);
	struct pool_workqueue *pwq = BPF_CORE_READ(worker, current_pwq);

	rec->flags |= KS_DUMP_WORKER;
	rec->pool = (__u64)BPF_CORE_READ(worker, pool);
	rec->work = (__u64)BPF_CORE_READ(worker, current_work);
	rec->func = (__u64)BPF_CORE_READ(worker, current_func);
	if (BPF_CORE_READ(worker, sleeping))
		rec->flags |= KS_DUMP_SLEEPING;
	if (pwq)
		BPF_CORE_READ_STR_INTO(&rec->queue, pwq, wq, name);
}

/* Who may hold a domain, or a mutex: also one that waits for a user fault, or runs. */
__u32 wanted[KS_DUMP_WANTED];

static __always_inline bool is_wanted(__u32 tid)
{
	for (int i = 0; i < KS_DUMP_WANTED; i++)
		if (tid && wanted[i] == tid)
			return true;
	return false;
}

SEC("iter/task")
int dump_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct ks_dump_task *rec;
	__u32 zero = 0, state;
	bool is_worker;
	long len;

	if (!task)
		return 0;
	state = task->__state;
	is_worker = task->flags & PF_WQ_WORKER;
	if (!is_worker && (!(state & TASK_UNINTERRUPTIBLE) || state & TASK_NOLOAD) &&
	    !is_wanted(shown_tid(task)))
		return 0;
	rec = bpf_map_lookup_elem(&scratch, &zero);
	if (!rec)
		return 0;
	__builtin_memset(rec, 0, sizeof(*rec));
	rec->tid = shown_tid(task);
	rec->tgid = shown_tid(BPF_CORE_READ(task, group_leader));
	rec->state = state;
	rec->ran_ns = ran_ns(task);
	BPF_CORE_READ_STR_INTO(&rec->comm, task, comm);
	if (is_worker)
		fill_worker(rec, task);
	fill_lock(rec, task);
	len = bpf_get_task_stack(task, rec->stack, sizeof(rec->stack), 0);
	rec->frames = len > 0 ? len / sizeof(__u64) : 0;
	bpf_seq_write(ctx->meta->seq, rec, sizeof(*rec));
	return 0;
}

/* ---- userfaultfd: who is to serve the page that a task waits for ---- */

/* fs/userfaultfd.c new_userfaultfd(): its files are called "[userfaultfd]". */
#define NAME_FIRST 0x756166726573755bULL
#define NAME_LAST  0x0000005d6466746cULL

static __always_inline bool is_userfaultfd(struct file *file)
{
	const unsigned char *at = BPF_CORE_READ(file, f_path.dentry, d_name.name);
	__u64 name[2] = {0};

	bpf_probe_read_kernel_str(name, sizeof(name), at);
	return name[0] == NAME_FIRST && name[1] == NAME_LAST;
}

/* handle_userfault() gives its entry of the queue the task. */
static __always_inline void put_faults(struct seq_file *seq, struct ks_dump_fault *rec,
				       struct wait_queue_head *queue)
{
	struct list_head *head =
		(void *)queue + bpf_core_field_offset(struct wait_queue_head, head);
	struct list_head *at = BPF_CORE_READ(head, next);
	struct wait_queue_entry *entry;
	struct task_struct *task;

	for (int i = 0; i < KS_DUMP_FAULTS; i++) {
		if (!at || at == head)
			break;
		entry = (void *)at - bpf_core_field_offset(struct wait_queue_entry, entry);
		task = BPF_CORE_READ(entry, private);
		rec->tid = shown_tid(task);
		rec->tgid = shown_tid(BPF_CORE_READ(task, group_leader));
		bpf_seq_write(seq, rec, sizeof(*rec));
		at = BPF_CORE_READ(at, next);
	}
}

static __always_inline bool is_empty(struct wait_queue_head *queue)
{
	struct list_head *head =
		(void *)queue + bpf_core_field_offset(struct wait_queue_head, head);

	return BPF_CORE_READ(head, next) == head;
}

SEC("iter/task_file")
int dump_faults(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct ks_dump_fault rec = {0};
	struct userfaultfd_ctx *uffd;

	if (!task || !file || !bpf_core_type_exists(struct userfaultfd_ctx) ||
	    !is_userfaultfd(file))
		return 0;
	uffd = BPF_CORE_READ(file, private_data);
	rec.server = shown_tid(BPF_CORE_READ(task, group_leader));
	rec.threads = BPF_CORE_READ(task, signal, nr_threads);
	rec.is_polled = !is_empty(&uffd->fd_wqh);
	BPF_CORE_READ_STR_INTO(&rec.comm, task, group_leader, comm);
	put_faults(ctx->meta->seq, &rec, &uffd->fault_pending_wqh);
	put_faults(ctx->meta->seq, &rec, &uffd->fault_wqh);
	return 0;
}

/* ---- asked for by BPF_PROG_TEST_RUN; question and answer are here, since no helper writes to a
 * context ---- */

struct ks_dump_domain domain;
struct ks_dump_pool queue;
struct ks_dump_vm vm;
struct ks_dump_clock moment;

static __always_inline __u64 process_work(__u64 sup)
{
	if (bpf_core_type_exists(struct srcu_usage))
		return sup + bpf_core_field_offset(struct srcu_usage, work);
	return sup + bpf_core_field_offset(struct srcu_struct___pre_v6_4, work);
}

static __always_inline __u64 pool_progress(struct worker_pool *pool)
{
	struct worker_pool___pre_v7_3 *before = (void *)pool;
	struct worker_pool___v7_3 *after = (void *)pool;

	if (bpf_core_field_exists(before->watchdog_ts))
		return BPF_CORE_READ(before, watchdog_ts);
	return bpf_core_field_exists(after->last_progress_ts)
		       ? BPF_CORE_READ(after, last_progress_ts)
		       : 0;
}

/* srcu_invoke_callbacks() has one a CPU and domain. */
static __always_inline __u64 callbacks_ssp(struct work_struct *work)
{
	struct srcu_data *sdp = (void *)work - bpf_core_field_offset(struct srcu_data, work);

	return (__u64)BPF_CORE_READ(sdp, ssp);
}

/* How many works are in the list, and what the first are. */
static __always_inline __u32 count_works(struct list_head *head)
{
	struct list_head *at = BPF_CORE_READ(head, next);
	__u32 cnt = 0;

	for (int i = 0; i < KS_DUMP_WALK; i++) {
		if (!at || at == head)
			break;
		at = BPF_CORE_READ(at, next);
		cnt++;
	}
	return cnt;
}

SEC("syscall")
int dump_domain(void *ctx)
{
	__u64 sup = srcu_sup(domain.ssp), data;
	struct work_struct *work = (void *)process_work(sup);
	struct pool_workqueue *pwq;

	domain.seq = sup_seq(sup);
	domain.needed = sup_needed(sup);
	domain.begin = sup_gp_start(sup);
	domain.expires = sup_expires(sup);
	domain.work = (__u64)work;
	data = BPF_CORE_READ(work, data.counter);
	domain.func = (__u64)BPF_CORE_READ(work, func);
	domain.is_pending = data & WORK_PENDING;
	if (!(data & WORK_PWQ))
		return 0;
	pwq = (void *)(data & ~WORK_FLAGS);
	domain.pool = (__u64)BPF_CORE_READ(pwq, pool);
	domain.active = BPF_CORE_READ(pwq, nr_active);
	domain.inactive = count_works((void *)pwq +
				      bpf_core_field_offset(struct pool_workqueue, inactive_works));
	BPF_CORE_READ_STR_INTO(&domain.queue, pwq, wq, name);
	return 0;
}

SEC("syscall")
int dump_pool(void *ctx)
{
	struct worker_pool *pool = (void *)queue.pool;
	struct list_head *head = (void *)pool + bpf_core_field_offset(struct worker_pool, worklist);
	struct list_head *at = BPF_CORE_READ(head, next);
	struct work_struct *work;

	queue.cpu = BPF_CORE_READ(pool, cpu);
	queue.id = BPF_CORE_READ(pool, id);
	queue.workers = BPF_CORE_READ(pool, nr_workers);
	queue.idle = BPF_CORE_READ(pool, nr_idle);
	queue.running = BPF_CORE_READ(pool, nr_running);
	queue.watchdog = pool_progress(pool);
	queue.pending = count_works(head);
	for (int i = 0; i < KS_DUMP_WORKS; i++) {
		if (!at || at == head)
			break;
		work = (void *)at - bpf_core_field_offset(struct work_struct, entry);
		queue.works[i].work = (__u64)work;
		queue.works[i].func = (__u64)BPF_CORE_READ(work, func);
		queue.works[i].ssp = callbacks_ssp(work);
		queue.kept = i + 1;
		at = BPF_CORE_READ(at, next);
	}
	return 0;
}

static __always_inline void fill_vm_lock(__u32 i, __u64 off)
{
	struct task_struct *owner = mutex_owner((void *)(vm.kvm + off));

	vm.locks[i].lock = vm.kvm + off;
	if (!owner)
		return;
	vm.locks[i].owner_tid = shown_tid(owner);
	BPF_CORE_READ_STR_INTO(&vm.locks[i].owner_comm, owner, comm);
}

SEC("syscall")
int dump_vm(void *ctx)
{
	__u32 i = 0;

#define X(name) fill_vm_lock(i++, bpf_core_field_offset(struct kvm, name));
	KS_DUMP_LOCKS(X)
#undef X
	return 0;
}

SEC("syscall")
int dump_clock(void *ctx)
{
	moment.ran_ns = ran_ns((struct task_struct *)bpf_get_current_task());
	moment.now_ns = bpf_ktime_get_ns();
	moment.jiffies = bpf_jiffies64();
	return 0;
}
