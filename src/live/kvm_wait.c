// SPDX-License-Identifier: GPL-2.0-only
#include "live/kvm_wait.h"

#include <poll.h>
#include <stddef.h>

#include "base/clock.h"
#include "kern/host_settings.h"

/* Until the next poll, or the end. */
static int timeout_ms(const struct kvm_wait *wait)
{
	uint64_t now = clock_now_ns(), left_ms;

	if (now >= wait->end_ns)
		return 0;
	left_ms = (wait->end_ns - now) / 1000000 + 1;
	return left_ms < HOST_KVM_POLL_MS ? (int)left_ms : HOST_KVM_POLL_MS;
}

int kvm_wait(const struct kvm_wait *wait)
{
	struct pollfd fd = {.fd = wait->signal_fd, .events = POLLIN};

	while (!host_has_kvm()) {
		if (wait->on_poll)
			wait->on_poll(wait->ctx);
		if (wait->is_over && wait->is_over(wait->ctx))
			return 1;
		if (poll(&fd, 1, timeout_ms(wait)) > 0 && wait->on_signal(wait->ctx))
			return 1;
		if (clock_now_ns() >= wait->end_ns)
			return 1;
	}
	return 0;
}
