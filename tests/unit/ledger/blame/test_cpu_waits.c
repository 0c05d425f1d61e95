// SPDX-License-Identifier: GPL-2.0-only
/* Who had the CPU that a call, or a thread that it waited for, wanted. */
#include "ledger/blame/cpu_waits.h"

#include "base/str.h"
#include "output/text/text.h"
#include "trace.h"

#define KWORKER 31
#define HOG	77 /* odd numbers are normal tasks, even ones real-time */
#define RT_HOG	78

static const struct culprit *first_culprit(const struct trace *trace)
{
	return &trace->stalls[0].stall.culprit;
}

/* C8: "run" hid that the task had no CPU. */
static void time_without_a_cpu_is_not_run(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		CPU_WAIT(PREEMPTED, 110, 130, 12, 75),
		CPU_WAIT(PREEMPTED, 140, 540, 12, RT_HOG),
		CALL(100, 600, 12, 1, MEMSLOT, 0),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account,
			    "run 10, runnable 20, run 10, runnable 400, run 60");
	assert_int_equal(trace->stalls[0].stall.cause, KS_CAUSE_RUNNABLE);
	assert_true(trace->stalls[0].stall.is_complete);
	assert_int_equal(trace->stalls[0].stall.stall_ns, TRACE_NS(420));
	assert_int_equal(first_culprit(trace)->kind, CULPRIT_CPU);
	assert_int_equal(first_culprit(trace)->tid, RT_HOG);
	assert_true(first_culprit(trace)->is_realtime);
	assert_int_equal(first_culprit(trace)->late_tid, 0);
	trace_free(trace);
}

/* Whoever had the CPU meanwhile kept nobody from it. */
static void who_is_not_allowed_to_run_waits_for_its_quota(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		CPU_WAIT(PREEMPTED, 110, 130, 12, 75),
		CPU_WAIT(PREEMPTED, 140, 90540, 12, RT_HOG, .flags = 1),
		CALL(100, 90600, 12, 1, MEMSLOT, 0),
	};
	struct trace *trace = RUN(rows);
	struct str out;

	(void)state;
	assert_int_equal(trace->stalls[0].stall.cause, KS_CAUSE_RUNNABLE);
	assert_int_equal(first_culprit(trace)->kind, CULPRIT_CPU);
	assert_true(first_culprit(trace)->is_throttled);
	assert_false(first_culprit(trace)->is_known || first_culprit(trace)->is_realtime);
	str_init(&out);
	trace->stalls[0].stall.vm = NULL;
	text_stall(&out, &trace->stalls[0].stall, &(struct text_cfg){.show_account = false});
	assert_non_null(strstr(out.text, "runnable: the CPU quota of its cgroup was used up\n"));
	str_fini(&out);
	trace_free(trace);
}

/* @row, but whoever ran had this priority: of the kernel's, or of a recording. */
static void feed_ran(struct trace *trace, struct row row, uint32_t prio)
{
	union any_record rec;
	size_t size = trace_fill(&row, &rec);

	rec.cpu.ran_prio = prio;
	assert_int_equal(trace_feed_sized(trace, &rec, size), 0);
}

/* SCHED_DEADLINE's have -1 (include/linux/sched/deadline.h: MAX_DL_PRIO - 1), which recordings had
 * as it is; a thread of class "stop" the highest of SCHED_FIFO, and of SCHED_EXT what normal ones
 * have. */
static void whose_cpu_it_was_is_realtime_by_any_policy(void **state)
{
	static const struct {
		uint32_t ran, prio;
		bool is_throttled, is_realtime;
		uint8_t rt_priority;
	} cases[] = {
		{HOG, 120, false, false, 0},
		{HOG, 100, false, false, 0},
		{HOG, 139, false, false, 0},
		{HOG, 98, false, true, 1},
		{HOG, 0, false, true, 99},
		{HOG, 0xffff, false, true, 0},
		{HOG, 0xffffffff, false, true, 0},
		{HOG, KS_RAN_THROTTLED | 120, true, false, 0},
		{HOG, KS_RAN_THROTTLED | 0xffff, true, false, 0},
		{0, 0, false, false, 0}, /* it was idle: nobody's priority */
	};
	const struct row wait = CPU_WAIT(PREEMPTED, 110, 540, 12, 0);
	const struct row born = BORN(10, 1), call = CALL(100, 600, 12, 1, MEMSLOT, 0);

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		struct trace *trace = trace_run(&born, 1);
		struct row ran = wait;

		ran.val = cases[i].ran;
		feed_ran(trace, ran, cases[i].prio);
		trace_feed(trace, &call, 1);
		assert_int_equal(first_culprit(trace)->kind, CULPRIT_CPU);
		assert_int_equal(first_culprit(trace)->is_throttled, cases[i].is_throttled);
		assert_int_equal(first_culprit(trace)->is_realtime, cases[i].is_realtime);
		assert_int_equal(first_culprit(trace)->rt_priority, cases[i].rt_priority);
		trace_free(trace);
	}
}

/* C8: a close of 89.6 ms that ran 88 ms of them was "kworker". */
static void the_headline_is_what_the_latency_was_spent_on(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		SLEEP(110, 120, 130, 12, 0, .stack = IN_KTHREAD_STOP),
		CLOSE(100, 89600, 12, 1, 1),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_int_equal(trace->stalls[0].stall.cause, KS_CAUSE_RUN);
	assert_int_equal(first_culprit(trace)->kind, CULPRIT_NONE);
	trace_free(trace);
}

/* 30 s of wake-ups did not say who ran. */
static void who_is_woken_and_has_no_cpu_says_who_has_it(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		CPU_WAIT(WOKEN, 5120, 9000, 12, HOG, .needed = KWORKER),
		SLEEP(110, 5120, 9000, 12, MMU_SRCU, .stack = IN_MMU_UNREGISTER),
		CPU_WAIT(PREEMPTED, 9100, 19000, 12, 79),
		CLOSE(100, 20000, 12, 1, 1),
		CPU_WAIT(WOKEN, 20120, 29000, 12, HOG),
		SLEEP(20110, 20120, 29000, 12, 0, .stack = IN_KTHREAD_STOP),
		CALL(20100, 29010, 12, 1, MEMSLOT, 1),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_int_equal(trace->stalls[0].stall.cause, KS_CAUSE_RUNNABLE);
	assert_int_equal(first_culprit(trace)->tid, 79);
	assert_int_equal(trace->stalls[1].stall.cause, KS_CAUSE_RUNNABLE);
	assert_int_equal(trace->stalls[1].stall.culprit.tid, HOG);
	assert_false(trace->stalls[1].stall.culprit.is_realtime);
	trace_free(trace);
}

/* The kworker that was to run the grace period's work was woken, and @ran had its CPU. */
static void run_late(uint32_t tid, uint32_t ran, struct trace **trace)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(413, 12, SRCU(1), GP(1), .vm = 1, .kind = KS_KIND_VM, .cmd = MEMSLOT),
		CPU_WAIT(LATE, 414, 4999, tid, ran),
		STEP(GP_BEGIN, 5000, SRCU(1), GP(1), .tid = KWORKER),
		STEP(CB_QUEUE, 5003, SRCU(1), DONE(1), .tid = KWORKER),
		STEP(GP_END, 5006, SRCU(1), DONE(1), .tid = KWORKER),
		STEP(CB_BEGIN, 5011, SRCU(1), DONE(1), .val = 1, .tid = KWORKER),
		SLEEP(415, 5013, 5020, 12, SRCU(1), .needed = DONE(1), .stack = IN_MEMSLOT),
		CALL(410, 5030, 12, 1, MEMSLOT, 1),
	};

	*trace = RUN(rows);
	assert_int_equal((*trace)->stalls[0].stall.cause, KS_CAUSE_KWORKER);
}

static void a_kworker_that_has_no_cpu_says_who_has_it(void **state)
{
	struct trace *trace;

	(void)state;
	run_late(KWORKER, RT_HOG, &trace);
	assert_int_equal(first_culprit(trace)->kind, CULPRIT_CPU);
	assert_int_equal(first_culprit(trace)->tid, RT_HOG);
	assert_int_equal(first_culprit(trace)->late_tid, KWORKER);
	assert_int_equal(first_culprit(trace)->late_ns, TRACE_NS(4999 - 414));
	assert_string_equal(first_culprit(trace)->late_comm, "late");
	trace_free(trace);
}

/* Another kworker's wait says nothing, nor does a CPU that was idle. */
static void who_had_another_cpu_is_not_to_blame(void **state)
{
	struct trace *trace;

	(void)state;
	run_late(KWORKER + 1, HOG, &trace);
	assert_int_equal(first_culprit(trace)->kind, CULPRIT_INITIATOR);
	trace_free(trace);
	run_late(KWORKER, 0, &trace);
	assert_int_equal(first_culprit(trace)->kind, CULPRIT_INITIATOR);
	trace_free(trace);
}

/* ---- what goes on ---- */

#define SEC_US 1000000

/* From 430 us on a callback is queued on CPU 0; @cnt of @rows come after that, and then a scan
 * finds the memslot's update asleep, at 1 s. */
static struct trace *asleep_after(const struct row *rows, size_t cnt)
{
	const struct row before[] = {
		BORN(10, 1),
		START(413, 12, SRCU(1), GP(1), .vm = 1, .kind = KS_KIND_VM, .cmd = MEMSLOT),
		STEP(GP_BEGIN, 420, SRCU(1), GP(1), .tid = KWORKER + 1),
		STEP(CB_QUEUE, 430, SRCU(1), DONE(1), .tid = KWORKER + 1),
		STEP(GP_END, 440, SRCU(1), DONE(1), .tid = KWORKER + 1),
	};
	struct trace *trace = RUN(before);

	trace_feed(trace, rows, cnt);
	trace_asleep(trace, 12, 415, SEC_US, DONE(1));
	return trace;
}

/* Nobody has run them, so no record says who is to. */
static void callbacks_that_nobody_runs_say_who_has_the_cpu(void **state)
{
	const struct row wants[] = {CPU_WAIT(WANTS, 431, SEC_US - 50, KWORKER, RT_HOG)};
	struct trace *trace = asleep_after(wants, CNT(wants));
	const struct stall *stall = &trace->stalls[0].stall;

	(void)state;
	assert_true(stall->is_stuck);
	assert_int_equal(stall->cause, KS_CAUSE_KWORKER);
	assert_int_equal(stall->culprit.kind, CULPRIT_CPU);
	assert_int_equal(stall->culprit.tid, RT_HOG);
	assert_int_equal(stall->culprit.rt_priority, 49);
	assert_int_equal(stall->culprit.late_tid, KWORKER);
	assert_int_equal(stall->waits[0].since, CALLBACKS_QUEUED);
	assert_int_equal(stall->waits[0].queue_cpu, 0);
	assert_false(stall_may_have_lost(stall, &stall->waits[0]));
	trace_free(trace);
}

/* Of another CPU, since a moment ago, a thread that runs no works, or none at all. */
static void who_is_not_to_run_them_is_not_named(void **state)
{
	const struct row waits[] = {
		CPU_WAIT(WANTS, 431, SEC_US - 50, KWORKER, RT_HOG, .needed = 1),
		CPU_WAIT(WANTS, SEC_US - 1500, SEC_US - 50, KWORKER, RT_HOG),
		CPU_WAIT(WANTS, 431, SEC_US - 50, KWORKER, RT_HOG, .comm = "ksoftirqd/0"),
		CPU_WAIT(LATE, 431, SEC_US - 50, KWORKER, RT_HOG),
	};

	(void)state;
	for (size_t i = 0; i < CNT(waits); i++) {
		struct trace *trace = asleep_after(&waits[i], 1);

		assert_int_equal(trace->stalls[0].stall.cause, KS_CAUSE_KWORKER);
		assert_int_equal(first_culprit(trace)->kind, CULPRIT_INITIATOR);
		trace_free(trace);
	}
}

/* In a domain of large size callbacks are queued on the CPU that asked. */
static void callbacks_wait_on_the_cpu_where_they_are_queued(void **state)
{
	const struct row rows[] = {
		STEP(CB_BEGIN, 450, SRCU(1), DONE(1), .val = 1),
		STEP(CB_END, 460, SRCU(1), DONE(1)),
		STEP(CB_QUEUE, 470, SRCU(1), DONE(1), .of_cpu = 3),
		CPU_WAIT(WANTS, 471, SEC_US - 50, KWORKER, RT_HOG, .needed = 3),
	};
	struct trace *trace = asleep_after(rows, CNT(rows));
	const struct stall *stall = &trace->stalls[0].stall;

	(void)state;
	assert_int_equal(stall->cause, KS_CAUSE_KWORKER);
	assert_int_equal(stall->waits[0].queue_cpu, 3);
	assert_int_equal(stall->culprit.tid, RT_HOG);
	trace_free(trace);
}

/* They ran, and the waiter sleeps on: its own was not among them. That is a suspicion. */
static void callbacks_that_are_nowhere_may_be_lost(void **state)
{
	const struct row ran[] = {
		STEP(CB_BEGIN, 450, SRCU(1), DONE(1), .val = 1),
		STEP(CB_END, 460, SRCU(1), DONE(1)),
	};
	struct trace *trace = asleep_after(ran, CNT(ran));
	const struct stall *stall = &trace->stalls[0].stall;

	(void)state;
	assert_int_equal(stall->waits[0].since, CALLBACKS_NONE);
	assert_false(stall_may_have_lost(stall, &stall->waits[0])); /* not a second yet */
	trace_asleep(trace, 12, 415, SEC_US + 441, DONE(1));
	stall = &trace->stalls[1].stall;
	assert_true(stall_may_have_lost(stall, &stall->waits[0]));
	assert_int_equal(stall->cause, KS_CAUSE_UNEXPLAINED);
	trace_free(trace);
}

/* After a loss they may be queued all the same. */
static void callbacks_that_are_not_known_are_not_lost(void **state)
{
	const struct row rows[] = {
		STEP(CB_BEGIN, 450, SRCU(1), DONE(1), .val = 1),
		STEP(CB_END, 460, SRCU(1), DONE(1)),
		STEP(CB_QUEUE, 470, SRCU(1), DONE(1), .drops = 1),
		STEP(GP_END, 480, SRCU(1), DONE(1)),
	};
	struct trace *trace = asleep_after(rows, CNT(rows));
	const struct stall *stall;

	(void)state;
	trace_asleep(trace, 12, 415, 3 * SEC_US, DONE(1));
	stall = &trace->stalls[1].stall;
	assert_false(stall_may_have_lost(stall, &stall->waits[0]));
	trace_free(trace);
}

#define IN_KTHREAD_CREATE                                                                          \
	STACK("schedule", "wait_for_completion", "__kthread_create_on_node", "kvm_vm_ioctl",       \
	      "__x64_sys_ioctl")

/* Up to Linux 6.12: it waits until the thread has joined its cgroups, and is woken by that one. */
#define IN_WORKER_CREATE                                                                           \
	STACK("schedule", "wait_for_completion", "kvm_vm_create_worker_thread", "kvm_vm_ioctl",    \
	      "__x64_sys_ioctl")

/* Of a sleep from 110 to 4000, that task 33 ended, after @late had been without a CPU. */
static const struct culprit *sleep_for(uint32_t late, uint64_t since, const char *const *stack,
				       struct trace **trace)
{
	const struct row rows[] = {
		BORN(10, 1),
		CPU_WAIT(LATE, since, 3900, late, HOG),
		CPU_WAIT(WOKEN, 4000, 4010, 12, 79, .needed = 33),
		SLEEP(110, 4000, 4010, 12, 0, .stack = stack),
		CALL(100, 4020, 12, 1, PIT2, 1),
	};

	*trace = RUN(rows);
	return first_culprit(*trace);
}

/* Only a thread that unmaps memory can end it. */
static void a_wait_for_invalidations_names_who_ended_the_last(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		CPU_WAIT(WOKEN, 4000, 4010, 12, 79, .needed = 33),
		SLEEP(110, 4000, 4010, 12, 0,
		      .stack = STACK("schedule", "kvm_swap_active_memslots", "kvm_set_memslot")),
		CALL(100, 4020, 12, 1, MEMSLOT, 1),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_int_equal(trace->stalls[0].stall.cause, KS_CAUSE_INVALIDATION);
	assert_int_equal(first_culprit(trace)->kind, CULPRIT_WAKER);
	assert_int_equal(first_culprit(trace)->tid, 33);
	trace_free(trace);
}

/* The sleep proves that there was a reader, and its end who was the last one. */
static void a_wait_for_the_readers_of_a_vma_names_the_last(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		CPU_WAIT(WOKEN, 4000, 4010, 12, 79, .needed = 33),
		SLEEP(110, 4000, 4010, 12, 0,
		      .stack = STACK("schedule", "__vma_start_exclude_readers", "__vm_munmap")),
		CALL(100, 4020, 12, 1, MEMSLOT, 1),
		SLEEP(5110, 9000, 9010, 12, 0,
		      .stack = STACK("schedule", "vma_mark_detached", "__vm_munmap")),
		CALL(5100, 9020, 12, 1, MEMSLOT, 1),
	};
	struct trace *trace = RUN(rows);
	const struct culprit *culprit = first_culprit(trace);

	(void)state;
	assert_int_equal(trace->stalls[0].stall.cause, KS_CAUSE_LOCK);
	assert_int_equal(culprit->kind, CULPRIT_HOLDER);
	assert_int_equal(culprit->lock, KS_LOCK_VMA);
	assert_int_equal(culprit->held, KS_HELD_BY_TASK);
	assert_int_equal(culprit->tid, 33);
	culprit = &trace->stalls[1].stall.culprit;
	assert_int_equal(trace->stalls[1].stall.cause, KS_CAUSE_LOCK);
	assert_false(culprit->is_known);
	assert_int_equal(culprit->held, KS_HELD_BY_READERS);
	trace_free(trace);
}

static void another_sleep_names_who_ended_it_or_kept_him_from_it(void **state)
{
	const struct {
		uint32_t late;
		uint64_t since;
		const char *const *stack;
		enum ks_cause cause;
		enum culprit_kind kind;
		uint32_t tid;
	} cases[] = {
		{33, 200, IN_KTHREAD_CREATE, KS_CAUSE_KTHREAD, CULPRIT_CPU, HOG},
		{2, 200, IN_KTHREAD_CREATE, KS_CAUSE_KTHREAD, CULPRIT_CPU, HOG}, /* kthreadd */
		{2, 200, IN_KTHREAD_STOP, KS_CAUSE_KTHREAD, CULPRIT_WAKER, 33},
		{33, 200, IN_WORKER_CREATE, KS_CAUSE_KTHREAD, CULPRIT_CPU, HOG},
		{33, 3800, IN_WORKER_CREATE, KS_CAUSE_KTHREAD, CULPRIT_WAKER, 33},
		/* late, but not for long */
		{33, 3800, IN_KTHREAD_STOP, KS_CAUSE_KTHREAD, CULPRIT_WAKER, 33},
		/* a vCPU's mutex, whose own functions a stack lacks */
		{33, 3800, STACK("schedule", "kvm_vcpu_ioctl", "__x64_sys_ioctl"),
		 KS_CAUSE_OTHER_SLEEP, CULPRIT_WAKER, 33},
		{33, 3800, STACK("schedule", "handle_userfault", "kvm_vcpu_ioctl"),
		 KS_CAUSE_OTHER_SLEEP, CULPRIT_NONE, 0},
		/* an interrupt may have ended it */
		{33, 3800, IN_MEMSLOT + 7, KS_CAUSE_OTHER_SLEEP, CULPRIT_NONE, 0},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		struct trace *trace;
		const struct culprit *culprit =
			sleep_for(cases[i].late, cases[i].since, cases[i].stack, &trace);

		assert_int_equal(trace->stalls[0].stall.cause, cases[i].cause);
		assert_int_equal(culprit->kind, cases[i].kind);
		assert_int_equal(culprit->tid, cases[i].tid);
		trace_free(trace);
	}
}

#define IN_VHOST_WORKER                                                                            \
	STACK("schedule", "wait_for_completion", "synchronize_rcu_normal.part.0",                  \
	      "cgroup_attach_task_all", "vhost_attach_cgroups_work", "vhost_worker")
#define IN_WORKER                                                                                  \
	STACK("schedule", "wait_for_completion", "synchronize_rcu_normal.part.0",                  \
	      "cgroup_attach_task_all", "kvm_vm_worker_thread")

/* What it waits for is what the thread waits for that it has made. */
static void who_waits_for_a_thread_waits_for_what_that_one_does(void **state)
{
	const struct {
		uint32_t child;
		uint64_t until_us;
		const char *const *stack;
		bool is_vms;
		enum ks_cause cause;
		const char *text;
	} cases[] = {
		{33, 3900, IN_WORKER, true, KS_CAUSE_RCU,
		 "kthread in kvm_vm_create_worker_thread, ended by waker[33] (rcu)\n"},
		{35, 3900, IN_WORKER, true, KS_CAUSE_RUN, ", ended by waker[33]\n"},
		{33, 3900, IN_VHOST_WORKER, true, KS_CAUSE_RCU, ", ended by waker[33] (rcu)\n"},
		{33, 1900, IN_WORKER, true, KS_CAUSE_RUN, ", ended by waker[33]\n"},
		{33, 3900, IN_KTHREAD_STOP, false, KS_CAUSE_RUN, ", ended by waker[33]\n"},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		const uint64_t until = cases[i].until_us;
		const struct row rows[] = {
			BORN(10, 1),
			SLEEP(120, until, until + 1, cases[i].child, 0, .stack = cases[i].stack),
			{.type = KS_CALL,
			 .from = 119,
			 .us = until + 2,
			 .tid = cases[i].child,
			 .sleeps = 1},
			CPU_WAIT(WOKEN, 4000, 4010, 12, 79, .needed = 33),
			SLEEP(110, 4000, 4010, 12, 0, .stack = IN_WORKER_CREATE),
			CALL(100, 4020, 12, 1, PIT2, 1),
		};
		struct trace *trace = RUN(rows);
		struct stall *stall = &trace->stalls[1].stall;
		struct str out;

		assert_int_equal(stall_is_waited_for(&trace->stalls[0].stall), !cases[i].is_vms);
		assert_int_equal(stall->culprit.kind, CULPRIT_WAKER);
		assert_int_equal(stall->culprit.cause, cases[i].cause);
		str_init(&out);
		stall->vm = NULL;
		text_stall(&out, stall, &(struct text_cfg){.show_account = false});
		if (!strstr(out.text, cases[i].text))
			fail_msg("'%s' is not in '%s'", cases[i].text, out.text);
		str_fini(&out);
		trace_free(trace);
	}
}

/* Nothing but the stack of its sleep says what was closed; and whose turn the worker waited for. */
static void a_close_that_waits_for_vhost_says_so(void **state)
{
	const struct {
		const char *const *stack;
		enum call_id call;
		enum ks_cause cause;
	} cases[] = {
		{IN_VHOST_CLOSE, CALL_CLOSE_VHOST, KS_CAUSE_KTHREAD},
		{IN_KTHREAD_STOP, CALL_CLOSE, KS_CAUSE_KTHREAD},
		{IN_MUTEX, CALL_CLOSE, KS_CAUSE_OTHER_SLEEP},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		const struct row rows[] = {
			BORN(10, 1),
			CPU_WAIT(LATE, 121, 3999, 33, 78),
			CPU_WAIT(WOKEN, 4000, 4010, 12, 79, .needed = 33),
			SLEEP(110, 4000, 4010, 12, 0, .stack = cases[i].stack),
			{.type = KS_CALL,
			 .from = 100,
			 .us = 4020,
			 .tid = 12,
			 .kind = KS_KIND_SYSCALL,
			 .cmd = KS_SYSCALL_X86 | 3,
			 .sleeps = 1},
		};
		struct trace *trace = RUN(rows);
		const struct stall *stall = &trace->stalls[0].stall;

		assert_int_equal(stall->call, cases[i].call);
		assert_int_equal(stall->cause, cases[i].cause);
		assert_int_equal(stall->culprit.kind, CULPRIT_CPU);
		assert_int_equal(stall->culprit.tid, 78);
		assert_int_equal(stall->culprit.late_tid, 33);
		trace_free(trace);
	}
}

/* A call whose record was lost left segments: what is forgotten of them is not counted twice. */
static void a_lost_call_takes_its_waits_for_a_cpu_along(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		CPU_WAIT(PREEMPTED, 20, 30, 12, HOG),
		SLEEP(40, 50, 50, 12, 0, .stack = IN_KTHREAD_STOP),
		CPU_WAIT(PREEMPTED, 60, 70, 12, HOG),
		/* no KS_CALL */
		CPU_WAIT(PREEMPTED, 110, 120, 12, HOG),
		SLEEP(130, 180, 180, 12, 0, .stack = IN_KTHREAD_STOP),
		CALL(100, 190, 12, 1, MEMSLOT, 1),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	assert_string_equal(trace->stalls[0].account,
			    "run 10, runnable 10, run 10, kthread in kthread_stop 50, run 10");
	assert_true(trace->stalls[0].stall.is_complete);
	trace_free(trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_without_a_cpu_is_not_run),
		cmocka_unit_test(who_is_not_allowed_to_run_waits_for_its_quota),
		cmocka_unit_test(whose_cpu_it_was_is_realtime_by_any_policy),
		cmocka_unit_test(the_headline_is_what_the_latency_was_spent_on),
		cmocka_unit_test(who_is_woken_and_has_no_cpu_says_who_has_it),
		cmocka_unit_test(a_kworker_that_has_no_cpu_says_who_has_it),
		cmocka_unit_test(who_had_another_cpu_is_not_to_blame),
		cmocka_unit_test(callbacks_that_nobody_runs_say_who_has_the_cpu),
		cmocka_unit_test(who_is_not_to_run_them_is_not_named),
		cmocka_unit_test(callbacks_wait_on_the_cpu_where_they_are_queued),
		cmocka_unit_test(callbacks_that_are_nowhere_may_be_lost),
		cmocka_unit_test(callbacks_that_are_not_known_are_not_lost),
		cmocka_unit_test(a_wait_for_invalidations_names_who_ended_the_last),
		cmocka_unit_test(a_wait_for_the_readers_of_a_vma_names_the_last),
		cmocka_unit_test(another_sleep_names_who_ended_it_or_kept_him_from_it),
		cmocka_unit_test(who_waits_for_a_thread_waits_for_what_that_one_does),
		cmocka_unit_test(a_close_that_waits_for_vhost_says_so),
		cmocka_unit_test(a_lost_call_takes_its_waits_for_a_cpu_along),
	};

	return cmocka_run_group_tests_name("cpu_waits", tests, NULL, NULL);
}
