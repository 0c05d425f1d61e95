// SPDX-License-Identifier: GPL-2.0-only
/*
 * exits N - so many processes that own a VM each, and exit together; prints in how many ms they
 * did.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void own_vm(int ready, int go)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	char byte = 0;

	if (kvm < 0 || ioctl(kvm, KVM_CREATE_VM, 0) < 0)
		err(1, "no VM");
	if (write(ready, &byte, 1) != 1 || read(go, &byte, 1))
		err(1, "a pipe");
	_exit(0);
}

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	int cnt = argc > 1 ? atoi(argv[1]) : 1, ready[2], go[2];
	double start_ms;
	char byte;

	if (pipe(ready) || pipe(go))
		err(1, "a pipe");
	for (int i = 0; i < cnt; i++) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (!pid) {
			close(go[1]);
			own_vm(ready[1], go[0]);
		}
	}
	close(ready[1]);
	for (int i = 0; i < cnt; i++)
		if (read(ready[0], &byte, 1) != 1)
			errx(1, "a process has no VM");
	start_ms = now_ms();
	close(go[1]);
	while (wait(NULL) > 0)
		;
	printf("%.0f\n", now_ms() - start_ms);
	return 0;
}
