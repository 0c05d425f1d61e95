// SPDX-License-Identifier: GPL-2.0-only
#include "live/process.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "host/process_stat.h"
#include "kern/proc.h"

/* pidfd_open(2) takes no thread but a process's first: EINVAL, or ENOENT in later kernels. */
static int refuse(uint32_t pid, struct err *err)
{
	uint32_t tgid = proc_thread_group(pid);

	if (tgid && tgid != pid)
		return err_set(err, -ESRCH, "cannot watch process %u: it is a thread of process %u",
			       pid, tgid);
	return err_set(err, -ESRCH, "cannot watch process %u: %s", pid, strerror(ESRCH));
}

static int open_stat(struct process *process, int why, struct err *err)
{
	struct process_stat stat;

	if (proc_stat(process->pid, &stat)) {
		process->start = stat.start;
		return proc_thread_group(process->pid) == process->pid ? 0
								       : refuse(process->pid, err);
	}
	if (proc_pid_ns() != PROC_PID_NS_UNKNOWN)
		return refuse(process->pid, err);
	process->is_lost = true;
	log_warn("cannot find out when process %u ends: %s", process->pid, strerror(why));
	return 0;
}

int process_child_fd(pid_t pid, struct err *err)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? err_set(err, -errno, "cannot open a pidfd: %s", strerror(errno)) : fd;
}

int process_open(struct process *process, uint32_t pid, struct err *err)
{
	*process = (struct process){.pid = pid, .fd = (int)syscall(SYS_pidfd_open, pid, 0)};
	if (process->fd >= 0)
		return 0;
	switch (errno) {
	case ENOSYS:
	case EPERM:
		return open_stat(process, errno, err);
	case EINVAL:
	case ENOENT:
	case ESRCH:
		return refuse(pid, err);
	default:
		return err_set(err, -errno, "cannot watch process %u: %s", pid, strerror(errno));
	}
}

void process_close(struct process *process)
{
	if (process->pid && process->fd >= 0)
		close(process->fd);
	*process = (struct process){.pid = 0};
}

bool process_has_ended(const struct process *process)
{
	struct pollfd fd = {.fd = process->fd, .events = POLLIN};
	struct process_stat stat;

	if (!process->pid || process->is_lost)
		return false;
	if (process->fd >= 0)
		return poll(&fd, 1, 0) > 0;
	return !proc_stat(process->pid, &stat) || stat.start != process->start ||
	       process_stat_is_over(&stat);
}

bool process_is_polled(const struct process *process)
{
	return process->pid && process->fd < 0 && !process->is_lost;
}
