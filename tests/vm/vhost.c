// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process with a VM, and a vhost device whose worker gets no CPU: vhost ROUNDS MILLISECONDS
 * [kthread]. In each round the device is made, its worker is kept on CPU 1, where a real-time
 * process runs for so long, and two calls wait for that worker: an ioctl that flushes it, and the
 * close. VHOST_SET_OWNER waits for one that joins its cgroups, where that is a kthread: up to Linux
 * 6.3, and with "kthread" by VHOST_SET_FORK_FROM_OWNER.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/vhost.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../live/withhold.h"

/* include/uapi/linux/vhost.h of v6.17 */
#ifndef VHOST_SET_FORK_FROM_OWNER
#define VHOST_SET_FORK_FROM_OWNER _IOW(VHOST_VIRTIO, 0x84, __u8)
#endif

#define PAUSE_US 1009

/* What the two processes share: how often it was wanted, and has been, busy. */
struct shared_turns {
	volatile int wanted, begun, over;
};

static struct shared_turns *turns;

static void stay_on(pid_t tid, int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	need(!sched_setaffinity(tid, sizeof(cpus), &cpus), "a CPU");
}

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

/*
 * The real-time process. It rests a quarter of its turn after each: for more than 950 ms of a
 * second the kernel does not let it run (kernel.sched_rt_runtime_us).
 */
static void keep_busy(int ms)
{
	struct sched_param param = {.sched_priority = 1};
	double begin;

	prctl(PR_SET_NAME, "vhost-hog");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	stay_on(0, 1);
	need(!sched_setscheduler(0, SCHED_FIFO, &param), "SCHED_FIFO");
	for (;;) {
		while (turns->begun == turns->wanted)
			usleep(PAUSE_US);
		begin = now_ms();
		turns->begun++;
		while (now_ms() < begin + ms)
			;
		turns->over++;
		usleep(ms * 1000 / 4);
	}
}

/* Its turn has begun. */
static void hold(void)
{
	turns->wanted++;
	while (turns->begun != turns->wanted)
		usleep(PAUSE_US);
}

static void wait_for_end(void)
{
	while (turns->over != turns->wanted)
		usleep(PAUSE_US);
}

/* Is thread @tid, of process @pid, a worker of this process? */
static int is_worker(const char *pid, const char *tid)
{
	char path[300], comm[32] = "", name[32];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/task/%s/comm", pid, tid);
	snprintf(name, sizeof(name), "vhost-%d\n", getpid());
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (!fgets(comm, sizeof(comm), file))
		comm[0] = 0;
	fclose(file);
	return !strcmp(comm, name);
}

/* The worker of this process among the threads of @pid; 0: it is not there. */
static pid_t find_in(const char *pid)
{
	char path[300];
	struct dirent *entry;
	pid_t found = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/task", pid);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir)))
		if (atoi(entry->d_name) && is_worker(pid, entry->d_name))
			found = atoi(entry->d_name);
	if (dir)
		closedir(dir);
	return found;
}

/* A thread of this process since Linux 6.4, or a kthread. */
static pid_t find_worker(void)
{
	struct dirent *entry;
	pid_t found = 0;
	DIR *dir = opendir("/proc");

	while (dir && !found && (entry = readdir(dir)))
		if (atoi(entry->d_name))
			found = find_in(entry->d_name);
	if (dir)
		closedir(dir);
	need(found != 0, "the worker");
	return found;
}

static void round_of(int is_kthread)
{
	int fd = open("/dev/vhost-vsock", O_RDWR | O_CLOEXEC), none = -1;
	unsigned char forks = 0;
	pid_t worker;

	need(fd >= 0, "/dev/vhost-vsock");
	if (is_kthread)
		need(!ioctl(fd, VHOST_SET_FORK_FROM_OWNER, &forks), "VHOST_SET_FORK_FROM_OWNER");
	need(!ioctl(fd, VHOST_SET_OWNER, NULL), "VHOST_SET_OWNER");
	worker = find_worker();
	stay_on(worker, 1);
	hold();
	need(!ioctl(fd, VHOST_SET_LOG_FD, &none), "VHOST_SET_LOG_FD");
	wait_for_end();
	hold();
	close(fd);
	wait_for_end();
	printf("%d\n", worker);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 1, ms = argc > 2 ? atoi(argv[2]) : 101;
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	pid_t hog;

	turns = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	need(turns != MAP_FAILED, "memory");
	hog = fork();
	if (!hog)
		keep_busy(ms);
	need(hog > 0, "a process");
	prctl(PR_SET_NAME, "vhost-owner");
	stay_on(0, 0);
	need(kvm >= 0 && ioctl(kvm, KVM_CREATE_VM, 0) >= 0, "KVM_CREATE_VM");
	for (int i = 0; i < rounds; i++)
		round_of(argc > 3);
	kill(hog, SIGKILL);
	waitpid(hog, NULL, 0);
	return 0;
}
