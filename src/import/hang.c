// SPDX-License-Identifier: GPL-2.0-only
#include "import/hang.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import/hung_call.h"
#include "import/hung_task.h"
#include "import/stack_line.h"
#include "ledger/domain.h"
#include "ledger/sites.h"

/* A task owns the names of its frames; gcc 12 loses sight of them in its list. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

/* Who print their stacks in turns: CPUs, mostly. */
#define SPEAKERS_MAX 16
#define HEADER_MAX   100

/* One that prints, of several at the same time: what its lines so far have come to. */
struct speaker {
	bool is_used;
	char id[12]; /* as struct stack_line's .caller */
	struct hung_task *last;
	struct stack_line age;
};

struct hang {
	struct log *log;
	char speaker[12]; /* whose .last and .age are these; of others they are kept */
	struct speaker others[SPEAKERS_MAX];
	size_t others_next;  /* that is given up, if all are used */
	bool has_reports;    /* of what is no hang */
	uint32_t header_tid; /* of the stack that follows, in a form of anybody's own; 0: none */
	struct hung_tasks tasks;
	struct hung_task *last; /* whose frames come */
	struct stack_line age;	/* of the task that follows */
	struct stack_line busy; /* who, and for how long, if .kind is STACK_BUSY */
	struct domain *domains[DOMAIN_KIND_CNT];
};

/* ---- reading ---- */

/* Keep it, if it is of a hang. */
static int end_task(struct hang *hang)
{
	struct hung_task *task = hang->last;

	hang->last = NULL;
	if (!task || task->is_passed_over) {
		hang->has_reports |= task && task->cnt;
		hung_task_free(task);
		return 0;
	}
	return hung_tasks_keep(&hang->tasks, task);
}

/* That of another speaker, which says no more. */
static int end_other(struct hang *hang, struct speaker *other)
{
	struct hung_task *last = hang->last;
	int ret;

	hang->last = other->last;
	other->last = NULL;
	ret = end_task(hang);
	hang->last = last;
	return ret;
}

static int start_task(struct hang *hang, const struct stack_line *line)
{
	int ret = end_task(hang);

	if (ret)
		return ret;
	hang->last = calloc(1, sizeof(*hang->last));
	if (!hang->last)
		return -ENOMEM;
	hang->last->head = *line;
	hang->last->ts_ns = line->ts_ns;
	if (hang->age.tid && (hang->age.tid == line->tid || line->kind == STACK_FRAME)) {
		hang->last->age_ns = hang->age.age_ns;
		hang->last->head.tid = hang->age.tid;
		memcpy(hang->last->head.comm, hang->age.comm, sizeof(hang->age.comm));
		hang->last->head.state = 'D';
	}
	hang->age.tid = 0;
	return 0;
}

/* Where the kernel was entered: the last of a stack, or before the last. */
static bool is_entry(const struct word *func)
{
	static const char *const begin[] = {"entry_SYSCALL",	  "entry_INT80",  "ret_from_fork",
					    "el0t_64_sync",	  "el0t_32_sync", "ret_to_user",
					    "ret_from_exception", "system_call"};

	for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++)
		if (word_begins(func, begin[i]))
			return true;
	return false;
}

/* Stacks of /proc that were put one after the other have nothing between them. */
static bool is_over(const struct hung_task *task, const struct stack_line *line)
{
	struct word last;

	if (!task->cnt)
		return false;
	last = (struct word){task->names[task->cnt - 1], strlen(task->names[task->cnt - 1])};
	return is_entry(&last) && !is_entry(&line->func);
}

static int add_frame(struct hang *hang, const struct stack_line *line)
{
	bool is_first = !hang->last || is_over(hang->last, line);
	int ret = is_first ? start_task(hang, line) : 0;
	struct hung_task *task = hang->last;

	if (!ret && is_first && line->is_proc && !task->head.tid)
		task->head.tid = hang->header_tid;
	hang->header_tid = 0;
	if (!ret)
		task->is_proc = line->is_proc;
	if (ret || task->cnt == HUNG_FRAMES_MAX)
		return ret;
	task->names[task->cnt] = strndup(line->func.text, line->func.len);
	if (!task->names[task->cnt])
		return -ENOMEM;
	task->cnt++;
	return 0;
}

static int add_task_frame(struct hang *hang, const struct stack_line *line)
{
	int ret = 0;

	if (!hang->last || hang->last->head.tid != line->tid)
		ret = start_task(hang, line);
	return ret ? ret : add_frame(hang, line);
}

/*
 * One that had a CPU when the kernel wrote a report: who is said to have it for too long is stuck,
 * other active ones may be readers, and of warnings nothing is known of who waits.
 */
static int start_on_cpu(struct hang *hang, const struct stack_line *line)
{
	const struct stack_line *busy = &hang->busy;
	int ret;

	hang->age.tid = 0;
	ret = start_task(hang, line);
	if (ret)
		return ret;
	hang->last->is_on_cpu = true;
	hang->last->is_passed_over = busy->kind == STACK_REPORT;
	hang->last->is_busy = busy->kind == STACK_BUSY && (!busy->tid || busy->tid == line->tid);
	if (hang->last->is_busy)
		hang->last->age_ns = busy->age_ns;
	return 0;
}

/* Its stacks, up to the next task, are of what is over. */
static int start_report(struct hang *hang, const struct stack_line *line)
{
	int ret = 0;

	if (line->kind == STACK_ACTIVE && hang->busy.kind == STACK_BUSY)
		return 0;
	hang->busy = *line;
	if (line->kind != STACK_REPORT)
		return end_task(hang);
	ret = start_task(hang, line);
	if (!ret)
		hang->last->is_passed_over = true;
	return ret;
}

static int add_place(struct hang *hang, const struct stack_line *line)
{
	if (!hang->last || hang->last->cnt || hang->last->head.state != 'R')
		return 0;
	return add_frame(hang, line);
}

static int add_owner(struct hang *hang, const struct stack_line *line)
{
	int ret = end_task(hang);

	return ret ? ret : hung_tasks_add_owner(&hang->tasks, line);
}

/* Of several, those of user space come last. */
static void add_registers(struct hang *hang, const struct stack_line *line)
{
	struct hung_task *task = hang->last;

	if (!task)
		return;
	if (line->has_nr)
		task->is_ioctl = line->is_ioctl;
	if (line->request)
		task->request = line->request;
}

/* "PID 70" before a stack of /proc; between the lines of the kernel's log there may be others. */
static int take_header(struct hang *hang, const char *text)
{
	uint32_t tid = strlen(text) < HEADER_MAX ? stack_header_tid(text) : 0;

	if (hang->last && !(hang->last->is_proc && hang->last->cnt))
		return 0;
	if (tid)
		hang->header_tid = tid;
	return end_task(hang);
}

static struct speaker *find_speaker(struct hang *hang, const char *id)
{
	for (size_t i = 0; i < SPEAKERS_MAX; i++)
		if (hang->others[i].is_used && !strcmp(hang->others[i].id, id))
			return &hang->others[i];
	return NULL;
}

/* Lines of several come in turns; what one had begun goes on when it is its turn again. */
static int change_speaker(struct hang *hang, const char *id)
{
	struct speaker was = {.last = hang->last, .age = hang->age};
	struct speaker *other;
	int ret;

	memcpy(was.id, hang->speaker, sizeof(was.id));
	other = find_speaker(hang, id);
	hang->last = other ? other->last : NULL;
	hang->age = other ? other->age : (struct stack_line){.kind = STACK_OTHER};
	if (other)
		*other = (struct speaker){.is_used = false};
	snprintf(hang->speaker, sizeof(hang->speaker), "%s", id);
	was.is_used = was.last || was.age.tid;
	if (!was.is_used)
		return 0;
	for (other = hang->others; other < hang->others + SPEAKERS_MAX && other->is_used;)
		other++;
	if (other == hang->others + SPEAKERS_MAX)
		other = &hang->others[hang->others_next++ % SPEAKERS_MAX];
	ret = end_other(hang, other);
	*other = was;
	return ret;
}

int hang_take(struct hang *hang, const char *text)
{
	struct stack_line line;
	enum stack_line_kind kind = stack_line_parse(text, &line);
	int ret = strcmp(line.caller, hang->speaker) ? change_speaker(hang, line.caller) : 0;

	if (ret)
		return ret;
	switch (kind) {
	case STACK_FRAME:
		return add_frame(hang, &line);
	case STACK_TASK:
		return start_task(hang, &line);
	case STACK_AGE:
		ret = end_task(hang);
		hang->age = line;
		return ret;
	case STACK_OWNER:
		return add_owner(hang, &line);
	case STACK_REPORT:
	case STACK_ACTIVE:
	case STACK_BUSY:
		return start_report(hang, &line);
	case STACK_ON_CPU:
		return start_on_cpu(hang, &line);
	case STACK_PLACE:
		return add_place(hang, &line);
	case STACK_TASK_FRAME:
		return add_task_frame(hang, &line);
	case STACK_REGISTERS:
		add_registers(hang, &line);
		return 0;
	case STACK_END:
		return hang->last && hang->last->cnt ? end_task(hang) : 0;
	default:
		return take_header(hang, text);
	}
}

/* ---- the end ---- */

static struct domain *domain_of(struct hang *hang, const struct hung_task *task)
{
	enum domain_kind kind;

	if (!stack_domain_kind(&task->stack, &kind))
		return NULL;
	if (!hang->domains[kind])
		hang->domains[kind] = domain_new(kind + 1, kind, 0);
	return hang->domains[kind];
}

/* A vCPU that runs, or sleeps because its guest does, is not stuck: it may be a reader. */
static bool is_stuck(const struct hung_task *task)
{
	if (task->is_on_cpu)
		return task->is_busy && stack_has(&task->stack, SITE_KVM);
	if (task->is_waiting || task->age_ns)
		return true;
	return task->head.state == 'D';
}

static bool has_stuck(const struct hang *hang)
{
	for (size_t i = 0; i < hang->tasks.cnt; i++)
		if (is_stuck(hang->tasks.list[i]))
			return true;
	return false;
}

int hang_finish(struct hang *hang)
{
	int ret = end_task(hang);

	for (size_t i = 0; !ret && i < SPEAKERS_MAX; i++)
		ret = end_other(hang, &hang->others[i]);
	if (ret)
		return ret;
	hung_tasks_find_holders(&hang->tasks);
	if (!has_stuck(hang))
		hung_tasks_find_faults(&hang->tasks);
	for (size_t i = 0; i < hang->tasks.cnt; i++)
		if (is_stuck(hang->tasks.list[i]))
			hung_call_report(hang->log, hang->tasks.list[i],
					 domain_of(hang, hang->tasks.list[i]));
	return 0;
}

/* ---- life ---- */

bool hang_has_reports(const struct hang *hang)
{
	return hang->has_reports;
}

struct hang *hang_new(struct log *log)
{
	struct hang *hang = calloc(1, sizeof(*hang));

	if (hang)
		hang->log = log;
	return hang;
}

void hang_free(struct hang *hang)
{
	if (!hang)
		return;
	hung_tasks_fini(&hang->tasks);
	hung_task_free(hang->last);
	for (size_t i = 0; i < SPEAKERS_MAX; i++)
		hung_task_free(hang->others[i].last);
	for (size_t i = 0; i < DOMAIN_KIND_CNT; i++)
		if (hang->domains[i])
			domain_put(hang->domains[i]);
	free(hang);
}
