// SPDX-License-Identifier: GPL-2.0-only
#include "import/event_line.h"

#include <string.h>

#include "import/lexer.h"

/* "19916" or "19916/19924" */
static bool scan_ids(struct lexer *scan, struct event_line *line)
{
	uint64_t first, second;

	if (!lexer_number(scan, &first) || first > UINT32_MAX)
		return false;
	line->pid = 0;
	line->tid = first;
	if (lexer_text(scan, "/")) {
		if (!lexer_number(scan, &second) || second > UINT32_MAX)
			return false;
		line->pid = first;
		line->tid = second;
	}
	return *scan->at == ' ';
}

/* "(   1234) " or "(-------) " of tracefs's record-tgid, or nothing */
static bool scan_tgid(struct lexer *scan, struct event_line *line)
{
	uint64_t tgid;

	lexer_spaces(scan);
	if (!lexer_text(scan, "("))
		return true;
	lexer_spaces(scan);
	if (lexer_number(scan, &tgid) && tgid <= UINT32_MAX)
		line->pid = tgid;
	scan->at += strspn(scan->at, "-");
	return lexer_text(scan, ")");
}

/* "[033] ", and "d..1. " of tracefs; both may be missing */
static bool scan_cpu(struct lexer *scan)
{
	uint64_t cpu;
	size_t len;

	lexer_spaces(scan);
	if (lexer_text(scan, "[") && (!lexer_number(scan, &cpu) || !lexer_text(scan, "]")))
		return false;
	lexer_spaces(scan);
	len = strcspn(scan->at, " ");
	if (len >= 4 && len <= 8 && scan->at[len] && !strchr("0123456789", *scan->at))
		scan->at += len;
	lexer_spaces(scan);
	return true;
}

static bool scan_name(struct lexer *scan, struct word *name)
{
	*name = (struct word){scan->at, lexer_name_len(scan->at, '-')};
	scan->at += name->len;
	return name->len && !strchr("0123456789", *name->text) && lexer_text(scan, ":");
}

/* "404.518462:": a time of day has more colons and no fraction */
static bool scan_stamp(struct lexer *scan, uint64_t *ns)
{
	const char *begin = scan->at;

	return lexer_seconds(scan, ns) && memchr(begin, '.', scan->at - begin) &&
	       lexer_text(scan, ":");
}

/* "sys_ioctl(fd: 5, cmd: ae01, arg: 0)", "sys_ioctl -> 0x6" of tracefs, "kvm_vm_ioctl <-sys_ioctl"
 * of its function tracer: the event's name is in what it says. */
static bool scan_unnamed(struct lexer *scan, struct event_line *line)
{
	size_t len = lexer_name_len(scan->at, '-');
	const char *rest = scan->at + len;

	if (!len || (*rest != '(' && strncmp(rest, " -> ", 4) && strncmp(rest, " <-", 3)))
		return false;
	if (*rest == '(' && strncmp(scan->at, "sys_", 4))
		return false;
	line->event = (struct word){scan->at, len};
	line->rest = scan->at;
	scan->at = rest;
	return true;
}

/* "probe:kvm_io_bus_register_dev: (...", "p_kvm_dev_ioctl_0: (...", with a count before or not */
static bool scan_event(struct lexer *scan, struct event_line *line)
{
	struct lexer saved;
	uint64_t period;

	lexer_spaces(scan);
	saved = *scan;
	if (!lexer_number(scan, &period) || *scan->at != ' ')
		*scan = saved;
	lexer_spaces(scan);
	line->group = (struct word){scan->at, 0};
	if (scan_unnamed(scan, line))
		return true;
	if (!scan_name(scan, &line->event))
		return false;
	saved = *scan;
	if (*scan->at && *scan->at != ' ' && scan_name(scan, &line->group)) {
		struct word event = line->group;

		line->group = line->event;
		line->event = event;
	} else {
		*scan = saved;
		line->group.len = 0;
	}
	line->rest = scan->at + strspn(scan->at, " \t");
	return true;
}

static bool scan_head(struct lexer *scan, struct event_line *line)
{
	return scan_ids(scan, line) && scan_tgid(scan, line) && scan_cpu(scan) &&
	       scan_stamp(scan, &line->ts_ns) && scan_event(scan, line);
}

/* The name of a command may hold spaces, hyphens and digits: "fc_vcpu 0 19924 [035]". */
bool event_parse(const char *text, struct event_line *line)
{
	struct lexer start = {text};

	*line = (struct event_line){.rest = ""};
	lexer_spaces(&start);
	if (scan_head(&(struct lexer){start.at}, line)) /* perf script -F tid,time,event,trace */
		return true;
	for (const char *at = start.at; *at && at - start.at < 64; at++) {
		struct lexer scan = {at + 1};
		size_t len = at - start.at;

		if ((*at != ' ' && *at != '-') || !at[1] || !strchr("0123456789", at[1]))
			continue;
		if (!scan_head(&scan, line))
			continue;
		while (len && start.at[len - 1] == ' ')
			len--;
		memset(line->comm, 0, sizeof(line->comm));
		memcpy(line->comm, start.at, len < KS_COMM_LEN ? len : KS_COMM_LEN - 1);
		return true;
	}
	return false;
}
