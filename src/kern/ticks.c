// SPDX-License-Identifier: GPL-2.0-only
#include "kern/ticks.h"

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/clock.h"
#include "host/host.h"
#include "kern/libbpf_opts.h"
#include "kern/limits.h"

#include "calib.skel.h"

/* 250 and 300 differ by three jiffies in it: see host_hz_of_ticks(). */
#define SPAN_NS 60000000

struct ticks {
	struct calib_bpf *skel;
	uint64_t jiffies, ns; /* at the start */
};

static int read_jiffies(const struct ticks *ticks)
{
	ZERO_OPTS(bpf_test_run_opts, opts);

	return bpf_prog_test_run_opts(bpf_program__fd(ticks->skel->progs.calib_ticks), &opts);
}

/* What cannot be loaded is no news: HZ is the config's then. */
static struct calib_bpf *load_quietly(void)
{
	libbpf_print_fn_t old = libbpf_set_print(NULL);
	struct calib_bpf *skel = calib_bpf__open();

	if (skel) {
		bpf_program__set_autoload(skel->progs.calib_ticks, true);
		/* Variables that libbpf could not map have no address. */
		if (calib_bpf__load(skel) || !skel->bss) {
			calib_bpf__destroy(skel);
			skel = NULL;
		}
	}
	libbpf_set_print(old);
	return skel;
}

struct ticks *ticks_start(void)
{
	struct ticks *ticks = calloc(1, sizeof(*ticks));

	if (!ticks)
		return NULL;
	limits_raise();
	ticks->skel = load_quietly();
	if (!ticks->skel || read_jiffies(ticks)) {
		ticks_free(ticks);
		return NULL;
	}
	ticks->jiffies = ticks->skel->bss->now_jiffies;
	ticks->ns = ticks->skel->bss->now_ns;
	return ticks;
}

void ticks_free(struct ticks *ticks)
{
	if (!ticks)
		return;
	calib_bpf__destroy(ticks->skel);
	free(ticks);
}

void ticks_stop(struct ticks *ticks, struct host *host)
{
	uint64_t spent_ns;

	if (!ticks)
		return;
	spent_ns = clock_now_ns() - ticks->ns;
	if (spent_ns < SPAN_NS)
		nanosleep(&(struct timespec){.tv_nsec = SPAN_NS - spent_ns}, NULL);
	if (!read_jiffies(ticks))
		host->measured_hz =
			host_hz_of_ticks(ticks->skel->bss->now_jiffies - ticks->jiffies,
					 ticks->skel->bss->now_ns - ticks->ns, host->config_hz);
	ticks_free(ticks);
}
