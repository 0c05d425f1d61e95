// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/task.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* As many as a domain's history has; a damaged capture must not make us take memory without end. */
#define TASK_LIST_MAX 65536

struct task *task_new(uint32_t tid)
{
	struct task *task = calloc(1, sizeof(*task));

	if (task)
		task->tid = tid;
	return task;
}

void task_free(struct task *task)
{
	if (!task)
		return;
	task_reset(task);
	free(task->segments);
	free(task->waits);
	free(task);
}

void task_renew(struct task *task, uint32_t tid)
{
	task_reset(task);
	*task = (struct task){
		.tid = tid,
		.segments = task->segments,
		.segments_cap = task->segments_cap,
		.waits = task->waits,
		.waits_cap = task->waits_cap,
	};
}

void task_mark(const struct task *task, struct task_mark *mark)
{
	*mark = (struct task_mark){
		.segments_cnt = task->segments_cnt,
		.waits_cnt = task->waits_cnt,
		.sleeps = task->sleeps,
		.forgotten = task->forgotten,
		.last_in_ns = task->last_in_ns,
		.wait_ns = task->wait_ns,
		.blamed = task->blamed,
		.blamed_ns = task->blamed_ns,
	};
}

void task_rewind(struct task *task, const struct task_mark *mark)
{
	for (size_t i = mark->segments_cnt; i < task->segments_cnt; i++)
		domain_put((struct domain *)task->segments[i].seg.dom);
	for (size_t i = mark->waits_cnt; i < task->waits_cnt; i++)
		domain_put((struct domain *)task->waits[i].dom);
	task->segments_cnt = mark->segments_cnt;
	task->waits_cnt = mark->waits_cnt;
	task->sleeps = mark->sleeps;
	task->forgotten = mark->forgotten;
	task->last_in_ns = mark->last_in_ns;
	task->wait_ns = mark->wait_ns;
	task->blamed = mark->blamed;
	task->blamed_ns = mark->blamed_ns;
}

void task_reset(struct task *task)
{
	static const struct task_mark start;

	task_rewind(task, &start);
	task->lock = (struct held_lock){0};
	task->stuck = (struct stuck_call){0};
	task->asleep_ns = 0;
	cpu_waits_fini(&task->cpu_waits);
}

static void forget_segments(struct task *task, uint64_t ns)
{
	size_t cnt = 0;

	while (cnt < task->segments_cnt && task->segments[cnt].begin_ns < ns)
		domain_put((struct domain *)task->segments[cnt++].seg.dom);
	if (!cnt)
		return;
	task->sleeps -= task->segments[cnt - 1].sleep + 1;
	task->segments_cnt -= cnt;
	memmove(task->segments, task->segments + cnt, task->segments_cnt * sizeof(*task->segments));
}

void task_forget_before(struct task *task, uint64_t ns)
{
	size_t cnt = 0;

	forget_segments(task, ns);
	while (cnt < task->waits_cnt && task->waits[cnt].begin_ns < ns)
		domain_put((struct domain *)task->waits[cnt++].dom);
	if (!cnt)
		return;
	task->waits_cnt -= cnt;
	memmove(task->waits, task->waits + cnt, task->waits_cnt * sizeof(*task->waits));
}

static struct timed_segment *new_segment(struct task *task, uint64_t begin_ns,
					 const struct domain *dom)
{
	struct timed_segment *timed;

	if (task->segments_cnt >= TASK_LIST_MAX ||
	    !ARRAY_ROOM(task->segments, task->segments_cap, task->segments_cnt, 8))
		return NULL;
	timed = &task->segments[task->segments_cnt++];
	timed->begin_ns = begin_ns;
	timed->sleep = task->sleeps;
	timed->call = CALL_NONE;
	timed->seg.dom = dom;
	if (dom)
		domain_get((struct domain *)dom);
	return timed;
}

struct segment *task_new_segment(struct task *task, uint64_t begin_ns, const struct domain *dom)
{
	struct timed_segment *timed = new_segment(task, begin_ns, dom);

	return timed ? &timed->seg : NULL;
}

int task_add_segment(struct task *task, uint64_t begin_ns, const struct segment *seg)
{
	struct timed_segment *timed = new_segment(task, begin_ns, seg->dom);

	if (!timed)
		return -ENOMEM;
	timed->seg = *seg;
	return 0;
}

/* That of the sleep before it; -1 before the first: see forget_segments(). */
int task_add_unslept(struct task *task, uint64_t begin_ns, const struct segment *seg)
{
	struct timed_segment *timed = new_segment(task, begin_ns, seg->dom);

	if (!timed)
		return -ENOMEM;
	timed->seg = *seg;
	timed->sleep--;
	return 0;
}

struct wait *task_new_wait(struct task *task, const struct domain *dom)
{
	struct wait *wait;

	if (task->waits_cnt >= TASK_LIST_MAX ||
	    !ARRAY_ROOM(task->waits, task->waits_cap, task->waits_cnt, 8))
		return NULL;
	wait = &task->waits[task->waits_cnt++];
	wait->dom = dom;
	if (dom)
		domain_get((struct domain *)dom);
	return wait;
}

int task_add_wait(struct task *task, const struct wait *wait)
{
	struct wait *room = task_new_wait(task, wait->dom);

	if (!room)
		return -ENOMEM;
	*room = *wait;
	return 0;
}

bool task_is_stuck(const struct task *task)
{
	return task->stuck.ts_ns > task->last_in_ns;
}

/* The longest segment in that time; NULL: none. */
static const struct segment *longest_in(const struct task *task, uint64_t begin_ns, uint64_t end_ns)
{
	const struct segment *longest = NULL;

	for (size_t i = 0; i < task->segments_cnt; i++) {
		const struct timed_segment *timed = &task->segments[i];

		if (timed->begin_ns < end_ns && timed->begin_ns + timed->seg.ns > begin_ns &&
		    timed->seg.ns > (longest ? longest->ns : 0))
			longest = &timed->seg;
	}
	return longest;
}

bool task_in_call(const struct task *task, uint64_t begin_ns, uint64_t end_ns)
{
	return longest_in(task, begin_ns, end_ns);
}

enum ks_cause task_stalled_for(const struct task *task, uint64_t begin_ns, uint64_t end_ns)
{
	const struct segment *longest;
	enum ks_cause cause;

	if (!task)
		return KS_CAUSE_RUN;
	if (task_is_stuck(task) && task->stuck.begin_ns < end_ns && task->stuck.ts_ns > begin_ns)
		return task->stuck.cause;
	longest = longest_in(task, begin_ns, end_ns);
	cause = longest ? longest->cause : KS_CAUSE_RUN;
	if (cause == KS_CAUSE_RUN && task->past.begin_ns < end_ns && task->past.end_ns > begin_ns)
		cause = task->past.cause;
	return cause;
}
