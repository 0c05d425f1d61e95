// SPDX-License-Identifier: GPL-2.0-only
#include "import/stack_line.h"

#include <string.h>

#include "import/lexer.h"

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_."

/* "[  245.196253] ", after a journal's prefix or without; "[  T3487] " may follow */
static void scan_stamp(struct lexer *scan, struct stack_line *line)
{
	const char *bracket = strchr(scan->at, '[');

	for (; bracket; bracket = strchr(bracket + 1, '[')) {
		struct lexer part = {bracket + 1};

		lexer_spaces(&part);
		if (!lexer_seconds(&part, &line->ts_ns) || !lexer_text(&part, "]"))
			continue;
		*scan = part;
		break;
	}
	if (!bracket)
		line->ts_ns = 0;
	while (bracket && (scan->at[strspn(scan->at, " ")] == '[') &&
	       strspn(scan->at + strspn(scan->at, " ") + 1, " TC0123456789") > 1)
		scan->at = strchr(scan->at, ']') ? strchr(scan->at, ']') + 1 : "";
	lexer_spaces(scan);
}

static bool number_after(const char *text, const char *name, uint32_t *number)
{
	const char *at = strstr(text, name);
	struct lexer scan;
	uint64_t value;

	if (!at)
		return false;
	scan = (struct lexer){at + strlen(name)};
	lexer_spaces(&scan);
	if (!lexer_number(&scan, &value) || value > INT32_MAX)
		return false;
	*number = value;
	return true;
}

static void set_comm(struct stack_line *line, const char *text, size_t len)
{
	while (len && text[len - 1] == ' ')
		len--;
	memcpy(line->comm, text, len < KS_COMM_LEN ? len : KS_COMM_LEN - 1);
}

/* "INFO: task CPU 0/KVM:3543 blocked for more than 122 seconds." */
static bool scan_hung(const char *text, struct stack_line *line)
{
	const char *blocked = strstr(text, " blocked for more than "), *colon = NULL;
	uint32_t seconds;

	if (strncmp(text, "INFO: task ", 11) || !blocked)
		return false;
	text += 11;
	for (const char *at = text; at < blocked; at++)
		if (*at == ':')
			colon = at;
	if (!colon || !number_after(colon, ":", &line->tid) ||
	    !number_after(blocked, " than ", &seconds))
		return false;
	set_comm(line, text, colon - text);
	line->age_ns = seconds * 1000000000ULL;
	return true;
}

/* "task:CPU 0/KVM       state:D stack:    0 pid: 3543 tgid: 3487 ppid:  3480 flags:0x4000" */
static bool scan_task(const char *text, struct stack_line *line)
{
	const char *state = strstr(text, "state:");

	if (strncmp(text, "task:", 5) || !state || !number_after(state, " pid:", &line->tid))
		return false;
	set_comm(line, text + 5, state - text - 5);
	line->state = state[6];
	number_after(state, "tgid:", &line->tgid);
	number_after(state, "ppid:", &line->ppid);
	return true;
}

/* "PID: 3543  TASK: ffff88810  CPU: 3  COMMAND: "CPU 0/KVM"" of crash */
static bool scan_crash(const char *text, struct stack_line *line)
{
	const char *comm = strstr(text, "COMMAND: \"");

	if (strncmp(text, "PID: ", 5) || !comm || !number_after(text, "PID:", &line->tid))
		return false;
	comm += strlen("COMMAND: \"");
	set_comm(line, comm, strcspn(comm, "\""));
	return true;
}

/* "==> /proc/3487/task/3543/stack <==", "/proc/3543/stack:" */
static bool scan_path(const char *text, struct stack_line *line)
{
	const char *proc = strstr(text, "/proc/");

	if (!proc || !strstr(proc, "/stack") || !number_after(proc, "/proc/", &line->tgid))
		return false;
	line->tid = line->tgid;
	number_after(proc, "/task/", &line->tid);
	return true;
}

/* "name+0x79/0xa0 [kvm]", "#1 [ffffc9] name at ffffffff", "#1  name (kernel/sched/core.c:6)" */
static bool scan_frame(const char *text, struct stack_line *line)
{
	struct lexer scan = {text};
	uint64_t number;
	bool is_numbered = lexer_text(&scan, "#") && lexer_number(&scan, &number);

	lexer_spaces(&scan);
	if (*scan.at == '[' && strchr(scan.at, ']'))
		scan.at = strchr(scan.at, ']') + 1;
	lexer_spaces(&scan);
	if (is_numbered && lexer_text(&scan, "0x"))
		return false; /* a debugger's, of user space */
	line->func = (struct word){scan.at, strspn(scan.at, NAME_CHARS)};
	scan.at += line->func.len;
	if (!line->func.len)
		return false;
	if (is_numbered)
		return !strncmp(scan.at, " at ", 4) || !strncmp(scan.at, " (", 2) ||
		       !strncmp(scan.at, "+0x", 3);
	return !strncmp(scan.at, "+0x", 3) && strstr(scan.at, "/0x");
}

static enum stack_line_kind parse(const char *text, struct stack_line *line)
{
	if (scan_hung(text, line))
		return STACK_AGE;
	if (scan_task(text, line) || scan_crash(text, line) || scan_path(text, line))
		return STACK_TASK;
	if (!strncmp(text, "? ", 2)) /* the unwinder does not vouch for it */
		return STACK_OTHER;
	if (scan_frame(text, line))
		return STACK_FRAME;
	return *text ? STACK_OTHER : STACK_END;
}

enum stack_line_kind stack_line_parse(const char *text, struct stack_line *line)
{
	struct lexer scan = {text};

	*line = (struct stack_line){.func = {"", 0}};
	lexer_spaces(&scan);
	scan_stamp(&scan, line);
	line->kind = parse(scan.at, line);
	return line->kind;
}
