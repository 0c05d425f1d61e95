// SPDX-License-Identifier: GPL-2.0-only
#include "kern/sampler.h"

#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_clock(int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = SAMPLER_PERIOD_NS,
		.disabled = 1, /* excludes nothing: what it excludes it does not count */
	};

	return (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

int sampler_try(void)
{
	return open_clock(0);
}

static int open_event(int cpu, int prog_fd)
{
	int fd = open_clock(cpu);

	if (fd < 0 || !ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog_fd))
		return fd;
	close(fd);
	return -1;
}

void sampler_open(struct sampler *sampler, int prog_fd)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	sampler_close(sampler);
	sampler->fds = cpus > 0 ? calloc(cpus, sizeof(*sampler->fds)) : NULL;
	for (int cpu = 0; sampler->fds && cpu < cpus; cpu++) {
		int fd = open_event(cpu, prog_fd);

		if (fd >= 0)
			sampler->fds[sampler->cnt++] = fd;
	}
}

void sampler_close(struct sampler *sampler)
{
	for (size_t i = 0; i < sampler->cnt; i++)
		close(sampler->fds[i]);
	free(sampler->fds);
	*sampler = (struct sampler){.cnt = 0};
}

void sampler_take(const struct sampler *sampler)
{
	for (size_t i = 0; i < sampler->cnt; i++)
		ioctl(sampler->fds[i], PERF_EVENT_IOC_REFRESH, SAMPLER_TIMES);
}
