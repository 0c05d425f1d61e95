// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/parse.h"

/* ---- opening ---- */

static bool is_stdout(const char *path)
{
	return !strcmp(path, "-");
}

static int cannot_open(const char *path, struct err *err)
{
	return err_set(err, -errno, "cannot open '%s': %s", path, strerror(errno));
}

int outfile_check(const char *path, struct err *err)
{
	char copy[4096];
	int ret;

	if (is_stdout(path))
		return 0;
	ret = faccessat(AT_FDCWD, path, W_OK, AT_EACCESS);
	if (ret && errno == ENOENT) {
		snprintf(copy, sizeof(copy), "%s", path);
		ret = faccessat(AT_FDCWD, dirname(copy), W_OK | X_OK, AT_EACCESS);
	}
	return ret ? cannot_open(path, err) : 0;
}

/* What sudo made is its caller's to read. */
static void give_to_caller(int fd)
{
	const char *uid_text = getenv("SUDO_UID"), *gid_text = getenv("SUDO_GID");
	uint64_t uid, gid;

	if (!geteuid() && uid_text && gid_text && parse_u64(uid_text, &uid) &&
	    parse_u64(gid_text, &gid) && fchown(fd, uid, gid))
		return; /* it stays root's */
}

static bool is_regular(int fd)
{
	struct stat stat;

	return !fstat(fd, &stat) && S_ISREG(stat.st_mode);
}

/* Another of us that writes to it would make one damaged file of two good ones. */
static int lock(struct outfile *out, struct err *err)
{
	if (!is_regular(out->fd) || !flock(out->fd, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK)
		return 0;
	close(out->fd);
	out->fd = -1;
	return err_set(err, -EBUSY, "cannot open '%s': another process writes to it", out->path);
}

static int open_file(struct outfile *out, mode_t mode, struct err *err)
{
	const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY;

	out->fd = open(out->path, flags | O_EXCL, mode);
	out->is_new = out->fd >= 0;
	if (out->fd < 0 && errno == EEXIST)
		out->fd = open(out->path, flags, mode);
	if (out->fd < 0)
		return cannot_open(out->path, err);
	if (out->is_new)
		give_to_caller(out->fd);
	return lock(out, err);
}

/* A closed standard output is open for reading: main() */
static bool can_write(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

int outfile_open(struct outfile *out, const char *path, struct err *err)
{
	*out = (struct outfile){.path = path ? path : "-", .fd = STDOUT_FILENO};
	if (!is_stdout(out->path))
		return open_file(out, 0666, err);
	if (can_write(STDOUT_FILENO))
		return 0;
	out->fd = -1;
	return err_set(err, -EBADF, "cannot write standard output: %s", strerror(EBADF));
}

/*
 * Standard output becomes the capture's alone: what COMMAND prints must not get
 * between its blocks, and goes to standard error instead.
 */
static int take_stdout(void)
{
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (fd < 0)
		return -1;
	/* As dup2() does; its result is a leak to gcc 14's analyzer. */
	close(STDOUT_FILENO);
	if (fcntl(STDERR_FILENO, F_DUPFD, STDOUT_FILENO) == STDOUT_FILENO)
		return fd;
	close(fd);
	return -1;
}

int outfile_open_capture(struct outfile *out, const char *path, struct err *err)
{
	*out = (struct outfile){.path = path, .fd = -1, .is_capture = true};
	if (!is_stdout(path))
		return open_file(out, 0600, err);
	if (isatty(STDOUT_FILENO))
		return err_usage(err, "a capture is not for terminals: redirect it");
	if (can_write(STDOUT_FILENO))
		out->fd = take_stdout();
	else
		errno = EBADF;
	return out->fd < 0 ? cannot_open(path, err) : 0;
}

void outfile_start(struct outfile *out)
{
	bool is_full = !out->is_started && !is_stdout(out->path) && is_regular(out->fd);

	out->is_started = true;
	if (is_full && ftruncate(out->fd, 0))
		out->failed = -errno;
}

static bool is_same(int fd, const char *path)
{
	struct stat ours, other;

	return !fstat(fd, &ours) && !stat(path, &other) && ours.st_dev == other.st_dev &&
	       ours.st_ino == other.st_ino;
}

bool outfile_is(const struct outfile *out, const char *path)
{
	return is_regular(out->fd) && is_same(out->fd, path);
}

/* ---- writing ---- */

int outfile_put(void *outfile, const void *bytes, size_t len)
{
	struct outfile *out = outfile;

	if (!out->failed)
		out->failed = io_write_all(out->fd, bytes, len, &out->bytes);
	return out->failed;
}

int outfile_flush(struct outfile *out)
{
	size_t len = out->lines_len;

	out->lines_len = 0;
	return outfile_put(out, out->lines, len);
}

int outfile_put_lines(struct outfile *out, const char *text, size_t len)
{
	if (out->lines_len + len > sizeof(out->lines))
		outfile_flush(out);
	if (len > sizeof(out->lines))
		return outfile_put(out, text, len);
	memcpy(out->lines + out->lines_len, text, len);
	out->lines_len += len;
	return out->failed;
}

/* ---- the end ---- */

static int cannot_write(const struct outfile *out, struct err *err)
{
	const char *quote = is_stdout(out->path) ? "" : "'";

	return err_set(err, out->failed, "cannot write %s%s%s: %s%s", quote,
		       is_stdout(out->path) ? "standard output" : out->path, quote,
		       strerror(-out->failed),
		       out->is_capture ? "; what was written can be read" : "");
}

int outfile_close(struct outfile *out, struct err *err)
{
	if (out->fd < 0)
		return 0;
	outfile_flush(out);
	if (out->is_new && !out->is_started && is_same(out->fd, out->path))
		unlink(out->path);
	if (out->fd != STDOUT_FILENO && close(out->fd) && !out->failed)
		out->failed = -errno; /* some file systems say it only now */
	out->fd = -1;
	if (!out->failed || (out->failed == -EPIPE && !out->is_capture))
		return 0;
	return cannot_write(out, err);
}

int outfile_end(struct outfile *out, int ret, struct err *err)
{
	struct err why = {.msg = ""};
	int closed = outfile_close(out, &why);

	if (ret < 0 || !closed)
		return ret;
	*err = why;
	return closed;
}
