// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/repro/call_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"

#define CALL_LOG_FIRST 256

void call_log_init(struct call_log *log, const char *profile, uint32_t vm)
{
	memset(log, 0, sizeof(*log));
	pthread_mutex_init(&log->lock, NULL);
	log->pid = getpid();
	log->profile = profile;
	log->vm = vm;
}

void call_log_fini(struct call_log *log)
{
	free(log->entries);
	log->entries = NULL;
	pthread_mutex_destroy(&log->lock);
}

void call_log_reset(struct call_log *log)
{
	log->cnt = 0;
}

static int by_time(const void *a, const void *b)
{
	const struct call_log_entry *left = a, *right = b;

	return (left->ts_ns > right->ts_ns) - (left->ts_ns < right->ts_ns);
}

void call_log_sort(struct call_log *log)
{
	if (log->cnt)
		qsort(log->entries, log->cnt, sizeof(*log->entries), by_time);
}

/* Between calls, never inside a measured one, so growing may take its time. */
static void call_log_add(struct call_log *log, struct call_log_entry entry)
{
	pthread_mutex_lock(&log->lock);
	entry.round = log->round;
	if (ARRAY_ROOM(log->entries, log->max, log->cnt, CALL_LOG_FIRST))
		log->entries[log->cnt++] = entry;
	else
		log->lost++;
	pthread_mutex_unlock(&log->lock);
}

void call_log_add_call(struct call_log *log, const struct call *call, pid_t tid)
{
	call_log_add(log, (struct call_log_entry){.kind = CALL_LOG_CALL,
						  .ts_ns = call->begin_ns,
						  .tid = tid,
						  .call = *call});
}

void call_log_add_injection(struct call_log *log, const struct injection *injection)
{
	call_log_add(log, (struct call_log_entry){.kind = CALL_LOG_INJECTION,
						  .ts_ns = injection->begin_ns,
						  .tid = injection->tid,
						  .injection = *injection});
}

void call_log_add_skip(struct call_log *log, const struct skip *skip)
{
	call_log_add(log, (struct call_log_entry){.kind = CALL_LOG_SKIP,
						  .ts_ns = clock_now_ns(),
						  .tid = gettid(),
						  .skip = *skip});
}

long call_log_ioctl(struct call_log *log, struct call *call, int fd, unsigned long request,
		    unsigned long arg)
{
	long ret;

	call->begin_ns = clock_now_ns();
	ret = ioctl(fd, request, arg);
	call->end_ns = clock_now_ns();
	call->ret = ret < 0 ? -errno : ret;
	call_log_add_call(log, call, gettid());
	return call->ret;
}

long call_log_close(struct call_log *log, struct call *call, int fd)
{
	long ret;

	call->begin_ns = clock_now_ns();
	ret = close(fd);
	call->end_ns = clock_now_ns();
	call->ret = ret < 0 ? -errno : ret;
	call_log_add_call(log, call, gettid());
	return call->ret;
}
