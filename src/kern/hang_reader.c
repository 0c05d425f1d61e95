// SPDX-License-Identifier: GPL-2.0-only
#include "kern/hang_reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "kern/libbpf_opts.h"
#include "kern/limits.h"

#include "dump.skel.h"

#define CLOCK_TRIES 11
#define NAP_NS	    200000

struct hang_reader {
	struct dump_bpf *skel;
	struct bpf_link *tasks;
	struct bpf_link *faults;
};

struct hang_reader *hang_reader_new(struct err *err)
{
	struct hang_reader *reader = calloc(1, sizeof(*reader));
	libbpf_print_fn_t old;

	if (!reader) {
		err_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	limits_raise();
	old = libbpf_set_print(NULL);
	reader->skel = dump_bpf__open_and_load();
	libbpf_set_print(old);
	/* variables that libbpf could not map have no address */
	if (reader->skel && reader->skel->bss)
		reader->tasks = bpf_program__attach_iter(reader->skel->progs.dump_tasks, NULL);
	if (reader->tasks)
		reader->faults = bpf_program__attach_iter(reader->skel->progs.dump_faults, NULL);
	if (!reader->faults) {
		err_cannot(err, "cannot load what reads a hang: %s", strerror(errno));
		hang_reader_free(reader);
		return NULL;
	}
	return reader;
}

void hang_reader_free(struct hang_reader *reader)
{
	if (!reader)
		return;
	bpf_link__destroy(reader->tasks);
	bpf_link__destroy(reader->faults);
	dump_bpf__destroy(reader->skel);
	free(reader);
}

void hang_reader_want(struct hang_reader *reader, uint32_t tid)
{
	uint32_t *wanted = reader->skel->bss->wanted;

	for (int i = 0; i < KS_DUMP_WANTED; i++) {
		if (wanted[i] == tid)
			return;
		if (!wanted[i]) {
			wanted[i] = tid;
			return;
		}
	}
}

/* The kernel hands out whole records where they fit, and what it has otherwise. 1: one is there; 0:
 * the end. */
static int next_record(int fd, void *rec, size_t size)
{
	size_t have = 0;

	while (have < size) {
		ssize_t len = read(fd, (char *)rec + have, size - have);

		if (len < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (len <= 0)
			return len < 0 ? -errno : 0;
		have += len;
	}
	return 1;
}

static int read_tasks(struct hang_reader *reader,
		      int (*fn)(void *ctx, const struct ks_dump_task *task), void *ctx)
{
	_close_ int fd = bpf_iter_create(bpf_link__fd(reader->tasks));
	struct ks_dump_task task;
	int ret = fd < 0 ? -errno : 0, has_next;

	while (!ret) {
		has_next = next_record(fd, &task, sizeof(task));
		if (has_next <= 0)
			return has_next;
		ret = fn(ctx, &task);
	}
	return ret;
}

int hang_reader_tasks(struct hang_reader *reader,
		      int (*fn)(void *ctx, const struct ks_dump_task *task), void *ctx)
{
	int ret = read_tasks(reader, fn, ctx);

	memset(reader->skel->bss->wanted, 0, sizeof(reader->skel->bss->wanted));
	return ret;
}

int hang_reader_faults(struct hang_reader *reader,
		       int (*fn)(void *ctx, const struct ks_dump_fault *fault), void *ctx)
{
	_close_ int fd = bpf_iter_create(bpf_link__fd(reader->faults));
	struct ks_dump_fault fault;
	int ret = fd < 0 ? -errno : 0, has_next;

	while (!ret) {
		has_next = next_record(fd, &fault, sizeof(fault));
		if (has_next <= 0)
			return has_next;
		ret = fn(ctx, &fault);
	}
	return ret;
}

static bool ask(const struct bpf_program *prog)
{
	ZERO_OPTS(bpf_test_run_opts, opts);

	return !bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);
}

bool hang_reader_domain(struct hang_reader *reader, struct ks_dump_domain *domain)
{
	reader->skel->bss->domain = *domain;
	if (!ask(reader->skel->progs.dump_domain))
		return false;
	*domain = reader->skel->bss->domain;
	return true;
}

bool hang_reader_pool(struct hang_reader *reader, struct ks_dump_pool *pool)
{
	reader->skel->bss->queue = *pool;
	if (!ask(reader->skel->progs.dump_pool))
		return false;
	*pool = reader->skel->bss->queue;
	return true;
}

bool hang_reader_vm(struct hang_reader *reader, struct ks_dump_vm *vm)
{
	reader->skel->bss->vm = *vm;
	if (!ask(reader->skel->progs.dump_vm))
		return false;
	*vm = reader->skel->bss->vm;
	return true;
}

bool hang_reader_clock(struct hang_reader *reader, uint64_t *now_ns, uint64_t *dmesg_ns,
		       uint64_t *jiffies)
{
	struct ks_dump_clock clock;
	int64_t off_ns = INT64_MAX, off; /* of the clocks, and how long it took to go on */

	for (int i = 0; i < CLOCK_TRIES; i++) {
		nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
		if (!ask(reader->skel->progs.dump_clock))
			return false;
		clock = reader->skel->bss->moment;
		off = (int64_t)(clock.now_ns - clock.ran_ns);
		if (clock.ran_ns && off < off_ns)
			off_ns = off;
	}
	*now_ns = clock.now_ns;
	*jiffies = clock.jiffies;
	*dmesg_ns = off_ns == INT64_MAX ? 0 : clock.now_ns - off_ns;
	return true;
}

bool hang_reader_taint(uint64_t *taint)
{
	_fclose_ FILE *file = fopen("/proc/sys/kernel/tainted", "re");

	return file && fscanf(file, "%" SCNu64, taint) == 1;
}
