// SPDX-License-Identifier: GPL-2.0-only
#include "import/import.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "import/log_calls.h"
#include "import/perf.h"
#include "import/strace.h"
#include "output/summary.h"

/* No line of either is longer: strace cuts strings, and structures have few members. */
#define LINE_MAX_BYTES 4096

static const char *const names[IMPORT_FORMAT_CNT] = {"none", "strace", "perf"};

struct import {
	enum import_format format;
	struct log log;
	struct strace *strace;
	struct perf *perf;
	struct capture_head head;
	bool has_begun;
	uint64_t offset; /* of the line */
	size_t len;
	char line[LINE_MAX_BYTES + 1];
};

static enum import_format detect_line(const char *line)
{
	struct strace_line strace;
	struct perf_line perf;

	if (perf_parse(line, &perf))
		return IMPORT_PERF;
	return strace_parse(line, &strace) ? IMPORT_STRACE : IMPORT_NONE;
}

enum import_format import_detect(const void *bytes, size_t len)
{
	const char *at = bytes, *end = at + len;
	enum import_format format = IMPORT_NONE;
	char line[LINE_MAX_BYTES + 1];

	while (at < end && !format) {
		const char *newline = memchr(at, '\n', end - at);
		size_t size = (newline ? newline : end) - at;

		if (size > LINE_MAX_BYTES || memchr(at, 0, size))
			return IMPORT_NONE;
		memcpy(line, at, size);
		line[size] = 0;
		format = detect_line(line);
		at += size + 1;
	}
	return format;
}

struct import *import_new(enum import_format format, const struct replay_ops *ops, void *ctx)
{
	struct import *import = calloc(1, sizeof(*import));

	if (!import)
		return NULL;
	import->format = format;
	import->log.ops = *ops;
	import->log.ctx = ctx;
	if (format == IMPORT_STRACE)
		import->strace = strace_new(&import->log);
	else if (format == IMPORT_PERF)
		import->perf = perf_new(&import->log);
	if (!import->strace && !import->perf) {
		free(import);
		return NULL;
	}
	snprintf(import->head.backend, sizeof(import->head.backend), "%s", names[format]);
	import->head.has_all_calls = true;
	return import;
}

void import_free(struct import *import)
{
	if (!import)
		return;
	strace_free(import->strace);
	perf_free(import->perf);
	owners_fini(&import->log.owners);
	free(import);
}

static int begin(struct import *import)
{
	if (import->has_begun)
		return 0;
	import->has_begun = true;
	return import->log.ops.head ? import->log.ops.head(import->log.ctx, &import->head) : 0;
}

static int take_line(struct import *import, struct err *err)
{
	size_t len = import->len;
	int ret;

	if (len && import->line[len - 1] == '\r')
		len--;
	import->line[len] = 0;
	if (import->strace)
		ret = strace_take(import->strace, import->line);
	else
		ret = perf_take(import->perf, import->line);
	import->offset += import->len + 1;
	import->len = 0;
	return ret ? err_set(err, ret, "out of memory") : 0;
}

static int malformed(const struct import *import, const char *what, struct err *err)
{
	return err_set(err, -EINVAL, "offset %" PRIu64 ": %s", import->offset, what);
}

int import_feed(struct import *import, const void *bytes, size_t len, struct err *err)
{
	const char *at = bytes, *end = at + len;
	int ret = begin(import);

	while (!ret && at < end) {
		const char *newline = memchr(at, '\n', end - at);
		size_t size = (newline ? newline : end) - at;

		if (memchr(at, 0, size))
			return malformed(import, "not text", err);
		if (size > LINE_MAX_BYTES - import->len)
			return malformed(import, "a line longer than any of these logs", err);
		memcpy(import->line + import->len, at, size);
		import->len += size;
		at += size;
		if (!newline)
			return 0;
		at++;
		ret = take_line(import, err);
	}
	return ret;
}

static uint64_t untimed(const struct import *import)
{
	return import->strace ? strace_untimed(import->strace) : perf_untimed(import->perf);
}

int import_finish(struct import *import, struct err *err)
{
	int ret = begin(import);

	if (!ret && import->len)
		ret = take_line(import, err);
	if (ret || import->log.calls)
		return ret;
	if (!untimed(import))
		return malformed(import, "the end, and there was no call on KVM", err);
	return malformed(import,
			 import->strace ? "the end, and no call says how long it took (strace -T)"
					: "the end, and no function was seen to return: probe its "
					  "return, too ('func%return')",
			 err);
}

void import_summary(const struct import *import, struct summary *summary)
{
	summary->duration_ns = import->log.last_ns - import->log.first_ns;
	summary->vms = import->log.vm_id;
	summary->command_status = -1;
}
