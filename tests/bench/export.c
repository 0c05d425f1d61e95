// SPDX-License-Identifier: GPL-2.0-only
/*
 * export [SECONDS] - what the daemon's work costs without the kernel: 1 000 VMs that live on, and
 * 1 000 that are born, stall and die each second, as records through the ledger into the metrics,
 * with a scrape of each format every (virtual) second. HTTP and the ring buffer come on top:
 * tests/export/suite.sh has those.
 */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "ledger/ledger.h"
#include "metrics/metrics.h"
#include "metrics/prom.h"
#include "output/summary.h"
#include "ledger/symbols.h"

#include "lives.h"

#define LIVE	  1000
#define BOOTS	  1000 /* a second */
#define SECOND_NS 1000000000ULL

struct bench {
	struct symbols *syms;
	struct metrics *metrics;
	struct ledger *ledger;
	struct str out;
	struct life_maker maker;
	uint64_t records;
};

static double seconds(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static uint64_t rss_kb(void)
{
	unsigned long size, resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file || fscanf(file, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	if (file)
		fclose(file);
	return resident * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}

static uint64_t heap_bytes(void)
{
	return mallinfo2().uordblks;
}

/* ---- the sinks of export ---- */

static void on_stall(void *ctx, const struct stall *stall)
{
	metrics_stall(((struct bench *)ctx)->metrics, stall);
}

static void on_vm_new(void *ctx, struct vm *vm)
{
	snprintf(vm->name, sizeof(vm->name), "microvm-%u", vm->id);
	metrics_vm_new(((struct bench *)ctx)->metrics, vm);
}

static void on_vm_gone(void *ctx, const struct vm *vm)
{
	metrics_vm_gone(((struct bench *)ctx)->metrics, vm);
}

static void on_asleep(void *ctx, const struct stall *stall)
{
	metrics_asleep(((struct bench *)ctx)->metrics, stall);
}

static void feed(void *ctx, const void *record, size_t size)
{
	struct bench *bench = ctx;

	ledger_record(bench->ledger, record, size);
	metrics_record(bench->metrics, bench->syms, record, size);
	bench->records++;
}

/* A second: as many die as are born, all of them another's address and pid. */
static void second(struct bench *bench, uint32_t now)
{
	uint64_t begin_ns = bench->maker.ts_ns;

	for (uint32_t i = 0; i < BOOTS; i++) {
		uint32_t n = LIVE + 1 + (now % 2) * BOOTS + i;

		live_through(&bench->maker, n);
		gone(&bench->maker, LIVE + 1 + ((now + 1) % 2) * BOOTS + i);
	}
	bench->maker.ts_ns = begin_ns + SECOND_NS;
}

/* ---- figures ---- */

static double scrape(struct bench *bench, enum prom_format format)
{
	const struct prom_cfg cfg = {.format = format};
	double begin = seconds(CLOCK_PROCESS_CPUTIME_ID);

	str_reset(&bench->out);
	metrics_judge(bench->metrics, bench->maker.ts_ns);
	prom_write(&bench->out, bench->metrics, &cfg);
	return seconds(CLOCK_PROCESS_CPUTIME_ID) - begin;
}

static int setup(struct bench *bench, uint32_t vm_limit)
{
	static const struct ledger_ops ops = {
		.stall = on_stall, .vm_new = on_vm_new, .vm_gone = on_vm_gone, .asleep = on_asleep};
	const struct metrics_cfg cfg = {.vm_limit = vm_limit, .min_ns = 1000, .version = "bench"};

	bench->maker.ts_ns = 1000 * SECOND_NS;
	bench->maker.feed = feed;
	bench->maker.ctx = bench;
	bench->syms = lives_symbols();
	bench->metrics = metrics_new(&cfg);
	bench->ledger = ledger_new(bench->syms, 100, &ops, bench);
	str_init(&bench->out);
	return bench->metrics && bench->ledger ? 0 : 1;
}

static void run(uint32_t vm_limit, uint32_t duration)
{
	struct bench bench = {0};
	double cpu[PROM_FORMAT_CNT] = {0}, begin;
	size_t bytes[PROM_FORMAT_CNT] = {0};
	uint64_t rss_before = rss_kb(), heap_before, lost = 0;

	if (setup(&bench, vm_limit))
		exit(1);
	heap_before = heap_bytes();
	for (uint32_t n = 1; n <= LIVE; n++)
		live_through(&bench.maker, n);
	printf("--vm-limit %u\n  %d live VMs: %" PRIu64 " kB resident, %" PRIu64
	       " bytes of heap a VM",
	       vm_limit, LIVE, rss_kb() - rss_before, (heap_bytes() - heap_before) / LIVE);
	ledger_tidy(bench.ledger, bench.maker.ts_ns + 11 * SECOND_NS);
	printf(", %" PRIu64 " at rest\n", (heap_bytes() - heap_before) / LIVE);
	begin = seconds(CLOCK_PROCESS_CPUTIME_ID);
	for (uint32_t now = 0; now < duration; now++) {
		second(&bench, now);
		for (int i = 0; i < PROM_FORMAT_CNT; i++) {
			cpu[i] += scrape(&bench, i);
			bytes[i] = bench.out.len;
		}
	}
	begin = seconds(CLOCK_PROCESS_CPUTIME_ID) - begin - cpu[0] - cpu[1] - cpu[2];
	for (int i = 0; i < KS_LOSS_CNT; i++)
		lost += ledger_get_stats(bench.ledger)->losses[i];
	printf("  %d boots/s for %u s: %.2f %% of a CPU, %.1f M records/s, %" PRIu64 " lost\n",
	       BOOTS, duration, 100 * begin / duration, bench.records / begin / 1e6, lost);
	for (int i = 0; i < PROM_FORMAT_CNT; i++)
		printf("  scrape, %.24s: %.2f ms, %zu bytes\n", prom_content_type(i),
		       1000 * cpu[i] / duration, bytes[i]);
	printf("  resident at the end: %" PRIu64 " kB\n", rss_kb());
	ledger_free(bench.ledger);
	metrics_free(bench.metrics);
	symbols_free(bench.syms);
	str_fini(&bench.out);
}

/* A process each, so that memory is its own. */
static int run_apart(uint32_t vm_limit, uint32_t duration)
{
	int status = 1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		run(vm_limit, duration);
		exit(0);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
	return status != 0;
}

int main(int argc, char **argv)
{
	uint32_t duration = argc > 1 ? (uint32_t)atoi(argv[1]) : 61;

	return run_apart(100, duration) | run_apart(1000, duration);
}
