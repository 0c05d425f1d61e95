// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/export/textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/str.h"

#define NAME	     "kvmstall.prom"
#define NAME_PENDING "kvmstall.prom.new"

struct textfile {
	const char *dir;
	int dir_fd;
};

struct textfile *textfile_open(const char *dir, struct err *err)
{
	struct textfile *textfile = malloc(sizeof(*textfile));

	if (!textfile) {
		err_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	textfile->dir = dir;
	textfile->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (textfile->dir_fd < 0) {
		err_set(err, -errno, "cannot open '%s': %s", dir, strerror(errno));
		free(textfile);
		return NULL;
	}
	return textfile;
}

void textfile_close(struct textfile *textfile)
{
	if (!textfile)
		return;
	close(textfile->dir_fd);
	free(textfile);
}

static int replace_file(int dir_fd, const struct str *text)
{
	_close_ int fd = -1;
	int ret;

	/* What is there may be a FIFO: to open that would wait for its reader. */
	unlinkat(dir_fd, NAME_PENDING, 0);
	fd = openat(dir_fd, NAME_PENDING, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	ret = fd < 0 ? -errno : 0;
	if (!ret && str_failed(text))
		ret = -ENOMEM;
	if (!ret)
		ret = io_write_all(fd, text->text, text->len, NULL, NULL);
	if (!ret && renameat(dir_fd, NAME_PENDING, dir_fd, NAME))
		ret = -errno;
	if (ret)
		unlinkat(dir_fd, NAME_PENDING, 0);
	return ret;
}

/* Somebody removed it, or moved it away, and made another one of its name. */
static void follow_name(struct textfile *textfile)
{
	struct stat ours, named;
	int fd;

	if (fstat(textfile->dir_fd, &ours) || stat(textfile->dir, &named) ||
	    (ours.st_dev == named.st_dev && ours.st_ino == named.st_ino))
		return;
	fd = open(textfile->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	close(textfile->dir_fd);
	textfile->dir_fd = fd;
}

int textfile_replace(struct textfile *textfile, const struct str *text, struct err *err)
{
	int ret;

	follow_name(textfile);
	ret = replace_file(textfile->dir_fd, text);

	if (ret)
		return err_set(err, ret, "cannot write '%s' in '%s': %s", NAME, textfile->dir,
			       strerror(-ret));
	return 0;
}

void textfile_remove(struct textfile *textfile)
{
	unlinkat(textfile->dir_fd, NAME, 0);
}

int textfile_try(struct textfile *textfile, struct err *err)
{
	int fd, code;

	unlinkat(textfile->dir_fd, NAME_PENDING, 0);
	fd = openat(textfile->dir_fd, NAME_PENDING, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0) {
		code = -errno;
		return err_set(err, code, "cannot write '%s' in '%s': %s", NAME, textfile->dir,
			       strerror(-code));
	}
	close(fd);
	unlinkat(textfile->dir_fd, NAME_PENDING, 0);
	return 0;
}
