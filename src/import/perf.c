// SPDX-License-Identifier: GPL-2.0-only
#include "import/perf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "import/log_calls.h"
#include "import/lexer.h"
#include "ledger/stack.h"

#define THREADS_MAX 4096
#define NESTED_MAX  4

/* A function that a thread is in. */
struct entered {
	const struct site *func;
	uint64_t ts_ns;
	const char *site; /* of a wait */
	struct wait wait; /* inside it */
};

struct thread {
	struct entered entered[NESTED_MAX]; /* the innermost last */
	size_t cnt;
};

struct perf {
	struct log *log;
	struct map threads;	  /* tid + 1 -> struct thread */
	struct entered *stack_of; /* whose stack the next lines are; NULL: nobody's */
	uint64_t untimed;
};

/* ---- one line ---- */

/* "19916 [033] 404.518462: " or "19916/19924 404.518462: " */
static bool scan_thread(struct lexer *scan, struct perf_line *line)
{
	uint64_t first, second = 0, cpu;

	if (!lexer_number(scan, &first) || first > UINT32_MAX)
		return false;
	line->tid = first;
	if (lexer_text(scan, "/")) {
		if (!lexer_number(scan, &second) || second > UINT32_MAX)
			return false;
		line->pid = first;
		line->tid = second;
	}
	if (*scan->at != ' ')
		return false;
	lexer_spaces(scan);
	if (lexer_text(scan, "[") && (!lexer_number(scan, &cpu) || !lexer_text(scan, "]")))
		return false;
	lexer_spaces(scan);
	return lexer_seconds(scan, &line->ts_ns) && lexer_text(scan, ":");
}

/* " probe:kvm_io_bus_register_dev__return: (...": also "kvm_io_bus_register_dev_1" and "...L" */
static bool scan_event(struct lexer *scan, struct perf_line *line)
{
	static const char suffix[] = "__return";
	size_t len;

	lexer_spaces(scan);
	if (!lexer_text(scan, "probe:"))
		return false;
	line->func = scan->at;
	len = strspn(scan->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	line->func_len = len;
	if (scan->at[len] != ':')
		return false;
	if (len > sizeof(suffix) - 1 &&
	    !strncmp(scan->at + len - (sizeof(suffix) - 1), suffix, sizeof(suffix) - 1)) {
		line->is_return = true;
		line->func_len -= sizeof(suffix) - 1;
	}
	return true;
}

/* The name of a command may hold spaces and digits: "fc_vcpu 0 19924 [035]". */
bool perf_parse(const char *text, struct perf_line *line)
{
	struct lexer start = {text};

	*line = (struct perf_line){0};
	lexer_spaces(&start);
	for (const char *at = start.at; *at; at++) {
		struct lexer scan = {at + 1};
		size_t len = at - start.at;

		if (*at != ' ' || at[1] == ' ')
			continue;
		if (!scan_thread(&scan, line) || !scan_event(&scan, line))
			continue;
		while (len && start.at[len - 1] == ' ')
			len--;
		memcpy(line->comm, start.at, len < KS_COMM_LEN ? len : KS_COMM_LEN - 1);
		return true;
	}
	return false;
}

const char *perf_parse_frame(const char *text, size_t *len)
{
	size_t digits;

	text += strspn(text, " \t");
	digits = strspn(text, "0123456789abcdef");
	if (!digits || text[digits] != ' ')
		return NULL;
	text += digits + 1;
	*len = strcspn(text, "+ ");
	return *len ? text : NULL;
}

/* ---- VMs ---- */

/*
 * Only threads are named, so a thread that is new belongs to the newest VM; unless it is called
 * what a VM's own thread is called: then it is another process's.
 */
static struct log_vm *vm_of(struct log *log, const struct perf_line *line)
{
	uint32_t id = line->pid ? line->pid : line->tid;
	struct log_vm *vm = log_vm_of_thread(log, id);

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
static const struct site *find_func(const struct perf_line *line)
{
	char name[64];
	const struct site *site;

	if (line->func_len >= sizeof(name))
		return NULL;
	memcpy(name, line->func, line->func_len);
	name[line->func_len] = 0;
	site = site_find(name);
	return site && site->by_itself ? site : NULL;
}

/* Is it one of SRCU's own waits? */
static bool is_wait(const struct site *func)
{
	return func->is & SITE_SRCU && func->api;
}

static struct thread *find_thread(struct perf *perf, uint32_t tid)
{
	struct thread *thread = map_get(&perf->threads, tid);

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
static void enter(struct perf *perf, struct thread *thread, const struct site *func, uint64_t ts_ns)
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
		 const struct perf_line *line)
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
	};

	memcpy(call.rec.comm, line->comm, sizeof(call.rec.comm));
	if (call.is_wait)
		set_wait(&call.wait, entered, line->ts_ns);
	log_call(perf->log, &call);
}

/* A wait is reported as part of the function around it, if one is known. */
static void leave(struct perf *perf, struct thread *thread, struct log_vm *vm,
		  const struct site *func, const struct perf_line *line)
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
		/* The last of several is the one that is kept: others are part of what is not
		 * known. */
		set_wait(&thread->entered[thread->cnt - 1].wait, &entered, line->ts_ns);
		return;
	}
	tell(perf, vm, &entered, line);
	if (func->is & SITE_REGISTERS)
		log_registered(vm, entered.ts_ns, CALL_NONE);
}

/* Who asks SRCU to wait: a frame must name one that the table has, whose name is static. */
static void take_frame(struct perf *perf, const char *text)
{
	size_t len;
	const char *frame = perf_parse_frame(text, &len);
	const struct site *site;
	char name[64];

	if (!frame || !perf->stack_of || perf->stack_of->site || len >= sizeof(name))
		return;
	memcpy(name, frame, len);
	name[len] = 0;
	site = site_find(name);
	if (site && site->domains)
		perf->stack_of->site = site->func;
}

int perf_take(struct perf *perf, const char *text)
{
	const struct site *func;
	struct perf_line line;
	struct thread *thread;
	struct log_vm *vm;

	if (!perf_parse(text, &line)) {
		take_frame(perf, text);
		return 0;
	}
	perf->stack_of = NULL;
	func = find_func(&line);
	if (!func)
		return 0;
	thread = find_thread(perf, line.tid);
	if (!thread)
		return perf->threads.cnt == THREADS_MAX ? 0 : -ENOMEM;
	vm = vm_of(perf->log, &line);
	if (line.is_return) {
		leave(perf, thread, vm, func, &line);
		return 0;
	}
	enter(perf, thread, func, line.ts_ns);
	vm->vcpus += (func->is & SITE_VCPU) != 0;
	return 0;
}

struct perf *perf_new(struct log *log)
{
	struct perf *perf = calloc(1, sizeof(*perf));

	if (perf)
		perf->log = log;
	return perf;
}

void perf_free(struct perf *perf)
{
	if (!perf)
		return;
	map_clear(&perf->threads, free);
	free(perf);
}

uint64_t perf_untimed(const struct perf *perf)
{
	const struct map_slot *slot;
	uint64_t cnt = perf->untimed;
	size_t pos = 0;

	while ((slot = map_next(&perf->threads, &pos)))
		cnt += ((const struct thread *)slot->value)->cnt;
	return cnt;
}
