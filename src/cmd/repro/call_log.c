// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/repro/call_log.h"
#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define JOURNAL_FIRST 256

void journal_init(struct journal *journal, const char *profile, uint32_t vm)
{
	memset(journal, 0, sizeof(*journal));
	pthread_mutex_init(&journal->lock, NULL);
	journal->pid = getpid();
	journal->profile = profile;
	journal->vm = vm;
}

void journal_fini(struct journal *journal)
{
	free(journal->entries);
	journal->entries = NULL;
	pthread_mutex_destroy(&journal->lock);
}

void journal_reset(struct journal *journal)
{
	journal->cnt = 0;
}

static int by_time(const void *a, const void *b)
{
	const struct journal_entry *left = a, *right = b;

	return (left->ts_ns > right->ts_ns) - (left->ts_ns < right->ts_ns);
}

void journal_sort(struct journal *journal)
{
	if (journal->cnt)
		qsort(journal->entries, journal->cnt, sizeof(*journal->entries), by_time);
}

/* Between calls, never inside a measured one, so growing may take its time. */
static void journal_add(struct journal *journal, struct journal_entry entry)
{
	size_t max = journal->max ? journal->max * 2 : JOURNAL_FIRST;
	struct journal_entry *more;

	pthread_mutex_lock(&journal->lock);
	entry.round = journal->round;
	if (journal->cnt == journal->max) {
		more = realloc(journal->entries, max * sizeof(*more));
		if (!more) {
			journal->lost++;
			goto unlock;
		}
		journal->entries = more;
		journal->max = max;
	}
	journal->entries[journal->cnt++] = entry;
unlock:
	pthread_mutex_unlock(&journal->lock);
}

void journal_add_call(struct journal *journal, const struct call *call, pid_t tid)
{
	journal_add(journal, (struct journal_entry){.kind = JOURNAL_CALL,
						    .ts_ns = call->begin_ns,
						    .tid = tid,
						    .call = *call});
}

void journal_add_injection(struct journal *journal, const struct injection *injection)
{
	journal_add(journal, (struct journal_entry){.kind = JOURNAL_INJECTION,
						    .ts_ns = injection->begin_ns,
						    .tid = injection->tid,
						    .injection = *injection});
}

void journal_add_skip(struct journal *journal, const struct skip *skip)
{
	journal_add(journal, (struct journal_entry){.kind = JOURNAL_SKIP,
						    .ts_ns = clock_now_ns(),
						    .tid = gettid(),
						    .skip = *skip});
}

long journal_ioctl(struct journal *journal, struct call *call, int fd, unsigned long request,
		   unsigned long arg)
{
	long ret;

	call->begin_ns = clock_now_ns();
	ret = ioctl(fd, request, arg);
	call->end_ns = clock_now_ns();
	call->ret = ret < 0 ? -errno : ret;
	journal_add_call(journal, call, gettid());
	return call->ret;
}

long journal_close(struct journal *journal, struct call *call, int fd)
{
	long ret;

	call->begin_ns = clock_now_ns();
	ret = close(fd);
	call->end_ns = clock_now_ns();
	call->ret = ret < 0 ? -errno : ret;
	journal_add_call(journal, call, gettid());
	return call->ret;
}
