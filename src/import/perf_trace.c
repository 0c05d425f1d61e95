// SPDX-License-Identifier: GPL-2.0-only
#include "import/perf_trace.h"

#include <string.h>

#include "import/lexer.h"

/* Before a frame of --call-graph; before a time there are fewer. */
#define FRAME_SPACES 24
#define NAME_CHARS   "abcdefghijklmnopqrstuvwxyz0123456789_"

/* "25.182 ms" as ns */
static bool scan_ms(struct lexer *scan, uint64_t *ns)
{
	uint64_t us_ns;

	if (!lexer_seconds(scan, &us_ns))
		return false;
	*ns = us_ns / 1000;
	return true;
}

/* " 1.230 (25.182 ms): ", or "(         ): " for one that has not ended */
static bool scan_times(struct lexer *scan, struct syscall_line *line)
{
	struct lexer part;

	lexer_spaces(scan);
	part = *scan;
	if (!scan_ms(scan, &line->ts_ns)) {
		part.at += *part.at == '?' ? 1 : strspn(part.at, "0123456789.");
		if (part.at == scan->at)
			return false;
		*scan = part; /* before the first */
		line->ts_ns = 0;
	}
	lexer_spaces(scan);
	if (!lexer_text(scan, "("))
		return false;
	lexer_spaces(scan);
	if (lexer_text(scan, "): "))
		return true;
	line->has_latency = scan_ms(scan, &line->latency_ns);
	lexer_spaces(scan);
	return line->has_latency && lexer_text(scan, "ms): ");
}

/* "11141 ": --no-comm */
static bool scan_tid(struct lexer *scan, struct syscall_line *line)
{
	struct lexer part = *scan;
	uint64_t tid;

	if (!lexer_number(&part, &tid) || *part.at != ' ')
		return true; /* of the one thread that is traced */
	if (tid > INT32_MAX)
		return false;
	line->has_tid = true;
	line->tid = tid;
	*scan = part;
	lexer_spaces(scan);
	return true;
}

/* "qemu-system-x8/11141 ", "CPU 0/KVM/11141 "; a filtered thread may print none. */
static bool scan_task(struct lexer *scan, struct syscall_line *line)
{
	const char *bracket = strchr(scan->at, '('), *slash = NULL;
	struct lexer part;
	uint64_t tid;
	size_t len;

	lexer_spaces(scan);
	for (const char *at = scan->at; *at && (!bracket || at < bracket); at++)
		if (*at == '/' && at[1] >= '0' && at[1] <= '9')
			slash = at;
	if (!slash)
		return scan_tid(scan, line);
	part = (struct lexer){slash + 1};
	if (!lexer_number(&part, &tid) || tid > INT32_MAX || *part.at != ' ')
		return false;
	len = slash - scan->at;
	memcpy(line->comm, scan->at, len < KS_COMM_LEN ? len : KS_COMM_LEN - 1);
	line->has_tid = true;
	line->tid = tid;
	*scan = part;
	lexer_spaces(scan);
	return true;
}

/* Of an argument's name that is left out, its length. */
static size_t name_len(const char *text)
{
	static const char *const names[] = {"fd: ", "cmd: ", "arg: ", "fildes: "};

	if (*text != 'f' && *text != 'c' && *text != 'a')
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(text, names[i], strlen(names[i])))
			return strlen(names[i]);
	return 0;
}

/* "fd: 17<anon_inode:kvm-vcpu:1>, cmd: KVM_RUN, arg: 0x7f": without the names, which come first or
 * after a space. */
static void copy_args(const char *text, char *buf, size_t size)
{
	size_t len = 0;

	while (*text && len + 1 < size) {
		size_t part;

		text += name_len(text);
		part = strcspn(text, " ");
		part += strspn(text + part, " ");
		if (part > size - 1 - len)
			part = size - 1 - len;
		memcpy(buf + len, text, part);
		len += part;
		text += part;
	}
	buf[len] = 0;
}

static void scan_ret(const char *text, struct syscall_line *line)
{
	const char *equals = NULL;
	struct lexer part;

	for (const char *at = text; (at = strstr(at, "= ")); at++)
		equals = at + 2;
	if (!equals)
		return;
	part = (struct lexer){equals};
	line->has_ret = lexer_signed(&part, &line->ret);
}

/* "... [continued]: ioctl()) = 0" */
static enum line_kind scan_continued(const char *text, struct syscall_line *line)
{
	text += strlen("... [continued]: ");
	line->name = (struct word){text, strspn(text, NAME_CHARS)};
	scan_ret(text, line);
	return line->name.len ? LINE_RESUMED : LINE_OTHER;
}

enum line_kind perf_trace_parse(const char *text, struct syscall_line *line, char *buf, size_t size)
{
	struct lexer scan = {text};

	*line = (struct syscall_line){.time = TIME_STAMP, .args = "", .is_by_nr = true};
	if (strspn(text, " ") >= FRAME_SPACES) {
		line->kind = LINE_PASSED;
		line->time = TIME_NONE;
		return line->kind;
	}
	if (!scan_times(&scan, line) || !scan_task(&scan, line))
		return LINE_OTHER;
	if (!strncmp(scan.at, "... [continued]: ", 17)) {
		line->kind = scan_continued(scan.at, line);
		return line->kind;
	}
	line->name = (struct word){scan.at, strspn(scan.at, NAME_CHARS)};
	if (!line->name.len || scan.at[line->name.len] != '(')
		return LINE_OTHER;
	line->args = scan.at + line->name.len + 1;
	copy_args(line->args, buf, size);
	line->args = buf;
	scan_ret(buf, line);
	line->is_unfinished = !line->has_latency;
	line->kind = LINE_CALL;
	return line->kind;
}
