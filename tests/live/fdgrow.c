// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that are not KVM's, and wait for RCU: fdgrow ROUNDS [vm|exit]. In each round eventfd2, dup,
 * openat and socket each return the first descriptor too many for a table that two threads share.
 * vm: the process has a VM. exit: nothing but a VM with a device of VFIO's kind, which ends with
 * it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static pthread_mutex_t until_over = PTHREAD_MUTEX_INITIALIZER;

static int call_eventfd(void)
{
	return eventfd(0, 0);
}

static int call_dup(void)
{
	return dup(0);
}

static int call_openat(void)
{
	return openat(AT_FDCWD, "/dev/null", O_RDONLY);
}

static int call_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static void need(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static int table_size(void)
{
	FILE *file = fopen("/proc/thread-self/status", "r");
	char line[256];
	int size = 0;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "FDSize: %d", &size) == 1)
			break;
	need(size, "FDSize");
	fclose(file);
	return size;
}

static void *share(void *ctx)
{
	pthread_mutex_lock(&until_over);
	pthread_mutex_unlock(&until_over);
	return ctx;
}

static void *grow(void *call)
{
	int size, fd = -1;
	pthread_t other;

	need(!unshare(CLONE_FILES), "unshare");
	pthread_mutex_lock(&until_over);
	need(!pthread_create(&other, NULL, share, NULL), "thread");
	size = table_size();
	while (fd < size - 1)
		need((fd = dup(0)) >= 0, "dup");
	fd = (*(int (**)(void))call)();
	need(fd == size, "the first descriptor too many");
	pthread_mutex_unlock(&until_over);
	pthread_join(other, NULL);
	return NULL;
}

static int make_vm(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm = ioctl(kvm, KVM_CREATE_VM, 0);

	need(vm >= 0, "KVM_CREATE_VM");
	return vm;
}

int main(int argc, char **argv)
{
	static int (*calls[])(void) = {call_eventfd, call_dup, call_openat, call_socket};
	struct kvm_create_device device = {.type = KVM_DEV_TYPE_VFIO};
	pthread_t thread;

	if (argc > 2 && !strcmp(argv[2], "exit"))
		return ioctl(make_vm(), KVM_CREATE_DEVICE, &device) ? 77 : 0;
	if (argc > 2)
		make_vm();
	for (int round = atoi(argv[1]); round > 0; round--)
		for (int i = 0; i < 4; i++) {
			need(!pthread_create(&thread, NULL, grow, &calls[i]), "thread");
			pthread_join(thread, NULL);
		}
	return 0;
}
