// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that wait for RCU whatever the state of a table is: rcuwaits ROUNDS. In each round
 * membarrier() over all processes, one that registers a process with two threads, and a close of a
 * tap, which goes with it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void need(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static int membarrier(int command)
{
	return (int)syscall(SYS_membarrier, command, 0, 0);
}

static void *stay(void *ctx)
{
	pause();
	return ctx;
}

/* A process registers once: each round needs one. */
static void register_child(void)
{
	pid_t child = fork();
	pthread_t other;
	int status;

	need(child >= 0, "fork");
	if (!child) {
		need(!pthread_create(&other, NULL, stay, NULL), "thread");
		need(!membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED), "register");
		_exit(0);
	}
	need(waitpid(child, &status, 0) == child && !status, "child");
}

static void close_tap(void)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	need(fd >= 0, "/dev/net/tun");
	need(!ioctl(fd, TUNSETIFF, &request), "TUNSETIFF");
	close(fd);
}

int main(int argc, char **argv)
{
	int rounds = argc == 2 ? atoi(argv[1]) : 0;

	need(rounds > 0, "rcuwaits ROUNDS");
	for (int i = 0; i < rounds; i++) {
		need(!membarrier(MEMBARRIER_CMD_GLOBAL), "MEMBARRIER_CMD_GLOBAL");
		register_child();
		close_tap();
	}
	return 0;
}
