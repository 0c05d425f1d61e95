// SPDX-License-Identifier: GPL-2.0-only
/* notify FILE COMMAND... - be a service manager: run COMMAND, and write what it notifies to FILE.
 */
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int bind_socket(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char name[64];

	snprintf(name, sizeof(name), "@kvmstall-test-%d", getpid());
	strcpy(addr.sun_path + 1, name + 1);
	setenv("NOTIFY_SOCKET", name, 1);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr,
			   offsetof(struct sockaddr_un, sun_path) + strlen(name)))
		return -1;
	return fd;
}

/* Until the child is gone and all that it said was read. */
static int listen_to(int fd, FILE *file, pid_t pid)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	int status = 0, is_gone = 0;
	char text[512];

	for (;;) {
		ssize_t len;

		if (poll(&poll_fd, 1, 100) <= 0) {
			if (is_gone)
				return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
			is_gone = waitpid(pid, &status, WNOHANG) == pid;
			continue;
		}
		len = recv(fd, text, sizeof(text), 0);
		if (len > 0)
			fprintf(file, "%.*s\n", (int)len, text);
		fflush(file);
	}
}

int main(int argc, char **argv)
{
	int fd = bind_socket();
	FILE *file = argc > 2 && fd >= 0 ? fopen(argv[1], "we") : NULL;
	pid_t pid = file ? fork() : -1;

	if (pid < 0)
		return 2;
	if (!pid) {
		execv(argv[2], argv + 2);
		_exit(127);
	}
	return listen_to(fd, file, pid);
}
