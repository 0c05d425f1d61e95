// SPDX-License-Identifier: GPL-2.0-only
#include "import/graph.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "import/event_line.h"
#include "import/lexer.h"
#include "import/log_calls.h"
#include "import/syscall_line.h"
#include "ledger/sites.h"

#define DEPTH_MAX 64
#define TASKS_MAX 4096
#define CPUS_MAX  4096
#define TASK_KEY  (1ULL << 32) /* beside a pid: keys without it are CPUs */

struct opened {
	const struct site *func; /* NULL: one that is not of interest */
	uint64_t ts_ns;
	struct wait wait; /* inside it */
};

struct graph_task {
	size_t depth; /* may be more than is kept */
	struct opened opened[DEPTH_MAX];
};

struct graph {
	struct log *log;
	struct map tasks;	 /* pid | TASK_KEY, or CPU -> struct graph_task */
	uint64_t pids[CPUS_MAX]; /* by CPU; 0: not said */
};

struct graph_line {
	uint64_t cpu, pid; /* .pid 0: not said */
	bool has_ns, has_ts, is_close, is_leaf;
	uint64_t ns;
	uint64_t ts_ns; /* of its begin, or of the end where it closes */
	char comm[KS_COMM_LEN];
	struct word func;
};

/* ---- a line ---- */

/* "qemu-1234": the number after the last hyphen of @text up to @end. */
static uint64_t pid_of(const char *text, const char *end)
{
	const char *hyphen = NULL;
	struct lexer scan;
	uint64_t pid;

	for (const char *at = text; at < end; at++)
		if (*at == '-' && at[1] >= '0' && at[1] <= '9')
			hyphen = at;
	scan = (struct lexer){hyphen ? hyphen + 1 : ""};
	return lexer_number(&scan, &pid) && pid <= INT32_MAX ? pid : 0;
}

/* "# 9500.100 us " */
static bool scan_duration(const char *text, const char *end, struct graph_line *line)
{
	const char *us = NULL, *begin;
	struct lexer scan;

	for (const char *at = text; at + 3 <= end; at++)
		if (!strncmp(at, " us", 3))
			us = at;
	if (!us)
		return false;
	for (begin = us; begin > text && strchr("0123456789.", begin[-1]); begin--)
		;
	scan = (struct lexer){begin};
	line->has_ns = lexer_seconds(&scan, &line->ns);
	line->ns /= 1000000;
	return line->has_ns;
}

/* "kvm_vm_ioctl [kvm]() {", "kvm_vm_ioctl [kvm](filp=0xff, ...) {", "kfree();", "}" */
static bool scan_body(const char *text, struct graph_line *line)
{
	const char *end;

	text += strspn(text, " \t");
	line->is_close = *text == '}';
	if (line->is_close && !strncmp(text, "} /* ", 5))
		text += 5; /* of what, where that is not on the screen any more */
	line->func = (struct word){text, lexer_name_len(text, 0)};
	if (line->is_close)
		return true;
	end = text + line->func.len;
	if (!strncmp(end, " [", 2) && strchr(end, ']'))
		end = strchr(end, ']') + 1;
	if (!line->func.len || *end != '(')
		return false;
	line->is_leaf = strstr(end, ");") != NULL;
	return line->is_leaf || strstr(end, ") {");
}

/* What stands before the body, between bars: "   35.480299 ", " 0)  fc-1 ", " 0) + 11.518 us ". */
static bool scan_field(const char *text, const char *end, struct graph_line *line)
{
	struct lexer scan = {text}, part;
	uint64_t number;

	lexer_spaces(&scan);
	part = scan;
	if (lexer_number(&part, &number) && *part.at == ')' && number < CPUS_MAX) {
		line->cpu = number;
		scan.at = part.at + 1;
		lexer_spaces(&scan);
	}
	if (scan.at >= end || scan_duration(scan.at, end, line))
		return true;
	part = scan;
	if (lexer_seconds(&part, &number) && memchr(scan.at, '.', part.at - scan.at) &&
	    part.at + strspn(part.at, " ") == end) {
		line->has_ts = true;
		line->ts_ns = number;
		return true;
	}
	number = pid_of(scan.at, end);
	if (number)
		line->pid = number;
	return number || memchr(scan.at, '-', end - scan.at) != NULL; /* latency-format, <idle>-0 */
}

static bool scan_fields(const char *text, struct graph_line *line)
{
	for (const char *at = text, *bar; (bar = strchr(at, '|')); at = bar + 1) {
		if (!scan_field(at, bar, line))
			return false;
		if (scan_body(bar + 1, line))
			return true;
	}
	return false;
}

/* "fc-243  [001]  76.790766: funcgraph_exit:  + 27.061 us  |  }" of trace-cmd report */
static bool scan_event(const char *text, struct graph_line *line)
{
	struct event_line event;

	if (!strstr(text, "funcgraph_e") || !event_parse(text, &event) ||
	    !word_begins(&event.event, "funcgraph_e") || !scan_fields(event.rest, line))
		return false;
	line->pid = event.tid;
	line->has_ts = true;
	line->ts_ns = event.ts_ns;
	memcpy(line->comm, event.comm, sizeof(line->comm));
	return true;
}

static bool parse(const char *text, struct graph_line *line)
{
	*line = (struct graph_line){.func = {"", 0}, .comm = "?"};
	if (scan_event(text, line))
		return true;
	*line = (struct graph_line){.func = {"", 0}, .comm = "?"};
	return scan_fields(text, line);
}

bool graph_is_line(const char *text)
{
	struct graph_line line;

	return parse(text, &line);
}

/* " 0)  fc-123    =>   qemu-456": who has the CPU from now on */
static bool take_switch(struct graph *graph, const char *text)
{
	const char *arrow = strstr(text, "=>");
	struct lexer scan = {text};
	uint64_t cpu;

	lexer_spaces(&scan);
	if (!arrow || !lexer_number(&scan, &cpu) || cpu >= CPUS_MAX || *scan.at != ')')
		return false;
	graph->pids[cpu] = pid_of(arrow, arrow + strlen(arrow));
	return true;
}

/* ---- calls ---- */

static const struct site *find_func(const struct word *word)
{
	char name[64];
	const struct site *site;

	if (word->len >= sizeof(name))
		return NULL;
	memcpy(name, word->text, word->len);
	name[word->len] = 0;
	site = site_find(name);
	return site && site->by_itself ? site : NULL;
}

static struct graph_task *find_task(struct graph *graph, uint64_t key)
{
	struct graph_task *task = map_get(&graph->tasks, key);

	if (task || graph->tasks.cnt >= TASKS_MAX)
		return task;
	task = calloc(1, sizeof(*task));
	if (task && map_put(&graph->tasks, key, task)) {
		free(task);
		return NULL;
	}
	return task;
}

/* The function of interest around what is at @depth; NULL: none. */
static struct opened *around(struct graph_task *task, size_t depth)
{
	for (size_t i = depth < DEPTH_MAX ? depth : DEPTH_MAX; i; i--)
		if (task->opened[i - 1].func)
			return &task->opened[i - 1];
	return NULL;
}

/* Where there are no times of day, each call begins at none. */
static void end_func(struct graph *graph, struct graph_task *task, const struct opened *opened,
		     const struct graph_line *line)
{
	uint64_t begin_ns = line->has_ts ? opened->ts_ns : 0;
	const struct site *func = opened->func;
	bool is_wait = func->is & SITE_SRCU && func->api;
	struct opened *outer = around(task, task->depth);
	struct wait wait = {
		.api = func->api, .begin_ns = begin_ns, .ns = line->ns, .callbacks = -1};
	struct log_call call = {
		.rec = {.head = {.ts_ns = begin_ns + line->ns, .tid = line->pid},
			.begin_ns = begin_ns,
			.kind = KS_KIND_VM},
		.id = func->by_itself,
		.wait = is_wait ? wait : opened->wait,
		.is_undated = !line->has_ts,
		.is_wait = is_wait,
	};

	if (outer) { /* the outermost is the call */
		if (call.wait.ns && call.wait.ns >= outer->wait.ns)
			outer->wait = call.wait;
		return;
	}
	if (call.wait.ns > line->ns) /* the log is not in order */
		call.wait.ns = 0;
	call.rec.tgid = call.rec.head.tid;
	memcpy(call.rec.comm, line->comm, sizeof(call.rec.comm));
	graph->log->is_blind = true;
	log_call(graph->log, &call);
}

/* Whose end is named is the innermost of them: the ends of others, inside it, were lost. */
static void resume(struct graph_task *task, const struct site *func)
{
	size_t depth = task->depth < DEPTH_MAX ? task->depth : DEPTH_MAX;

	while (func && depth && task->opened[depth - 1].func != func)
		depth--;
	if (func && depth)
		task->depth = depth;
}

static void take(struct graph *graph, struct graph_task *task, const struct graph_line *line)
{
	struct opened opened = {.func = line->is_close ? NULL : find_func(&line->func),
				.ts_ns = line->ts_ns};

	if (!line->is_close && !line->is_leaf) {
		if (task->depth < DEPTH_MAX)
			task->opened[task->depth] = opened;
		task->depth++;
		return;
	}
	if (line->is_close && !task->depth)
		return;
	if (line->is_close) {
		resume(task, find_func(&line->func));
		task->depth--;
		if (task->depth >= DEPTH_MAX)
			return;
		opened = task->opened[task->depth];
	}
	if (opened.func && line->has_ns)
		end_func(graph, task, &opened, line);
}

/* Lines that are no functions: headers, interrupts, what trace_printk() left. */
static bool is_beside(const char *text)
{
	return !*text || *text == '#' || strstr(text, "------") || strstr(text, "/*") ||
	       strstr(text, "=====") || !strncmp(text, "cpus=", 5) || !strncmp(text, "CPU:", 4);
}

bool graph_take(struct graph *graph, const char *text, int *ret)
{
	struct graph_line line;
	struct graph_task *task;
	uint64_t key;

	*ret = 0;
	if (!parse(text, &line))
		return take_switch(graph, text) || is_beside(text);
	if (line.pid)
		graph->pids[line.cpu] = line.pid;
	else
		line.pid = graph->pids[line.cpu];
	key = line.pid ? line.pid | TASK_KEY : line.cpu;
	task = find_task(graph, key);
	if (task)
		take(graph, task, &line);
	else if (graph->tasks.cnt < TASKS_MAX)
		*ret = -ENOMEM;
	return true;
}

struct graph *graph_new(struct log *log)
{
	struct graph *graph = calloc(1, sizeof(*graph));

	if (graph)
		graph->log = log;
	return graph;
}

void graph_free(struct graph *graph)
{
	if (!graph)
		return;
	map_clear(&graph->tasks, free);
	free(graph);
}
