// SPDX-License-Identifier: GPL-2.0-only
/* Three VMs of one process, made by a thread that has a name of its own. */
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

static void *make(void *ctx)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vms[3];

	(void)ctx;
	prctl(PR_SET_NAME, "maker");
	for (int i = 0; i < 3; i++)
		vms[i] = ioctl(kvm, KVM_CREATE_VM, 0);
	for (int i = 0; i < 3; i++)
		close(vms[i]);
	usleep(300000); /* so that there is somebody to ask for its name */
	return NULL;
}

int main(void)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, make, NULL) || pthread_join(thread, NULL);
}
