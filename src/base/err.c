// SPDX-License-Identifier: GPL-2.0-only
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void set(struct err *err, enum err_kind kind, const char *fmt, va_list args)
{
	if (!err)
		return;
	err->kind = kind;
	vsnprintf(err->msg, sizeof(err->msg), fmt, args);
}

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	set(err, ERR_FAILED, fmt, args);
	va_end(args);
	return code;
}

int err_usage(struct err *err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	set(err, ERR_USAGE, fmt, args);
	va_end(args);
	return -EINVAL;
}

int err_cannot(struct err *err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	set(err, ERR_CANNOT, fmt, args);
	va_end(args);
	return -EOPNOTSUPP;
}

int err_wrap(struct err *err, int code, const char *fmt, ...)
{
	char tail[sizeof(err->msg)];
	va_list args;
	size_t len;

	if (!err)
		return code;
	memcpy(tail, err->msg, sizeof(tail));
	va_start(args, fmt);
	set(err, err->kind, fmt, args);
	va_end(args);

	/* What does not fit is cut at the end: the context in front is the newer news. */
	len = strlen(err->msg);
	snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", tail);
	return code;
}
