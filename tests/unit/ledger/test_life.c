// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/life.h"

#include "ledger/filter.h"
#include "trace.h"

/* ---- what came out ---- */

#define SPANS_MAX 8

struct lives {
	struct trace trace; /* first: the ledger's ctx */
	struct span spans[SPANS_MAX];
	uint32_t ids[SPANS_MAX];
	size_t cnt;
};

static void collect_span(void *ctx, const struct span *span)
{
	struct lives *lives = ctx;
	uint64_t sum = span->outside_ns;

	for (int i = 0; i < KS_CAUSE_CNT; i++)
		sum += span->by_cause[i];
	assert_true(sum == span->ns);
	assert_true(span->without_ns <= span->ns);
	assert_true(lives->cnt < SPANS_MAX);
	lives->ids[lives->cnt] = span->vm->id;
	lives->spans[lives->cnt++] = *span;
}

static struct lives *lives_run(const struct row *rows, size_t cnt)
{
	static const struct ledger_ops ops = {
		.stall = trace_collect, .asleep = trace_collect, .span = collect_span};
	struct lives *lives = calloc(1, sizeof(*lives));

	assert_non_null(lives);
	lives->trace.syms = symbols_new();
	for (size_t i = 0; i < CNT(trace_functions); i++)
		assert_int_equal(
			symbols_add(lives->trace.syms, FN_BASE + i * FN_SIZE, trace_functions[i]),
			0);
	symbols_sort(lives->trace.syms);
	lives->trace.ledger = ledger_new(lives->trace.syms, TRACE_HZ, &ops, lives);
	assert_non_null(lives->trace.ledger);
	trace_feed(&lives->trace, rows, cnt);
	return lives;
}

static void lives_free(struct lives *lives)
{
	ledger_free(lives->trace.ledger);
	symbols_free(lives->trace.syms);
	free(lives);
}

#define LIVE(rows) lives_run(rows, CNT(rows))

/* KVM_CREATE_VM began at @begin and made @n at @t. */
#define MADE(begin, t, n) BORN(t, n), STEP(BORN, t, 0, TRACE_NS(begin), .val = KVM(n))
#define RUNS(t, n)	  STEP(RUN, t, 0, 0, .val = KVM(n))
#define CLOSING(t, n)	  STEP(CLOSING, t, 0, 0, .val = KVM(n))

/* A call of VM 1 that sleeps for something that is no grace period, all but its first and last us.
 */
#define SLEEPER(begin, end, who)                                                                   \
	SLEEP(begin + 1, end - 1, end - 1, who, 0, .kind = KS_KIND_VM, .stack = IN_MUTEX),         \
		CALL(begin, end, who, 1, MEMSLOT, 1)

static void assert_span(const struct lives *lives, size_t i, enum span_kind kind, uint64_t us,
			uint64_t outside_us)
{
	const struct span *span = &lives->spans[i];

	assert_true(i < lives->cnt);
	assert_int_equal(span->kind, kind);
	assert_int_equal(span->ns, TRACE_NS(us));
	assert_int_equal(span->outside_ns, TRACE_NS(outside_us));
}

/* ---- starts ---- */

static void a_start_lasts_from_create_vm_to_the_first_run(void **state)
{
	const struct row rows[] = {
		MADE(100, 150, 1), SLEEPER(200, 300, 11), SLEEPER(350, 353, 11),
		RUNS(400, 1),	   SLEEPER(500, 600, 11), /* not of it any more */
		RUNS(700, 1),
	};
	struct lives *lives = LIVE(rows);

	(void)state;
	assert_int_equal(lives->cnt, 1);
	assert_span(lives, 0, SPAN_START, 300, 197);
	assert_true(lives->spans[0].has_run);
	assert_true(lives->spans[0].is_complete);
	assert_int_equal(lives->spans[0].calls, 2);
	assert_int_equal(lives->spans[0].by_cause[KS_CAUSE_RUN], TRACE_NS(4));
	assert_int_equal(lives->spans[0].worst_ns, TRACE_NS(98));
	lives_free(lives);
}

static void a_vm_left_paused_started_with_its_last_call(void **state)
{
	const struct row rows[] = {
		MADE(100, 150, 1),
		SLEEPER(200, 300, 11),
		/* neither slept nor took long: some recordings have it, others not */
		CALL(400, 420, 11, 1, IRQFD, 0),
		CLOSING(5000, 1),
		GONE(5010, 1),
		/* half a minute and more is no start */
		MADE(10000, 10050, 2),
		SLEEP(11001, 11100, 11100, 22, 0, .kind = KS_KIND_VM, .stack = IN_MUTEX),
		CALL(11000, 11101, 22, 2, MEMSLOT, 1),
		RUNS(11101 + 30000001, 2),
	};
	struct lives *lives = LIVE(rows);

	(void)state;
	ledger_finish(lives->trace.ledger);
	assert_int_equal(lives->cnt, 3);
	assert_span(lives, 0, SPAN_START, 200, 100);
	assert_false(lives->spans[0].has_run);
	assert_span(lives, 1, SPAN_END, 10, 10);
	assert_span(lives, 2, SPAN_START, 1101, 1000);
	assert_int_equal(lives->ids[2], 2);
	lives_free(lives);
}

/* Made to ask KVM what it can do, say: a start of no time is not what starting costs. */
static void a_vm_that_did_nothing_was_not_started(void **state)
{
	const struct row rows[] = {
		MADE(100, 150, 1),
		/* neither slept nor took long */
		CALL(400, 420, 11, 1, IRQFD, 0),
		CLOSING(5000, 1),
		GONE(5010, 1),
		MADE(6000, 6050, 2),
		GONE(6100, 2),
		/* this one runs at once */
		MADE(7000, 7050, 3),
		RUNS(7100, 3),
	};
	struct lives *lives = LIVE(rows);

	(void)state;
	ledger_finish(lives->trace.ledger);
	assert_int_equal(lives->cnt, 2);
	assert_span(lives, 0, SPAN_START, 100, 100);
	assert_int_equal(lives->ids[0], 3);
	assert_span(lives, 1, SPAN_END, 10, 10);
	lives_free(lives);
}

/* Two threads in calls at one time: each moment is one thread's, and none is outside. */
static void time_that_two_calls_share_counts_once(void **state)
{
	const struct row rows[] = {
		MADE(0, 0, 1),
		SLEEPER(100, 200, 11),
		SLEEPER(210, 220, 11),
		SLEEPER(300, 400, 11),
		/* from before all of them to after: what is left of it is 70 + 10 + 80 + 100 */
		SLEEP(31, 499, 499, 12, 0, .kind = KS_KIND_VM, .stack = IN_MUTEX),
		CALL(30, 500, 12, 1, MEMSLOT, 1),
		RUNS(500, 1),
	};
	struct lives *lives = LIVE(rows);

	(void)state;
	assert_int_equal(lives->cnt, 1);
	assert_span(lives, 0, SPAN_START, 500, 30);
	lives_free(lives);
}

/* A timer of somebody else's grace period: what it cost is saved in the start, too. */
static void a_start_without_the_outstanding_grace_period_is_shorter(void **state)
{
	const struct row rows[] = {
		MADE(0, 0, 1),
		START(10, 11, SRCU(1), GP(1), .val = 1, .vm = 1, .kind = KS_KIND_VM, .cmd = IRQCHIP,
		      .stack = IN_REGISTER_DEV),
		STEP(GP_QUEUE, 3000, SRCU(1), GP(1)),
		STEP(GP_BEGIN, 3001, SRCU(1), GP(1)),
		STEP(GP_END, 3003, SRCU(1), GP(2)),
		STEP(GP_QUEUE, 3003, SRCU(1), GP(2)),
		STEP(GP_BEGIN, 3004, SRCU(1), GP(2)),
		STEP(GP_END, 3006, SRCU(1), DONE(2)),
		STEP(CB_QUEUE, 3006, SRCU(1), DONE(2)),
		STEP(CB_BEGIN, 3007, SRCU(1), DONE(2)),
		SLEEP(101, 3008, 3010, 11, SRCU(1), .kind = KS_KIND_VM, .needed = DONE(2),
		      .stack = IN_MEMSLOT),
		CALL(100, 3011, 11, 1, MEMSLOT, 1),
		RUNS(4011, 1),
	};
	struct lives *lives = LIVE(rows);
	const struct span *span = &lives->spans[0];

	(void)state;
	assert_int_equal(lives->cnt, 1);
	assert_int_equal(span->ns, TRACE_NS(4011));
	assert_int_equal(span->by_cause[KS_CAUSE_GP_TIMER], TRACE_NS(2899));
	assert_true(span->without_ns < TRACE_NS(1200));
	assert_true(span->without_ns >= span->outside_ns);
	assert_string_equal(span->worst_func, "kvm_io_bus_register_dev");
	assert_int_equal(span->worst_cause, KS_CAUSE_GP_TIMER);
	assert_int_equal(span->timers, 1);
	lives_free(lives);
}

static void what_was_found_or_lost_has_no_start_that_is_known(void **state)
{
	const struct row rows[] = {
		BORN(10, 1, .flags = KS_VM_FOUND),
		STEP(BORN, 11, 0, TRACE_NS(5), .val = KVM(1)), /* made up */
		RUNS(20, 1),
		RUNS(21, 77), /* of nobody */
		MADE(100, 110, 2),
		LOST(120, 130, 3),
		RUNS(140, 2),
		MADE(200, 210, 3),
		/* the first KVM_RUN was not seen: a call says that it was */
		SLEEP(221, 230, 230, 33, 0, .kind = KS_KIND_VM, .stack = IN_MUTEX),
		CALL(220, 231, 33, 3, MEMSLOT, 1),
		CALL(300, 340, 33, 3, IRQFD, 1, .flags = KS_CALL_RAN),
	};
	struct lives *lives = LIVE(rows);

	(void)state;
	assert_int_equal(lives->cnt, 2);
	assert_span(lives, 0, SPAN_START, 40, 40);
	assert_false(lives->spans[0].is_complete);
	assert_span(lives, 1, SPAN_START, 31, 20);
	assert_false(lives->spans[1].has_run);
	lives_free(lives);
}

/* ---- ends ---- */

static void an_end_lasts_from_the_first_close_to_the_last(void **state)
{
	const struct row rows[] = {
		BORN(10, 1, .flags = KS_VM_FOUND),
		CLOSING(100, 1),
		/* the VM's own descriptor, and then that of its vCPU, which destroys it */
		SLEEP(101, 149, 149, 11, 0, .kind = KS_KIND_CLOSE, .stack = IN_MUTEX),
		{.type = KS_CALL,
		 .from = 100,
		 .us = 150,
		 .tid = 11,
		 .vm = 1,
		 .sleeps = 1,
		 .kind = KS_KIND_CLOSE,
		 .vcpus = 1},
		SLEEP(201, 299, 299, 11, 0, .kind = KS_KIND_CLOSE, .stack = IN_MUTEX),
		GONE(290, 1),
		CLOSE(200, 300, 11, 1, 1),
		/* a close that was not the last one */
		BORN(400, 2, .flags = KS_VM_FOUND),
		CLOSING(500, 2),
		CALL(600, 620, 22, 2, IRQFD, 1),
		CLOSING(700, 2),
		GONE(710, 2),
	};
	struct lives *lives = LIVE(rows);

	(void)state;
	assert_int_equal(lives->cnt, 1);
	assert_span(lives, 0, SPAN_END, 200, 50);
	assert_int_equal(lives->spans[0].calls, 2);
	/* no call of it may come any more */
	ledger_finish(lives->trace.ledger);
	assert_int_equal(lives->cnt, 2);
	assert_span(lives, 1, SPAN_END, 10, 10);
	lives_free(lives);
}

/* One sleep of execve() that closes VM 1, as the tracepoint backend sees it. */
#define EXEC_SLEEP(out, in, dom, ...)                                                              \
	SLEEP(out, in, in, 12, dom, __VA_ARGS__),                                                  \
	{                                                                                          \
		.type = KS_CALL, .from = out, .us = in, .tid = 12, .tgid = TGID(1),                \
		.kind = KS_KIND_SYSCALL, .cmd = KS_SYSCALL_X86 | 59, .sleeps = 1                   \
	}

/* Of closes by execve() or io_uring only the sleeps are seen, and that the VM is gone, later. */
static void an_end_by_another_system_call_lasts_from_its_first_sleep_to_the_last(void **state)
{
	const struct row rows[] = {
		BORN(10, 1, .flags = KS_VM_FOUND),
		EXEC_SLEEP(100, 150, IRQ_SRCU(1), .stack = IN_PIT_CLOSE),
		EXEC_SLEEP(200, 290, 0, .stack = IN_RCU_BARRIER_MUTEX),
		/* the process ends before it is known that the VM has */
		CLOSING(400, 0),
		GONE(5000, 1),
		/* the next VM at the address: KVM_CREATE_VM began before that */
		BORN(5000, 1),
		{.type = KS_CALL,
		 .from = 4000,
		 .us = 5010,
		 .tid = 12,
		 .vm = 1,
		 .kind = KS_KIND_DEV},
	};
	struct lives *lives = LIVE(rows);

	(void)state;
	ledger_finish(lives->trace.ledger);
	assert_int_equal(lives->cnt, 1);
	assert_span(lives, 0, SPAN_END, 190, 50);
	assert_int_equal(lives->spans[0].calls, 2);
	lives_free(lives);
}

/* A domain that is nobody's own does not say which VM is closed: not one that is being set up. */
static void a_start_has_no_part_of_the_end_of_another_vm(void **state)
{
	const struct row rows[] = {
		MADE(50, 60, 1),
		EXEC_SLEEP(100, 190, 0, .stack = IN_RCU_BARRIER_MUTEX),
		RUNS(300, 1),
	};
	struct lives *lives = LIVE(rows);

	(void)state;
	assert_int_equal(lives->cnt, 1);
	assert_span(lives, 0, SPAN_START, 250, 250);
	lives_free(lives);
}

/* Whatever comes: parts sum to the whole. The collector asserts it. */
static void more_holes_than_are_kept_are_outside(void **state)
{
	const char *const *stack = IN_MUTEX;
	struct row rows[2 + 2 * 43 + 3] = {MADE(0, 0, 1)};
	struct lives *lives;
	size_t cnt = 2;

	(void)state;
	for (uint64_t i = 0; i < 43; i++) {
		uint64_t begin = 1000 + 10 * i, end = begin + 5;

		rows[cnt++] = (struct row)SLEEP(begin + 1, end - 1, end - 1, 11, 0,
						.kind = KS_KIND_VM, .stack = stack);
		rows[cnt++] = (struct row)CALL(begin, end, 11, 1, MEMSLOT, 1);
	}
	rows[cnt++] = (struct row)SLEEP(101, 2999, 2999, 12, 0, .kind = KS_KIND_VM, .stack = stack);
	rows[cnt++] = (struct row)CALL(100, 3000, 12, 1, MEMSLOT, 1);
	rows[cnt++] = (struct row)RUNS(3000, 1);
	lives = lives_run(rows, cnt);
	assert_int_equal(lives->cnt, 1);
	assert_int_equal(lives->spans[0].ns, TRACE_NS(3000));
	assert_true(lives->spans[0].outside_ns > TRACE_NS(100));
	lives_free(lives);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_start_lasts_from_create_vm_to_the_first_run),
		cmocka_unit_test(a_vm_left_paused_started_with_its_last_call),
		cmocka_unit_test(a_vm_that_did_nothing_was_not_started),
		cmocka_unit_test(time_that_two_calls_share_counts_once),
		cmocka_unit_test(a_start_without_the_outstanding_grace_period_is_shorter),
		cmocka_unit_test(what_was_found_or_lost_has_no_start_that_is_known),
		cmocka_unit_test(an_end_lasts_from_the_first_close_to_the_last),
		cmocka_unit_test(
			an_end_by_another_system_call_lasts_from_its_first_sleep_to_the_last),
		cmocka_unit_test(a_start_has_no_part_of_the_end_of_another_vm),
		cmocka_unit_test(more_holes_than_are_kept_are_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
