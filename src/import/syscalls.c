// SPDX-License-Identifier: GPL-2.0-only
#include "import/syscalls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "import/descriptors.h"
#include "import/ioctl_text.h"
#include "import/lexer.h"
#include "import/log_calls.h"
#include "import/started.h"
#include "import/strace_line.h"

#define THREADS_MAX 65536
#define DAY_NS	    (86400ULL * 1000000000ULL)
#define TIME_MAX_NS 9000000000000000000ULL

/* Ioctls that kvmstall does not watch are calls if they take this long: there are many. */
#define SLOW_NS 1000000ULL

/* Descriptors that are sent and not yet received. */
#define PASSED_MAX 16

/* What one message of a process carries. */
struct passed {
	uint32_t tgid;
	size_t cnt; /* of descriptors */
	struct descriptor fds[PASSED_MAX];
};

struct log_thread {
	uint32_t tid;
	uint32_t tgid;
	bool is_known; /* the log shows who made it, so whose it is */
	bool is_pending;
	struct started pending;
	enum call_id untimed; /* its last call, where the log has no duration of that */
	uint64_t untimed_ns;  /* when that was entered */
	char comm[KS_COMM_LEN];
};

struct syscalls {
	struct log *log;
	struct map threads; /* tid -> struct log_thread */
	struct descriptors fds;
	struct passed passed[PASSED_MAX];
	size_t passed_cnt;
	uint32_t tid, tgid; /* of lines that do not say */
	uint64_t seen, untimed;
	struct syscalls_bound bound;
	uint64_t now_ns; /* the latest time of the log: a line's, or a call's end */
	uint64_t line_ns, day_ns;
	uint32_t relative_tid;
	bool is_relative, has_relative_tid, is_mixed;
};

/* ---- threads ---- */

static struct log_thread *find_thread(struct syscalls *calls, uint32_t tid)
{
	struct log_thread *thread = map_get(&calls->threads, tid);

	if (thread || calls->threads.cnt >= THREADS_MAX)
		return thread;
	thread = calloc(1, sizeof(*thread));
	if (!thread || map_put(&calls->threads, tid, thread)) {
		free(thread);
		return NULL;
	}
	thread->tid = thread->tgid = tid;
	return thread;
}

/* Who cloned whom: a thread belongs to the process of who made it. */
static int take_clone(struct syscalls *calls, const struct log_thread *parent,
		      const struct started *call, int64_t child)
{
	uint32_t tgid = parent->tgid;
	struct log_thread *thread;

	if (child <= 0 || child > INT32_MAX || call->is_unsure)
		return 0;
	thread = find_thread(calls, child);
	if (!thread)
		return calls->threads.cnt >= THREADS_MAX ? 0 : -ENOMEM;
	thread->is_known = true;
	thread->tgid = call->is_thread ? tgid : (uint32_t)child;
	return 0;
}

/* ---- time ---- */

/* What a log that makes no sense comes to must fit: as lexer_seconds(). */
static uint64_t within(uint64_t ts_ns)
{
	return ts_ns < TIME_MAX_NS ? ts_ns : TIME_MAX_NS;
}

/* Of one line: relative ones are summed, and after midnight a day is added. */
static uint64_t time_of(struct syscalls *calls, const struct syscall_line *line)
{
	uint64_t ts_ns = line->ts_ns;

	if (line->time == TIME_NONE || line->is_coarse)
		calls->log->is_blind = true;
	if (line->time == TIME_NONE)
		return calls->line_ns;
	if (calls->is_relative && line->time == TIME_STAMP) {
		calls->line_ns = within(calls->line_ns + ts_ns);
		return calls->line_ns;
	}
	ts_ns += line->time == TIME_DAY ? calls->day_ns : 0;
	if (line->time == TIME_DAY && ts_ns + DAY_NS / 2 < calls->line_ns &&
	    calls->day_ns < TIME_MAX_NS) {
		calls->day_ns += DAY_NS;
		ts_ns += DAY_NS;
	}
	calls->line_ns = within(ts_ns);
	return calls->line_ns;
}

static void note_time(struct syscalls *calls, uint64_t ts_ns)
{
	if (ts_ns > calls->now_ns)
		calls->now_ns = ts_ns;
}

/* ---- which VM ---- */

static struct log_vm *vm_by_fd(struct syscalls *calls, const struct log_thread *thread, uint32_t fd)
{
	const struct descriptor *known = descriptors_find(&calls->fds, thread->tgid, fd);

	if (known && known->vm_id)
		return log_vm_by_id(calls->log, known->vm_id);
	return log_vm_of(calls->log, thread->tgid, fd, thread->is_known);
}

/* That of a descriptor of which nothing is known but that it belongs to one. */
static struct log_vm *vm_of_process(struct syscalls *calls, const struct log_thread *thread)
{
	struct log_vm *vm = log_vm_of_process(calls->log, thread->tgid);

	if (!vm && !thread->is_known && calls->log->vms_cnt == 1)
		vm = log_vm_newest(calls->log);
	return vm;
}

static enum fd_kind kind_of(struct syscalls *calls, const struct log_thread *thread,
			    const struct started *call)
{
	const struct descriptor *known;

	if (call->kind != FD_UNKNOWN)
		return call->kind;
	known = descriptors_find(&calls->fds, thread->tgid, call->fd);
	return known ? known->kind : FD_UNKNOWN;
}

static struct log_vm *vm_of(struct syscalls *calls, const struct log_thread *thread,
			    const struct started *call, enum fd_kind kind)
{
	enum ks_call_kind made_on = ioctl_text_kind(call->id);
	struct log_vm *vm = NULL;

	if (kind == FD_FOREIGN || kind == FD_DEV)
		return NULL;
	if (kind != FD_DEVICE)
		vm = vm_by_fd(calls, thread, call->fd);
	if (vm)
		return vm;
	if (kind == FD_VM || (kind == FD_UNKNOWN && made_on == KS_KIND_VM)) {
		vm = log_vm_new(calls->log, thread->tgid, call->fd, call->ts_ns);
		if (thread->comm[0])
			memcpy(vm->vm.comm, thread->comm, sizeof(vm->vm.comm));
		return vm;
	}
	return vm_of_process(calls, thread);
}

static struct log_vm *make_vm(struct syscalls *calls, const struct log_thread *thread, int64_t fd,
			      uint64_t ts_ns)
{
	struct log_vm *vm;

	if (fd < 0 || fd > INT32_MAX)
		return NULL;
	vm = log_vm_new(calls->log, thread->tgid, fd, ts_ns);
	if (thread->comm[0])
		memcpy(vm->vm.comm, thread->comm, sizeof(vm->vm.comm));
	descriptors_set(&calls->fds, thread->tgid, fd, FD_VM, vm->vm.id);
	return vm;
}

/* ---- calls ---- */

static struct log_call make_call(const struct log_thread *thread, const struct started *started,
				 enum ks_call_kind kind, uint64_t end_ns)
{
	struct log_call call = {
		.rec = {.head = {.ts_ns = end_ns, .tid = thread->tid},
			.begin_ns = started->ts_ns,
			.cmd = ioctl_text_cmd(started->id),
			.tgid = thread->tgid,
			.kind = kind,
			.comm = "?"},
		.id = started->id,
		.is_undated = started->is_undated,
	};

	if (thread->comm[0])
		memcpy(call.rec.comm, thread->comm, sizeof(call.rec.comm));
	if (started->sys == SYS_CLOSE)
		call.id = CALL_CLOSE;
	else
		ioctl_text_args(&call.rec, started->arg);
	return call;
}

static bool is_kvm(enum fd_kind kind)
{
	return kind == FD_VM || kind == FD_VCPU || kind == FD_DEVICE;
}

/* Is it one that kvmstall watches, on the file that it is made on? */
static bool is_watched(enum call_id id, enum fd_kind kind)
{
	enum ks_call_kind made_on = ioctl_text_kind(id);

	if (made_on == KS_KIND_DEV)
		return kind == FD_DEV || kind == FD_UNKNOWN;
	return made_on != KS_KIND_NONE && kind != FD_VCPU && kind != FD_DEV && kind != FD_FOREIGN;
}

/* The guest runs: not a call to be reported, but a phase. */
static void take_run(struct syscalls *calls, const struct log_thread *thread,
		     const struct started *call)
{
	struct log_vm *vm = vm_of(calls, thread, call, FD_VCPU);

	if (!vm && !thread->is_known)
		vm = log_vm_newest(calls->log);
	if (vm)
		vm->has_run = true;
}

/* What a call that came to a good end has changed. */
static void note_effect(struct syscalls *calls, const struct log_call *call)
{
	int64_t ret = call->rec.ret;

	if (call->id == CALL_CREATE_VCPU) {
		call->vm->vcpus++;
		if (ret <= INT32_MAX)
			descriptors_set(&calls->fds, call->rec.tgid, ret, FD_VCPU, call->vm->vm.id);
	}
	if (call_registers(call->id))
		log_registered(call, call->id);
}

/* A call of which only the begin is known was over when its thread made the next one. */
static void note_bound(struct syscalls *calls, struct log_thread *thread, uint64_t ts_ns)
{
	if (thread->untimed != CALL_NONE && ts_ns >= thread->untimed_ns &&
	    ts_ns - thread->untimed_ns > calls->bound.ns)
		calls->bound = (struct syscalls_bound){thread->untimed, ts_ns - thread->untimed_ns};
	thread->untimed = CALL_NONE;
}

static void end_ioctl(struct syscalls *calls, struct log_thread *thread,
		      const struct started *started, const struct syscall_line *line)
{
	enum fd_kind fd_kind = kind_of(calls, thread, started);
	bool watched = is_watched(started->id, fd_kind);
	struct log_call call;

	calls->seen += line->has_latency;
	if (started->id == CALL_RUN)
		take_run(calls, thread, started);
	else if (!line->has_latency)
		calls->untimed++;
	if (!line->has_latency && watched && line->time != TIME_NONE && !line->is_coarse) {
		thread->untimed = started->id;
		thread->untimed_ns = started->ts_ns;
	}
	if (!line->has_latency)
		return;
	if (started->id == CALL_RUN || (!watched && line->latency_ns < SLOW_NS)) {
		calls->log->left_out++;
		return;
	}
	call = make_call(thread, started, watched ? ioctl_text_kind(started->id) : KS_KIND_NONE,
			 started->ts_ns + line->latency_ns);
	call.rec.ret = line->ret;
	if (started->id == CALL_CREATE_VM)
		call.vm = make_vm(calls, thread, line->ret, started->ts_ns);
	else
		call.vm = vm_of(calls, thread, started, fd_kind);
	call.is_guess = call.vm && call.vm->vm.tgid != thread->tgid;
	log_call(calls->log, &call);
	if (watched && call.vm && line->ret >= 0)
		note_effect(calls, &call);
}

static void tell_close(struct syscalls *calls, const struct log_thread *thread,
		       const struct started *started, const struct syscall_line *line,
		       struct log_vm *vm)
{
	struct log_call call =
		make_call(thread, started, KS_KIND_CLOSE, started->ts_ns + line->latency_ns);

	calls->seen++;
	call.id = CALL_CLOSE;
	call.rec.ret = line->ret;
	call.vm = vm;
	log_call(calls->log, &call);
}

/* Its last descriptor is closed, as far as the log shows them; of another it is called by that. */
static void close_vm(struct syscalls *calls, struct log_vm *vm, const struct log_thread *thread,
		     uint32_t fd)
{
	uint32_t tgid = thread->tgid, other;

	if (descriptors_other(&calls->fds, vm->vm.id, thread->tgid, fd, &tgid, &other)) {
		vm->fd = tgid == vm->vm.tgid ? other : UINT32_MAX;
		return;
	}
	if (vm->vm.tgid == thread->tgid || descriptors_find(&calls->fds, thread->tgid, fd))
		log_vm_end(calls->log, vm, calls->now_ns);
}

/* The last reference of a VM may be a vCPU's; where it goes, the log shows by the time only. */
static void end_close(struct syscalls *calls, const struct log_thread *thread,
		      const struct started *started, const struct syscall_line *line)
{
	enum fd_kind kind = kind_of(calls, thread, started);
	uint32_t tgid = thread->tgid, other;
	struct log_vm *vm = NULL;
	bool is_last;

	if (kind == FD_VM || kind == FD_VCPU || kind == FD_UNKNOWN)
		vm = vm_by_fd(calls, thread, started->fd);
	if (vm && kind == FD_UNKNOWN)
		kind = FD_VM;
	is_last = kind == FD_VM && !(vm && descriptors_other(&calls->fds, vm->vm.id, thread->tgid,
							     started->fd, &tgid, &other));
	if (is_kvm(kind) && line->has_latency && (is_last || line->latency_ns >= SLOW_NS))
		tell_close(calls, thread, started, line, vm);
	if (kind == FD_VM && vm)
		close_vm(calls, vm, thread, started->fd);
	descriptors_close(&calls->fds, thread->tgid, started->fd);
}

/* close_range(2): one call, whatever it closes. CLOSE_RANGE_CLOEXEC closes nothing. */
static void end_close_range(struct syscalls *calls, const struct log_thread *thread,
			    const struct started *started, const struct syscall_line *line)
{
	bool is_told = !line->has_latency;
	struct log_vm *vm;

	if (line->ret || strstr(started->arg, "CLOEXEC") || !strncmp(started->arg, " 0x4", 4) ||
	    !strncmp(started->arg, " 4", 2))
		return;
	while ((vm = log_vm_between(calls->log, thread->tgid, started->fd, started->last_fd))) {
		if (!is_told)
			tell_close(calls, thread, started, line, vm);
		is_told = true;
		log_vm_end(calls->log, vm, calls->now_ns);
	}
	descriptors_close_range(&calls->fds, thread->tgid, started->fd, started->last_fd);
}

static int end_dup(struct syscalls *calls, const struct log_thread *thread,
		   const struct started *started, int64_t ret)
{
	const struct descriptor *known = descriptors_find(&calls->fds, thread->tgid, started->fd);
	struct log_vm *vm = known ? NULL : vm_by_fd(calls, thread, started->fd);
	struct descriptor its = {.kind = vm ? FD_VM : FD_UNKNOWN, .vm_id = vm ? vm->vm.id : 0};

	if (ret < 0 || ret > INT32_MAX)
		return 0;
	if (known)
		its = *known;
	if (its.kind == FD_UNKNOWN) {
		descriptors_close(&calls->fds, thread->tgid, ret); /* dup2() over another */
		return 0;
	}
	return descriptors_set(&calls->fds, thread->tgid, ret, its.kind, its.vm_id);
}

/* KVM makes its descriptors so that execve(2) closes them: anon_inode_getfd(..., O_CLOEXEC). */
static void end_exec(struct syscalls *calls, const struct log_thread *thread)
{
	struct log_vm *vm;

	while ((vm = log_vm_of_process(calls->log, thread->tgid)))
		log_vm_end(calls->log, vm, calls->now_ns);
	descriptors_close_range(&calls->fds, thread->tgid, 0, UINT32_MAX);
}

/* ---- descriptors by messages ---- */

/* "cmsg_type=SCM_RIGHTS, cmsg_data=[11<anon_inode:kvm-vm>, 12]": the numbers; returns how many. */
static size_t scan_passed(const char *args, uint32_t *fds)
{
	const char *rights = strstr(args, "SCM_RIGHTS");
	const char *at = rights ? strstr(rights, "cmsg_data=[") : NULL;
	struct fd_args parsed;
	size_t cnt = 0;

	at = at ? at + strlen("cmsg_data=[") : "";
	while (cnt < PASSED_MAX && strace_parse_fd(at, &parsed)) {
		fds[cnt++] = parsed.fd;
		at += strcspn(at, ",]");
		if (*at != ',')
			break;
		at += strspn(at, ", ");
	}
	return cnt;
}

static void take_send(struct syscalls *calls, const struct log_thread *thread, const char *args)
{
	struct passed passed = {.tgid = thread->tgid};
	bool is_any = false;
	uint32_t fds[PASSED_MAX];

	passed.cnt = scan_passed(args, fds);
	for (size_t i = 0; i < passed.cnt; i++) {
		const struct descriptor *known =
			descriptors_find(&calls->fds, thread->tgid, fds[i]);

		if (known)
			passed.fds[i] = *known;
		is_any |= known != NULL;
	}
	if (is_any && calls->passed_cnt < PASSED_MAX)
		calls->passed[calls->passed_cnt++] = passed;
}

/* A message of as many, of another process; if there are two, it is not known which. */
static int end_receive(struct syscalls *calls, const struct log_thread *thread, const char *args)
{
	struct passed *found = NULL;
	uint32_t fds[PASSED_MAX];
	size_t cnt = scan_passed(args, fds), candidates = 0;
	int ret = 0;

	for (size_t i = calls->passed_cnt; cnt && i; i--)
		if (calls->passed[i - 1].cnt == cnt && calls->passed[i - 1].tgid != thread->tgid) {
			found = &calls->passed[i - 1];
			candidates++;
		}
	if (candidates != 1)
		return 0;
	for (size_t i = 0; !ret && i < cnt; i++)
		if (found->fds[i].kind != FD_UNKNOWN)
			ret = descriptors_set(&calls->fds, thread->tgid, fds[i], found->fds[i].kind,
					      found->fds[i].vm_id);
	calls->passed_cnt--;
	*found = calls->passed[calls->passed_cnt];
	return ret;
}

/* ---- ends ---- */

/* It did not return: strace, or the thread, was gone before. */
static void tell_stuck(struct syscalls *calls, const struct log_thread *thread,
		       const struct started *started)
{
	enum fd_kind fd_kind = kind_of(calls, thread, started);
	bool watched = is_watched(started->id, fd_kind);
	enum ks_call_kind kind = watched ? ioctl_text_kind(started->id) : KS_KIND_NONE;
	struct log_call call;

	if (started->sys == SYS_CLOSE && !is_kvm(fd_kind))
		return;
	calls->log->left_out += started->sys == SYS_IOCTL && started->id == CALL_RUN;
	if (started->sys != SYS_CLOSE && (started->sys != SYS_IOCTL || started->id == CALL_RUN))
		return;
	if (started->sys == SYS_CLOSE)
		kind = KS_KIND_CLOSE;
	calls->seen++;
	call = make_call(thread, started, kind,
			 calls->now_ns > started->ts_ns ? calls->now_ns : started->ts_ns);
	if (started->id != CALL_CREATE_VM)
		call.vm = vm_of(calls, thread, started, fd_kind);
	log_stuck(calls->log, &call);
}

static int end_call(struct syscalls *calls, struct log_thread *thread,
		    const struct started *started, const struct syscall_line *line)
{
	if (line->has_latency)
		note_time(calls, started->ts_ns + line->latency_ns);
	if (line->is_killed && started->sys != SYS_OTHER) {
		thread->pending = *started; /* until its thread, or the log, ends */
		thread->is_pending = true;
		return 0;
	}
	if (!line->has_ret)
		return 0;
	switch (started->sys) {
	case SYS_IOCTL:
		end_ioctl(calls, thread, started, line);
		return 0;
	case SYS_CLOSE:
		end_close(calls, thread, started, line);
		return 0;
	case SYS_CLONE:
		return take_clone(calls, thread, started, line->ret);
	case SYS_DUP:
		return end_dup(calls, thread, started, line->ret);
	case SYS_CLOSE_RANGE:
		end_close_range(calls, thread, started, line);
		return 0;
	case SYS_EXEC:
		if (!line->ret)
			end_exec(calls, thread);
		return 0;
	case SYS_RECEIVE:
		return line->ret < 0 ? 0 : end_receive(calls, thread, line->args);
	default:
		return 0;
	}
}

/* ---- lines ---- */

static void take_exit(struct syscalls *calls, struct log_thread *thread)
{
	struct log_vm *vm;

	if (thread->is_pending)
		tell_stuck(calls, thread, &thread->pending);
	if (thread->tid == thread->tgid)
		while ((vm = log_vm_of_process(calls->log, thread->tgid)))
			log_vm_end(calls->log, vm, calls->now_ns);
	free(map_del(&calls->threads, thread->tid));
}

/* -T says how long the call took; where it does not, the two times of day do. */
static int resume(struct syscalls *calls, struct log_thread *thread, struct syscall_line *line,
		  uint64_t ts_ns)
{
	struct started started = thread->pending;

	if (!thread->is_pending) {
		line->is_headless = line->has_latency && line->latency_ns >= SLOW_NS &&
				    started_sys(&line->name) != SYS_OTHER &&
				    strncmp(line->args, ", 0)", 4) != 0; /* as KVM_RUN's */
		return 0;
	}
	thread->is_pending = false;
	if (!line->has_latency && line->time != TIME_NONE && !line->is_killed &&
	    ts_ns >= started.ts_ns) {
		line->latency_ns = ts_ns - started.ts_ns;
		line->has_latency = true;
	}
	return end_call(calls, thread, &started, line);
}

static int take_call(struct syscalls *calls, struct log_thread *thread,
		     const struct syscall_line *line, uint64_t ts_ns)
{
	struct started started;
	bool is_wanted = started_read(&started, line, ts_ns);

	/* Its end was not seen, and yet it is over. */
	if (thread->is_pending && thread->pending.sys == SYS_IOCTL &&
	    thread->pending.id != CALL_RUN)
		calls->untimed++;
	thread->is_pending = false;
	if (!is_wanted)
		return 0;
	if (started.sys == SYS_SEND)
		take_send(calls, thread, line->args);
	if (!line->is_unfinished)
		return end_call(calls, thread, &started, line);
	thread->pending = started;
	thread->is_pending = true;
	return 0;
}

static void check_mixed(struct syscalls *calls, uint32_t tid)
{
	if (!calls->is_relative)
		return;
	calls->is_mixed |= calls->has_relative_tid && calls->relative_tid != tid;
	calls->relative_tid = tid;
	calls->has_relative_tid = true;
}

int syscalls_take(struct syscalls *calls, struct syscall_line *line)
{
	uint32_t tid = line->has_tid ? line->tid : calls->tid;
	struct log_thread *thread;
	uint64_t ts_ns;

	if (line->kind == LINE_OTHER || (line->kind == LINE_PASSED && line->time == TIME_NONE))
		return 0;
	ts_ns = time_of(calls, line);
	note_time(calls, ts_ns + (line->kind == LINE_CALL ? line->latency_ns : 0));
	if (line->kind == LINE_PASSED)
		return 0;
	check_mixed(calls, tid);
	thread = find_thread(calls, tid);
	if (!thread)
		return calls->threads.cnt >= THREADS_MAX ? 0 : -ENOMEM;
	if (!line->has_tid && !thread->is_known) {
		thread->tgid = calls->tgid;
		thread->is_known = calls->tid != calls->tgid;
	}
	if (line->comm[0])
		memcpy(thread->comm, line->comm, sizeof(thread->comm));
	note_bound(calls, thread, ts_ns);
	if (line->kind == LINE_EXIT)
		take_exit(calls, thread);
	else if (line->kind == LINE_RESUMED)
		return resume(calls, thread, line, ts_ns);
	else
		return take_call(calls, thread, line, ts_ns);
	return 0;
}

/* ---- the end ---- */

static int by_time(const void *a, const void *b)
{
	const struct log_thread *one = *(struct log_thread *const *)a;
	const struct log_thread *two = *(struct log_thread *const *)b;

	if (one->pending.ts_ns != two->pending.ts_ns)
		return one->pending.ts_ns < two->pending.ts_ns ? -1 : 1;
	return one->tid < two->tid ? -1 : one->tid > two->tid;
}

int syscalls_finish(struct syscalls *calls)
{
	struct log_thread **pending;
	const struct map_slot *slot;
	size_t pos = 0, cnt = 0;

	if (!calls->threads.cnt)
		return 0;
	pending = calloc(calls->threads.cnt, sizeof(struct log_thread *));
	if (!pending)
		return -ENOMEM;
	while ((slot = map_next(&calls->threads, &pos)))
		if (((struct log_thread *)slot->value)->is_pending)
			pending[cnt++] = slot->value;
	qsort(pending, cnt, sizeof(struct log_thread *), by_time);
	for (size_t i = 0; i < cnt; i++)
		tell_stuck(calls, pending[i], &pending[i]->pending);
	free(pending);
	return 0;
}

struct syscalls *syscalls_new(struct log *log, bool is_relative)
{
	struct syscalls *calls = calloc(1, sizeof(*calls));

	if (!calls)
		return NULL;
	calls->log = log;
	calls->is_relative = is_relative;
	return calls;
}

void syscalls_free(struct syscalls *calls)
{
	if (!calls)
		return;
	map_clear(&calls->threads, free);
	descriptors_fini(&calls->fds);
	free(calls);
}

void syscalls_set_thread(struct syscalls *calls, uint32_t tid, uint32_t tgid)
{
	calls->tid = tid;
	calls->tgid = tgid;
}

uint64_t syscalls_seen(const struct syscalls *calls)
{
	return calls->seen;
}

uint64_t syscalls_untimed(const struct syscalls *calls)
{
	return calls->untimed;
}

struct syscalls_bound syscalls_bound(const struct syscalls *calls)
{
	return calls->bound;
}

bool syscalls_mixed(const struct syscalls *calls)
{
	return calls->is_mixed;
}
