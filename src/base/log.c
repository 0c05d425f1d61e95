// SPDX-License-Identifier: GPL-2.0-only
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
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

void log_vmsg(enum log_level level, const char *fmt, va_list args)
{
	int saved_errno = errno;
	char line[1024], clean[sizeof(line)], whole[sizeof(line) + 32];
	size_t len;

	if (level > current_level)
		return;
	vsnprintf(line, sizeof(line), fmt, args);
	len = strlen(line);
	/* libbpf's messages bring their own newline. */
	if (len && line[len - 1] == '\n')
		line[len - 1] = '\0';
	/* One call a line, so that lines of several threads do not mix. */
	sanitize_lines(clean, sizeof(clean), line);
	snprintf(whole, sizeof(whole), "%skvmstall: %s%s\n",
		 is_for_journal ? priorities[level] : "", level == LOG_LEVEL_DEBUG ? "  " : "",
		 clean);
	log_text(whole, strlen(whole));
	errno = saved_errno;
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_vmsg(level, fmt, args);
	va_end(args);
}
