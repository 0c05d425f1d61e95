// SPDX-License-Identifier: GPL-2.0-only
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/sanitize.h"

/* The one piece of process-wide state: a level threaded through every call would help nobody. */
static enum log_level current_level = LOG_LEVEL_NOTICE;
static bool is_for_journal;
static const struct io_waiter *waiter;
static int log_fd = STDERR_FILENO; /* another one, of the same terminal, while there is a waiter */

static const char *const priorities[] = {"<3>", "<4>", "<5>", "<6>", "<7>"};

void log_set_journal(bool is_journal)
{
	is_for_journal = is_journal;
}

void log_set_waiter(const struct io_waiter *io_waiter)
{
	if (log_fd != STDERR_FILENO)
		close(log_fd);
	log_fd = io_waiter ? io_open_tty(STDERR_FILENO) : STDERR_FILENO;
	waiter = io_waiter;
}

void log_text(const char *text, size_t len)
{
	io_write_all(log_fd, text, len, NULL, waiter);
}

void log_set_verbosity(bool is_quiet, unsigned int verbose)
{
	if (is_quiet)
		current_level = LOG_LEVEL_ERROR;
	else if (verbose)
		current_level = verbose > 1 ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
}

/* What stands before a message: "<3>kvmstall:   " */
#define HEAD_MAX 32

/* One call a line, so that lines of several threads do not mix. @whole: room for @text and its
 * head. */
static void put_line(enum log_level level, char *text, char *whole, size_t size)
{
	size_t len = strlen(text), head;

	/* libbpf's messages bring their own newline. */
	if (len && text[len - 1] == '\n')
		text[len - 1] = '\0';
	head = snprintf(whole, size, "%skvmstall: %s", is_for_journal ? priorities[level] : "",
			level == LOG_LEVEL_DEBUG ? "  " : "");
	sanitize_lines(whole + head, size - head - 1, text);
	strcat(whole, "\n");
	log_text(whole, strlen(whole));
}

void log_vmsg(enum log_level level, const char *fmt, va_list args)
{
	int saved_errno = errno;
	char text[1024], whole[sizeof(text) + HEAD_MAX], *room = NULL;
	va_list again;
	int len;

	if (level > current_level)
		return;
	va_copy(again, args);
	len = vsnprintf(text, sizeof(text), fmt, args);
	/* The verifier's last words, after many, are those that count. */
	if (len >= (int)sizeof(text))
		room = malloc(2 * ((size_t)len + 1) + HEAD_MAX);
	if (room) {
		vsnprintf(room, len + 1, fmt, again);
		put_line(level, room, room + len + 1, (size_t)len + 1 + HEAD_MAX);
	} else {
		put_line(level, text, whole, sizeof(whole));
	}
	va_end(again);
	free(room);
	errno = saved_errno;
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_vmsg(level, fmt, args);
	va_end(args);
}
