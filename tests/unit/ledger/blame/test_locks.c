// SPDX-License-Identifier: GPL-2.0-only
/* From the holder of a lock to who held that one up, and so on to the end. */
#include "ledger/blame/locks.h"

#include "base/str.h"
#include "output/text/text.h"
#include "trace.h"

/* A scan at @us finds @tid asleep on a lock. */
static void scan(struct trace *trace, uint32_t tid, uint64_t since_us, uint64_t us)
{
	const union any_record rec = {
		.task = {.head = {.ts_ns = TRACE_NS(us), .tid = tid, .type = KS_ASLEEP},
			 .begin_ns = TRACE_NS(since_us - 5),
			 .off_ns = TRACE_NS(since_us),
			 .kvm = KVM(1),
			 .tgid = TGID(1),
			 .cmd = MEMSLOT,
			 .kind = KS_KIND_VM,
			 .lock = KS_LOCK_SLOTS}};

	assert_int_equal(trace_feed_sized(trace, &rec, offsetof(struct ks_task, stack)), 0);
}

/* Task 13 waits for 12, who waits for 14, who waits for something else. */
#define CHAIN                                                                                      \
	BORN(10, 1), LOCK(105, 12, 1, 14), LOCK(107, 13, 1, 12), SLEEP(101, 150, 150, 14, 0),      \
		SLEEP(106, 160, 160, 12, 0, .lock = KS_LOCK_SLOTS, .stack = IN_MUTEX)

#define VICTIM                                                                                     \
	SLEEP(108, 170, 170, 13, 0, .lock = KS_LOCK_SLOTS, .stack = IN_MUTEX),                     \
		CALL(104, 180, 13, 1, MEMSLOT, 1)

static void is_root(const struct lock_root *root, uint32_t links, uint32_t tid, enum ks_cause cause)
{
	assert_int_equal(root->links, links);
	assert_int_equal(root->tid, tid);
	assert_int_equal(root->cause, cause);
	assert_false(root->is_cycle);
}

static void a_holders_own_holder_is_the_root(void **state)
{
	const struct row going_on[] = {CHAIN, VICTIM};
	const struct row over[] = {CHAIN, CALL(100, 155, 14, 1, MEMSLOT, 1),
				   CALL(100, 165, 12, 1, MEMSLOT, 1), VICTIM};
	struct trace *trace = RUN(going_on);

	(void)state;
	assert_int_equal(trace->stalls[0].stall.culprit.tid, 12);
	assert_int_equal(trace->stalls[0].stall.culprit.cause, KS_CAUSE_LOCK);
	is_root(&trace->stalls[0].stall.culprit.root, 1, 14, KS_CAUSE_OTHER_SLEEP);
	trace_free(trace);
	/* their calls were over before */
	trace = RUN(over);
	is_root(&trace->stalls[1].stall.culprit.root, 0, 14, KS_CAUSE_OTHER_SLEEP);
	is_root(&trace->stalls[2].stall.culprit.root, 1, 14, KS_CAUSE_OTHER_SLEEP);
	trace_free(trace);
}

/* None but the holder is blamed for what was before. */
static void what_the_holder_waited_for_before_is_no_link(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		LOCK(55, 12, 1, 14),
		SLEEP(56, 90, 90, 12, 0, .lock = KS_LOCK_SLOTS, .stack = IN_MUTEX),
		LOCK(107, 13, 1, 12),
		VICTIM,
	};
	struct trace *trace = RUN(rows);

	(void)state;
	is_root(&trace->stalls[0].stall.culprit.root, 0, 12, KS_CAUSE_RUN);
	trace_free(trace);
}

static void calls_that_hang_have_a_root_too(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		LOCK(105, 12, 1, 14),
		LOCK(107, 13, 1, 12),
	};
	struct trace *trace = RUN(rows);

	(void)state;
	scan(trace, 12, 106, 1000106);
	scan(trace, 13, 108, 1000108);
	assert_int_equal(trace->cnt, 2);
	assert_int_equal(trace->stalls[0].stall.cause, KS_CAUSE_LOCK);
	is_root(&trace->stalls[1].stall.culprit.root, 1, 14, KS_CAUSE_RUN);
	trace_free(trace);
}

static void a_cycle_is_a_deadlock(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),	      LOCK(105, 12, 1, 14), LOCK(106, 14, 1, 13),
		LOCK(107, 13, 1, 12), LOCK(108, 15, 1, 12),
	};
	struct trace *trace = RUN(rows);
	const struct lock_root *root;
	struct str out;

	(void)state;
	/* once each of them was found asleep */
	for (uint64_t us = 1000000; us <= 2000000; us += 1000000)
		for (uint32_t tid = 12; tid <= 15; tid++)
			scan(trace, tid, 110, us + tid);
	assert_int_equal(trace->cnt, 8);
	root = &trace->stalls[5].stall.culprit.root;
	assert_true(root->is_cycle);
	assert_int_equal(root->tid, 13);
	assert_int_equal(root->links, 2);
	/* who only waits for one of them is in no cycle, but will wait for ever */
	root = &trace->stalls[7].stall.culprit.root;
	assert_true(root->is_cycle);
	str_init(&out);
	trace->stalls[5].stall.vm = NULL;
	text_stall(&out, &trace->stalls[5].stall, &(struct text_cfg){.show_account = false});
	assert_non_null(strstr(out.text, ", held by holder[12] (lock), held up through 1 other by "
					 "holder[13]: a deadlock"));
	str_fini(&out);
	trace_free(trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_holders_own_holder_is_the_root),
		cmocka_unit_test(what_the_holder_waited_for_before_is_no_link),
		cmocka_unit_test(calls_that_hang_have_a_root_too),
		cmocka_unit_test(a_cycle_is_a_deadlock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
