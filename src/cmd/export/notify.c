// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/export/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/parse.h"

/* Our own twenty lines, not libsystemd: that links compression and cryptography for it. */
static int connect_to(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (len < 2 || len >= sizeof(addr.sun_path) || (path[0] != '/' && path[0] != '@'))
		return -1;
	memcpy(addr.sun_path, path, len);
	if (path[0] == '@')
		addr.sun_path[0] = 0; /* the abstract namespace */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 &&
	    connect(fd, (struct sockaddr *)&addr, offsetof(struct sockaddr_un, sun_path) + len)) {
		close(fd);
		return -1;
	}
	return fd;
}

void notify_open(struct notify *notify)
{
	const char *usec_text = getenv("WATCHDOG_USEC"), *pid_text = getenv("WATCHDOG_PID");
	uint64_t usec, pid;

	*notify = (struct notify){.fd = connect_to(getenv("NOTIFY_SOCKET"))};
	if (notify->fd < 0 || !usec_text || !parse_u64(usec_text, &usec))
		return;
	if (pid_text && (!parse_u64(pid_text, &pid) || pid != (uint64_t)getpid()))
		return;
	notify->interval_ns = usec * 1000 / 2;
}

void notify_close(struct notify *notify)
{
	if (notify->fd >= 0)
		close(notify->fd);
	notify->fd = -1;
}

void notify_send(const struct notify *notify, const char *state)
{
	if (notify->fd >= 0)
		send(notify->fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void notify_alive(struct notify *notify, uint64_t now_ns)
{
	if (!notify->interval_ns || now_ns < notify->next_ns)
		return;
	notify->next_ns = now_ns + notify->interval_ns;
	notify_send(notify, "WATCHDOG=1");
}
