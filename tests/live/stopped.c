// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VM's end that waits for a thread which is stopped: stopped MILLISECONDS [CGROUP]. A vCPU ran,
 * so KVM has a thread of its own in the process that made the VM. That one is stopped by SIGSTOP,
 * or frozen in CGROUP (a directory), for so long. Its child has the last descriptors of the VM, and
 * closes them.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 0x1000UL
/* Until a process that gets a signal has stopped. */
#define STOP_US 50023

static int vm, vcpu, go[2], again[2];
static pid_t vmm;
static const char *cgroup; /* NULL: a signal stops it */

static void need(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static void write_to(const char *file, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", cgroup, file);
	fd = open(path, O_WRONLY);
	need(fd >= 0 && write(fd, text, strlen(text)) > 0, path);
	close(fd);
}

static void stop(void)
{
	if (cgroup)
		write_to("cgroup.freeze", "1");
	else
		need(!kill(vmm, SIGSTOP), "SIGSTOP");
}

static void go_on(void)
{
	if (cgroup)
		write_to("cgroup.freeze", "0");
	else
		need(!kill(vmm, SIGCONT), "SIGCONT");
}

static void wait_for(int *pipe_of)
{
	char byte;

	need(read(pipe_of[0], &byte, 1) == 1, "a pipe");
}

static void tell(int *pipe_of)
{
	need(write(pipe_of[1], "x", 1) == 1, "a pipe");
}

/* A vCPU that halts at once. */
static void run_vcpu(int dev)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct kvm_userspace_memory_region region = {.memory_size = PAGE,
						     .userspace_addr = (uintptr_t)page};
	struct kvm_regs regs = {.rflags = 2};
	struct kvm_sregs sregs;

	vm = ioctl(dev, KVM_CREATE_VM, 0);
	need(page != MAP_FAILED && vm >= 0 && !ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region),
	     "a VM");
	*page = (char)0xf4;
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	need(vcpu >= 0 && !ioctl(vcpu, KVM_GET_SREGS, &sregs), "a vCPU");
	sregs.cs.base = sregs.cs.selector = 0;
	need(!ioctl(vcpu, KVM_SET_SREGS, &sregs) && !ioctl(vcpu, KVM_SET_REGS, &regs) &&
		     !ioctl(vcpu, KVM_RUN, 0),
	     "KVM_RUN");
}

/* Of its two threads one is KVM's, if that is how this kernel has it. */
static int has_thread(void)
{
	struct stat tasks;

	return !stat("/proc/self/task", &tasks) && tasks.st_nlink == 2 + 2;
}

/* The VM is not its memory's, so its call is refused; but from then on it is known to have it. */
static void close_last(void)
{
	prctl(PR_SET_NAME, "stopped-closer");
	wait_for(go);
	ioctl(vm, KVM_CREATE_IRQCHIP, 0);
	stop();
	usleep(STOP_US);
	tell(again);
	close(vcpu);
	close(vm);
	_exit(0);
}

int main(int argc, char **argv)
{
	pid_t closer;

	vmm = getpid();
	cgroup = argc > 2 ? argv[2] : NULL;
	need(argc > 1 && !pipe(go) && !pipe(again), "a pipe");
	if (!fork()) {
		close(again[1]);
		wait_for(again);
		usleep(1000 * atoi(argv[1]));
		go_on();
		_exit(0);
	}
	run_vcpu(open("/dev/kvm", O_RDWR));
	if (!has_thread()) {
		fprintf(stderr, "KVM has no thread in the process of its VM\n");
		return 1;
	}
	closer = fork();
	if (!closer)
		close_last();
	if (cgroup)
		write_to("cgroup.procs", "0");
	close(vcpu);
	close(vm);
	tell(go);
	need(waitpid(closer, NULL, 0) == closer, "its child");
	return 0;
}
