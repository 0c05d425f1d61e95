// SPDX-License-Identifier: GPL-2.0-only
#include "kern/kretprobe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "base/cleanup.h"

#define GROUP	  "kvmstall_" /* and the pid */
#define MAXACTIVE 4096	      /* kernel/trace/trace_kprobe.c takes no more; 100 bytes each */
#define SECTION	  "kretprobe/"

/* An open file of tracefs, wherever it is mounted. */
static int open_tracefs(const char *file, int flags)
{
	static const char *const dirs[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};
	char path[256];
	int fd = -1;

	for (size_t i = 0; fd < 0 && i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dirs[i], file);
		fd = open(path, flags | O_CLOEXEC);
	}
	return fd;
}

static int command(const char *text)
{
	_close_ int fd = open_tracefs("kprobe_events", O_WRONLY | O_APPEND);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return -errno;
	return 0;
}

static int event_id(const char *name)
{
	char path[128], buf[32] = "";
	_close_ int fd = -1;

	snprintf(path, sizeof(path), "events/" GROUP "%d/%s/id", getpid(), name);
	fd = open_tracefs(path, O_RDONLY);
	if (fd < 0 || read(fd, buf, sizeof(buf) - 1) <= 0)
		return -errno;
	return atoi(buf);
}

static int open_event(int id)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = id,
		.sample_period = 1,
		.wakeup_events = 1,
	};

	return syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
}

bool kretprobe_is(const struct bpf_program *prog)
{
	return prog && !strncmp(bpf_program__section_name(prog), SECTION, strlen(SECTION));
}

struct bpf_link *kretprobe_attach(const struct bpf_program *prog)
{
	const char *func = bpf_program__section_name(prog) + strlen(SECTION);
	const char *name = bpf_program__name(prog);
	struct bpf_link *link;
	char text[256];
	int ret, fd;

	snprintf(text, sizeof(text), "r%d:" GROUP "%d/%s %s\n", MAXACTIVE, getpid(), name, func);
	ret = command(text);
	if (ret) {
		errno = -ret;
		return NULL;
	}
	ret = event_id(name);
	fd = ret < 0 ? ret : open_event(ret);
	link = fd < 0 ? NULL : bpf_program__attach_perf_event(prog, fd);
	if (link)
		return link; /* it owns the event */
	ret = errno;
	if (fd >= 0)
		close(fd);
	kretprobe_remove(prog);
	errno = ret;
	return NULL;
}

void kretprobe_remove(const struct bpf_program *prog)
{
	char text[128];

	snprintf(text, sizeof(text), "-:" GROUP "%d/%s\n", getpid(), bpf_program__name(prog));
	command(text);
}

/* "r4096:kvmstall_123/vm_kret kvm_vm_ioctl" of a process that is no more. */
static void sweep_line(const char *line)
{
	const char *group = strstr(line, ":" GROUP);
	char text[128];
	int pid = group ? atoi(group + strlen(":" GROUP)) : 0;

	if (pid <= 0 || !kill(pid, 0) || errno != ESRCH)
		return;
	snprintf(text, sizeof(text), "-%.*s\n", (int)strcspn(group, " "), group);
	command(text); /* one that is in use after all, in another pid namespace, refuses */
}

void kretprobe_sweep(void)
{
	int fd = open_tracefs("kprobe_events", O_RDONLY);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	char *line = NULL;
	size_t cap = 0;

	if (!file)
		return;
	while (getline(&line, &cap, file) > 0)
		sweep_line(line);
	free(line);
	fclose(file);
}
