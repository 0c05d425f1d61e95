// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/input.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/sanitize.h"
#include "cmd/unpack.h"

#define CHUNK (256 << 10)

/* One of the two, once the first bytes have said which. */
struct input {
	const struct input_cfg *cfg;
	const struct replay_ops *ops;
	void *ctx;
	struct replay *replay;
	struct import *import;
};

static void input_fini(struct input *input)
{
	replay_free(input->replay);
	import_free(input->import);
}

static void close_unpack(struct unpack **unpack)
{
	unpack_close(*unpack);
}

/* What is no text is a capture that is not readable: the replay says why. */
static int choose(struct input *input, const void *bytes, size_t len, struct err *err)
{
	struct import_kind kind = {.format = IMPORT_NONE};

	if (input->cfg->from != IMPORT_NONE || !capture_is(bytes, len))
		import_detect(bytes, len, input->cfg->from, &kind);
	if (kind.format != IMPORT_NONE)
		input->import = import_new(&kind, input->ops, input->ctx);
	else
		input->replay = replay_new(input->ops, input->ctx);
	return input->import || input->replay ? 0 : err_set(err, -ENOMEM, "out of memory");
}

static int feed(struct input *input, const void *bytes, size_t len, struct err *err)
{
	if (!input->import && !input->replay) {
		int ret = choose(input, bytes, len, err);

		if (ret)
			return ret;
	}
	if (input->import)
		return len ? import_feed(input->import, bytes, len, err)
			   : import_finish(input->import, err);
	return len ? replay_feed(input->replay, bytes, len, err)
		   : replay_finish(input->replay, err);
}

/* The first bytes are as many as there is room for: enough to tell what it is. */
static int feed_all(struct input *input, struct unpack *unpack, struct err *err)
{
	_free_ char *buf = malloc(CHUNK);
	ssize_t len;
	int ret;

	if (!buf)
		return err_set(err, -ENOMEM, "out of memory");
	do {
		len = unpack_read(unpack, buf, CHUNK, err);
		if (len < 0)
			return len;
		ret = feed(input, buf, len, err);
	} while (!ret && len);
	return ret;
}

/* What a log has that is not in what was told of it. */
static void warn(const struct import *import, const char *path)
{
	const char *first;
	uint64_t skipped = import_skipped(import, &first);
	char text[81];

	sanitize(text, sizeof(text), first);
	if (skipped)
		log_warn("'%s': %" PRIu64 " line%s not understood; the first is '%s'", path,
			 skipped, skipped == 1 ? " was" : "s were", text);
	if (import_is_timeless(import))
		log_warn("'%s': no times of day, so no causes: add -ttt for an order", path);
}

static int finish(const struct input *input, const char *path, struct summary *summary, int ret,
		  struct err *err)
{
	if (input->import)
		import_summary(input->import, summary);
	else if (input->replay)
		replay_summary(input->replay, summary);
	if (input->import && !ret && !input->cfg->is_quiet)
		warn(input->import, path);
	return ret && *err->msg ? err_wrap(err, ret, "'%s'", path) : ret;
}

int input_read(const char *path, const struct input_cfg *cfg, const struct replay_ops *ops,
	       void *ctx, struct summary *summary, struct err *err)
{
	_cleanup_(input_fini) struct input input = {.cfg = cfg, .ops = ops, .ctx = ctx};
	_cleanup_(close_unpack) struct unpack *unpack = unpack_open(path, cfg->waiter, err);
	int ret;

	if (!unpack)
		return -EINVAL;
	ret = feed_all(&input, unpack, err);
	return finish(&input, path, summary, ret, err);
}

/* ---- strace -ff ---- */

#define LINES_CHUNK (16 << 10)
#define DAY_NS	    (86400ULL * 1000000000ULL)

/* A thread's file, line by line. */
struct lines {
	struct unpack *unpack;
	uint32_t tid;
	uint64_t ns, day_ns; /* when the line's call began */
	size_t at, end, len; /* the line, and what was read */
	bool is_end;
	char buf[LINES_CHUNK];
};

struct thread_files {
	struct lines **files;
	size_t cnt;
};

static void thread_files_fini(struct thread_files *run)
{
	for (size_t i = 0; run->files && i < run->cnt; i++) {
		unpack_close(run->files[i] ? run->files[i]->unpack : NULL);
		free(run->files[i]);
	}
	free(run->files);
}

/* "FILE.45726" */
static uint32_t tid_of(const char *path)
{
	const char *dot = strrchr(path, '.');
	char *end;
	unsigned long tid = dot ? strtoul(dot + 1, &end, 10) : 0;

	return dot && dot[1] && !*end && tid <= INT32_MAX ? tid : 0;
}

static void note_time(struct lines *file)
{
	char line[256];
	size_t size = file->end - file->at;
	uint64_t ns;

	if (size > sizeof(line) - 1)
		size = sizeof(line) - 1;
	memcpy(line, file->buf + file->at, size);
	line[size] = 0;
	ns = import_line_ns(line);
	if (!ns)
		return;
	if (ns < DAY_NS && ns + file->day_ns + DAY_NS / 2 < file->ns)
		file->day_ns += DAY_NS; /* -tt, over midnight */
	file->ns = ns + file->day_ns;
}

/* Move to the next line, its end included; one that is too long comes in pieces. */
static int next_line(struct lines *file, struct err *err)
{
	const char *newline = NULL;
	ssize_t got;

	file->at = file->end;
	if (file->at < file->len)
		newline = memchr(file->buf + file->at, '\n', file->len - file->at);
	if (!newline) {
		memmove(file->buf, file->buf + file->at, file->len - file->at);
		file->len -= file->at;
		file->at = 0;
		got = unpack_read(file->unpack, file->buf + file->len, LINES_CHUNK - file->len,
				  err);
		if (got < 0)
			return got;
		file->len += got;
		newline = memchr(file->buf, '\n', file->len);
	}
	file->end = newline ? (size_t)(newline + 1 - file->buf) : file->len;
	file->is_end = file->at == file->end;
	note_time(file);
	return 0;
}

static struct lines *earliest(const struct thread_files *run)
{
	struct lines *found = NULL;

	for (size_t i = 0; i < run->cnt; i++)
		if (!run->files[i]->is_end && (!found || run->files[i]->ns < found->ns))
			found = run->files[i];
	return found;
}

static int open_run(struct thread_files *run, char *const *paths, struct err *err)
{
	size_t cnt = 0;
	int ret = 0;

	while (paths[cnt])
		cnt++;
	run->files = calloc(cnt, sizeof(struct lines *));
	for (; run->files && !ret && run->cnt < cnt; run->cnt++) {
		struct lines *file = calloc(1, sizeof(*file));

		run->files[run->cnt] = file;
		if (!file)
			return err_set(err, -ENOMEM, "out of memory");
		file->tid = tid_of(paths[run->cnt]);
		file->unpack = unpack_open(paths[run->cnt], NULL, err);
		ret = file->unpack ? next_line(file, err) : -EINVAL;
	}
	return run->files ? ret : err_set(err, -ENOMEM, "out of memory");
}

/* The process is called as its oldest thread. */
static uint32_t tgid_of(const struct thread_files *run)
{
	uint32_t tgid = UINT32_MAX;

	for (size_t i = 0; i < run->cnt; i++)
		if (run->files[i]->tid < tgid)
			tgid = run->files[i]->tid;
	return tgid;
}

static int merge(struct thread_files *run, struct import *import, struct err *err)
{
	uint32_t tgid = tgid_of(run);
	struct lines *file;
	int ret = 0;

	while (!ret && (file = earliest(run))) {
		const char *line = file->buf + file->at;
		size_t len = file->end - file->at;

		import_set_thread(import, file->tid, tgid);
		ret = import_feed(import, line, len, err);
		if (!ret && line[len - 1] != '\n' && len < LINES_CHUNK)
			ret = import_feed(import, "\n", 1, err);
		if (!ret)
			ret = next_line(file, err);
	}
	return ret ? ret : import_finish(import, err);
}

static int read_threads(struct import *import, char *const *paths, struct err *err)
{
	_cleanup_(thread_files_fini) struct thread_files run = {.files = NULL};
	int ret = open_run(&run, paths, err);

	return ret ? ret : merge(&run, import, err);
}

/* One after the other: a blank line ends a stack. */
static int read_dumps(struct input *input, char *const *paths, struct err *err)
{
	int ret = 0;

	for (; !ret && *paths; paths++) {
		_cleanup_(close_unpack) struct unpack *unpack = unpack_open(*paths, NULL, err);
		_free_ char *buf = malloc(CHUNK);
		ssize_t len = 0;

		if (!unpack || !buf)
			return unpack ? err_set(err, -ENOMEM, "out of memory") : -EINVAL;
		while (!ret && (len = unpack_read(unpack, buf, CHUNK, err)) > 0)
			ret = import_feed(input->import, buf, len, err);
		if (len < 0)
			return len;
		if (!ret)
			ret = import_feed(input->import, "\n\n", 2, err);
	}
	return ret ? ret : import_finish(input->import, err);
}

int input_read_run(char *const *paths, enum input_run run, const struct input_cfg *cfg,
		   const struct replay_ops *ops, void *ctx, struct summary *summary,
		   struct err *err)
{
	const struct import_kind kind = {.format = run == INPUT_DUMPS ? IMPORT_STACKS
								      : IMPORT_STRACE};
	_cleanup_(input_fini) struct input input = {.cfg = cfg, .ops = ops, .ctx = ctx};
	int ret;

	input.import = import_new(&kind, ops, ctx);
	if (!input.import)
		return err_set(err, -ENOMEM, "out of memory");
	ret = run == INPUT_DUMPS ? read_dumps(&input, paths, err)
				 : read_threads(input.import, paths, err);
	return finish(&input, paths[0], summary, ret, err);
}

/* What a file is, as far as its first bytes say; a quiet thread's is empty. */
static bool detect(const char *path, const struct input_cfg *cfg, struct import_kind *kind,
		   size_t *bytes)
{
	struct err err = {0};
	_cleanup_(close_unpack) struct unpack *unpack = NULL;
	char buf[LINES_CHUNK];
	ssize_t len;

	*kind = (struct import_kind){.format = IMPORT_NONE};
	if (!strcmp(path, "-"))
		return false;
	unpack = unpack_open(path, NULL, &err);
	len = unpack ? unpack_read(unpack, buf, sizeof(buf), &err) : -1;
	if (len > 0)
		import_detect(buf, len, cfg->from, kind);
	*bytes = len > 0 ? len : 0;
	return len >= 0;
}

/* "FILE." leads all of their names: other logs that are given together are of several runs. */
static bool have_stem(char *const *paths)
{
	const char *slash = strrchr(paths[0], '/');
	const char *name = slash ? slash + 1 : paths[0];
	const char *dot = strchr(name, '.');
	size_t len = dot ? dot + 1 - paths[0] : 0;

	for (size_t i = 0; dot && paths[i]; i++)
		if (strncmp(paths[i], paths[0], len) != 0 || strchr(paths[i] + len, '/'))
			return false;
	return dot != NULL;
}

enum input_run input_run(char *const *paths, const struct input_cfg *cfg)
{
	size_t cnt = 0, threads = 0, dumps = 0, bytes, all = 0;
	struct import_kind kind;

	for (; paths[cnt]; cnt++) {
		if (!detect(paths[cnt], cfg, &kind, &bytes))
			return INPUT_SINGLE;
		threads += !bytes ||
			   (kind.format == IMPORT_STRACE && !kind.has_tids && !kind.is_relative);
		dumps += kind.format == IMPORT_STACKS;
		all += bytes;
		if (threads <= cnt && dumps <= cnt)
			return INPUT_SINGLE;
	}
	if (cnt > 1 && dumps == cnt)
		return INPUT_DUMPS;
	return cnt > 1 && threads == cnt && all && have_stem(paths) ? INPUT_THREADS : INPUT_SINGLE;
}

int input_check_names(char *const *paths, struct err *err)
{
	for (; *paths; paths++)
		if ((*paths)[0] == '-' && (*paths)[1] && access(*paths, F_OK))
			return err_usage(err, "'%s': options come before the files", *paths);
	return 0;
}
