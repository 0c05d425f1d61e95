// SPDX-License-Identifier: GPL-2.0-only
/*
 * A call that runs for some milliseconds, and a real-time thread that takes its CPU from it for as
 * long: hog FILE. What it knows of that goes there, as a line of JSON.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* Without two-dimensional paging KVM fills a table for each of its pages. */
#define SLOT_BYTES (16ULL << 30)
#define LATER_NS   1009000
#define HOG_NS	   7001000

static sem_t ready, go;
static uint64_t begin_ns, end_ns;
static int hog_tid, error;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void stay(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(1, &cpus);
	error |= sched_setaffinity(0, sizeof(cpus), &cpus);
}

static void *hog(void *arg)
{
	struct sched_param param = {.sched_priority = 1};

	pthread_setname_np(pthread_self(), "hog-realtime");
	stay();
	error |= sched_setscheduler(0, SCHED_FIFO, &param);
	hog_tid = gettid();
	sem_post(&ready);
	sem_wait(&go);
	nanosleep(&(struct timespec){.tv_nsec = LATER_NS}, NULL);
	begin_ns = now_ns();
	do
		end_ns = now_ns();
	while (end_ns < begin_ns + HOG_NS);
	return arg;
}

int main(int argc, char **argv)
{
	struct kvm_userspace_memory_region region = {.memory_size = SLOT_BYTES};
	int vm = ioctl(open("/dev/kvm", O_RDWR), KVM_CREATE_VM, 0);
	FILE *file = fopen(argc > 1 ? argv[1] : "/dev/null", "w");
	pthread_t thread;

	region.userspace_addr = (uintptr_t)mmap(NULL, SLOT_BYTES, PROT_READ | PROT_WRITE,
						MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	stay();
	if (vm < 0 || !file || error || sem_init(&go, 0, 0) || sem_init(&ready, 0, 0) ||
	    pthread_create(&thread, NULL, hog, NULL)) {
		perror("a VM, and a thread on CPU 1");
		return 1;
	}
	sem_wait(&ready);
	sem_post(&go);
	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region)) {
		perror("KVM_SET_USER_MEMORY_REGION");
		return 1;
	}
	pthread_join(thread, NULL);
	if (error) {
		fprintf(stderr, "no real-time thread on CPU 1\n");
		return 1;
	}
	fprintf(file, "{\"hog\": %d, \"begin_ns\": %ju, \"end_ns\": %ju}\n", hog_tid,
		(uintmax_t)begin_ns, (uintmax_t)end_ns);
	return fclose(file) ? 1 : 0;
}
