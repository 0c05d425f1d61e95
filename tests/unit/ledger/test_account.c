// SPDX-License-Identifier: GPL-2.0-only
/* The account of a whole call: several waits, other sleeps, locks, names, phases, what is missing.
 */
#include "ledger/account.h"

#include "trace.h"

/* One expedited wait of @who on an idle domain: GP n, out at @t, in at @t + 40. */
#define QUICK_WAIT(t, who, n, entered)                                                             \
	START((t)-2, who, SRCU(1), GP(n), .vm = 1, .kind = KS_KIND_VM, .cmd = MEMSLOT),            \
		STEP(GP_BEGIN, (t) + 10, SRCU(1), GP(n)),                                          \
		STEP(CB_QUEUE, (t) + 15, SRCU(1), DONE(n)),                                        \
		STEP(GP_END, (t) + 16, SRCU(1), DONE(n)),                                          \
		STEP(CB_BEGIN, (t) + 20, SRCU(1), DONE(n), .val = 1),                              \
		STEP(CB_END, (t) + 24, SRCU(1), DONE(n)),                                          \
		SLEEP(t, (t) + 23, (t) + 40, who, SRCU(1), .wait = entered, .needed = DONE(n),     \
		      .stack = IN_MEMSLOT)

#define QUICK_ACCOUNT(n)                                                                           \
	"kworker@" #n " 10, gp-work@" #n " 5, kworker@" #n " 5, gp-work@" #n " 3, wakeup 17"

static void two_waits_of_one_call_follow_each_other(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		QUICK_WAIT(110, 12, 1, 105),
		QUICK_WAIT(155, 12, 2, 152),
		CALL(100, 200, 12, 1, MEMSLOT, 2),
	};
	struct trace *trace = RUN(rows);
	const struct seen *seen = &trace->stalls[0];

	(void)state;
	assert_int_equal(trace->cnt, 1);
	assert_string_equal(seen->account,
			    "run 10, " QUICK_ACCOUNT(1) ", run 5, " QUICK_ACCOUNT(2) ", run 5");
	assert_string_equal(seen->waited, "synchronize_srcu_expedited(kvm.srcu) 45 needs 1; "
					  "synchronize_srcu_expedited(kvm.srcu) 43 needs 2");
	assert_true(seen->stall.is_complete);
	assert_int_equal(seen->stall.by_cause[KS_CAUSE_KWORKER], TRACE_NS(30));
	assert_int_equal(seen->stall.cause, KS_CAUSE_WAKEUP);
	trace_free(trace);
}

/* Only the first wait had a GP before it: the second one's time stays. */
static void without_the_gp_in_flight_only_its_own_wait_is_shorter(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(50, 11, SRCU(1), GP(1), .val = 7, .vm = 1, .kind = KS_KIND_VM, .cmd = IRQCHIP,
		      .stack = IN_REGISTER_DEV),
		STEP(GP_QUEUE, 2000, SRCU(1), GP(1)),
		STEP(GP_BEGIN, 2010, SRCU(1), GP(1)),
		STEP(CB_QUEUE, 2015, SRCU(1), DONE(1)),
		STEP(GP_END, 2016, SRCU(1), DONE(1)),
		STEP(CB_BEGIN, 2020, SRCU(1), DONE(1), .val = 2),
		STEP(CB_END, 2025, SRCU(1), DONE(1)),
		SLEEP(110, 2024, 2030, 12, SRCU(1), .wait = 105, .stack = IN_BARRIER,
		      .api = KS_API_BARRIER),
		QUICK_WAIT(2110, 12, 2, 2105),
		CALL(100, 2200, 12, 1, MEMSLOT, 2),
	};
	struct trace *trace = RUN(rows);
	const struct seen *seen = &trace->stalls[0];

	(void)state;
	assert_string_equal(seen->account,
			    "run 10, gp-timer@1 1890, kworker@1 10, gp-work@1 5, kworker@1 5, "
			    "gp-work@1 4, wakeup 6, run 80, " QUICK_ACCOUNT(2) ", run 50");
	assert_int_equal(seen->stall.without_ns, TRACE_NS(2100 - 1890 - 10 - 5 - 5 - 4));
	assert_string_equal(seen->culprit,
			    "kvm_io_bus_register_dev, KVM_CREATE_IRQCHIP, vmm[11], 55");
	trace_free(trace);
}

/* A task that is woken for nothing sleeps on in the same function: one wait. */
static void several_sleeps_may_be_one_wait(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(108, 12, SRCU(1), GP(1), .vm = 1, .kind = KS_KIND_VM, .cmd = MEMSLOT),
		SLEEP(110, 115, 118, 12, SRCU(1), .wait = 105, .needed = DONE(1),
		      .stack = IN_MEMSLOT),
		SLEEP(119, 125, 128, 12, SRCU(1), .wait = 105, .needed = DONE(1),
		      .stack = IN_MEMSLOT),
		STEP(GP_BEGIN, 130, SRCU(1), GP(1)),
		STEP(CB_QUEUE, 135, SRCU(1), DONE(1)),
		STEP(GP_END, 136, SRCU(1), DONE(1)),
		STEP(CB_BEGIN, 140, SRCU(1), DONE(1), .val = 1),
		SLEEP(129, 145, 150, 12, SRCU(1), .wait = 105, .needed = DONE(1),
		      .stack = IN_MEMSLOT),
		CALL(100, 200, 12, 1, MEMSLOT, 3),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account,
			    "run 10, kworker@1 5, wakeup 3, run 1, kworker@1 6, wakeup 3, run 1, "
			    "kworker@1 1, gp-work@1 5, kworker@1 5, gp-work@1 5, wakeup 5, run 50");
	assert_string_equal(trace->stalls[0].waited,
			    "synchronize_srcu_expedited(kvm.srcu) 45 needs 1");
	assert_true(trace->stalls[0].stall.is_complete);
	trace_free(trace);
}

/* The tracepoint backend does not see entries: the same sleeps, one wait each. */
static void without_entries_each_sleep_is_a_wait(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(108, 12, SRCU(1), GP(1), .vm = 1, .kind = KS_KIND_VM, .cmd = MEMSLOT),
		SLEEP(110, 115, 118, 12, SRCU(1), .stack = IN_MEMSLOT),
		SLEEP(119, 125, 128, 12, SRCU(1), .stack = IN_MEMSLOT),
		CALL(100, 200, 12, 1, MEMSLOT, 2),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].waited,
			    "synchronize_srcu_expedited(kvm.srcu) 8; "
			    "synchronize_srcu_expedited(kvm.srcu) 9 first 1");
	trace_free(trace);
}

static void
who_started_the_gp_before_its_last_sleep_waits_for_it_as_an_outstanding_one(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		/* the call itself defers a callback, then sleeps elsewhere, then waits */
		START(110, 12, SRCU(1), GP(1), .val = 7, .vm = 1, .kind = KS_KIND_VM,
		      .cmd = IRQCHIP, .stack = IN_REGISTER_DEV),
		SLEEP(120, 130, 131, 12, 0, .stack = IN_KTHREAD_STOP),
		STEP(GP_QUEUE, 500, SRCU(1), GP(1)),
		STEP(GP_BEGIN, 510, SRCU(1), GP(1)),
		STEP(CB_QUEUE, 515, SRCU(1), DONE(1)),
		STEP(GP_END, 516, SRCU(1), DONE(1)),
		STEP(CB_BEGIN, 520, SRCU(1), DONE(1), .val = 3),
		SLEEP(200, 525, 530, 12, SRCU(1), .stack = IN_MEMSLOT),
		CALL(100, 600, 12, 1, IRQCHIP, 2),
	};
	struct trace *trace = RUN(rows);
	const struct seen *seen = &trace->stalls[0];

	(void)state;
	assert_string_equal(
		seen->account,
		"run 20, kthread in kthread_stop 10, runnable 1, run 69, gp-timer@1 300, "
		"kworker@1 10, gp-work@1 5, kworker@1 5, gp-work@1 5, wakeup 5, run 70");
	assert_string_equal(seen->waited, "synchronize_srcu_expedited(kvm.srcu) 330 first 1");
	assert_string_equal(seen->culprit,
			    "kvm_io_bus_register_dev, KVM_CREATE_IRQCHIP, vmm[12], 90");
	assert_false(seen->stall.culprit.is_self); /* call_srcu() is not a wait */
	assert_int_equal(seen->stall.without_ns, TRACE_NS(500 - 325));
	trace_free(trace);
}

/* Only a wait's own GP is not outstanding: not another task's, not what a callback started. */
static void a_gp_in_flight_is_outstanding_unless_the_wait_itself_started_it(void **state)
{
	const struct {
		uint64_t started;
		uint32_t by;
		const char *const *stack;
		bool is_own, is_self;
	} cases[] = {
		{105, 12, STARTS_PIT_CLOSE, true, true},
		{105, 13, STARTS_PIT_CLOSE, false, false},
		{105, 12, IN_REGISTER_DEV, false, false},
		{90, 12, STARTS_PIT_CLOSE, true,
		 false}, /* not in this call: a thread id used again */
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		const struct row rows[] = {
			BORN(10, 1),
			START(cases[i].started, cases[i].by, IRQ_SRCU(1), GP(1), .val = 7, .vm = 1,
			      .kind = KS_KIND_CLOSE, .stack = cases[i].stack),
			SLEEP(110, 500, 500, 12, IRQ_SRCU(1), .stack = IN_PIT_CLOSE),
			CLOSE(100, 510, 12, 1, 1),
		};
		struct trace *trace = RUN(rows);
		const struct seen *seen = &trace->stalls[0];

		assert_string_equal(seen->account, "run 10, gp-timer@1 390, run 10");
		assert_int_equal(seen->stall.waits[0].gp_first != 0, !cases[i].is_own);
		assert_int_equal(seen->stall.culprit.is_self, cases[i].is_self);
		assert_int_equal(seen->stall.without_ns, TRACE_NS(cases[i].is_own ? 410 : 20));
		trace_free(trace);
	}
}

/*
 * Grace period 2 follows the one that thread 12 started in the call before, and has its initiator:
 * this wait did not start it, and needs the next one. Kworkers that take irqfds apart do that.
 */
static void a_gp_that_follows_ones_own_is_not_ones_own(void **state)
{
	const struct row rows[] = {
		BORN(1, 1),
		START(105, 12, IRQ_SRCU(1), GP(1), .vm = 1, .kind = KS_KIND_CLOSE,
		      .stack = STARTS_PIT_CLOSE),
		STEP(GP_BEGIN, 108, IRQ_SRCU(1), GP(1)),
		STEP(CB_QUEUE, 109, IRQ_SRCU(1), DONE(1)),
		STEP(GP_QUEUE, 110, IRQ_SRCU(1), GP(2)),
		STEP(GP_END, 111, IRQ_SRCU(1), GP(2)),
		STEP(CB_BEGIN, 112, IRQ_SRCU(1), GP(2), .val = 1),
		SLEEP(107, 113, 115, 12, IRQ_SRCU(1), .stack = IN_PIT_CLOSE),
		STEP(CB_END, 116, IRQ_SRCU(1), GP(2)),
		CLOSE(100, 117, 12, 1, 1),
		STEP(GP_BEGIN, 130, IRQ_SRCU(1), GP(2)),
		STEP(CB_QUEUE, 131, IRQ_SRCU(1), DONE(2)),
		STEP(GP_QUEUE, 132, IRQ_SRCU(1), GP(3)),
		STEP(GP_END, 133, IRQ_SRCU(1), GP(3)),
		STEP(CB_BEGIN, 134, IRQ_SRCU(1), GP(3), .val = 1),
		STEP(CB_END, 140, IRQ_SRCU(1), GP(3)),
		STEP(GP_BEGIN, 160, IRQ_SRCU(1), GP(3)),
		STEP(CB_QUEUE, 161, IRQ_SRCU(1), DONE(3)),
		STEP(GP_END, 162, IRQ_SRCU(1), DONE(3)),
		STEP(CB_BEGIN, 163, IRQ_SRCU(1), DONE(3), .val = 1),
		SLEEP(120, 164, 170, 12, IRQ_SRCU(1), .stack = IN_PIT_CLOSE),
		CLOSE(119, 171, 12, 1, 1),
	};
	struct trace *trace = RUN(rows);
	const struct stall *stall = &trace->stalls[1].stall;

	(void)state;
	assert_int_equal(trace->cnt, 2);
	assert_string_equal(
		trace->stalls[1].account,
		"run 1, kworker@2 10, gp-work@2 3, kworker@3 27, gp-work@3 1, kworker@3 2, "
		"gp-work@3 1, wakeup 6, run 1");
	assert_int_equal(stall->by_cause[KS_CAUSE_UNEXPLAINED], 0);
	trace_free(trace);
}

/* srcutree.exp_holdoff decides by the time since the last GP, of which nothing is said where it
 * cannot have. */
static void a_gp_that_came_too_soon_after_another_says_how_soon(void **state)
{
	const struct {
		uint64_t ended, rest; /* 0: no other GP */
		const char *const *stack;
	} cases[] = {
		{88, 17, STARTS_PIT_CLOSE},
		{5, 0, STARTS_PIT_CLOSE},
		{0, 0, STARTS_PIT_CLOSE},
		{88, 0, IN_REGISTER_DEV},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		const uint64_t end = cases[i].ended ? cases[i].ended : 5;
		const struct row rows[] = {
			BORN(1, 1),
			STEP(GP_BEGIN, end - 3, IRQ_SRCU(1), GP(1)),
			STEP(GP_END, end, IRQ_SRCU(1), DONE(1)),
			START(105, 12, IRQ_SRCU(1), GP(2), .val = 7, .vm = 1, .kind = KS_KIND_CLOSE,
			      .stack = cases[i].stack),
			STEP(GP_QUEUE, 470, IRQ_SRCU(1), GP(2)),
			STEP(GP_BEGIN, 480, IRQ_SRCU(1), GP(2)),
			STEP(GP_END, 490, IRQ_SRCU(1), DONE(2)),
			SLEEP(110, 500, 500, 12, IRQ_SRCU(1), .needed = DONE(2),
			      .stack = IN_PIT_CLOSE),
			CLOSE(100, 510, 12, 1, 1),
		};
		const struct row alone[] = {rows[0], rows[3], rows[4], rows[5],
					    rows[6], rows[7], rows[8]};
		struct trace *trace = cases[i].ended ? RUN(rows) : RUN(alone);

		assert_int_equal(trace->stalls[0].stall.culprit.rest_ns, TRACE_NS(cases[i].rest));
		trace_free(trace);
	}
}

static void each_wait_has_the_callbacks_of_its_own_time(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		STEP(CB_BEGIN, 50, SRCU(1), DONE(1), .val = 20),
		STEP(CB_END, 60, SRCU(1), DONE(1)),
		STEP(CB_BEGIN, 150, SRCU(1), DONE(1), .val = 3),
		STEP(CB_BEGIN, 160, SRCU(1), DONE(1), .val = 4, .of_cpu = 2),
		SLEEP(110, 170, 180, 12, SRCU(1), .stack = IN_MEMSLOT),
		STEP(CB_BEGIN, 250, SRCU(1), DONE(2), .val = 8),
		SLEEP(210, 270, 280, 12, SRCU(1), .stack = IN_MEMSLOT),
		SLEEP(310, 370, 380, 12, SRCU(1), .stack = IN_MEMSLOT, .wake_cpu = 3),
		CALL(100, 400, 12, 1, MEMSLOT, 3),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_int_equal(trace->stalls[0].stall.waits[0].callbacks, 2);
	assert_int_equal(trace->stalls[0].stall.waits[1].callbacks, 7);
	assert_int_equal(trace->stalls[0].stall.waits[2].callbacks, -1);
	trace_free(trace);
}

/* ---- sleeps that are not SRCU's ---- */

/* It was seen to enter the wait: whatever it sleeps in there is the wait's. */
static void a_sleep_inside_an_srcu_function_is_a_wait_whatever_its_stack(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		SLEEP(110, 190, 195, 12, SRCU(1), .wait = 105, .api = KS_API_BARRIER,
		      .stack = IN_KTHREAD_STOP),
		CLOSE(100, 200, 12, 1, 1),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].waited, "srcu_barrier(kvm.srcu) 90");
	trace_free(trace);
}

/* A later version's, or a damaged recording's. */
static void an_api_that_nobody_knows_is_none(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		SLEEP(110, 190, 195, 12, SRCU(1), .wait = 105, .api = KS_API_CNT,
		      .stack = IN_BARRIER),
		CLOSE(100, 200, 12, 1, 1),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].waited, "srcu_barrier(kvm.srcu) 90");
	trace_free(trace);
}

static void another_sleep_is_named_by_its_function(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		SLEEP(110, 190, 195, 12, 0, .stack = IN_KTHREAD_STOP),
		CLOSE(100, 200, 12, 1, 1),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	/* woken, it waits for a CPU: that is run */
	assert_string_equal(trace->stalls[0].account,
			    "run 10, kthread in kthread_stop 80, runnable 5, run 5");
	assert_int_equal(trace->stalls[0].stall.cause, KS_CAUSE_KTHREAD);
	assert_string_equal(trace->stalls[0].culprit, "");
	assert_int_equal(trace->stalls[0].stall.waits_cnt, 0);
	assert_int_equal(trace->stalls[0].stall.without_ns, TRACE_NS(100));
	trace_free(trace);
}

/* ---- MMU-notifier invalidations ---- */

#define SWAPS "kvm_swap_active_memslots", "kvm_set_memslot", "kvm_vm_ioctl", "__x64_sys_ioctl"

/* kvm_swap_active_memslots() waits twice: until nothing is being invalidated, and for SRCU. */
static void a_memslot_that_waits_for_invalidations_does_not_wait_for_srcu(void **state)
{
	const struct {
		const char *const *stack;
		const char *account;
	} cases[] = {
		{STACK("schedule", SWAPS),
		 "run 10, invalidation in kvm_swap_active_memslots 80, runnable 5, run 5"},
		{STACK("schedule", "__mutex_lock.constprop.0", SWAPS),
		 "run 10, other-sleep in kvm_swap_active_memslots 80, runnable 5, run 5"},
		/* further in, so for something else */
		{STACK("schedule", "kthread_stop", SWAPS),
		 "run 10, kthread in kthread_stop 80, runnable 5, run 5"},
		{STACK("schedule", "kvm_set_memslot", "kvm_vm_ioctl", "__x64_sys_ioctl"),
		 "run 10, other-sleep in kvm_set_memslot 80, runnable 5, run 5"},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		const struct row rows[] = {
			BORN(10, 1),
			/* a normal grace period is in flight meanwhile, and not to blame */
			START(90, 11, SRCU(1), GP(1), .val = 7, .stack = IN_REGISTER_DEV),
			SLEEP(110, 190, 195, 12, 0, .stack = cases[i].stack),
			CALL(100, 200, 12, 1, MEMSLOT, 1),
		};
		struct trace *trace = RUN(rows);

		assert_string_equal(trace->stalls[0].account, cases[i].account);
		assert_string_equal(trace->stalls[0].waited, "");
		assert_true(trace->stalls[0].stall.is_complete);
		trace_free(trace);
	}
}

/* ---- threads of the kernel ---- */

static void who_waits_for_a_thread_is_told_by_the_function_that_does(void **state)
{
	const struct {
		const char *const *stack;
		const char *account;
	} cases[] = {
		{STACK("schedule", "wait_for_completion", "__kthread_create_on_node",
		       "kvm_vm_ioctl"),
		 "run 10, kthread in __kthread_create_on_node 80, runnable 5, run 5"},
		{STACK("schedule", "wait_for_completion", "__flush_workqueue", "kvm_irqfd_release"),
		 "run 10, kthread in kvm_irqfd_release 80, runnable 5, run 5"},
		/* what such a function calls may sleep for itself */
		{STACK("schedule", "handle_userfault", "kthread_stop", "kvm_destroy_vm"),
		 "run 10, other-sleep in handle_userfault 80, runnable 5, run 5"},
		{STACK("schedule", "__mutex_lock.constprop.0", "__flush_workqueue",
		       "kvm_irqfd_release"),
		 "run 10, other-sleep in kvm_irqfd_release 80, runnable 5, run 5"},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		const struct row rows[] = {
			BORN(10, 1),
			SLEEP(110, 190, 195, 12, 0, .stack = cases[i].stack),
			CALL(100, 200, 12, 1, VCPU, 1),
		};
		struct trace *trace = RUN(rows);

		assert_string_equal(trace->stalls[0].account, cases[i].account);
		trace_free(trace);
	}
}

/* ---- plain RCU ---- */

static void a_wait_for_plain_rcu_names_who_waits_and_how(void **state)
{
	const struct {
		const char *const *stack;
		const char *account, *waited;
	} cases[] = {
		{IN_FDTABLE, "run 10, rcu in expand_files 80, wakeup 5, run 5",
		 "synchronize_rcu(?) 85"},
		{IN_CGROUP, "run 10, rcu in cgroup_attach_lock 80, wakeup 5, run 5",
		 "synchronize_rcu(?) 85"},
		/* its own mutex is a part of the wait: one barrier after the other */
		{IN_RCU_BARRIER_MUTEX, "run 10, rcu in kvm_mmu_uninit_tdp_mmu 80, wakeup 5, run 5",
		 "rcu_barrier(?) 85"},
		{STACK("schedule", "wait_for_completion", "synchronize_rcu_expedited",
		       "__x64_sys_ioctl"),
		 "run 10, rcu in __x64_sys_ioctl 80, wakeup 5, run 5",
		 "synchronize_rcu_expedited(?) 85"},
		/* for readers, and not for RCU */
		{STACK("schedule", "percpu_down_write", "cgroup_attach_lock"),
		 "run 10, other-sleep in cgroup_attach_lock 80, runnable 5, run 5", ""},
		/* the stack is what proves it */
		{NULL, "run 10, other-sleep 80, runnable 5, run 5", ""},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		const struct row rows[] = {
			BORN(10, 1),
			SLEEP(110, 190, 195, 12, 0, .stack = cases[i].stack),
			CALL(100, 200, 12, 1, VCPU, 1),
		};
		struct trace *trace = RUN(rows);

		assert_string_equal(trace->stalls[0].account, cases[i].account);
		assert_string_equal(trace->stalls[0].waited, cases[i].waited);
		assert_true(trace->stalls[0].stall.is_complete);
		assert_int_equal(trace->stalls[0].stall.culprit.kind, CULPRIT_NONE);
		trace_free(trace);
	}
}

/* The mutex of rcu_barrier() is a lock as others are, if its holder was seen. */
static void a_mutex_of_rcus_whose_holder_was_seen_is_a_lock(void **state)
{
	/* with what the scheduler is in, and without, as the kernel shows it of others */
	const char *const *const stacks[] = {IN_RCU_BARRIER_MUTEX, IN_RCU_BARRIER_MUTEX + 2};

	(void)state;
	for (size_t i = 0; i < CNT(stacks); i++) {
		const struct row rows[] = {
			BORN(10, 1),
			SLEEP(101, 180, 181, 13, 0, .stack = IN_RCU_BARRIER_MUTEX + 2),
			LOCK(105, 12, 1, 13, .lock = KS_LOCK_MUTEX),
			SLEEP(110, 190, 195, 12, 0, .lock = KS_LOCK_MUTEX, .stack = stacks[i]),
			CLOSE(100, 200, 12, 1, 1),
		};
		struct trace *trace = RUN(rows);
		const struct culprit *culprit = &trace->stalls[0].stall.culprit;

		assert_string_equal(trace->stalls[0].account,
				    "run 10, lock in rcu_barrier 80, runnable 5, run 5");
		assert_int_equal(culprit->kind, CULPRIT_HOLDER);
		assert_int_equal(culprit->tid, 13);
		assert_int_equal(culprit->cause, KS_CAUSE_RCU);
		trace_free(trace);
	}
}

/*
 * RCU's callbacks run wherever a softirq does: on top of a work of SRCU, too. Who is woken there
 * has waited for what its stack says (defect: 14.9 ms in rcu_barrier() were nobody's call).
 */
static void who_a_work_of_srcu_woke_need_not_have_waited_for_it(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		SLEEP(110, 190, 195, 12, SRCU(1), .stack = IN_RCU_BARRIER_MUTEX),
		{.type = KS_CALL,
		 .from = 110,
		 .us = 195,
		 .tid = 12,
		 .tgid = TGID(1),
		 .kind = KS_KIND_SYSCALL,
		 .cmd = KS_SYSCALL_X86 | 11,
		 .sleeps = 1},
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account, "rcu in kvm_mmu_uninit_tdp_mmu 80, wakeup 5");
	assert_string_equal(call_name(trace->stalls[0].stall.call), "munmap");
	assert_int_equal(trace->stalls[0].vm_id, 1); /* its process's */
	trace_free(trace);
}

static void a_close_says_what_was_closed(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		SLEEP(110, 190, 195, 12, 0, .stack = IN_DEVICE_CLOSE),
		CLOSE(100, 200, 12, 1, 1),
		SLEEP(310, 390, 395, 12, 0, .stack = IN_DEVICE_CLOSE),
		{.type = KS_CALL,
		 .from = 310,
		 .us = 395,
		 .tid = 12,
		 .tgid = TGID(1),
		 .kind = KS_KIND_SYSCALL,
		 .cmd = KS_SYSCALL_X86 | 3,
		 .sleeps = 1},
		SLEEP(410, 490, 495, 12, 0, .stack = IN_RCU_BARRIER_MUTEX),
		CLOSE(400, 500, 12, 1, 1),
	};
	static const char *const names[] = {"close (device)", "close (device)", "close"};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_int_equal(trace->cnt, CNT(names));
	for (size_t i = 0; i < CNT(names); i++)
		assert_string_equal(call_name(trace->stalls[i].stall.call), names[i]);
	trace_free(trace);
}

static void a_sleep_without_a_wake_up_lasts_until_it_runs_again(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		SLEEP(110, 0, 195, 12, 0, .stack = IN_KTHREAD_STOP),
		CLOSE(100, 200, 12, 1, 1),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account, "run 10, kthread in kthread_stop 85, run 5");
	trace_free(trace);
}

static void a_sleep_of_which_nothing_is_known_is_other_sleep_without_a_place(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		SLEEP(110, 190, 195, 12, 0),
		CALL(100, 200, 12, 1, VCPU, 1),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account, "run 10, other-sleep 80, runnable 5, run 5");
	trace_free(trace);
}

/* The stack says SRCU, but not which: the domain is not known, nor what the time went on. */
static void a_wait_on_an_unknown_domain_is_unexplained(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		SLEEP(110, 190, 195, 12, 0, .stack = IN_PIT_CLOSE),
		CLOSE(100, 200, 12, 1, 1),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account, "run 10, unexplained 85, run 5");
	assert_string_equal(trace->stalls[0].waited, "synchronize_srcu(?) 85");
	trace_free(trace);
}

/* The host-wide domain gets in by being waited for; its first wait is not understood. */
static void a_domain_of_nobodys_is_followed_from_its_first_record_on(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(108, 12, MMU_SRCU, GP(5), .val = 9, .vm = 1, .kind = KS_KIND_CLOSE,
		      .stack = IN_MMU_UNREGISTER),
		STEP(GP_QUEUE, 200, MMU_SRCU, GP(5)),
		STEP(GP_BEGIN, 210, MMU_SRCU, GP(5)),
		STEP(CB_ARM, 215, MMU_SRCU, DONE(5), .val = 9),
		STEP(GP_END, 216, MMU_SRCU, DONE(5)),
		STEP(CB_QUEUE, 300, MMU_SRCU, DONE(5)),
		STEP(CB_BEGIN, 310, MMU_SRCU, DONE(5), .val = 1),
		SLEEP(110, 315, 320, 12, MMU_SRCU, .needed = DONE(5), .stack = IN_MMU_UNREGISTER),
		CLOSE(100, 330, 12, 1, 1),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account,
			    "run 10, gp-timer@5 90, kworker@5 10, gp-work@5 5, cb-timer@5 85, "
			    "kworker@5 10, gp-work@5 5, wakeup 5, run 10");
	assert_string_equal(trace->stalls[0].waited, "synchronize_srcu(mmu_notifier) 210 needs 5");
	assert_string_equal(trace->stalls[0].culprit, "mmu_notifier_unregister, close, vmm[12], 2");
	assert_true(trace->stalls[0].stall.culprit.is_self);
	trace_free(trace);
}

/* ---- locks ---- */

#define LOCK_OF_12 0x8812

static void a_sleep_in_a_mutex_is_its_holders(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		LOCK(105, 13, 1, 12),
		QUICK_WAIT(110, 12, 1, 105),
		CALL(100, 160, 12, 1, MEMSLOT, 1),
		SLEEP(106, 165, 170, 13, 0, .lock = KS_LOCK_SLOTS, .stack = IN_MUTEX),
		CALL(104, 180, 13, 1, MEMSLOT, 1),
	};
	struct trace *trace = RUN(rows);
	const struct seen *seen = &trace->stalls[1];

	(void)state;
	assert_int_equal(trace->cnt, 2);
	assert_int_equal(seen->stall.cause, KS_CAUSE_LOCK);
	assert_int_equal(seen->stall.by_cause[KS_CAUSE_LOCK], TRACE_NS(59));
	assert_true(seen->stall.culprit.is_known);
	assert_int_equal(seen->stall.culprit.tid, 12);
	assert_string_equal(seen->stall.culprit.comm, "holder");
	assert_int_equal(seen->stall.without_ns, seen->stall.latency_ns);
	trace_free(trace);
}

/* Whether the holder was stalled while it was waited for: that, and how, is what a lock is worth.
 */
static void a_lock_is_worth_what_its_holder_was_stalled_for_meanwhile(void **state)
{
	/* of task 12, while task 13 is blocked from 106 to 165 */
	static const struct {
		const struct row holder[4];
		size_t cnt;
		enum ks_cause cause, holders;
	} cases[] = {
		/* it is not over: the longest of what it slept for, of what lies in the time */
		{{SLEEP(20, 100, 100, 12, SRCU(1), .wait = 20), SLEEP(110, 140, 140, 12, 0),
		  SLEEP(150, 155, 159, 12, SRCU(1), .wait = 149),
		  SLEEP(166, 290, 290, 12, SRCU(1), .wait = 166)},
		 4,
		 KS_CAUSE_LOCK,
		 KS_CAUSE_OTHER_SLEEP},
		/* it is over, and was in the time */
		{{SLEEP(90, 120, 120, 12, 0), CALL(80, 130, 12, 1, MEMSLOT, 1)},
		 2,
		 KS_CAUSE_LOCK,
		 KS_CAUSE_OTHER_SLEEP},
		/* it was over before, or began after, or did not stall: its holder ran */
		{{SLEEP(90, 95, 95, 12, 0), CALL(80, 106, 12, 1, MEMSLOT, 1)},
		 2,
		 KS_CAUSE_LOCK,
		 KS_CAUSE_RUN},
		{{SLEEP(167, 168, 168, 12, 0), CALL(166, 170, 12, 1, MEMSLOT, 1)},
		 2,
		 KS_CAUSE_LOCK,
		 KS_CAUSE_RUN},
		{{CALL(80, 130, 12, 1, MEMSLOT, 0)}, 1, KS_CAUSE_LOCK, KS_CAUSE_RUN},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		const struct row begin[] = {BORN(10, 1), LOCK(79, 13, 1, 12)};
		const struct row end[] = {
			SLEEP(106, 165, 166, 13, 0, .lock = KS_LOCK_SLOTS, .stack = IN_MUTEX),
			CALL(78, 180, 13, 1, MEMSLOT, 1),
		};
		struct trace *trace = RUN(begin);
		const struct seen *seen;

		trace_feed(trace, cases[i].holder, cases[i].cnt);
		trace_feed(trace, end, CNT(end));
		seen = &trace->stalls[trace->cnt - 1];
		assert_int_equal(seen->stall.cause, cases[i].cause);
		assert_int_equal(seen->stall.by_cause[cases[i].cause], TRACE_NS(59));
		if (cases[i].cause == KS_CAUSE_LOCK) {
			assert_int_equal(seen->stall.culprit.cause, cases[i].holders);
			assert_string_equal(seen->stall.culprit.func, "kvm->slots_lock");
		}
		trace_free(trace);
	}
}

/* C9: two mutexes had one holder, that of the last. */
static void of_two_mutexes_the_holder_is_that_of_the_longer_wait(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		LOCK(105, 13, 1, 12),
		SLEEP(106, 165, 170, 13, 0, .lock = KS_LOCK_SLOTS, .stack = IN_MUTEX),
		LOCK(171, 13, 1, 14),
		SLEEP(172, 190, 191, 13, 0, .lock = KS_LOCK_SLOTS, .stack = IN_MUTEX),
		LOCK(192, 13, 1, 0), /* nobody was seen to have it */
		SLEEP(193, 199, 199, 13, 0, .lock = KS_LOCK_SLOTS, .stack = IN_MUTEX),
		CALL(104, 210, 13, 1, MEMSLOT, 3),
	};
	struct trace *trace = RUN(rows);
	const struct stall *stall = &trace->stalls[0].stall;

	(void)state;
	assert_int_equal(stall->by_cause[KS_CAUSE_LOCK], TRACE_NS(59 + 18));
	assert_int_equal(stall->by_cause[KS_CAUSE_OTHER_SLEEP], TRACE_NS(6));
	assert_int_equal(stall->culprit.tid, 12);
	trace_free(trace);
}

/* Who spins for a mutex is on a CPU, and waits for its holder all the same. */
static void spinning_for_a_mutex_is_a_lock(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		LOCK(105, 13, 1, 12),
		STEP(SPUN, 165, LOCK_OF_12, TRACE_NS(105), .val = TRACE_NS(104), .tid = 13),
		LOCK(166, 13, 1, 14), /* another had it by then */
		SLEEP(167, 177, 180, 13, 0, .lock = KS_LOCK_SLOTS, .stack = IN_MUTEX),
		STEP(SPUN, 185, LOCK_OF_12, TRACE_NS(181), .val = TRACE_NS(104), .tid = 13),
		CALL(104, 190, 13, 1, MEMSLOT, 1),
	};
	struct trace *trace = RUN(rows);
	const struct seen *seen = &trace->stalls[0];

	(void)state;
	assert_string_equal(seen->account, "run 1, lock 60, run 2, lock in kvm_vm_ioctl 10, "
					   "runnable 3, run 1, lock 4, run 5");
	assert_int_equal(seen->stall.cause, KS_CAUSE_LOCK);
	assert_int_equal(seen->stall.culprit.tid, 12);
	assert_true(seen->stall.is_complete);
	trace_free(trace);
}

static void each_lock_of_a_vm_has_its_name(void **state)
{
	static const char *const names[KS_LOCK_CNT] = {
		[KS_LOCK_SLOTS] = "kvm->slots_lock",
		[KS_LOCK_KVM] = "kvm->lock",
		[KS_LOCK_IRQ] = "kvm->irq_lock",
		[KS_LOCK_MMAP] = "mmap_lock",
		[KS_LOCK_RESAMPLER] = "kvm->irqfds.resampler_lock",
		[KS_LOCK_SLOTS_ARCH] = "kvm->slots_arch_lock",
		[KS_LOCK_MMU] = "kvm->mmu_lock",
	};

	(void)state;
	for (uint8_t which = 1; which < KS_LOCK_CNT; which++) {
		const struct row rows[] = {
			BORN(10, 1),
			LOCK(105, 13, 1, 12, .lock = which),
			SLEEP(106, 165, 165, 13, 0, .lock = which, .stack = IN_MUTEX),
			CALL(104, 180, 13, 1, MEMSLOT, 1),
		};
		struct trace *trace = RUN(rows);
		const struct culprit *culprit = &trace->stalls[0].stall.culprit;

		assert_int_equal(culprit->tid, 12);
		if (names[which])
			assert_string_equal(culprit->func, names[which]);
		else
			assert_null(culprit->func);
		trace_free(trace);
	}
}

/* Of who reads, an rwsem keeps no list; and a per-CPU one not even who writes. */
static void a_lock_of_which_the_kernel_names_nobody_is_one(void **state)
{
	static const struct {
		uint8_t which, held;
	} cases[] = {
		{KS_LOCK_MMAP, KS_HELD_BY_READERS},
		{KS_LOCK_RWSEM, KS_HELD_BY_READERS},
		{KS_LOCK_PERCPU, KS_HELD_UNNAMED},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		const struct row rows[] = {
			BORN(10, 1),
			LOCK(105, 13, 1, 0, .lock = cases[i].which, .flags = cases[i].held),
			SLEEP(106, 165, 165, 13, 0, .lock = cases[i].which, .stack = IN_MUTEX),
			CALL(104, 180, 13, 1, MEMSLOT, 1),
		};
		struct trace *trace = RUN(rows);
		const struct culprit *culprit = &trace->stalls[0].stall.culprit;

		assert_int_equal(trace->stalls[0].stall.by_cause[KS_CAUSE_LOCK], TRACE_NS(59));
		assert_int_equal(culprit->kind, CULPRIT_HOLDER);
		assert_false(culprit->is_known);
		assert_int_equal(culprit->lock, cases[i].which);
		assert_int_equal(culprit->held, cases[i].held);
		trace_free(trace);
	}
}

/* Nobody sleeps for a spinlock; a mutex that follows has its own holder. */
static void spinning_for_a_spinlock_is_a_lock_of_which_nobody_is_named(void **state)
{
	static const struct {
		uint8_t which;
		const char *name;
	} cases[] = {{KS_LOCK_MMU, "kvm->mmu_lock"}, {KS_LOCK_SPIN, NULL}};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		const struct row rows[] = {
			BORN(10, 1),
			LOCK(165, 13, 1, 0, .lock = cases[i].which, .flags = KS_HELD_UNNAMED),
			STEP(SPUN, 165, LOCK_OF_12, TRACE_NS(105), .val = TRACE_NS(104), .tid = 13),
			LOCK(166, 13, 1, 14),
			SLEEP(167, 177, 180, 13, 0, .lock = KS_LOCK_SLOTS, .stack = IN_MUTEX),
			CALL(104, 190, 13, 1, MEMSLOT, 1),
		};
		struct trace *trace = RUN(rows);
		const struct culprit *culprit = &trace->stalls[0].stall.culprit;

		assert_string_equal(trace->stalls[0].account,
				    "run 1, lock 60, run 2, lock in kvm_vm_ioctl 10, runnable 3, "
				    "run 10");
		assert_int_equal(culprit->kind, CULPRIT_HOLDER);
		assert_false(culprit->is_known);
		assert_int_equal(culprit->lock, cases[i].which);
		assert_int_equal(culprit->held, KS_HELD_UNNAMED);
		if (cases[i].name)
			assert_string_equal(culprit->func, cases[i].name);
		else
			assert_null(culprit->func);
		trace_free(trace);
	}
}

/* A call that only spins, and for too short to be reported, is none of the next one's. */
static void spinning_of_calls_that_are_not_reported_is_forgotten(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		LOCK(105, 13, 1, 12),
		STEP(SPUN, 165, LOCK_OF_12, TRACE_NS(105), .val = TRACE_NS(104), .tid = 13),
		LOCK(205, 13, 1, 14),
		STEP(SPUN, 225, LOCK_OF_12, TRACE_NS(205), .val = TRACE_NS(204), .tid = 13),
		CALL(204, 230, 13, 1, MEMSLOT, 0),
		LOCK(305, 13, 1, 12),
		STEP(SPUN, 365, LOCK_OF_12, TRACE_NS(305), .val = TRACE_NS(304), .tid = 13),
		CALL(404, 430, 13, 1, MEMSLOT, 0),
		/* of a holder that was not seen */
		LOCK(505, 13, 1, 0),
		STEP(SPUN, 525, LOCK_OF_12, TRACE_NS(505), .val = TRACE_NS(504), .tid = 13),
		CALL(504, 530, 13, 1, MEMSLOT, 0),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account, "run 1, lock 20, run 5");
	assert_int_equal(trace->stalls[0].stall.culprit.tid, 14);
	assert_string_equal(trace->stalls[1].account, "run 26");
	assert_string_equal(trace->stalls[2].account, "run 26");
	trace_free(trace);
}

/* The lock of a call is not that of the task's next one. */
static void a_lock_is_forgotten_with_its_call(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		LOCK(105, 13, 1, 12),
		LOCK(106, 14, 1, 13), /* task 13 is a holder too: it stays known */
		SLEEP(110, 150, 150, 12, 0),
		CALL(100, 200, 13, 1, MEMSLOT, 0),
		SLEEP(215, 245, 245, 12, 0),
		SLEEP(210, 250, 250, 13, 0, .lock = KS_LOCK_SLOTS, .stack = IN_MUTEX),
		CALL(205, 300, 13, 1, MEMSLOT, 1),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[1].account,
			    "run 5, other-sleep in kvm_vm_ioctl 40, run 50");
	trace_free(trace);
}

static void a_mutex_that_is_not_a_vms_is_another_sleep(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		SLEEP(106, 165, 170, 13, 0, .stack = IN_MUTEX),
		CALL(104, 180, 13, 1, MEMSLOT, 1),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account,
			    "run 2, other-sleep in kvm_vm_ioctl 59, runnable 5, run 10");
	trace_free(trace);
}

/* Chains and circles of holders, and tasks that go before those that watch them. */
static void watching_holders_leaves_no_task_behind_or_freed(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		LOCK(100, 11, 1, 12),
		LOCK(101, 12, 1, 13),
		LOCK(102, 13, 1, 11),
		LOCK(103, 14, 1, 14), /* a nonsense record */
		LOCK(104, 11, 1, 13), /* another one, in the same call */
		LOCK(105, 15, 1, 0),  /* the owner was gone */
		CALL(90, 110, 13, 1, MEMSLOT, 0),
		CALL(90, 111, 12, 1, MEMSLOT, 0),
		CALL(90, 112, 11, 1, MEMSLOT, 0),
		CALL(90, 113, 14, 1, MEMSLOT, 0),
		CALL(90, 114, 15, 1, MEMSLOT, 0),
		CALL(90, 115, 11, 1, MEMSLOT, 0),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_int_equal(trace->cnt, 6);
	for (size_t i = 0; i < trace->cnt; i++)
		assert_int_equal(trace->stalls[i].stall.cause, KS_CAUSE_RUN);
	trace_free(trace);
}

/* ---- names and phases ---- */

static void a_call_that_no_probe_saw_is_named_by_its_stack(void **state)
{
	const struct {
		const char *const *stack;
		const char *call;
		enum phase phase;
	} cases[] = {
		{IN_RUN, "KVM_RUN", PHASE_RUNNING},
		{IN_BARRIER, "close", PHASE_TEARDOWN},
		{IN_PIT_CLOSE, "close", PHASE_TEARDOWN},
		{IN_MEMSLOT, "ioctl", PHASE_SETUP},
		{STACK("wait_for_completion", "synchronize_srcu", "kvm_free_pit"), "unknown",
		 PHASE_SETUP},
		{NULL, "unknown", PHASE_SETUP},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		const struct row rows[] = {
			BORN(10, 1),
			SLEEP(110, 150, 160, 12, SRCU(1), .stack = cases[i].stack),
			{.type = KS_CALL,
			 .from = 110,
			 .us = 160,
			 .tid = 12,
			 .sleeps = 1,
			 .tgid = TGID(1)},
		};
		struct trace *trace = RUN(rows);

		assert_string_equal(call_name(trace->stalls[0].stall.call), cases[i].call);
		assert_int_equal(trace->stalls[0].stall.phase, cases[i].phase);
		assert_int_equal(trace->stalls[0].vm_id, 1); /* by its wait */
		trace_free(trace);
	}
}

/* It is a kworker's: only other records say how old its VM is. */
static void an_irqfd_is_shut_down_in_its_vms_phase(void **state)
{
#define SHUTDOWN(t, n, ...)                                                                        \
	SLEEP(t, (t) + 4, (t) + 5, 31, IRQ_SRCU(n),                                                \
	      .stack = STACK("wait_for_completion", "__synchronize_srcu.part.0",                   \
			     "irqfd_shutdown")),                                                   \
	{                                                                                          \
		.type = KS_CALL, .from = (t)-1, .us = (t) + 6, .tid = 31, .sleeps = 1              \
	}
	const struct row rows[] = {
		BORN(10, 1),
		BORN(11, 2),
		SHUTDOWN(20, 1),
		CALL(40, 50, 12, 1, VCPU, 0),
		SHUTDOWN(60, 1),
		CALL(80, 90, 12, 1, MEMSLOT, 0, .flags = KS_CALL_RAN, .vcpus = 1),
		SHUTDOWN(100, 1),
		STEP(CLOSING, 120, 0, 0, .val = KVM(1)), /* of one descriptor of two */
		CALL(130, 140, 12, 1, MEMSLOT, 0, .flags = KS_CALL_RAN, .vcpus = 1),
		SHUTDOWN(150, 1),
		STEP(CLOSING, 160, 0, 0, .val = KVM(1)),
		SHUTDOWN(170, 1),
		SHUTDOWN(180, 2),
		STEP(CLOSING, 190, 0, TGID(2), .val = 0), /* its process ends */
		SHUTDOWN(200, 2),
	};
	static const enum phase phases[] = {PHASE_SETUP,   PHASE_VCPUS,	   PHASE_RUNNING,
					    PHASE_RUNNING, PHASE_TEARDOWN, PHASE_SETUP,
					    PHASE_TEARDOWN};
	struct trace *trace = RUN(rows);
	size_t cnt = 0;

	(void)state;
	for (size_t i = 0; i < trace->cnt; i++)
		if (trace->stalls[i].stall.call == CALL_FN_IRQFD_SHUTDOWN)
			assert_int_equal(trace->stalls[i].stall.phase, phases[cnt++]);
	assert_int_equal(cnt, CNT(phases));
	trace_free(trace);
}

static void the_phase_is_the_vms_age(void **state)
{
	static const struct {
		uint8_t kind, flags;
		uint32_t cmd, vcpus;
		const char *call;
		enum phase phase;
	} cases[] = {
		{KS_KIND_VM, 0, IRQCHIP, 0, "KVM_CREATE_IRQCHIP", PHASE_SETUP},
		{KS_KIND_VM, 0, VCPU, 0, "KVM_CREATE_VCPU", PHASE_SETUP},
		{KS_KIND_VM, 0, VCPU, 1, "KVM_CREATE_VCPU", PHASE_VCPUS},
		{KS_KIND_VM, KS_CALL_RAN, MEMSLOT, 1, "KVM_SET_USER_MEMORY_REGION", PHASE_RUNNING},
		{KS_KIND_CLOSE, KS_CALL_RAN, 0, 1, "close", PHASE_TEARDOWN},
		{KS_KIND_EXIT, KS_CALL_RAN, 0, 1, "close", PHASE_TEARDOWN},
		{KS_KIND_DEV, 0, CMD(1), 0, "KVM_CREATE_VM", PHASE_SETUP},
		{KS_KIND_VM, 0, CMD(0xff), 0, "unknown", PHASE_SETUP},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		const struct row rows[] = {
			BORN(10, 1),
			{.type = KS_CALL,
			 .from = 100,
			 .us = 200,
			 .tid = 12,
			 .vm = 1,
			 .kind = cases[i].kind,
			 .cmd = cases[i].cmd,
			 .flags = cases[i].flags,
			 .vcpus = cases[i].vcpus},
		};
		struct trace *trace = RUN(rows);

		assert_string_equal(call_name(trace->stalls[0].stall.call), cases[i].call);
		assert_int_equal(trace->stalls[0].stall.phase, cases[i].phase);
		assert_string_equal(trace->stalls[0].account, "run 100");
		assert_int_equal(trace->stalls[0].stall.cause, KS_CAUSE_RUN);
		assert_int_equal(trace->stalls[0].stall.stall_ns, 0);
		trace_free(trace);
	}
}

static void a_call_of_no_time_has_no_segments(void **state)
{
	const struct row rows[] = {BORN(10, 1), CALL(100, 100, 12, 1, MEMSLOT, 0)};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_int_equal(trace->stalls[0].stall.segments_cnt, 0);
	assert_int_equal(trace->stalls[0].stall.cause, KS_CAUSE_RUN);
	trace_free(trace);
}

/* ---- what is missing ---- */

static void a_sleep_that_was_lost_makes_all_gaps_unexplained(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		QUICK_WAIT(110, 12, 1, 105),
		CALL(100, 300, 12, 1, MEMSLOT, 2),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account,
			    "unexplained 10, " QUICK_ACCOUNT(1) ", unexplained 150");
	assert_false(trace->stalls[0].stall.is_complete);
	assert_int_equal(trace->stalls[0].stall.by_cause[KS_CAUSE_RUN], 0);
	assert_int_equal(trace->stalls[0].stall.stall_ns, TRACE_NS(200));
	trace_free(trace);
}

/* A task of the same tid before: its call's end was lost. It must not be this one's. */
static void what_a_dead_task_left_is_not_its_heirs(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		QUICK_WAIT(110, 12, 1, 105),
		/* no KS_CALL */
		QUICK_WAIT(1110, 12, 2, 1105),
		CALL(1100, 1200, 12, 1, MEMSLOT, 1),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account, "run 10, " QUICK_ACCOUNT(2) ", run 50");
	assert_string_equal(trace->stalls[0].waited,
			    "synchronize_srcu_expedited(kvm.srcu) 45 needs 2");
	assert_true(trace->stalls[0].stall.is_complete);
	trace_free(trace);
}

/* More than 65536. */
#define TOO_MANY 70001

/* More segments than a task may keep: the rest is a hole, and the call says so. */
static void a_call_of_too_many_sleeps_does_not_call_them_run(void **state)
{
	const struct row begin[] = {BORN(10, 1)};
	const struct row end[] = {CLOSE(90, 90 + 20 * TOO_MANY, 12, 1, (uint16_t)TOO_MANY)};
	struct trace *trace = trace_new();
	const struct seen *seen = &trace->stalls[0];

	(void)state;
	trace_feed(trace, begin, CNT(begin));
	for (int i = 0; i < TOO_MANY; i++) {
		const struct row row = SLEEP(100 + 20 * i, 110 + 20 * i, 110 + 20 * i, 12, 0);
		union any_record rec;

		trace_feed_sized(trace, &rec, trace_fill(&row, &rec));
	}
	/* one stall of thousands of segments: too many for trace_collect() to keep */
	trace->keep_no_segments = true;
	trace_feed(trace, end, CNT(end));
	assert_int_equal(seen->stall.by_cause[KS_CAUSE_RUN], 0);
	assert_false(seen->stall.is_complete);
	assert_true(seen->stall.by_cause[KS_CAUSE_OTHER_SLEEP] > 0);
	trace_free(trace);
}

static void sleeps_whose_times_make_no_sense_are_left_out(void **state)
{
	static const struct row bad[] = {
		SLEEP(150, 0, 140, 12, 0),		  /* in before out */
		SLEEP(150, 149, 160, 12, 0),		  /* woken before out */
		SLEEP(150, 161, 160, 12, 0),		  /* woken after it ran */
		SLEEP(150, 155, 160, 12, 0, .wait = 151), /* entered after it slept */
		SLEEP(119, 0, 160, 12, 0),		  /* before the last sleep's end */
	};

	(void)state;
	for (size_t i = 0; i < CNT(bad); i++) {
		const struct row rows[] = {
			BORN(10, 1),
			SLEEP(110, 120, 120, 12, 0, .stack = IN_KTHREAD_STOP),
			bad[i],
			CALL(100, 200, 12, 1, MEMSLOT, 2),
		};
		struct trace *trace = RUN(rows);

		assert_string_equal(trace->stalls[0].account,
				    "unexplained 10, kthread in kthread_stop 10, unexplained 80");
		assert_false(trace->stalls[0].stall.is_complete);
		trace_free(trace);
	}
}

/* Sleeps that reach out of the call belong to another, whose record was lost. */
static void sleeps_beyond_the_calls_ends_are_left_out(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		SLEEP(50, 80, 80, 12, 0),
		SLEEP(90, 110, 110, 12, 0),
		SLEEP(120, 130, 130, 12, 0),
		SLEEP(140, 250, 250, 12, 0),
		CALL(100, 200, 12, 1, MEMSLOT, 4),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_int_equal(trace->stalls[0].stall.by_cause[KS_CAUSE_OTHER_SLEEP], TRACE_NS(10));
	trace_free(trace);
}

static void losses_of_the_time_make_a_call_incomplete(void **state)
{
	static const struct {
		uint64_t from, to;
		bool is_complete;
	} cases[] = {
		{50, 99, true},	  {50, 100, false},  {120, 130, false},
		{90, 300, false}, {200, 220, false}, {201, 220, true},
	};
	struct account_scratch scratch = {0};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		const struct ks_call call = {
			.head.ts_ns = 200, .begin_ns = 100, .kind = KS_KIND_VM};
		struct loss_windows losses = {.cnt = 0};
		struct task *task = task_new(1);
		struct account_input in = {.call = &call, .task = task, .losses = &losses};
		struct stall stall;

		loss_windows_add(&losses, cases[i].from, cases[i].to);
		assert_int_equal(account_call(&in, &scratch, &stall), 0);
		assert_true(stall.by_cause[KS_CAUSE_RUN] + stall.by_cause[KS_CAUSE_UNEXPLAINED] ==
			    stall.latency_ns);
		assert_int_equal(stall.is_complete, cases[i].is_complete);
		/* sixteen newer ones push it out: what began before its end may have been in it */
		for (int j = 0; j < LOSS_WINDOWS; j++)
			loss_windows_add(&losses, 1000 + j, 1000 + j);
		assert_int_equal(account_call(&in, &scratch, &stall), 0);
		assert_int_equal(stall.is_complete, cases[i].to < call.begin_ns);
		task_free(task);
	}
	free(scratch.segments);
}

#define HALTED(t, who, process, why, with)                                                         \
	{                                                                                          \
		.type = KS_HALTED, .us = t, .tid = who, .tgid = process, .val = why,               \
		.needed = with                                                                     \
	}

/* Who waits for a thread of the VMM's process waits for whoever has stopped that. */
static void a_thread_that_is_waited_for_and_is_stopped_is_named(void **state)
{
	static const struct {
		struct row halted;
		uint32_t waker;
		const char *culprit; /* NULL: nobody is */
		const char *text;
	} cases[] = {
		{HALTED(500, 77, TGID(1), KS_HALT_SIGNAL, 19), 0, "-, -, halted[77], 0",
		 "stopped by SIGSTOP"},
		{HALTED(500, 77, TGID(1), KS_HALT_FROZEN, 0), 0, "-, -, halted[77], 0", "frozen"},
		{HALTED(500, 77, TGID(1), KS_HALT_TRACED, 0), 77, "-, -, halted[77], 0",
		 "stopped by its tracer"},
		{HALTED(500, 77, TGID(1), KS_HALT_SIGNAL, 19), 78, "-, -, waker[78], 0", NULL},
		{HALTED(500, 77, TGID(2), KS_HALT_SIGNAL, 19), 0, NULL, NULL},
		{HALTED(90, 77, TGID(1), KS_HALT_SIGNAL, 19), 0, NULL, NULL}, /* before */
		{HALTED(500, 77, TGID(1), KS_HALT_CNT, 19), 0, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		const struct row rows[] = {
			BORN(10, 1),
			cases[i].halted,
			CPU_WAIT(WOKEN, 900, 910, 12, 0, .needed = cases[i].waker),
			SLEEP(110, 900, 910, 12, 0, .stack = IN_KTHREAD_STOP),
			CLOSE(100, 1000, 12, 1, 1),
		};
		struct trace *trace = RUN(rows);
		const struct culprit *culprit = &trace->stalls[0].stall.culprit;

		assert_int_equal(trace->stalls[0].stall.cause, KS_CAUSE_KTHREAD);
		assert_int_equal(culprit->is_known, cases[i].culprit != NULL);
		if (cases[i].culprit)
			assert_string_equal(trace->stalls[0].culprit, cases[i].culprit);
		assert_int_equal(culprit->halt != KS_HALT_NONE, cases[i].text != NULL);
		if (cases[i].text)
			assert_string_equal(halt_text(culprit->halt, culprit->halt_signal),
					    cases[i].text);
		trace_free(trace);
	}
}

/* The record of a time without a CPU may be one of those that were lost: `run' is what is left. */
static void a_gap_that_a_loss_overlaps_is_not_called_run(void **state)
{
	static const struct {
		struct {
			uint64_t from, to;
		} losses[4];
		const char *account;
	} cases[] = {
		{{{50, 100}, {200, 250}}, "run 60, lock 20, run 20"},
		{{{110, 130}}, "run 10, unexplained 20, run 30, lock 20, run 20"},
		{{{90, 120}, {115, 140}, {130, 135}}, "unexplained 40, run 20, lock 20, run 20"},
		/* where a record says what it was, none is missing */
		{{{150, 190}}, "run 50, unexplained 10, lock 20, unexplained 10, run 10"},
		{{{0, 300}}, "unexplained 60, lock 20, unexplained 20"},
		{{{182, 184}, {186, 188}, {192, 194}},
		 "run 60, lock 20, run 2, unexplained 2, run 2, unexplained 2, run 4, "
		 "unexplained 2, run 6"},
	};
	struct account_scratch scratch = {0};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		const struct ks_call call = {
			.head.ts_ns = TRACE_NS(200), .begin_ns = TRACE_NS(100), .kind = KS_KIND_VM};
		const struct segment lock = {.cause = KS_CAUSE_LOCK, .ns = TRACE_NS(20)};
		struct loss_windows losses = {.cnt = 0};
		struct task *task = task_new(1);
		struct account_input in = {.call = &call, .task = task, .losses = &losses};
		struct seen seen = {.vm_id = 0};

		for (size_t j = 0; cases[i].losses[j].to; j++)
			loss_windows_add(&losses, TRACE_NS(cases[i].losses[j].from),
					 TRACE_NS(cases[i].losses[j].to));
		assert_int_equal(task_add_unslept(task, TRACE_NS(160), &lock), 0);
		assert_int_equal(account_call(&in, &scratch, &seen.stall), 0);
		assert_true(seen.stall.stall_ns ==
			    seen.stall.latency_ns - seen.stall.by_cause[KS_CAUSE_RUN]);
		memcpy(seen.segments, seen.stall.segments,
		       seen.stall.segments_cnt * sizeof(*seen.segments));
		trace_format_account(&seen);
		assert_string_equal(seen.account, cases[i].account);
		task_free(task);
	}
	free(scratch.segments);
}

/* The one that was lost said that another task had the CPU; the call's own record came. */
static void a_preemption_whose_record_was_lost_is_unexplained(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		HEARD(140, 1),
		DROPS(7100, 1, 1), /* CPU_WAIT(PREEMPTED, 150, 7100, 12, 99) */
		CALL(100, 7120, 12, 1, VCPU, 0, .cpu = 1),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account, "run 40, unexplained 6980");
	assert_false(trace->stalls[0].stall.is_complete);
	assert_int_equal(trace->stalls[0].stall.cause, KS_CAUSE_UNEXPLAINED);
	trace_free(trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_waits_of_one_call_follow_each_other),
		cmocka_unit_test(without_the_gp_in_flight_only_its_own_wait_is_shorter),
		cmocka_unit_test(several_sleeps_may_be_one_wait),
		cmocka_unit_test(without_entries_each_sleep_is_a_wait),
		cmocka_unit_test(
			who_started_the_gp_before_its_last_sleep_waits_for_it_as_an_outstanding_one),
		cmocka_unit_test(a_gp_in_flight_is_outstanding_unless_the_wait_itself_started_it),
		cmocka_unit_test(a_gp_that_follows_ones_own_is_not_ones_own),
		cmocka_unit_test(a_gp_that_came_too_soon_after_another_says_how_soon),
		cmocka_unit_test(each_wait_has_the_callbacks_of_its_own_time),
		cmocka_unit_test(a_sleep_inside_an_srcu_function_is_a_wait_whatever_its_stack),
		cmocka_unit_test(an_api_that_nobody_knows_is_none),
		cmocka_unit_test(another_sleep_is_named_by_its_function),
		cmocka_unit_test(a_memslot_that_waits_for_invalidations_does_not_wait_for_srcu),
		cmocka_unit_test(who_waits_for_a_thread_is_told_by_the_function_that_does),
		cmocka_unit_test(a_wait_for_plain_rcu_names_who_waits_and_how),
		cmocka_unit_test(a_mutex_of_rcus_whose_holder_was_seen_is_a_lock),
		cmocka_unit_test(who_a_work_of_srcu_woke_need_not_have_waited_for_it),
		cmocka_unit_test(a_close_says_what_was_closed),
		cmocka_unit_test(a_sleep_without_a_wake_up_lasts_until_it_runs_again),
		cmocka_unit_test(a_sleep_of_which_nothing_is_known_is_other_sleep_without_a_place),
		cmocka_unit_test(a_wait_on_an_unknown_domain_is_unexplained),
		cmocka_unit_test(a_domain_of_nobodys_is_followed_from_its_first_record_on),
		cmocka_unit_test(a_sleep_in_a_mutex_is_its_holders),
		cmocka_unit_test(a_lock_is_worth_what_its_holder_was_stalled_for_meanwhile),
		cmocka_unit_test(of_two_mutexes_the_holder_is_that_of_the_longer_wait),
		cmocka_unit_test(spinning_for_a_mutex_is_a_lock),
		cmocka_unit_test(each_lock_of_a_vm_has_its_name),
		cmocka_unit_test(a_lock_of_which_the_kernel_names_nobody_is_one),
		cmocka_unit_test(spinning_for_a_spinlock_is_a_lock_of_which_nobody_is_named),
		cmocka_unit_test(spinning_of_calls_that_are_not_reported_is_forgotten),
		cmocka_unit_test(a_lock_is_forgotten_with_its_call),
		cmocka_unit_test(a_mutex_that_is_not_a_vms_is_another_sleep),
		cmocka_unit_test(watching_holders_leaves_no_task_behind_or_freed),
		cmocka_unit_test(a_call_that_no_probe_saw_is_named_by_its_stack),
		cmocka_unit_test(the_phase_is_the_vms_age),
		cmocka_unit_test(an_irqfd_is_shut_down_in_its_vms_phase),
		cmocka_unit_test(a_call_of_no_time_has_no_segments),
		cmocka_unit_test(a_sleep_that_was_lost_makes_all_gaps_unexplained),
		cmocka_unit_test(what_a_dead_task_left_is_not_its_heirs),
		cmocka_unit_test(a_call_of_too_many_sleeps_does_not_call_them_run),
		cmocka_unit_test(sleeps_whose_times_make_no_sense_are_left_out),
		cmocka_unit_test(sleeps_beyond_the_calls_ends_are_left_out),
		cmocka_unit_test(losses_of_the_time_make_a_call_incomplete),
		cmocka_unit_test(a_thread_that_is_waited_for_and_is_stopped_is_named),
		cmocka_unit_test(a_gap_that_a_loss_overlaps_is_not_called_run),
		cmocka_unit_test(a_preemption_whose_record_was_lost_is_unexplained),
	};

	return cmocka_run_group_tests_name("account", tests, NULL, NULL);
}
