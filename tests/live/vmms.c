// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes and VMs by the number, without anything that stalls:
 *
 *     vmms exits PROCESSES VMS    one process after another makes VMs and ends without a close
 *     vmms hold PROCESSES VMS     the same, but all at once: "ready", and until stdin is closed
 *     vmms forks PROCESSES        children that do nothing
 */
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void make_vms(int cnt)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (kvm < 0)
		err(1, "/dev/kvm");
	for (int i = 0; i < cnt; i++)
		if (ioctl(kvm, KVM_CREATE_VM, 0) < 0)
			err(1, "KVM_CREATE_VM");
}

static pid_t start(int vms, int until)
{
	pid_t pid = fork();
	char byte;

	if (pid < 0)
		err(1, "fork");
	if (pid)
		return pid;
	if (vms)
		make_vms(vms);
	if (until >= 0 && (write(1, ".", 1) != 1 || read(until, &byte, 1) < 0))
		_exit(1);
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
		bad |= finish(start(vms, -1));
	return bad;
}

/* Each writes a dot to stdout when its VMs are there. */
static int hold(int processes, int vms)
{
	int bad = 0;

	for (int i = 0; i < processes; i++)
		start(vms, 0);
	for (int i = 0; i < processes; i++)
		bad |= finish(-1);
	return bad;
}

int main(int argc, char **argv)
{
	int processes = argc > 2 ? atoi(argv[2]) : 0, vms = argc > 3 ? atoi(argv[3]) : 0;

	if (argc == 4 && !strcmp(argv[1], "exits"))
		return one_by_one(processes, vms);
	if (argc == 4 && !strcmp(argv[1], "hold"))
		return hold(processes, vms);
	if (argc == 3 && !strcmp(argv[1], "forks"))
		return one_by_one(processes, 0);
	errx(2, "usage: vmms exits|hold PROCESSES VMS | vmms forks PROCESSES");
}
