// SPDX-License-Identifier: GPL-2.0-only
/*
 * holdouts CAPTURE - each record of RCU's kthread that names a CPU which is waited for, as a line
 * of JSON: when (CLOCK_MONOTONIC), the CPU that the kthread leaves, or null at a wake-up, all the
 * CPUs that are waited for, the one that is named, and the thread on it; 0: none.
 */
#include <inttypes.h>
#include <stdio.h>

#include "records.h"

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
	return argc != 2 || each_record(argv[1], on_record, NULL);
}
