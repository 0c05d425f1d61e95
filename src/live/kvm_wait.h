/* SPDX-License-Identifier: GPL-2.0-only */
/* KVM's module may be loaded later than we start: wait for it. */
#ifndef LIVE_KVM_WAIT_H
#define LIVE_KVM_WAIT_H

#include <stdbool.h>
#include <stdint.h>

struct kvm_wait {
	int signal_fd;
	uint64_t end_ns; /* wait no longer than this; UINT64_MAX: for ever */
	/* .signal_fd is readable: not 0 when that is the end. */
	int (*on_signal)(void *ctx);
	/* Every HOST_KVM_POLL_MS; NULL: not wanted. */
	void (*on_poll)(void *ctx);
	/* Asked as often: is it the end for another reason? NULL: there is none. */
	bool (*is_over)(void *ctx);
	void *ctx;
};

/* 0: KVM is there. 1: the wait is over without. */
int kvm_wait(const struct kvm_wait *wait);

#endif
