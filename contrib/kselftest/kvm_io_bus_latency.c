// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_IOEVENTFD, then KVM_SET_USER_MEMORY_REGION: does the memslot wait for a timer?
 *
 * Registering a device replaces the I/O bus, and the old one is freed after a grace period of
 * kvm->srcu. If that is left to call_srcu(), the grace period is a normal one: a timer of a jiffy. A
 * memslot update that comes meanwhile asks for an expedited one and still waits until that timer has
 * fired. Where no vCPU has run there is no reader, and an update should take microseconds.
 *
 * Output is TAP version 13, as that of the other selftests. Exit status: 0, 1 for a failure, 4 if it
 * cannot be tried. No libraries: gcc -Wall -Werror kvm_io_bus_latency.c
 *
 *	kvm_io_bus_latency [-r ROUNDS] [-d DEVICES] [-m MICROSECONDS]
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define KSFT_PASS 0
#define KSFT_FAIL 1
#define KSFT_SKIP 4

#define DEVICES_MAX  256
#define ROUNDS_MAX   1009
#define DEVICES_AT   0xd0000000ULL
#define DEVICE_BYTES 0x1000
#define SLOT_BYTES   0x200000UL

/* More than a memslot without devices: a timer takes a jiffy at least, and HZ is 1000 at most. */
#define LIMIT_US 900

static unsigned long rounds = 31, devices = 4, limit_us = LIMIT_US;

/* Whatever was printed before: a plan of no tests says that there is nothing to fail. */
static void skip(const char *what)
{
	printf("1..0 # SKIP %s: %s\n", what, strerror(errno));
	exit(KSFT_SKIP);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static int make_vm(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm;

	if (kvm < 0)
		skip("/dev/kvm");
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0)
		skip("KVM_CREATE_VM");
	close(kvm);
	return vm;
}

static void register_devices(int vm, int fds[DEVICES_MAX])
{
	unsigned long i;

	for (i = 0; i < devices; i++) {
		struct kvm_ioeventfd device = {
			.addr = DEVICES_AT + i * DEVICE_BYTES, .len = 4};

		fds[i] = eventfd(0, EFD_CLOEXEC);
		device.fd = fds[i];
		if (fds[i] < 0 || ioctl(vm, KVM_IOEVENTFD, &device))
			skip("KVM_IOEVENTFD");
	}
}

static uint64_t time_memslot(int vm, void *memory)
{
	struct kvm_userspace_memory_region region = {.memory_size = SLOT_BYTES,
						     .userspace_addr = (uintptr_t)memory};
	uint64_t begin = now_ns();

	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region))
		skip("KVM_SET_USER_MEMORY_REGION");
	return now_ns() - begin;
}

/* One VM, whose vCPUs do not exist yet: what its first memslot takes. */
static uint64_t measure(unsigned long with_devices, void *memory)
{
	int fds[DEVICES_MAX], vm = make_vm();
	uint64_t ns;
	unsigned long i;

	if (with_devices)
		register_devices(vm, fds);
	ns = time_memslot(vm, memory);
	for (i = 0; with_devices && i < devices; i++)
		close(fds[i]);
	close(vm);
	return ns;
}

static int compare(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, two = *(const uint64_t *)b;

	return (one > two) - (one < two);
}

/* One that is preempted is slow, too: medians are compared. */
static uint64_t median_ns(unsigned long with_devices, void *memory)
{
	static uint64_t ns[ROUNDS_MAX];
	unsigned long i;

	for (i = 0; i < rounds; i++)
		ns[i] = measure(with_devices, memory);
	qsort(ns, rounds, sizeof(ns[0]), compare);
	printf("# memslot with %lu devices: median %llu us, longest %llu us, of %lu\n",
	       with_devices ? devices : 0, (unsigned long long)ns[rounds / 2] / 1000,
	       (unsigned long long)ns[rounds - 1] / 1000, rounds);
	fflush(stdout);
	return ns[rounds / 2];
}

static unsigned long number(const char *text, unsigned long max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*end || !value || value > max) {
		fprintf(stderr, "expected a number up to %lu, not '%s'\n", max, text);
		exit(KSFT_FAIL);
	}
	return value;
}

int main(int argc, char **argv)
{
	int option, failed;
	uint64_t without;
	void *memory;

	while ((option = getopt(argc, argv, "r:d:m:")) != -1)
		switch (option) {
		case 'r':
			rounds = number(optarg, ROUNDS_MAX);
			break;
		case 'd':
			devices = number(optarg, DEVICES_MAX);
			break;
		case 'm':
			limit_us = number(optarg, 60000000);
			break;
		default:
			return KSFT_FAIL;
		}
	memory = mmap(NULL, SLOT_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		skip("mmap");
	printf("TAP version 13\n");
	measure(0, memory); /* the first one warms up */
	printf("1..1\n");
	without = median_ns(0, memory);
	failed = median_ns(1, memory) > without + limit_us * 1000;
	printf("%sok 1 - a memslot waits for no timer of the devices before it\n",
	       failed ? "not " : "");
	printf("# Totals: pass:%d fail:%d skip:0\n", !failed, failed);
	return failed ? KSFT_FAIL : KSFT_PASS;
}
