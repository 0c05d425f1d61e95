// SPDX-License-Identifier: GPL-2.0-only
#include "dump/dump.h"

#include <string.h>

#include "base/str.h"
#include "dump/chain.h"
#include "ledger/symbols.h"
#include "unit.h"

#define SEC 1000000000ULL

/* Addresses, and who is who. */
enum { DOMAIN = 0xd000, WORK = 0xd100, PROCESS = 0xf000, SHUTDOWN = 0xf100, SWAP = 0xf200 };
enum { KVM = 0x1000, RESAMPLER = 0x1040, POOL = 0x2000, OTHER_POOL = 0x3000 };
enum { CALLER = 101, READER = 103, WORKER = 107, SECOND = 109 };

static struct ks_dump_task *add_task(struct dump *dump, uint32_t tid, const char *comm)
{
	struct ks_dump_task task = {.tid = tid, .tgid = CALLER, .state = 2};

	strcpy(task.comm, comm);
	assert_int_equal(dump_add_task(dump, &task), 0);
	return &dump->tasks[dump->tasks_cnt - 1];
}

/* @task waits for a mutex, which another one has. */
static void wants(struct ks_dump_task *task, uint64_t lock, uint32_t owner_tid, const char *owner)
{
	task->lock = lock;
	task->owner_tid = owner_tid;
	strcpy(task->owner_comm, owner);
}

/* A worker at @func, in the pool. */
static struct ks_dump_task *add_worker(struct dump *dump, uint64_t pool, uint64_t func)
{
	struct ks_dump_task task = {.tid = WORKER,
				    .tgid = WORKER,
				    .state = 2,
				    .flags = KS_DUMP_WORKER,
				    .pool = pool,
				    .work = 0x9000,
				    .func = func,
				    .comm = "kworker/1:2",
				    .queue = "kvm-irqfd-cleanup",
				    .frames = 1,
				    .stack = {SWAP + 8}};

	assert_int_equal(dump_add_task(dump, &task), 0);
	dump->pools[dump->pools_cnt - 1].id = 6;
	dump->pools[dump->pools_cnt - 1].cpu = 1;
	dump->pools[dump->pools_cnt - 1].running = 1;
	dump->pools[dump->pools_cnt - 1].workers = 2;
	return &dump->tasks[dump->tasks_cnt - 1];
}

/* A call of CALLER's that waits on the domain of VM 1, by the ledger, and how the domain is. */
static void add_wait(struct dump *dump, uint32_t tid, uint64_t seen_ns, enum culprit_kind kind,
		     uint32_t culprit)
{
	const struct vm vm = {.id = 1, .kvm = KVM, .tgid = CALLER, .comm = "vmm"};
	struct domain *dom = domain_new(DOMAIN, DOMAIN_SRCU, KVM);
	const struct ks_call rec = {
		.head = {.ts_ns = seen_ns, .tid = tid}, .tgid = CALLER, .comm = "vmm"};
	const struct segment segment = {.cause = KS_CAUSE_READER, .ns = 2 * SEC, .dom = dom};
	const struct stall stall = {
		.rec = &rec,
		.vm = &vm,
		.call = CALL_SET_USER_MEMORY_REGION,
		.begin_ns = seen_ns - 3 * SEC,
		.latency_ns = 3 * SEC,
		.cause = KS_CAUSE_READER,
		.segments = &segment,
		.segments_cnt = 1,
		.culprit = {.is_known = culprit, .kind = kind, .tid = culprit, .comm = "holder"},
	};

	assert_non_null(dom);
	assert_int_equal(dump_add_wait(dump, &stall), 0);
	domain_put(dom);
}

static void fill_domain(struct dump *dump, uint64_t pool)
{
	struct dump_domain *dom = &dump->domains[0];

	assert_int_equal(dump->domains_cnt, 1);
	assert_int_equal(dom->read.ssp, DOMAIN);
	dom->is_read = true;
	dom->read.seq = (7 << 2) + 2;
	dom->read.needed = 9 << 2;
	dom->read.begin = 1000;
	dom->read.work = WORK;
	dom->read.func = PROCESS;
	dom->read.pool = pool;
	dom->read.is_pending = pool != 0;
	strcpy(dom->read.queue, "rcu_gp");
	dump->vms[0].is_read = true;
	dump->vms[0].read.locks[4].lock = RESAMPLER;
}

/* "101 domain 103" */
static void assert_chain(const struct dump *dump, uint32_t tid, const char *expected, bool is_cycle)
{
	struct chain chain;
	struct str text;

	str_init(&text);
	chain_follow(dump, tid, &chain);
	for (size_t i = 0; i < chain.cnt; i++) {
		const struct link *link = &chain.links[i];

		str_adds(&text, i ? " " : "");
		if (link->kind == LINK_TASK)
			str_addf(&text, "%u", link->tid);
		else if (link->kind == LINK_SERVER)
			str_adds(&text, "server");
		else
			str_adds(&text, link->kind == LINK_POOL ? "pool" : "domain");
	}
	assert_string_equal(text.text, expected);
	assert_int_equal(chain.is_cycle, is_cycle);
	str_fini(&text);
}

static void assert_says(const struct dump *dump, const char *const *lines)
{
	const struct dump_facts facts = {.version = "0",
					 .release = "6.18.5",
					 .arch = "x86_64",
					 .hz = 250,
					 .taint = 512,
					 .is_taint_known = true,
					 .now_ns = 100 * SEC,
					 .dmesg_ns = 99 * SEC,
					 .jiffies = 2000};
	struct symbols *syms = symbols_new();
	struct str text;

	assert_non_null(syms);
	assert_int_equal(symbols_add(syms, PROCESS, "process_srcu"), 0);
	assert_int_equal(symbols_add(syms, SHUTDOWN, "irqfd_shutdown"), 0);
	assert_int_equal(symbols_add(syms, SWAP, "kvm_swap_active_memslots"), 0);
	symbols_sort(syms);
	str_init(&text);
	dump_text(dump, &facts, syms, &text);
	assert_false(str_failed(&text));
	for (; *lines; lines++)
		if (!strstr(text.text, *lines))
			fail_msg("not in it: %s\n%s", *lines, text.text);
	str_fini(&text);
	symbols_free(syms);
}

static void a_reader_is_where_it_ends(void **state)
{
	static const char *const lines[] = {
		"at [   99.000000]",
		"kernel 6.18.5 x86_64, HZ 250, taint 512\n",
		"irqfd_shutdown: 0 running, 0 pending\n",
		"  <- holder[103] is in the read side\n  there it ends\n",
		"in it since [   96.000000] (3.00s ago)\n",
		"kvm.srcu of vmm[101]: gp_seq 30 (scan 2), needed 36\n",
		"its grace period is 4.00s old\n",
		NULL};
	struct dump dump = {0};

	(void)state;
	add_wait(&dump, CALLER, 100 * SEC, CULPRIT_READER, READER);
	assert_int_equal(dump_begin(&dump), 0);
	fill_domain(&dump, 0);
	add_task(&dump, CALLER, "vmm");
	assert_chain(&dump, CALLER, "101 domain 103", false);
	assert_says(&dump, lines);
	dump_fini(&dump);
}

/* It holds a mutex while it waits for the reader, and a third waits for that mutex: no call of
 * KVM's was seen of it. */
static void who_waits_for_a_mutex_is_shown(void **state)
{
	static const char *const lines[] = {
		"  second[109]\n  <- vmm[101] holds irqfds.resampler_lock of vmm[101], in "
		"KVM_SET_USER",
		"  second[109]: asleep",
		"waits for irqfds.resampler_lock of vmm[101], of vmm[101]\n",
		"mutexes that somebody holds\n  irqfds.resampler_lock of vmm[101]: vmm[101]\n",
		NULL};
	struct dump dump = {0};
	struct ks_dump_task *task;

	(void)state;
	add_wait(&dump, CALLER, 100 * SEC, CULPRIT_READER, READER);
	assert_int_equal(dump_begin(&dump), 0);
	fill_domain(&dump, 0);
	dump.vms[0].read.locks[4].owner_tid = CALLER;
	strcpy(dump.vms[0].read.locks[4].owner_comm, "vmm");
	add_task(&dump, CALLER, "vmm");
	task = add_task(&dump, SECOND, "second");
	wants(task, RESAMPLER, CALLER, "vmm");
	assert_chain(&dump, SECOND, "109 101 domain 103", false);
	assert_says(&dump, lines);
	dump_fini(&dump);
}

/*
 * The hang of spring 2026: a call holds the mutex and waits for a grace period, whose work waits in
 * a pool; the pool starts no other worker while one of its own, asleep for that mutex, counts as
 * running.
 */
static void a_pool_whose_worker_waits_for_the_caller_is_a_cycle(void **state)
{
	static const char *const lines[] = {
		"irqfd_shutdown: 1 running, 1 pending\n",
		"  <- its work is queued in pool 6 of CPU 1: nr_running 1, nr_idle 0\n"
		"  <- kworker/1:2[107] keeps it busy, at irqfd_shutdown\n"
		"  <- vmm[101] holds irqfds.resampler_lock of vmm[101], in "
		"KVM_SET_USER_MEMORY_REGION\n"
		"  a cycle: the last is the one 4 above it\n",
		"work process_srcu: pending in pool 6 of CPU 1, queue rcu_gp: 0 active, 0 "
		"inactive\n",
		"  pool 6 of CPU 1: 2 workers, nr_running 1, nr_idle 0, 2 pending, progress 8.00s "
		"ago\n"
		"    kworker/1:2[107] at irqfd_shutdown of kvm-irqfd-cleanup, asleep, and its pool"
		" does not know (sleeping 0)\n"
		"      waits for irqfds.resampler_lock of vmm[101], of vmm[101]\n"
		"      kvm_swap_active_memslots+0x8\n"
		"    pending: process_srcu\n    pending: irqfd_shutdown\n",
		NULL};
	struct dump dump = {0};
	struct ks_dump_task *task;

	(void)state;
	add_wait(&dump, CALLER, 100 * SEC, CULPRIT_NONE, 0);
	assert_int_equal(dump_begin(&dump), 0);
	fill_domain(&dump, POOL);
	add_task(&dump, CALLER, "vmm");
	task = add_worker(&dump, POOL, SHUTDOWN);
	wants(task, RESAMPLER, CALLER, "vmm");
	dump.pools[0].pending = 2;
	dump.pools[0].kept = 2;
	dump.pools[0].works[0].func = PROCESS;
	dump.pools[0].works[1].func = SHUTDOWN;
	assert_chain(&dump, CALLER, "101 domain pool 107 101", true);
	assert_says(&dump, lines);
	dump_fini(&dump);
}

/* The grace period is over, and nobody has run the callback that wakes who waits for it. */
static void callbacks_that_nobody_runs_are_what_a_domain_waits_for(void **state)
{
	static const char *const lines[] = {
		"  <- a grace period of kvm.srcu of vmm[101]\n"
		"  <- it is over; its callbacks are queued in pool 6 of CPU 1: nr_running 1, "
		"nr_idle "
		"0\n"
		"  <- kworker/1:2[107] keeps it busy, at irqfd_shutdown\n"
		"  there it ends\n",
		NULL};
	struct dump dump = {0};

	(void)state;
	add_wait(&dump, CALLER, 100 * SEC, CULPRIT_NONE, 0);
	assert_int_equal(dump_begin(&dump), 0);
	fill_domain(&dump, 0);
	add_worker(&dump, POOL, SHUTDOWN);
	assert_chain(&dump, CALLER, "101 domain", false);
	dump.pools[0].kept = 3;
	dump.pools[0].works[2].ssp = DOMAIN;
	assert_chain(&dump, CALLER, "101 domain pool 107", false);
	assert_says(&dump, lines);
	dump_fini(&dump);
}

/* One that its pool knows to sleep is not what keeps others from being started. */
static void the_worker_that_counts_as_running_is_blamed(void **state)
{
	struct dump dump = {0};

	(void)state;
	add_wait(&dump, CALLER, 100 * SEC, CULPRIT_NONE, 0);
	assert_int_equal(dump_begin(&dump), 0);
	fill_domain(&dump, POOL);
	add_worker(&dump, POOL, SHUTDOWN)->flags |= KS_DUMP_SLEEPING;
	add_worker(&dump, POOL, SHUTDOWN)->tid = SECOND;
	assert_chain(&dump, CALLER, "101 domain pool 109", false);
	dump.tasks[1].state = 0; /* it has the CPU */
	assert_chain(&dump, CALLER, "101 domain pool 109", false);
	dump.tasks[1].work = 0; /* it is idle */
	assert_chain(&dump, CALLER, "101 domain pool 107", false);
	dump.tasks[0].pool = OTHER_POOL;
	assert_chain(&dump, CALLER, "101 domain pool", false);
	dump_fini(&dump);
}

static void the_worker_at_the_work_is_found(void **state)
{
	static const char *const lines[] = {"work process_srcu: run by kworker/1:2[107]",
					    "<- kworker/1:2[107] is at its work process_srcu\n",
					    NULL};
	struct dump dump = {0};

	(void)state;
	add_wait(&dump, CALLER, 100 * SEC, CULPRIT_NONE, 0);
	assert_int_equal(dump_begin(&dump), 0);
	fill_domain(&dump, POOL);
	add_worker(&dump, POOL, PROCESS)->work = WORK;
	assert_chain(&dump, CALLER, "101 domain 107", false);
	assert_says(&dump, lines);
	dump_fini(&dump);
}

/* The ledger's holder counts where the kernel does not say what a task waits for. */
static void the_holder_of_the_ledger_will_do(void **state)
{
	struct dump dump = {0};

	(void)state;
	add_wait(&dump, CALLER, 100 * SEC, CULPRIT_HOLDER, SECOND);
	add_wait(&dump, SECOND, 100 * SEC, CULPRIT_HOLDER, CALLER);
	assert_int_equal(dump_begin(&dump), 0);
	assert_chain(&dump, CALLER, "101 109 101", true);
	assert_chain(&dump, READER, "103", false);
	dump_fini(&dump);
}

/* READER waits for a page that a process of @threads threads could serve. */
static void add_fault(struct dump *dump, uint32_t server, uint32_t threads, bool is_polled)
{
	const struct ks_dump_fault fault = {.tid = READER,
					    .tgid = CALLER,
					    .server = server,
					    .threads = threads,
					    .is_polled = is_polled,
					    .comm = "vmm"};

	assert_int_equal(dump_add_fault(dump, &fault), 0);
}

/* A thread has the mutex and waits for the reader; the reader, for a page that the process itself
 * is to serve; and the thread that would do it, for the mutex. */
static void begin_fault(struct dump *dump)
{
	struct ks_dump_task *task;

	add_wait(dump, CALLER, 100 * SEC, CULPRIT_READER, READER);
	assert_int_equal(dump_begin(dump), 0);
	fill_domain(dump, 0);
	task = add_task(dump, SECOND, "server");
	wants(task, RESAMPLER, CALLER, "vmm");
	add_task(dump, CALLER, "vmm");
	add_task(dump, READER, "reader")->state = 1;
}

static void who_would_serve_the_page_waits_too(void **state)
{
	static const char *const lines[] = {
		"  server[109]\n"
		"  <- vmm[101] holds irqfds.resampler_lock of vmm[101], in "
		"KVM_SET_USER_MEMORY_REGION\n"
		"  <- a grace period of kvm.srcu of vmm[101]\n"
		"  <- reader[103] is in the read side\n"
		"  <- server[109] has its userfaultfd; each thread of that process waits\n"
		"  a cycle: the last is the one 4 above it\n",
		NULL};
	struct dump dump = {0};

	(void)state;
	begin_fault(&dump);
	add_fault(&dump, CALLER, 3, false);
	assert_chain(&dump, SECOND, "109 101 domain 103 109", true);
	assert_says(&dump, lines);
	dump_fini(&dump);
}

/* One more thread, which is not asleep; events that wake somebody; or another process that has it.
 */
static void a_page_that_may_be_served_is_where_it_ends(void **state)
{
	static const char *const lines[] = {
		"  <- reader[103] is in the read side\n"
		"  <- vmm[101] has its userfaultfd; nobody waits for its events\n"
		"  there it ends\n",
		NULL};
	static const char *const polled[] = {
		"  <- vmm[101] has its userfaultfd; somebody waits for its events\n", NULL};
	static const char *const other[] = {
		"  <- vmm[107] has its userfaultfd; nobody waits for its events\n", NULL};
	struct dump dump = {0};

	(void)state;
	begin_fault(&dump);
	add_fault(&dump, CALLER, 4, false);
	assert_chain(&dump, SECOND, "109 101 domain 103 server", false);
	assert_says(&dump, lines);
	dump.faults[0].threads = 3;
	dump.faults[0].is_polled = true;
	assert_chain(&dump, SECOND, "109 101 domain 103 server", false);
	assert_says(&dump, polled);
	dump.faults[0].is_polled = false;
	add_fault(&dump, WORKER, 1, false);
	assert_chain(&dump, SECOND, "109 101 domain 103 server", false);
	assert_says(&dump, other);
	dump_fini(&dump);
}

/* Nobody is left who could: each thread waits for such a page. */
static void a_process_that_serves_itself_and_waits_is_where_it_ends(void **state)
{
	struct dump dump = {0};

	(void)state;
	add_wait(&dump, CALLER, 100 * SEC, CULPRIT_READER, READER);
	assert_int_equal(dump_begin(&dump), 0);
	fill_domain(&dump, 0);
	add_task(&dump, CALLER, "vmm");
	add_task(&dump, READER, "reader")->tgid = READER;
	add_fault(&dump, READER, 1, false);
	dump.faults[0].tgid = READER;
	assert_chain(&dump, CALLER, "101 domain 103 server", false);
	dump_fini(&dump);
}

static void what_an_older_scan_saw_is_forgotten(void **state)
{
	struct dump dump = {0};

	(void)state;
	add_wait(&dump, CALLER, 100 * SEC, CULPRIT_READER, READER);
	add_wait(&dump, SECOND, 100 * SEC - DUMP_SCAN_NS, CULPRIT_READER, READER);
	add_wait(&dump, CALLER, 100 * SEC + 1, CULPRIT_READER, READER);
	assert_int_equal(dump.waits_cnt, 2);
	assert_int_equal(dump_begin(&dump), 0);
	assert_int_equal(dump.waits_cnt, 1);
	assert_int_equal(dump.waits[0].tid, CALLER);
	dump_fini(&dump);
}

static void more_than_there_is_room_for_are_counted(void **state)
{
	static const char *const lines[] = {"\n5 tasks found no room in this dump\n", NULL};
	struct dump dump = {0};

	(void)state;
	for (uint32_t i = 1; i <= DUMP_WAITS_MAX + 2; i++)
		add_wait(&dump, i, 100 * SEC, CULPRIT_NONE, 0);
	assert_int_equal(dump_begin(&dump), 0);
	for (uint32_t i = 0; i < DUMP_TASKS_MAX + 3; i++)
		add_task(&dump, 1000 + i, "other")->tgid = 1;
	assert_int_equal(dump.waits_cnt, DUMP_WAITS_MAX);
	assert_int_equal(dump.tasks_cnt, DUMP_TASKS_MAX);
	assert_says(&dump, lines);
	dump_fini(&dump);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reader_is_where_it_ends),
		cmocka_unit_test(who_waits_for_a_mutex_is_shown),
		cmocka_unit_test(callbacks_that_nobody_runs_are_what_a_domain_waits_for),
		cmocka_unit_test(a_pool_whose_worker_waits_for_the_caller_is_a_cycle),
		cmocka_unit_test(the_worker_that_counts_as_running_is_blamed),
		cmocka_unit_test(the_worker_at_the_work_is_found),
		cmocka_unit_test(the_holder_of_the_ledger_will_do),
		cmocka_unit_test(who_would_serve_the_page_waits_too),
		cmocka_unit_test(a_page_that_may_be_served_is_where_it_ends),
		cmocka_unit_test(a_process_that_serves_itself_and_waits_is_where_it_ends),
		cmocka_unit_test(what_an_older_scan_saw_is_forgotten),
		cmocka_unit_test(more_than_there_is_room_for_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
