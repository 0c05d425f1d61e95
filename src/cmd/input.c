// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "import/import.h"

#define CHUNK (256 << 10)

/* One of the two, once the first bytes have said which. */
struct input {
	int fd;
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

/* What is neither is a capture that is not readable: the replay says why. */
static int choose(struct input *input, const void *bytes, size_t len, struct err *err)
{
	enum import_format format = IMPORT_NONE;

	if (!capture_is(bytes, len))
		format = import_detect(bytes, len);
	if (format != IMPORT_NONE)
		input->import = import_new(format, input->ops, input->ctx);
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

/* As much as there is room for, so that the first bytes are enough to tell; 0: the end. */
static ssize_t read_chunk(int fd, char *buf)
{
	size_t len = 0;

	while (len < CHUNK) {
		ssize_t got = read(fd, buf + len, CHUNK - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		len += got;
	}
	return len;
}

static int feed_all(struct input *input, struct err *err)
{
	_free_ char *buf = malloc(CHUNK);
	ssize_t len;
	int ret;

	if (!buf)
		return err_set(err, -ENOMEM, "out of memory");
	do {
		len = read_chunk(input->fd, buf);
		if (len < 0)
			return err_set(err, len, "cannot read: %s", strerror(-len));
		ret = feed(input, buf, len, err);
	} while (!ret && len);
	return ret;
}

int input_read(const char *path, const struct replay_ops *ops, void *ctx, struct summary *summary,
	       struct err *err)
{
	_cleanup_(input_fini) struct input input = {.fd = STDIN_FILENO, .ops = ops, .ctx = ctx};
	_close_ int opened = -1;
	int ret;

	if (strcmp(path, "-"))
		input.fd = opened = open(path, O_RDONLY | O_CLOEXEC);
	if (input.fd < 0)
		return err_set(err, -errno, "cannot open '%s': %s", path, strerror(errno));
	ret = feed_all(&input, err);
	if (input.import)
		import_summary(input.import, summary);
	else if (input.replay)
		replay_summary(input.replay, summary);
	return ret && *err->msg ? err_wrap(err, ret, "'%s'", path) : ret;
}
