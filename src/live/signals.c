// SPDX-License-Identifier: GPL-2.0-only
#include "live/signals.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/err.h"

/* Whoever ignores SIGCHLD never hears that COMMAND is over: its status would be thrown away. */
static const struct {
	int nr;
	void (*handler)(int);
} changed[SIGNALS_CHANGED] = {{SIGPIPE, SIG_IGN}, {SIGCHLD, SIG_DFL}};

int signals_open(struct signals *signals, int more, struct err *err)
{
	static const int ours[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		sigaddset(&set, ours[i]);
	if (more)
		sigaddset(&set, more);
	sigprocmask(SIG_BLOCK, &set, &signals->mask);
	for (size_t i = 0; i < SIGNALS_CHANGED; i++)
		sigaction(changed[i].nr, &(struct sigaction){.sa_handler = changed[i].handler},
			  &signals->actions[i]);
	signals->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return signals->fd < 0 ? err_set(err, -errno, "cannot make a signalfd: %s", strerror(errno))
			       : 0;
}

int signals_take(int fd)
{
	struct signalfd_siginfo info;

	return read(fd, &info, sizeof(info)) == sizeof(info) ? (int)info.ssi_signo : 0;
}

void signals_restore(const struct signals *signals)
{
	for (size_t i = 0; i < SIGNALS_CHANGED; i++)
		sigaction(changed[i].nr, &signals->actions[i], NULL);
	sigprocmask(SIG_SETMASK, &signals->mask, NULL);
}

void signals_close(struct signals *signals)
{
	if (signals->fd >= 0)
		close(signals->fd);
	signals->fd = -1;
}
