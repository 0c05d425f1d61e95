// SPDX-License-Identifier: GPL-2.0-only
/*
 * growth - what a large host costs user space, at 100, 1 000 and 10 000 VMs: records of 192 CPUs,
 * all interleaved, through order, ledger and metrics on one core; memory of a VM at rest; a scrape.
 * And what a scan costs that finds each of 10 000, 100 000 and 1 000 000 threads asleep, one record
 * each. Synthetic: no kernel.
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
#include "ledger/reorder.h"
#include "metrics/metrics.h"
#include "metrics/prom.h"

#include "lives.h"

#define CPUS	    192
#define BATCH_MAX   (CPUS * 32)
#define RECORD_MAX  512
#define RECORDS	    2000000
#define BATCH_NS    1000000ULL
#define SPREAD_NS   50000 /* when CPUs begin */
#define OVERTAKE_NS 3000  /* from the time that a record has to its place in the ring */
#define SCRAPES	    7

struct kept {
	uint64_t place;
	size_t size;
	char record[RECORD_MAX];
};

struct large_host {
	struct life_maker maker;
	struct symbols *syms;
	struct metrics *metrics;
	struct ledger *ledger;
	struct reorder *order;
	struct kept *batch;
	size_t batch_cnt;
	uint64_t records;
	double spent_s;
};

static double cpu_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void on_stall(void *ctx, const struct stall *stall)
{
	metrics_stall(((struct large_host *)ctx)->metrics, stall);
}

static void on_vm_new(void *ctx, struct vm *vm)
{
	snprintf(vm->name, sizeof(vm->name), "microvm-%u", vm->id);
	metrics_vm_new(((struct large_host *)ctx)->metrics, vm);
}

static void on_vm_gone(void *ctx, const struct vm *vm)
{
	metrics_vm_gone(((struct large_host *)ctx)->metrics, vm);
}

static void on_asleep(void *ctx, const struct stall *stall)
{
	metrics_asleep(((struct large_host *)ctx)->metrics, stall);
}

static int on_ordered(void *ctx, const void *record, size_t size)
{
	struct large_host *bench = ctx;

	ledger_record(bench->ledger, record, size);
	metrics_record(bench->metrics, bench->syms, record, size);
	return 0;
}

static void keep(void *ctx, const void *record, size_t size)
{
	struct large_host *bench = ctx;
	const struct ks_head *head = record;
	struct kept *kept = &bench->batch[bench->batch_cnt++];

	if (bench->batch_cnt > BATCH_MAX || size > RECORD_MAX)
		abort();
	kept->place = head->ts_ns + random() % OVERTAKE_NS;
	kept->size = size;
	memcpy(kept->record, record, size);
}

static int place_cmp(const void *a, const void *b)
{
	const struct kept *one = a, *two = b;

	return (one->place > two->place) - (one->place < two->place);
}

/* What is kept goes on as the ring would have it; only this is measured. */
static void pass(struct large_host *bench, uint64_t now_ns)
{
	double start_s;

	qsort(bench->batch, bench->batch_cnt, sizeof(*bench->batch), place_cmp);
	start_s = cpu_s();
	for (size_t i = 0; i < bench->batch_cnt; i++)
		if (reorder_push(bench->order, bench->batch[i].record, bench->batch[i].size))
			abort();
	reorder_flush(bench->order, now_ns);
	bench->spent_s += cpu_s() - start_s;
	bench->records += bench->batch_cnt;
	bench->batch_cnt = 0;
}

/* Each CPU has another VM, which does what starts a grace period and then waits for it. */
static void one_batch(struct large_host *bench, uint32_t vms, uint64_t start_ns)
{
	uint32_t first = random() % vms;

	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		uint32_t n = 1 + (first + cpu) % vms;

		bench->maker.cpu = cpu;
		bench->maker.ts_ns = start_ns + (vms < CPUS ? 100000ULL * (cpu / vms) : 0) +
				     random() % SPREAD_NS;
		defer(&bench->maker, n);
		stall(&bench->maker, n);
	}
	pass(bench, start_ns);
}

/* One VM of the host ends, by a close or with its process, and another begins. */
static void one_boot(struct large_host *bench, uint32_t n, uint64_t start_ns)
{
	bench->maker.ts_ns = start_ns;
	if (n % 2)
		gone(&bench->maker, n);
	else
		killed(&bench->maker, n);
	born(&bench->maker, n);
	pass(bench, start_ns);
}

static int setup(struct large_host *bench, uint32_t vm_limit)
{
	static const struct ledger_ops ops = {
		.stall = on_stall, .vm_new = on_vm_new, .vm_gone = on_vm_gone, .asleep = on_asleep};
	const struct metrics_cfg cfg = {.vm_limit = vm_limit, .min_ns = 1000, .version = "bench"};

	*bench = (struct large_host){
		.maker = {.ts_ns = 1000000000000ULL, .feed = keep, .ctx = bench}};
	bench->syms = lives_symbols();
	bench->metrics = metrics_new(&cfg);
	bench->ledger = ledger_new(bench->syms, 250, &ops, bench);
	bench->order = reorder_new(10000000, on_ordered, bench);
	bench->batch = calloc(BATCH_MAX, sizeof(*bench->batch));
	return bench->metrics && bench->ledger && bench->order && bench->batch ? 0 : 1;
}

static void scrape(struct large_host *bench, uint64_t now_ns, double *ms, size_t *bytes)
{
	const struct prom_cfg cfg = {.format = 0};
	double start_s = cpu_s();
	struct str out;

	str_init(&out);
	for (int i = 0; i < SCRAPES; i++) {
		str_reset(&out);
		metrics_judge(bench->metrics, now_ns);
		prom_write(&out, bench->metrics, &cfg);
	}
	*ms = 1000 * (cpu_s() - start_s) / SCRAPES;
	*bytes = out.len;
	str_fini(&out);
}

static void vms_run(uint32_t vms)
{
	size_t before, at_rest, bytes, bytes_100;
	struct large_host bench;
	double ms;
	uint64_t now_ns, lost = 0;

	if (setup(&bench, 100))
		exit(1);
	before = mallinfo2().uordblks;
	for (uint32_t n = 1; n <= vms; n++) {
		live_through(&bench.maker, n);
		pass(&bench, UINT64_MAX);
	}
	now_ns = bench.maker.ts_ns;
	ledger_tidy(bench.ledger, now_ns + 11000000000ULL);
	metrics_judge(bench.metrics, now_ns + 11000000000ULL);
	at_rest = (mallinfo2().uordblks - before) / vms;
	bench.records = 0;
	bench.spent_s = 0;
	now_ns += 20000000000ULL;
	for (uint32_t i = 0; bench.records < RECORDS; i++, now_ns += BATCH_NS) {
		one_batch(&bench, vms, now_ns);
		one_boot(&bench, 1 + i % vms, now_ns + BATCH_NS / 2);
	}
	reorder_flush(bench.order, UINT64_MAX);
	for (int i = 0; i < KS_LOSS_CNT; i++)
		lost += ledger_get_stats(bench.ledger)->losses[i];
	scrape(&bench, now_ns, &ms, &bytes_100);
	printf("| %u VMs | %.1f | %" PRIu64 " | %zu | %.2f | %.0f |", vms,
	       bench.records / bench.spent_s / 1e6, lost + reorder_late(bench.order), at_rest, ms,
	       bytes_100 / 1024.0);
	if (setup(&bench, vms))
		exit(1);
	for (uint32_t n = 1; n <= vms; n++) {
		live_through(&bench.maker, n);
		pass(&bench, UINT64_MAX);
	}
	scrape(&bench, bench.maker.ts_ns, &ms, &bytes);
	printf(" %.2f | %.0f |\n", ms, bytes / 1024.0);
}

static void scan_run(uint32_t threads)
{
	struct ks_task task = {.head = {.type = KS_ASLEEP, .ts_ns = 2000000000000ULL},
			       .begin_ns = 1999000000000ULL,
			       .off_ns = 1999000001000ULL,
			       .kvm = kvm_of(1),
			       .ssp = kvm_of(1) + 0x1000,
			       .cmd = MEMSLOT,
			       .kind = KS_KIND_VM,
			       .state = 2,
			       .frames = 2,
			       .stack = {SYNC + 4, SWAP + 4},
			       .comm = "firecracker"};
	struct large_host bench;
	double start_s;

	if (setup(&bench, 100))
		exit(1);
	live_through(&bench.maker, 1);
	pass(&bench, UINT64_MAX);
	metrics_asleep_begin(bench.metrics);
	start_s = cpu_s();
	for (uint32_t i = 1; i <= threads; i++) {
		task.head.tid = i;
		task.tgid = i;
		task.head.ts_ns += 1000;
		on_ordered(&bench, &task, sizeof(task));
	}
	printf("| %u threads | %.0f | %.0f |\n", threads, 1e9 * (cpu_s() - start_s) / threads,
	       1000 * (cpu_s() - start_s));
}

/* A process each, so that memory is its own. */
static int apart(void (*run)(uint32_t), uint32_t cnt)
{
	int status = 1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		run(cnt);
		exit(0);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
	return status != 0;
}

int main(void)
{
	int ret;

	printf("| | M records/s | lost | bytes a VM at rest | scrape, 100 VMs with series (ms) | "
	       "KiB | "
	       "scrape, all with series (ms) | KiB |\n|---|--:|--:|--:|--:|--:|--:|--:|\n");
	ret = apart(vms_run, 100) | apart(vms_run, 1000) | apart(vms_run, 10000);
	printf("\n| scan that finds asleep | ns each | ms |\n|---|--:|--:|\n");
	return ret | apart(scan_run, 10000) | apart(scan_run, 100000) | apart(scan_run, 1000000);
}
