// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/repro/inject.h"
#include "cmd/repro/victim.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "cmd/repro/call_log.h"

/* The second thread's head start for the first: into its wait, well before the wait's end. */
#define LOCK_DELAY_NS 300000

/* RT throttling and the fair server step in after 950 ms: stay below. */
#define SPIN_MAX_NS 500000000ULL
#define HOLD_MAX_NS 10000000000ULL

/* Callbacks of small SRCU domains run on the boot CPU (srcutree.c, SRCU_SIZE_SMALL). */
#define BOOT_CPU 0

/* A normal grace period, started a few microseconds before the memslot update that wants its end.
 */
static int inject_normal_gp(struct machine *vm, uint64_t hold_ns, struct injection *injection,
			    struct err *err)
{
	int ret;

	(void)hold_ns;
	machine_settle(vm);
	injection->begin_ns = clock_now_ns();
	injection->tid = injection->victim_tid = gettid();
	ret = machine_assign_ioeventfd(vm);
	if (ret < 0)
		return victim_error(vm, ret, err);
	ret = victim_update(vm, 0, "normal-gp", err);
	injection->end_ns = clock_now_ns();
	snprintf(injection->detail, sizeof(injection->detail),
		 "KVM_IOEVENTFD started a normal grace period right before the memslot update");
	return ret;
}

/* The control: nothing to do, the order of the steps is the injection. */
static int inject_none(struct machine *vm, uint64_t hold_ns, struct injection *injection,
		       struct err *err)
{
	(void)vm;
	(void)hold_ns;
	(void)err;
	injection->end_ns = clock_now_ns();
	injection->tid = injection->victim_tid = gettid();
	snprintf(injection->detail, sizeof(injection->detail),
		 "control: memslots before devices, so that no grace period is outstanding");
	return 0;
}

struct second {
	struct machine vm; /* a copy: its own label and failed_call, the same descriptors */
	_Atomic uint64_t *first_ns;
	pid_t tid;
	uint64_t begin_ns;
	int ret;
	struct err err;
};

/* Wait for the first thread to be inside its wait, then want the mutex that it holds. */
static void *run_second(void *arg)
{
	struct second *second = arg;
	uint64_t first_ns;

	pthread_setname_np(pthread_self(), "kvmstall-second");
	second->tid = gettid();
	while (!(first_ns = atomic_load(second->first_ns)))
		sched_yield();
	while (clock_now_ns() < first_ns + LOCK_DELAY_NS)
		clock_sleep_ns(LOCK_DELAY_NS / 6);
	second->begin_ns = clock_now_ns();
	second->ret = victim_update(&second->vm, 1, "lock", &second->err);
	return NULL;
}

/*
 * Two memslot updates of one VM: both want kvm->slots_lock, and the first keeps
 * it for as long as it waits for the grace period that the ioeventfd started.
 */
static int inject_lock(struct machine *vm, uint64_t hold_ns, struct injection *injection,
		       struct err *err)
{
	_Atomic uint64_t first_ns = 0;
	struct second second = {.vm = *vm, .first_ns = &first_ns};
	pthread_t thread;
	int ret;

	(void)hold_ns;
	machine_settle(vm);
	ret = pthread_create(&thread, NULL, run_second, &second);
	if (ret)
		return err_set(err, -ret, "cannot start a thread: %s", strerror(ret));
	ret = machine_assign_ioeventfd(vm);
	injection->begin_ns = clock_now_ns();
	atomic_store(&first_ns, injection->begin_ns);
	if (ret < 0)
		victim_error(vm, ret, err);
	else
		ret = victim_update(vm, 0, "normal-gp", err);
	injection->end_ns = clock_now_ns();
	pthread_join(thread, NULL);
	injection->tid = gettid();
	injection->victim_tid = second.tid;
	snprintf(injection->detail, sizeof(injection->detail),
		 "tid %d held slots_lock in its wait, tid %d wanted it %" PRIu64 "us later%s",
		 injection->tid, second.tid, (second.begin_ns - injection->begin_ns) / 1000,
		 second.begin_ns < injection->end_ns ? "" : " (too late: no overlap)");
	if (!ret && second.ret) {
		*err = second.err;
		ret = second.ret;
	}
	return ret;
}

struct spinner {
	uint64_t hold_ns;
	_Atomic uint64_t begin_ns; /* 0: not spinning yet */
	_Atomic int ret;	   /* negative: it could not */
	uint64_t end_ns;
	pid_t tid;
};

static int become_fifo(int cpu)
{
	struct sched_param param = {.sched_priority = 1};
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) || sched_setscheduler(0, SCHED_FIFO, &param))
		return -errno;
	return 0;
}

static void *run_spinner(void *arg)
{
	struct spinner *spinner = arg;
	uint64_t begin_ns;
	int ret;

	pthread_setname_np(pthread_self(), "kvmstall-spin");
	spinner->tid = gettid();
	ret = become_fifo(BOOT_CPU);
	if (ret) {
		atomic_store(&spinner->ret, ret);
		return NULL;
	}
	begin_ns = clock_now_ns();
	atomic_store(&spinner->begin_ns, begin_ns);
	while ((spinner->end_ns = clock_now_ns()) < begin_ns + spinner->hold_ns)
		;
	return NULL;
}

/* @suffer is what waits meanwhile. */
static int spin_and_suffer(struct machine *vm, struct spinner *spinner,
			   int (*suffer)(struct machine *vm, struct err *err), struct err *err)
{
	pthread_t thread;
	int ret = pthread_create(&thread, NULL, run_spinner, spinner);

	if (ret)
		return err_set(err, -ret, "cannot start a thread: %s", strerror(ret));
	while (!atomic_load(&spinner->begin_ns) && !(ret = atomic_load(&spinner->ret)))
		sched_yield();
	if (ret)
		err_cannot(err, "cannot run a SCHED_FIFO thread on CPU %d: %s (CAP_SYS_NICE)",
			   BOOT_CPU, strerror(-ret));
	else
		ret = suffer(vm, err);
	pthread_join(thread, NULL);
	return ret;
}

static int suffer_kworker(struct machine *vm, struct err *err)
{
	return victim_update(vm, 0, "kworker", err);
}

/* What it did, to this thread. */
static void note_spinner(struct injection *injection, const struct spinner *spinner)
{
	injection->begin_ns = spinner->begin_ns;
	injection->end_ns = spinner->end_ns;
	injection->tid = spinner->tid;
	injection->victim_tid = gettid();
}

/* A real-time thread keeps the boot CPU, whose kworker has to run the callbacks. */
static int inject_kworker(struct machine *vm, uint64_t hold_ns, struct injection *injection,
			  struct err *err)
{
	struct spinner spinner = {.hold_ns = hold_ns};
	cpu_set_t before;
	int ret;

	machine_settle(vm);
	ret = victim_leave_cpu(BOOT_CPU, "kworker", &before, err);
	if (ret)
		return ret;
	ret = spin_and_suffer(vm, &spinner, suffer_kworker, err);
	sched_setaffinity(0, sizeof(before), &before);
	note_spinner(injection, &spinner);
	snprintf(injection->detail, sizeof(injection->detail),
		 "SCHED_FIFO thread %d kept CPU %d, where SRCU callbacks run", spinner.tid,
		 BOOT_CPU);
	return ret;
}

/* ---- callbacks of plain RCU ---- */

#define KTHREADS_MAX 256

/* Threads of the kernel that were moved, and where they were. */
struct moved {
	size_t cnt;
	pid_t tids[KTHREADS_MAX];
	cpu_set_t before[KTHREADS_MAX];
};

static bool is_named(const char *pid, const char *const *names)
{
	char path[64], comm[32] = "";
	_fclose_ FILE *file = NULL;

	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	file = fopen(path, "re");
	if (!file || !fgets(comm, sizeof(comm), file))
		return false;
	for (; *names; names++)
		if (!strncmp(comm, *names, strlen(*names)))
			return true;
	return false;
}

/* All threads of the kernel whose names begin with one of @names. */
static void move_kthreads(struct moved *moved, const char *const *names, const cpu_set_t *cpus)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	pid_t tid;

	while (dir && moved->cnt < KTHREADS_MAX && (entry = readdir(dir))) {
		tid = (pid_t)atoi(entry->d_name);
		if (tid <= 0 || !is_named(entry->d_name, names) ||
		    sched_getaffinity(tid, sizeof(*cpus), &moved->before[moved->cnt]) ||
		    sched_setaffinity(tid, sizeof(*cpus), cpus))
			continue;
		moved->tids[moved->cnt++] = tid;
	}
	if (dir)
		closedir(dir);
}

static void move_back(const struct moved *moved)
{
	for (size_t i = 0; i < moved->cnt; i++)
		sched_setaffinity(moved->tids[i], sizeof(moved->before[i]), &moved->before[i]);
}

/*
 * What runs callbacks for CPUs that run none themselves (rcu_nocbs=) goes to the boot CPU, as on
 * hosts that keep the others for VMs; what makes the grace periods goes where it is not disturbed.
 */
static int move_rcuo(struct moved *moved, struct err *err)
{
	static const char *const runners[] = {"rcuop/", "rcuos/", NULL};
	static const char *const makers[] = {"rcuog/", "rcu_preempt", "rcu_sched", NULL};
	cpu_set_t boot, others;
	size_t cnt;

	CPU_ZERO(&boot);
	CPU_SET(BOOT_CPU, &boot);
	move_kthreads(moved, runners, &boot);
	cnt = moved->cnt;
	if (!cnt || sched_getaffinity(0, sizeof(others), &others))
		return err_cannot(err, "no thread runs RCU's callbacks on this host: it was not "
				       "booted with rcu_nocbs=all");
	move_kthreads(moved, makers, &others);
	return 0;
}

/* Else RCU's kthread wakes who waits, without a callback. */
static int needs_callbacks(struct err *err)
{
	_fclose_ FILE *file = fopen("/sys/module/rcutree/parameters/rcu_normal_wake_from_gp", "re");
	int value = file ? fgetc(file) : '0';

	return value == '0' ? 0
			    : err_cannot(err, "who waits for RCU needs no callback here: "
					      "rcutree.rcu_normal_wake_from_gp is on");
}

/* A table of descriptors grows in a call that suffers from @name. */
static int grow_table(struct machine *vm, const char *name, struct err *err)
{
	int ret;

	vm->injected = name;
	ret = machine_grow_by_eventfd(vm);
	vm->injected = NULL;
	return ret < 0 ? victim_error(vm, ret, err) : 0;
}

static int suffer_rcu_callbacks(struct machine *vm, struct err *err)
{
	return grow_table(vm, "rcu-callbacks", err);
}

/* Nothing but that: two threads share it (fs/file.c, expand_fdtable()). */
static int inject_rcu_fdtable(struct machine *vm, uint64_t hold_ns, struct injection *injection,
			      struct err *err)
{
	int ret;

	(void)hold_ns;
	injection->tid = injection->victim_tid = gettid();
	injection->begin_ns = clock_now_ns();
	ret = grow_table(vm, "rcu-fdtable", err);
	injection->end_ns = clock_now_ns();
	snprintf(injection->detail, sizeof(injection->detail),
		 "a table of descriptors that two threads share was full, and grew");
	return ret;
}

/* A real-time thread keeps the boot CPU, where RCU's callbacks are to run; a table of descriptors
 * grows. */
static int inject_rcu_callbacks(struct machine *vm, uint64_t hold_ns, struct injection *injection,
				struct err *err)
{
	struct spinner spinner = {.hold_ns = hold_ns};
	struct moved moved = {.cnt = 0};
	cpu_set_t before;
	int ret = needs_callbacks(err);

	if (!ret)
		ret = victim_leave_cpu(BOOT_CPU, "rcu-callbacks", &before, err);
	if (ret)
		return ret;
	ret = move_rcuo(&moved, err);
	if (!ret)
		ret = spin_and_suffer(vm, &spinner, suffer_rcu_callbacks, err);
	move_back(&moved);
	sched_setaffinity(0, sizeof(before), &before);
	note_spinner(injection, &spinner);
	snprintf(injection->detail, sizeof(injection->detail),
		 "SCHED_FIFO thread %d kept CPU %d, where RCU's callbacks are to run; meanwhile a "
		 "table of descriptors grew",
		 spinner.tid, BOOT_CPU);
	return ret;
}

/* ---- mmap_lock ---- */

/* The zero page, everywhere: page tables alone, whose every entry mprotect() changes. */
#define MAPPING_BYTES (512UL << 20)

/* Into the middle of one change, which takes some ms. */
#define MAPPING_DELAY_NS 2000000

struct changer {
	void *mem;
	_Atomic pid_t tid; /* 0: not begun */
	_Atomic bool is_over;
};

static int map_zeroes(struct changer *changer, struct err *err)
{
	long page = sysconf(_SC_PAGESIZE);

	changer->mem = mmap(NULL, MAPPING_BYTES, PROT_READ,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (changer->mem == MAP_FAILED)
		return err_set(err, -errno, "cannot map memory: %s", strerror(errno));
	madvise(changer->mem, MAPPING_BYTES, MADV_NOHUGEPAGE); /* or not: then it has none */
	for (size_t i = 0; i < MAPPING_BYTES; i += page)
		(void)*(volatile char *)((char *)changer->mem + i);
	return 0;
}

static void *run_changer(void *arg)
{
	struct changer *changer = arg;

	pthread_setname_np(pthread_self(), "kvmstall-mmap");
	atomic_store(&changer->tid, gettid());
	for (int i = 0; !atomic_load(&changer->is_over); i++)
		mprotect(changer->mem, MAPPING_BYTES, i % 2 ? PROT_READ : PROT_NONE);
	return NULL;
}

/* On one CPU, so that who wants the lock does not spin for it: its holder is not running then. */
static int stay_on_cpu(cpu_set_t *before, struct err *err)
{
	cpu_set_t one;
	int cpu = sched_getcpu();

	CPU_ZERO(&one);
	CPU_SET(cpu < 0 ? 0 : cpu, &one);
	if (sched_getaffinity(0, sizeof(*before), before) ||
	    sched_setaffinity(0, sizeof(one), &one))
		return err_set(err, -errno, "cannot stay on a CPU: %s", strerror(errno));
	return 0;
}

static int change_and_suffer(struct machine *vm, struct changer *changer,
			     struct injection *injection, struct err *err)
{
	pthread_t thread;
	int ret = pthread_create(&thread, NULL, run_changer, changer);

	if (ret)
		return err_set(err, -ret, "cannot start a thread: %s", strerror(ret));
	while (!atomic_load(&changer->tid))
		sched_yield();
	injection->begin_ns = clock_now_ns();
	ret = victim_vm(vm, "mmap-lock", NULL, MAPPING_DELAY_NS, err);
	injection->end_ns = clock_now_ns();
	atomic_store(&changer->is_over, true);
	pthread_join(thread, NULL);
	injection->tid = atomic_load(&changer->tid);
	return ret;
}

/* A thread changes the address space again and again, and KVM_CREATE_VM wants to register with it.
 */
static int inject_mmap_lock(struct machine *vm, uint64_t hold_ns, struct injection *injection,
			    struct err *err)
{
	struct changer changer = {.tid = 0};
	cpu_set_t before;
	int ret = map_zeroes(&changer, err);

	(void)hold_ns;
	if (ret)
		return ret;
	ret = stay_on_cpu(&before, err);
	if (!ret) {
		ret = change_and_suffer(vm, &changer, injection, err);
		sched_setaffinity(0, sizeof(before), &before);
	}
	munmap(changer.mem, MAPPING_BYTES);
	injection->victim_tid = gettid();
	snprintf(
		injection->detail, sizeof(injection->detail),
		"thread %d changed the protection of %lu MiB again and again, with mmap_lock held; "
		"a second VM was made",
		injection->tid, MAPPING_BYTES >> 20);
	return ret;
}

const char *const inject_names[] = {"reader",	    "lock",	 "kworker",	"normal-gp",
				    "mmu-notifier", "none",	 "hang",	"notifier-reader",
				    "invalidation", "mmap-lock", "rcu-holdout", "rcu-callbacks",
				    "rcu-fdtable",  NULL};

const struct inject injects[] = {
	{.name = "reader",
	 .expects = "reader",
	 .order = ORDER_OWN,
	 .max_hold_ns = HOLD_MAX_NS,
	 .run = inject_reader},
	{.name = "lock", .expects = "lock", .order = ORDER_OWN, .run = inject_lock},
	{.name = "kworker",
	 .expects = "kworker",
	 .order = ORDER_OWN,
	 .max_hold_ns = SPIN_MAX_NS,
	 .run = inject_kworker},
	{.name = "normal-gp", .expects = "gp-timer", .order = ORDER_OWN, .run = inject_normal_gp},
	{.name = "mmu-notifier",
	 .expects = "gp-timer",
	 .order = ORDER_OWN,
	 .end = PROFILE_END_EXIT_TOGETHER,
	 .vms = 16},
	{.name = "none", .expects = "run", .order = ORDER_MEMSLOTS_FIRST, .run = inject_none},
	{.name = "hang",
	 .expects = "reader",
	 .order = ORDER_OWN,
	 .max_hold_ns = HOLD_MAX_NS,
	 .run = inject_hang},
	{.name = "notifier-reader",
	 .expects = "reader",
	 .order = ORDER_OWN,
	 .run = inject_notifier_reader},
	{.name = "invalidation",
	 .expects = "invalidation",
	 .order = ORDER_OWN,
	 .max_hold_ns = HOLD_MAX_NS,
	 .run = inject_invalidation},
	{.name = "mmap-lock", .expects = "lock", .order = ORDER_OWN, .run = inject_mmap_lock},
	{.name = "rcu-holdout",
	 .expects = "rcu",
	 .order = ORDER_OWN,
	 .max_hold_ns = SPIN_MAX_NS,
	 .run = inject_rcu_holdout},
	{.name = "rcu-callbacks",
	 .expects = "rcu",
	 .order = ORDER_OWN,
	 .max_hold_ns = SPIN_MAX_NS,
	 .run = inject_rcu_callbacks},
	{.name = "rcu-fdtable", .expects = "rcu", .order = ORDER_OWN, .run = inject_rcu_fdtable},
};
