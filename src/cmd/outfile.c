// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/parse.h"

/*
 * Standard output becomes the capture's alone: what COMMAND prints must not get
 * between its blocks, and goes to standard error instead.
 */
static int take_stdout(void)
{
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (fd >= 0 && dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int outfile_check(const char *path, struct err *err)
{
	char copy[4096];
	int ret;

	if (!strcmp(path, "-"))
		return 0;
	ret = faccessat(AT_FDCWD, path, W_OK, AT_EACCESS);
	if (ret && errno == ENOENT) {
		snprintf(copy, sizeof(copy), "%s", path);
		ret = faccessat(AT_FDCWD, dirname(copy), W_OK | X_OK, AT_EACCESS);
	}
	return ret ? err_set(err, -errno, "cannot open '%s': %s", path, strerror(errno)) : 0;
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

int outfile_open(struct outfile *out, const char *path, struct err *err)
{
	bool is_new = false;

	*out = (struct outfile){.path = path};
	if (!strcmp(path, "-")) {
		if (isatty(STDOUT_FILENO)) {
			out->fd = -1;
			return err_usage(err, "a capture is not for terminals: redirect it");
		}
		out->fd = take_stdout();
	} else {
		is_new = access(path, F_OK) && errno == ENOENT;
		out->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	}
	if (out->fd < 0)
		return err_set(err, -errno, "cannot open '%s': %s", path, strerror(errno));
	if (is_new)
		give_to_caller(out->fd);
	return 0;
}

int outfile_put(void *outfile, const void *bytes, size_t len)
{
	struct outfile *out = outfile;
	const char *at = bytes;

	while (len && !out->failed) {
		ssize_t part = write(out->fd, at, len);

		if (part < 0 && errno != EINTR)
			out->failed = -errno;
		if (part > 0) {
			at += part;
			len -= part;
			out->bytes += part;
		}
	}
	return out->failed;
}

int outfile_close(struct outfile *out, struct err *err)
{
	if (out->fd >= 0 && close(out->fd) && !out->failed)
		out->failed = -errno; /* some file systems say it only now */
	out->fd = -1;
	if (!out->failed)
		return 0;
	return err_set(err, out->failed, "cannot write '%s': %s; what was written can be read",
		       strcmp(out->path, "-") ? out->path : "standard output",
		       strerror(-out->failed));
}
