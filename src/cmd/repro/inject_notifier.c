// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cause "reader" on the domain that all VMs of a host share: another process, with a VM of its
 * own, gives its guest memory back to the kernel again and again. Each time the kernel tells KVM to
 * unmap it, inside the read section of mmu_notifier's domain, and the larger the memory, the longer
 * that takes. The caller ends a VM meanwhile, which waits for that domain's readers.
 *
 * And the cause "invalidation": two threads do the same to memory of the caller's own VM, so that
 * one always begins before the other has ended, and the caller adds a memory slot.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "cmd/repro/call_log.h"
#include "cmd/repro/inject.h"
#include "cmd/repro/victim.h"

/*
 * Nobody touches this memory. But KVM without two-dimensional paging keeps 8 bytes for each of its
 * pages, and reads them all: 256 MiB, some 30 ms. Where there is less memory, half of it, or less.
 */
#define MEMORY_MAX (128ULL << 30)
#define MEMORY_MIN (1ULL << 30)
#define MEMORY_GPA (64ULL << 30) /* beyond all slots of a profile, within 40 bits */

/* Shorter ones no tool can see: nobody is sought before 2 ms. */
#define INVALIDATION_MIN_NS 5000000

/* What the other process says once it is ready. */
struct ready {
	uint64_t ns; /* that one invalidation took; 0: .error */
	uint64_t bytes;
	int error;
};

static uint8_t *map_memory(int vm, uint32_t slot, uint64_t bytes)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot, .guest_phys_addr = MEMORY_GPA, .memory_size = bytes};
	uint8_t *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (mem == MAP_FAILED)
		return NULL;
	region.userspace_addr = (uintptr_t)mem;
	if (!ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region))
		return mem;
	munmap(mem, bytes);
	return NULL;
}

static uint64_t invalidate(uint8_t *mem, uint64_t bytes)
{
	uint64_t begin_ns = clock_now_ns();

	madvise(mem, bytes, MADV_DONTNEED);
	return clock_now_ns() - begin_ns;
}

/* As much as there is, and how long its invalidation takes. */
static uint8_t *map_most(int vm, uint32_t slot, struct ready *ready)
{
	uint8_t *mem = NULL;

	ready->bytes = MEMORY_MAX;
	while (ready->bytes >= MEMORY_MIN && !(mem = map_memory(vm, slot, ready->bytes)))
		ready->bytes /= 2;
	ready->error = errno;
	if (mem)
		ready->ns = invalidate(mem, ready->bytes);
	return mem;
}

/* The other process, until it is killed. */
static _Noreturn void run_other(int ready_fd)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	struct ready ready = {.error = errno};
	uint8_t *mem;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pthread_setname_np(pthread_self(), "kvmstall-unmap");
	mem = vm < 0 ? NULL : map_most(vm, 0, &ready);
	if (write(ready_fd, &ready, sizeof(ready)) != sizeof(ready) || !mem)
		_exit(1);
	for (;;)
		invalidate(mem, ready.bytes);
}

static pid_t start_other(struct ready *ready, struct err *err)
{
	int fds[2];
	ssize_t len;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return err_set(err, -errno, "cannot make a pipe: %s", strerror(errno));
	pid = fork();
	if (!pid)
		run_other(fds[1]);
	close(fds[1]);
	len = pid < 0 ? 0 : read(fds[0], ready, sizeof(*ready));
	close(fds[0]);
	if (pid < 0)
		return err_set(err, -errno, "cannot start a process: %s", strerror(errno));
	if (len != sizeof(*ready))
		*ready = (struct ready){.error = EPIPE};
	return pid;
}

static int check_time(const struct ready *ready, struct err *err)
{
	if (!ready->ns)
		return err_cannot(err, "cannot map guest memory: %s", strerror(ready->error));
	if (ready->ns >= INVALIDATION_MIN_NS)
		return 0;
	return err_cannot(err,
			  "this kernel unmaps %" PRIu64 " GiB in %" PRIu64 "us: with EPT, NPT or "
			  "stage 2, what no guest has touched costs nothing",
			  ready->bytes >> 30, ready->ns / 1000);
}

static int read_and_suffer(const struct machine *vm, const struct ready *ready, struct err *err)
{
	int ret = check_time(ready, err);

	return ret ? ret : victim_vm(vm, NULL, "notifier-reader", 0, err);
}

int inject_notifier_reader(struct machine *vm, uint64_t hold_ns, struct injection *injection,
			   struct err *err)
{
	struct ready ready = {0};
	pid_t pid = start_other(&ready, err);
	int ret;

	(void)hold_ns;
	if (pid < 0)
		return pid;
	injection->begin_ns = clock_now_ns();
	ret = read_and_suffer(vm, &ready, err);
	injection->end_ns = clock_now_ns();
	injection->tid = pid;
	injection->victim_tid = gettid();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	snprintf(injection->detail, sizeof(injection->detail),
		 "process %d unmaps %" PRIu64 " GiB of its VM again and again, %" PRIu64
		 "us each; another VM ends",
		 pid, ready.bytes >> 30, ready.ns / 1000);
	return ret;
}

/* ---- memory slots that wait for invalidations ---- */

#define UNMAPPERS 2

struct unmapper {
	uint8_t *mem;
	uint64_t bytes;
	_Atomic uint64_t until_ns; /* 0: not said yet */
	_Atomic uint32_t begun;	   /* threads that have unmapped it once */
	_Atomic pid_t tid;	   /* one of them */
};

static void *run_unmapper(void *arg)
{
	struct unmapper *unmapper = arg;
	uint64_t until_ns;

	pthread_setname_np(pthread_self(), "kvmstall-unmap");
	invalidate(unmapper->mem, unmapper->bytes);
	atomic_store(&unmapper->tid, gettid());
	atomic_fetch_add(&unmapper->begun, 1);
	do
		invalidate(unmapper->mem, unmapper->bytes);
	while (!(until_ns = atomic_load(&unmapper->until_ns)) || clock_now_ns() < until_ns);
	return NULL;
}

static int unmap_and_update(struct machine *vm, struct unmapper *unmapper, uint64_t hold_ns,
			    struct injection *injection, struct err *err)
{
	pthread_t threads[UNMAPPERS];
	size_t cnt = 0;
	int ret = 0;

	while (!ret && cnt < UNMAPPERS)
		if (!(ret = pthread_create(&threads[cnt], NULL, run_unmapper, unmapper)))
			cnt++;
	while (!ret && atomic_load(&unmapper->begun) < UNMAPPERS)
		clock_sleep_ns(INVALIDATION_MIN_NS);
	injection->begin_ns = clock_now_ns();
	atomic_store(&unmapper->until_ns, injection->begin_ns + hold_ns);
	if (ret)
		err_set(err, -ret, "cannot start a thread: %s", strerror(ret));
	else
		ret = victim_update(vm, 0, "invalidation", err);
	while (cnt)
		pthread_join(threads[--cnt], NULL);
	injection->end_ns = clock_now_ns();
	injection->tid = atomic_load(&unmapper->tid);
	return ret > 0 ? -ret : ret;
}

int inject_invalidation(struct machine *vm, uint64_t hold_ns, struct injection *injection,
			struct err *err)
{
	uint32_t slot = vm->size.memslots + 1;
	struct ready ready = {0};
	struct unmapper unmapper = {0};
	int ret;

	machine_settle(vm);
	unmapper.mem = map_most(vm->fd, slot, &ready);
	unmapper.bytes = ready.bytes;
	ret = check_time(&ready, err);
	if (!ret)
		ret = unmap_and_update(vm, &unmapper, hold_ns, injection, err);
	if (unmapper.mem)
		munmap(unmapper.mem, unmapper.bytes);
	injection->victim_tid = gettid();
	snprintf(injection->detail, sizeof(injection->detail),
		 "%d threads unmap %" PRIu64 " GiB of the VM's memory in turns, %" PRIu64 "us each",
		 UNMAPPERS, ready.bytes >> 30, ready.ns / 1000);
	return ret;
}
