/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Errors travel as a negative errno plus one sentence. Whoever knows the name
 * of the thing that failed writes the sentence; callers may put context in
 * front; only src/cmd and src/main.c print it, once.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

struct err {
	int exit_code; /* what the process should exit with; 0: the command's default (1) */
	char msg[512]; /* no allocation: reporting ENOMEM must not need memory */
};

/* Set @err and return @code (negative), so that callers can "return err_set(...)". */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same for bad usage (exit status 2); returns -EINVAL. */
int err_usage(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same for a kernel or privilege that cannot (exit status 3); returns -EOPNOTSUPP. */
int err_cannot(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Put "<fmt>: " in front of the sentence already there and return @code. */
int err_wrap(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
