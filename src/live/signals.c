// SPDX-License-Identifier: GPL-2.0-only
#include "live/signals.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"

/* Whoever ignores SIGCHLD never hears that COMMAND is over: its status would be thrown away. */
static const struct {
	int nr;
	void (*handler)(int);
} changed[] = {{SIGPIPE, SIG_IGN}, {SIGCHLD, SIG_DFL}, {SIGXFSZ, SIG_IGN}};

#define CHANGED_CNT (sizeof(changed) / sizeof(changed[0]))

/* What a process was started with is its own, and only once. */
static struct {
	sigset_t mask;
	struct sigaction actions[CHANGED_CNT];
	bool ignores_interrupt;
} inherited;

void signals_init(void)
{
	struct sigaction interrupt;

	sigprocmask(SIG_SETMASK, NULL, &inherited.mask);
	for (size_t i = 0; i < CHANGED_CNT; i++)
		sigaction(changed[i].nr, NULL, &inherited.actions[i]);
	sigaction(SIGINT, NULL, &interrupt);
	inherited.ignores_interrupt = interrupt.sa_handler == SIG_IGN;
	sigaction(SIGXFSZ, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
}

static bool is_refused(int nr)
{
	struct sigaction action;

	if (nr == SIGCHLD)
		return false;
	sigaction(nr, NULL, &action);
	return sigismember(&inherited.mask, nr) == 1 ||
	       (nr != SIGINT && action.sa_handler == SIG_IGN);
}

int signals_open(struct signals *signals, int more, struct err *err)
{
	const int ours[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGXCPU, more};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (ours[i] && !is_refused(ours[i]))
			sigaddset(&set, ours[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (size_t i = 0; i < CHANGED_CNT; i++)
		sigaction(changed[i].nr, &(struct sigaction){.sa_handler = changed[i].handler},
			  NULL);
	signals->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return signals->fd < 0 ? err_set(err, -errno, "cannot make a signalfd: %s", strerror(errno))
			       : 0;
}

int signals_take(int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == sizeof(info)) {
		bool is_terminal = info.ssi_signo == SIGINT && info.ssi_code == SI_KERNEL;

		if (info.ssi_signo == SIGXCPU)
			log_warn("the limit of CPU time is reached: this is the end (ulimit -t, "
				 "LimitCPU= of a service)");
		if (!is_terminal || !inherited.ignores_interrupt)
			return (int)info.ssi_signo;
	}
	return 0;
}

void signals_restore(void)
{
	for (size_t i = 0; i < CHANGED_CNT; i++)
		sigaction(changed[i].nr, &inherited.actions[i], NULL);
	sigprocmask(SIG_SETMASK, &inherited.mask, NULL);
}

void signals_close(struct signals *signals)
{
	if (signals->fd >= 0)
		close(signals->fd);
	signals->fd = -1;
}
