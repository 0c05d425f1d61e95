// SPDX-License-Identifier: GPL-2.0-only
/* What a wait for plain RCU went to, by its kthread's sleeps and wake-ups. */
#include "ledger/blame/rcu.h"

#include <stdlib.h>

#include "trace.h"

/* rcu_state.gp_seq: grace period @n is in flight; all before @n are over. */
#define IN(n)	  ((uint64_t)(n)*4 + 1)
#define BEFORE(n) ((uint64_t)(n)*4)

#define HOG	 .tgid = 99, .needed = 5
#define READERS	 .flags = KS_RCU_READERS
#define SCANS(n) .of_cpu = n
#define REPORTS	 .api = 1

/* Who waits sleeps from 110 to 190, in a call from 100 to 200. */
#define BY_KTHREAD true
#define BY_CB	   false
#define STEPS_MAX  12

struct split_case {
	bool by_kthread;
	const char *account; /* of the sleep, less what follows it */
	struct row steps[STEPS_MAX];
};

static const struct split_case cases[] = {
	/* idle CPUs: nobody reports, and the look at them ends it */
	{BY_KTHREAD,
	 "rcu/start 2, rcu/work 3, rcu/timer 35, rcu/work 40",
	 {GPS(WAKE, 112, BEFORE(7)), FQS(SLEEP, 115, IN(7), 2), FQS(WAKE, 150, IN(7), 2)}},
	/* a look that is of no avail, and one that is */
	{BY_KTHREAD,
	 "rcu/start 2, rcu/work 3, rcu/holdout CPU 1 hog[99] 37, rcu/timer 28, rcu/work 10",
	 {GPS(WAKE, 112, BEFORE(7)), FQS(SLEEP, 115, IN(7), 2, HOG), FQS(WAKE, 150, IN(7), 2, HOG),
	  FQS(SLEEP, 152, IN(7), 2, HOG), FQS(WAKE, 180, IN(7), 2)}},
	/* one in flight is of no use; its own ends when the last CPU has reported */
	{BY_KTHREAD,
	 "rcu/prev-gp CPU 1 20, rcu/work 3, rcu/holdout CPU 0 hog[99] 37, rcu/work 20",
	 {FQS(WAKE, 130, IN(6), 0, .cpu = 1), FQS(SLEEP, 133, IN(7), 3, HOG),
	  FQS(WAKE, 170, IN(7), 0, .cpu = 0)}},
	/* who reports need not be the first that was waited for */
	{BY_KTHREAD,
	 "rcu/start 2, rcu/work 1, rcu/holdout CPU 1 67, rcu/work 10",
	 {GPS(WAKE, 112, BEFORE(7)), FQS(SLEEP, 113, IN(7), 3, HOG),
	  FQS(WAKE, 180, IN(7), 0, .cpu = 1)}},
	/* the same run of one task over three looks: it was in the kernel */
	{BY_KTHREAD,
	 "rcu/start 2, rcu/work 1, rcu/holdout CPU 1 hog[99] kernel 67, rcu/work 10",
	 {GPS(WAKE, 112, BEFORE(7)), FQS(SLEEP, 113, IN(7), 2, HOG), FQS(WAKE, 130, IN(7), 2, HOG),
	  FQS(SLEEP, 131, IN(7), 2, HOG), FQS(WAKE, 150, IN(7), 2, HOG),
	  FQS(SLEEP, 151, IN(7), 2, HOG), FQS(WAKE, 180, IN(7), 0, .cpu = 1)}},
	/* it left its CPU meanwhile: where it was is not known */
	{BY_KTHREAD,
	 "rcu/start 2, rcu/work 1, rcu/holdout CPU 1 hog[99] 67, rcu/work 10",
	 {GPS(WAKE, 112, BEFORE(7)), FQS(SLEEP, 113, IN(7), 2, HOG), FQS(WAKE, 130, IN(7), 2, HOG),
	  FQS(SLEEP, 131, IN(7), 2, HOG), FQS(WAKE, 150, IN(7), 2, HOG),
	  FQS(SLEEP, 151, IN(7), 2, .tgid = 99, .needed = 6), FQS(WAKE, 180, IN(7), 0, .cpu = 1)}},
	/* two CPUs, and then one of them */
	{BY_KTHREAD,
	 "rcu/start 2, rcu/work 1, rcu/holdout CPU 1+1 hog[99] 18, "
	 "rcu/holdout CPU 2 hog[99] 49, rcu/work 10",
	 {GPS(WAKE, 112, BEFORE(7)), FQS(SLEEP, 113, IN(7), 7, HOG), FQS(WAKE, 130, IN(7), 6, HOG),
	  FQS(SLEEP, 131, IN(7), 6, HOG), FQS(WAKE, 180, IN(7), 0, .cpu = 2, .tgid = 99)}},
	/* a task that was preempted in a reader; when it has left, no CPU has reported */
	{BY_KTHREAD,
	 "rcu/start 2, rcu/work 1, rcu/preempted hog[99] 67, rcu/work 10",
	 {GPS(WAKE, 112, BEFORE(7)), FQS(SLEEP, 113, IN(7), 0, READERS, HOG),
	  FQS(WAKE, 180, IN(7), 0, .cpu = 2)}},
	{BY_KTHREAD,
	 "rcu/start 2, rcu/work 1, rcu/preempted hog[99] 67, rcu/work 10",
	 {GPS(WAKE, 112, BEFORE(7)), FQS(SLEEP, 113, IN(7), 2), FQS(WAKE, 130, IN(7), 2),
	  FQS(SLEEP, 131, IN(7), 0, READERS, HOG), FQS(WAKE, 180, IN(7), 0, .cpu = 2)}},
	/* a callback that nobody runs */
	{BY_CB,
	 "rcu/start 2, rcu/work 1, rcu/holdout CPU 0 7, rcu/work 5, rcu/callbacks CPU 3 65",
	 {GPS(WAKE, 112, BEFORE(7)), FQS(SLEEP, 113, IN(7), 1), FQS(WAKE, 120, IN(7), 0, .cpu = 0),
	  GPS(SLEEP, 125, BEFORE(8))}},
	/* and that more than one grace period passes over */
	{BY_CB,
	 "rcu/start 2, rcu/work 1, rcu/timer 7, rcu/work 5, rcu/callbacks CPU 3 65",
	 {GPS(WAKE, 112, BEFORE(7)), FQS(SLEEP, 113, IN(7), 1), FQS(WAKE, 120, IN(7), 1),
	  FQS(SLEEP, 125, IN(8), 1), FQS(WAKE, 130, IN(8), 1), FQS(SLEEP, 135, IN(9), 1),
	  FQS(WAKE, 140, IN(9), 1), GPS(SLEEP, 145, BEFORE(10))}},
	/* one was in flight: it waits for the next, and then for its callback */
	{BY_CB,
	 "rcu/prev-gp 10, rcu/work 5, rcu/timer 20, rcu/work 5, rcu/callbacks CPU 3 40",
	 {FQS(WAKE, 120, IN(6), 1), FQS(SLEEP, 125, IN(7), 1), FQS(WAKE, 145, IN(7), 1),
	  GPS(SLEEP, 150, BEFORE(8))}},
	/* its callback got the one after next: the tick came when the next had started */
	{BY_CB,
	 "rcu/prev-gp 10, rcu/work 5, rcu/prev-gp 15, rcu/work 5, rcu/timer 35, rcu/work 5, "
	 "rcu/callbacks CPU 3 5",
	 {FQS(WAKE, 120, IN(6), 1), FQS(SLEEP, 125, IN(7), 1), FQS(WAKE, 140, IN(7), 1),
	  FQS(SLEEP, 145, IN(8), 1), FQS(WAKE, 180, IN(8), 1), GPS(SLEEP, 185, BEFORE(9))}},
	/* its own started before it slept */
	{BY_KTHREAD, "rcu/timer 40, rcu/work 40", {FQS(WAKE, 150, IN(6), 2)}},
	{BY_CB, "rcu/timer 40, rcu/work 40", {FQS(WAKE, 150, IN(6), 2)}},
	{BY_KTHREAD,
	 "rcu/work 3, rcu/timer 37, rcu/work 40",
	 {FQS(SLEEP, 113, IN(7), 2), FQS(WAKE, 150, IN(7), 2)}},
	/* a wake-up that comes while the kthread falls asleep is recorded before that sleep */
	{BY_KTHREAD,
	 "rcu/start 2, rcu/work 8, rcu/timer 50, rcu/work 20",
	 {GPS(WAKE, 112, BEFORE(7)), FQS(WAKE, 114, IN(7), 2), FQS(SLEEP, 115, IN(7), 2),
	  FQS(SLEEP, 120, IN(7), 2), FQS(WAKE, 170, IN(7), 2)}},
	/* so is the last report, if it comes then: whatever the kthread looked for, it was that */
	{BY_KTHREAD,
	 "rcu/start 2, rcu/work 1, rcu/holdout CPU 1 hog[99] 39, rcu/work 38",
	 {GPS(WAKE, 112, BEFORE(7)), FQS(SLEEP, 113, IN(7), 2, HOG), FQS(WAKE, 150, IN(7), 2),
	  FQS(WAKE, 152, IN(7), 0, .cpu = 1), FQS(SLEEP, 153, IN(7), 0)}},
	/* the kthread ran when it woke the waiter, and is said to sleep: its wake-up is missing */
	{BY_KTHREAD, "rcu 80", {GPS(WAKE, 112, BEFORE(7)), FQS(SLEEP, 113, IN(7), 2, HOG)}},
	/* who came to a CPU while the kthread looked, for long, is not to blame for what was before
	 */
	{BY_KTHREAD,
	 "rcu/start 2, rcu/work 1, rcu/holdout CPU 1 hog[99] 14, rcu/holdout CPU 1 hog[98] 53, "
	 "rcu/work 10",
	 {GPS(WAKE, 112, BEFORE(7)), FQS(SLEEP, 113, IN(7), 2, HOG), FQS(WAKE, 125, IN(7), 2, HOG),
	  FQS(SLEEP, 127, IN(7), 2, .tgid = 98), FQS(WAKE, 180, IN(7), 0, .cpu = 1)}},
	/* its CPU reported, and it has left before the look that the timer woke the kthread for */
	{BY_KTHREAD,
	 "rcu/start 2, rcu/work 1, rcu/preempted hog[99] 67, rcu/work 10",
	 {GPS(WAKE, 112, BEFORE(7)), FQS(SLEEP, 113, IN(7), 2),
	  FQS(WAKE, 180, IN(7), 0, READERS, HOG, .cpu = 2)}},
	/* the last report is not by the CPU that was left: by a reader, then, that was preempted on
	 * it
	 */
	{BY_KTHREAD,
	 "rcu/start 2, rcu/work 1, rcu/preempted hog[99] 67, rcu/work 10",
	 {GPS(WAKE, 112, BEFORE(7)), FQS(SLEEP, 113, IN(7), 2, HOG),
	  FQS(WAKE, 180, IN(7), 0, HOG, .cpu = 2)}},
	/* or its report came while another one's timer woke the kthread */
	{BY_KTHREAD,
	 "rcu/start 2, rcu/work 1, rcu/holdout CPU 1 hog[99] 67, rcu/work 10",
	 {GPS(WAKE, 112, BEFORE(7)), FQS(SLEEP, 113, IN(7), 2, HOG),
	  FQS(WAKE, 180, IN(7), 0, .tgid = 98, .cpu = 2)}},
	{BY_CB,
	 "rcu/start 2, rcu/work 3, rcu/holdout CPU 1 hog[99] 35, rcu/work 10, "
	 "rcu/callbacks CPU 3 30",
	 {GPS(WAKE, 112, BEFORE(7), SCANS(5)), FQS(SLEEP, 115, IN(7), 2, HOG, SCANS(5)),
	  FQS(WAKE, 150, IN(7), 2, REPORTS, SCANS(5)), GPS(SLEEP, 160, BEFORE(8), SCANS(5))}},
	/* a CPU that reports when the timer has woken the kthread, and before it looks */
	{BY_CB,
	 "rcu/start 2, rcu/work 3, rcu/holdout CPU 1 hog[99] 35, rcu/work 10, "
	 "rcu/callbacks CPU 3 30",
	 {GPS(WAKE, 112, BEFORE(7), SCANS(5)), FQS(SLEEP, 115, IN(7), 2, HOG, SCANS(5)),
	  FQS(WAKE, 150, IN(7), 2, HOG, SCANS(5)), GPS(SLEEP, 160, BEFORE(8), SCANS(5))}},
	{BY_CB,
	 "rcu/start 2, rcu/work 3, rcu/holdout CPU 1+1 hog[99] 35, rcu/work 10, "
	 "rcu/callbacks CPU 3 30",
	 {GPS(WAKE, 112, BEFORE(7), SCANS(5)), FQS(SLEEP, 115, IN(7), 6, HOG, SCANS(5)),
	  FQS(WAKE, 150, IN(7), 6, HOG, SCANS(5)), GPS(SLEEP, 160, BEFORE(8), SCANS(5))}},
	/* the timer woke it, so the last report is not that of the CPU that it fired on */
	{BY_KTHREAD,
	 "rcu/start 2, rcu/work 1, rcu/holdout CPU 1+1 hog[99] 67, rcu/work 10",
	 {GPS(WAKE, 112, BEFORE(7)), FQS(SLEEP, 113, IN(7), 6, HOG), FIRED(112, 180, 1000, 98),
	  FQS(WAKE, 180, IN(7), 0, .tgid = 98, .cpu = 2)}},
	{BY_KTHREAD,
	 "rcu/holdout 70, rcu/work 10",
	 {FIRED(102, 180, 1000, 98), FQS(WAKE, 180, IN(7), 0, .tgid = 98, .cpu = 2)}},
	/* it has looked, and its look ended it */
	{BY_CB,
	 "rcu/start 2, rcu/work 3, rcu/timer 35, rcu/work 10, rcu/callbacks CPU 3 30",
	 {GPS(WAKE, 112, BEFORE(7), SCANS(5)), FQS(SLEEP, 115, IN(7), 2, HOG, SCANS(5)),
	  FQS(WAKE, 150, IN(7), 2, HOG, SCANS(5)), GPS(SLEEP, 160, BEFORE(8), SCANS(6))}},
	/* the kthread looked on the first of two, which is left for that alone */
	{BY_KTHREAD,
	 "rcu/start 2, rcu/work 1, rcu/holdout CPU 1 hog[99] 67, rcu/work 10",
	 {GPS(WAKE, 112, BEFORE(7)), FQS(SLEEP, 113, IN(7), 3, HOG, NAMED(1)),
	  FQS(WAKE, 130, IN(7), 3, .tgid = 98), FQS(SLEEP, 131, IN(7), 3, HOG, NAMED(1)),
	  FQS(WAKE, 180, IN(7), 0, .cpu = 1)}},
	/* and where it looked on another one */
	{BY_KTHREAD,
	 "rcu/start 2, rcu/work 1, rcu/holdout CPU 0+1 hog[98] 18, rcu/holdout CPU 1 hog[99] 49, "
	 "rcu/work 10",
	 {GPS(WAKE, 112, BEFORE(7)), FQS(SLEEP, 113, IN(7), 3, HOG, NAMED(1)),
	  FQS(WAKE, 130, IN(7), 3, .tgid = 98), FQS(SLEEP, 131, IN(7), 3, HOG, NAMED(1), .cpu = 2),
	  FQS(WAKE, 180, IN(7), 0, .cpu = 1)}},
	/* nothing was seen meanwhile: nothing is known */
	{BY_KTHREAD, "rcu 80", {{.type = 0}}},
	/* RCU's first grace periods have negative numbers, and so has the one before them */
	{BY_KTHREAD,
	 "rcu/prev-gp 10, rcu/work 5, rcu/timer 25, rcu/work 40",
	 {FQS(WAKE, 120, IN(-1), 1), FQS(SLEEP, 125, IN(0), 1), FQS(WAKE, 150, IN(0), 1)}},
};

/* Which grace periods there were before is of no import, but that there is a kthread. */
static void feed_wait(struct trace *trace, const struct split_case *which)
{
	const struct row before[] = {BORN(10, 1), GPS(SLEEP, 20, BEFORE(3))};
	const struct row after[] = {
		CPU_WAIT(WOKEN, 190, 195, 12, 0, .needed = which->by_kthread ? RCU_KTHREAD : 77),
		SLEEP(110, 190, 195, 12, 0, .stack = IN_FDTABLE, .wake_cpu = 3),
		CALL(100, 200, 12, 1, VCPU, 1),
	};

	trace_feed(trace, before, CNT(before));
	for (size_t i = 0; i < STEPS_MAX && which->steps[i].type; i++)
		trace_feed(trace, &which->steps[i], 1);
	trace_feed(trace, after, CNT(after));
}

/* The kthread sleeps again when the waiter has been woken, and before it runs: after the wait. */
static const struct split_case afterwards[] = {
	{BY_KTHREAD,
	 "rcu/start 2, rcu/work 3, rcu/holdout CPU 1 hog[99] 35, rcu/work 40",
	 {GPS(WAKE, 112, BEFORE(7), SCANS(5)), FQS(SLEEP, 115, IN(7), 2, HOG, SCANS(5)),
	  FQS(WAKE, 150, IN(7), 2, HOG, SCANS(5)), GPS(SLEEP, 192, BEFORE(8), SCANS(5))}},
	{BY_KTHREAD,
	 "rcu/start 2, rcu/work 3, rcu/timer 35, rcu/work 40",
	 {GPS(WAKE, 112, BEFORE(7), SCANS(5)), FQS(SLEEP, 115, IN(7), 2, HOG, SCANS(5)),
	  FQS(WAKE, 150, IN(7), 2, HOG, SCANS(5)), GPS(SLEEP, 192, BEFORE(8), SCANS(6))}},
	/* a look of no avail at the next one, as its callback came at last: not for that */
	{BY_CB,
	 "rcu/start 2, rcu/work 1, rcu/holdout CPU 0 7, rcu/work 5, rcu/callbacks CPU 3 65",
	 {GPS(WAKE, 112, BEFORE(7)), FQS(SLEEP, 113, IN(7), 1), FQS(WAKE, 120, IN(7), 0, .cpu = 0),
	  FQS(SLEEP, 125, IN(8), 1, HOG), FQS(WAKE, 188, IN(8), 1, HOG),
	  FQS(SLEEP, 192, IN(8), 1, HOG)}},
};

/* "rcu/timer 35" of "rcu/timer in expand_files 35" */
static void leave_out(char *text, const char *what)
{
	char *at;

	while ((at = strstr(text, what)))
		memmove(at, at + strlen(what), strlen(at + strlen(what)) + 1);
}

static void check_split(const struct split_case *which)
{
	struct trace *trace = trace_new();
	char expected[1024];

	feed_wait(trace, which);
	leave_out(trace->stalls[0].account, " in expand_files");
	snprintf(expected, sizeof(expected), "run 10, %s, wakeup 5, run 5", which->account);
	assert_string_equal(trace->stalls[0].account, expected);
	assert_true(trace->stalls[0].stall.is_complete);
	trace_free(trace);
}

static void a_wait_is_split_by_what_the_kthread_did(void **state)
{
	(void)state;
	for (size_t i = 0; i < CNT(cases); i++)
		check_split(&cases[i]);
}

static void what_the_kthread_does_then_says_what_it_had_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < CNT(afterwards); i++)
		check_split(&afterwards[i]);
}

static size_t steps_of(const struct split_case *which)
{
	size_t cnt = 0;

	while (which->steps[cnt].type)
		cnt++;
	return cnt;
}

/* Of each case, each of its records: lost, so nothing is known. */
static void a_lost_record_leaves_nothing_known(void **state)
{
	const struct row heard = HEARD(15, 5);

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++)
		for (size_t k = 0; k < steps_of(&cases[i]); k++) {
			struct split_case lossy = cases[i];
			struct trace *trace = trace_new();

			lossy.steps[k].drops = 1;
			lossy.steps[k].cpu = 5; /* which says so with its next record */
			lossy.steps[steps_of(&cases[i])] = (struct row)HEARD(186, 5);
			trace_feed(trace, &heard, 1);
			feed_wait(trace, &lossy);
			leave_out(trace->stalls[0].account, " in expand_files");
			assert_string_equal(trace->stalls[0].account,
					    "unexplained 10, rcu 80, wakeup 5, run 5");
			assert_false(trace->stalls[0].stall.is_complete);
			trace_free(trace);
		}
}

/* Barriers and expedited grace periods are known by their functions. */
static void what_is_no_normal_grace_period_has_its_own_part(void **state)
{
	const struct {
		const char *const *stack;
		const char *account;
	} apis[] = {
		{IN_RCU_BARRIER_MUTEX, "rcu/barrier-mutex in kvm_mmu_uninit_tdp_mmu 80"},
		{STACK("schedule", "wait_for_completion", "rcu_barrier", "kvm_mmu_uninit_tdp_mmu"),
		 "rcu/barrier CPU 3 in kvm_mmu_uninit_tdp_mmu 80"},
		{STACK("schedule", "wait_for_completion", "synchronize_rcu_expedited",
		       "__x64_sys_ioctl"),
		 "rcu/expedited in __x64_sys_ioctl 80"},
	};

	(void)state;
	for (size_t i = 0; i < CNT(apis); i++) {
		const struct row rows[] = {
			BORN(10, 1),
			GPS(SLEEP, 20, BEFORE(3)),
			FQS(WAKE, 150, IN(6), 2),
			SLEEP(110, 190, 195, 12, 0, .stack = apis[i].stack, .wake_cpu = 3),
			CALL(100, 200, 12, 1, VCPU, 1),
		};
		struct trace *trace = RUN(rows);
		char expected[128];

		snprintf(expected, sizeof(expected), "run 10, %s, wakeup 5, run 5",
			 apis[i].account);
		assert_string_equal(trace->stalls[0].account, expected);
		trace_free(trace);
	}
}

static void who_held_out_is_the_culprit(void **state)
{
	struct trace *trace = trace_new();

	(void)state;
	feed_wait(trace, &cases[4]);
	assert_string_equal(trace->stalls[0].culprit, "-, -, hog[99], 0");
	assert_int_equal(trace->stalls[0].stall.culprit.kind, CULPRIT_HOLDOUT);
	assert_string_equal(culprit_kind_name(CULPRIT_HOLDOUT), "holdout");
	assert_true(rcu_blame_in_kernel(&trace->stalls[0].stall.culprit.seg->rcu));
	trace_free(trace);
}

static void who_held_out_is_realtime_by_any_policy(void **state)
{
	static const struct {
		int prio;
		bool is_realtime;
	} cases_of[] = {{120, false}, {100, false}, {99, true}, {-1, true}};

	(void)state;
	for (size_t i = 0; i < CNT(cases_of); i++) {
		struct split_case which = cases[4];
		struct trace *trace = trace_new();

		for (size_t k = 0; k < STEPS_MAX; k++)
			which.steps[k].from = (uint64_t)cases_of[i].prio;
		feed_wait(trace, &which);
		assert_int_equal(trace->stalls[0].stall.culprit.kind, CULPRIT_HOLDOUT);
		assert_int_equal(trace->stalls[0].stall.culprit.is_realtime,
				 cases_of[i].is_realtime);
		trace_free(trace);
	}
}

/* The kthread had no CPU for 35 ms, and saw it twice: one task had its CPU all the while. */
static void who_is_there_when_the_kthread_looks_late_is_the_culprit(void **state)
{
	static const struct {
		uint64_t look_us;
		uint64_t switches; /* after it */
		enum culprit_kind kind;
	} looks[] = {
		{35000, 5, CULPRIT_HOLDOUT},
		{35000, 6, CULPRIT_NONE},
		{9000, 5, CULPRIT_NONE},
	};

	(void)state;
	for (size_t i = 0; i < CNT(looks); i++) {
		uint64_t again = 8120 + looks[i].look_us, end = again + 50000;
		const struct row rows[] = {
			BORN(10, 1),
			GPS(SLEEP, 20, BEFORE(3)),
			GPS(WAKE, 112, BEFORE(7)),
			FQS(SLEEP, 115, IN(7), 2, HOG),
			FQS(WAKE, 8120, IN(7), 2, HOG),
			FQS(SLEEP, again, IN(7), 2, .tgid = 99, .needed = looks[i].switches),
			FQS(WAKE, end, IN(7), 0, .cpu = 1),
			CPU_WAIT(WOKEN, end + 10, end + 15, 12, 0, .needed = RCU_KTHREAD),
			SLEEP(110, end + 10, end + 15, 12, 0, .stack = IN_FDTABLE),
			CALL(100, end + 20, 12, 1, VCPU, 1),
		};
		struct trace *trace = RUN(rows);
		const struct culprit *culprit = &trace->stalls[0].stall.culprit;

		assert_int_equal(culprit->kind, looks[i].kind);
		assert_int_equal(rcu_blame_in_kernel(&culprit->seg->rcu),
				 looks[i].kind == CULPRIT_HOLDOUT);
		trace_free(trace);
	}
}

/* Two ticks are what a busy CPU takes. */
static void who_was_on_a_busy_cpu_is_no_culprit(void **state)
{
	struct trace *trace = trace_new();

	(void)state;
	feed_wait(trace, &cases[1]);
	assert_int_equal(trace->stalls[0].stall.culprit.kind, CULPRIT_NONE);
	assert_int_equal(trace->stalls[0].stall.culprit.seg->rcu.tid, 99);
	trace_free(trace);
}

/* Whom a thread of the kernel waits for that was to run the callbacks, or the grace period. */
static void who_had_the_cpu_of_who_runs_the_callbacks_is_the_culprit(void **state)
{
	const struct row late = CPU_WAIT(LATE, 126, 189, 77, 98);
	struct split_case which = cases[9];
	struct trace *trace = trace_new();

	(void)state;
	which.steps[4] = late;
	feed_wait(trace, &which);
	assert_int_equal(trace->stalls[0].stall.culprit.kind, CULPRIT_CPU);
	assert_int_equal(trace->stalls[0].stall.culprit.tid, 98);
	assert_int_equal(trace->stalls[0].stall.culprit.late_tid, 77);
	assert_true(trace->stalls[0].stall.culprit.is_realtime);
	trace_free(trace);
}

/* ---- the kthread's timers ---- */

/* That of the first segment of this part. */
static const struct armed_timer *timer_of(const struct trace *trace, enum rcu_part part)
{
	const struct stall *stall = &trace->stalls[0].stall;

	for (size_t i = 0; i < stall->segments_cnt; i++)
		if (stall->segments[i].cause == KS_CAUSE_RCU && stall->segments[i].rcu.part == part)
			return segment_timer(&stall->segments[i]);
	fail_msg("no %s in %s", rcu_part_name(part), trace->stalls[0].account);
	return NULL;
}

static const struct {
	enum rcu_part part;
	uint64_t armed_us; /* 0: it is not known */
	enum timer_fqs fqs;
	uint32_t tid;
	struct split_case which;
} timers[] = {
	/* the first look ends it */
	{RCU_PART_TIMER,
	 114,
	 TIMER_FQS_FIRST,
	 42,
	 {BY_KTHREAD,
	  NULL,
	  {GPS(WAKE, 112, BEFORE(7), SCANS(5)), FQS(SLEEP, 115, IN(7), 2, SCANS(5)),
	   FIRED(114, 150, 1000, 42), FQS(WAKE, 150, IN(7), 2, SCANS(5))}}},
	/* or the second; who held out until then did not wait for a timer */
	{RCU_PART_TIMER,
	 151,
	 TIMER_FQS_NEXT,
	 0,
	 {BY_KTHREAD,
	  NULL,
	  {GPS(WAKE, 112, BEFORE(7), SCANS(5)), FQS(SLEEP, 115, IN(7), 2, HOG, SCANS(5)),
	   FIRED(114, 150, 1000, 42), FQS(WAKE, 150, IN(7), 2, HOG, SCANS(5)),
	   FQS(SLEEP, 152, IN(7), 2, HOG, SCANS(6)), FIRED(151, 180, 1001, 0),
	   FQS(WAKE, 180, IN(7), 2, SCANS(6))}}},
	{RCU_PART_HOLDOUT,
	 0,
	 TIMER_FQS_NONE,
	 0,
	 {BY_KTHREAD,
	  NULL,
	  {GPS(WAKE, 112, BEFORE(7), SCANS(5)), FQS(SLEEP, 115, IN(7), 2, HOG, SCANS(5)),
	   FIRED(114, 150, 1000, 42), FQS(WAKE, 150, IN(7), 2, HOG, SCANS(5)),
	   FQS(SLEEP, 152, IN(7), 2, HOG, SCANS(6)), FIRED(151, 180, 1001, 0),
	   FQS(WAKE, 180, IN(7), 2, SCANS(6))}}},
	/* that of an earlier grace period, armed before anybody waited */
	{RCU_PART_PREV_GP,
	 104,
	 TIMER_FQS_FIRST,
	 42,
	 {BY_KTHREAD,
	  NULL,
	  {GPS(WAKE, 102, BEFORE(6), SCANS(5)), FQS(SLEEP, 105, IN(6), 2, SCANS(5)),
	   FIRED(104, 130, 1000, 42), FQS(WAKE, 130, IN(6), 2, SCANS(5)),
	   FQS(SLEEP, 135, IN(7), 2, SCANS(6)), FIRED(134, 160, 1001, 0),
	   FQS(WAKE, 160, IN(7), 2, SCANS(6))}}},
	/* without what was before, which of both it is is not known; so if it did not look */
	{RCU_PART_TIMER,
	 104,
	 TIMER_FQS_NONE,
	 42,
	 {BY_KTHREAD, NULL, {FIRED(104, 150, 1000, 42), FQS(WAKE, 150, IN(6), 2)}}},
	{RCU_PART_TIMER,
	 151,
	 TIMER_FQS_NONE,
	 0,
	 {BY_KTHREAD,
	  NULL,
	  {GPS(WAKE, 112, BEFORE(7), SCANS(5)), FQS(SLEEP, 115, IN(7), 2, SCANS(5)),
	   FQS(WAKE, 150, IN(7), 2, SCANS(5)), FQS(SLEEP, 152, IN(7), 2, SCANS(5)),
	   FIRED(151, 180, 1001, 0), FQS(WAKE, 180, IN(7), 2, SCANS(5))}}},
	/* somebody else woke it; or an older recording */
	{RCU_PART_TIMER,
	 0,
	 TIMER_FQS_FIRST,
	 0,
	 {BY_KTHREAD,
	  NULL,
	  {GPS(WAKE, 112, BEFORE(7)), FQS(SLEEP, 115, IN(7), 2), FQS(WAKE, 150, IN(7), 2)}}},
	/* the wake-up that it made is missing */
	{RCU_PART_TIMER,
	 0,
	 TIMER_FQS_NONE,
	 0,
	 {BY_KTHREAD,
	  NULL,
	  {GPS(WAKE, 112, BEFORE(7)), FQS(SLEEP, 115, IN(7), 2), FIRED(114, 130, 1000, 42),
	   FQS(SLEEP, 132, IN(7), 2), FQS(WAKE, 150, IN(7), 2)}}},
};

static void the_timer_that_ended_a_sleep_is_that_of_its_wake_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < CNT(timers); i++) {
		struct trace *trace = trace_new();
		const struct armed_timer *timer;

		feed_wait(trace, &timers[i].which);
		timer = timer_of(trace, timers[i].part);
		if (!timers[i].armed_us) {
			assert_null(timer);
		} else {
			assert_int_equal(timer->armed_ns, TRACE_NS(timers[i].armed_us));
			assert_int_equal(timer->fqs, timers[i].fqs);
			assert_int_equal(timer->tid, timers[i].tid);
			assert_int_equal(timer->jiffies, timer->expires + 1);
		}
		trace_free(trace);
	}
}

/* ---- waits that go on ---- */

static void feed_asleep(struct trace *trace, uint64_t us)
{
	const char *const *stack = IN_FDTABLE;
	union any_record rec = {
		.task = {.head = {.ts_ns = TRACE_NS(us), .tid = 12, .type = KS_ASLEEP},
			 .begin_ns = TRACE_NS(100),
			 .off_ns = TRACE_NS(110),
			 .kvm = KVM(1),
			 .tgid = TGID(1),
			 .cmd = VCPU,
			 .kind = KS_KIND_VM}};

	while (stack[rec.task.frames]) {
		rec.task.stack[rec.task.frames] = trace_address(stack[rec.task.frames]);
		rec.task.frames++;
	}
	assert_int_equal(trace_feed_sized(trace, &rec, sizeof(rec.task)), 0);
}

static void a_wait_that_goes_on_is_split_as_far_as_it_is_known(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		GPS(SLEEP, 20, BEFORE(3)),
		GPS(WAKE, 112, BEFORE(7)),
		FQS(SLEEP, 113, IN(7), 2, HOG),
		FQS(WAKE, 130, IN(7), 2, HOG),
		FQS(SLEEP, 131, IN(7), 2, HOG),
		FQS(WAKE, 150, IN(7), 0, .cpu = 1),
		GPS(SLEEP, 152, BEFORE(8)),
	};
	static const struct {
		size_t rows;
		const char *account;
	} times[] = {
		{2, "run 10, rcu 90"},
		{3, "run 10, rcu/start 2, rcu/work 88"},
		/* the first time that it sleeps, all may be idle */
		{4, "run 10, rcu/start 2, rcu/work 1, rcu/timer 87"},
		{6, "run 10, rcu/start 2, rcu/work 1, rcu/holdout CPU 1 hog[99] 87"},
		/* over, and its callback was not run */
		{8, "run 10, rcu/start 2, rcu/work 1, rcu/holdout CPU 1 hog[99] 37, rcu/work 2, "
		    "rcu/callbacks 48"},
	};

	(void)state;
	for (size_t i = 0; i < CNT(times); i++) {
		struct trace *trace = trace_run(rows, times[i].rows);

		feed_asleep(trace, 200);
		leave_out(trace->stalls[0].account, " in expand_files");
		assert_string_equal(trace->stalls[0].account, times[i].account);
		trace_free(trace);
	}
}

/* Over, and rcuo is to run its callback: or any of those who do such things. */
static void a_callback_that_nobody_runs_says_who_has_the_cpu(void **state)
{
	static const struct {
		const char *comm;
		enum culprit_kind kind;
	} runners[] = {
		{"rcuop/1", CULPRIT_CPU},      {"rcuos/1", CULPRIT_CPU},
		{"rcuc/0", CULPRIT_CPU},       {"ksoftirqd/0", CULPRIT_CPU},
		{"kworker/0:1", CULPRIT_NONE},
	};

	(void)state;
	for (size_t i = 0; i < CNT(runners); i++) {
		const struct row rows[] = {
			BORN(10, 1),
			GPS(SLEEP, 20, BEFORE(3)),
			GPS(WAKE, 112, BEFORE(7)),
			FQS(SLEEP, 113, IN(7), 2),
			FQS(WAKE, 120, IN(7), 0, .cpu = 1),
			GPS(SLEEP, 122, BEFORE(8)),
			CPU_WAIT(WANTS, 123, 195, 77, 98, .comm = runners[i].comm),
		};
		struct trace *trace = RUN(rows);
		const struct culprit *culprit;

		feed_asleep(trace, 200);
		culprit = &trace->stalls[0].stall.culprit;
		assert_int_equal(culprit->seg->rcu.part, RCU_PART_CALLBACKS);
		assert_int_equal(culprit->kind, runners[i].kind);
		assert_int_equal(culprit->tid, runners[i].kind == CULPRIT_CPU ? 98 : 0);
		trace_free(trace);
	}
}

/* It was woken before the wait, and has had no CPU since: it has no record of that, or none at
 * all. */
static void a_kthread_that_is_not_heard_of_says_who_has_the_cpu(void **state)
{
	static const struct {
		const char *comm;
		enum culprit_kind kind;
	} wanting[] = {
		{"rcu_preempt", CULPRIT_CPU},
		{"rcu_sched", CULPRIT_CPU},
		{"rcub/0", CULPRIT_NONE},
	};

	(void)state;
	for (size_t i = 0; i < 2 * CNT(wanting); i++) {
		const struct row rows[] = {
			GPS(WAKE, 5, BEFORE(7)),
			BORN(10, 1),
			CPU_WAIT(WANTS, 6, 195, RCU_KTHREAD, 98, .comm = wanting[i / 2].comm),
		};
		struct trace *trace = trace_run(rows + i % 2, CNT(rows) - i % 2);
		const struct culprit *culprit;

		feed_asleep(trace, 200);
		culprit = &trace->stalls[0].stall.culprit;
		assert_int_equal(culprit->seg->cause, KS_CAUSE_RCU);
		assert_int_equal(culprit->kind, wanting[i / 2].kind);
		if (culprit->kind == CULPRIT_CPU) {
			assert_int_equal(culprit->tid, 98);
			assert_int_equal(culprit->late_tid, RCU_KTHREAD);
		}
		trace_free(trace);
	}
}

/* ---- a model of the kthread, and what it knows itself ---- */

struct model {
	uint64_t random, us, gp, scans;
	uint64_t truth[RCU_PART_CNT]; /* us of the wait */
	uint64_t from;		      /* when the waiter comes; its grace period is the next */
	uint64_t needed;
	uint64_t fired_us; /* when the timer that the waiter's own grace period waited for did */
	enum timer_fqs fqs;
	struct trace *trace;
};

static uint64_t pick(struct model *model, uint64_t limit)
{
	model->random = model->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (model->random >> 33) % limit;
}

/* From now on for so long, it is @part for who waits for the grace period in flight. */
static void pass(struct model *model, uint64_t us, enum rcu_part part)
{
	uint64_t begin = model->us > model->from ? model->us : model->from;

	model->us += us;
	if (model->us > begin)
		model->truth[part] += model->us - begin;
}

static void emit(struct model *model, struct row row)
{
	row.us = model->us;
	row.of_cpu = model->scans;
	trace_feed(model->trace, &row, 1);
}

/* Its timer of @armed_us wakes the kthread, and maybe that is all that the waiter waited for. */
static void fire(struct model *model, uint64_t armed_us, bool is_waited_for, bool has_looked)
{
	emit(model, (struct row)FIRED(armed_us, 0, 1000 + model->us, 42));
	if (!is_waited_for)
		return;
	model->fired_us = model->us;
	model->fqs = has_looked ? TIMER_FQS_NEXT : TIMER_FQS_FIRST;
}

/* One grace period, from the kthread's sleep until CPUs have reported to its cleanup. */
static void run_gp(struct model *model)
{
	uint64_t looks = pick(model, 4), how = pick(model, 4); /* 3: a report before the look */
	bool is_needed;

	/* who comes while it runs needs the next one */
	for (uint64_t i = 0; i <= looks; i++) {
		bool is_last = i == looks, is_fired = !is_last || how % 3 == 0;
		uint64_t armed_us = model->us;
		enum rcu_part part = !is_last || how % 2 ? RCU_PART_HOLDOUT
				     : how == 2		 ? RCU_PART_PREEMPTED
							 : RCU_PART_TIMER;

		is_needed = model->gp == model->needed;
		emit(model,
		     (struct row)FQS(SLEEP, 0, IN(model->gp), is_last && how == 2 ? 0 : 2, HOG,
				     .flags = is_last && how == 2 ? KS_RCU_READERS : 0));
		/* the last look before found a reader: that is what this sleep was for */
		if (i + 1 == looks && how == 2)
			part = RCU_PART_PREEMPTED;
		pass(model, 10 + pick(model, 40), is_needed ? part : RCU_PART_PREV_GP);
		if (is_fired)
			fire(model, armed_us, is_needed && is_last && !how, i);
		emit(model,
		     (struct row)FQS(WAKE, 0, IN(model->gp), is_fired ? 2 : 0, HOG, .cpu = 1));
		model->scans += !is_last || !how;
		if (!is_last) /* the look itself is a part of it */
			pass(model, 1 + pick(model, 3), is_needed ? part : RCU_PART_PREV_GP);
	}
	pass(model, 2, RCU_PART_WORK);
	model->gp++;
}

static void check_model(uint64_t seed)
{
	struct model model = {
		.random = seed, .us = 1000, .gp = 5, .scans = 1, .trace = trace_new()};
	const struct row born = BORN(10, 1);
	uint64_t sums[RCU_PART_CNT] = {0}, idle;
	const struct stall *stall;

	trace_feed(model.trace, &born, 1);
	emit(&model, (struct row)GPS(SLEEP, 0, BEFORE(5)));
	/* it comes in the first, or when none is in flight */
	idle = pick(&model, 2);
	model.needed = 5 + !idle;
	model.from = 1000 + (idle ? 1 : 6);
	pass(&model, 4, RCU_PART_START);
	emit(&model, (struct row)GPS(WAKE, 0, BEFORE(5)));
	pass(&model, 1, RCU_PART_WORK);
	while (model.gp <= model.needed)
		run_gp(&model);
	{
		const struct row rows[] = {
			GPS(SLEEP, model.us + 2, BEFORE(model.gp), SCANS(model.scans)),
			CPU_WAIT(WOKEN, model.us, model.us + 5, 12, 0, .needed = RCU_KTHREAD),
			SLEEP(model.from, model.us, model.us + 5, 12, 0, .stack = IN_FDTABLE),
			CALL(model.from - 1, model.us + 6, 12, 1, VCPU, 1),
		};

		trace_feed(model.trace, rows, CNT(rows));
	}
	stall = &model.trace->stalls[0].stall;
	for (size_t i = 0; i < stall->segments_cnt; i++)
		if (stall->segments[i].cause == KS_CAUSE_RCU)
			sums[stall->segments[i].rcu.part] += stall->segments[i].ns / 1000;
	for (int i = 0; i < RCU_PART_CNT; i++)
		if (sums[i] != model.truth[i])
			fail_msg("seed %" PRIu64 ": %s is %" PRIu64 ", not %" PRIu64 ": %s", seed,
				 rcu_part_name(i), sums[i], model.truth[i],
				 model.trace->stalls[0].account);
	if (model.fired_us) {
		const struct armed_timer *timer = timer_of(model.trace, RCU_PART_TIMER);

		assert_int_equal(timer->fired_ns, TRACE_NS(model.fired_us));
		assert_int_equal(timer->fqs, model.fqs);
	}
	trace_free(model.trace);
}

static void what_the_model_knows_is_what_the_ledger_says(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 1009; seed++)
		check_model(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wait_is_split_by_what_the_kthread_did),
		cmocka_unit_test(what_the_kthread_does_then_says_what_it_had_found),
		cmocka_unit_test(a_lost_record_leaves_nothing_known),
		cmocka_unit_test(what_is_no_normal_grace_period_has_its_own_part),
		cmocka_unit_test(who_held_out_is_the_culprit),
		cmocka_unit_test(who_held_out_is_realtime_by_any_policy),
		cmocka_unit_test(who_is_there_when_the_kthread_looks_late_is_the_culprit),
		cmocka_unit_test(who_was_on_a_busy_cpu_is_no_culprit),
		cmocka_unit_test(who_had_the_cpu_of_who_runs_the_callbacks_is_the_culprit),
		cmocka_unit_test(the_timer_that_ended_a_sleep_is_that_of_its_wake_up),
		cmocka_unit_test(a_wait_that_goes_on_is_split_as_far_as_it_is_known),
		cmocka_unit_test(a_callback_that_nobody_runs_says_who_has_the_cpu),
		cmocka_unit_test(a_kthread_that_is_not_heard_of_says_who_has_the_cpu),
		cmocka_unit_test(what_the_model_knows_is_what_the_ledger_says),
	};

	return cmocka_run_group_tests_name("rcu", tests, NULL, NULL);
}
