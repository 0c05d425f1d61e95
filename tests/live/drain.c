// SPDX-License-Identifier: GPL-2.0-only
/*
 * A host that starts and drains many VMs at once: drain VMMS IRQFDS [MAPPINGS]. So many processes
 * each make a VM with memory, chips, a vCPU, threads and irqfds, all at the same moment, and are
 * killed together. MAPPINGS that each has make KVM_CREATE_VM keep a mutex of the host's for longer
 * (mm_take_all_locks()).
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MEMORY_BYTES (7UL << 20)
#define THREADS	     3

static void *idle(void *arg)
{
	for (;;)
		pause();
	return arg;
}

/* Every other page has another protection: a mapping each. */
static void make_mappings(long cnt)
{
	long page = sysconf(_SC_PAGESIZE);
	char *mem = mmap(NULL, (cnt + 1) * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (long i = 0; mem != MAP_FAILED && i < cnt; i += 2)
		mprotect(mem + i * page, page, PROT_READ | PROT_WRITE);
}

static void make_vm(int irqfds)
{
	char *mem = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	struct kvm_userspace_memory_region region = {.memory_size = MEMORY_BYTES,
						     .userspace_addr = (uintptr_t)mem};
	int kvm = open("/dev/kvm", O_RDWR), vm = ioctl(kvm, KVM_CREATE_VM, 0);

	if (vm < 0 || mem == MAP_FAILED)
		err(1, "no VM");
	memset(mem, 1, MEMORY_BYTES);
	ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
#ifdef __x86_64__
	ioctl(vm, KVM_CREATE_IRQCHIP, 0);
	ioctl(vm, KVM_CREATE_PIT2, &(struct kvm_pit_config){0});
#endif
	ioctl(vm, KVM_CREATE_VCPU, 0);
	for (int i = 0; i < irqfds; i++)
		ioctl(vm, KVM_IRQFD, &(struct kvm_irqfd){.fd = eventfd(0, 0), .gsi = 5 + i % 16});
}

/* Says on @ready that its VM is there, and waits to be killed. */
static _Noreturn void vmm(int irqfds, long mappings, int go, int ready)
{
	pthread_t thread;
	char byte = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	make_mappings(mappings);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread, NULL, idle, NULL);
	if (write(ready, &byte, 1) == 1 && !read(go, &byte, 1))
		make_vm(irqfds);
	if (write(ready, &byte, 1) == 1)
		idle(NULL);
	_exit(1);
}

static void wait_for(int fd, int cnt)
{
	char byte;

	while (cnt--)
		if (read(fd, &byte, 1) != 1)
			errx(1, "a VMM is missing");
}

int main(int argc, char **argv)
{
	int cnt = argc > 1 ? atoi(argv[1]) : 31, irqfds = argc > 2 ? atoi(argv[2]) : 7;
	long mappings = argc > 3 ? atol(argv[3]) : 0;
	pid_t *pids = calloc(cnt, sizeof(*pids));
	int go[2], ready[2];

	if (!pids || pipe(go) || pipe(ready))
		err(1, "pipe");
	for (int i = 0; i < cnt; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			err(1, "fork");
		if (!pids[i]) {
			close(go[1]);
			close(ready[0]);
			vmm(irqfds, mappings, go[0], ready[1]);
		}
	}
	close(ready[1]);
	wait_for(ready[0], cnt);
	close(go[1]); /* all at once */
	wait_for(ready[0], cnt);
	for (int i = 0; i < cnt; i++)
		kill(pids[i], SIGKILL);
	for (int i = 0; i < cnt; i++)
		waitpid(pids[i], NULL, 0);
	free(pids);
	return 0;
}
