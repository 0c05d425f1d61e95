// SPDX-License-Identifier: GPL-2.0-only
/*
 * The walk through one domain's states: what each part of a wait was spent on.
 * Jiffies are 4 ms. Every scenario's sums are checked as it runs: trace_check().
 */
#include "ledger/domain.h"
#include "ledger/walk.h"

#include "trace.h"

#define MS 1000

/* A memslot call of task 12 from 400, that waits from 412 on, is off the CPU from 415 on. */
#define MEMSLOT_SLEEP(woken, in, need, ...)                                                        \
	SLEEP(415, woken, in, 12, SRCU(1), .wait = 412, .needed = need, .stack = IN_MEMSLOT,       \
	      __VA_ARGS__)
#define MEMSLOT_CALL(end) CALL(400, end, 12, 1, MEMSLOT, 1)
#define BY_IRQCHIP	  .val = 7, .vm = 1, .kind = KS_KIND_VM, .cmd = IRQCHIP, .stack = IN_REGISTER_DEV

static void a_memslot_waits_for_the_timer_of_a_gp_that_another_call_started(void **state)
{
	struct trace *trace = RUN(trace_seed_rows);
	const struct seen *seen = &trace->stalls[0];

	(void)state;
	assert_int_equal(trace->cnt, 1);
	assert_string_equal(seen->account,
			    "run 15, gp-timer@1 5585, kworker@1 10, gp-work@1 10, kworker@2 10, "
			    "gp-work@2 5, kworker@2 10, gp-work@2 5, wakeup 10, run 10");
	assert_string_equal(seen->culprit,
			    "kvm_io_bus_register_dev, KVM_CREATE_IRQCHIP, vmm[11], 312");
	assert_string_equal(seen->waited,
			    "synchronize_srcu_expedited(kvm.srcu) 5648 first 1 needs 2");
	assert_int_equal(seen->stall.call, CALL_SET_USER_MEMORY_REGION);
	assert_int_equal(seen->stall.cause, KS_CAUSE_GP_TIMER);
	assert_int_equal(seen->stall.culprit.callbacks, 4);
	assert_int_equal(seen->stall.culprit.gp, gp_id_done(DONE(1)));
	assert_false(seen->stall.culprit.is_self);
	assert_true(seen->stall.is_complete);
	/* less GP 1's timer, queue and work */
	assert_int_equal(seen->stall.without_ns, TRACE_NS(5670 - 5585 - 10 - 10));
	assert_int_equal(seen->stall.stall_ns, TRACE_NS(5670 - 15 - 10));
	assert_int_equal(seen->vm_id, 1);
	assert_int_equal(seen->culprit_vm_id, 1);
	trace_free(trace);
}

/* The same without wait_ns, as the tracepoint backend has it: the sleep is all that is known. */
static void without_the_entry_the_wait_begins_with_the_sleep(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(100, 11, SRCU(1), GP(1), BY_IRQCHIP),
		STEP(GP_QUEUE, 6000, SRCU(1), GP(1)),
		STEP(GP_BEGIN, 6010, SRCU(1), GP(1)),
		STEP(CB_QUEUE, 6015, SRCU(1), DONE(1)),
		STEP(GP_END, 6020, SRCU(1), DONE(1)),
		STEP(CB_BEGIN, 6025, SRCU(1), DONE(1), .val = 1),
		SLEEP(415, 6030, 6040, 12, SRCU(1), .stack = IN_MEMSLOT),
		MEMSLOT_CALL(6050),
	};
	struct trace *trace = RUN(rows);
	const struct seen *seen = &trace->stalls[0];

	(void)state;
	assert_string_equal(seen->account, "run 15, gp-timer@1 5585, kworker@1 10, gp-work@1 5, "
					   "kworker@1 10, gp-work@1 5, wakeup 10, run 10");
	assert_string_equal(seen->waited, "synchronize_srcu_expedited(kvm.srcu) 5625 first 1");
	assert_string_equal(seen->culprit,
			    "kvm_io_bus_register_dev, KVM_CREATE_IRQCHIP, vmm[11], 315");
	assert_int_equal(seen->stall.culprit.callbacks, 0);
	trace_free(trace);
}

/* VM close with a PIT: a normal grace period of its own, two timers. */
static void its_own_normal_gp_costs_two_timers_and_it_is_its_own_culprit(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(120, 11, IRQ_SRCU(1), GP(1), .val = 7, .vm = 1, .kind = KS_KIND_CLOSE,
		      .stack = STARTS_PIT_CLOSE),
		STEP(GP_QUEUE, 8 * MS, IRQ_SRCU(1), GP(1)),
		STEP(GP_BEGIN, 8 * MS + 4, IRQ_SRCU(1), GP(1)),
		STEP(CB_ARM, 8 * MS + 6, IRQ_SRCU(1), DONE(1), .val = 9),
		STEP(GP_END, 8 * MS + 9, IRQ_SRCU(1), DONE(1)),
		STEP(CB_QUEUE, 16 * MS, IRQ_SRCU(1), DONE(1)),
		STEP(CB_BEGIN, 16 * MS + 3, IRQ_SRCU(1), DONE(1), .val = 1),
		STEP(CB_END, 16 * MS + 8, IRQ_SRCU(1), DONE(1)),
		SLEEP(130, 16 * MS + 7, 16 * MS + 30, 11, IRQ_SRCU(1), .needed = DONE(1),
		      .stack = IN_PIT_CLOSE),
		CLOSE(100, 16 * MS + 100, 11, 1, 1),
	};
	struct trace *trace = RUN(rows);
	const struct seen *seen = &trace->stalls[0];

	(void)state;
	assert_string_equal(seen->account,
			    "run 30, gp-timer@1 7870, kworker@1 4, gp-work@1 2, cb-timer@1 7994, "
			    "kworker@1 3, gp-work@1 4, wakeup 23, run 70");
	assert_int_equal(seen->stall.cause, KS_CAUSE_CB_TIMER);
	assert_string_equal(seen->culprit, "kvm_unregister_irq_mask_notifier, close, vmm[11], 10");
	assert_true(seen->stall.culprit.is_self);
	/* none was outstanding: the GP is the wait's own */
	assert_string_equal(seen->waited, "synchronize_srcu(kvm.irq_srcu) 15900 needs 1");
	assert_int_equal(seen->stall.without_ns, seen->stall.latency_ns);
	assert_int_equal(seen->stall.phase, PHASE_TEARDOWN);
	trace_free(trace);
}

static void an_idle_domain_and_an_expedited_wait_cost_next_to_nothing(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(413, 12, SRCU(1), GP(1), .vm = 1, .kind = KS_KIND_VM, .cmd = MEMSLOT),
		STEP(GP_BEGIN, 430, SRCU(1), GP(1)),
		STEP(CB_QUEUE, 433, SRCU(1), DONE(1)),
		STEP(GP_END, 436, SRCU(1), DONE(1)),
		STEP(CB_BEGIN, 441, SRCU(1), DONE(1), .val = 1),
		STEP(CB_END, 444, SRCU(1), DONE(1)),
		MEMSLOT_SLEEP(443, 450, DONE(1)),
		MEMSLOT_CALL(452),
	};
	struct trace *trace = RUN(rows);
	const struct seen *seen = &trace->stalls[0];

	(void)state;
	assert_string_equal(seen->account, "run 15, kworker@1 15, gp-work@1 3, kworker@1 8, "
					   "gp-work@1 2, wakeup 7, run 2");
	assert_int_equal(seen->stall.cause, KS_CAUSE_KWORKER);
	assert_int_equal(seen->stall.without_ns, seen->stall.latency_ns);
	assert_true(seen->stall.culprit.is_self);
	/* started by the wait, so not before it */
	assert_string_equal(seen->culprit, "-, KVM_SET_USER_MEMORY_REGION, vmm[12], 0");
	assert_string_equal(seen->waited, "synchronize_srcu_expedited(kvm.srcu) 38 needs 1");
	trace_free(trace);
}

/* GP n runs from @a to @b, finds a reader, and is armed again. */
#define FAILED_SCAN(a, b, n)                                                                       \
	STEP(GP_BEGIN, a, SRCU(1), GP(n)), STEP(GP_ARM, (b)-1, SRCU(1), GP(n) + 1, .val = 9),      \
		STEP(GP_END, b, SRCU(1), GP(n) + 1)

static void a_reader_is_charged_up_to_the_last_scan_that_found_it(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(413, 12, SRCU(1), GP(1), .vm = 1, .kind = KS_KIND_VM, .cmd = MEMSLOT),
		FAILED_SCAN(430, 440, 1),
		STEP(GP_QUEUE, 8 * MS, SRCU(1), GP(1) + 1),
		FAILED_SCAN(8 * MS + 10, 8 * MS + 20, 1),
		STEP(GP_QUEUE, 20 * MS, SRCU(1), GP(1) + 1),
		FAILED_SCAN(20 * MS + 10, 20 * MS + 20, 1),
		STEP(GP_QUEUE, 40 * MS, SRCU(1), GP(1) + 1),
		STEP(GP_BEGIN, 40 * MS + 7, SRCU(1), GP(1) + 1),
		STEP(CB_QUEUE, 40 * MS + 9, SRCU(1), DONE(1)),
		STEP(GP_END, 40 * MS + 11, SRCU(1), DONE(1)),
		STEP(CB_BEGIN, 40 * MS + 12, SRCU(1), DONE(1), .val = 1),
		MEMSLOT_SLEEP(40 * MS + 15, 40 * MS + 16, DONE(1)),
		MEMSLOT_CALL(40 * MS + 20),
	};
	struct trace *trace = RUN(rows);
	const struct seen *seen = &trace->stalls[0];

	(void)state;
	assert_string_equal(seen->account,
			    "run 15, kworker@1 15, gp-work@1 10, reader@1 19580, "
			    "poll-backoff@1 19980, kworker@1 7, gp-work@1 2, kworker@1 3, "
			    "gp-work@1 3, wakeup 1, run 4");
	assert_int_equal(seen->stall.cause, KS_CAUSE_READER);
	/* Without the reader it would have been another call: that is not what without_ns says. */
	assert_int_equal(seen->stall.without_ns, seen->stall.latency_ns);
	trace_free(trace);
}

/*
 * The irqfds of a VM that is killed: kworkers wait on one domain, one after the other. GP 1 is over
 * and nobody needs another one; only its callbacks have no CPU yet. Meanwhile task 13 starts GP 2.
 */
static void who_sleeps_through_an_idle_domain_waits_for_no_later_gp(void **state)
{
	const struct {
		const char *const *stack;
		uint32_t starter;
	} cases[] = {{IN_MEMSLOT, 12}, {IN_BARRIER, 11}};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		const struct row rows[] = {
			BORN(10, 1),
			START(102, cases[i].starter, SRCU(1), GP(1)),
			STEP(GP_BEGIN, 110, SRCU(1), GP(1), .tid = 5, .cpu = 1),
			STEP(CB_QUEUE, 120, SRCU(1), DONE(1), .tid = 5),
			STEP(GP_END, 125, SRCU(1), DONE(1), .tid = 5, .cpu = 1),
			START(165, 13, SRCU(1), GP(2)),
			STEP(GP_BEGIN, 170, SRCU(1), GP(2), .tid = 5, .cpu = 1),
			STEP(GP_QUEUE, 175, SRCU(1), GP(3), .tid = 5, .cpu = 1),
			STEP(GP_END, 180, SRCU(1), GP(3), .tid = 5, .cpu = 1),
			STEP(GP_BEGIN, 181, SRCU(1), GP(3), .tid = 5, .cpu = 1),
			STEP(GP_END, 190, SRCU(1), DONE(3), .tid = 5, .cpu = 1),
			STEP(CB_BEGIN, 985, SRCU(1), DONE(3), .tid = 6, .val = 3),
			SLEEP(105, 990, 995, 12, SRCU(1), .stack = cases[i].stack),
			CALL(100, 1005, 12, 1, MEMSLOT, 1),
		};
		struct trace *trace = RUN(rows);

		assert_string_equal(trace->stalls[0].account,
				    "run 5, kworker@1 5, gp-work@1 10, kworker@1 865, gp-work@1 5, "
				    "wakeup 5, run 10");
		assert_true(trace->stalls[0].stall.is_complete);
		trace_free(trace);
	}
}

/* The same, but the domain is never idle: whoever needs GP 3 keeps it going. */
static void who_starts_a_gp_waits_for_that_one(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(102, 12, SRCU(1), GP(1)),
		STEP(GP_BEGIN, 110, SRCU(1), GP(1), .tid = 5, .cpu = 1),
		STEP(CB_QUEUE, 120, SRCU(1), DONE(1), .tid = 5),
		STEP(GP_QUEUE, 121, SRCU(1), GP(2), .tid = 5, .cpu = 1),
		STEP(GP_END, 125, SRCU(1), GP(2), .tid = 5, .cpu = 1),
		STEP(GP_BEGIN, 180, SRCU(1), GP(2), .tid = 5, .cpu = 1),
		STEP(GP_END, 190, SRCU(1), DONE(2), .tid = 5, .cpu = 1),
		STEP(CB_BEGIN, 985, SRCU(1), DONE(2), .tid = 6, .val = 2),
		SLEEP(105, 990, 995, 12, SRCU(1), .stack = IN_MEMSLOT),
		CALL(100, 1005, 12, 1, MEMSLOT, 1),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account,
			    "run 5, kworker@1 5, gp-work@1 10, kworker@1 865, gp-work@1 5, "
			    "wakeup 5, run 10");
	trace_free(trace);
}

static void one_failed_scan_is_back_off_from_its_end_on(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(413, 12, SRCU(1), GP(1), .vm = 1, .kind = KS_KIND_VM, .cmd = MEMSLOT),
		FAILED_SCAN(430, 440, 1),
		STEP(GP_QUEUE, 8 * MS, SRCU(1), GP(1) + 1),
		STEP(GP_BEGIN, 8 * MS + 7, SRCU(1), GP(1) + 1),
		STEP(CB_QUEUE, 8 * MS + 9, SRCU(1), DONE(1)),
		STEP(GP_END, 8 * MS + 11, SRCU(1), DONE(1)),
		STEP(CB_BEGIN, 8 * MS + 12, SRCU(1), DONE(1), .val = 1),
		MEMSLOT_SLEEP(8 * MS + 15, 8 * MS + 16, DONE(1)),
		MEMSLOT_CALL(8 * MS + 20),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account,
			    "run 15, kworker@1 15, gp-work@1 10, poll-backoff@1 7560, kworker@1 7, "
			    "gp-work@1 2, kworker@1 3, gp-work@1 3, wakeup 1, run 4");
	trace_free(trace);
}

/* An expedited GP first polls without a delay: queued from its own work, again and again. */
static void busy_polling_is_the_readers_time_however_many_scans_fail(void **state)
{
	struct trace *trace = trace_new();
	const struct row begin[] = {
		BORN(10, 1),
		START(413, 12, SRCU(1), GP(1), .vm = 1, .kind = KS_KIND_VM, .cmd = MEMSLOT),
	};
	const struct row end[] = {
		STEP(GP_BEGIN, 31 * MS, SRCU(1), GP(1) + 1),
		STEP(CB_QUEUE, 31 * MS + 2, SRCU(1), DONE(1)),
		STEP(GP_END, 31 * MS + 3, SRCU(1), DONE(1)),
		STEP(CB_BEGIN, 31 * MS + 4, SRCU(1), DONE(1), .val = 1),
		MEMSLOT_SLEEP(31 * MS + 5, 31 * MS + 6, DONE(1)),
		MEMSLOT_CALL(31 * MS + 7),
	};

	(void)state;
	trace_feed(trace, begin, CNT(begin));
	for (int i = 0; i < 1000; i++) { /* at 1000, 1030 ... 30970, each 20 long */
		const struct row scan[] = {
			STEP(GP_BEGIN, 1000 + 30 * i, SRCU(1), GP(1) + 1),
			STEP(GP_QUEUE, 1015 + 30 * i, SRCU(1), GP(1) + 1),
			STEP(GP_END, 1020 + 30 * i, SRCU(1), GP(1) + 1),
		};

		trace_feed(trace, scan, CNT(scan));
	}
	trace_feed(trace, end, CNT(end));
	assert_string_equal(trace->stalls[0].account,
			    "run 15, kworker@1 585, gp-work@1 20, reader@1 29970, "
			    "poll-backoff@1 10, gp-work@1 2, kworker@1 2, gp-work@1 1, wakeup 1, "
			    "run 1");
	trace_free(trace);
}

static void who_comes_while_a_reader_holds_the_gp_is_charged_from_then_on(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(100, 11, SRCU(1), GP(1), BY_IRQCHIP),
		FAILED_SCAN(200, 210, 1),
		STEP(GP_QUEUE, 4 * MS, SRCU(1), GP(1) + 1),
		FAILED_SCAN(4 * MS + 10, 4 * MS + 20, 1),
		STEP(GP_QUEUE, 8 * MS, SRCU(1), GP(1) + 1),
		STEP(GP_BEGIN, 8 * MS + 5, SRCU(1), GP(1) + 1),
		STEP(CB_QUEUE, 8 * MS + 7, SRCU(1), DONE(1)),
		STEP(GP_QUEUE, 8 * MS + 8, SRCU(1), GP(2)),
		STEP(GP_END, 8 * MS + 9, SRCU(1), GP(2)),
		STEP(GP_BEGIN, 8 * MS + 13, SRCU(1), GP(2)),
		STEP(CB_QUEUE, 8 * MS + 15, SRCU(1), DONE(2)),
		STEP(GP_END, 8 * MS + 16, SRCU(1), DONE(2)),
		STEP(CB_BEGIN, 8 * MS + 17, SRCU(1), DONE(2), .val = 1),
		MEMSLOT_SLEEP(8 * MS + 18, 8 * MS + 19, DONE(2)),
		MEMSLOT_CALL(8 * MS + 20),
	};
	struct trace *trace = RUN(rows);
	const struct seen *seen = &trace->stalls[0];

	(void)state;
	assert_string_equal(seen->account,
			    "run 15, reader@1 3605, poll-backoff@1 3980, kworker@1 5, gp-work@1 4, "
			    "kworker@2 4, gp-work@2 2, kworker@2 2, gp-work@2 1, wakeup 1, run 1");
	/* a reader is no cost of the GP's having been started early */
	assert_int_equal(seen->stall.without_ns, TRACE_NS(7620 - 5 - 4));
	trace_free(trace);
}

static void kworkers_that_do_not_come_are_named_for_gp_and_callbacks(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(413, 12, SRCU(1), GP(1), .vm = 1, .kind = KS_KIND_VM, .cmd = MEMSLOT),
		STEP(GP_BEGIN, 50 * MS, SRCU(1), GP(1)),
		STEP(CB_QUEUE, 50 * MS + 2, SRCU(1), DONE(1)),
		STEP(GP_END, 50 * MS + 3, SRCU(1), DONE(1)),
		STEP(CB_BEGIN, 90 * MS + 2, SRCU(1), DONE(1), .val = 1),
		MEMSLOT_SLEEP(90 * MS + 3, 90 * MS + 4, DONE(1)),
		MEMSLOT_CALL(90 * MS + 5),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account,
			    "run 15, kworker@1 49585, gp-work@1 2, kworker@1 40000, gp-work@1 1, "
			    "wakeup 1, run 1");
	assert_int_equal(trace->stalls[0].stall.cause, KS_CAUSE_KWORKER);
	trace_free(trace);
}

static void only_the_callbacks_of_the_cpu_that_woke_it_count(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(413, 12, SRCU(1), GP(1), .vm = 1, .kind = KS_KIND_VM, .cmd = MEMSLOT),
		STEP(GP_BEGIN, 430, SRCU(1), GP(1)),
		STEP(CB_QUEUE, 432, SRCU(1), DONE(1), .of_cpu = 0),
		STEP(CB_ARM, 433, SRCU(1), DONE(1), .of_cpu = 3, .val = 9),
		STEP(GP_END, 434, SRCU(1), DONE(1)),
		STEP(CB_BEGIN, 440, SRCU(1), DONE(1), .of_cpu = 0, .val = 9),
		STEP(CB_END, 450, SRCU(1), DONE(1), .of_cpu = 0),
		STEP(CB_QUEUE, 5000, SRCU(1), DONE(1), .of_cpu = 3),
		STEP(CB_BEGIN, 5010, SRCU(1), DONE(1), .of_cpu = 3, .val = 3),
		MEMSLOT_SLEEP(5012, 5020, DONE(1), .wake_cpu = 3),
		MEMSLOT_CALL(5030),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account,
			    "run 15, kworker@1 15, gp-work@1 2, unexplained@1 1, cb-timer@1 4567, "
			    "kworker@1 10, gp-work@1 2, wakeup 8, run 10");
	assert_int_equal(trace->stalls[0].stall.culprit.callbacks, 2);
	trace_free(trace);
}

static void a_wake_up_that_was_not_seen_leaves_no_wakeup(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(413, 12, SRCU(1), GP(1), .vm = 1, .kind = KS_KIND_VM, .cmd = MEMSLOT),
		STEP(GP_BEGIN, 430, SRCU(1), GP(1)),
		STEP(CB_QUEUE, 433, SRCU(1), DONE(1)),
		STEP(GP_END, 436, SRCU(1), DONE(1)),
		STEP(CB_BEGIN, 441, SRCU(1), DONE(1), .val = 1),
		STEP(CB_END, 444, SRCU(1), DONE(1)),
		MEMSLOT_SLEEP(0, 450, DONE(1)),
		MEMSLOT_CALL(460),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account,
			    "run 15, kworker@1 15, gp-work@1 3, kworker@1 8, gp-work@1 3, "
			    "unexplained@1 6, run 10");
	trace_free(trace);
}

/* srcu_barrier() starts no GP and needs none in particular: it waits behind the callbacks. */
static void a_barrier_waits_for_the_callbacks_of_whoever_came_before(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(100, 11, SRCU(1), GP(1), BY_IRQCHIP),
		STEP(GP_QUEUE, 6 * MS, SRCU(1), GP(1)),
		STEP(GP_BEGIN, 6 * MS + 3, SRCU(1), GP(1)),
		STEP(CB_ARM, 6 * MS + 5, SRCU(1), DONE(1), .val = 9),
		STEP(GP_END, 6 * MS + 6, SRCU(1), DONE(1)),
		STEP(CB_QUEUE, 12 * MS, SRCU(1), DONE(1)),
		STEP(CB_BEGIN, 12 * MS + 3, SRCU(1), DONE(1), .val = 6),
		SLEEP(1000, 12 * MS + 9, 12 * MS + 10, 12, SRCU(1), .wait = 990,
		      .api = KS_API_BARRIER, .stack = IN_BARRIER),
		CLOSE(900, 12 * MS + 20, 12, 1, 1),
	};
	struct trace *trace = RUN(rows);
	const struct seen *seen = &trace->stalls[0];

	(void)state;
	assert_string_equal(seen->account,
			    "run 100, gp-timer@1 5000, kworker@1 3, gp-work@1 2, cb-timer@1 5995, "
			    "kworker@1 3, gp-work@1 6, wakeup 1, run 10");
	assert_string_equal(seen->waited, "srcu_barrier(kvm.srcu) 11020 first 1");
	assert_string_equal(seen->culprit,
			    "kvm_io_bus_register_dev, KVM_CREATE_IRQCHIP, vmm[11], 890");
	assert_int_equal(seen->stall.without_ns, TRACE_NS(111));
	trace_free(trace);
}

/* A GP that is over before the barrier begins: what is left are its callbacks. */
static void a_barrier_after_the_gp_pays_the_callbacks_timer_alone(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(100, 11, SRCU(1), GP(1), BY_IRQCHIP),
		STEP(GP_QUEUE, 200, SRCU(1), GP(1)),
		STEP(GP_BEGIN, 203, SRCU(1), GP(1)),
		STEP(CB_ARM, 205, SRCU(1), DONE(1), .val = 9),
		STEP(GP_END, 206, SRCU(1), DONE(1)),
		STEP(CB_QUEUE, 6000, SRCU(1), DONE(1)),
		STEP(CB_BEGIN, 6003, SRCU(1), DONE(1), .val = 6),
		SLEEP(1000, 6005, 6006, 12, SRCU(1), .wait = 990, .api = KS_API_BARRIER,
		      .stack = IN_BARRIER),
		CLOSE(900, 6010, 12, 1, 1),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account,
			    "run 100, cb-timer@1 5000, kworker@1 3, gp-work@1 2, wakeup 1, run 4");
	/* without those callbacks it had not slept at all */
	assert_int_equal(trace->stalls[0].stall.without_ns, TRACE_NS(5110 - 5000 - 3 - 2));
	assert_string_equal(trace->stalls[0].culprit,
			    "kvm_io_bus_register_dev, KVM_CREATE_IRQCHIP, vmm[11], 890");
	trace_free(trace);
}

/* It needs GP 2, which somebody else already waits for: the walk does not care who asked first. */
static void two_waiters_share_the_gp_that_they_need(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(100, 11, SRCU(1), GP(1), BY_IRQCHIP),
		STEP(GP_QUEUE, 6000, SRCU(1), GP(1)),
		STEP(GP_BEGIN, 6010, SRCU(1), GP(1)),
		STEP(CB_QUEUE, 6015, SRCU(1), DONE(1)),
		STEP(GP_QUEUE, 6016, SRCU(1), GP(2)),
		STEP(GP_END, 6020, SRCU(1), GP(2)),
		STEP(GP_BEGIN, 6030, SRCU(1), GP(2)),
		STEP(CB_QUEUE, 6035, SRCU(1), DONE(2)),
		STEP(GP_END, 6040, SRCU(1), DONE(2)),
		STEP(CB_BEGIN, 6045, SRCU(1), DONE(2), .val = 2),
		SLEEP(3000, 6047, 6050, 13, SRCU(1), .wait = 2990, .needed = DONE(2),
		      .stack = IN_MEMSLOT),
		MEMSLOT_SLEEP(6046, 6060, DONE(2)),
		CALL(2900, 6055, 13, 1, MEMSLOT, 1),
		MEMSLOT_CALL(6070),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_int_equal(trace->cnt, 2);
	assert_string_equal(trace->stalls[0].account,
			    "run 100, gp-timer@1 3000, kworker@1 10, gp-work@1 10, kworker@2 10, "
			    "gp-work@2 5, kworker@2 10, gp-work@2 2, wakeup 3, run 5");
	assert_string_equal(trace->stalls[1].account,
			    "run 15, gp-timer@1 5585, kworker@1 10, gp-work@1 10, kworker@2 10, "
			    "gp-work@2 5, kworker@2 10, gp-work@2 1, wakeup 14, run 10");
	assert_string_equal(trace->stalls[0].culprit,
			    "kvm_io_bus_register_dev, KVM_CREATE_IRQCHIP, vmm[11], 2890");
	assert_int_equal(trace->stalls[0].stall.culprit.callbacks, 1);
	trace_free(trace);
}

/* Queued again while they run: at their end they are queued, not gone. */
static void callbacks_queued_while_they_run_wait_for_a_kworker_again(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(413, 12, SRCU(1), GP(1), .vm = 1, .kind = KS_KIND_VM, .cmd = MEMSLOT),
		STEP(CB_BEGIN, 420, SRCU(1), GP(1), .val = 9),
		STEP(GP_BEGIN, 430, SRCU(1), GP(1)),
		STEP(CB_QUEUE, 433, SRCU(1), DONE(1)),
		STEP(CB_ARM, 434, SRCU(1), DONE(1), .val = 9), /* no timer makes it wait longer */
		STEP(GP_END, 436, SRCU(1), DONE(1)),
		STEP(CB_END, 500, SRCU(1), DONE(1)),
		STEP(CB_BEGIN, 540, SRCU(1), DONE(1), .val = 1),
		MEMSLOT_SLEEP(543, 550, DONE(1)),
		MEMSLOT_CALL(560),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account,
			    "run 15, kworker@1 15, gp-work@1 3, kworker@1 107, gp-work@1 3, "
			    "wakeup 7, run 10");
	trace_free(trace);
}

/* GP 2, which is needed, is begun by GP 1's end: who is behind the one is behind the other. */
static void who_made_a_gp_wait_for_another_is_behind_both(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(100, 11, SRCU(1), GP(1), BY_IRQCHIP),
		STEP(GP_QUEUE, 500, SRCU(1), GP(1)),
		STEP(GP_BEGIN, 510, SRCU(1), GP(1)),
		STEP(CB_QUEUE, 515, SRCU(1), DONE(1)),
		STEP(GP_ARM, 516, SRCU(1), GP(2), .val = 9),
		STEP(GP_END, 520, SRCU(1), GP(2)),
		STEP(GP_QUEUE, 6000, SRCU(1), GP(2)),
		STEP(GP_BEGIN, 6010, SRCU(1), GP(2)),
		STEP(CB_QUEUE, 6015, SRCU(1), DONE(2)),
		STEP(GP_END, 6020, SRCU(1), DONE(2)),
		STEP(CB_BEGIN, 6025, SRCU(1), DONE(2), .val = 1),
		MEMSLOT_SLEEP(6030, 6040, DONE(2)),
		MEMSLOT_CALL(6050),
	};
	struct trace *trace = RUN(rows);
	const struct seen *seen = &trace->stalls[0];

	(void)state;
	assert_string_equal(
		seen->account,
		"run 15, gp-timer@1 85, kworker@1 10, gp-work@1 10, gp-timer@2 5480, "
		"kworker@2 10, gp-work@2 5, kworker@2 10, gp-work@2 5, wakeup 10, run 10");
	assert_string_equal(seen->culprit,
			    "kvm_io_bus_register_dev, KVM_CREATE_IRQCHIP, vmm[11], 312");
	assert_int_equal(seen->stall.culprit.gp, gp_id_done(DONE(2)));
	trace_free(trace);
}

/* Callbacks may be run, and the waiter too, before the work that ended the GP has returned. */
static void a_gp_has_ended_when_its_callbacks_are_queued_not_when_its_work_returns(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(100, 11, SRCU(1), GP(1), BY_IRQCHIP),
		STEP(GP_QUEUE, 200, SRCU(1), GP(1)),
		STEP(GP_BEGIN, 210, SRCU(1), GP(1)),
		STEP(CB_QUEUE, 220, SRCU(1), DONE(1)),
		STEP(GP_END, 230, SRCU(1), DONE(1)),
		START(413, 12, SRCU(1), GP(2), .vm = 1, .kind = KS_KIND_VM, .cmd = MEMSLOT),
		STEP(GP_BEGIN, 5000, SRCU(1), GP(2)),
		STEP(CB_QUEUE, 5010, SRCU(1), DONE(2)),
		STEP(CB_BEGIN, 5020, SRCU(1), DONE(2), .val = 1),
		MEMSLOT_SLEEP(5025, 5030, DONE(2)),
		MEMSLOT_CALL(5040),
		STEP(GP_END, 5050, SRCU(1), DONE(2)),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account,
			    "run 15, kworker@2 4585, gp-work@2 10, kworker@2 10, gp-work@2 5, "
			    "wakeup 5, run 10");
	trace_free(trace);
}

/* The next GP may be started between the end of one and the return of the work that ended it. */
static void a_gp_started_while_the_last_ones_work_returns_has_its_timer(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(100, 11, SRCU(1), GP(1), BY_IRQCHIP),
		STEP(GP_QUEUE, 200, SRCU(1), GP(1)),
		STEP(GP_BEGIN, 210, SRCU(1), GP(1)),
		STEP(CB_ARM, 220, SRCU(1), DONE(1), .val = 9),
		START(225, 13, SRCU(1), GP(2), BY_IRQCHIP),
		STEP(GP_END, 230, SRCU(1), GP(2)),
		STEP(GP_QUEUE, 5000, SRCU(1), GP(2)),
		STEP(GP_BEGIN, 5010, SRCU(1), GP(2)),
		STEP(CB_QUEUE, 5020, SRCU(1), DONE(2)),
		STEP(GP_END, 5030, SRCU(1), DONE(2)),
		STEP(CB_BEGIN, 5040, SRCU(1), DONE(2), .val = 1),
		MEMSLOT_SLEEP(5045, 5050, DONE(2)),
		MEMSLOT_CALL(5060),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account,
			    "run 15, gp-timer@2 4585, kworker@2 10, gp-work@2 10, kworker@2 20, "
			    "gp-work@2 5, wakeup 5, run 10");
	assert_string_equal(trace->stalls[0].culprit,
			    "kvm_io_bus_register_dev, KVM_CREATE_IRQCHIP, vmm[13], 187");
	trace_free(trace);
}

/* The timer of the last GP's callbacks may fire while the next GP's work runs: that ends nothing.
 */
static void callbacks_of_the_last_gp_do_not_end_the_one_that_runs(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(100, 11, SRCU(1), GP(1), BY_IRQCHIP),
		STEP(GP_QUEUE, 200, SRCU(1), GP(1)),
		STEP(GP_BEGIN, 210, SRCU(1), GP(1)),
		STEP(CB_ARM, 220, SRCU(1), DONE(1), .val = 9),
		STEP(GP_QUEUE, 221, SRCU(1), GP(2)),
		STEP(GP_END, 230, SRCU(1), GP(2)),
		STEP(GP_BEGIN, 5000, SRCU(1), GP(2)),
		STEP(CB_QUEUE, 5002, SRCU(1), GP(2)),
		STEP(CB_QUEUE, 5020, SRCU(1), DONE(2)),
		STEP(GP_END, 5030, SRCU(1), DONE(2)),
		STEP(CB_BEGIN, 5040, SRCU(1), DONE(2), .val = 1),
		MEMSLOT_SLEEP(5045, 5050, DONE(2)),
		MEMSLOT_CALL(5060),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account,
			    "run 15, kworker@2 4585, gp-work@2 20, kworker@2 20, gp-work@2 5, "
			    "wakeup 5, run 10");
	trace_free(trace);
}

/* Woken early, it sleeps again: the first sleep ended before the GP that it needs. */
static void a_sleep_that_ends_before_the_needed_gp_is_charged_to_the_gps(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(100, 11, SRCU(1), GP(1), BY_IRQCHIP),
		STEP(GP_QUEUE, 1000, SRCU(1), GP(1)),
		STEP(GP_BEGIN, 1010, SRCU(1), GP(1)),
		STEP(CB_ARM, 1020, SRCU(1), DONE(1), .val = 9),
		STEP(GP_QUEUE, 1021, SRCU(1), GP(2)),
		STEP(GP_END, 1030, SRCU(1), GP(2)),
		MEMSLOT_SLEEP(1100, 1110, DONE(2)),
		STEP(GP_BEGIN, 5000, SRCU(1), GP(2)),
		STEP(CB_QUEUE, 5010, SRCU(1), DONE(2)),
		STEP(GP_END, 5020, SRCU(1), DONE(2)),
		STEP(CB_BEGIN, 5030, SRCU(1), DONE(2), .val = 1),
		SLEEP(1115, 5035, 5040, 12, SRCU(1), .wait = 412, .needed = DONE(2),
		      .stack = IN_MEMSLOT),
		CALL(400, 5050, 12, 1, MEMSLOT, 2),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account,
			    "run 15, gp-timer@1 585, kworker@1 10, gp-work@1 20, kworker@2 70, "
			    "wakeup 10, run 5, kworker@2 3885, gp-work@2 10, kworker@2 20, "
			    "gp-work@2 5, wakeup 5, run 10");
	assert_string_equal(trace->stalls[0].waited,
			    "synchronize_srcu_expedited(kvm.srcu) 4628 first 1 needs 2");
	trace_free(trace);
}

/* ---- numbers ---- */

/* The host-wide domain is older than any trace, and no record says where it began. */
static void a_domain_that_is_older_than_the_trace_has_no_negative_gps(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(105, 12, MMU_SRCU, GP(-25), .val = 7, .vm = 1, .kind = KS_KIND_CLOSE,
		      .stack = STARTS_PIT_CLOSE),
		STEP(GP_QUEUE, 9000, MMU_SRCU, GP(-25)),
		SLEEP(110, 9100, 9110, 12, MMU_SRCU, .needed = DONE(-24),
		      .stack = IN_MMU_UNREGISTER),
		CLOSE(100, 9120, 12, 1, 1),
	};
	struct trace *trace = RUN(rows);
	struct domain *dom = domain_new(SRCU(1), DOMAIN_SRCU, KVM(1));

	(void)state;
	assert_string_equal(trace->stalls[0].account,
			    "run 10, gp-timer@75 8890, kworker@75 100, wakeup 10, run 10");
	/* nothing was ever seen of this one: no number at all */
	assert_int_equal(domain_gp_number(dom, gp_id_done(DONE(-24))), -1);
	domain_put(dom);
	trace_free(trace);
}

/* Since v6.7 sequences start at -100 << 2. GP 100 passes 0; people count from the birth. */
static void gps_are_numbered_from_birth_across_zero(void **state)
{
	const uint64_t born = -100ULL * 4;
	struct domain *dom = domain_new(SRCU(1), DOMAIN_SRCU, KVM(1));
	const struct ks_domain seed = {.ssp = SRCU(1), .seq = born};

	(void)state;
	domain_seed(dom, &seed, 1000, 0, TRACE_HZ);
	assert_int_equal(domain_gp_number(dom, gp_id_in_progress(born + 1)), 1);
	assert_int_equal(domain_gp_number(dom, gp_id_done(born + 4)), 1);
	assert_int_equal(domain_gp_number(dom, gp_id_done(-4ULL)), 99);
	assert_int_equal(domain_gp_number(dom, gp_id_in_progress(-3ULL)), 100);
	assert_int_equal(domain_gp_number(dom, gp_id_done(0)), 100);
	assert_int_equal(domain_gp_number(dom, gp_id_in_progress(1)), 101);
	assert_true(gp_id_done(0) != 0);
	domain_put(dom);
}

static void a_wait_across_sequence_zero_is_like_any_other(void **state)
{
	const uint64_t before = -4ULL; /* GP 99 has ended */
	const struct row rows[] = {
		BORN(10, 1, .seq = before),
		START(100, 11, SRCU(1), before + 1, BY_IRQCHIP),
		STEP(GP_QUEUE, 6000, SRCU(1), before + 1),
		STEP(GP_BEGIN, 6010, SRCU(1), before + 1),
		STEP(CB_QUEUE, 6015, SRCU(1), 0),
		STEP(GP_QUEUE, 6016, SRCU(1), 1),
		STEP(GP_END, 6020, SRCU(1), 1),
		STEP(GP_BEGIN, 6030, SRCU(1), 1),
		STEP(CB_QUEUE, 6035, SRCU(1), 4),
		STEP(GP_END, 6040, SRCU(1), 4),
		STEP(CB_BEGIN, 6045, SRCU(1), 4, .val = 1),
		MEMSLOT_SLEEP(6050, 6060, 4),
		MEMSLOT_CALL(6070),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account,
			    "run 15, gp-timer@100 5585, kworker@100 10, gp-work@100 10, "
			    "kworker@101 10, gp-work@101 5, kworker@101 10, gp-work@101 5, "
			    "wakeup 10, run 10");
	assert_string_equal(trace->stalls[0].waited,
			    "synchronize_srcu_expedited(kvm.srcu) 5648 first 100 needs 101");
	trace_free(trace);
}

/* ---- found in flight ---- */

static void a_gp_that_was_in_flight_before_we_looked_has_no_starter(void **state)
{
	const struct row rows[] = {
		/* found at 10 ms, 3 jiffies of 4 ms after the GP's start, its timer pending */
		BORN(10 * MS, 1, .seq = GP(1), .val = 104, .jiffies = 103, .gp_start = 101,
		     .flags = KS_VM_FOUND),
		STEP(GP_QUEUE, 14 * MS, SRCU(1), GP(1)),
		STEP(GP_BEGIN, 14 * MS + 10, SRCU(1), GP(1)),
		STEP(CB_QUEUE, 14 * MS + 20, SRCU(1), DONE(1)),
		STEP(GP_END, 14 * MS + 30, SRCU(1), DONE(1)),
		STEP(CB_BEGIN, 14 * MS + 40, SRCU(1), DONE(1)),
		SLEEP(11 * MS, 14 * MS + 50, 14 * MS + 60, 12, SRCU(1), .needed = DONE(1),
		      .stack = IN_MEMSLOT),
		CALL(11 * MS, 14 * MS + 60, 12, 1, MEMSLOT, 1),
	};
	struct trace *trace = RUN(rows);
	const struct seen *seen = &trace->stalls[0];

	(void)state;
	assert_string_equal(seen->account, "gp-timer@1 3000, kworker@1 10, gp-work@1 10, "
					   "kworker@1 20, gp-work@1 10, wakeup 10");
	assert_string_equal(seen->culprit, "in flight, 9000");
	assert_false(seen->stall.culprit.is_known);
	assert_int_equal(seen->stall.without_ns, TRACE_NS(3060 - 3050));
	trace_free(trace);
}

/* A first timer takes three jiffies at most, a tick that comes late included. */
static void a_gp_found_three_jiffies_old_is_still_in_its_first_timer(void **state)
{
	(void)state;
	for (uint64_t age = 0; age < 6; age++) {
		const struct row rows[] = {
			BORN(50 * MS, 1, .seq = GP(1), .val = 114, .jiffies = 112,
			     .gp_start = 112 - age, .flags = KS_VM_FOUND),
			SLEEP(51 * MS, 52 * MS, 52 * MS, 12, SRCU(1), .stack = IN_MEMSLOT),
			CALL(51 * MS, 52 * MS, 12, 1, MEMSLOT, 1),
		};
		struct trace *trace = RUN(rows);

		assert_int_equal(trace->stalls[0].stall.cause,
				 age <= 3 ? KS_CAUSE_GP_TIMER : KS_CAUSE_POLL_BACKOFF);
		trace_free(trace);
	}
}

static void a_gp_found_without_a_timer_is_unexplained_until_it_is_seen(void **state)
{
	const struct row rows[] = {
		BORN(10 * MS, 1, .seq = GP(1), .jiffies = 103, .gp_start = 102,
		     .flags = KS_VM_FOUND),
		STEP(GP_BEGIN, 14 * MS, SRCU(1), GP(1)),
		STEP(CB_QUEUE, 14 * MS + 20, SRCU(1), DONE(1)),
		STEP(GP_END, 14 * MS + 30, SRCU(1), DONE(1)),
		STEP(CB_BEGIN, 14 * MS + 40, SRCU(1), DONE(1)),
		SLEEP(11 * MS, 14 * MS + 50, 14 * MS + 60, 12, SRCU(1), .needed = DONE(1),
		      .stack = IN_MEMSLOT),
		CALL(11 * MS, 14 * MS + 60, 12, 1, MEMSLOT, 1),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account,
			    "unexplained@1 3000, gp-work@1 20, kworker@1 20, gp-work@1 10, "
			    "wakeup 10");
	assert_string_equal(trace->stalls[0].culprit, "in flight, 5000");
	trace_free(trace);
}

/* Its timer has been pending for longer than a first one can: a scan has failed, unseen. */
static void a_gp_found_old_is_in_its_readers_back_off(void **state)
{
	const struct row rows[] = {
		BORN(50 * MS, 1, .seq = GP(1) + 1, .val = 114, .jiffies = 112, .gp_start = 108,
		     .flags = KS_VM_FOUND),
		STEP(GP_QUEUE, 60 * MS, SRCU(1), GP(1) + 1),
		STEP(GP_BEGIN, 60 * MS + 10, SRCU(1), GP(1) + 1),
		STEP(CB_QUEUE, 60 * MS + 20, SRCU(1), DONE(1)),
		STEP(GP_END, 60 * MS + 30, SRCU(1), DONE(1)),
		STEP(CB_BEGIN, 60 * MS + 40, SRCU(1), DONE(1)),
		SLEEP(51 * MS, 60 * MS + 50, 60 * MS + 60, 12, SRCU(1), .needed = DONE(1),
		      .stack = IN_MEMSLOT),
		CALL(51 * MS, 60 * MS + 60, 12, 1, MEMSLOT, 1),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account,
			    "poll-backoff@1 9000, kworker@1 10, gp-work@1 10, kworker@1 20, "
			    "gp-work@1 10, wakeup 10");
	trace_free(trace);
}

/* A VM's memory is younger than its GP can look, by jiffies: the start is not before time began. */
static void the_age_of_a_gp_is_never_more_than_the_clock(void **state)
{
	struct domain *dom = domain_new(SRCU(1), DOMAIN_SRCU, KVM(1));
	const struct ks_domain seed = {.ssp = SRCU(1), .seq = GP(3), .gp_start = 5};

	(void)state;
	domain_seed(dom, &seed, 1000, 4, 0);
	assert_non_null(domain_initiator(dom, gp_id_in_progress(GP(3))));
	assert_int_equal(domain_initiator(dom, gp_id_in_progress(GP(3)))->ts_ns, 1000);
	assert_false(domain_initiator(dom, gp_id_in_progress(GP(3)))->is_known);
	assert_null(domain_initiator(dom, gp_id_in_progress(GP(4))));
	domain_put(dom);
}

/* ---- limits ---- */

/* A host drains: a thousand VMs share a domain, and none of those who wait has had a CPU yet. */
#define MANY 1009

static void initiators_of_all_recent_gps_are_remembered(void **state)
{
	struct domain *dom = domain_new(SRCU(1), DOMAIN_SRCU, KVM(1));
	const struct initiator initiator = {.tid = 11};

	(void)state;
	for (int i = 1; i <= MANY; i++) {
		struct ks_start start = {.head.ts_ns = i, .ssp = SRCU(1), .seq = GP(i)};

		start.expires = i % 2;
		domain_start(dom, &start, &initiator);
		assert_int_equal(domain_gp_at(dom, i), gp_id_done(DONE(i)));
	}
	for (int i = 1; i <= MANY; i++) {
		const struct initiator *known = domain_initiator(dom, gp_id_done(DONE(i)));

		assert_non_null(known);
		assert_int_equal(known->ts_ns, i);
		assert_int_equal(known->is_delayed, i % 2);
		assert_true(known->is_known);
	}
	assert_null(domain_initiator(dom, gp_id_done(DONE(0))));
	assert_null(domain_initiator(dom, gp_id_done(DONE(MANY + 1))));
	domain_put(dom);
}

static void an_initiator_that_is_reported_late_is_found_all_the_same(void **state)
{
	static const int order[] = {3, 1, 7, 5, 5, 2};
	struct domain *dom = domain_new(SRCU(1), DOMAIN_SRCU, KVM(1));

	(void)state;
	for (size_t i = 0; i < CNT(order); i++) {
		const struct ks_start start = {.head.ts_ns = 10 + i, .seq = GP(order[i])};

		domain_start(dom, &start, &(struct initiator){.tid = i});
	}
	assert_int_equal(domain_initiator(dom, gp_id_done(DONE(3)))->tid, 0);
	assert_int_equal(domain_initiator(dom, gp_id_done(DONE(1)))->tid, 1);
	assert_int_equal(domain_initiator(dom, gp_id_done(DONE(7)))->tid, 2);
	assert_int_equal(domain_initiator(dom, gp_id_done(DONE(5)))->tid, 4); /* the newer one */
	assert_int_equal(domain_initiator(dom, gp_id_done(DONE(2)))->tid, 5);
	assert_null(domain_initiator(dom, gp_id_done(DONE(4))));
	domain_put(dom);
}

#define SEC_NS 1000000000ULL

static void go(struct domain *dom, uint8_t type, uint64_t ts_ns, uint64_t seq)
{
	const struct ks_head head = {.ts_ns = ts_ns, .type = type};

	if (type >= KS_CB_ARM && type <= KS_CB_END)
		domain_callbacks(dom, &(struct ks_cb){.head = head, .ssp = SRCU(1), .seq = seq});
	else
		domain_step(dom, &(struct ks_step){.head = head, .ssp = SRCU(1), .seq = seq});
}

/* A GP of @seq begins at @ts_ns, and ends 10 ns later; its callback runs when @is_done. */
static void go_through(struct domain *dom, uint64_t seq, uint64_t ts_ns, bool is_done)
{
	const struct initiator initiator = {.tid = 11};
	const struct ks_start start = {.head.ts_ns = ts_ns, .ssp = SRCU(1), .seq = GP(seq)};
	static const uint8_t types[] = {KS_GP_BEGIN, KS_CB_QUEUE, KS_GP_END, KS_CB_BEGIN,
					KS_CB_END};

	domain_start(dom, &start, &initiator);
	for (size_t i = 0; i < CNT(types) - !is_done; i++)
		go(dom, types[i], ts_ns + 2 * i + 2, i ? DONE(seq) : GP(seq));
}

static void a_domain_at_rest_forgets_its_past_after_ten_seconds(void **state)
{
	struct domain *dom = domain_new(SRCU(1), DOMAIN_SRCU, KVM(1));
	const struct walk_wait wait = {
		.off_ns = 20 * SEC_NS, .in_ns = 20 * SEC_NS + 10, .needed = DONE(2)};
	struct pieces pieces;

	(void)state;
	pieces_init(&pieces);
	go_through(dom, 1, SEC_NS, true);
	domain_tidy(dom, 11 * SEC_NS);
	assert_non_null(domain_initiator(dom, gp_id_done(DONE(1))));
	domain_tidy(dom, 11 * SEC_NS + 100);
	assert_null(domain_initiator(dom, gp_id_done(DONE(1))));
	assert_int_equal(domain_gp_at(dom, 12 * SEC_NS), 0);
	/* And goes on as one that is new. */
	go_through(dom, 2, 20 * SEC_NS, true);
	walk_split(dom, &wait, &pieces);
	assert_false(pieces.is_forgotten);
	for (size_t i = 0; i < pieces.cnt; i++)
		assert_int_not_equal(pieces.list[i].cause, KS_CAUSE_UNEXPLAINED);
	pieces_fini(&pieces);
	domain_put(dom);
}

static void a_domain_with_work_to_do_forgets_nothing(void **state)
{
	struct domain *dom = domain_new(SRCU(1), DOMAIN_SRCU, KVM(1));
	const struct ks_start start = {.head.ts_ns = 2 * SEC_NS, .ssp = SRCU(1), .seq = GP(2)};

	(void)state;
	go_through(dom, 1, SEC_NS, false); /* its callback is queued still */
	domain_tidy(dom, 100 * SEC_NS);
	assert_non_null(domain_initiator(dom, gp_id_done(DONE(1))));
	go(dom, KS_CB_BEGIN, SEC_NS + 20, DONE(1));
	go(dom, KS_CB_END, SEC_NS + 30, DONE(1));
	domain_start(dom, &start, &(struct initiator){.tid = 12});
	domain_tidy(dom, 100 * SEC_NS);
	assert_int_equal(domain_initiator(dom, gp_id_done(DONE(2)))->tid, 12);
	assert_int_equal(domain_gp_at(dom, 100 * SEC_NS), gp_id_done(DONE(2)));
	domain_put(dom);
}

/* From 1010 on, one GP each 10 ns. */
static void queue_gps(struct domain *dom, int cnt)
{
	struct ks_step step = {.head.type = KS_GP_QUEUE, .ssp = SRCU(1)};

	for (int i = 1; i <= cnt; i++) {
		step.head.ts_ns = 1000 + 10 * i;
		step.seq = GP(i);
		domain_step(dom, &step);
	}
}

static void a_wait_across_a_thousand_gps_is_explained(void **state)
{
	struct domain *dom = domain_new(SRCU(1), DOMAIN_SRCU, KVM(1));
	const uint64_t end_ns = 1000 + 10 * (MANY + 1);
	const struct walk_wait wait = {.off_ns = 1010, .wake_ns = end_ns, .in_ns = end_ns};
	struct pieces pieces;

	(void)state;
	pieces_init(&pieces);
	queue_gps(dom, MANY);
	walk_split(dom, &wait, &pieces);
	assert_false(pieces.is_forgotten);
	assert_int_equal(pieces.cnt, MANY);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(pieces.list[i].cause, KS_CAUSE_KWORKER);
		assert_int_equal(pieces.list[i].gp, gp_id_in_progress(GP(i + 1)));
		assert_int_equal(pieces.list[i].ns, 10);
	}
	pieces_fini(&pieces);
	domain_put(dom);
}

/* Of 100, when there is room for 64 and five at a time are forgotten. */
#define KEPT 60

static void what_does_not_fit_the_budget_is_counted_and_unexplained(void **state)
{
	struct history_budget budget = {.max_bytes = 1};
	struct domain *dom = domain_new(SRCU(1), DOMAIN_SRCU, KVM(1));
	const struct walk_wait wait = {.off_ns = 1000, .wake_ns = 2000, .in_ns = 2000};
	struct pieces pieces;

	(void)state;
	pieces_init(&pieces);
	domain_set_budget(dom, &budget);
	queue_gps(dom, 100); /* from 1010 to 2000 */
	walk_split(dom, &wait, &pieces);
	assert_true(pieces.is_forgotten);
	assert_int_equal(pieces.list[0].cause, KS_CAUSE_UNEXPLAINED);
	assert_int_equal(pieces.list[0].ns, 10 * (100 - KEPT + 1));
	assert_int_equal(pieces.list[1].cause, KS_CAUSE_KWORKER);
	assert_int_equal(pieces.list[1].gp, gp_id_in_progress(GP(100 - KEPT + 1)));
	pieces_fini(&pieces);
	domain_put(dom);
}

/* Who asks for more when nothing is left forgets; who has little keeps it. */
static void all_domains_together_stay_within_the_budget(void **state)
{
	struct history_budget budget = {.max_bytes = 32 << 10};
	struct domain *busy = domain_new(SRCU(1), DOMAIN_SRCU, KVM(1));
	struct domain *calm = domain_new(SRCU(1), DOMAIN_SRCU, KVM(1));

	(void)state;
	domain_set_budget(busy, &budget);
	domain_set_budget(calm, &budget);
	queue_gps(busy, 10007);
	assert_within(budget.bytes, 1, budget.max_bytes);
	queue_gps(calm, 53);
	assert_int_equal(domain_gp_at(calm, 1010), gp_id_in_progress(GP(1)));
	assert_int_equal(domain_gp_at(busy, 1010), 0);
	assert_int_equal(domain_gp_at(busy, 1000 + 10 * 10007), gp_id_in_progress(GP(10007)));
	domain_put(busy);
	domain_put(calm);
	assert_int_equal(budget.bytes, 0);
}

static void pieces_of_one_cause_are_one(void **state)
{
	struct pieces pieces;

	(void)state;
	pieces_init(&pieces);
	pieces_add(&pieces, KS_CAUSE_READER, 1, 0);
	assert_int_equal(pieces.cnt, 0);
	pieces_add(&pieces, KS_CAUSE_READER, 1, 3);
	pieces_add(&pieces, KS_CAUSE_READER, 1, 4);
	assert_int_equal(pieces.cnt, 1);
	assert_int_equal(pieces.list[0].ns, 7);
	for (int i = 2; i <= MANY; i++)
		pieces_add(&pieces, KS_CAUSE_READER, i, 1);
	assert_int_equal(pieces.cnt, MANY);
	pieces_fini(&pieces);
}

static void nothing_is_said_of_a_domain_that_was_never_heard_of(void **state)
{
	struct domain *dom = domain_new(MMU_SRCU, DOMAIN_SHARED, 0);
	const struct walk_wait wait = {.off_ns = 1000, .wake_ns = 2000, .in_ns = 2500};
	struct pieces pieces;

	(void)state;
	pieces_init(&pieces);
	walk_split(dom, &wait, &pieces);
	assert_int_equal(pieces.cnt, 2);
	assert_int_equal(pieces.list[0].cause, KS_CAUSE_UNEXPLAINED);
	assert_int_equal(pieces.list[0].ns, 1000);
	assert_int_equal(pieces.list[1].cause, KS_CAUSE_WAKEUP);
	assert_int_equal(pieces.list[1].ns, 500);
	assert_int_equal(walk_callbacks(dom, &wait), -1);
	assert_int_equal(domain_gp_at(dom, 1500), 0);
	assert_string_equal(domain_kind_name(domain_get_kind(dom)), "mmu_notifier");
	pieces_fini(&pieces);
	domain_put(dom);
}

/* ---- evidence that is missing or late ---- */

static const struct row seed_rows[] = {
	BORN(10, 1),
	START(100, 11, SRCU(1), GP(1), .val = 7),
	STEP(GP_QUEUE, 6000, SRCU(1), GP(1)),
	STEP(GP_BEGIN, 6010, SRCU(1), GP(1)),
	STEP(CB_QUEUE, 6015, SRCU(1), DONE(1)),
	STEP(GP_QUEUE, 6016, SRCU(1), GP(2)),
	STEP(GP_END, 6020, SRCU(1), GP(2)),
	STEP(GP_BEGIN, 6030, SRCU(1), GP(2)),
	STEP(CB_QUEUE, 6035, SRCU(1), DONE(2)),
	STEP(GP_END, 6040, SRCU(1), DONE(2)),
	STEP(CB_BEGIN, 6045, SRCU(1), DONE(2), .val = 1),
	STEP(CB_END, 6052, SRCU(1), DONE(2)),
	SLEEP(415, 6050, 6060, 12, SRCU(1), .wait = 412, .needed = DONE(2)),
	MEMSLOT_CALL(6070),
};

#define SEED_CNT CNT(seed_rows)

static struct trace *run_without(size_t row)
{
	struct trace *trace = trace_new();

	trace_feed(trace, seed_rows, row);
	trace_feed(trace, seed_rows + row + 1, SEED_CNT - row - 1);
	return trace;
}

/* One record of the seed's scenario lost, and nobody told: what is then said, record by record. */
static void a_missing_record_makes_a_hole_or_moves_a_border_but_no_sum(void **state)
{
	static const struct {
		size_t row;
		const char *account;
	} cases[] = {
		/* KS_START: not a word on the timer */
		{1, "run 15, unexplained 5585, kworker@1 10, gp-work@1 10, kworker@2 10, "
		    "gp-work@2 5, kworker@2 10, gp-work@2 5, wakeup 10, run 10"},
		/* KS_GP_QUEUE */
		{2, "run 15, gp-timer@1 5595, gp-work@1 10, kworker@2 10, gp-work@2 5, "
		    "kworker@2 10, gp-work@2 5, wakeup 10, run 10"},
		/* KS_GP_BEGIN of GP 1: who ends what never began has a hole behind it */
		{3, "run 15, gp-timer@1 5585, kworker@1 16, kworker@2 4, unexplained@2 10, "
		    "gp-work@2 5, kworker@2 10, gp-work@2 5, wakeup 10, run 10"},
		/* KS_CB_QUEUE of GP 1 */
		{4, "run 15, gp-timer@1 5585, kworker@1 10, gp-work@1 10, kworker@2 10, "
		    "gp-work@2 5, kworker@2 10, gp-work@2 5, wakeup 10, run 10"},
		/* KS_GP_QUEUE of GP 2, in GP 1's work */
		{5, "run 15, gp-timer@1 5585, kworker@1 10, gp-work@1 10, unexplained@2 10, "
		    "gp-work@2 5, kworker@2 10, gp-work@2 5, wakeup 10, run 10"},
		/* KS_GP_END of GP 1 */
		{6, "run 15, gp-timer@1 5585, kworker@1 10, gp-work@1 20, "
		    "gp-work@2 5, kworker@2 10, gp-work@2 5, wakeup 10, run 10"},
		/* KS_GP_BEGIN of GP 2: its end is known from its work's return */
		{7, "run 15, gp-timer@1 5585, kworker@1 10, gp-work@1 10, kworker@2 20, "
		    "unexplained 10, wakeup 10, run 10"},
		/* KS_CB_QUEUE of GP 2: they have been queued since GP 1 */
		{8, "run 15, gp-timer@1 5585, kworker@1 10, gp-work@1 10, kworker@2 10, "
		    "gp-work@2 10, kworker@2 5, gp-work@2 5, wakeup 10, run 10"},
		/* KS_GP_END of GP 2 */
		{9, "run 15, gp-timer@1 5585, kworker@1 10, gp-work@1 10, kworker@2 10, "
		    "gp-work@2 5, kworker@2 10, gp-work@2 5, wakeup 10, run 10"},
		/* KS_CB_BEGIN */
		{10, "run 15, gp-timer@1 5585, kworker@1 10, gp-work@1 10, kworker@2 10, "
		     "gp-work@2 5, kworker@2 15, wakeup 10, run 10"},
		/* KS_CB_END: after the wake-up */
		{11, "run 15, gp-timer@1 5585, kworker@1 10, gp-work@1 10, kworker@2 10, "
		     "gp-work@2 5, kworker@2 10, gp-work@2 5, wakeup 10, run 10"},
		/* KS_SLEEP: nothing is known, nothing is called run */
		{12, "unexplained 5670"},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		struct trace *trace = run_without(cases[i].row);

		assert_int_equal(trace->cnt, 1);
		print_message("without row %zu\n", cases[i].row);
		assert_string_equal(trace->stalls[0].account, cases[i].account);
		/* a hole says so, where it can be told from a border that moved */
		assert_int_equal(trace->stalls[0].stall.is_complete,
				 !strstr(cases[i].account, "unexplained"));
		trace_free(trace);
	}
}

/* Any two neighbours exchanged, as a late record would: sums hold (trace_check). */
static void records_in_the_wrong_order_break_no_sum(void **state)
{
	(void)state;
	for (size_t i = 0; i + 1 < SEED_CNT; i++) {
		for (size_t j = i + 1; j < SEED_CNT; j++) {
			struct row rows[SEED_CNT];
			struct trace *trace;

			memcpy(rows, seed_rows, sizeof(rows));
			rows[i] = seed_rows[j];
			rows[j] = seed_rows[i];
			trace = RUN(rows);
			assert_int_equal(trace->cnt, 1);
			trace_free(trace);
		}
	}
}

/* A record that tells of a loss, anywhere: the past before the gap stays, all else is a hole. */
static void what_is_known_ends_where_a_loss_begins(void **state)
{
	const struct row rows[] = {
		BORN(10, 1, .cpu = 1),
		START(100, 11, SRCU(1), GP(1), .cpu = 1, BY_IRQCHIP),
		/* CPU 2 was last heard of at 700, and lost something until 3000 */
		HEARD(700, 2),
		STEP(GP_QUEUE, 1000, SRCU(1), GP(1), .cpu = 1),
		STEP(GP_BEGIN, 1010, SRCU(1), GP(1), .cpu = 1),
		STEP(GP_END, 1020, SRCU(1), GP(1) + 1, .cpu = 1),
		DROPS(2000, 2, 3),
		HEARD(3000, 2),
		STEP(GP_QUEUE, 4000, SRCU(1), GP(2), .cpu = 1),
		STEP(GP_BEGIN, 4010, SRCU(1), GP(2), .cpu = 1),
		STEP(CB_QUEUE, 4020, SRCU(1), DONE(2), .of_cpu = 1),
		STEP(GP_END, 4030, SRCU(1), DONE(2), .cpu = 1),
		STEP(CB_BEGIN, 4040, SRCU(1), DONE(2), .of_cpu = 1, .val = 1),
		MEMSLOT_SLEEP(4050, 4060, DONE(2), .wake_cpu = 1),
		MEMSLOT_CALL(4070),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account,
			    "run 15, gp-timer@1 285, unexplained 3300, kworker@2 10, gp-work@2 10, "
			    "kworker@2 20, gp-work@2 10, wakeup 10, run 10");
	assert_false(trace->stalls[0].stall.is_complete);
	assert_int_equal(ledger_get_stats(trace->ledger)->lost, 3);
	trace_free(trace);
}

/*
 * Callbacks belong to a CPU, the boot CPU where domains are small, and are run wherever
 * process_srcu runs. A record of theirs tells what was lost by the CPU that made it.
 */
static void a_loss_is_of_the_cpu_that_made_the_record(void **state)
{
	const struct row rows[] = {
		BORN(10, 1, .cpu = 3),
		START(413, 12, SRCU(1), GP(1), .cpu = 3, .val = 7, .vm = 1, .kind = KS_KIND_VM),
		STEP(GP_QUEUE, 1000, SRCU(1), GP(1), .cpu = 3, .drops = 1),
		STEP(GP_BEGIN, 5000, SRCU(1), GP(1), .cpu = 3, .drops = 1),
		HEARD(9980, 0),
		STEP(CB_QUEUE, 9985, SRCU(1), DONE(1), .cpu = 3, .of_cpu = 0),
		MEMSLOT_SLEEP(9995, 10000, DONE(1), .cpu = 1),
		MEMSLOT_CALL(10010),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account,
			    "run 13, unexplained 2, unexplained 9580, wakeup 5, run 10");
	assert_false(trace->stalls[0].stall.is_complete);
	assert_int_equal(ledger_get_stats(trace->ledger)->lost, 2);
	trace_free(trace);
}

/* The callbacks' past is cut where the GPs' is, on every CPU. */
static void callbacks_are_not_known_from_a_loss_on_either(void **state)
{
	const struct row rows[] = {
		BORN(10, 1, .cpu = 1),
		START(413, 12, SRCU(1), GP(1), .cpu = 1, .vm = 1, .kind = KS_KIND_VM),
		STEP(GP_BEGIN, 430, SRCU(1), GP(1), .cpu = 1),
		STEP(CB_ARM, 440, SRCU(1), DONE(1), .of_cpu = 1, .val = 9),
		STEP(GP_END, 450, SRCU(1), DONE(1), .cpu = 1),
		HEARD(700, 2),
		STEP(CB_QUEUE, 800, SRCU(1), DONE(1), .of_cpu = 1),
		STEP(CB_BEGIN, 900, SRCU(1), DONE(1), .of_cpu = 1, .val = 1),
		DROPS(940, 2, 1),
		HEARD(950, 2),
		MEMSLOT_SLEEP(1000, 1010, DONE(1), .wake_cpu = 1),
		MEMSLOT_CALL(1020),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(
		trace->stalls[0].account,
		"run 15, kworker@1 15, gp-work@1 10, cb-timer@1 260, unexplained@1 300, "
		"wakeup 10, run 10");
	assert_false(trace->stalls[0].stall.is_complete);
	trace_free(trace);
}

/* What was queued before a loss may have been run in it: a timer armed behind it is one. */
static void what_comes_after_a_loss_is_known_again(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		STEP(CB_QUEUE, 100, SRCU(1), DONE(1)),
		LOST(110, 120, 1),
		START(413, 12, SRCU(1), GP(2), .vm = 1, .kind = KS_KIND_VM, .cmd = MEMSLOT),
		STEP(GP_BEGIN, 430, SRCU(1), GP(2)),
		STEP(CB_ARM, 440, SRCU(1), DONE(2), .val = 9),
		STEP(GP_END, 450, SRCU(1), DONE(2)),
		STEP(CB_QUEUE, 800, SRCU(1), DONE(2)),
		MEMSLOT_SLEEP(1000, 1010, DONE(2)),
		MEMSLOT_CALL(1020),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account,
			    "run 15, kworker@2 15, gp-work@2 10, cb-timer@2 360, kworker@2 200, "
			    "wakeup 10, run 10");
	assert_true(trace->stalls[0].stall.is_complete);
	trace_free(trace);
}

/* A run of which a part was lost has no end that could be trusted. */
static void a_loss_inside_the_gps_work_leaves_a_hole(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(413, 12, SRCU(1), GP(1), .vm = 1, .kind = KS_KIND_VM, .cmd = MEMSLOT),
		STEP(GP_BEGIN, 430, SRCU(1), GP(1)),
		LOST(435, 437, 1),
		STEP(CB_QUEUE, 440, SRCU(1), DONE(1)),
		STEP(GP_END, 450, SRCU(1), DONE(1)),
		STEP(CB_BEGIN, 460, SRCU(1), DONE(1), .val = 1),
		MEMSLOT_SLEEP(470, 480, DONE(1)),
		MEMSLOT_CALL(490),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account,
			    "run 15, kworker@1 15, gp-work@1 5, unexplained 35, wakeup 10, run 10");
	trace_free(trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_memslot_waits_for_the_timer_of_a_gp_that_another_call_started),
		cmocka_unit_test(without_the_entry_the_wait_begins_with_the_sleep),
		cmocka_unit_test(its_own_normal_gp_costs_two_timers_and_it_is_its_own_culprit),
		cmocka_unit_test(an_idle_domain_and_an_expedited_wait_cost_next_to_nothing),
		cmocka_unit_test(a_reader_is_charged_up_to_the_last_scan_that_found_it),
		cmocka_unit_test(who_sleeps_through_an_idle_domain_waits_for_no_later_gp),
		cmocka_unit_test(who_starts_a_gp_waits_for_that_one),
		cmocka_unit_test(one_failed_scan_is_back_off_from_its_end_on),
		cmocka_unit_test(busy_polling_is_the_readers_time_however_many_scans_fail),
		cmocka_unit_test(who_comes_while_a_reader_holds_the_gp_is_charged_from_then_on),
		cmocka_unit_test(kworkers_that_do_not_come_are_named_for_gp_and_callbacks),
		cmocka_unit_test(only_the_callbacks_of_the_cpu_that_woke_it_count),
		cmocka_unit_test(a_wake_up_that_was_not_seen_leaves_no_wakeup),
		cmocka_unit_test(a_barrier_waits_for_the_callbacks_of_whoever_came_before),
		cmocka_unit_test(a_barrier_after_the_gp_pays_the_callbacks_timer_alone),
		cmocka_unit_test(two_waiters_share_the_gp_that_they_need),
		cmocka_unit_test(callbacks_queued_while_they_run_wait_for_a_kworker_again),
		cmocka_unit_test(who_made_a_gp_wait_for_another_is_behind_both),
		cmocka_unit_test(
			a_gp_has_ended_when_its_callbacks_are_queued_not_when_its_work_returns),
		cmocka_unit_test(a_gp_started_while_the_last_ones_work_returns_has_its_timer),
		cmocka_unit_test(callbacks_of_the_last_gp_do_not_end_the_one_that_runs),
		cmocka_unit_test(a_sleep_that_ends_before_the_needed_gp_is_charged_to_the_gps),
		cmocka_unit_test(a_domain_that_is_older_than_the_trace_has_no_negative_gps),
		cmocka_unit_test(gps_are_numbered_from_birth_across_zero),
		cmocka_unit_test(a_wait_across_sequence_zero_is_like_any_other),
		cmocka_unit_test(a_gp_that_was_in_flight_before_we_looked_has_no_starter),
		cmocka_unit_test(a_gp_found_three_jiffies_old_is_still_in_its_first_timer),
		cmocka_unit_test(a_gp_found_without_a_timer_is_unexplained_until_it_is_seen),
		cmocka_unit_test(a_gp_found_old_is_in_its_readers_back_off),
		cmocka_unit_test(the_age_of_a_gp_is_never_more_than_the_clock),
		cmocka_unit_test(initiators_of_all_recent_gps_are_remembered),
		cmocka_unit_test(an_initiator_that_is_reported_late_is_found_all_the_same),
		cmocka_unit_test(a_domain_at_rest_forgets_its_past_after_ten_seconds),
		cmocka_unit_test(a_domain_with_work_to_do_forgets_nothing),
		cmocka_unit_test(a_wait_across_a_thousand_gps_is_explained),
		cmocka_unit_test(what_does_not_fit_the_budget_is_counted_and_unexplained),
		cmocka_unit_test(all_domains_together_stay_within_the_budget),
		cmocka_unit_test(pieces_of_one_cause_are_one),
		cmocka_unit_test(nothing_is_said_of_a_domain_that_was_never_heard_of),
		cmocka_unit_test(a_missing_record_makes_a_hole_or_moves_a_border_but_no_sum),
		cmocka_unit_test(records_in_the_wrong_order_break_no_sum),
		cmocka_unit_test(what_is_known_ends_where_a_loss_begins),
		cmocka_unit_test(a_loss_is_of_the_cpu_that_made_the_record),
		cmocka_unit_test(callbacks_are_not_known_from_a_loss_on_either),
		cmocka_unit_test(what_comes_after_a_loss_is_known_again),
		cmocka_unit_test(a_loss_inside_the_gps_work_leaves_a_hole),
	};

	return cmocka_run_group_tests_name("domain", tests, NULL, NULL);
}
