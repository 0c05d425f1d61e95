// SPDX-License-Identifier: GPL-2.0-only
/*
 * calls ROW... - how long each of these takes, as "ROW median 10 % 90 %" in ns: getppid, switch
 * (two threads of one CPU that wake each other, there and back), ioctl (of a VM, not one that
 * kvmstall lists), listed (one that it lists and that does nothing), run (a KVM_RUN that exits at
 * once), memslot (an update), stalled (an update after a device was registered). A stalled one
 * waits for a tick, so it comes at a random time.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BATCH	   101
#define SLOT_BYTES (2UL << 20)

static int vm = -1, vcpu = -1, there, back;
static struct kvm_run *run;
static char *memory;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void make_vm(void)
{
	int kvm = open("/dev/kvm", O_RDWR);

	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0)
		err(1, "no VM");
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	run = mmap(NULL, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE, MAP_SHARED,
		   vcpu, 0);
	memory = mmap(NULL, SLOT_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (run == MAP_FAILED || memory == MAP_FAILED)
		err(1, "no memory");
	run->immediate_exit = 1;
}

static void set_slot(size_t bytes)
{
	struct kvm_userspace_memory_region region = {
		.slot = 1,
		.guest_phys_addr = SLOT_BYTES,
		.memory_size = bytes,
		.userspace_addr = (uintptr_t)memory,
	};

	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region))
		err(1, "KVM_SET_USER_MEMORY_REGION");
}

/* On CPU 0, or where it was before. */
static void pin(bool is_pinned)
{
	static cpu_set_t before;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	if (!CPU_COUNT(&before))
		sched_getaffinity(0, sizeof(before), &before);
	sched_setaffinity(0, sizeof(set), is_pinned ? &set : &before);
}

static void *answer(void *arg)
{
	eventfd_t value;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	while (!eventfd_read(there, &value))
		eventfd_write(back, 1);
	return arg;
}

static void do_getppid(void)
{
	syscall(SYS_getppid);
}

static void do_switch(void)
{
	eventfd_t value;

	eventfd_write(there, 1);
	eventfd_read(back, &value);
}

static void do_ioctl(void)
{
	ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_USER_MEMORY);
}

/* Of a capability that there is not. */
static void do_listed(void)
{
	struct kvm_enable_cap cap = {.cap = 0xffff};

	ioctl(vm, KVM_ENABLE_CAP, &cap);
}

static void do_run(void)
{
	ioctl(vcpu, KVM_RUN, 0);
}

static void do_memslot(void)
{
	static bool is_there;

	set_slot(is_there ? 0 : SLOT_BYTES);
	is_there = !is_there;
}

static void before_stalled(void)
{
	static int device;
	struct kvm_ioeventfd it = {.addr = 0x100000000ULL + 8 * device++, .len = 4};

	usleep(8000 + random() % 8000);
	it.fd = eventfd(0, EFD_CLOEXEC);
	if (ioctl(vm, KVM_IOEVENTFD, &it))
		err(1, "KVM_IOEVENTFD");
}

static const struct probe {
	const char *name;
	void (*before)(void);
	void (*body)(void);
	int samples, batch;
} rows[] = {
	{"getppid", NULL, do_getppid, 307, BATCH},
	{"switch", NULL, do_switch, 101, BATCH},
	{"ioctl", NULL, do_ioctl, 307, BATCH},
	{"listed", NULL, do_listed, 307, BATCH},
	{"run", NULL, do_run, 307, BATCH},
	{"memslot", NULL, do_memslot, 1009, 1},
	{"stalled", before_stalled, do_memslot, 61, 1},
};

static int compare(const void *a, const void *b)
{
	const uint64_t *one = a, *two = b;

	return (*one > *two) - (*one < *two);
}

static void measure(const struct probe *row)
{
	uint64_t *list = calloc(row->samples, sizeof(*list));

	if (!list)
		err(1, "no memory");
	for (int i = 0; i < row->samples; i++) {
		uint64_t start_ns;

		if (row->before)
			row->before();
		start_ns = now_ns();
		for (int j = 0; j < row->batch; j++)
			row->body();
		list[i] = (now_ns() - start_ns) / row->batch;
	}
	qsort(list, row->samples, sizeof(*list), compare);
	printf("%s %llu %llu %llu\n", row->name, (unsigned long long)list[row->samples / 2],
	       (unsigned long long)list[row->samples / 10],
	       (unsigned long long)list[row->samples * 9 / 10]);
	fflush(stdout);
	free(list);
}

int main(int argc, char **argv)
{
	pthread_t thread;

	srandom(getpid());
	make_vm();
	there = eventfd(0, EFD_CLOEXEC);
	back = eventfd(0, EFD_CLOEXEC);
	if (pthread_create(&thread, NULL, answer, NULL))
		errx(1, "no thread");
	for (int i = 1; i < argc; i++)
		for (size_t j = 0; j < sizeof(rows) / sizeof(*rows); j++)
			if (!strcmp(argv[i], rows[j].name)) {
				pin(rows[j].body == do_switch);
				measure(&rows[j]);
			}
	return 0;
}
