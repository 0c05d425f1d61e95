// SPDX-License-Identifier: GPL-2.0-only
#include "live/selftest.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <kvmstall/records.h>

#include "base/log.h"
#include "kern/probes.h"

/* A VM of nothing ends in milliseconds; on a host that is drained, it may have to wait for others.
 */
#define PATIENCE_S 3

/* The thread's, which may have to be left alone with it. */
struct own_vm {
	pthread_t thread;
	int kvm_fd;
	atomic_uint over; /* (1 << enum ks_call_kind) of the calls that returned */
};

void selftest_init(struct selftest *test)
{
	*test = (struct selftest){.kvm_fd = -1};
}

void selftest_fini(struct selftest *test)
{
	if (test->stuck && pthread_tryjoin_np(test->stuck->thread, NULL))
		return; /* it has the descriptor, too */
	free(test->stuck);
	test->stuck = NULL;
	if (test->kvm_fd >= 0)
		close(test->kvm_fd);
	test->kvm_fd = -1;
}

static void *live(void *arg)
{
	struct kvm_create_device device = {.flags = KVM_CREATE_DEVICE_TEST};
	struct own_vm *own = arg;
	int vm = ioctl(own->kvm_fd, KVM_CREATE_VM, 0);

	if (vm < 0)
		return NULL; /* nothing can be said against the programs */
	atomic_fetch_or(&own->over, 1u << KS_KIND_DEV);
	ioctl(vm, KVM_CREATE_DEVICE, &device); /* makes nothing, and may well fail */
	atomic_fetch_or(&own->over, 1u << KS_KIND_VM);
	close(vm);
	atomic_fetch_or(&own->over, 1u << KS_KIND_CLOSE);
	return NULL;
}

/* Signals are for others to handle. */
static int start(struct own_vm *own)
{
	sigset_t all, before;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = pthread_create(&own->thread, NULL, live, own);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ret;
}

/* False: it has not ended, and may never. */
static bool wait_for(const struct own_vm *own)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	return !pthread_timedjoin_np(own->thread, NULL, &until);
}

static uint32_t unseen_of(unsigned int over, const struct probes *probes)
{
	static const enum ks_call_kind kinds[] = {KS_KIND_DEV, KS_KIND_VM, KS_KIND_CLOSE};
	uint32_t unseen = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (over & 1u << kinds[i] && !probes_saw(probes, kinds[i]))
			unseen |= 1u << kinds[i];
	return unseen;
}

void selftest_run(struct selftest *test, const struct probes *probes)
{
	struct own_vm *own;
	bool has_ended;

	test->unseen = 0;
	if (test->kvm_fd < 0)
		test->kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (test->kvm_fd < 0 || test->stuck)
		return;
	own = calloc(1, sizeof(*own));
	if (!own)
		return;
	own->kvm_fd = test->kvm_fd;
	if (start(own)) {
		free(own);
		return;
	}
	has_ended = wait_for(own);
	test->unseen = unseen_of(own->over, probes);
	if (has_ended) {
		free(own);
		return;
	}
	test->stuck = own;
	log_warn("KVM does not answer: a VM of kvmstall's own, made to test its programs, has not "
		 "ended after %us; going on, but kvmstall cannot end before it",
		 PATIENCE_S);
}
