/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages for people go to stderr through here; data goes to stdout elsewhere. errno is kept. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum log_level {
	LOG_LEVEL_ERROR,  /* always */
	LOG_LEVEL_WARN,	  /* unless -q: something is worse than it could be */
	LOG_LEVEL_NOTICE, /* unless -q: what people should know of a run that goes well */
	LOG_LEVEL_INFO,	  /* -v */
	LOG_LEVEL_DEBUG,  /* -vv: libbpf's own messages come here */
};

/* What -q and -v, or -vv, ask of every command that has them; neither: the default, NOTICE. */
void log_set_verbosity(bool is_quiet, unsigned int verbose);

/* Lines begin with their priority, as journald reads it from stderr: sd-daemon(3). */
void log_set_journal(bool is_journal);

/* How to wait where standard error is full (base/io.h); NULL: for ever. It must live until it is
 * changed. */
struct io_waiter;
void log_set_waiter(const struct io_waiter *waiter);

/* Whole lines for people, as they are, whatever the verbosity. */
void log_text(const char *text, size_t len);

void log_msg(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_vmsg(enum log_level level, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));

/* Lines are prefixed "kvmstall: " and get a newline. */
#define log_error(...)	log_msg(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)	log_msg(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_notice(...) log_msg(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)	log_msg(LOG_LEVEL_INFO, __VA_ARGS__)

#endif
