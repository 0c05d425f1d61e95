// SPDX-License-Identifier: GPL-2.0-only
#include "import/graph.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "import/lexer.h"
#include "import/log_calls.h"
#include "import/syscall_line.h"
#include "ledger/sites.h"

#define DEPTH_MAX 64
#define TASKS_MAX 4096
#define CPUS_MAX  4096
#define TASK_KEY  (1ULL << 32) /* beside a pid: keys without it are CPUs */

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_."

struct opened {
	const struct site *func; /* NULL: one that is not of interest */
	struct wait wait;	 /* inside it */
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
	uint64_t cpu, key;
	bool has_ns, is_close, is_leaf;
	uint64_t ns;
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

/* "# 9500.100 us |" */
static void scan_duration(const char *text, const char *bar, struct graph_line *line)
{
	const char *us = NULL, *begin;
	struct lexer scan;

	for (const char *at = text; at + 3 < bar; at++)
		if (!strncmp(at, " us", 3))
			us = at;
	if (!us)
		return;
	for (begin = us; begin > text && strchr("0123456789.", begin[-1]); begin--)
		;
	scan = (struct lexer){begin};
	line->has_ns = lexer_seconds(&scan, &line->ns);
	line->ns /= 1000000;
}

/* "kvm_vm_ioctl [kvm]() {", "is_tdp_mmu_root [kvm]();", "}", "} [kvm_vm_ioctl]" */
static bool scan_body(const char *text, struct graph_line *line)
{
	text += strspn(text, " \t");
	line->is_close = *text == '}';
	line->func = (struct word){text, strspn(text, NAME_CHARS)};
	line->is_leaf = strstr(text, "();") != NULL;
	return line->is_close || (line->func.len && (line->is_leaf || strstr(text, "() {")));
}

static bool parse(struct graph *graph, const char *text, struct graph_line *line)
{
	const char *bracket = strchr(text, ')'), *bar = strrchr(text, '|'), *number = bracket;
	struct lexer scan;
	uint64_t pid;

	*line = (struct graph_line){.func = {"", 0}};
	if (!bracket || !bar || bar < bracket)
		return false;
	while (number > text && strchr("0123456789", number[-1]))
		number--;
	scan = (struct lexer){number};
	if (!lexer_number(&scan, &line->cpu) || line->cpu >= CPUS_MAX || !scan_body(bar + 1, line))
		return false;
	pid = pid_of(bracket, bar);
	if (pid)
		graph->pids[line->cpu] = pid;
	pid = graph->pids[line->cpu];
	line->key = pid ? pid | TASK_KEY : line->cpu;
	scan_duration(bracket, bar, line);
	return true;
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

static void end_func(struct graph *graph, struct graph_task *task, const struct opened *opened,
		     const struct graph_line *line)
{
	const struct site *func = opened->func;
	bool is_wait = func->is & SITE_SRCU && func->api;
	struct opened *outer = around(task, task->depth);
	struct wait wait = {.api = func->api, .ns = line->ns, .callbacks = -1};
	struct log_call call = {
		.rec = {.head = {.ts_ns = line->ns,
				 .tid = line->key & TASK_KEY ? (uint32_t)line->key : 0},
			.kind = KS_KIND_VM,
			.comm = "?"},
		.id = func->by_itself,
		.wait = is_wait ? wait : opened->wait,
		.is_wait = is_wait,
	};

	if (outer) { /* the outermost is the call */
		if (call.wait.ns)
			outer->wait = call.wait;
		return;
	}
	if (call.wait.ns > line->ns) /* the log is not in order */
		call.wait.ns = 0;
	call.rec.tgid = call.rec.head.tid;
	graph->log->is_blind = true;
	log_call(graph->log, &call);
}

static void take(struct graph *graph, struct graph_task *task, const struct graph_line *line)
{
	struct opened opened = {.func = line->is_close ? NULL : find_func(&line->func)};

	if (!line->is_close && !line->is_leaf) {
		if (task->depth < DEPTH_MAX)
			task->opened[task->depth] = opened;
		task->depth++;
		return;
	}
	if (line->is_close && !task->depth)
		return;
	if (line->is_close) {
		task->depth--;
		if (task->depth >= DEPTH_MAX)
			return;
		opened = task->opened[task->depth];
	}
	if (opened.func && line->has_ns)
		end_func(graph, task, &opened, line);
}

bool graph_take(struct graph *graph, const char *text, int *ret)
{
	struct graph_line line;
	struct graph_task *task;

	*ret = 0;
	if (!parse(graph, text, &line))
		return take_switch(graph, text) || !*text || *text == '#' ||
		       strstr(text, "------") || strstr(text, "/*");
	task = find_task(graph, line.key);
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
