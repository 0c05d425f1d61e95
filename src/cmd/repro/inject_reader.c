// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cause "reader": a vCPU call that reads guest memory from inside an SRCU
 * read section, memory whose page userfaultfd withholds. While it sleeps there,
 * a memslot update has to wait for it. Three threads: the reader, the one that
 * serves the page, and the caller, who is the victim.
 *
 * And a reader of plain RCU, which nobody but the kernel can be: a BPF program.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "cmd/repro/inject.h"
#include "cmd/repro/victim.h"
#include "cmd/repro/call_log.h"
#include "kern/holdout.h"

/* A reader that has not touched its page by then never will. */
#define FAULT_TIMEOUT_MS 2000

/* After this the victim is in its wait, and has the mutex. */
#define FOLLOW_DELAY_NS 20000000

/* "hang": one more memslot update, that wants the mutex which the victim holds in its wait. */
struct follower {
	struct machine vm; /* a copy: its own label and failed_call, the same descriptors */
	pid_t tid;
	int ret;
	struct err err;
};

struct reader {
	struct machine vm; /* a copy: the reader's calls carry no victim's label */
	uint64_t gpa;
	uint8_t *page;
	int uffd;
	uint64_t hold_ns;
	const char *name;	      /* of the injection */
	struct follower *follower;    /* NULL: nobody */
	sem_t settled;		      /* posted once: the page was touched, or never will be */
	uint64_t fault_ns, served_ns; /* 0: did not happen */
	pid_t tid;
	int ret;
	uint8_t content[VM_PAGE_BYTES] __attribute__((aligned(VM_PAGE_BYTES)));
};

static void *run_reader(void *arg)
{
	struct reader *reader = arg;

	pthread_setname_np(pthread_self(), "kvmstall-reader");
	reader->tid = gettid();
	reader->ret = machine_run_reader(&reader->vm, reader->gpa);
	return NULL;
}

/* Serving must not fail: a page that never comes is a thread that cannot even be killed off. */
static void serve(struct reader *reader)
{
	struct uffdio_copy copy = {
		.dst = (uintptr_t)reader->page,
		.src = (uintptr_t)reader->content,
		.len = VM_PAGE_BYTES,
	};

	if (!ioctl(reader->uffd, UFFDIO_COPY, &copy))
		return;
	/* Closing would do as well: it wakes whoever sleeps on a page of this range. */
	ioctl(reader->uffd, UFFDIO_UNREGISTER,
	      &(struct uffdio_range){.start = (uintptr_t)reader->page, .len = VM_PAGE_BYTES});
}

static void *run_server(void *arg)
{
	struct reader *reader = arg;
	struct pollfd poll_fd = {.fd = reader->uffd, .events = POLLIN};

	pthread_setname_np(pthread_self(), "kvmstall-server");
	if (poll(&poll_fd, 1, FAULT_TIMEOUT_MS) > 0) {
		reader->fault_ns = clock_now_ns();
		sem_post(&reader->settled);
		clock_sleep_until_ns(reader->fault_ns + reader->hold_ns);
		reader->served_ns = clock_now_ns();
	} else {
		sem_post(&reader->settled);
	}
	serve(reader);
	return NULL;
}

static int open_uffd(struct reader *reader, struct err *err)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register range = {
		.range = {.start = (uintptr_t)reader->page, .len = VM_PAGE_BYTES},
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	reader->uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (reader->uffd < 0)
		return err_cannot(err,
				  "cannot use userfaultfd: %s (run as root; the kernel needs "
				  "CONFIG_USERFAULTFD)",
				  strerror(errno));
	if (ioctl(reader->uffd, UFFDIO_API, &api) || ioctl(reader->uffd, UFFDIO_REGISTER, &range))
		return err_set(err, -errno, "cannot register memory with userfaultfd: %s",
			       strerror(errno));
	return 0;
}

/* The memslot with the page, and a vCPU that will look there. */
static int prepare(struct reader *reader, struct machine *vm, struct err *err)
{
	uint32_t slot = vm->size.memslots;
	int ret = vm->vcpus_cnt ? 0 : machine_create_vcpus(vm);

	reader->gpa = machine_slot_gpa(vm, slot);
	reader->page = machine_slot_mem(vm, slot);
	if (!ret)
		ret = machine_set_slot(vm, slot, reader->gpa, vm->slot_bytes);
	if (!ret)
		ret = machine_prepare_reader(vm, reader->gpa);
	if (ret < 0)
		return victim_error(vm, ret, err);
	machine_fill_reader_page(reader->content);
	reader->vm = *vm;
	return open_uffd(reader, err);
}

static void *run_follower(void *arg)
{
	struct follower *follower = arg;

	pthread_setname_np(pthread_self(), "kvmstall-second");
	follower->tid = gettid();
	clock_sleep_ns(FOLLOW_DELAY_NS);
	follower->ret = victim_update(&follower->vm, 2, "hang", &follower->err);
	return NULL;
}

static int suffer(struct reader *reader, struct machine *vm, struct err *err)
{
	struct follower *follower = reader->follower;
	pthread_t thread;
	int ret = 0;

	if (!follower)
		return victim_update(vm, 1, reader->name, err);
	follower->vm = *vm;
	ret = pthread_create(&thread, NULL, run_follower, follower);
	if (ret)
		return err_set(err, -ret, "cannot start a thread: %s", strerror(ret));
	ret = victim_update(vm, 1, reader->name, err);
	pthread_join(thread, NULL);
	if (!ret && follower->ret) {
		*err = follower->err;
		ret = follower->ret;
	}
	return ret;
}

static int read_and_suffer(struct reader *reader, struct machine *vm, struct err *err)
{
	pthread_t server_thread, reader_thread;
	int ret = pthread_create(&server_thread, NULL, run_server, reader);

	if (ret)
		return err_set(err, -ret, "cannot start a thread: %s", strerror(ret));
	ret = pthread_create(&reader_thread, NULL, run_reader, reader);
	if (ret) {
		pthread_join(server_thread, NULL);
		return err_set(err, -ret, "cannot start a thread: %s", strerror(ret));
	}
	sem_wait(&reader->settled);
	if (reader->fault_ns)
		ret = suffer(reader, vm, err);
	pthread_join(reader_thread, NULL);
	pthread_join(server_thread, NULL);
	if (!reader->fault_ns)
		return reader->ret < 0
			       ? victim_error(&reader->vm, reader->ret, err)
			       : err_cannot(err, "the reader did not touch the withheld page");
	return ret;
}

static int inject(struct machine *vm, uint64_t hold_ns, const char *name, struct follower *follower,
		  struct injection *injection, struct err *err)
{
	struct reader reader = {.uffd = -1, .hold_ns = hold_ns, .name = name, .follower = follower};
	int ret = prepare(&reader, vm, err);

	sem_init(&reader.settled, 0, 0);
	machine_settle(vm);
	if (!ret)
		ret = read_and_suffer(&reader, vm, err);
	if (reader.uffd >= 0)
		close(reader.uffd);
	sem_destroy(&reader.settled);
	injection->begin_ns = reader.fault_ns;
	injection->end_ns = reader.served_ns;
	injection->tid = reader.tid;
	injection->victim_tid = gettid();
	snprintf(injection->detail, sizeof(injection->detail),
		 "thread kvmstall-reader slept on guest page 0x%" PRIx64
		 ", withheld by userfaultfd",
		 reader.gpa);
	return ret;
}

int inject_reader(struct machine *vm, uint64_t hold_ns, struct injection *injection,
		  struct err *err)
{
	return inject(vm, hold_ns, "reader", NULL, injection, err);
}

int inject_hang(struct machine *vm, uint64_t hold_ns, struct injection *injection, struct err *err)
{
	struct follower follower = {.tid = 0};
	int ret = inject(vm, hold_ns, "hang", &follower, injection, err);
	size_t len = strlen(injection->detail);

	snprintf(injection->detail + len, sizeof(injection->detail) - len,
		 ", and tid %d wanted the victim's slots_lock", follower.tid);
	return ret;
}

/* ---- a reader of plain RCU ---- */

struct rcu_reader {
	struct holdout *holdout;
	int cpu;
	_Atomic int ret;
	_Atomic bool is_over;
	pid_t tid;
};

static void *run_rcu_reader(void *arg)
{
	struct rcu_reader *reader = arg;
	cpu_set_t one;
	int ret = 0;

	pthread_setname_np(pthread_self(), "kvmstall-rcu");
	reader->tid = gettid();
	CPU_ZERO(&one);
	CPU_SET(reader->cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		ret = -errno;
	else
		ret = holdout_run(reader->holdout);
	atomic_store(&reader->ret, ret);
	atomic_store(&reader->is_over, true);
	return NULL;
}

/* The last one: the first has most of what is bound to a CPU. */
static int last_cpu(void)
{
	cpu_set_t cpus;
	int cpu = CPU_SETSIZE - 1;

	if (sched_getaffinity(0, sizeof(cpus), &cpus))
		return 0;
	while (cpu && !CPU_ISSET(cpu, &cpus))
		cpu--;
	return cpu;
}

static int hold_and_suffer(struct machine *vm, struct rcu_reader *reader, struct err *err)
{
	pthread_t thread;
	int ret = pthread_create(&thread, NULL, run_rcu_reader, reader);

	if (ret)
		return err_set(err, -ret, "cannot start a thread: %s", strerror(ret));
	while (!holdout_began_ns(reader->holdout) && !atomic_load(&reader->is_over))
		sched_yield();
	vm->injected = "rcu-holdout";
	ret = machine_grow_by_eventfd(vm);
	vm->injected = NULL;
	pthread_join(thread, NULL);
	if (reader->ret)
		return err_cannot(err, "cannot run a BPF program: %s", strerror(-reader->ret));
	return ret < 0 ? victim_error(vm, ret, err) : 0;
}

int inject_rcu_holdout(struct machine *vm, uint64_t hold_ns, struct injection *injection,
		       struct err *err)
{
	struct rcu_reader reader = {.holdout = holdout_new(hold_ns, err), .cpu = last_cpu()};
	cpu_set_t before;
	int ret;

	if (!reader.holdout)
		return -EOPNOTSUPP;
	ret = victim_leave_cpu(reader.cpu, "rcu-holdout", &before, err);
	if (!ret) {
		ret = hold_and_suffer(vm, &reader, err);
		sched_setaffinity(0, sizeof(before), &before);
	}
	injection->begin_ns = holdout_began_ns(reader.holdout);
	injection->end_ns = holdout_ended_ns(reader.holdout);
	injection->tid = reader.tid;
	injection->victim_tid = gettid();
	snprintf(injection->detail, sizeof(injection->detail),
		 "thread %d kept CPU %d inside rcu_read_lock(); meanwhile a table of descriptors "
		 "grew",
		 reader.tid, reader.cpu);
	holdout_free(reader.holdout);
	return ret;
}
