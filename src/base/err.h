/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Errors travel as a negative errno plus one sentence. Whoever knows the name
 * of the thing that failed writes the sentence; callers may put context in
 * front; only src/cmd and src/main.c print it, once.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

/* What kind of trouble it is. Which exit status that means is the command's business: struct cmd.
 */
enum err_kind {
	ERR_FAILED, /* it was tried, and did not work */
	ERR_USAGE,  /* the command line makes no sense */
	ERR_CANNOT, /* this kernel or these privileges cannot */
	ERR_KIND_CNT
};

struct err {
	enum err_kind kind;
	char msg[512]; /* no allocation: reporting ENOMEM must not need memory */
};

/* Set @err, of kind ERR_FAILED, and return @code (negative): callers can "return err_set(...)". */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same of kind ERR_USAGE; returns -EINVAL. */
int err_usage(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same of kind ERR_CANNOT; returns -EOPNOTSUPP. */
int err_cannot(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Put "<fmt>: " in front of the sentence already there, keep its kind, and return @code. */
int err_wrap(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
