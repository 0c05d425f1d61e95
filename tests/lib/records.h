/* SPDX-License-Identifier: GPL-2.0-only */
/* For programs of the tests that look at each record of a recording. */
#ifndef TESTS_LIB_RECORDS_H
#define TESTS_LIB_RECORDS_H

#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "capture/capture.h"

/* Call @on_record with @ctx for each record of @file. Non-zero: it cannot be read, and standard
 * error says why. */
static inline int each_record(const char *file,
			      int (*on_record)(void *ctx, const void *record, size_t size),
			      void *ctx)
{
	const struct capture_ops ops = {.record = on_record};
	struct capture_reader *reader = capture_reader_new(&ops, ctx);
	FILE *in = fopen(file, "re");
	struct err err = {.msg = ""};
	static char buf[65536];
	size_t len;
	int ret = 0;

	if (!in || !reader) {
		perror(file);
		return -1;
	}
	while (!ret && (len = fread(buf, 1, sizeof(buf), in)))
		ret = capture_reader_feed(reader, buf, len, &err);
	if (!ret)
		ret = capture_reader_finish(reader, &err);
	if (ret)
		fprintf(stderr, "%s: %s\n", file, err.msg);
	capture_reader_free(reader);
	fclose(in);
	return ret;
}

#endif
