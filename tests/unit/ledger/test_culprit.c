// SPDX-License-Identifier: GPL-2.0-only
/* Who is to blame: the culprit is that of one segment, and of no other that looks like it. */
#include "ledger/culprit.h"

#include "output/advice.h"
#include "output/deferral.h"
#include "output/table.h"
#include "trace.h"

/*
 * GP 3 of the VM's own domain, which the close starts itself, is short; GP 3 of
 * the host-wide one, which VM 2 started, is not.
 */
static const struct row two_gps_of_one_number[] = {
	BORN(10, 1),
	BORN(20, 2),
	START(102, 12, SRCU(1), GP(3), .vm = 1, .kind = KS_KIND_CLOSE, .tgid = TGID(1)),
	STEP(GP_BEGIN, 115, SRCU(1), GP(3)),
	STEP(CB_QUEUE, 120, SRCU(1), DONE(3)),
	STEP(GP_END, 121, SRCU(1), DONE(3)),
	STEP(CB_BEGIN, 125, SRCU(1), DONE(3), .val = 1),
	STEP(CB_END, 130, SRCU(1), DONE(3)),
	SLEEP(105, 128, 140, 12, SRCU(1), .needed = DONE(3), .stack = IN_MEMSLOT),
	START(150, 21, MMU_SRCU, GP(3), .val = 7, .vm = 2, .kind = KS_KIND_CLOSE, .tgid = TGID(2),
	      .stack = STARTS_PIT_CLOSE),
	STEP(GP_QUEUE, 9000, MMU_SRCU, GP(3)),
	STEP(GP_BEGIN, 9010, MMU_SRCU, GP(3)),
	STEP(CB_QUEUE, 9015, MMU_SRCU, DONE(3)),
	STEP(GP_END, 9016, MMU_SRCU, DONE(3)),
	STEP(CB_BEGIN, 9020, MMU_SRCU, DONE(3), .val = 2),
	STEP(CB_END, 9030, MMU_SRCU, DONE(3)),
	SLEEP(200, 9025, 9040, 12, MMU_SRCU, .needed = DONE(3), .stack = IN_MMU_UNREGISTER),
	CLOSE(100, 9050, 12, 1, 2),
};

static void the_culprit_is_of_the_domain_that_stalled_the_call(void **state)
{
	struct trace *trace = RUN(two_gps_of_one_number);
	const struct seen *seen = &trace->stalls[0];

	(void)state;
	assert_string_equal(seen->culprit, "kvm_unregister_irq_mask_notifier, close, vmm[21], 50");
	assert_int_equal(seen->culprit_vm_id, 2);
	assert_ptr_equal(seen->stall.culprit.seg, &seen->segments[7]);
	assert_int_equal(domain_get_kind(seen->stall.culprit.seg->dom), DOMAIN_SHARED);
	trace_free(trace);
}

static struct deferral *watch_vm(const struct trace *trace, int n)
{
	struct deferral *deferral = deferral_new();

	assert_non_null(deferral);
	assert_int_equal(deferral_vm_new(deferral, ledger_vm(trace->ledger, KVM(n))), 0);
	return deferral;
}

/* What "report --by deferral" says that grace periods of kvm_io_bus_register_dev() cost @vm. */
static uint64_t lost_ns(const struct trace *trace, size_t i, int n)
{
	struct deferral *deferral = watch_vm(trace, n);
	const struct stall stall = trace_stall(trace, i, ledger_vm(trace->ledger, KVM(n)));
	struct table table;
	uint64_t lost = 0;

	assert_int_equal(deferral_stall(deferral, &stall), 0);
	assert_int_equal(deferral_table(deferral, &table), 0);
	if (table.cnt)
		lost = table.cells[4].value; /* LOST of the only row */
	table_fini(&table);
	deferral_free(deferral);
	return lost;
}

/* The VM's two domains both count from 1. */
static void a_stall_is_lost_to_the_callback_of_its_own_domain(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(102, 12, SRCU(1), GP(1), .vm = 1, .kind = KS_KIND_VM, .cmd = MEMSLOT),
		STEP(GP_BEGIN, 115, SRCU(1), GP(1)),
		STEP(CB_QUEUE, 120, SRCU(1), DONE(1)),
		STEP(GP_END, 121, SRCU(1), DONE(1)),
		STEP(CB_BEGIN, 125, SRCU(1), DONE(1), .val = 1),
		STEP(CB_END, 130, SRCU(1), DONE(1)),
		SLEEP(105, 128, 140, 12, SRCU(1), .needed = DONE(1), .stack = IN_MEMSLOT),
		START(150, 11, IRQ_SRCU(1), GP(1), .val = 7, .vm = 1, .kind = KS_KIND_VM,
		      .cmd = IRQCHIP, .tgid = TGID(1), .stack = IN_REGISTER_DEV),
		STEP(GP_QUEUE, 9000, IRQ_SRCU(1), GP(1)),
		STEP(GP_BEGIN, 9010, IRQ_SRCU(1), GP(1)),
		STEP(CB_QUEUE, 9015, IRQ_SRCU(1), DONE(1)),
		STEP(GP_END, 9016, IRQ_SRCU(1), DONE(1)),
		STEP(CB_BEGIN, 9020, IRQ_SRCU(1), DONE(1), .val = 2),
		STEP(CB_END, 9030, IRQ_SRCU(1), DONE(1)),
		SLEEP(200, 9025, 9040, 12, IRQ_SRCU(1), .wait = 195, .needed = DONE(1),
		      .stack = IN_PIT_CLOSE),
		CALL(100, 9050, 12, 1, MEMSLOT, 2),
	};
	struct trace *trace = RUN(rows);
	const struct seen *seen = &trace->stalls[0];

	(void)state;
	assert_string_equal(seen->culprit,
			    "kvm_io_bus_register_dev, KVM_CREATE_IRQCHIP, vmm[11], 45");
	assert_true(seen->stall.without_ns < seen->stall.latency_ns);
	assert_int_equal(lost_ns(trace, 0, 1), seen->stall.latency_ns - seen->stall.without_ns);
	trace_free(trace);
}

/* A reader holds GP 1 from 1000 to @fails; process_srcu comes back at @back. */
static struct trace *run_reader(uint64_t fails, uint64_t back)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(110, 12, SRCU(1), GP(1), .vm = 1, .kind = KS_KIND_VM, .cmd = MEMSLOT),
		STEP(GP_BEGIN, 150, SRCU(1), GP(1)),
		STEP(GP_END, 1000, SRCU(1), GP(1)),
		STEP(GP_QUEUE, fails - 20, SRCU(1), GP(1)),
		STEP(GP_BEGIN, fails - 10, SRCU(1), GP(1)),
		STEP(GP_END, fails, SRCU(1), GP(1)),
		STEP(GP_QUEUE, back, SRCU(1), GP(1)),
		STEP(GP_BEGIN, back + 10, SRCU(1), GP(1)),
		STEP(CB_QUEUE, back + 20, SRCU(1), DONE(1)),
		STEP(GP_END, back + 30, SRCU(1), DONE(1)),
		STEP(CB_BEGIN, back + 40, SRCU(1), DONE(1), .val = 1),
		SLEEP(120, back + 45, back + 60, 12, SRCU(1), .needed = DONE(1),
		      .stack = IN_MEMSLOT),
		/* longer than each of both, not than both */
		SLEEP(back + 70, back + 50070, back + 50070, 12, 0, .stack = IN_KTHREAD_STOP),
		CALL(100, back + 50100, 12, 1, MEMSLOT, 2),
	};

	return RUN(rows);
}

static void a_reader_and_its_back_off_are_one_culprits(void **state)
{
	static const struct {
		uint64_t fails, back;
	} cases[] = {{48300, 48300 + 44000}, {45000, 45000 + 47300}};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		struct trace *trace = run_reader(cases[i].fails, cases[i].back);
		const struct stall *stall = &trace->stalls[0].stall;

		assert_int_equal(stall->by_cause[KS_CAUSE_READER], TRACE_NS(cases[i].fails - 1000));
		assert_int_equal(stall->by_cause[KS_CAUSE_POLL_BACKOFF],
				 TRACE_NS(cases[i].back - cases[i].fails));
		assert_int_equal(stall->by_cause[KS_CAUSE_KTHREAD], TRACE_NS(50000));
		assert_int_equal(stall->cause, KS_CAUSE_READER);
		assert_int_equal(stall->culprit.kind, CULPRIT_READER);
		assert_int_equal(stall->culprit.seg->cause, KS_CAUSE_READER);
		trace_free(trace);
	}
}

/* GP 1 is normal: its timer fires at @fires, and that of its callbacks @cb_us later. */
static struct trace *run_timers(uint64_t fires, uint64_t cb_us)
{
	uint64_t end = fires + 20;
	const struct row rows[] = {
		BORN(10, 1),
		START(105, 12, SRCU(1), GP(1), .val = 7, .kind = KS_KIND_CLOSE,
		      .stack = STARTS_PIT_CLOSE),
		STEP(GP_QUEUE, fires, SRCU(1), GP(1)),
		STEP(GP_BEGIN, fires + 10, SRCU(1), GP(1)),
		STEP(CB_ARM, end, SRCU(1), DONE(1), .val = 9),
		STEP(GP_END, end + 5, SRCU(1), DONE(1)),
		STEP(CB_QUEUE, end + cb_us, SRCU(1), DONE(1)),
		STEP(CB_BEGIN, end + cb_us + 10, SRCU(1), DONE(1), .val = 1),
		SLEEP(110, end + cb_us + 15, end + cb_us + 20, 12, SRCU(1), .needed = DONE(1),
		      .stack = IN_PIT_CLOSE),
		SLEEP(end + cb_us + 30, end + cb_us + 9030, end + cb_us + 9030, 12, 0,
		      .stack = IN_KTHREAD_STOP),
		CLOSE(100, end + cb_us + 9040, 12, 1, 2),
	};

	return RUN(rows);
}

static void the_timers_of_one_gp_are_one_culprits(void **state)
{
	static const struct {
		uint64_t gp_us, cb_us;
		enum ks_cause cause;
	} cases[] = {
		{7300, 5900, KS_CAUSE_CB_TIMER},
		{5900, 7300, KS_CAUSE_CB_TIMER},
		{11900, 4100, KS_CAUSE_CB_TIMER},
		{11900, 300, KS_CAUSE_GP_TIMER},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		struct trace *trace = run_timers(110 + cases[i].gp_us, cases[i].cb_us);
		const struct stall *stall = &trace->stalls[0].stall;

		assert_int_equal(stall->by_cause[KS_CAUSE_GP_TIMER], TRACE_NS(cases[i].gp_us));
		assert_int_equal(stall->by_cause[KS_CAUSE_CB_TIMER], TRACE_NS(cases[i].cb_us));
		assert_int_equal(stall->cause, cases[i].cause);
		assert_true(stall->culprit.is_self);
		trace_free(trace);
	}
}

/* A hole may have other reasons than a loss. */
static void advice_for_a_hole_does_not_claim_a_loss(void **state)
{
	(void)state;
	assert_null(strstr(advice_for_cause(KS_CAUSE_UNEXPLAINED), "missing"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_culprit_is_of_the_domain_that_stalled_the_call),
		cmocka_unit_test(a_stall_is_lost_to_the_callback_of_its_own_domain),
		cmocka_unit_test(a_reader_and_its_back_off_are_one_culprits),
		cmocka_unit_test(the_timers_of_one_gp_are_one_culprits),
		cmocka_unit_test(advice_for_a_hole_does_not_claim_a_loss),
	};

	return cmocka_run_group_tests_name("culprit", tests, NULL, NULL);
}
