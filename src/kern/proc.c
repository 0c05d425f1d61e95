// SPDX-License-Identifier: GPL-2.0-only
#include "kern/proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/cmdline.h"
#include "host/identity.h"
#include "host/process_stat.h"

/* Names come early in a command line; QEMU's can be many KiB long. */
#define CMDLINE_MAX 8192

/* Do its names mean to us what they mean to who mounted it? */
static bool is_our_proc(void)
{
	char own[16] = "";

	return readlink("/proc/self", own, sizeof(own) - 1) > 0 && atoi(own) == getpid();
}

static ssize_t proc_read(uint32_t pid, const char *file, char *buf, size_t size)
{
	char path[64];
	_close_ int fd = -1;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, file);
	fd = is_our_proc() ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	return fd < 0 ? -1 : read(fd, buf, size);
}

bool proc_vm_name(uint32_t pid, char *name, size_t size)
{
	char cmdline[CMDLINE_MAX];
	ssize_t len = proc_read(pid, "cmdline", cmdline, sizeof(cmdline));

	name[0] = 0;
	return len > 0 && cmdline_vm_name(cmdline, len, name, size);
}

/* A file of text, as a string; false when it is gone, or empty. */
static bool read_text(uint32_t pid, const char *file, char *text, size_t size)
{
	ssize_t len = proc_read(pid, file, text, size - 1);

	if (len <= 0)
		return false;
	text[len] = 0;
	return true;
}

bool proc_comm(uint32_t pid, char *comm, size_t size)
{
	if (!read_text(pid, "comm", comm, size))
		return false;
	comm[strcspn(comm, "\n")] = 0;
	return true;
}

bool proc_stat(uint32_t pid, struct process_stat *stat)
{
	char text[1024];

	return read_text(pid, "stat", text, sizeof(text)) && process_stat_parse(text, stat);
}

uint32_t proc_thread_group(uint32_t tid)
{
	char text[1024];
	const char *line;

	if (!read_text(tid, "status", text, sizeof(text)))
		return 0;
	line = strstr(text, "\nTgid:");
	return line ? (uint32_t)strtoul(line + strlen("\nTgid:"), NULL, 10) : 0;
}

/* PROC_PID_INIT_INO (include/linux/proc_ns.h): the same in every kernel. */
#define FIRST_PID_NS 0xeffffffcU

enum proc_pid_ns proc_pid_ns(void)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st))
		return PROC_PID_NS_UNKNOWN;
	return st.st_ino == FIRST_PID_NS ? PROC_PID_NS_FIRST : PROC_PID_NS_OTHER;
}

bool proc_identity(uint32_t pid, struct identity *identity)
{
	char text[CMDLINE_MAX];
	ssize_t len = proc_read(pid, "cmdline", text, sizeof(text));

	if (len <= 0)
		return false;
	identity_add_cmdline(identity, text, len);
	len = proc_read(pid, "cgroup", text, sizeof(text) - 1);
	if (len > 0)
		identity_add_cgroup(identity, text, len);
	return true;
}
