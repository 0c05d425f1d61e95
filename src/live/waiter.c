// SPDX-License-Identifier: GPL-2.0-only
#include "live/waiter.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"

#define MOMENT_MS 50
#define HOUR_MS	  3600000

static void take(struct waiter *waiter)
{
	int nr;

	while ((nr = signals_take(waiter->signals.fd))) {
		if (nr == SIGCHLD)
			waiter->has_child = true;
		else if (nr == waiter->more)
			waiter->has_more = true;
		else
			waiter->ends++;
	}
}

/* Until the end, or until the end's patience is; with nothing to wait for, a moment. */
static int timeout_ms(const struct waiter *waiter, int fd)
{
	uint64_t now = clock_now_ns(), until = waiter->end_ns, ms;

	if (waiter->idle_ns)
		until = waiter->idle_ns + WAITER_PATIENCE_NS;
	ms = until <= now ? 0 : (until - now) / 1000000 + 1;
	if (fd < 0 && ms > MOMENT_MS)
		return MOMENT_MS;
	return ms > HOUR_MS ? HOUR_MS : (int)ms;
}

static int wait_for_output(void *ctx, int fd)
{
	struct waiter *waiter = ctx;

	for (;;) {
		struct pollfd fds[] = {
			{.fd = fd, .events = POLLOUT},
			{.fd = waiter->signals.fd, .events = POLLIN},
		};

		poll(fds, 2, timeout_ms(waiter, fd));
		if (fds[0].revents) {
			waiter->idle_ns = 0;
			return 0;
		}
		if (waiter_is_over(waiter) && !waiter->idle_ns)
			waiter->idle_ns = clock_now_ns();
		if (waiter->ends > 1 || (waiter->idle_ns && fd < 0))
			return -ETIMEDOUT;
		if (waiter->idle_ns && clock_now_ns() >= waiter->idle_ns + WAITER_PATIENCE_NS)
			return -ETIMEDOUT;
		if (fd < 0)
			return 0;
	}
}

int waiter_open(struct waiter *waiter, uint64_t duration_ns, int more, struct err *err)
{
	*waiter = (struct waiter){
		.io = {.wait = wait_for_output, .ctx = waiter},
		.duration_ns = duration_ns,
		.more = more,
		.epoll_fd = -1,
	};
	int ret;

	waiter_begin(waiter);
	ret = signals_open(&waiter->signals, more, err);
	waiter->wake_fd = waiter->signals.fd;
	return ret;
}

static int add_to_epoll(struct waiter *waiter, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(waiter->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

int waiter_add_input(struct waiter *waiter, int fd, struct err *err)
{
	bool is_first = waiter->epoll_fd < 0;

	if (is_first)
		waiter->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (waiter->epoll_fd < 0 || (is_first && add_to_epoll(waiter, waiter->signals.fd)) ||
	    add_to_epoll(waiter, fd))
		return err_set(err, -errno, "cannot wait for input: %s", strerror(errno));
	waiter->wake_fd = waiter->epoll_fd;
	return 0;
}

void waiter_close(struct waiter *waiter)
{
	if (waiter->epoll_fd >= 0)
		close(waiter->epoll_fd);
	waiter->epoll_fd = -1;
	signals_close(&waiter->signals);
}

void waiter_begin(struct waiter *waiter)
{
	waiter->idle_ns = 0;
	if (!waiter->duration_ns ||
	    __builtin_add_overflow(clock_now_ns(), waiter->duration_ns, &waiter->end_ns))
		waiter->end_ns = UINT64_MAX;
}

bool waiter_is_ended(struct waiter *waiter)
{
	take(waiter);
	return waiter->ends;
}

bool waiter_is_over(struct waiter *waiter)
{
	return waiter_is_ended(waiter) || clock_now_ns() >= waiter->end_ns;
}

static bool exchange(bool *flag)
{
	bool was = *flag;

	*flag = false;
	return was;
}

bool waiter_take_more(struct waiter *waiter)
{
	take(waiter);
	return exchange(&waiter->has_more);
}

bool waiter_take_child(struct waiter *waiter)
{
	take(waiter);
	return exchange(&waiter->has_child);
}
