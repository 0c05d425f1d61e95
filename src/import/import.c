// SPDX-License-Identifier: GPL-2.0-only
#include "import/import.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/format.h"
#include "import/envelope.h"
#include "import/event_line.h"
#include "import/formats.h"
#include "import/graph.h"
#include "import/hang.h"
#include "import/log_calls.h"
#include "import/perf.h"
#include "import/perf_trace.h"
#include "import/strace_line.h"
#include "import/syscalls.h"
#include "import/unwrap.h"
#include "output/summary.h"

/* What is longer is cut in the middle: a call's name is at the begin of a line, its result at the
 * end. */
#define LINE_MAX_BYTES 4096
#define LINE_TAIL      256

/* A call that is cut into more lines is none. */
#define PIECES_MAX 256

/* As relative times are, and no real time of day is: 11 days after 1970. */
#define STAMP_MIN_NS 1000000000000000ULL

/* A line of strace whose end may be in the next ones. */
struct cut {
	size_t len, first_len; /* of what there is, and of its first line */
	size_t pieces;	       /* that were added; 0: none yet */
	bool has_ret;
	uint32_t tid, tgid;	  /* of lines that do not say */
	struct syscall_line line; /* the first one */
	char text[LINE_MAX_BYTES + 1];
};

struct import {
	struct import_kind kind;
	struct log log;
	struct syscalls *syscalls;
	struct perf *perf;
	struct hang *hang;
	struct graph *graph;
	struct capture_head head;
	bool is_timeless;
	uint64_t offset; /* of the line */
	uint64_t skipped;
	char first_skipped[81];
	bool has_joined;    /* lines are cut in this log */
	bool has_envelopes; /* and its blank lines are between those */
	uint32_t tid, tgid; /* of lines that do not say */
	struct cut cut;	    /* .len 0: none */
	size_t len;
	char line[LINE_MAX_BYTES + 1];
};

/* ---- a line ---- */

static void append(char *line, size_t *len, const char *bytes, size_t size)
{
	while (size) {
		size_t room = LINE_MAX_BYTES - *len, part = size < room ? size : room;

		memcpy(line + *len, bytes, part);
		*len += part;
		bytes += part;
		size -= part;
		if (!size)
			break;
		memmove(line + LINE_MAX_BYTES - 2 * LINE_TAIL, line + LINE_MAX_BYTES - LINE_TAIL,
			LINE_TAIL);
		*len = LINE_MAX_BYTES - LINE_TAIL;
	}
}

/* "\033[33m" and the like go: dmesg --color=always. A line of it starts so. */
static void decolour(char *line)
{
	char *to = line;

	for (const char *at = line; *at; at++) {
		size_t len =
			at[0] == '\033' && at[1] == '[' ? 2 + strspn(at + 2, "0123456789;") : 0;

		if (len && at[len] == 'm')
			at += len;
		else
			*to++ = *at;
	}
	*to = 0;
}

/* "&lt;0.004000&gt;" of a web page. */
static void unescape(char *line)
{
	static const struct {
		const char *name;
		char is;
	} known[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}};
	char *to = line;

	for (const char *at = line; *at; at++) {
		*to = *at;
		for (size_t i = 0; *at == '&' && i < sizeof(known) / sizeof(known[0]); i++)
			if (!strncmp(at, known[i].name, strlen(known[i].name))) {
				*to = known[i].is;
				at += strlen(known[i].name) - 1;
			}
		to++;
	}
	*to = 0;
}

/* "     7\t": cat -n, nl */
static char *after_number(char *line)
{
	size_t spaces = strspn(line, " "), digits = strspn(line + spaces, "0123456789");

	return digits && line[spaces + digits] == '\t' ? line + spaces + digits + 1 : line;
}

/* Without what mails, editors and other systems put around it. @line has room for a whole one. */
static char *trim(char *line, size_t len)
{
	while (len && (line[len - 1] == '\r' || line[len - 1] == '\n'))
		len--;
	line[len] = 0;
	if (line[0] == '\033')
		decolour(line);
	if (memchr(line, '&', len))
		unescape(line);
	if (!strncmp(line, "\357\273\277", 3))
		line += 3;
	while (line[0] == '>' && (line[1] == ' ' || line[1] == '>'))
		line += line[1] == ' ' ? 2 : 1;
	return *line == ' ' || (*line >= '0' && *line <= '9') ? after_number(line) : line;
}

/* @len: of @line, whose end it has not. False: it goes on in the next line. */
static bool unquote(const struct import_kind *kind, char *line, size_t *len)
{
	if (!kind->is_quoted)
		return true;
	if (envelope_goes_on(line, len))
		return false;
	line[*len] = 0;
	envelope_unquote(line);
	*len = strlen(line);
	return true;
}

/* ---- a line that was cut ---- */

/* Add @next to it. */
static void join(struct cut *cut, const char *next)
{
	if (unwrap_has_space(cut->text, cut->len, next))
		append(cut->text, &cut->len, " ", 1);
	append(cut->text, &cut->len, next, strlen(next));
	cut->text[cut->len] = 0;
	cut->pieces++;
}

static void hold(struct cut *cut, const struct syscall_line *line, const char *text)
{
	cut->len = cut->first_len = strlen(text);
	cut->pieces = 0;
	cut->has_ret = line->has_ret;
	memcpy(cut->text, text, cut->len + 1);
	cut->line = *line;
	cut->line.name.text += cut->text - text;
	cut->line.args += cut->text - text;
}

/* Is @text its end? Then it is @line. */
static bool is_end(struct cut *cut, const char *text, struct syscall_line *line)
{
	join(cut, text);
	strace_parse(cut->text, line);
	cut->has_ret = line->has_ret;
	return unwrap_is_whole(line, cut->text);
}

/* ---- what it is ---- */

struct detection {
	uint64_t lines[IMPORT_FORMAT_CNT];
	uint64_t stamps, last_ns, last_end_ns;
	bool is_relative, has_tids, has_two;
	struct cut cut;
	uint64_t events, event_ns; /* of trace events, and the time of the last */
	bool is_from_zero, is_delta;
	uint32_t tid;
};

/* Are times of strace since the line before? Then they fall, or calls seem to overlap. */
static void detect_times(struct detection *found, const char *text)
{
	struct syscall_line line;

	strace_parse(text, &line);
	found->has_two |= found->has_tids && line.has_tid && line.tid != found->tid;
	found->has_tids |= line.has_tid;
	found->tid = line.tid;
	if (line.time != TIME_STAMP || line.ts_ns >= STAMP_MIN_NS)
		return;
	if (!found->stamps++)
		found->is_relative |= !line.ts_ns;
	else
		found->is_relative |= line.ts_ns < found->last_ns ||
				      (!found->has_two && line.ts_ns < found->last_end_ns);
	found->is_relative |= line.is_relative_format;
	found->last_ns = line.ts_ns;
	found->last_end_ns = line.ts_ns + (line.has_latency ? line.latency_ns : 0);
}

/* Are times of events since the line before? Then they begin at 0, and fall. */
static void detect_delta(struct detection *found, const char *text)
{
	struct event_line line;

	if (!event_parse(text, &line))
		return;
	if (!found->events++)
		found->is_from_zero = !line.ts_ns;
	else
		found->is_delta |= found->is_from_zero && line.ts_ns < found->event_ns;
	found->event_ns = line.ts_ns;
}

/* The first half of a line of strace is of no format, nor is the second. */
static enum import_format detect_cut(struct detection *found, const char **text)
{
	enum import_format format = format_of_line(*text);
	struct syscall_line line;

	if (format != IMPORT_TEXT && format != IMPORT_STRACE) {
		found->cut.len = 0;
		return format;
	}
	strace_parse(*text, &line);
	if (line.kind != LINE_OTHER) {
		found->cut.len = 0;
		if (unwrap_is_cut(&line, *text))
			hold(&found->cut, &line, *text);
	} else if (found->cut.len && found->cut.pieces < PIECES_MAX &&
		   is_end(&found->cut, *text, &line)) {
		*text = found->cut.text;
		found->cut.len = 0;
		return format_of_line(*text);
	}
	return format;
}

static void detect_line(struct detection *found, char *line, size_t len)
{
	const char *text;
	enum import_format format;

	line[len] = 0;
	envelope_open(line, LINE_MAX_BYTES);
	text = trim(line, strlen(line));
	format = detect_cut(found, &text);
	found->lines[format] += *text != 0;
	if (format == IMPORT_STRACE)
		detect_times(found, text);
	if (format == IMPORT_PERF || format == IMPORT_EVENTS)
		detect_delta(found, text);
}

/* Of those that are read, what most lines are; else of the others. */
static enum import_format choose(const struct detection *found)
{
	enum import_format best = IMPORT_NONE;

	for (int i = IMPORT_STRACE; i < IMPORT_STRACE_MIXED; i++)
		if (found->lines[i] > found->lines[best])
			best = i;
	for (int i = IMPORT_STRACE_MIXED; best == IMPORT_NONE && i < IMPORT_TEXT; i++)
		for (int j = i; j < IMPORT_TEXT; j++)
			if (found->lines[j] > found->lines[best])
				best = j;
	return best == IMPORT_NONE && found->lines[IMPORT_TEXT] ? IMPORT_TEXT : best;
}

/* An ELF file's type is the half word after its identification (e_type, elf(5)), in its own byte
 * order. What is cut before that is taken for a dump. */
static bool is_program(const unsigned char *bytes, size_t len)
{
	bool is_big;

	if (len < offsetof(Elf64_Ehdr, e_machine) || memcmp(bytes, ELFMAG, SELFMAG))
		return false;
	is_big = bytes[EI_DATA] == ELFDATA2MSB;
	return (bytes[EI_NIDENT + !is_big] << 8 | bytes[EI_NIDENT + is_big]) != ET_CORE;
}

/* Files that are not text, by their first bytes; IMPORT_NONE: none of those that are known. */
static enum import_format binary_format(const void *bytes, size_t len)
{
	enum import_format format;
	char head[32];

	len = len < sizeof(head) ? len : sizeof(head) - 1;
	memcpy(head, bytes, len);
	head[len] = 0;
	format = format_of_line(head);
	switch (format) {
	case IMPORT_CORE:
		return is_program(bytes, len) ? IMPORT_PROGRAM : IMPORT_CORE;
	case IMPORT_PERF_DATA:
	case IMPORT_TRACE_DAT:
	case IMPORT_UTF16:
		return format;
	default:
		return IMPORT_NONE;
	}
}

void import_detect(const void *bytes, size_t len, enum import_format format,
		   struct import_kind *kind)
{
	const char *at = bytes, *end = at + len;
	struct detection found = {.lines = {0}};
	char line[LINE_MAX_BYTES + 1];
	size_t kept = 0;

	*kind = (struct import_kind){.format = format == IMPORT_NONE ? binary_format(bytes, len)
								     : IMPORT_NONE,
				     .is_quoted = envelope_is_quoted(bytes, len)};
	if (kind->format != IMPORT_NONE)
		return;
	while (at < end) {
		const char *newline = memchr(at, '\n', end - at);
		size_t size = (newline ? newline : end) - at;

		if (memchr(at, 0, size))
			break;
		append(line, &kept, at, size);
		at += size + 1;
		if (!unquote(kind, line, &kept))
			continue;
		detect_line(&found, line, kept);
		kept = 0;
	}
	if (at < end && at == bytes && format == IMPORT_NONE)
		return;
	kind->format = format == IMPORT_NONE ? choose(&found) : format;
	kind->is_relative = found.is_relative && kind->format == IMPORT_STRACE;
	kind->has_tids = found.has_tids;
	if (kind->is_relative && found.has_two)
		kind->format = IMPORT_STRACE_MIXED;
	if (kind->format == IMPORT_PERF && found.is_delta)
		kind->format = IMPORT_EVENTS_DELTA;
}

uint64_t import_line_ns(const char *text)
{
	struct syscall_line line;

	return strace_parse(text, &line) == LINE_OTHER ? 0 : line.ts_ns;
}

/* ---- life ---- */

struct import *import_new(const struct import_kind *kind, const struct replay_ops *ops, void *ctx)
{
	const struct format *format = format_of(kind->format);
	struct import *import = calloc(1, sizeof(*import));

	if (!import)
		return NULL;
	import->kind = *kind;
	import->log.ops = *ops;
	import->log.ctx = ctx;
	if (kind->format == IMPORT_STRACE || kind->format == IMPORT_PERF_TRACE)
		import->syscalls = syscalls_new(&import->log, kind->is_relative);
	else if (kind->format == IMPORT_PERF)
		import->perf = perf_new(&import->log);
	else if (kind->format == IMPORT_STACKS)
		import->hang = hang_new(&import->log);
	else if (kind->format == IMPORT_GRAPH)
		import->graph = graph_new(&import->log);
	if (!import->syscalls && !import->perf && !import->hang && !import->graph &&
	    format->is_read) {
		free(import);
		return NULL;
	}
	snprintf(import->head.backend, sizeof(import->head.backend), "%s", format->name);
	import->head.has_all_calls = true;
	import->log.head = &import->head;
	return import;
}

void import_free(struct import *import)
{
	if (!import)
		return;
	syscalls_free(import->syscalls);
	perf_free(import->perf);
	hang_free(import->hang);
	graph_free(import->graph);
	owners_fini(&import->log.owners);
	free(import);
}

void import_set_thread(struct import *import, uint32_t tid, uint32_t tgid)
{
	import->tid = tid;
	import->tgid = tgid;
	if (import->syscalls)
		syscalls_set_thread(import->syscalls, tid, tgid);
}

/* ---- lines ---- */

static int begin(const struct import *import, struct err *err)
{
	if (!format_of(import->kind.format)->is_read)
		return format_refuse(import->kind.format, err);
	return import->log.failed;
}

static void skip(struct import *import, const char *text)
{
	if (!import->skipped++)
		snprintf(import->first_skipped, sizeof(import->first_skipped), "%.80s", text);
}

static int take_parsed(struct import *import, struct syscall_line *line, const char *text)
{
	int ret;

	if (line->kind == LINE_OTHER) {
		if (*text)
			skip(import, text);
		return 0;
	}
	import->is_timeless |= line->kind == LINE_CALL && line->time == TIME_NONE;
	ret = syscalls_take(import->syscalls, line);
	if (line->is_headless)
		skip(import, text);
	return ret;
}

static int take_perf_trace(struct import *import, const char *text)
{
	struct syscall_line line;
	char args[512];

	perf_trace_parse(text, &line, args, sizeof(args));
	return take_parsed(import, &line, text);
}

/*
 * A line that was cut, and whose end did not come: in a log without others it is what it says, a
 * call that strace has shown the begin of. What came after it is something else.
 */
static int take_cut(struct import *import)
{
	struct cut *cut = &import->cut;
	int ret;

	if (!cut->len)
		return 0;
	cut->len = 0;
	if (cut->pieces) {
		skip(import, cut->text + (import->has_joined ? 0 : cut->first_len));
		import->skipped += cut->pieces - !import->has_joined;
		if (import->has_joined)
			return 0;
		cut->text[cut->first_len] = 0;
		strace_parse(cut->text, &cut->line);
	}
	syscalls_set_thread(import->syscalls, cut->tid, cut->tgid);
	ret = take_parsed(import, &cut->line, cut->text);
	syscalls_set_thread(import->syscalls, import->tid, import->tgid);
	return ret;
}

static int take_strace(struct import *import, const char *text)
{
	struct cut *cut = &import->cut;
	struct syscall_line line;
	int ret;

	strace_parse(text, &line);
	if (cut->len && line.kind == LINE_OTHER && cut->pieces < PIECES_MAX &&
	    unwrap_goes_on(cut->text, cut->has_ret, text)) {
		if (!is_end(cut, text, &line))
			return 0;
		cut->len = 0;
		import->has_joined = true;
		return take_parsed(import, &line, cut->text);
	}
	ret = take_cut(import);
	if (ret || !unwrap_is_cut(&line, text))
		return ret ? ret : take_parsed(import, &line, text);
	hold(cut, &line, text);
	cut->tid = import->tid;
	cut->tgid = import->tgid;
	return 0;
}

static int take_syscall(struct import *import, const char *text)
{
	return import->kind.format == IMPORT_PERF_TRACE ? take_perf_trace(import, text)
							: take_strace(import, text);
}

/* What a line has in it, without what is around that. */
static const char *open_line(struct import *import)
{
	import->line[import->len] = 0;
	if (!envelope_open(import->line, LINE_MAX_BYTES))
		return trim(import->line, import->len);
	import->has_envelopes = true;
	return trim(import->line, strlen(import->line));
}

static int take_line(struct import *import, struct err *err)
{
	const char *text = open_line(import);
	int ret = 0;

	if (import->syscalls)
		ret = take_syscall(import, text);
	else if (import->has_envelopes && !*text)
		; /* between those of journalctl -o export */
	else if (import->hang)
		ret = hang_take(import->hang, text);
	else if (import->graph && !graph_take(import->graph, text, &ret))
		skip(import, text);
	else if (import->graph)
		; /* taken */
	else if (!perf_take(import->perf, text, &ret))
		skip(import, text);
	import->offset += import->len + 1;
	import->len = 0;
	if (ret)
		return err_set(err, ret, "out of memory");
	if (import->log.failed)
		return import->log.failed;
	if (import->syscalls && syscalls_mixed(import->syscalls))
		return format_refuse(IMPORT_STRACE_MIXED, err);
	return 0;
}

static int malformed(const struct import *import, const char *what, struct err *err)
{
	return err_set(err, -EINVAL, "offset %" PRIu64 ": %s", import->offset, what);
}

int import_feed(struct import *import, const void *bytes, size_t len, struct err *err)
{
	const char *at = bytes, *end = at + len;
	int ret = begin(import, err);

	while (!ret && at < end) {
		const char *newline = memchr(at, '\n', end - at);
		size_t size = (newline ? newline : end) - at;

		if (memchr(at, 0, size))
			return malformed(import, "not text", err);
		append(import->line, &import->len, at, size);
		at += size;
		if (!newline)
			return 0;
		at++;
		if (unquote(&import->kind, import->line, &import->len))
			ret = take_line(import, err);
	}
	return ret;
}

static int finish(struct import *import)
{
	if (import->hang)
		return hang_finish(import->hang);
	if (import->graph)
		return 0;
	return import->syscalls ? syscalls_finish(import->syscalls) : perf_finish(import->perf);
}

static uint64_t untimed_calls(const struct import *import)
{
	return import->log.stuck + (import->syscalls ? syscalls_untimed(import->syscalls) : 0);
}

static uint64_t untimed(const struct import *import)
{
	if (import->hang || import->graph)
		return 1;
	return import->syscalls ? syscalls_untimed(import->syscalls) : perf_untimed(import->perf);
}

static uint64_t seen(const struct import *import)
{
	if (import->hang || import->graph)
		return 0;
	return import->syscalls ? syscalls_seen(import->syscalls) : perf_seen(import->perf);
}

/* Durations are missing; the times of lines say how long calls took at most. */
static int refuse_untimed(const struct import *import, struct err *err)
{
	const struct format *format = format_of(import->kind.format);
	struct syscalls_bound bound = {CALL_NONE, 0};
	char ns[24];

	if (import->syscalls)
		bound = syscalls_bound(import->syscalls);
	if (import->hang && hang_has_reports(import->hang))
		return format_refuse(IMPORT_REPORTS, err);
	if (!bound.ns)
		return format_refuse(import->kind.format, err);
	return err_set(err, -ENODATA,
		       "%s without %s: no call took longer than %s (%s, up to the thread's next "
		       "line); record with: %s",
		       format->name, format->lacks, format_nsec(bound.ns, ns, sizeof(ns)),
		       call_name(bound.id), format->command);
}

int import_finish(struct import *import, struct err *err)
{
	int ret = begin(import, err);

	if (!ret && import->len)
		ret = take_line(import, err);
	if (ret)
		return ret;
	ret = import->syscalls ? take_cut(import) : 0;
	if (!ret)
		ret = finish(import);
	if (ret)
		return err_set(err, ret, "out of memory");
	if (import->log.calls || import->log.stuck || seen(import)) {
		log_begin(&import->log);
		return import->log.failed;
	}
	if (untimed(import))
		return refuse_untimed(import, err);
	return malformed(import, "the end, and there was no call on KVM", err);
}

void import_summary(const struct import *import, struct summary *summary)
{
	summary->duration_ns = import->log.last_ns - import->log.first_ns;
	summary->vms = import->log.vm_id;
	summary->command_status = -1;
	summary->is_log = true;
	summary->untimed = untimed_calls(import);
	summary->left_out = import->log.left_out;
}

uint64_t import_skipped(const struct import *import, const char **first)
{
	*first = import->first_skipped;
	return import->skipped;
}

bool import_is_timeless(const struct import *import)
{
	return import->is_timeless;
}
