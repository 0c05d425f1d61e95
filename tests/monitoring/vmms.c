// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmms kill N IRQFDS: N VMMs, each with memory, chips, a vCPU and irqfds, that end all at once: a
 * host that is drained. vmms live N SECONDS: N VMs that run for so long, and meanwhile get a device
 * and change their memory again and again.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/kvm.h>

#define MEMORY (32UL << 20)

struct host_vm {
	int vm;
	int vcpu;
	struct kvm_run *run;
	char *memory;
};

static void must(int ret, const char *what)
{
	if (ret >= 0)
		return;
	perror(what);
	exit(1);
}

static void set_memory(const struct host_vm *vmm, unsigned int slot, unsigned long gpa,
		       unsigned long size)
{
	struct kvm_userspace_memory_region region = {.slot = slot,
						     .guest_phys_addr = gpa,
						     .memory_size = size,
						     .userspace_addr = (unsigned long)vmm->memory};

	must(ioctl(vmm->vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
}

static void make_vm(struct host_vm *vmm)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	must(kvm, "/dev/kvm");
	vmm->vm = ioctl(kvm, KVM_CREATE_VM, 0);
	must(vmm->vm, "KVM_CREATE_VM");
	vmm->memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	memset(vmm->memory, 1, MEMORY);
	set_memory(vmm, 0, 0, MEMORY);
#ifdef __x86_64__
	must(ioctl(vmm->vm, KVM_CREATE_IRQCHIP, 0), "KVM_CREATE_IRQCHIP");
#endif
	vmm->vcpu = ioctl(vmm->vm, KVM_CREATE_VCPU, 0);
	must(vmm->vcpu, "KVM_CREATE_VCPU");
	vmm->run = mmap(NULL, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE,
			MAP_SHARED, vmm->vcpu, 0);
	close(kvm);
}

/* Everything that comes before the guest's first instruction, and not that. */
static void run_vcpu(const struct host_vm *vmm)
{
	vmm->run->immediate_exit = 1;
	ioctl(vmm->vcpu, KVM_RUN, 0);
}

static void add_irqfds(const struct host_vm *vmm, int cnt)
{
	for (int i = 0; i < cnt; i++) {
		struct kvm_irqfd irqfd = {.fd = eventfd(0, 0), .gsi = 5 + i % 16};

		must(ioctl(vmm->vm, KVM_IRQFD, &irqfd), "KVM_IRQFD");
	}
}

static void change(const struct host_vm *vmm, unsigned int round)
{
	struct kvm_ioeventfd device = {
		.addr = 0xd0000000UL + round * 16UL, .len = 4, .fd = eventfd(0, EFD_CLOEXEC)};

	must(ioctl(vmm->vm, KVM_IOEVENTFD, &device), "KVM_IOEVENTFD");
	set_memory(vmm, 1, 1UL << 32, round % 2 ? 0 : MEMORY);
	close(device.fd);
}

static void be_vmm(int irqfds, int ready)
{
	struct host_vm vmm;

	make_vm(&vmm);
	add_irqfds(&vmm, irqfds);
	must(write(ready, "", 1), "write");
	for (;;)
		pause();
}

static void live(int seconds)
{
	time_t end = time(NULL) + seconds;
	struct host_vm vmm;

	make_vm(&vmm);
	run_vcpu(&vmm);
	for (unsigned int round = 0; time(NULL) < end; round++) {
		change(&vmm, round);
		usleep(100000);
	}
	exit(0);
}

/* Until each of @cnt has all that it is to have, or has ended. */
static void wait_for(int ready, int cnt)
{
	char byte;

	while (cnt && read(ready, &byte, 1) == 1)
		cnt--;
}

int main(int argc, char **argv)
{
	pid_t pids[997], parent = getpid();
	int cnt, what, ready[2];

	if (argc != 4)
		return 2;
	cnt = atoi(argv[2]);
	what = atoi(argv[3]);
	if (cnt < 1 || cnt > 997)
		return 2;
	must(pipe(ready), "pipe");
	for (int i = 0; i < cnt; i++) {
		pids[i] = fork();
		must(pids[i], "fork");
		if (pids[i])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			exit(1);
		if (!strcmp(argv[1], "kill"))
			be_vmm(what, ready[1]);
		live(what);
	}
	close(ready[1]);
	if (!strcmp(argv[1], "kill")) {
		wait_for(ready[0], cnt);
		for (int i = 0; i < cnt; i++)
			kill(pids[i], SIGKILL);
	}
	for (int i = 0; i < cnt; i++)
		waitpid(pids[i], NULL, 0);
	return 0;
}
