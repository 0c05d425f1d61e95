// SPDX-License-Identifier: GPL-2.0-only
#include "import/hang.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import/log_calls.h"
#include "import/stack_line.h"
#include "ledger/sites.h"
#include "ledger/suspect.h"

/* Tasks that are kept: those with KVM, or SRCU, in their stack. */
#define TASKS_MAX  4096
#define FRAMES_MAX 64

/* Who print their stacks in turns: CPUs, mostly. */
#define SPEAKERS_MAX 16
#define HEADER_MAX   100

/* The lock that KVM holds when it installs memory slots: virt/kvm/kvm_main.c */
#define SLOTS_LOCK "kvm->slots_lock"

struct hung_task {
	struct stack_line head;
	uint64_t ts_ns, age_ns;
	char *names[FRAMES_MAX];
	size_t cnt;
	struct stack stack;
	const struct lock_owner *owner; /* as the kernel says; NULL: it does not */
	const struct hung_task *holder; /* of what it waits for; NULL: not in the dump */
	bool is_waiting;		/* for SRCU, or for a mutex */
	bool is_on_cpu;			/* it ran when this was written */
	bool is_busy;			/* and for too long, as the kernel says */
	bool is_passed_over;		/* not of a hang */
	bool is_proc;			/* of /proc: what is no frame is no part of it */
	bool is_ioctl;			/* as its registers say */
	uint32_t request;		/* of that; 0: not known */
	char note[256];
};

/* What the kernel says itself of who holds a lock. */
struct lock_owner {
	uint32_t of, tid;
	char comm[KS_COMM_LEN];
};

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
	struct lock_owner *owners;
	size_t owners_cnt;
	struct hung_task **tasks;
	size_t cnt;
	struct hung_task *last; /* whose frames come */
	struct stack_line age;	/* of the task that follows */
	struct stack_line busy; /* who, and for how long, if .kind is STACK_BUSY */
	struct domain *domains[DOMAIN_KIND_CNT];
};

/* ---- reading ---- */

static void free_task(struct hung_task *task)
{
	for (size_t i = 0; task && i < task->cnt; i++)
		free(task->names[i]);
	free(task);
}

static bool is_kept(const struct hung_task *task)
{
	const struct stack *stack = &task->stack;

	return stack_has(stack, SITE_KVM) || stack_reads(stack) != CALL_NONE;
}

/*
 * /proc/PID/stack leaves out what is in .sched.text, as the mutex's own functions are: a function
 * on top that takes one waits for it.
 */
static bool is_in_mutex(const struct hung_task *task)
{
	const struct site *top = task->cnt ? site_find(task->names[0]) : NULL;

	return stack_in_mutex(&task->stack) || (top && top->is & SITE_LOCKS);
}

/*
 * Where it sleeps. The kernel's log has the scheduler's functions on top, which /proc/PID/stack
 * leaves out (stack_trace_consume_entry_nosched() of kernel/stacktrace.c).
 */
static bool is_same_stack(const struct hung_task *a, const struct hung_task *b)
{
	const struct hung_task *more = a->cnt > b->cnt ? a : b, *less = more == a ? b : a;
	size_t above = more->cnt - less->cnt;
	const struct site *top = above ? site_find(more->names[0]) : NULL;

	if (!less->cnt || (above && !(top && top->is & SITE_NOISE)))
		return false;
	for (size_t i = 0; i < less->cnt; i++)
		if (strcmp(more->names[above + i], less->names[i]) != 0)
			return false;
	return true;
}

/* What an older dump knows of the same task is known of it still, if it has not moved. */
static void take_over(struct hung_task *task, const struct hung_task *old)
{
	uint64_t since_ns = task->ts_ns > old->ts_ns && old->ts_ns ? task->ts_ns - old->ts_ns : 0;

	if (!task->head.tgid)
		task->head.tgid = old->head.tgid;
	if (!task->head.ppid)
		task->head.ppid = old->head.ppid;
	if (!task->head.comm[0])
		memcpy(task->head.comm, old->head.comm, sizeof(task->head.comm));
	if (!is_same_stack(task, old))
		return;
	if (!task->head.state)
		task->head.state = old->head.state;
	if (!task->ts_ns)
		task->ts_ns = old->ts_ns;
	if (!task->request) {
		task->is_ioctl = old->is_ioctl;
		task->request = old->request;
	}
	if (old->age_ns && task->age_ns < old->age_ns + since_ns)
		task->age_ns = old->age_ns + since_ns;
}

static struct hung_task **find_tid(struct hang *hang, const struct hung_task *task)
{
	for (size_t i = 0; task->head.tid && i < hang->cnt; i++) {
		const struct stack_line *its = &hang->tasks[i]->head;

		if (its->tid == task->head.tid &&
		    (!its->comm[0] || !task->head.comm[0] || !strcmp(its->comm, task->head.comm)))
			return &hang->tasks[i];
	}
	return NULL;
}

/* What its names mean, which takes long: of several dumps most say the same. */
static void understand(struct hung_task *task, struct hung_task *old)
{
	if (!old || old->cnt != task->cnt || !is_same_stack(task, old)) {
		stack_of_names(&task->stack, (const char *const *)task->names, task->cnt);
		return;
	}
	for (size_t i = 0; i < task->cnt; i++) { /* the stack refers to these strings */
		char *name = task->names[i];

		task->names[i] = old->names[i];
		old->names[i] = name;
	}
	task->stack = old->stack;
}

/* Keep it, if it is of interest. Of several dumps the last that has a task is what is known of it.
 */
static int end_task(struct hang *hang)
{
	struct hung_task *task = hang->last, **tasks, **known;

	hang->last = NULL;
	if (!task || task->is_passed_over) {
		hang->has_reports |= task && task->cnt;
		free_task(task);
		return 0;
	}
	known = task->cnt ? find_tid(hang, task) : NULL;
	understand(task, known ? *known : NULL);
	if (known) {
		take_over(task, *known);
		free_task(*known);
		*known = task;
		return 0;
	}
	if (!is_kept(task) || hang->cnt == TASKS_MAX) {
		free_task(task);
		return 0;
	}
	tasks = reallocarray(hang->tasks, hang->cnt + 1, sizeof(struct hung_task *));
	if (!tasks) {
		free_task(task);
		return -ENOMEM;
	}
	hang->tasks = tasks;
	tasks[hang->cnt++] = task;
	return 0;
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
	if (ret || task->cnt == FRAMES_MAX)
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
	struct lock_owner *owners;
	int ret = end_task(hang);

	if (ret || hang->owners_cnt == TASKS_MAX)
		return ret;
	owners = reallocarray(hang->owners, hang->owners_cnt + 1, sizeof(*owners));
	if (!owners)
		return -ENOMEM;
	hang->owners = owners;
	owners[hang->owners_cnt] = (struct lock_owner){.of = line->tid, .tid = line->owner_tid};
	memcpy(owners[hang->owners_cnt++].comm, line->owner_comm, KS_COMM_LEN);
	return 0;
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

/* ---- who waits for whom ---- */

/* May both be of one process, so of one VM? */
static bool is_same(const struct hung_task *a, const struct hung_task *b)
{
	if (a->head.tgid && b->head.tgid)
		return a->head.tgid == b->head.tgid;
	if (a->head.ppid && b->head.ppid)
		return a->head.ppid == b->head.ppid;
	return true;
}

static bool waits_on(const struct hung_task *task, enum domain_kind wanted)
{
	enum domain_kind kind;

	return stack_in_sync(&task->stack) && stack_domain_kind(&task->stack, &kind) &&
	       kind == wanted;
}

/* Who most likely reads: in the same process, or of the host-wide domain, in any. */
static const struct hung_task *find_likely(const struct hang *hang, const struct hung_task *task,
					   enum domain_kind kind)
{
	const struct hung_task *best = NULL;
	int rank = 0;

	for (size_t i = 0; i < hang->cnt; i++) {
		const struct hung_task *other = hang->tasks[i];
		int its = suspect_rank(kind, &other->stack, other->head.state != 'R');

		if (other == task || its <= rank)
			continue;
		if (kind != DOMAIN_SHARED && !is_same(task, other))
			continue;
		rank = its;
		best = other;
	}
	return best;
}

static const struct hung_task *find_reader(const struct hang *hang, const struct hung_task *task)
{
	if (suspect_is_waiter(&task->stack))
		return task;
	for (size_t i = 0; i < hang->cnt; i++) {
		const struct hung_task *other = hang->tasks[i];

		if (other != task && is_same(task, other) && suspect_is_waiter(&other->stack))
			return other;
	}
	return find_likely(hang, task, DOMAIN_SRCU);
}

/* Who installs memory slots holds kvm->slots_lock; else whoever waits for SRCU in a call of the VM.
 */
static const struct hung_task *find_holder(const struct hang *hang, const struct hung_task *task)
{
	const struct hung_task *found = NULL;

	for (size_t i = 0; i < hang->cnt; i++) {
		const struct hung_task *other = hang->tasks[i];

		if (other == task || !is_same(task, other) || is_in_mutex(other))
			continue;
		if (stack_has(&other->stack, SITE_MEMSLOTS))
			return other;
		if (!found && stack_in_kvm_wait(&other->stack) &&
		    stack_has(&other->stack, SITE_IOCTL))
			found = other;
	}
	return found;
}

/* Its newest word on it. */
static const struct lock_owner *find_owner(const struct hang *hang, const struct hung_task *task)
{
	for (size_t i = hang->owners_cnt; task->head.tid && i; i--)
		if (hang->owners[i - 1].of == task->head.tid)
			return &hang->owners[i - 1];
	return NULL;
}

static const struct hung_task *find_task(const struct hang *hang, uint32_t tid)
{
	for (size_t i = 0; i < hang->cnt; i++)
		if (hang->tasks[i]->head.tid == tid)
			return hang->tasks[i];
	return NULL;
}

/* Does it wait until the irqfds that are shut down, of all VMs, are gone? */
static bool is_in_flush(const struct hung_task *task)
{
	const char *name = stack_sleeps_in(&task->stack);
	const struct site *site = name ? site_find(name) : NULL;

	return site && site->is & SITE_FLUSHES && !is_in_mutex(task) &&
	       !stack_in_srcu(&task->stack);
}

/* The worker that shuts one down: they go one after the other. */
static const struct hung_task *find_shutdown(const struct hang *hang, const struct hung_task *task)
{
	for (size_t i = 0; i < hang->cnt; i++)
		if (hang->tasks[i] != task &&
		    stack_call(&hang->tasks[i]->stack) == CALL_FN_IRQFD_SHUTDOWN)
			return hang->tasks[i];
	return NULL;
}

static void find_holders(struct hang *hang)
{
	for (size_t i = 0; i < hang->cnt; i++) {
		struct hung_task *task = hang->tasks[i];

		task->is_waiting = !task->is_on_cpu;
		if (task->is_on_cpu)
			continue;
		if (waits_on(task, DOMAIN_SRCU))
			task->holder = find_reader(hang, task);
		else if (waits_on(task, DOMAIN_SHARED))
			task->holder = find_likely(hang, task, DOMAIN_SHARED);
		else if (is_in_mutex(task) && (task->owner = find_owner(hang, task)))
			task->holder = find_task(hang, task->owner->tid);
		else if (is_in_mutex(task))
			task->holder = find_holder(hang, task);
		else if (is_in_flush(task))
			task->holder = find_shutdown(hang, task);
		else
			task->is_waiting = stack_in_kvm_wait(&task->stack);
	}
}

/* Does who holds what it waits for wait, in the end, for itself? */
static bool is_cycle(const struct hung_task *task)
{
	const struct hung_task *at = task->holder;

	for (size_t i = 0; at && i < TASKS_MAX; i++) {
		if (at == task)
			return true;
		at = at->holder;
	}
	return false;
}

/* ---- what is said of it ---- */

static void note_srcu(struct hung_task *task)
{
	enum domain_kind kind = DOMAIN_OTHER;

	stack_domain_kind(&task->stack, &kind);
	if (task->holder == task)
		snprintf(task->note, sizeof(task->note),
			 "%s: this vCPU waits for the readers of %s, and is one itself as far as "
			 "its stack shows; report this stack to KVM's maintainers",
			 task->age_ns ? "a deadlock" : "maybe a deadlock", domain_kind_name(kind));
	else if (task->holder && is_cycle(task))
		snprintf(task->note, sizeof(task->note),
			 "a deadlock: %.15s[%u], who holds it, waits for this thread in the end",
			 task->holder->head.comm, task->holder->head.tid);
	else if (task->holder && task->holder->head.state == 'R')
		snprintf(task->note, sizeof(task->note),
			 "%.15s[%u] had a CPU when this was written. Collect next whether it stays "
			 "in the same function: the same again, some seconds later",
			 task->holder->head.comm, task->holder->head.tid);
	else if (task->holder)
		snprintf(task->note, sizeof(task->note),
			 "what %.15s[%u] waits for is what holds the grace period",
			 task->holder->head.comm, task->holder->head.tid);
	else if (kind == DOMAIN_SHARED)
		snprintf(task->note, sizeof(task->note),
			 "all VMs of the host share this domain: a reader may be in any process. "
			 "Collect next the stacks of all tasks, and of the workers: echo t "
			 ">/proc/sysrq-trigger; dmesg");
	else if (stack_call(&task->stack) == CALL_FN_IRQFD_SHUTDOWN)
		snprintf(
			task->note, sizeof(task->note),
			"every close of a VM, and of an irqfd, waits for this worker. No reader of "
			"%s is in this dump. Collect next the stacks of all tasks: echo t "
			">/proc/sysrq-trigger; dmesg",
			domain_kind_name(kind));
	else if (kind == DOMAIN_OTHER)
		snprintf(task->note, sizeof(task->note),
			 "the stack does not say which domain it waits on. Collect next the stacks "
			 "of all tasks: echo t >/proc/sysrq-trigger; dmesg");
	else
		snprintf(task->note, sizeof(task->note),
			 "no reader of %s is in this dump. Collect next the stacks of all threads "
			 "of the VMM: for t in /proc/PID/task/*; do echo $t/stack; cat $t/stack; "
			 "done",
			 domain_kind_name(kind));
}

static void note_lock(struct hung_task *task)
{
	if (task->holder && is_cycle(task))
		snprintf(task->note, sizeof(task->note),
			 "a deadlock: %.15s[%u], who holds it, waits for this thread in the end",
			 task->holder->head.comm, task->holder->head.tid);
	else if (task->holder)
		snprintf(task->note, sizeof(task->note),
			 "the holder's wait is the one to mend: see %.15s[%u]",
			 task->holder->head.comm, task->holder->head.tid);
	else if (task->owner)
		snprintf(task->note, sizeof(task->note),
			 "%.15s[%u] holds it, as the kernel says, and waits for nothing of KVM's "
			 "in this dump. Collect next its stack: cat /proc/%u/stack",
			 task->owner->comm, task->owner->tid, task->owner->tid);
	else
		snprintf(task->note, sizeof(task->note),
			 "who holds it is not in this dump. Collect next the stacks of all threads "
			 "of the VMM: for t in /proc/PID/task/*; do echo $t/stack; cat $t/stack; "
			 "done");
}

static void note_flush(struct hung_task *task)
{
	if (task->holder)
		snprintf(task->note, sizeof(task->note),
			 "the worker's wait is the one to mend: see %.15s[%u]",
			 task->holder->head.comm, task->holder->head.tid);
	else
		snprintf(task->note, sizeof(task->note),
			 "the worker that shuts irqfds down is not in this dump. Collect next the "
			 "stacks of all tasks: echo t >/proc/sysrq-trigger; dmesg");
}

static void note_busy(struct hung_task *task)
{
	snprintf(
		task->note, sizeof(task->note),
		"it does not wait: the kernel reports that it has had a CPU for too long, in %s. "
		"Collect next where it spends its time: perf record -g -t %u sleep 10; perf report",
		task->cnt ? task->names[0] : "?", task->head.tid);
}

static enum ks_cause cause_of(const struct hung_task *task)
{
	if (task->is_busy)
		return KS_CAUSE_RUN;
	if (is_in_mutex(task))
		return KS_CAUSE_LOCK;
	if (stack_in_sync(&task->stack))
		return task->holder ? KS_CAUSE_READER : KS_CAUSE_UNEXPLAINED;
	if (stack_in_rcu(&task->stack))
		return KS_CAUSE_RCU;
	return stack_in_kthread_wait(&task->stack) ? KS_CAUSE_KTHREAD : KS_CAUSE_OTHER_SLEEP;
}

static enum call_id call_of_task(const struct hung_task *task)
{
	enum call_id id = stack_call(&task->stack);

	if (id == CALL_NONE)
		id = stack_reads(&task->stack);
	if (task->is_ioctl && task->request && (id == CALL_IOCTL || id == CALL_VCPU_IOCTL))
		id = call_of_syscall(KS_SYSCALL_X86 | 16, task->request);
	return id == CALL_NONE ? CALL_UNKNOWN : id;
}

static void set_culprit(const struct hung_task *task, struct log_call *call)
{
	const struct hung_task *holder = task->holder;
	struct culprit *culprit = &call->culprit;

	culprit->kind = call->cause == KS_CAUSE_LOCK	 ? CULPRIT_HOLDER
			: call->cause == KS_CAUSE_READER ? CULPRIT_READER
			: holder			 ? CULPRIT_QUEUE
							 : CULPRIT_NONE;
	if (!holder && task->owner) {
		culprit->is_known = true;
		culprit->tid = task->owner->tid;
		culprit->cause = KS_CAUSE_RUN;
		memcpy(culprit->comm, task->owner->comm, sizeof(culprit->comm));
	}
	if (!holder)
		return;
	culprit->is_known = true;
	culprit->is_self = holder == task;
	culprit->call = call_of_task(holder);
	culprit->tid = holder->head.tid;
	memcpy(culprit->comm, holder->head.comm, sizeof(culprit->comm));
	if (call->cause == KS_CAUSE_READER)
		culprit->func = stack_sleeps_in(&holder->stack);
	else if (stack_has(&holder->stack, SITE_MEMSLOTS))
		culprit->func = SLOTS_LOCK;
	culprit->cause = call->cause == KS_CAUSE_READER ? KS_CAUSE_RUN : cause_of(holder);
}

static struct domain *domain_of(struct hang *hang, const struct hung_task *task)
{
	enum domain_kind kind;

	if (!stack_domain_kind(&task->stack, &kind))
		return NULL;
	if (!hang->domains[kind])
		hang->domains[kind] = domain_new(kind + 1, kind, 0);
	return hang->domains[kind];
}

static void report(struct hang *hang, struct hung_task *task)
{
	uint64_t ts_ns = task->ts_ns > task->age_ns ? task->ts_ns : task->age_ns;
	struct log_call call = {
		.rec = {.head = {.ts_ns = ts_ns, .tid = task->head.tid},
			.begin_ns = ts_ns - task->age_ns,
			.tgid = task->head.tgid ? task->head.tgid : task->head.tid},
		.id = call_of_task(task),
		.cause = cause_of(task),
		.is_undated = !task->ts_ns,
		.is_running = task->is_busy,
		.note = task->note,
	};

	memcpy(call.rec.comm, task->head.comm, sizeof(call.rec.comm));
	if (task->is_busy)
		note_busy(task);
	else if (is_in_mutex(task))
		note_lock(task);
	else if (stack_in_sync(&task->stack))
		note_srcu(task);
	else if (is_in_flush(task))
		note_flush(task);
	if (call.cause == KS_CAUSE_OTHER_SLEEP || call.cause == KS_CAUSE_KTHREAD)
		call.func = stack_sleeps_in(&task->stack);
	if (call.cause == KS_CAUSE_RCU)
		call.func = stack_rcu_caller(&task->stack);
	if (stack_in_srcu(&task->stack) && !task->is_busy)
		call.wait = (struct wait){.dom = domain_of(hang, task),
					  .api = stack_api(&task->stack),
					  .site = stack_srcu_caller(&task->stack),
					  .begin_ns = call.rec.begin_ns,
					  .ns = task->age_ns,
					  .callbacks = -1,
					  .stack = task->stack};
	set_culprit(task, &call);
	log_stuck(hang->log, &call);
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

int hang_finish(struct hang *hang)
{
	int ret = end_task(hang);

	for (size_t i = 0; !ret && i < SPEAKERS_MAX; i++)
		ret = end_other(hang, &hang->others[i]);
	if (ret)
		return ret;
	find_holders(hang);
	for (size_t i = 0; i < hang->cnt; i++)
		if (is_stuck(hang->tasks[i]))
			report(hang, hang->tasks[i]);
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
	for (size_t i = 0; i < hang->cnt; i++)
		free_task(hang->tasks[i]);
	free_task(hang->last);
	for (size_t i = 0; i < SPEAKERS_MAX; i++)
		free_task(hang->others[i].last);
	for (size_t i = 0; i < DOMAIN_KIND_CNT; i++)
		if (hang->domains[i])
			domain_put(hang->domains[i]);
	free(hang->tasks);
	free(hang->owners);
	free(hang);
}
