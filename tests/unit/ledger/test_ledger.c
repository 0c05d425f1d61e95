// SPDX-License-Identifier: GPL-2.0-only
/* VMs, tasks and losses: whose a call is, whatever goes, comes back or never comes. */
#include "ledger/ledger.h"

#include <errno.h>

#include "ledger/record_view.h"
#include "trace.h"

#define GRACE_US 1000000 /* a dead VM is remembered for so long */

static void vms_are_numbered_and_their_calls_are_theirs(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		BORN(20, 2),
		CALL(100, 110, 11, 1, VCPU, 0),
		CALL(100, 120, 21, 2, VCPU, 0),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_int_equal(trace->vms_new, 2);
	assert_int_equal(trace->stalls[0].vm_id, 1);
	assert_int_equal(trace->stalls[1].vm_id, 2);
	assert_non_null(ledger_vm(trace->ledger, KVM(2)));
	assert_int_equal(ledger_vm(trace->ledger, KVM(2))->tgid, TGID(2));
	assert_string_equal(ledger_vm(trace->ledger, KVM(2))->comm, "vmm");
	assert_int_equal(ledger_vm(trace->ledger, KVM(2))->born_ns, TRACE_NS(20));
	assert_null(ledger_vm(trace->ledger, KVM(3)));
	assert_int_equal(ledger_get_stats(trace->ledger)->vms, 2);
	assert_int_equal(ledger_get_stats(trace->ledger)->calls, 2);
	assert_int_equal(ledger_get_stats(trace->ledger)->records, 4);
	trace_free(trace);
}

/* A call that does not know its VM: by what it waited for, else the process's newest. */
static void a_calls_vm_is_found_without_its_address(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		BORN(20, 2, .tgid = TGID(1)),
		SLEEP(110, 120, 130, 12, IRQ_SRCU(1), .stack = IN_PIT_CLOSE),
		CALL(100, 140, 12, 0, 0, 1, .tgid = TGID(1)),
		CALL(100, 150, 13, 0, 0, 0, .tgid = TGID(1)),
		CALL(100, 160, 14, 0, 0, 0, .tgid = 4711),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_int_equal(trace->stalls[0].vm_id, 1);
	assert_int_equal(trace->stalls[1].vm_id, 2);
	assert_int_equal(trace->stalls[2].vm_id, 0);
	trace_free(trace);
}

/* fentry: KS_VM_GONE comes when kvm_destroy_vm() begins, the close's own record when it is over. */
static void a_close_that_outlives_its_vm_is_still_its_own(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		GONE(105, 1),
		START(120, 11, IRQ_SRCU(1), GP(1), .val = 7, .vm = 1, .kind = KS_KIND_CLOSE,
		      .stack = STARTS_PIT_CLOSE),
		STEP(GP_QUEUE, 8000, IRQ_SRCU(1), GP(1)),
		STEP(GP_BEGIN, 8004, IRQ_SRCU(1), GP(1)),
		STEP(CB_QUEUE, 8006, IRQ_SRCU(1), DONE(1)),
		STEP(GP_END, 8009, IRQ_SRCU(1), DONE(1)),
		STEP(CB_BEGIN, 8010, IRQ_SRCU(1), DONE(1), .val = 1),
		SLEEP(130, 8011, 8012, 11, IRQ_SRCU(1), .needed = DONE(1), .stack = IN_PIT_CLOSE),
		CLOSE(100, 8100, 11, 1, 1),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_int_equal(trace->vms_gone, 1);
	assert_null(ledger_vm(trace->ledger, KVM(1)));
	assert_int_equal(trace->stalls[0].vm_id, 1);
	assert_int_equal(trace->stalls[0].culprit_vm_id, 1);
	assert_string_equal(trace->stalls[0].account,
			    "run 30, gp-timer@1 7870, kworker@1 4, gp-work@1 2, kworker@1 4, "
			    "gp-work@1 1, wakeup 1, run 88");
	trace_free(trace);
}

/* tracepoint: the close is over first. */
static void a_close_that_ends_before_its_vm_is_its_own_too(void **state)
{
	const struct row rows[] = {BORN(10, 1), CLOSE(100, 200, 11, 1, 0), GONE(210, 1)};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_int_equal(trace->stalls[0].vm_id, 1);
	assert_string_equal(trace->gone, "1 ");
	trace_free(trace);
}

static void a_dead_vm_is_forgotten_after_its_grace(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		GONE(100, 1),
		BORN(150, 2),
		GONE(200, 2), /* looks for old graves */
		CLOSE(90, 300, 11, 1, 0, .tgid = 1),
		BORN(GRACE_US + 150, 3),
		GONE(GRACE_US + 160, 3),
		CLOSE(90, GRACE_US + 170, 11, 1, 0, .tgid = 1),
		CLOSE(90, GRACE_US + 170, 11, 2, 0, .tgid = 1),
		CLOSE(90, GRACE_US + 170, 11, 3, 0, .tgid = 1),
		GONE(3 * GRACE_US, 4), /* of none that we know */
		CLOSE(90, 3 * GRACE_US, 11, 3, 0, .tgid = 1),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_int_equal(trace->stalls[0].vm_id, 1);
	assert_int_equal(trace->stalls[1].vm_id, 0);
	assert_int_equal(trace->stalls[2].vm_id, 2);
	assert_int_equal(trace->stalls[3].vm_id, 3);
	assert_int_equal(trace->stalls[4].vm_id, 0);
	assert_string_equal(trace->gone, "1 2 3 ");
	trace_free(trace);
}

/* Memory is reused at once: another VM, whose domains know nothing of the old one's. */
static void a_reused_address_is_another_vm_with_domains_of_its_own(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(20, 11, SRCU(1), GP(1), .val = 7, .vm = 1, .kind = KS_KIND_VM,
		      .cmd = IRQCHIP),
		GONE(100, 1),
		BORN(110, 1, .tgid = 4711),
		SLEEP(130, 180, 190, 12, SRCU(1), .stack = IN_MEMSLOT),
		CALL(120, 200, 12, 1, MEMSLOT, 1),
		GONE(300, 1),
		/* both are dead; the newer one is meant */
		CLOSE(290, 310, 12, 1, 0),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_int_equal(trace->stalls[0].vm_id, 2);
	assert_string_equal(trace->stalls[0].account, "run 10, unexplained 50, wakeup 10, run 10");
	assert_int_equal(trace->stalls[1].vm_id, 2);
	assert_string_equal(trace->gone, "1 2 ");
	trace_free(trace);
}

/* The old VM's close is told when the next one lives at its address already. */
static void a_close_is_not_that_of_a_vm_born_during_it(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		GONE(105, 1),
		BORN(150, 1, .tgid = 4711),
		CLOSE(100, 160, 11, 1, 0),
		/* who made the new one */
		{.type = KS_CALL,
		 .from = 140,
		 .us = 170,
		 .tid = 12,
		 .vm = 1,
		 .kind = KS_KIND_DEV,
		 .cmd = CMD(1)},
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_int_equal(trace->stalls[0].vm_id, 1);
	assert_int_equal(trace->stalls[1].vm_id, 2);
	trace_free(trace);
}

/* Two came and went at its address since it died. */
static void a_close_is_not_that_of_a_vm_born_and_dead_during_it(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		GONE(105, 1),
		BORN(150, 1),
		GONE(155, 1),
		BORN(157, 1),
		CLOSE(100, 160, 11, 1, 0),
		CLOSE(151, 161, 11, 1, 0),
		CLOSE(158, 162, 11, 1, 0),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_int_equal(trace->stalls[0].vm_id, 1);
	assert_int_equal(trace->stalls[1].vm_id, 2);
	assert_int_equal(trace->stalls[2].vm_id, 3);
	trace_free(trace);
}

static void a_process_of_many_vms_is_at_its_newest(void **state)
{
	struct trace *trace = trace_new();
	const struct row call = CALL(400, 410, 11, 0, VCPU, 0, .tgid = TGID(1));

	(void)state;
	for (int i = 1; i <= 100; i++) { /* the map has them in no order */
		const struct row born = BORN(i, 101 - i, .tgid = TGID(1));

		trace_feed(trace, &born, 1);
	}
	trace_feed(trace, &call, 1);
	assert_int_equal(trace->stalls[0].vm_id, 100);
	trace_free(trace);
}

/* The loss of a KS_VM_GONE: a birth at the same address is proof of it. */
static void a_birth_ends_the_vm_that_was_there(void **state)
{
	const struct row rows[] = {BORN(10, 1), BORN(110, 1), CALL(120, 200, 12, 1, MEMSLOT, 0)};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_int_equal(trace->vms_new, 2);
	assert_string_equal(trace->gone, "1 ");
	assert_int_equal(trace->stalls[0].vm_id, 2);
	trace_free(trace);
}

/* An end that says whose it is, when another VM is at the address by now. */
static void an_end_is_that_of_the_vm_it_means(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		BORN(110, 1),
		{.type = KS_VM_GONE, .us = 120, .val = KVM(1), .seq = TRACE_NS(10)},
		{.type = KS_VM_GONE, .us = 130, .val = KVM(2), .seq = TRACE_NS(10)},
	};
	const struct row end = {.type = KS_VM_GONE, .us = 140, .val = KVM(1), .seq = TRACE_NS(110)};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->gone, "1 ");
	trace_feed(trace, &end, 1);
	assert_string_equal(trace->gone, "1 2 ");
	trace_free(trace);
}

/* Graves of a reused address must not take the new VM's domains along. */
static void burying_the_old_leaves_the_new_ones_domains(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		GONE(100, 1),
		BORN(110, 1),
		START(2 * GRACE_US, 11, SRCU(1), GP(1), .val = 7, .vm = 1, .kind = KS_KIND_VM,
		      .cmd = IRQCHIP, .stack = IN_REGISTER_DEV),
		GONE(2 * GRACE_US + 10, 2), /* buries the first VM */
		STEP(GP_QUEUE, 2 * GRACE_US + 50, SRCU(1), GP(1)),
		SLEEP(2 * GRACE_US + 20, 2 * GRACE_US + 60, 2 * GRACE_US + 60, 12, SRCU(1),
		      .stack = IN_MEMSLOT),
		CALL(2 * GRACE_US + 20, 2 * GRACE_US + 60, 12, 1, MEMSLOT, 1),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account, "gp-timer@1 30, kworker@1 10");
	assert_int_equal(trace->stalls[0].vm_id, 2);
	trace_free(trace);
}

/* GP n of a domain that task 12 waits for without a timer, in from @t to @t + 30; no stack. */
#define SHORT_WAIT(t, dom, n, ...)                                                                 \
	START(t, 12, dom, GP(n)), STEP(GP_BEGIN, (t) + 5, dom, GP(n)),                             \
		STEP(CB_QUEUE, (t) + 10, dom, DONE(n)), STEP(GP_END, (t) + 11, dom, DONE(n)),      \
		STEP(CB_BEGIN, (t) + 15, dom, DONE(n), .val = 1),                                  \
		STEP(CB_END, (t) + 25, dom, DONE(n)),                                              \
		SLEEP((t) + 1, (t) + 20, (t) + 30, 12, dom, __VA_ARGS__)

static void a_domain_is_mmu_notifiers_only_if_that_is_proven(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		SHORT_WAIT(110, SOME_SRCU, 1, .kind = KS_KIND_VM),
		CALL(100, 150, 12, 1, VCPU, 1),
		/* its stack names it */
		SHORT_WAIT(210, MMU_SRCU, 1, .kind = KS_KIND_CLOSE, .stack = IN_MMU_UNREGISTER),
		CLOSE(200, 250, 12, 1, 1),
		/* and it is the only one */
		SHORT_WAIT(310, SOME_SRCU, 2, .kind = KS_KIND_CLOSE),
		SHORT_WAIT(350, MMU_SRCU, 2, .kind = KS_KIND_VM),
		CLOSE(300, 390, 12, 1, 2),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].waited, "?(other) 29");
	assert_string_equal(trace->stalls[1].waited, "synchronize_srcu(mmu_notifier) 29");
	assert_string_equal(trace->stalls[2].waited, "?(other) 29; ?(mmu_notifier) 29");
	trace_free(trace);
}

/* Captures without such a stack: kvm_destroy_vm() waits on no other foreign domain before. */
static void the_first_foreign_domain_of_a_vms_close_is_mmu_notifiers(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		SHORT_WAIT(110, SRCU(1), 1, .kind = KS_KIND_CLOSE),
		SHORT_WAIT(150, MMU_SRCU, 1, .kind = KS_KIND_CLOSE),
		SHORT_WAIT(200, SOME_SRCU, 1, .kind = KS_KIND_CLOSE),
		CLOSE(100, 250, 12, 1, 3),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].waited,
			    "?(kvm.srcu) 29; ?(mmu_notifier) 29; ?(other) 29");
	trace_free(trace);
}

/* x86 has one for page tracking: until v6.5 always, then with CONFIG_KVM_EXTERNAL_WRITE_TRACKING.
 */
static void a_vms_third_domain_is_its_own_and_goes_with_it(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		STEP(DOMAIN, 11, TRACK_SRCU(1), 0, .val = KVM(1)),
		SHORT_WAIT(110, TRACK_SRCU(1), 1, .kind = KS_KIND_CLOSE),
		CLOSE(100, 150, 12, 1, 1),
		GONE(160, 1),
		GONE(2 * GRACE_US, 2), /* buries it */
		SHORT_WAIT(2 * GRACE_US + 10, TRACK_SRCU(1), 2, .kind = KS_KIND_VM),
		CALL(2 * GRACE_US, 2 * GRACE_US + 50, 12, 0, VCPU, 1),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].waited, "?(track_srcu) 29");
	assert_string_equal(
		trace->stalls[0].account,
		"run 11, kworker@1 4, gp-work@1 5, kworker@1 5, gp-work@1 5, wakeup 10, "
		"run 10");
	assert_string_equal(trace->stalls[1].waited, "?(other) 29");
	trace_free(trace);
}

static void a_third_domain_of_no_vm_or_of_another_kind_is_refused(void **state)
{
	const struct row rows[] = {
		BORN(10, 1), STEP(DOMAIN, 11, TRACK_SRCU(2), 0, .val = KVM(2)), /* gone already */
		STEP(DOMAIN, 12, TRACK_SRCU(1), 0, .val = KVM(1)),
		STEP(DOMAIN, 13, TRACK_SRCU(1), 0, .val = KVM(1)), /* once is enough */
	};
	const struct row bad[] = {STEP(DOMAIN, 21, SRCU(3), 0, .val = KVM(3)),
				  STEP(DOMAIN, 22, 0, 0, .val = KVM(3))};
	const struct row third[] = {BORN(20, 3)};
	struct trace *trace = RUN(rows);

	(void)state;
	trace_feed(trace, third, CNT(third));
	for (size_t i = 0; i < CNT(bad); i++) {
		union any_record rec;
		size_t size = trace_fill(&bad[i], &rec);

		assert_int_equal(trace_feed_sized(trace, &rec, size), -EINVAL);
	}
	trace_free(trace);
}

static void a_killed_call_says_so(void **state)
{
	const struct row rows[] = {BORN(10, 1),
				   CALL(100, 200, 12, 1, VCPU, 0, .flags = KS_CALL_KILLED)};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_true(trace->stalls[0].rec.flags & KS_CALL_KILLED);
	trace_free(trace);
}

static void a_thread_id_may_be_used_again(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		BORN(20, 2),
		SLEEP(110, 120, 130, 12, 0, .stack = IN_KTHREAD_STOP),
		CALL(100, 140, 12, 1, VCPU, 1),
		SLEEP(210, 220, 225, 12, 0, .stack = IN_KTHREAD_STOP),
		CALL(200, 240, 12, 2, VCPU, 1),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[1].account,
			    "run 10, kthread in kthread_stop 10, runnable 5, run 15");
	assert_int_equal(trace->stalls[1].vm_id, 2);
	assert_true(trace->stalls[1].stall.is_complete);
	trace_free(trace);
}

#define THREADS 65537 /* one more than the ledger keeps */

static void sleep_of(struct trace *trace, uint32_t tid, uint64_t us, int expected)
{
	const struct row row = SLEEP(us - 20, us - 10, us, tid, 0);
	union any_record rec;

	assert_int_equal(trace_feed_sized(trace, &rec, trace_fill(&row, &rec)), expected);
}

/* Each thread's call is lost, and it makes no other one: it was a short-lived VMM's. */
static void threads_that_never_end_their_call_are_forgotten(void **state)
{
	const struct row born = BORN(10, 1);
	const uint64_t day_us = 86400ULL * 1000000;
	struct trace *trace = trace_new();

	(void)state;
	trace_feed(trace, &born, 1);
	for (uint32_t i = 0; i < THREADS; i++)
		sleep_of(trace, 101 + i, 1000 + i, i == THREADS - 1 ? -ENOSPC : 0);
	assert_int_equal(ledger_get_stats(trace->ledger)->losses[KS_LOSS_TASKS], 1);
	for (uint32_t i = 0; i < THREADS; i++)
		sleep_of(trace, 1000101 + i, day_us + i, i == THREADS - 1 ? -ENOSPC : 0);
	trace_free(trace);
}

/* A task is also kept for those that wait for its locks, and two may wait for each other. */
static void threads_that_watch_each_other_are_forgotten(void **state)
{
	const uint64_t day_us = 86400ULL * 1000000;
	struct trace *trace = trace_new();

	(void)state;
	for (int day = 0; day < 2; day++)
		for (uint32_t i = 0; i < THREADS - 1; i++) {
			const uint32_t tid = 102 + day * 1000000 + i; /* pairs */
			const struct row row = LOCK(1000 + day * day_us + i, tid, 1, tid ^ 1);

			trace_feed(trace, &row, 1);
		}
	assert_int_equal(ledger_get_stats(trace->ledger)->losses[KS_LOSS_TASKS], 0);
	trace_free(trace);
}

static void a_call_that_is_stuck_for_long_keeps_its_past(void **state)
{
	const uint64_t min_us = 60 * 1000000;
	const struct row rows[] = {
		BORN(10, 1),
		SLEEP(110, 130, 140, 12, 0),
		/* others go on: time passes for all */
		CALL(29 * min_us, 29 * min_us + 50, 13, 1, VCPU, 0),
		SLEEP(150, 30 * min_us - 10, 30 * min_us, 12, 0),
		CALL(100, 30 * min_us + 10, 12, 1, MEMSLOT, 2),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_true(trace->stalls[1].stall.is_complete);
	trace_free(trace);
}

/* ---- losses ---- */

static void a_cpu_that_lost_records_tells_so_in_its_next_one(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		CALL(100, 200, 12, 1, VCPU, 0, .cpu = 1),
		CALL(150, 300, 13, 1, VCPU, 0, .cpu = 2), /* overlaps, but lost nothing as yet */
		DROPS(390, 1, 257),			  /* more than a record can say */
		CALL(250, 400, 12, 1, VCPU, 0, .cpu = 1),
		CALL(450, 500, 13, 1, VCPU, 0, .cpu = 2),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_true(trace->stalls[0].stall.is_complete);
	assert_true(trace->stalls[1].stall.is_complete);
	assert_false(trace->stalls[2].stall.is_complete);
	assert_true(trace->stalls[3].stall.is_complete);
	assert_int_equal(ledger_get_stats(trace->ledger)->lost, 255);
	trace_free(trace);
}

static void a_loss_is_of_the_calls_that_it_overlaps(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(20, 11, SRCU(1), GP(1), .val = 7, .vm = 1, .kind = KS_KIND_VM,
		      .cmd = IRQCHIP),
		LOST(50, 90, 7),
		SLEEP(30, 190, 190, 12, SRCU(1), .stack = IN_MEMSLOT),
		CALL(25, 200, 12, 1, MEMSLOT, 1),
		CALL(110, 210, 13, 1, MEMSLOT, 0),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account,
			    "run 5, gp-timer@1 20, unexplained 140, run 10");
	assert_false(trace->stalls[0].stall.is_complete);
	assert_true(trace->stalls[1].stall.is_complete);
	assert_int_equal(ledger_get_stats(trace->ledger)->lost, 7);
	trace_free(trace);
}

#define SEC_US 1000000

/* However often somebody looks at it: it is one sleep, and its domain's past is gone once. A GP a
 * second, and after a minute the first ones are forgotten. */
static void a_stuck_call_loses_its_history_once(void **state)
{
	const struct row born[] = {BORN(10, 1)};
	const struct row sleep[] = {SLEEP(20, 200 * SEC_US, 200 * SEC_US, 12, SRCU(1))};
	struct trace *trace = trace_new();

	(void)state;
	trace->count_only = true;
	trace_feed(trace, born, CNT(born));
	for (uint64_t i = 1; i <= 101; i++) {
		const struct row gp[] = {
			START(SEC_US * i, 11, SRCU(1), GP(i)),
			STEP(GP_BEGIN, SEC_US * i + 10, SRCU(1), GP(i)),
			STEP(GP_END, SEC_US * i + 20, SRCU(1), DONE(i)),
		};

		trace_feed(trace, gp, CNT(gp));
	}
	for (int i = 0; i < 41; i++)
		trace_asleep(trace, 12, 20, 110 * SEC_US + 10 * i, 0);
	trace_feed(trace, sleep, CNT(sleep));
	assert_int_equal(trace->cnt, 41);
	assert_int_equal(ledger_get_stats(trace->ledger)->losses[KS_LOSS_HISTORY], 1);
	trace_free(trace);
}

/* A scan failed, and none was made since: whoever is stuck is told what holds it, not what may be.
 */
static void a_stuck_call_waits_for_the_reader_that_was_seen_last(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(105, 12, SRCU(1), GP(1), .kind = KS_KIND_VM, .cmd = MEMSLOT),
		STEP(GP_BEGIN, 106, SRCU(1), GP(1)),
		STEP(GP_END, 107, SRCU(1), GP(1) + 1),
		STEP(GP_BEGIN, 4000, SRCU(1), GP(1) + 1),
		STEP(GP_END, 4001, SRCU(1), GP(1) + 1),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	trace_asleep(trace, 12, 110, 9110, DONE(1));
	assert_int_equal(trace->cnt, 1);
	assert_int_equal(trace->stalls[0].stall.cause, KS_CAUSE_READER);
	assert_string_equal(trace->stalls[0].account, "run 5, reader@1 9000");
	trace_free(trace);
}

/* ---- readers that a scan found ---- */

static void suspect(struct trace *trace, uint32_t tid, uint64_t ssp, uint64_t us,
		    const char *const *stack)
{
	const struct row row = {.stack = stack};
	union any_record rec = {
		.task = {.head = {.ts_ns = TRACE_NS(us), .tid = tid, .type = KS_SUSPECT},
			 .ssp = ssp,
			 .tgid = TGID(1),
			 .comm = "vmm"}};

	rec.task.frames = trace_stack(&row, rec.task.stack);
	assert_int_equal(trace_feed_sized(trace, &rec, sizeof(rec.task)), 0);
}

/* C11: AVIC's deadlock. The waiter is no suspect as long as it may only be slow. */
static void a_waiter_that_holds_what_it_waits_for_is_named_once_nobody_else_was(void **state)
{
	static const char *const avic[] = {"schedule",
					   "__synchronize_srcu.part.0",
					   "kvm_swap_active_memslots",
					   "kvm_set_memslot",
					   "kvm_arch_vcpu_ioctl_run",
					   "kvm_vcpu_ioctl",
					   NULL};
	const struct row rows[] = {
		BORN(10, 1),
		START(105, 12, SRCU(1), GP(1)),
		STEP(GP_BEGIN, 106, SRCU(1), GP(1)),
		STEP(GP_END, 107, SRCU(1), GP(1) + 1),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	suspect(trace, 12, SRCU(1), 500000, avic);
	trace_asleep(trace, 12, 110, 600000, DONE(1));
	assert_int_equal(trace->stalls[0].stall.cause, KS_CAUSE_READER);
	assert_false(trace->stalls[0].stall.culprit.is_known);
	suspect(trace, 12, SRCU(1), 1500000, avic);
	trace_asleep(trace, 12, 110, 1600000, DONE(1));
	assert_true(trace->stalls[1].stall.culprit.is_self);
	assert_string_equal(trace->stalls[1].culprit,
			    "kvm_swap_active_memslots, KVM_RUN, vmm[12], 0");
	/* another reader is the likelier one */
	suspect(trace, 13, SRCU(1), 1700000,
		STACK("handle_userfault", "kvm_arch_vcpu_ioctl_run", "kvm_vcpu_ioctl"));
	trace_asleep(trace, 12, 110, 1800000, DONE(1));
	assert_false(trace->stalls[2].stall.culprit.is_self);
	assert_string_equal(trace->stalls[2].culprit, "handle_userfault, KVM_RUN, vmm[13], 0");
	trace_free(trace);
}

static void asleep_in(struct trace *trace, uint64_t since_us, uint64_t us, const char *const *stack)
{
	const struct row row = {.stack = stack};
	union any_record rec = {
		.task = {.head = {.ts_ns = TRACE_NS(us), .tid = 12, .type = KS_ASLEEP},
			 .begin_ns = TRACE_NS(since_us - 10),
			 .off_ns = TRACE_NS(since_us),
			 .kvm = KVM(1),
			 .tgid = TGID(1),
			 .kind = KS_KIND_VM,
			 .cmd = MEMSLOT}};

	rec.task.frames = trace_stack(&row, rec.task.stack);
	assert_int_equal(trace_feed_sized(trace, &rec, sizeof(rec.task)), 0);
}

/* Symptom A5: a memory slot that waits for an invalidation says whose it is while it hangs, and
 * asks for a scan as long as that is not known. */
static void who_invalidates_is_named_while_a_memslot_waits_for_that(void **state)
{
	const char *const *waits = STACK("schedule", "kvm_swap_active_memslots", "kvm_set_memslot",
					 "kvm_vm_ioctl", "__x64_sys_ioctl");
	const struct row rows[] = {BORN(10, 1)};
	struct trace *trace = RUN(rows);
	uint64_t ssp = 0;

	(void)state;
	suspect(trace, 13, SRCU(1), 50,
		STACK("zap_page_range_single_batched", "__x64_sys_madvise"));
	asleep_in(trace, 110, 500000, waits); /* that one was before */
	assert_int_equal(trace->stalls[0].stall.cause, KS_CAUSE_INVALIDATION);
	assert_false(trace->stalls[0].stall.culprit.is_known);
	assert_true(ledger_take_sought(trace->ledger, &ssp) == KVM(1));
	assert_true(ssp == SRCU(1));
	assert_true(ledger_take_sought(trace->ledger, &ssp) == 0);

	suspect(trace, 14, SRCU(1), 600000, STACK("schedule", "alloc_fd"));
	suspect(trace, 13, SRCU(1), 600010,
		STACK("zap_page_range_single_batched", "__x64_sys_madvise"));
	asleep_in(trace, 110, 1000000, waits);
	assert_string_equal(trace->stalls[1].culprit,
			    "zap_page_range_single_batched, madvise, vmm[13], 0");
	assert_int_equal(trace->stalls[1].stall.culprit.kind, CULPRIT_WAKER);
	assert_true(ledger_take_sought(trace->ledger, &ssp) == 0);
	trace_free(trace);
}

/* The same reader for so long, and none of the threads is one: a leak, unless one was found, a
 * record of one may have been lost, or the scan is not of all who may be it. */
static void a_read_lock_is_leaked_if_nobody_is_in_a_place_that_holds_it(void **state)
{
	enum { NOTHING, FOUND, LOSES, IRQ, SHORT, CASES };

	(void)state;
	for (int i = 0; i < CASES; i++) {
		uint64_t ssp = i == IRQ ? IRQ_SRCU(1) : SRCU(1);
		const struct row before[] = {
			BORN(10, 1),
			START(105, 12, ssp, GP(1)),
			STEP(GP_BEGIN, 106, ssp, GP(1)),
			STEP(GP_END, 107, ssp, GP(1) + 1),
			COUNTED(7000, ssp, GP(1) + 1, .val = 101, .needed = 100),
		};
		const struct row lost[] = {LOST(7010, 7020, 1)};
		const struct row after[] = {
			STEP(GP_BEGIN, 8000, ssp, GP(1) + 1),
			STEP(GP_END, 8010, ssp, GP(1) + 1),
			STEP(GP_BEGIN, 1500000, ssp, GP(1) + 1),
			STEP(GP_END, 1500010, ssp, GP(1) + 1),
			COUNTED(i == SHORT ? 1006999 : 1707000, ssp, GP(1) + 1, .val = 101,
				.needed = 100),
			SLEEP(110, 1800000, 1800000, 12, ssp,
			      .stack = i == IRQ ? IN_PIT_CLOSE : IN_MEMSLOT),
			CALL(100, 1800010, 12, 1, MEMSLOT, 1),
		};
		struct trace *trace = RUN(before);
		const struct culprit *culprit = &trace->stalls[0].stall.culprit;

		if (i == FOUND)
			suspect(trace, 13, SRCU(1), 7500,
				STACK("handle_userfault", "kvm_arch_vcpu_ioctl_run",
				      "kvm_vcpu_ioctl"));
		if (i == LOSES)
			trace_feed(trace, lost, CNT(lost));
		trace_feed(trace, after, CNT(after));
		assert_int_equal(trace->stalls[0].stall.cause, KS_CAUSE_READER);
		assert_non_null(culprit->readers);
		assert_int_equal(readers_cnt(culprit->readers), 1);
		assert_int_equal(culprit->is_known, i == FOUND);
		assert_int_equal(stall_may_have_leaked(&trace->stalls[0].stall), i == NOTHING);
		trace_free(trace);
	}
}

/* Task 12 of a process as a scan finds it, asleep in this stack since 110 us; kind and number of
 * its call. */
static void scan_asleep(struct trace *trace, uint32_t tgid, uint8_t kind, uint32_t cmd,
			bool is_watched, const char *const *stack)
{
	const struct row row = {.stack = stack};
	union any_record rec = {
		.task = {.head = {.ts_ns = TRACE_NS(2000110), .tid = 12, .type = KS_ASLEEP},
			 .begin_ns = is_watched ? TRACE_NS(110) : 0,
			 .off_ns = is_watched ? TRACE_NS(110) : 0,
			 .tgid = tgid,
			 .cmd = cmd,
			 .kind = kind}};

	rec.task.frames = trace_stack(&row, rec.task.stack);
	assert_int_equal(trace_feed_sized(trace, &rec, sizeof(rec.task)), 0);
}

/* eventfd2() that waits for RCU and does not end is stuck; one that sleeps otherwise is news of
 * whom a VM is. */
static void a_call_that_is_not_kvms_is_stuck_for_a_grace_period_or_where_a_vm_is(void **state)
{
	const struct {
		uint32_t tgid;
		uint8_t kind;
		uint32_t cmd;
		bool is_watched;
		const char *const *stack;
		const char *call; /* NULL: not reported */
		enum ks_cause cause;
	} cases[] = {
		{TGID(1), KS_KIND_SYSCALL, KS_SYSCALL_X86 | 290, true, IN_FDTABLE, "eventfd2",
		 KS_CAUSE_RCU},
		{TGID(1), KS_KIND_SYSCALL, KS_SYSCALL_X86 | 3, true, IN_DEVICE_CLOSE,
		 "close (device)", KS_CAUSE_RCU},
		{TGID(1), KS_KIND_NONE, 0, true, IN_DEVICE_CLOSE, "close (device)", KS_CAUSE_RCU},
		{TGID(1), KS_KIND_NONE, 0, false, IN_FDTABLE, NULL, 0}, /* whom we do not know */
		{TGID(1), KS_KIND_SYSCALL, KS_SYSCALL_X86 | 290, true, IN_MUTEX, "eventfd2",
		 KS_CAUSE_OTHER_SLEEP},
		{TGID(2), KS_KIND_SYSCALL, KS_SYSCALL_X86 | 290, true, IN_MUTEX, NULL, 0},
		{TGID(1), KS_KIND_VM, MEMSLOT, true, IN_MUTEX, "KVM_SET_USER_MEMORY_REGION",
		 KS_CAUSE_OTHER_SLEEP},
	};
	const struct row rows[] = {BORN(10, 1)};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		struct trace *trace = RUN(rows);

		scan_asleep(trace, cases[i].tgid, cases[i].kind, cases[i].cmd, cases[i].is_watched,
			    cases[i].stack);
		assert_int_equal(trace->cnt, cases[i].call != NULL);
		if (cases[i].call) {
			assert_string_equal(call_name(trace->stalls[0].stall.call), cases[i].call);
			assert_int_equal(trace->stalls[0].stall.cause, cases[i].cause);
			assert_int_equal(trace->stalls[0].stall.stall_ns, 2000000000);
		}
		trace_free(trace);
	}
}

/* C12: another process unmaps its guest memory, and a VM's close waits. */
static void a_reader_of_the_hosts_domain_is_named(void **state)
{
	static const char *const unmaps[] = {"kvm_mmu_notifier_invalidate_range_start",
					     "__mmu_notifier_invalidate_range_start",
					     "__x64_sys_madvise", NULL};
	const struct row before[] = {
		BORN(10, 1),
		SLEEP(20, 30, 40, 12, MMU_SRCU, .needed = DONE(0), .stack = IN_MMU_UNREGISTER),
		CLOSE(15, 50, 12, 1, 1),
		START(105, 12, MMU_SRCU, GP(1)),
		STEP(GP_BEGIN, 106, MMU_SRCU, GP(1)),
		STEP(GP_END, 107, MMU_SRCU, GP(1) + 1),
	};
	const struct row after[] = {
		STEP(GP_BEGIN, 60000, MMU_SRCU, GP(1) + 1),
		STEP(GP_END, 60010, MMU_SRCU, GP(1) + 1),
		STEP(GP_BEGIN, 60100, MMU_SRCU, GP(1) + 1),
		STEP(CB_QUEUE, 60110, MMU_SRCU, DONE(1)),
		STEP(GP_END, 60120, MMU_SRCU, DONE(1)),
		STEP(CB_BEGIN, 60130, MMU_SRCU, DONE(1), .val = 1),
		SLEEP(110, 60140, 60150, 12, MMU_SRCU, .needed = DONE(1),
		      .stack = IN_MMU_UNREGISTER),
		CLOSE(100, 60160, 12, 1, 1),
	};
	struct trace *trace = RUN(before);

	(void)state;
	suspect(trace, 99, MMU_SRCU, 5000, unmaps);
	trace_feed(trace, after, CNT(after));
	assert_int_equal(trace->cnt, 2);
	assert_int_equal(trace->stalls[1].stall.cause, KS_CAUSE_READER);
	assert_string_equal(trace->stalls[1].culprit,
			    "kvm_mmu_notifier_invalidate_range_start, madvise, vmm[99], 0");
	trace_free(trace);
}

/* ---- malformed records ---- */

static void records_that_are_short_or_of_no_type_are_counted_and_refused(void **state)
{
	struct trace *trace = trace_new();
	uint64_t malformed = 0;

	(void)state;
	for (int type = 0; type < 256; type++) {
		union any_record rec = {.head = {.ts_ns = 1, .type = type}};
		size_t min = record_fixed_bytes(type);

		assert_int_equal(min != 0,
				 type > 0 && type < KS_TYPE_CNT && type != 16 && type != 18);
		assert_int_equal(trace_feed_sized(trace, &rec, min ? min - 1 : sizeof(rec)),
				 -EINVAL);
		malformed++;
	}
	for (size_t size = 0; size < sizeof(struct ks_head); size++, malformed++) {
		union any_record rec = {.head = {.ts_ns = 1, .type = KS_VM_GONE}};

		assert_int_equal(trace_feed_sized(trace, &rec, size), -EINVAL);
	}
	assert_int_equal(ledger_get_stats(trace->ledger)->malformed, malformed);
	assert_int_equal(ledger_get_stats(trace->ledger)->records, malformed);
	trace_free(trace);
}

/* CLOCK_MONOTONIC is signed: no sum of such times overflows, and JSON can say each. */
static void a_time_that_no_kernel_has_is_malformed(void **state)
{
	struct trace *trace = trace_new();
	const struct row row = GONE(1, 1);
	union any_record rec;
	size_t size = trace_fill(&row, &rec);

	(void)state;
	rec.head.ts_ns = INT64_MAX;
	assert_int_equal(trace_feed_sized(trace, &rec, size), 0);
	for (rec.head.ts_ns++; rec.head.ts_ns >> 63; rec.head.ts_ns += 1ULL << 60)
		assert_int_equal(trace_feed_sized(trace, &rec, size), -EINVAL);
	assert_int_equal(ledger_get_stats(trace->ledger)->malformed, 8);
	trace_free(trace);
}

static void records_that_contradict_themselves_are_refused(void **state)
{
	const struct row bad[] = {
		CALL(200, 100, 12, 1, VCPU, 0), /* begins after its end */
		STEP(GP_BEGIN, 100, 0, GP(1)),	/* of no domain */
		START(100, 11, 0, GP(1)),
		STEP(CB_QUEUE, 100, 0, GP(1)),
	};
	struct trace *trace = trace_new();
	union any_record rec;

	(void)state;
	for (size_t i = 0; i < CNT(bad); i++)
		assert_int_equal(trace_feed_sized(trace, &rec, trace_fill(&bad[i], &rec)), -EINVAL);
	/* VMs without an address, or with one domain for two */
	for (int i = 0; i < 4; i++) {
		const struct row born = BORN(10, 1);
		size_t size = trace_fill(&born, &rec);

		rec.vm.kvm = i == 0 ? 0 : rec.vm.kvm;
		rec.vm.srcu.ssp = i == 1 ? 0 : rec.vm.srcu.ssp;
		rec.vm.irq_srcu.ssp = i == 2 ? 0 : i == 3 ? rec.vm.srcu.ssp : rec.vm.irq_srcu.ssp;
		assert_int_equal(trace_feed_sized(trace, &rec, size), -EINVAL);
	}
	assert_int_equal(ledger_get_stats(trace->ledger)->malformed, CNT(bad) + 4);
	assert_int_equal(trace->cnt + trace->vms_new, 0);
	trace_free(trace);
}

/* A stack may be cut by the record's size, and claim more than there can be. */
static void no_more_frames_are_read_than_the_record_holds(void **state)
{
	const struct row row = SLEEP(110, 150, 160, 12, 0, .stack = IN_MEMSLOT);
	const struct row call = CALL(100, 200, 12, 0, VCPU, 1);
	union any_record rec;

	(void)state;
	for (uint32_t frames = 0; frames < 4; frames++) {
		static const uint32_t claims[] = {4, KS_STACK_MAX, KS_STACK_MAX + 1, UINT32_MAX};

		for (size_t i = 0; i < CNT(claims); i++) {
			struct trace *trace = trace_new();
			size_t size = offsetof(struct ks_sleep, stack) + frames * sizeof(__u64) + 7;

			trace_fill(&row, &rec);
			rec.sleep.frames = claims[i];
			rec.sleep.ssp = SRCU(1);
			assert_int_equal(trace_feed_sized(trace, &rec, size), 0);
			trace_feed(trace, &call, 1);
			/* the first two say nothing, the third that it is no wait */
			assert_int_equal(trace->stalls[0].stall.waits_cnt, frames < 3 ? 1 : 0);
			trace_free(trace);
		}
	}
}

static void task_number_0_and_the_last_are_tasks_like_others(void **state)
{
	static const uint32_t tids[] = {0, 1, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < CNT(tids); i++) {
		const struct row rows[] = {
			SLEEP(110, 120, 130, tids[i], 0, .stack = IN_KTHREAD_STOP),
			CALL(100, 140, tids[i], 0, VCPU, 1),
		};
		struct trace *trace = RUN(rows);

		assert_string_equal(trace->stalls[0].account,
				    "run 10, kthread in kthread_stop 10, runnable 10, run 10");
		trace_free(trace);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_invalidates_is_named_while_a_memslot_waits_for_that),
		cmocka_unit_test(vms_are_numbered_and_their_calls_are_theirs),
		cmocka_unit_test(a_calls_vm_is_found_without_its_address),
		cmocka_unit_test(a_close_that_outlives_its_vm_is_still_its_own),
		cmocka_unit_test(a_close_that_ends_before_its_vm_is_its_own_too),
		cmocka_unit_test(a_stuck_call_loses_its_history_once),
		cmocka_unit_test(a_stuck_call_waits_for_the_reader_that_was_seen_last),
		cmocka_unit_test(
			a_waiter_that_holds_what_it_waits_for_is_named_once_nobody_else_was),
		cmocka_unit_test(
			a_call_that_is_not_kvms_is_stuck_for_a_grace_period_or_where_a_vm_is),
		cmocka_unit_test(a_reader_of_the_hosts_domain_is_named),
		cmocka_unit_test(a_read_lock_is_leaked_if_nobody_is_in_a_place_that_holds_it),
		cmocka_unit_test(threads_that_never_end_their_call_are_forgotten),
		cmocka_unit_test(threads_that_watch_each_other_are_forgotten),
		cmocka_unit_test(a_call_that_is_stuck_for_long_keeps_its_past),
		cmocka_unit_test(a_dead_vm_is_forgotten_after_its_grace),
		cmocka_unit_test(a_reused_address_is_another_vm_with_domains_of_its_own),
		cmocka_unit_test(a_close_is_not_that_of_a_vm_born_during_it),
		cmocka_unit_test(a_close_is_not_that_of_a_vm_born_and_dead_during_it),
		cmocka_unit_test(a_process_of_many_vms_is_at_its_newest),
		cmocka_unit_test(a_birth_ends_the_vm_that_was_there),
		cmocka_unit_test(an_end_is_that_of_the_vm_it_means),
		cmocka_unit_test(burying_the_old_leaves_the_new_ones_domains),
		cmocka_unit_test(a_domain_is_mmu_notifiers_only_if_that_is_proven),
		cmocka_unit_test(the_first_foreign_domain_of_a_vms_close_is_mmu_notifiers),
		cmocka_unit_test(a_vms_third_domain_is_its_own_and_goes_with_it),
		cmocka_unit_test(a_third_domain_of_no_vm_or_of_another_kind_is_refused),
		cmocka_unit_test(a_killed_call_says_so),
		cmocka_unit_test(a_thread_id_may_be_used_again),
		cmocka_unit_test(a_cpu_that_lost_records_tells_so_in_its_next_one),
		cmocka_unit_test(a_loss_is_of_the_calls_that_it_overlaps),
		cmocka_unit_test(records_that_are_short_or_of_no_type_are_counted_and_refused),
		cmocka_unit_test(a_time_that_no_kernel_has_is_malformed),
		cmocka_unit_test(records_that_contradict_themselves_are_refused),
		cmocka_unit_test(no_more_frames_are_read_than_the_record_holds),
		cmocka_unit_test(task_number_0_and_the_last_are_tasks_like_others),
	};

	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
