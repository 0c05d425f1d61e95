/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who is on a CPU, and where in the kernel: an iterator gets no stack of a task that runs. An event
 * of each CPU's clock runs a program a few times when it is asked to, and sleeps otherwise. They
 * are opened while there is the right to (CAP_PERFMON), and need none afterwards.
 */
#ifndef KERN_SAMPLER_H
#define KERN_SAMPLER_H

#include <stddef.h>

/* So often on each CPU, and so far apart. Prime: nothing falls into step with a tick. */
#define SAMPLER_TIMES	  3
#define SAMPLER_PERIOD_NS 997000
#define SAMPLER_SPAN_NS	  (SAMPLER_TIMES * SAMPLER_PERIOD_NS)

struct sampler {
	int *fds; /* a CPU each; NULL: there is none */
	size_t cnt;
};

/*
 * Have @prog_fd, of a program that returns 1, run on each CPU that is online. Where that cannot be
 * done (no perf events, or not allowed), sampler_take() does nothing.
 */
void sampler_open(struct sampler *sampler, int prog_fd);
void sampler_close(struct sampler *sampler);

/* Such an event of the first CPU, or -1 with errno: the caller's to close. */
int sampler_try(void);

/* Start taking samples; does not wait for them. */
void sampler_take(const struct sampler *sampler);

#endif
