// SPDX-License-Identifier: GPL-2.0-only
#include "script/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/str.h"
#include "capture/replay.h"
#include "import/formats.h"
#include "import/import.h"
#include "import/perf_trace.h"
#include "import/strace_line.h"
#include "script/from_log.h"
#include "script/from_record.h"
#include "script/list.h"

/* Longer lines are passed over, and a list is no longer than this. */
#define LINE_MAX_BYTES (1UL << 20)
#define LIST_MAX_BYTES (16UL << 20)

enum source_kind {
	SOURCE_UNKNOWN,
	SOURCE_STRACE,
	SOURCE_PERF_TRACE,
	SOURCE_JSON,
	SOURCE_CAPTURE,
	SOURCE_LIST,
};

struct script_source {
	struct scripts *scripts;
	enum machine_arch arch;
	enum source_kind kind;
	struct script_log *log;
	struct script_record *record;
	struct replay *replay;
	bool has_all_calls;
	int failed; /* of a callback that returns nothing */
	struct str line;
	bool is_too_long;
	struct script_origin origin;
};

struct script_source *script_source_new(struct scripts *scripts, enum machine_arch arch)
{
	struct script_source *source = calloc(1, sizeof(*source));

	if (!source)
		return NULL;
	source->scripts = scripts;
	source->arch = arch;
	str_init(&source->line);
	return source;
}

void script_source_free(struct script_source *source)
{
	if (!source)
		return;
	script_log_free(source->log);
	script_record_free(source->record);
	replay_free(source->replay);
	str_fini(&source->line);
	free(source);
}

const struct script_origin *script_source_origin(const struct script_source *source)
{
	return &source->origin;
}

/* ---- recordings ---- */

static void on_stall(void *ctx, const struct stall *stall)
{
	struct script_source *source = ctx;

	if (!source->failed)
		source->failed = script_record_take(source->record, stall);
}

static int on_head(void *ctx, const struct capture_head *head)
{
	struct script_source *source = ctx;
	const char *release = environment_get(&head->environment, "kernel.release");
	const char *cpus = environment_get(&head->environment, "cpu.possible");
	uint64_t number;

	source->has_all_calls = head->has_all_calls;
	source->origin.hz = head->hz;
	if (head->has_all_calls)
		script_record_has_all(source->record);
	if (head->is_followed)
		script_record_follow(source->record);
	snprintf(source->origin.release, sizeof(source->origin.release), "%s",
		 release ? release : "");
	if (cpus && parse_u64(cpus, &number) && number < UINT32_MAX)
		source->origin.cpus = (uint32_t)number;
	return 0;
}

/* ---- what it is ---- */

static bool is_json(const char *text, size_t len)
{
	size_t at = 0;

	while (at < len && strchr(" \t\r\n", text[at]) && text[at])
		at++;
	return at < len && text[at] == '{';
}

static int open_kind(struct script_source *source, const struct import_kind *kind)
{
	static const struct replay_ops ops = {.ledger = {.stall = on_stall}, .head = on_head};

	switch (source->kind) {
	case SOURCE_STRACE:
	case SOURCE_PERF_TRACE:
		source->log = script_log_new(source->scripts, source->arch, kind->is_relative);
		return source->log ? 0 : -ENOMEM;
	case SOURCE_CAPTURE:
		source->replay = replay_new(&ops, source);
		if (!source->replay)
			return -ENOMEM;
		/* fall through */
	case SOURCE_JSON:
		source->record = script_record_new(source->scripts, source->arch);
		return source->record ? 0 : -ENOMEM;
	default:
		return 0;
	}
}

static int choose(struct script_source *source, const char *bytes, size_t len, struct err *err)
{
	static const char *const names[] = {
		[SOURCE_STRACE] = "strace", [SOURCE_PERF_TRACE] = "perf trace",
		[SOURCE_JSON] = "JSON",	    [SOURCE_CAPTURE] = "recording",
		[SOURCE_LIST] = "list",
	};
	struct import_kind kind = {.format = IMPORT_NONE};

	if (capture_is(bytes, len))
		source->kind = SOURCE_CAPTURE;
	else if (is_json(bytes, len))
		source->kind = SOURCE_JSON;
	else if (list_is(bytes, len))
		source->kind = SOURCE_LIST;
	else
		import_detect(bytes, len, IMPORT_NONE, &kind);
	if (kind.format == IMPORT_STRACE)
		source->kind = SOURCE_STRACE;
	else if (kind.format == IMPORT_PERF_TRACE)
		source->kind = SOURCE_PERF_TRACE;
	else if (source->kind == SOURCE_UNKNOWN && kind.format != IMPORT_NONE &&
		 kind.format != IMPORT_TEXT && !format_of(kind.format)->is_read)
		return format_refuse(kind.format, err);
	if (source->kind == SOURCE_UNKNOWN)
		return err_set(err, -EINVAL,
			       "this says nothing of which calls were made: a recording, "
			       "trace --all --json or a log of strace or perf trace does");
	source->origin.kind = names[source->kind];
	return open_kind(source, &kind) ? err_set(err, -ENOMEM, "out of memory") : 0;
}

/* ---- lines ---- */

static int take_log_line(struct script_source *source, char *text)
{
	struct syscall_line line;
	enum line_kind kind;
	char args[512];

	while (text[0] == '>' && (text[1] == ' ' || text[1] == '>'))
		text += text[1] == ' ' ? 2 : 1;
	kind = source->kind == SOURCE_STRACE ? strace_parse(text, &line)
					     : perf_trace_parse(text, &line, args, sizeof(args));
	return kind == LINE_OTHER ? 0 : script_log_take(source->log, &line);
}

static int take_line(struct script_source *source, struct err *err)
{
	struct str *line = &source->line;
	int ret = 0;

	while (line->len && (line->text[line->len - 1] == '\r'))
		line->text[--line->len] = 0;
	if (!source->is_too_long && line->len)
		ret = source->kind == SOURCE_JSON
			      ? script_record_json(source->record, line->text, line->len)
			      : take_log_line(source, line->text);
	source->is_too_long = false;
	str_reset(line);
	if (ret == -E2BIG)
		return err_set(err, ret, "more than %d calls on one VM", SCRIPT_OPS_MAX);
	return ret ? err_set(err, ret, "out of memory") : 0;
}

static int feed_lines(struct script_source *source, const char *at, size_t len, struct err *err)
{
	const char *end = at + len;
	int ret = 0;

	while (!ret && at < end) {
		const char *newline = memchr(at, '\n', end - at);
		size_t size = (newline ? newline : end) - at;

		if (memchr(at, 0, size))
			return err_set(err, -EINVAL, "not text");
		if (source->line.len + size > LINE_MAX_BYTES)
			source->is_too_long = true;
		else
			str_addn(&source->line, at, size);
		if (str_failed(&source->line))
			return err_set(err, -ENOMEM, "out of memory");
		if (newline)
			ret = take_line(source, err);
		at += size + 1;
	}
	return ret;
}

static int feed_list(struct script_source *source, const void *bytes, size_t len, struct err *err)
{
	if (source->line.len + len > LIST_MAX_BYTES)
		return err_set(err, -E2BIG, "a list is at most %lu MiB", LIST_MAX_BYTES >> 20);
	str_addn(&source->line, bytes, len);
	return str_failed(&source->line) ? err_set(err, -ENOMEM, "out of memory") : 0;
}

static int failed(const struct script_source *source, struct err *err)
{
	if (source->failed == -E2BIG)
		return err_set(err, -E2BIG, "more than %d calls on one VM", SCRIPT_OPS_MAX);
	return err_set(err, source->failed, "out of memory");
}

int script_source_feed(struct script_source *source, const void *bytes, size_t len, struct err *err)
{
	int ret = source->kind == SOURCE_UNKNOWN ? choose(source, bytes, len, err) : 0;

	if (ret)
		return ret;
	if (source->kind == SOURCE_LIST)
		return feed_list(source, bytes, len, err);
	if (source->kind != SOURCE_CAPTURE)
		return feed_lines(source, bytes, len, err);
	ret = replay_feed(source->replay, bytes, len, err);
	return !ret && source->failed ? failed(source, err) : ret;
}

/* ---- the end ---- */

static int finish_capture(struct script_source *source, struct err *err)
{
	int ret = replay_finish(source->replay, err);

	if (ret < 0)
		return ret;
	*err->msg = 0; /* of one that is cut what there is */
	return source->failed ? failed(source, err) : 0;
}

/* A list is one VM, and its own order and gaps are what is meant. */
static int finish_list(struct script_source *source, struct err *err)
{
	static const struct script_sizes sizes = {0};
	struct script *script = &source->scripts->vms[0];
	int ret;

	source->scripts->cnt = 1;
	ret = list_parse(source->line.text, source->line.len, &sizes, script, err);
	return ret ? ret : script_check(script, err);
}

static int finish_kind(struct script_source *source, struct err *err)
{
	int ret = 0;

	if (source->kind == SOURCE_CAPTURE)
		ret = finish_capture(source, err);
	else if (source->line.len)
		ret = take_line(source, err);
	if (ret)
		return ret;
	ret = source->log ? script_log_finish(source->log) : script_record_finish(source->record);
	if (!ret && source->kind == SOURCE_CAPTURE)
		source->scripts->is_partial = !source->has_all_calls;
	if (ret == -E2BIG)
		return err_set(err, ret, "more than %d calls on one VM", SCRIPT_OPS_MAX);
	return ret ? err_set(err, ret, "out of memory") : 0;
}

int script_source_finish(struct script_source *source, struct err *err)
{
	int ret;

	if (source->kind == SOURCE_UNKNOWN)
		return err_set(err, -EINVAL, "it is empty");
	if (source->kind == SOURCE_LIST)
		return finish_list(source, err);
	ret = finish_kind(source, err);
	return ret ? ret : scripts_settle(source->scripts, err);
}
