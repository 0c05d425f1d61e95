// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes and VMs by the number, without anything that stalls:
 *
 *     vmms exits PROCESSES VMS    one process after another makes VMs and ends without a close
 *     vmms hold PROCESSES VMS     the same, but all at once: "ready", and until stdin is closed
 *     vmms later PROCESSES VMS    the same as hold, and each VM gets an ioeventfd and then memory
 *                                 at the end
 *     vmms left PROCESSES VMS     the same as hold, by a child of each, which did not make the VMs,
 *                                 and does nothing with them; who made them has ended
 *     vmms forks PROCESSES        children that do nothing
 */
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define VMS_MAX 101

static int vm_fds[VMS_MAX];

/* A memslot update right after a device was registered waits for that one's grace period. */
static void stall(int vm)
{
	struct kvm_ioeventfd device = {.addr = 0x1000, .len = 4, .fd = eventfd(0, EFD_CLOEXEC)};
	struct kvm_userspace_memory_region memory = {.memory_size = 2 << 20};
	void *ram = mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memory.userspace_addr = (unsigned long)ram;
	if (ram == MAP_FAILED || ioctl(vm, KVM_IOEVENTFD, &device) < 0 ||
	    ioctl(vm, KVM_SET_USER_MEMORY_REGION, &memory) < 0)
		err(1, "a stall");
}

static void make_vms(int cnt)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (kvm < 0)
		err(1, "/dev/kvm");
	for (int i = 0; i < cnt; i++) {
		vm_fds[i] = ioctl(kvm, KVM_CREATE_VM, 0);
		if (vm_fds[i] < 0)
			err(1, "KVM_CREATE_VM");
	}
}

static int are_left;

static pid_t start(int vms, int until, int is_to_stall)
{
	pid_t pid = fork();
	char byte;

	if (pid < 0)
		err(1, "fork");
	if (pid)
		return pid;
	if (vms)
		make_vms(vms);
	if (are_left && fork())
		_exit(0);
	if (until >= 0 && (write(1, ".", 1) != 1 || read(until, &byte, 1) < 0))
		_exit(1);
	for (int i = 0; is_to_stall && i < vms; i++)
		stall(vm_fds[i]);
	_exit(0);
}

static int finish(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) < 0 || status;
}

static int one_by_one(int processes, int vms)
{
	int bad = 0;

	for (int i = 0; i < processes; i++)
		bad |= finish(start(vms, -1, 0));
	return bad;
}

/* Each writes a dot to stdout when its VMs are there. */
static int hold(int processes, int vms, int is_to_stall)
{
	int bad = 0;

	for (int i = 0; i < processes; i++)
		start(vms, 0, is_to_stall);
	for (int i = 0; i < processes; i++)
		bad |= finish(-1);
	return bad;
}

int main(int argc, char **argv)
{
	int processes = argc > 2 ? atoi(argv[2]) : 0, vms = argc > 3 ? atoi(argv[3]) : 0;

	if (vms > VMS_MAX)
		errx(2, "at most %d VMs", VMS_MAX);
	if (argc == 4 && !strcmp(argv[1], "exits"))
		return one_by_one(processes, vms);
	if (argc == 4 && !strcmp(argv[1], "hold"))
		return hold(processes, vms, 0);
	if (argc == 4 && !strcmp(argv[1], "later"))
		return hold(processes, vms, 1);
	are_left = argc == 4 && !strcmp(argv[1], "left");
	if (are_left)
		return hold(processes, vms, 0);
	if (argc == 3 && !strcmp(argv[1], "forks"))
		return one_by_one(processes, 0);
	errx(2, "usage: vmms exits|hold|later|left PROCESSES VMS | vmms forks PROCESSES");
}
