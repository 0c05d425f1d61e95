// SPDX-License-Identifier: GPL-2.0-only
/* Calls that wait for plain RCU: because a table of descriptors grows, a device of KVM goes, a
 * vCPU changes its thread, or a process its cgroup. */
#include "cmd/repro/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cmd/repro/call_log.h"

#define PATH_LEN 512

/* A thread that does nothing but be there, until it is let go. */
struct sharer {
	pthread_mutex_t lock;
	pthread_t thread;
};

struct growth {
	struct machine *vm;
	int (*calls)(struct machine *vm);
	int ret;
};

static int fail(struct machine *vm, const char *name, int ret)
{
	vm->failed_call = name;
	return ret;
}

static void *share(void *arg)
{
	struct sharer *sharer = arg;

	pthread_mutex_lock(&sharer->lock);
	pthread_mutex_unlock(&sharer->lock);
	return NULL;
}

/* How many descriptors this thread's table has room for; 0: not known. */
static int table_size(void)
{
	_fclose_ FILE *file = fopen("/proc/thread-self/status", "re");
	char line[256];
	int size = 0;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "FDSize: %d", &size) == 1)
			break;
	return size;
}

/* Until the table is full. It is this thread's own, and goes with it. */
static int fill_table(struct machine *vm)
{
	int size = table_size(), fd = -1;

	if (!size)
		return fail(vm, "read of FDSize", -ENOENT);
	while (fd < size - 1) {
		/* As dup() does; its result is a leak to gcc 14's analyzer. */
		fd = fcntl(vm->kvm_fd, F_DUPFD, 0);
		if (fd < 0)
			return fail(vm, "F_DUPFD", -errno);
	}
	return 0;
}

static int create_vcpu(struct machine *vm)
{
	struct call call = {.name = "KVM_CREATE_VCPU", .args = {{"id", 0, false}}};
	long fd = machine_ioctl(vm, &call, vm->fd, KVM_CREATE_VCPU, NULL);

	return fd < 0 ? (int)fd : 0;
}

static int create_eventfd(struct machine *vm)
{
	struct call call = {.what = CALL_IS_EVENTFD, .name = "eventfd2", .injected = vm->injected};
	int fd;

	call.begin_ns = clock_now_ns();
	fd = eventfd(0, EFD_CLOEXEC);
	call.end_ns = clock_now_ns();
	call.ret = fd < 0 ? -errno : fd;
	call_log_add_call(vm->log, &call, gettid());
	return fd < 0 ? fail(vm, "eventfd2", (int)call.ret) : 0;
}

static int grow_once(struct machine *vm)
{
	int ret = fill_table(vm);

	return ret ? ret : create_eventfd(vm);
}

static int grow_twice(struct machine *vm)
{
	int ret = fill_table(vm);

	ret = ret ? ret : create_vcpu(vm);
	return ret ? ret : grow_once(vm);
}

/*
 * A table that two threads share waits for RCU when it grows (fs/file.c: expand_fdtable()). The
 * process's own never shrinks; so this thread takes a copy, which is as small as can be, and shares
 * that with another one.
 */
static void *grow(void *arg)
{
	struct sharer sharer = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct growth *growth = arg;

	if (unshare(CLONE_FILES)) {
		growth->ret = fail(growth->vm, "unshare", -errno);
		return NULL;
	}
	pthread_mutex_lock(&sharer.lock);
	growth->ret = -pthread_create(&sharer.thread, NULL, share, &sharer);
	if (growth->ret) {
		fail(growth->vm, "pthread_create", growth->ret);
		return NULL;
	}
	growth->ret = growth->calls(growth->vm);
	pthread_mutex_unlock(&sharer.lock);
	pthread_join(sharer.thread, NULL);
	/* A thread that has been joined may still have its table, and the VM with it. */
	close_range(0, ~0U, 0);
	return NULL;
}

static int grow_by(struct machine *vm, int (*calls)(struct machine *vm))
{
	struct growth growth = {.vm = vm, .calls = calls};
	pthread_t thread;
	int ret = -pthread_create(&thread, NULL, grow, &growth);

	if (ret)
		return fail(vm, "pthread_create", ret);
	pthread_join(thread, NULL);
	return growth.ret;
}

int machine_grow_fdtable(struct machine *vm)
{
	return grow_by(vm, grow_twice);
}

int machine_grow_by_eventfd(struct machine *vm)
{
	return grow_by(vm, grow_once);
}

int machine_close_device(struct machine *vm)
{
	struct kvm_create_device device = {.type = KVM_DEV_TYPE_VFIO};
	struct call create = {.name = "KVM_CREATE_DEVICE",
			      .args = {{"type", KVM_DEV_TYPE_VFIO, false}}};
	struct call end = {
		.what = CALL_IS_CLOSE_DEVICE, .name = "close (device)", .injected = vm->injected};
	long ret = machine_ioctl(vm, &create, vm->fd, KVM_CREATE_DEVICE, &device);

	if (ret < 0)
		return (int)ret;
	ret = call_log_close(vm->log, &end, (int)device.fd);
	return ret < 0 ? fail(vm, "close", (int)ret) : 0;
}

struct first_run {
	struct machine *vm;
	int ret;
};

static void *run_first(void *arg)
{
	struct first_run *first = arg;

	first->ret = machine_run_vcpu(first->vm, &first->vm->vcpus[0]);
	return NULL;
}

int machine_hop_vcpu(struct machine *vm)
{
	struct first_run first = {.vm = vm};
	pthread_t thread;
	int ret = -pthread_create(&thread, NULL, run_first, &first);

	if (ret)
		return fail(vm, "pthread_create", ret);
	pthread_join(thread, NULL);
	return first.ret ? first.ret : machine_run_vcpu(vm, &vm->vcpus[0]);
}

/* Where the unified hierarchy is mounted. */
static bool find_mount(char path[PATH_LEN])
{
	_fclose_ FILE *file = fopen("/proc/self/mounts", "re");
	char line[1024], type[16];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %511s %15s", path, type) == 2 && !strcmp(type, "cgroup2"))
			return true;
	return false;
}

/* This process's own folder in it. */
static bool find_cgroup(char path[PATH_LEN])
{
	_fclose_ FILE *file = fopen("/proc/self/cgroup", "re");
	char line[PATH_LEN];
	size_t len;

	if (!find_mount(path))
		return false;
	len = strlen(path);
	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "0::", 3) != 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		return snprintf(path + len, PATH_LEN - len, "%s", line + 3) < (int)(PATH_LEN - len);
	}
	return false;
}

/* This process, all its threads. */
static int move_to(struct machine *vm, const char *cgroup)
{
	struct call call = {.what = CALL_IS_WRITE, .name = "write", .injected = vm->injected};
	char path[PATH_LEN + 16];
	_close_ int fd = -1;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(vm, "open of cgroup.procs", -errno);
	call.args[0] = (struct call_log_arg){"fd", (uint64_t)fd, false};
	call.begin_ns = clock_now_ns();
	call.ret = write(fd, "0", 1) < 0 ? -errno : 1;
	call.end_ns = clock_now_ns();
	call_log_add_call(vm->log, &call, gettid());
	return call.ret < 0 ? fail(vm, "write", (int)call.ret) : 0;
}

int machine_move_cgroup(struct machine *vm)
{
	char own[PATH_LEN], other[PATH_LEN + 32];
	int ret;

	if (!find_cgroup(own))
		return fail(vm, "search for a cgroup", -ENOENT);
	snprintf(other, sizeof(other), "%s/kvmstall-repro.%d", own, getpid());
	if (mkdir(other, 0755))
		return fail(vm, "mkdir of a cgroup", -errno);
	ret = move_to(vm, other);
	if (!ret)
		ret = move_to(vm, own);
	rmdir(other);
	return ret;
}
