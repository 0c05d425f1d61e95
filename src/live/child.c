// SPDX-License-Identifier: GPL-2.0-only
#include "live/child.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "kern/limits.h"
#include "live/signals.h"

#define EXEC_FAILED 127

/* The child's side: wait for the gate, become COMMAND, or say why not. */
static void run_child(int gate, char **argv)
{
	char go;
	int why;

	if (read(gate, &go, 1) != 1)
		_exit(EXEC_FAILED); /* the parent is gone */
	signals_restore();
	limits_restore();
	execvp(argv[0], argv);
	why = errno;
	if (write(gate, &why, sizeof(why)) != sizeof(why))
		_exit(EXEC_FAILED);
	_exit(EXEC_FAILED);
}

int child_fork(struct child *child, char **argv, struct err *err)
{
	int gate[2];

	*child = (struct child){.gate = -1, .status = -1};
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, gate))
		return err_set(err, -errno, "cannot make a socket pair: %s", strerror(errno));
	child->pid = fork();
	if (child->pid < 0) {
		close(gate[0]);
		close(gate[1]);
		return err_set(err, -errno, "cannot fork: %s", strerror(errno));
	}
	if (!child->pid) {
		close(gate[0]);
		run_child(gate[1], argv);
	}
	close(gate[1]);
	child->gate = gate[0];
	return 0;
}

int child_go(struct child *child, struct err *err)
{
	int why = 0;
	ssize_t len;

	if (write(child->gate, "", 1) != 1)
		return err_set(err, -errno, "cannot start the command: %s", strerror(errno));
	len = read(child->gate, &why, sizeof(why)); /* nothing: exec closed it */
	close(child->gate);
	child->gate = -1;
	if (len != sizeof(why))
		return 0;
	waitpid(child->pid, NULL, 0);
	child->pid = 0;
	return err_set(err, -why, "%s", strerror(why));
}

bool child_reap(struct child *child)
{
	pid_t pid;

	if (!child->pid || child->status >= 0 || child->is_lost)
		return true;
	pid = waitpid(child->pid, &child->status, WNOHANG);
	if (pid == child->pid)
		return true;
	child->status = -1;
	child->is_lost = pid < 0 && errno != EINTR;
	if (child->is_lost)
		log_warn("cannot find out whether COMMAND has ended: %s", strerror(errno));
	return child->is_lost;
}

int child_exit_status(const struct child *child)
{
	if (child->status < 0)
		return -1;
	return WIFSIGNALED(child->status) ? 128 + WTERMSIG(child->status)
					  : WEXITSTATUS(child->status);
}

void child_kill(struct child *child)
{
	if (child->gate >= 0)
		close(child->gate); /* it reads nothing and ends */
	if (child->pid && child->status < 0 && child->gate >= 0)
		waitpid(child->pid, &child->status, 0);
	child->gate = -1;
}
