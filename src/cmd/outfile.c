// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/str.h"
#include "base/parse.h"
#include "cmd/sandbox.h"

/* ---- opening ---- */

static bool is_stdout(const char *path)
{
	return !strcmp(path, "-");
}

/* The descriptor that a path stands for, -1: none. */
static int given_fd(const char *path)
{
	static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
	uint64_t nr;

	if (!strcmp(path, "/dev/stdout"))
		return STDOUT_FILENO;
	if (!strcmp(path, "/dev/stderr"))
		return STDERR_FILENO;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		size_t len = strlen(folders[i]);

		if (!strncmp(path, folders[i], len) && parse_u64(path + len, &nr) && nr <= INT_MAX)
			return (int)nr;
	}
	return -1;
}

const char *outfile_path(const char *path)
{
	return given_fd(path) == STDOUT_FILENO ? "-" : path;
}

static int cannot_open(const char *path, struct err *err)
{
	return err_set(err, -errno, "cannot open '%s': %s", path,
		       errno == ETIMEDOUT ? "nobody reads it" : strerror(errno));
}

int outfile_check(const char *path, struct err *err)
{
	char copy[4096];
	int ret;

	if (is_stdout(path))
		return 0;
	ret = faccessat(AT_FDCWD, path, W_OK, AT_EACCESS);
	if (ret && errno == ENOENT && *path) {
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

static bool is_fifo(const char *path)
{
	struct stat stat_buf;

	return !stat(path, &stat_buf) && S_ISFIFO(stat_buf.st_mode);
}

/* open(2), which for a FIFO that nobody reads would wait for its reader alone. */
static int open_waiting(const struct outfile *out, int flags, mode_t mode)
{
	for (;;) {
		int fd =
			open(out->path, flags | O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, mode);

		if (fd >= 0 || errno != ENXIO || !is_fifo(out->path))
			return fd;
		if (!out->waiter)
			return open(out->path, O_WRONLY | O_CLOEXEC);
		if (out->waiter->wait(out->waiter->ctx, -1)) {
			errno = ETIMEDOUT;
			return -1;
		}
	}
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Another of us that writes to it would make one damaged file of two good ones. Some file systems
 * have no locks: said once. */
static int lock(struct outfile *out, int fd, struct err *err)
{
	if (!is_regular(fd) || !flock(fd, LOCK_EX | LOCK_NB))
		return 0;
	if (errno != EWOULDBLOCK) {
		if (!out->has_no_lock)
			log_warn("cannot lock '%s': %s: nobody else may write to it meanwhile",
				 out->path, strerror(errno));
		out->has_no_lock = true;
		return 0;
	}
	return err_set(err, -EBUSY, "cannot open '%s': another process writes to it", out->path);
}

static int open_file(struct outfile *out, mode_t mode, struct err *err)
{
	int ret;

	out->fd = open_waiting(out, O_CREAT | O_EXCL, mode);
	out->is_new = out->fd >= 0;
	if (out->fd < 0 && errno == EEXIST)
		out->fd = open_waiting(out, O_CREAT, mode);
	if (out->fd < 0)
		return cannot_open(out->path, err);
	if (out->is_new)
		give_to_caller(out->fd);
	ret = lock(out, out->fd, err);
	if (ret)
		close_fd(&out->fd);
	return ret;
}

/* A closed standard output is open for reading: main() */
static bool can_write(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
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

static bool is_same(int fd, const char *path)
{
	struct stat ours, other;

	return !fstat(fd, &ours) && !stat(path, &other) && ours.st_dev == other.st_dev &&
	       ours.st_ino == other.st_ino;
}

/* Something else can be given its name: not a device, nor a file that is mounted (containers). */
static bool is_replaceable(int fd)
{
	struct statx info;

	return is_regular(fd) && !statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &info) &&
	       !(info.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* What was there keeps its owner and mode. */
static void dress_like(int fd, int old_fd)
{
	struct stat old;

	if (fstat(old_fd, &old))
		return;
	if (fchown(fd, old.st_uid, old.st_gid) || fchmod(fd, old.st_mode & 07777))
		return; /* it is its writer's, for the writer alone */
}

/* 0, -EBUSY with @err set, or another negative errno: no file can be made there. */
static int open_part(struct outfile *out, mode_t mode, struct err *err)
{
	snprintf(out->part, sizeof(out->part), "%s.part", out->name);
	for (;;) {
		int ret;

		out->fd = open(out->part, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
			       mode);
		if (out->fd < 0)
			return -errno;
		ret = is_regular(out->fd) ? lock(out, out->fd, err) : -EEXIST;
		if (!ret && is_same(out->fd, out->part))
			return 0; /* else who had it has renamed it meanwhile */
		close_fd(&out->fd);
		if (ret)
			return ret;
	}
}

/* The file that is there, if any. 0, or a negative errno with @err set. */
static int open_old(struct outfile *out, struct err *err)
{
	int fd = open_waiting(out, 0, 0), ret;

	if (fd < 0)
		return errno == ENOENT ? 0 : cannot_open(out->path, err);
	ret = lock(out, fd, err);
	if (ret)
		close_fd(&fd);
	out->old_fd = fd;
	return ret;
}

static bool has_name(const struct outfile *out)
{
	struct stat stat_buf;

	if (out->old_fd >= 0)
		return is_replaceable(out->old_fd);
	return lstat(out->path, &stat_buf); /* a symbolic link to nothing is followed */
}

/* To open it by its name would be another file offset, and to replace it another file. */
static int open_given(struct outfile *out, int fd, struct err *err)
{
	errno = EBADF;
	out->is_given = true;
	out->fd = can_write(fd) ? fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : -1;
	return out->fd < 0 ? cannot_open(out->path, err) : 0;
}

static bool is_linked(const struct outfile *out)
{
	struct stat stat_buf;

	return is_regular(out->fd) && !fstat(out->fd, &stat_buf) && stat_buf.st_nlink;
}

static int open_beside(struct outfile *out, mode_t mode, struct err *err)
{
	int ret = open_old(out, err);

	if (!ret && !*out->path) { /* there would be a .part, and no name for it */
		errno = ENOENT;
		ret = cannot_open(out->path, err);
	}
	if (ret)
		return ret;
	if (out->old_fd < 0 || !realpath(out->path, out->name))
		snprintf(out->name, sizeof(out->name), "%s", out->path);
	ret = has_name(out) ? open_part(out, mode, err) : -EEXIST;
	out->is_new = !ret && out->old_fd < 0;
	if (out->is_new)
		give_to_caller(out->fd);
	else if (!ret)
		dress_like(out->fd, out->old_fd);
	if (!ret)
		return 0;
	*out->part = '\0';
	if (ret == -EBUSY || out->old_fd < 0)
		return ret == -EBUSY ? ret : open_file(out, mode, err);
	out->fd = out->old_fd;
	out->old_fd = -1;
	return 0;
}

static int open_path(struct outfile *out, mode_t mode, struct err *err)
{
	int fd = given_fd(out->path), ret;

	if (fd >= 0)
		return open_given(out, fd, err);
	ret = open_beside(out, mode, err);
	out->was_linked = !ret && is_linked(out);
	return ret;
}

int outfile_open(struct outfile *out, const char *path, struct err *err)
{
	*out = (struct outfile){.path = path ? outfile_path(path) : "-",
				.fd = STDOUT_FILENO,
				.waiter = out->waiter,
				.is_stream = out->is_stream,
				.old_fd = -1};
	if (!is_stdout(out->path))
		return open_path(out, 0666, err);
	if (can_write(STDOUT_FILENO)) {
		out->fd = out->waiter ? io_open_tty(STDOUT_FILENO) : STDOUT_FILENO;
		return 0;
	}
	out->fd = -1;
	return err_set(err, -EBADF, "cannot write standard output: %s", strerror(EBADF));
}

int outfile_open_capture(struct outfile *out, const char *path, struct err *err)
{
	*out = (struct outfile){.path = outfile_path(path),
				.fd = -1,
				.waiter = out->waiter,
				.is_capture = true,
				.old_fd = -1};
	if (!is_stdout(out->path))
		return open_path(out, 0600, err);
	if (isatty(STDOUT_FILENO))
		return err_usage(err, "a capture is not for terminals: redirect it");
	if (can_write(STDOUT_FILENO))
		out->fd = take_stdout();
	else
		errno = EBADF;
	return out->fd < 0 ? cannot_open(out->path, err) : 0;
}

/* ---- confined ---- */

/* What a keeper is told. */
#define REMOVE 'r'
#define NAME   'n'

static int rename_part(const struct outfile *out)
{
	return rename(out->part, out->name) ? errno : 0;
}

/* Only to rename or to remove is worth a process: no rule about system calls can name a file. It
 * has the output's lock as long as it lives. */
static void keeper_run(const struct outfile *out, int fd)
{
	const char *path = *out->part ? out->part : out->path;
	char byte = 0;

	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	if (read(fd, &byte, 1) == 1 && byte == NAME)
		_exit(rename_part(out));
	if (byte == REMOVE || *out->part) /* whoever was to write it is gone */
		unlink(path);
	_exit(0);
}

static int fork_keeper(struct outfile *out)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	out->keeper = fork();
	if (!out->keeper) {
		close(ends[1]);
		keeper_run(out, ends[0]);
	}
	close(ends[0]);
	out->keeper_fd = ends[1];
	return out->keeper < 0 ? -1 : 0;
}

/* The keeper goes before we do, or whoever writes to the file next would find it locked. */
static int end_keeper(struct outfile *out, char what)
{
	int status = 0, ret = 0;

	if (what && write(out->keeper_fd, &what, 1) != 1)
		ret = -errno;
	close(out->keeper_fd);
	if (waitpid(out->keeper, &status, 0) < 0 || !WIFEXITED(status))
		ret = ret ? ret : -EIO;
	out->keeper = 0;
	return ret ? ret : -WEXITSTATUS(status);
}

/* What the rules cannot allow, a keeper does. Which descriptors @out is written by goes to @fds. */
static int prepare(struct outfile *out, int *fds, struct err *err)
{
	if ((out->is_new || *out->part) && fork_keeper(out))
		return err_set(err, -errno, "cannot fork: %s", strerror(errno));
	fds[0] = out->fd;
	fds[1] = out->keeper ? out->keeper_fd : -1;
	return 0;
}

int outfile_confine(struct outfile *out, struct err *err)
{
	int fds[2], ret = prepare(out, fds, err);

	return ret ? ret : sandbox_read_only(fds, 2, err);
}

int outfile_confine_screen(struct outfile *out, int fd, struct err *err)
{
	int fds[3] = {-1, -1, fd}, ret = prepare(out, fds, err);

	return ret ? ret : sandbox_screen(fds, 3, err);
}

void outfile_start(struct outfile *out)
{
	bool is_full =
		!out->is_started && !is_stdout(out->path) && !out->is_given && is_regular(out->fd);

	out->is_started = true;
	if (is_full && ftruncate(out->fd, 0))
		out->failed = -errno;
}

bool outfile_is(const struct outfile *out, const char *path)
{
	return is_regular(out->fd) &&
	       (is_same(out->fd, path) || (out->old_fd >= 0 && is_same(out->old_fd, path)));
}

/* ---- writing ---- */

/* It is what it is to be called. */
static int give_name(struct outfile *out)
{
	int ret = out->keeper ? end_keeper(out, NAME) : -rename_part(out);

	if (!ret)
		*out->part = '\0';
	close_fd(&out->old_fd);
	return ret;
}

int outfile_put(void *outfile, const void *bytes, size_t len)
{
	struct outfile *out = outfile;
	uint64_t before = out->bytes;

	if (!out->failed)
		out->failed = io_write_all(out->fd, bytes, len, &out->bytes, out->waiter);
	out->unwritten += len - (out->bytes - before);
	if (!out->failed && out->bytes && *out->part &&
	    (out->is_stream || (out->old_fd < 0 && !out->keeper)))
		out->failed = give_name(out);
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

int outfile_put_whole(struct outfile *out, const struct str *text, int ret, struct err *err)
{
	if (ret || str_failed(text))
		ret = err_set(err, -ENOMEM, "out of memory");
	outfile_start(out);
	if (!ret)
		outfile_put_lines(out, text->text, text->len);
	return ret;
}

/* ---- the end ---- */

/* ", and what there is can be read", and where. */
static void add_rest(const struct outfile *out, char *buf, size_t size)
{
	*buf = '\0';
	if (out->has_head && *out->part)
		snprintf(buf, size, "; what was written can be read: '%.300s'", out->part);
	else if (out->has_head)
		snprintf(buf, size, "; what was written can be read");
}

static int cannot_write(const struct outfile *out, struct err *err)
{
	const char *quote = is_stdout(out->path) ? "" : "'";
	char why[128], rest[400];

	if (out->is_removed)
		return err_set(err, out->failed, "cannot write '%s': it was removed meanwhile",
			       out->path);
	if (out->failed == -ETIMEDOUT)
		snprintf(why, sizeof(why), "nobody reads it, and %" PRIu64 " byte%s left",
			 out->unwritten, out->unwritten == 1 ? " is" : "s are");
	else
		snprintf(why, sizeof(why), "%s%s", strerror(-out->failed),
			 out->failed == -EFBIG ? " (limits of a file's size: ulimit -f)" : "");
	add_rest(out, rest, sizeof(rest));
	return err_set(err, out->failed, "cannot write %s%s%s: %s%s", quote,
		       is_stdout(out->path) ? "standard output" : out->path, quote, why, rest);
}

/* A recording that failed does not take the place of another one, but is kept beside it. */
static void end_part(struct outfile *out)
{
	bool is_kept = out->has_head && out->is_started;

	if (out->is_started && !out->failed)
		out->failed = give_name(out);
	else if (!is_kept && !out->keeper)
		unlink(out->part);
	close_fd(&out->old_fd);
}

/* Somebody has removed it, or put another one in its place: what was written is nowhere. */
static void find_removed(struct outfile *out)
{
	if (out->failed && out->failed != -ENOENT)
		return; /* then it may have been us */
	out->is_removed = out->is_started && out->bytes && out->was_linked && !is_linked(out);
	if (out->is_removed)
		out->failed = -ENOENT;
}

void outfile_has_head(struct outfile *out)
{
	out->has_head = true;
}

void outfile_fail(struct outfile *out, int code)
{
	if (!out->failed)
		out->failed = code;
	if (!out->bytes)
		out->is_started = false;
}

int outfile_close(struct outfile *out, struct err *err)
{
	bool is_to_remove, has_left;

	if (out->fd < 0)
		return 0;
	outfile_flush(out);
	if (out->is_capture && !out->has_head)
		out->is_started = false;
	has_left = !out->is_capture && io_reader_left(out->fd, out->failed);
	is_to_remove = out->is_new && !out->is_started && is_same(out->fd, out->path);
	if (*out->part)
		end_part(out);
	if (out->keeper > 0)
		end_keeper(out, is_to_remove || *out->part ? REMOVE : 0);
	else if (is_to_remove)
		unlink(out->path);
	find_removed(out);
	if (out->fd != STDOUT_FILENO && close(out->fd) && !out->failed)
		out->failed = -errno; /* some file systems say it only now */
	out->fd = -1;
	if (!out->failed || has_left)
		return 0;
	return cannot_write(out, err);
}

int outfile_end(struct outfile *out, int ret, struct err *err)
{
	struct err why = {.msg = ""};
	int closed;

	/* And so what was there stays, and there is no file that a reader calls empty. A capture
	 * that has its head has been closed by now. */
	if (ret < 0 && (out->is_capture || (out->old_fd >= 0 && *out->part)))
		out->is_started = false;
	closed = outfile_close(out, &why);

	if (ret < 0 || !closed)
		return ret;
	*err = why;
	return closed;
}
