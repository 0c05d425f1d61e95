/* SPDX-License-Identifier: GPL-2.0-only */
/* A page of memory that nobody gets: who touches it sleeps until it is served. */
#ifndef LIVE_WITHHOLD_H
#define LIVE_WITHHOLD_H

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 0x1000UL

/* Without @what the test cannot be made: the program ends. */
static inline void need(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

/* Returns the userfaultfd that its faults come to. */
static inline int withhold(char *page)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register range = {.range = {(uintptr_t)page, PAGE},
					.mode = UFFDIO_REGISTER_MODE_MISSING};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	need(fd >= 0 && !ioctl(fd, UFFDIO_API, &api) && !ioctl(fd, UFFDIO_REGISTER, &range),
	     "userfaultfd");
	return fd;
}

#endif
