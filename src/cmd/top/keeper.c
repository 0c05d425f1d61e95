// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/top/keeper.h"

#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "live/privileges.h"

/* Not ours: what ends kvmstall by its name does not mean this one. */
#define NAME "top-terminal"

struct keeping {
	struct termios modes;
	char reset[256]; /* what undoes ncurses' begin */
	pid_t child;
	int fd;	       /* from the child */
	int errors_fd; /* what it had to say */
	int signals_fd;
};

/* ---- the terminal ---- */

static void add(struct keeping *keeping, const char *sequence)
{
	size_t len = strlen(keeping->reset);

	if (sequence && sequence != (char *)-1)
		snprintf(keeping->reset + len, sizeof(keeping->reset) - len, "%s", sequence);
}

static void note_terminal(struct keeping *keeping)
{
	tcgetattr(STDOUT_FILENO, &keeping->modes);
	add(keeping, orig_pair);
	add(keeping, exit_attribute_mode);
	add(keeping, cursor_normal);
	add(keeping, keypad_local);
	add(keeping, exit_ca_mode);
	add(keeping, "\r\n");
}

/* @is_killed: it could not do it itself. */
static void put_back(const struct keeping *keeping, bool is_killed)
{
	tcsetattr(STDOUT_FILENO, TCSADRAIN, &keeping->modes);
	if (is_killed)
		io_write_all(STDOUT_FILENO, keeping->reset, strlen(keeping->reset), NULL, NULL);
}

static void put_errors(const struct keeping *keeping)
{
	char buf[4096];
	ssize_t len;
	off_t at = 0;

	while ((len = pread(keeping->errors_fd, buf, sizeof(buf), at)) > 0) {
		io_write_all(STDERR_FILENO, buf, len, NULL, NULL);
		at += len;
	}
}

/* ---- the parent ---- */

/* What somebody sent to us is meant for the program; the terminal's go to both anyway. */
static void pass_on(const struct keeping *keeping)
{
	struct signalfd_siginfo info;

	while (read(keeping->signals_fd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo != SIGCHLD && info.ssi_code != SI_KERNEL)
			kill(keeping->child, (int)info.ssi_signo);
}

/* The job stops: so says the shell, whose child we are. The child waits for the answer. */
static void stop(const struct keeping *keeping)
{
	char go = 'g';

	put_back(keeping, false);
	raise(SIGSTOP);
	io_write_all(keeping->fd, &go, 1, NULL, NULL);
}

static int wait_for_child(const struct keeping *keeping)
{
	struct pollfd fds[] = {{.fd = keeping->signals_fd, .events = POLLIN},
			       {.fd = keeping->fd, .events = POLLIN}};
	int status;
	char what;

	for (;;) {
		if (waitpid(keeping->child, &status, WNOHANG) == keeping->child)
			return status;
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents)
			pass_on(keeping);
		if (fds[1].revents && read(keeping->fd, &what, 1) == 1)
			stop(keeping);
		else if (fds[1].revents)
			fds[1].fd = -1; /* it has ended, or does */
	}
}

static void die_of(int nr)
{
	sigset_t set;

	signal(nr, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, nr);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(nr);
}

/* What we were started with, but for those that we wait for. */
static int open_signals(struct keeping *keeping)
{
	static const int waited[] = {SIGCHLD, SIGTERM, SIGHUP, SIGINT, SIGQUIT};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(waited) / sizeof(waited[0]); i++)
		sigaddset(&set, waited[i]);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGTTOU, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	keeping->signals_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return keeping->signals_fd < 0 ? -errno : 0;
}

static int keep(struct keeping *keeping)
{
	struct err err;
	int status;

	prctl(PR_SET_NAME, NAME);
	privileges_drop_bounding();
	privileges_keep(NULL, 0, &err);
	status = wait_for_child(keeping);
	put_back(keeping, WIFSIGNALED(status));
	put_errors(keeping);
	if (WIFSIGNALED(status))
		die_of(WTERMSIG(status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- the child ---- */

static void become_child(const struct keeping *keeping, const sigset_t *mask)
{
	close(keeping->signals_fd);
	sigprocmask(SIG_SETMASK, mask, NULL);
	/* Without a keeper it still ends in order, and from the background. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	dup2(keeping->errors_fd, STDERR_FILENO);
	close(keeping->errors_fd);
}

int keeper_start(struct keeper *keeper, int *status, struct err *err)
{
	struct keeping keeping = {.signals_fd = -1};
	int fds[2] = {-1, -1};
	sigset_t mask;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	note_terminal(&keeping);
	keeping.errors_fd = memfd_create("errors", MFD_CLOEXEC);
	if (keeping.errors_fd < 0 || open_signals(&keeping) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return err_set(err, -errno, "cannot watch the terminal: %s", strerror(errno));
	fflush(NULL);
	keeping.fd = fds[0];
	keeping.child = fork();
	if (keeping.child < 0)
		return err_set(err, -errno, "cannot fork: %s", strerror(errno));
	close(fds[keeping.child ? 1 : 0]);
	keeper->fd = fds[1];
	if (!keeping.child) {
		become_child(&keeping, &mask);
		return 0;
	}
	*status = keep(&keeping);
	return 1;
}

void keeper_suspend(struct keeper *keeper)
{
	char what = 's';

	if (!io_write_all(keeper->fd, &what, 1, NULL, NULL))
		while (read(keeper->fd, &what, 1) < 0 && errno == EINTR)
			;
}
