// SPDX-License-Identifier: GPL-2.0-only
/*
 * holdouts CAPTURE - each record of RCU's kthread that names a CPU which is waited for, as a line
 * of JSON: when (CLOCK_MONOTONIC), the CPU that the kthread leaves, or null at a wake-up, all the
 * CPUs that are waited for, the one that is named, and the thread on it; 0: none.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "capture/capture.h"

static int on_record(void *ctx, const void *record, size_t size)
{
	const struct ks_rcu *rec = record;
	const char *comma = "";

	(void)ctx;
	(void)size;
	if ((rec->head.type != KS_RCU_SLEEP && rec->head.type != KS_RCU_WAKE) || !rec->cpu_mask)
		return 0;
	printf("{\"ts_ns\":%" PRIu64 ",\"leaves\":", (uint64_t)rec->head.ts_ns);
	if (rec->head.type == KS_RCU_SLEEP)
		printf("%d,\"cpus\":[", rec->head.cpu);
	else
		printf("null,\"cpus\":[");
	for (int bit = 0; bit < 64; bit++)
		if (rec->cpu_mask >> bit & 1) {
			printf("%s%d", comma, rec->first_cpu + bit);
			comma = ",";
		}
	printf("],\"cpu\":%d,\"tid\":%" PRIu32 "}\n", rec->cpu, rec->tid);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct capture_ops ops = {.record = on_record};
	struct capture_reader *reader = capture_reader_new(&ops, NULL);
	FILE *file = argc > 1 ? fopen(argv[1], "re") : NULL;
	static char buf[65536];
	struct err err = {0};
	size_t len;
	int ret = 0;

	if (!file || !reader) {
		perror("holdouts");
		return 1;
	}
	while (!ret && (len = fread(buf, 1, sizeof(buf), file)))
		ret = capture_reader_feed(reader, buf, len, &err);
	if (!ret)
		ret = capture_reader_finish(reader, &err);
	if (ret)
		fprintf(stderr, "holdouts: %s\n", err.msg);
	return ret != 0;
}
