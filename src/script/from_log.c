// SPDX-License-Identifier: GPL-2.0-only
#include "script/from_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "import/descriptors.h"
#include "import/ioctl_text.h"
#include "import/lexer.h"
#include "import/strace_line.h"

#define CLONE_THREAD 0x10000 /* include/uapi/linux/sched.h */

#define THREADS_MAX 65536
#define FDS_MAX	    65536
#define DAY_NS	    (86400ULL * 1000000000ULL)
#define TIME_MAX_NS 9000000000000000000ULL
#define NO_VM	    UINT32_MAX

/* What a call is to a script. */
enum role {
	ROLE_NONE,
	ROLE_IOCTL,
	ROLE_CLOSE,
	ROLE_DUP,
	ROLE_EVENTFD,
	ROLE_SOCKET,
	ROLE_CLONE,
};

struct log_fd {
	enum fd_kind kind;
	uint32_t vm;   /* index, or NO_VM */
	uint32_t vcpu; /* its id */
};

/* A call of which the end is not known yet. */
struct entered_call {
	enum role role;
	uint64_t ts_ns;
	uint32_t fd;
	struct log_fd said; /* what strace -y says of it */
	enum call_id id;
	bool is_thread; /* ROLE_CLONE */
	char arg[160];
};

struct task_of_log {
	uint32_t tid, tgid;
	bool is_pending;
	struct entered_call pending;
	uint8_t index[SCRIPT_VMS_MAX]; /* its number on each VM, from 1 */
};

struct script_log {
	struct scripts *scripts;
	enum machine_arch arch;
	struct map tasks, fds;
	uint32_t tgids[SCRIPT_VMS_MAX];	 /* whose VM it is */
	uint8_t threads[SCRIPT_VMS_MAX]; /* how many make calls on it */
	uint32_t vm_fds[SCRIPT_VMS_MAX];
	uint64_t line_ns, day_ns, lines;
	bool is_relative;
};

/* ---- life ---- */

struct script_log *script_log_new(struct scripts *scripts, enum machine_arch arch, bool is_relative)
{
	struct script_log *log = calloc(1, sizeof(*log));

	if (!log)
		return NULL;
	log->scripts = scripts;
	log->arch = arch;
	log->is_relative = is_relative;
	return log;
}

void script_log_free(struct script_log *log)
{
	if (!log)
		return;
	map_clear(&log->tasks, free);
	map_clear(&log->fds, free);
	free(log);
}

/* ---- who ---- */

static struct task_of_log *task_of(struct script_log *log, uint32_t tid)
{
	struct task_of_log *task = map_get(&log->tasks, tid + 1ULL);

	if (task || log->tasks.cnt >= THREADS_MAX)
		return task;
	task = calloc(1, sizeof(*task));
	if (!task || map_put(&log->tasks, tid + 1ULL, task)) {
		free(task);
		return NULL;
	}
	task->tid = task->tgid = tid;
	return task;
}

static uint64_t fd_key(uint32_t tgid, uint32_t fd)
{
	return ((uint64_t)tgid << 32 | fd) + 1;
}

static int set_fd(struct script_log *log, uint32_t tgid, int64_t fd, const struct log_fd *what)
{
	struct log_fd *known;

	if (fd < 0 || fd > INT32_MAX)
		return 0;
	known = map_get(&log->fds, fd_key(tgid, fd));
	if (!known && log->fds.cnt >= FDS_MAX)
		return 0;
	if (!known) {
		known = malloc(sizeof(*known));
		if (!known || map_put(&log->fds, fd_key(tgid, fd), known)) {
			free(known);
			return -ENOMEM;
		}
	}
	*known = *what;
	return 0;
}

/* The newest VM of the process; where the log does not show whose thread it is, the newest of all.
 */
static uint32_t newest_vm(const struct script_log *log, uint32_t tgid)
{
	for (size_t i = log->scripts->cnt; i--;)
		if (log->tgids[i] == tgid)
			return i;
	return log->scripts->cnt ? log->scripts->cnt - 1 : NO_VM;
}

static uint32_t vm_by_fd(const struct script_log *log, uint32_t tgid, uint32_t fd)
{
	for (size_t i = log->scripts->cnt; i--;)
		if (log->tgids[i] == tgid && log->vm_fds[i] == fd)
			return i;
	for (size_t i = log->scripts->cnt; i--;)
		if (log->vm_fds[i] == fd)
			return i;
	return NO_VM;
}

/* What the descriptor is: as the log's own calls made it, else as strace -y calls it. */
static struct log_fd resolve(const struct script_log *log, const struct task_of_log *task,
			     const struct entered_call *call)
{
	const struct log_fd *known = map_get(&log->fds, fd_key(task->tgid, call->fd));
	struct log_fd fd = call->said;

	if (known && (fd.kind == FD_UNKNOWN || fd.kind == known->kind))
		return *known;
	if (fd.kind == FD_VM)
		fd.vm = vm_by_fd(log, task->tgid, call->fd);
	else if (fd.kind == FD_VCPU || fd.kind == FD_DEVICE)
		fd.vm = newest_vm(log, task->tgid);
	else if (fd.kind == FD_UNKNOWN && call->role == ROLE_IOCTL &&
		 ioctl_text_kind(call->id) == KS_KIND_VM)
		fd = (struct log_fd){FD_VM, vm_by_fd(log, task->tgid, call->fd), 0};
	return fd;
}

/* ---- ops ---- */

static int add_op(struct script_log *log, struct task_of_log *task, uint32_t vm,
		  const struct script_op *from)
{
	struct script_op op = *from;

	if (!task->index[vm]) {
		if (log->threads[vm] < SCRIPT_THREADS_MAX)
			log->threads[vm]++;
		task->index[vm] = log->threads[vm];
	}
	op.thread = task->index[vm] - 1;
	return script_add(&log->scripts->vms[vm], &op);
}

static struct script_op make_op(const struct entered_call *call, enum script_act act,
				const struct syscall_line *line)
{
	struct script_op op = {.act = act, .id = call->id, .begin_ns = call->ts_ns};

	op.took_ns = line && line->has_latency ? line->latency_ns : SCRIPT_UNTIMED;
	if (line && line->has_ret && line->ret < 0)
		op.err = line->ret > -4096 ? (int32_t)-line->ret : 0;
	return op;
}

/* ---- calls ---- */

static int create_vm(struct script_log *log, struct task_of_log *task,
		     const struct entered_call *call, const struct syscall_line *line)
{
	struct scripts *scripts = log->scripts;
	struct script_op op = make_op(call, ACT_IOCTL, line);
	struct log_fd fd = {FD_VM, scripts->cnt, 0};
	int ret;

	if (!line || !line->has_ret || line->ret < 0 || line->ret > INT32_MAX)
		return 0;
	if (scripts->cnt == SCRIPT_VMS_MAX) {
		scripts->left_out++;
		fd.vm = NO_VM;
		return set_fd(log, task->tgid, line->ret, &fd);
	}
	log->tgids[scripts->cnt] = task->tgid;
	log->vm_fds[scripts->cnt] = line->ret;
	scripts->cnt++;
	ret = set_fd(log, task->tgid, line->ret, &fd);
	return ret ? ret : add_op(log, task, fd.vm, &op);
}

static struct script_op ioctl_op(const struct entered_call *call, const struct syscall_line *line,
				 const struct log_fd *fd)
{
	struct ks_call rec = {.kind = ioctl_text_kind(call->id), .cmd = ioctl_text_cmd(call->id)};
	struct script_op op;

	ioctl_text_args(&rec, call->arg);
	script_op_of_call(&rec, call->id, &op);
	op.begin_ns = call->ts_ns;
	op.took_ns = line && line->has_latency ? line->latency_ns : SCRIPT_UNTIMED;
	if (line && line->has_ret && line->ret < 0 && line->ret > -4096)
		op.err = (int32_t)-line->ret;
	if (call->id == CALL_RUN) {
		script_op_set(&op, KEY_ID, fd->vcpu);
		op.took_ns = SCRIPT_UNTIMED; /* the guest's time */
		op.err = 0;
	}
	return op;
}

static int take_ioctl(struct script_log *log, struct task_of_log *task,
		      const struct entered_call *call, const struct syscall_line *line)
{
	struct log_fd fd = resolve(log, task, call);
	struct script_op op;
	uint64_t id;
	int ret;

	if (call->id == CALL_CREATE_VM)
		return create_vm(log, task, call, line);
	if (fd.kind != FD_VM && fd.kind != FD_VCPU && fd.kind != FD_DEVICE)
		return 0;
	if (fd.vm == NO_VM) {
		log->scripts->created_before += fd.kind == FD_VM && !log->scripts->left_out;
		return 0;
	}
	if (!script_plays(call->id, log->arch) ||
	    (fd.kind == FD_VCPU && call->id != CALL_RUN && call->id != CALL_ARM_VCPU_INIT)) {
		log->scripts->vms[fd.vm].skipped[call->id]++;
		return 0;
	}
	op = ioctl_op(call, line, &fd);
	id = script_op_get(&op, KEY_ID, 0);
	ret = add_op(log, task, fd.vm, &op);
	if (!ret && call->id == CALL_CREATE_VCPU && line && line->has_ret)
		ret = set_fd(log, task->tgid, line->ret,
			     &(struct log_fd){FD_VCPU, fd.vm, (uint32_t)id});
	return ret;
}

static int take_close(struct script_log *log, struct task_of_log *task,
		      const struct entered_call *call, const struct syscall_line *line)
{
	struct log_fd fd = resolve(log, task, call);
	struct script_op op = make_op(call, fd.kind == FD_VM ? ACT_CLOSE : ACT_CLOSE_VCPU, line);

	free(map_del(&log->fds, fd_key(task->tgid, call->fd)));
	if ((fd.kind != FD_VM && fd.kind != FD_VCPU) || fd.vm == NO_VM ||
	    log->tgids[fd.vm] != task->tgid)
		return 0;
	if (fd.kind == FD_VM && log->vm_fds[fd.vm] != call->fd)
		return 0; /* one of a pair that dup() made */
	if (fd.kind == FD_VCPU)
		script_op_set(&op, KEY_ID, fd.vcpu);
	else
		log->vm_fds[fd.vm] = UINT32_MAX;
	return add_op(log, task, fd.vm, &op);
}

static int take_dup(struct script_log *log, struct task_of_log *task,
		    const struct entered_call *call, const struct syscall_line *line)
{
	struct log_fd fd = resolve(log, task, call);
	struct script_op op = make_op(call, ACT_DUP, line);
	uint32_t vm = newest_vm(log, task->tgid);
	int ret = line && line->has_ret ? set_fd(log, task->tgid, line->ret, &fd) : 0;

	return ret || vm == NO_VM ? ret : add_op(log, task, vm, &op);
}

static int take_clone(struct script_log *log, struct task_of_log *task,
		      const struct entered_call *call, const struct syscall_line *line)
{
	struct script_op op = make_op(call, ACT_THREAD, line);
	uint32_t vm = newest_vm(log, task->tgid);
	struct task_of_log *child;

	if (line && line->has_ret && line->ret > 0 && line->ret < INT32_MAX) {
		child = task_of(log, line->ret);
		if (!child && log->tasks.cnt < THREADS_MAX)
			return -ENOMEM;
		if (child)
			child->tgid = call->is_thread ? task->tgid : child->tid;
	}
	if (!call->is_thread || vm == NO_VM || log->tgids[vm] != task->tgid)
		return 0;
	return add_op(log, task, vm, &op);
}

/* eventfd2, socket: what any process makes, but between a VM's calls. */
static int take_maker(struct script_log *log, struct task_of_log *task,
		      const struct entered_call *call, const struct syscall_line *line)
{
	struct script_op op =
		make_op(call, call->role == ROLE_EVENTFD ? ACT_EVENTFD : ACT_SOCKET, line);
	uint32_t vm = newest_vm(log, task->tgid);

	return vm == NO_VM || log->tgids[vm] != task->tgid ? 0 : add_op(log, task, vm, &op);
}

/* @line: its end; NULL: it had none. */
static int end_call(struct script_log *log, struct task_of_log *task,
		    const struct entered_call *call, const struct syscall_line *line)
{
	if (line && !line->has_ret)
		line = NULL;
	if (line && !line->has_latency)
		log->scripts->is_untimed |= call->id != CALL_RUN;
	switch (call->role) {
	case ROLE_IOCTL:
		return take_ioctl(log, task, call, line);
	case ROLE_CLOSE:
		return take_close(log, task, call, line);
	case ROLE_DUP:
		return take_dup(log, task, call, line);
	case ROLE_CLONE:
		return take_clone(log, task, call, line);
	case ROLE_EVENTFD:
	case ROLE_SOCKET:
		return take_maker(log, task, call, line);
	default:
		return 0;
	}
}

/* ---- lines ---- */

static enum role role_of(const struct word *name)
{
	static const struct {
		const char *name;
		enum role role;
	} known[] = {
		{"ioctl", ROLE_IOCTL},	   {"close", ROLE_CLOSE},   {"dup", ROLE_DUP},
		{"dup2", ROLE_DUP},	   {"dup3", ROLE_DUP},	    {"eventfd2", ROLE_EVENTFD},
		{"eventfd", ROLE_EVENTFD}, {"socket", ROLE_SOCKET}, {"clone", ROLE_CLONE},
		{"clone3", ROLE_CLONE},	   {"fork", ROLE_CLONE},    {"vfork", ROLE_CLONE},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (word_is(name, known[i].name))
			return known[i].role;
	return ROLE_NONE;
}

/* "anon_inode:kvm-vcpu:1" */
static uint32_t vcpu_of(const struct word *path)
{
	static const char lead[] = "anon_inode:kvm-vcpu:";
	struct lexer scan;
	uint64_t id;

	if (!word_begins(path, lead))
		return 0;
	scan = (struct lexer){path->text + strlen(lead)};
	return lexer_number(&scan, &id) && id < UINT32_MAX ? (uint32_t)id : 0;
}

/* "flags=CLONE_VM|CLONE_THREAD", "flags=0x3d0f00", "0x3d0f00, 0x7f..." of -e raw. */
static bool makes_thread(const char *args)
{
	const char *flags = strstr(args, "flags=");
	struct lexer scan = {flags ? flags + strlen("flags=") : args};
	uint64_t number;

	if (strstr(args, "CLONE_THREAD") || strstr(args, "|THREAD|"))
		return true;
	return lexer_number(&scan, &number) && number & CLONE_THREAD;
}

static bool enter(struct entered_call *call, const struct syscall_line *line, uint64_t ts_ns)
{
	struct fd_args args;

	*call = (struct entered_call){.role = role_of(&line->name), .ts_ns = ts_ns};
	if (call->role == ROLE_NONE)
		return false;
	if (call->role == ROLE_CLONE)
		call->is_thread = makes_thread(line->args);
	if (call->role == ROLE_CLONE || call->role == ROLE_EVENTFD || call->role == ROLE_SOCKET)
		return true;
	if (!strace_parse_fd(line->args, &args))
		return false;
	call->fd = args.fd;
	call->said = (struct log_fd){descriptor_kind(&args.path), NO_VM, vcpu_of(&args.path)};
	if (call->role != ROLE_IOCTL)
		return true;
	call->id = ioctl_text_id(&args.request);
	strncpy(call->arg, args.arg, sizeof(call->arg) - 1);
	return call->id != CALL_NONE;
}

/* As import/syscalls.c has it; without times the lines' own order counts. */
static uint64_t time_of(struct script_log *log, const struct syscall_line *line)
{
	uint64_t ts_ns = line->ts_ns;

	log->lines++;
	if (line->time == TIME_NONE) {
		log->scripts->is_untimed = true;
		return log->line_ns + log->lines;
	}
	if (log->is_relative && line->time == TIME_STAMP) {
		ts_ns += log->line_ns;
	} else if (line->time == TIME_DAY) {
		ts_ns += log->day_ns;
		if (ts_ns + DAY_NS / 2 < log->line_ns && log->day_ns < TIME_MAX_NS) {
			log->day_ns += DAY_NS;
			ts_ns += DAY_NS;
		}
	}
	log->line_ns = ts_ns < TIME_MAX_NS ? ts_ns : TIME_MAX_NS;
	return log->line_ns;
}

static int resume(struct script_log *log, struct task_of_log *task, const struct syscall_line *line,
		  uint64_t ts_ns)
{
	struct syscall_line end = *line;
	struct entered_call call = task->pending;

	if (!task->is_pending)
		return 0;
	task->is_pending = false;
	if (!end.has_latency && end.time != TIME_NONE && ts_ns >= call.ts_ns) {
		end.latency_ns = ts_ns - call.ts_ns;
		end.has_latency = true;
	}
	return end_call(log, task, &call, &end);
}

int script_log_take(struct script_log *log, const struct syscall_line *line)
{
	uint64_t ts_ns;
	struct task_of_log *task;
	struct entered_call call;

	if (line->kind != LINE_CALL && line->kind != LINE_RESUMED)
		return 0;
	ts_ns = time_of(log, line);
	task = task_of(log, line->has_tid ? line->tid : 0);
	if (!task)
		return log->tasks.cnt < THREADS_MAX ? -ENOMEM : 0;
	if (line->kind == LINE_RESUMED)
		return resume(log, task, line, ts_ns);
	task->is_pending = false;
	if (!enter(&call, line, ts_ns))
		return 0;
	if (!line->is_unfinished)
		return end_call(log, task, &call, line);
	task->pending = call;
	task->is_pending = true;
	return 0;
}

int script_log_finish(struct script_log *log)
{
	const struct map_slot *slot;
	size_t pos = 0;
	int ret = 0;

	while (!ret && (slot = map_next(&log->tasks, &pos))) {
		struct task_of_log *task = slot->value;

		if (task->is_pending && task->pending.role == ROLE_IOCTL)
			ret = end_call(log, task, &task->pending, NULL);
		task->is_pending = false;
	}
	return ret;
}
