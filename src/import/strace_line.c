// SPDX-License-Identifier: GPL-2.0-only
#include "import/strace_line.h"

#include <string.h>

#include "import/lexer.h"

#define PID_MAX_LIMIT 4194304 /* include/linux/threads.h */
#define ERESTARTSYS   512     /* include/linux/errno.h */
#define PREFIX_MAX    100
#define NAME_CHARS    "abcdefghijklmnopqrstuvwxyz0123456789_"

bool word_is(const struct word *word, const char *text)
{
	if (!word->len)
		return !*text;
	return *text == *word->text && !strncmp(word->text, text, word->len) && !text[word->len];
}

bool word_begins(const struct word *word, const char *text)
{
	return !*text || (word->len && *text == *word->text && strlen(text) <= word->len &&
			  !strncmp(word->text, text, strlen(text)));
}

static bool begins(const char *text, const char *with)
{
	return *text == *with && !strncmp(text, with, strlen(with));
}

/* ---- what leads a line ---- */

/* "<firecracker>" of -Y, or nothing. */
static bool scan_comm(struct lexer *scan, struct syscall_line *line)
{
	size_t len;

	if (!lexer_text(scan, "<"))
		return true;
	len = strcspn(scan->at, ">");
	if (!scan->at[len])
		return false;
	memcpy(line->comm, scan->at, len < KS_COMM_LEN ? len : KS_COMM_LEN - 1);
	scan->at += len + 1;
	return true;
}

/* "45726 ", "45726<firecracker> ", "[pid 45726] ", or nothing. */
static void scan_tid(struct lexer *scan, struct syscall_line *line)
{
	struct lexer saved = *scan;
	bool has_bracket = lexer_text(scan, "[pid");
	uint64_t value;

	lexer_spaces(scan);
	if (lexer_number(scan, &value) && value <= PID_MAX_LIMIT && scan_comm(scan, line) &&
	    (!has_bracket || lexer_text(scan, "]")) && lexer_text(scan, " ")) {
		line->has_tid = true;
		line->tid = value;
		return;
	}
	line->comm[0] = 0;
	*scan = saved;
}

static bool is_fraction(const struct lexer *from, const struct lexer *to)
{
	return memchr(from->at, '.', to->at - from->at) != NULL;
}

/* "14:45:32.914330 ", "14:45:32 " */
static bool scan_time_of_day(struct lexer *scan, struct syscall_line *line)
{
	struct lexer part = *scan, begin;
	uint64_t hours, minutes, rest;

	if (!lexer_number(&part, &hours) || !lexer_text(&part, ":") ||
	    !lexer_number(&part, &minutes) || !lexer_text(&part, ":"))
		return false;
	begin = part;
	if (!lexer_seconds(&part, &rest) || hours > 23 || minutes > 59 || rest > 60000000000ULL ||
	    *part.at != ' ')
		return false;
	line->time = TIME_DAY;
	line->is_coarse = !is_fraction(&begin, &part);
	line->ts_ns = (hours * 3600 + minutes * 60) * 1000000000ULL + rest;
	*scan = part;
	return true;
}

/* "1771257872.914330 ", or "     0.000042 " of -r: which of both, the log as a whole says. */
static bool scan_stamp(struct lexer *scan, struct syscall_line *line, size_t spaces)
{
	struct lexer part = *scan;

	if (!lexer_seconds(&part, &line->ts_ns) || *part.at != ' ')
		return false;
	line->time = TIME_STAMP;
	line->is_coarse = !is_fraction(scan, &part);
	line->is_relative_format = spaces > 2 && !line->is_coarse;
	*scan = part;
	return true;
}

/* "(+     0.000042) " of -r beside -t, "[  16] " of -n, "[00007f3d5c4d3b8d] " of -i */
static void scan_extras(struct lexer *scan)
{
	for (;;) {
		struct lexer part = *scan;
		size_t len;

		lexer_spaces(&part);
		if (*part.at != '[' && strncmp(part.at, "(+", 2))
			break;
		len = strcspn(part.at, "])");
		if (len > 24 || !part.at[len])
			break;
		scan->at = part.at + len + 1;
	}
	lexer_spaces(scan);
}

/* "[unconfined_u:unconfined_r:unconfined_t:s0] " of --secontext, or nothing: it has a role. */
static void scan_context(struct lexer *scan)
{
	size_t len = *scan->at == '[' ? strcspn(scan->at, "] ") : 0;

	if (len && scan->at[len] == ']' && memmem(scan->at, len, "_r:", 3))
		scan->at += len + 1;
}

static void scan_leader(struct lexer *scan, struct syscall_line *line)
{
	const char *begin = scan->at;

	lexer_spaces(scan);
	scan_tid(scan, line);
	scan_context(scan);
	if (line->has_tid)
		begin = scan->at;
	lexer_spaces(scan);
	if (!scan_time_of_day(scan, line))
		scan_stamp(scan, line, scan->at - begin);
	scan_extras(scan);
}

/* ---- its end ---- */

/* What follows the last " = "; NULL: there is none. */
static const char *last_equals(const char *text, size_t len)
{
	const char *at = text + len;

	while ((at = memrchr(text, '=', at - text)))
		if (at > text && at[-1] == ' ' && at[1] == ' ')
			return at + 2;
	return NULL;
}

/*
 * " = 28 <0.000137>", " = -1 EINTR (Interrupted system call) <0.000041>", " = ? <unavailable>". The
 * argument may be anything: the last of each is the one.
 */
static void scan_result(const char *text, struct syscall_line *line)
{
	size_t len = strlen(text);
	const char *equals = last_equals(text, len), *duration = memrchr(text, '<', len);
	struct lexer part;

	line->is_unfinished = !equals;
	if (!equals)
		return;
	part = (struct lexer){equals};
	line->has_ret = lexer_signed(&part, &line->ret);
	if (begins(equals, "? ERESTART")) { /* a signal ended it: the kernel makes it anew */
		line->has_ret = true;
		line->ret = -ERESTARTSYS;
	}
	line->is_killed = !line->has_ret && *equals == '?';
	if (duration && duration >= equals) {
		part = (struct lexer){duration + 1};
		line->has_latency =
			lexer_seconds(&part, &line->latency_ns) && lexer_text(&part, ">");
	}
}

/* "<unfinished ...>", "<detached ...>", or a note of strace's that came in between. */
static void scan_end(const char *text, struct syscall_line *line)
{
	scan_result(text, line);
	if (line->has_latency)
		return;
	if (!strstr(text, "<unfinished ...>") && !strstr(text, "<detached ...>") &&
	    !strstr(text, "strace: Process "))
		return;
	line->is_unfinished = true;
	line->has_ret = line->is_killed = false;
}

/* ---- what it is ---- */

/* "| 00000  7f 45 4c": a dump of what was read or written. */
static bool is_dump(const char *text)
{
	return begins(text, "| ") && strspn(text + 2, "0123456789abcdef") == 5 &&
	       begins(text + 7, "  ");
}

/* What strace prints beside calls: notes, signals, stacks of -k, VCPU lines of kvm=vcpu, dumps. */
static bool is_passed(const char *text)
{
	static const char *const begin[] = {"strace: ",	       "--- ",	  "VCPU>",
					    "VCPU+",	       "> ",	  "<detached ...>",
					    " <detached ...>", "Process "};

	if (!*text || is_dump(text))
		return true;
	for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++)
		if (begins(text, begin[i]))
			return true;
	return false;
}

/* "<... ioctl resumed>) = 0 <0.000490>" */
static enum line_kind parse_resumed(const char *text, struct syscall_line *line)
{
	line->name = (struct word){text + 5, strspn(text + 5, NAME_CHARS)};
	text = line->name.text + line->name.len;
	if (!line->name.len || !begins(text, " resumed>"))
		return LINE_OTHER;
	line->args = text + strlen(" resumed>");
	scan_end(line->args, line);
	return LINE_RESUMED;
}

static enum line_kind parse_call(const char *text, struct syscall_line *line)
{
	line->name = (struct word){text, strspn(text, NAME_CHARS)};
	if (!line->name.len || text[line->name.len] != '(' || (*text >= '0' && *text <= '9'))
		return LINE_OTHER;
	line->args = text + line->name.len + 1;
	scan_end(line->args, line);
	return LINE_CALL;
}

static enum line_kind parse(const char *text, struct syscall_line *line)
{
	struct lexer scan = {text};

	*line = (struct syscall_line){.args = ""};
	scan_leader(&scan, line);
	if (is_passed(scan.at))
		return LINE_PASSED;
	if (begins(scan.at, "+++ "))
		return LINE_EXIT;
	if (begins(scan.at, "<... "))
		return parse_resumed(scan.at, line);
	return parse_call(scan.at, line);
}

/* May a line of strace's begin here, after what others put before it? */
static bool may_begin(const char *text, const char *at)
{
	if (at == text || !strchr(" :|", at[-1]))
		return false;
	if (*at >= 'a' && *at <= 'z')
		return at - text > 1 && strchr(":|]Z", at[-2]);
	return (*at >= '0' && *at <= '9') || begins(at, "[pid ");
}

/* Of what may be anything, only what no other text looks like: it has a time, or a duration. */
static bool is_sure(const struct syscall_line *line, bool has_number)
{
	if (line->kind == LINE_CALL)
		return line->has_latency || (has_number && line->time != TIME_NONE);
	return (line->kind == LINE_RESUMED || line->kind == LINE_EXIT) && has_number;
}

/* "Nov 25 18:30:56 host strace[77]: 45726 14:45:32 ioctl(...", "vmm-1  | 45726 ...", "FILE:17:..."
 */
static bool parse_behind_prefix(const char *text, struct syscall_line *line)
{
	const char *colon = strstr(text, "]: ");
	size_t len = strcspn(text, "(");

	if (colon && colon - text < PREFIX_MAX) {
		line->kind = parse(colon + 3, line);
		if (line->kind != LINE_OTHER)
			return true;
	}
	if (len > PREFIX_MAX)
		len = PREFIX_MAX;
	for (const char *at = text; at < text + len; at++) {
		if (!may_begin(text, at))
			continue;
		line->kind = parse(at, line);
		if (at[-1] == ':' && line->time == TIME_NONE)
			continue; /* a time of day that is none */
		if (is_sure(line, !(*at >= 'a' && *at <= 'z')) || begins(at, "strace: Process "))
			return true;
	}
	return false;
}

enum line_kind strace_parse(const char *text, struct syscall_line *line)
{
	line->kind = parse(text, line);
	if (line->kind == LINE_OTHER && !parse_behind_prefix(text, line))
		*line = (struct syscall_line){.args = ""};
	return line->kind;
}

/* ---- arguments ---- */

/* "<anon_inode:kvm-vm>" or "</dev/kvm<char 10:232>>": strace -y and -yy. */
static bool scan_path(struct lexer *scan, struct word *path)
{
	int depth = 0;

	if (*scan->at != '<')
		return true;
	path->text = scan->at + 1;
	do {
		depth += *scan->at == '<';
		depth -= *scan->at == '>';
		scan->at++;
	} while (depth && *scan->at);
	path->len = scan->at - path->text - (depth ? 0 : 1);
	return !depth;
}

/* "KVM_A or KVM_B": a number that two requests share; the first is KVM's. */
static size_t request_len(const char *text)
{
	const char *close;

	if (begins(text, "_IOC(") || *text == '(') {
		close = strchr(text, ')');
		return close ? (size_t)(close + 1 - text) : strlen(text);
	}
	return strcspn(text, " ,)<");
}

bool strace_parse_fd(const char *args, struct fd_args *parsed)
{
	struct lexer scan = {args};
	uint64_t value;

	*parsed = (struct fd_args){.request = {"", 0}, .path = {"", 0}, .arg = ""};
	if (!lexer_number(&scan, &value) || value > INT32_MAX || !scan_path(&scan, &parsed->path))
		return false;
	parsed->fd = value;
	if (begins(scan.at, " [") && strchr(scan.at, ']')) /* --secontext */
		scan.at = strchr(scan.at, ']') + 1;
	if (!lexer_text(&scan, ", "))
		return true;
	parsed->request = (struct word){scan.at, request_len(scan.at)};
	scan.at += parsed->request.len;
	scan.at += strcspn(scan.at, ",<)");
	parsed->arg = *scan.at == ',' ? scan.at + 1 : scan.at;
	return true;
}
