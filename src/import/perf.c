// SPDX-License-Identifier: GPL-2.0-only
#include "import/perf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "import/event_line.h"
#include "import/log_calls.h"
#include "import/strace_line.h"
#include "import/syscalls.h"
#include "ledger/sites.h"

#define THREADS_MAX 4096
#define NESTED_MAX  8
#define FUNCS_MAX   256
#define KVM_TYPE    0xae

/* Whose numbers system calls have. */
enum abi { ABI_X86, ABI_GENERIC, ABI_S390_POWERPC, ABI_CNT };

#define SYS_EVENTS_CNT (sizeof(sys_events) / sizeof(sys_events[0]))

/* A function that a thread is in. */
struct entered {
	const struct site *func;
	uint64_t ts_ns;
	const char *site; /* of a wait */
	struct wait wait; /* inside it */
};

struct entering {
	struct entered entered[NESTED_MAX]; /* the innermost last */
	size_t cnt;
	uint32_t vm_id;
	char comm[KS_COMM_LEN];
};

struct perf {
	struct log *log;
	struct map threads;	  /* tid + 1 -> struct entering */
	struct entered *stack_of; /* whose stack the next lines are; NULL: nobody's */
	uint64_t untimed;
	uint64_t now_ns;
	bool has_return[FUNCS_MAX]; /* by row of the table of sites: its return is probed, too */
	struct syscalls *syscalls;  /* of syscalls:sys_enter_ioctl and _exit_, and raw ones */
	enum abi abi;		    /* of raw_syscalls; ABI_CNT: not known yet */
};

/* ---- one line ---- */

const char *perf_parse_frame(const char *text, size_t *len)
{
	size_t digits;

	text += strspn(text, " \t");
	if (!strncmp(text, "=> ", 3)) {
		*len = strcspn(text + 3, "+ ");
		return *len ? text + 3 : NULL;
	}
	digits = strspn(text, "0123456789abcdef");
	if (!digits || text[digits] != ' ')
		return NULL;
	text += digits + 1;
	*len = strcspn(text, "+ (");
	return *len && text[*len] != '(' ? text : NULL;
}

/* ---- VMs ---- */

/*
 * Only threads are named, so a thread that is new belongs to the newest VM; unless it is called
 * what a VM's own thread is called: then it is another process's.
 */
static struct log_vm *vm_of(struct log *log, const struct event_line *line)
{
	uint32_t id = line->pid ? line->pid : line->tid;
	struct log_vm *vm = log_vm_of_process(log, id);

	if (!vm && !line->pid) {
		vm = log_vm_newest(log);
		if (vm && !strcmp(vm->vm.comm, line->comm))
			vm = NULL;
	}
	if (!vm) {
		vm = log_vm_new(log, id, 0, line->ts_ns);
		memcpy(vm->vm.comm, line->comm, sizeof(vm->vm.comm));
	}
	return vm;
}

/* ---- functions ---- */

/* Of the functions that kvmstall knows, those that are calls by themselves; others are passed over.
 */
static const struct site *find_func(const char *text, size_t len)
{
	char name[64];
	const struct site *site;

	if (len >= sizeof(name))
		return NULL;
	memcpy(name, text, len);
	name[len] = 0;
	site = site_find(name);
	return site && site->by_itself ? site : NULL;
}

static bool ends_so(const struct word *word, const char *end)
{
	size_t len = strlen(end);

	return word->len > len && !strncmp(word->text + word->len - len, end, len);
}

/*
 * Probes are called as their maker likes: "kvm_io_bus_register_dev__return" and "..._1" are what
 * perf makes of it, "p_kvm_vm_ioctl_0" and "r_kvm_vm_ioctl_0" what tracefs does.
 */
static const struct site *func_of_name(struct word name)
{
	const struct site *func = find_func(name.text, name.len);
	size_t digits = 0;

	if (func)
		return func;
	if (ends_so(&name, "__return"))
		name.len -= strlen("__return");
	while (digits < name.len && strchr("0123456789", name.text[name.len - 1 - digits]))
		digits++;
	if (digits && digits < name.len && name.text[name.len - 1 - digits] == '_')
		name.len -= digits + 1;
	if (word_begins(&name, "p_") || word_begins(&name, "r_"))
		name = (struct word){name.text + 2, name.len - 2};
	return find_func(name.text, name.len);
}

/* "(kvm_dev_ioctl+0x0/0x910)", "(__arm64_sys_ioctl+0xcc/0x124 <- kvm_dev_ioctl)": who it is. */
static const struct site *func_of(const struct event_line *line, bool *is_return)
{
	const char *arrow = strstr(line->rest, " <- ");
	const char *name = arrow ? arrow + 4 : line->rest + 1;
	const struct site *func;

	*is_return = arrow != NULL;
	if (*line->rest != '(')
		return NULL;
	func = find_func(name, strcspn(name, "+ )"));
	return func ? func : func_of_name(line->event);
}

/* Is it one of SRCU's own waits? */
static bool is_wait(const struct site *func)
{
	return func->is & SITE_SRCU && func->api;
}

static struct entering *find_entering(struct perf *perf, uint32_t tid)
{
	struct entering *thread = map_get(&perf->threads, tid);

	if (thread || perf->threads.cnt == THREADS_MAX)
		return thread;
	thread = calloc(1, sizeof(*thread));
	if (thread && map_put(&perf->threads, tid, thread)) {
		free(thread);
		return NULL;
	}
	return thread;
}

/* Without a probe on returns, or when they were lost, the next entry says that it is over. */
static void enter(struct perf *perf, struct entering *thread, const struct site *func,
		  uint64_t ts_ns)
{
	struct entered *entered;

	for (size_t i = 0; i < thread->cnt; i++)
		if (thread->entered[i].func == func) {
			perf->untimed += thread->cnt - i;
			thread->cnt = i;
		}
	if (thread->cnt == NESTED_MAX) {
		perf->untimed += thread->cnt;
		thread->cnt = 0;
	}
	entered = &thread->entered[thread->cnt++];
	*entered = (struct entered){.func = func, .ts_ns = ts_ns};
	perf->stack_of = entered;
}

static void set_wait(struct wait *wait, const struct entered *entered, uint64_t end_ns)
{
	*wait = (struct wait){
		.api = entered->func->api,
		.site = entered->site,
		.begin_ns = entered->ts_ns,
		.ns = end_ns - entered->ts_ns,
		.callbacks = -1,
	};
}

static void tell(struct perf *perf, struct log_vm *vm, const struct entered *entered,
		 const struct event_line *line)
{
	struct log_call call = {
		.rec = {.head = {.ts_ns = line->ts_ns, .tid = line->tid},
			.begin_ns = entered->ts_ns,
			.tgid = vm->vm.tgid,
			.kind = KS_KIND_VM},
		.id = entered->func->by_itself,
		.vm = vm,
		.wait = entered->wait,
		.is_wait = is_wait(entered->func),
		.is_guess = !line->pid && line->tid != vm->vm.tgid,
	};

	memcpy(call.rec.comm, line->comm, sizeof(call.rec.comm));
	if (call.is_wait)
		set_wait(&call.wait, entered, line->ts_ns);
	log_call(perf->log, &call);
	if (entered->func->is & SITE_REGISTERS)
		log_registered(&call, CALL_NONE);
}

/* A wait is reported as part of the function around it, if one is known. */
static void leave(struct perf *perf, struct entering *thread, struct log_vm *vm,
		  const struct site *func, const struct event_line *line)
{
	size_t i = thread->cnt;
	struct entered entered;

	while (i && thread->entered[i - 1].func != func)
		i--;
	if (!i || line->ts_ns < thread->entered[i - 1].ts_ns)
		return;
	entered = thread->entered[i - 1];
	perf->untimed += thread->cnt - i;
	thread->cnt = i - 1;
	if (thread->cnt && is_wait(func)) {
		struct wait *wait = &thread->entered[thread->cnt - 1].wait;

		/* The longest of several is kept: others are part of what is not known. */
		if (line->ts_ns - entered.ts_ns >= wait->ns)
			set_wait(wait, &entered, line->ts_ns);
		return;
	}
	tell(perf, vm, &entered, line);
}

/* Who asks SRCU to wait: a frame must name one that the table has, whose name is static. */
static bool take_frame(struct perf *perf, const char *text)
{
	size_t len;
	const char *frame = perf_parse_frame(text, &len);
	const struct site *site;
	char name[64];

	if (!frame)
		return false;
	if (!perf->stack_of || perf->stack_of->site || len >= sizeof(name))
		return true;
	memcpy(name, frame, len);
	name[len] = 0;
	site = site_find(name);
	if (site && site->domains)
		perf->stack_of->site = site->func;
	return true;
}

/* ---- system calls ---- */

static bool hex_after(const char *text, const char *name, uint64_t *value)
{
	const char *at = strstr(text, name);
	char *end;

	if (!at)
		return false;
	at += strlen(name);
	*value = strtoull(at, &end, 16);
	return end != at;
}

/* System calls that matter, and their numbers: arch/x86/entry/syscalls, include/uapi/asm-generic,
 * arch/s390/kernel/syscalls and arch/powerpc/kernel/syscalls. */
struct sys_event {
	const char *name, *enter, *exit; /* of its tracepoints */
	const char *call, *ret;		 /* as tracefs prints them */
	int64_t nrs[ABI_CNT];
};

static const struct sys_event sys_events[] = {
	{"ioctl", "sys_enter_ioctl", "sys_exit_ioctl", "sys_ioctl(", "sys_ioctl -> ", {16, 29, 54}},
	{"close", "sys_enter_close", "sys_exit_close", "sys_close(", "sys_close -> ", {3, 57, 6}},
};

static int enter_syscall(struct perf *perf, struct syscall_line *call, const char *args)
{
	call->kind = LINE_CALL;
	call->args = args;
	call->is_unfinished = true;
	return syscalls_take(perf->syscalls, call);
}

static int leave_syscall(struct perf *perf, struct syscall_line *call, int64_t ret)
{
	call->kind = LINE_RESUMED;
	call->ret = ret;
	call->has_ret = true;
	return syscalls_take(perf->syscalls, call);
}

/* "fd: 0x00000012, cmd: 0x4020ae46, arg: 0x7ffe"; tracefs has no 0x */
static int enter_by_name(struct perf *perf, struct syscall_line *call, const char *rest)
{
	uint64_t fd, cmd, arg;
	char text[96];

	if (!hex_after(rest, "fd: ", &fd))
		return 0;
	if (hex_after(rest, "cmd: ", &cmd) && hex_after(rest, "arg: ", &arg))
		snprintf(text, sizeof(text), "%" PRIu64 ", 0x%" PRIx64 ", 0x%" PRIx64, fd, cmd,
			 arg);
	else
		snprintf(text, sizeof(text), "%" PRIu64 ")", fd);
	return enter_syscall(perf, call, text);
}

/* "0x0", "0xfffffffffffffffc"; tracefs: "sys_ioctl -> 0x0" */
static int leave_by_name(struct perf *perf, struct syscall_line *call, const char *rest)
{
	const char *at = strstr(rest, "0x");
	char *end;

	return at ? leave_syscall(perf, call, (int64_t)strtoull(at, &end, 16)) : 0;
}

/* ---- raw_syscalls: by number only ---- */

/* An ioctl's second argument says what it is: one of KVM's says whose numbers these are. */
static void note_abi(struct perf *perf, int64_t nr, uint64_t cmd)
{
	if (cmd > UINT32_MAX || (cmd >> 8 & 0xff) != KVM_TYPE)
		return;
	for (int abi = 0; perf->abi == ABI_CNT && abi < ABI_CNT; abi++)
		if (sys_events[0].nrs[abi] == nr)
			perf->abi = abi;
}

static const struct sys_event *raw_event(const struct perf *perf, int64_t nr)
{
	for (size_t i = 0; perf->abi < ABI_CNT && i < SYS_EVENTS_CNT; i++)
		if (sys_events[i].nrs[perf->abi] == nr)
			return &sys_events[i];
	return NULL;
}

/* "NR 16 (5, ae01, 0, 0, 0, 0)", hexadecimal; "NR 16 = 6", decimal */
static int take_raw(struct perf *perf, struct syscall_line *call, const char *rest)
{
	const struct sys_event *event;
	uint64_t fd, cmd, arg;
	int64_t nr, ret;
	char text[96];

	if (sscanf(rest, "NR %" SCNi64 " = %" SCNi64, &nr, &ret) == 2) {
		event = raw_event(perf, nr);
		if (!event)
			return 0;
		call->name = (struct word){event->name, strlen(event->name)};
		return leave_syscall(perf, call, ret);
	}
	if (sscanf(rest, "NR %" SCNd64 " (%" SCNx64 ", %" SCNx64 ", %" SCNx64, &nr, &fd, &cmd,
		   &arg) != 4)
		return 0;
	note_abi(perf, nr, cmd);
	event = raw_event(perf, nr);
	if (!event)
		return 0;
	call->name = (struct word){event->name, strlen(event->name)};
	snprintf(text, sizeof(text), "%" PRIu32 ", 0x%" PRIx64 ", 0x%" PRIx64, (uint32_t)fd, cmd,
		 arg);
	return enter_syscall(perf, call, text);
}

static bool is_raw(const struct event_line *line)
{
	return (word_is(&line->event, "sys_enter") || word_is(&line->event, "sys_exit")) &&
	       !strncmp(line->rest, "NR ", 3);
}

static bool is_entry(const struct event_line *line, const struct sys_event *event)
{
	return word_is(&line->event, event->enter) ||
	       (!line->group.len && !strncmp(line->rest, event->call, strlen(event->call)));
}

static bool is_exit(const struct event_line *line, const struct sys_event *event)
{
	return word_is(&line->event, event->exit) ||
	       (!line->group.len && !strncmp(line->rest, event->ret, strlen(event->ret)));
}

/* False: not such an event. */
static bool take_syscall(struct perf *perf, const struct event_line *line, int *ret)
{
	struct syscall_line call = {
		.time = TIME_STAMP,
		.has_tid = true,
		.tid = line->tid,
		.ts_ns = line->ts_ns,
		.args = "",
	};

	*ret = 0;
	memcpy(call.comm, line->comm, sizeof(call.comm));
	if (is_raw(line)) {
		*ret = take_raw(perf, &call, line->rest);
		return true;
	}
	for (size_t i = 0; i < SYS_EVENTS_CNT; i++) {
		const struct sys_event *event = &sys_events[i];

		call.name = (struct word){event->name, strlen(event->name)};
		if (is_entry(line, event))
			*ret = enter_by_name(perf, &call, line->rest);
		else if (is_exit(line, event))
			*ret = leave_by_name(perf, &call, line->rest);
		else
			continue;
		return true;
	}
	return false;
}

/* ---- lines ---- */

enum event_use perf_use(const struct event_line *line)
{
	bool is_return;

	if (func_of(line, &is_return))
		return EVENT_READ;
	if (is_raw(line))
		return EVENT_READ;
	if (word_is(&line->group, "syscalls") && !*line->rest)
		return EVENT_BARE;
	for (size_t i = 0; i < SYS_EVENTS_CNT; i++)
		if (is_entry(line, &sys_events[i]) || is_exit(line, &sys_events[i]))
			return EVENT_READ;
	if (line->rest == line->event.text) /* function tracer */
		return EVENT_OTHER;
	if (word_is(&line->group, "kvm") || (!line->group.len && word_begins(&line->event, "kvm_")))
		return EVENT_KVM;
	return EVENT_OTHER;
}

static int take_probe(struct perf *perf, const struct event_line *line)
{
	bool is_return;
	const struct site *func = func_of(line, &is_return);
	struct entering *thread;
	struct log_vm *vm;

	if (!func)
		return 0;
	thread = find_entering(perf, line->tid);
	if (!thread)
		return perf->threads.cnt == THREADS_MAX ? 0 : -ENOMEM;
	vm = vm_of(perf->log, line);
	if (is_return) {
		perf->has_return[(func - sites) % FUNCS_MAX] = true;
		leave(perf, thread, vm, func, line);
		return 0;
	}
	enter(perf, thread, func, line->ts_ns);
	memcpy(thread->comm, line->comm, sizeof(thread->comm));
	thread->vm_id = vm->vm.id;
	vm->vcpus += (func->is & SITE_VCPU) != 0;
	return 0;
}

bool perf_take(struct perf *perf, const char *text, int *ret)
{
	struct event_line line;

	*ret = 0;
	if (!event_parse(text, &line))
		return take_frame(perf, text) || !*text || *text == '#' ||
		       strstr(text, "stack trace>");
	perf->stack_of = NULL;
	if (line.ts_ns > perf->now_ns)
		perf->now_ns = line.ts_ns;
	if (!take_syscall(perf, &line, ret))
		*ret = take_probe(perf, &line);
	return true;
}

/* A function whose return is probed, and did not come: the outermost tells of those inside it. */
static void tell_stuck(struct perf *perf, uint32_t tid, const struct entering *thread)
{
	const struct entered *entered = &thread->entered[0];
	struct log_call call = {
		.rec = {.head = {.ts_ns = perf->now_ns, .tid = tid},
			.begin_ns = entered->ts_ns,
			.kind = KS_KIND_VM},
		.vm = log_vm_by_id(perf->log, thread->vm_id),
	};

	if (!thread->cnt || !perf->has_return[(entered->func - sites) % FUNCS_MAX])
		return;
	call.id = entered->func->by_itself;
	call.rec.tgid = call.vm ? call.vm->vm.tgid : tid;
	memcpy(call.rec.comm, thread->comm, sizeof(call.rec.comm));
	log_stuck(perf->log, &call);
}

int perf_finish(struct perf *perf)
{
	const struct map_slot *slot;
	size_t pos = 0;

	while ((slot = map_next(&perf->threads, &pos)))
		tell_stuck(perf, slot->key, slot->value);
	return syscalls_finish(perf->syscalls);
}

struct perf *perf_new(struct log *log)
{
	struct perf *perf = calloc(1, sizeof(*perf));

	if (!perf)
		return NULL;
	perf->log = log;
	perf->abi = ABI_CNT;
	perf->syscalls = syscalls_new(log, false);
	if (!perf->syscalls) {
		free(perf);
		return NULL;
	}
	return perf;
}

void perf_free(struct perf *perf)
{
	if (!perf)
		return;
	map_clear(&perf->threads, free);
	syscalls_free(perf->syscalls);
	free(perf);
}

uint64_t perf_untimed(const struct perf *perf)
{
	const struct map_slot *slot;
	uint64_t cnt = perf->untimed;
	size_t pos = 0;

	while ((slot = map_next(&perf->threads, &pos)))
		cnt += ((const struct entering *)slot->value)->cnt;
	return cnt + syscalls_untimed(perf->syscalls);
}

uint64_t perf_seen(const struct perf *perf)
{
	return syscalls_seen(perf->syscalls);
}
