// SPDX-License-Identifier: GPL-2.0-only
#include "trace.h"

#include <jansson.h>

#include "base/str.h"
#include "output/advice.h"
#include "output/json.h"
#include "output/text/text.h"

/* A close waits for the queue that a kworker shuts another irqfd down in. */
static const struct row rows[] = {
	BORN(10, 1),
	SLEEP(110, 190, 195, 31, IRQ_SRCU(1),
	      .stack = STACK("wait_for_completion", "__synchronize_srcu.part.0", "irqfd_shutdown")),
	{.type = KS_CALL, .from = 100, .us = 200, .tid = 31, .sleeps = 1, .vm = 1},
	SLEEP(60, 205, 210, 12, 0, .kind = KS_KIND_CLOSE,
	      .stack = STACK("schedule", "wait_for_completion", "__flush_workqueue",
			     "kvm_irqfd_release", "kvm_vm_release")),
	CLOSE(50, 250, 12, 1, 1),
};

static void a_flush_waits_for_the_work_before_it(void **state)
{
	struct trace *trace = RUN(rows);
	const struct culprit *culprit = &trace->stalls[1].stall.culprit;

	(void)state;
	assert_int_equal(trace->cnt, 2);
	assert_int_equal(trace->stalls[0].stall.call, CALL_FN_IRQFD_SHUTDOWN);
	assert_true(culprit->is_known);
	assert_int_equal(culprit->kind, CULPRIT_QUEUE);
	assert_int_equal(culprit->call, CALL_FN_IRQFD_SHUTDOWN);
	assert_int_equal(culprit->tid, 31);
	assert_int_equal(trace->stalls[1].culprit_vm_id, 1);
	trace_free(trace);
}

/* A host drains: the shutdown that held the queue for longest was long ago. */
static void a_flush_waits_for_the_longest_of_many(void **state)
{
	struct trace *trace = trace_new();
	struct row shutdown = {.type = KS_CALL, .from = 100, .us = 5000, .tid = 31, .vm = 1};
	const struct row end[] = {
		SLEEP(60, 30000, 30010, 12, 0, .kind = KS_KIND_CLOSE,
		      .stack = STACK("schedule", "wait_for_completion", "__flush_workqueue",
				     "kvm_irqfd_release", "kvm_vm_release")),
		CLOSE(50, 30050, 12, 1, 1),
	};
	const struct row sleep =
		SLEEP(110, 190, 195, 31, IRQ_SRCU(1),
		      .stack = STACK("wait_for_completion", "__synchronize_srcu.part.0",
				     "irqfd_shutdown"));

	(void)state;
	trace_feed(trace, rows, 1);
	trace->count_only = true;
	for (uint32_t i = 0; i < 211; i++) {
		struct row of_this = sleep;

		of_this.tid = shutdown.tid = 31 + i;
		of_this.from = i ? shutdown.us + 1 : 110;
		shutdown.from = i ? shutdown.us : 100;
		shutdown.us = i ? shutdown.us + 100 : 5000;
		of_this.wake = of_this.us = shutdown.us - 1;
		shutdown.sleeps = 1;
		trace_feed(trace, &of_this, 1);
		trace_feed(trace, &shutdown, 1);
	}
	trace->count_only = false;
	trace->cnt = 0;
	trace_feed(trace, end, CNT(end));
	assert_int_equal(trace->stalls[0].stall.culprit.kind, CULPRIT_QUEUE);
	assert_int_equal(trace->stalls[0].stall.culprit.tid, 31);
	trace_free(trace);
}

/* What programs read as a function is one; the sentence is for people. */
static void a_queue_is_no_function(void **state)
{
	static const struct advice_host host = {.hz = TRACE_HZ};
	static const struct text_cfg cfg = {.show_account = true};
	struct trace *trace = RUN(rows);
	struct stall stall = trace_stall(trace, 1, NULL);
	json_t *object, *culprit;
	struct str out;

	(void)state;
	str_init(&out);
	assert_int_equal(json_stall(&out, &stall, "fentry", &host), 0);
	object = json_loads(out.text, 0, NULL);
	culprit = json_object_get(object, "culprit");
	assert_true(json_is_null(json_object_get(culprit, "function")));
	assert_string_equal(json_string_value(json_object_get(culprit, "kind")), "queue");
	assert_string_equal(json_string_value(json_object_get(culprit, "call")), "irqfd_shutdown");
	assert_true(json_is_string(json_object_get(culprit, "cause")));
	json_decref(object);
	str_reset(&out);
	text_stall(&out, &stall, &cfg);
	assert_non_null(strstr(out.text, " on the irqfd clean-up queue, held by vmm[31] in "
					 "irqfd_shutdown (unexplained)"));
	assert_non_null(strstr(out.text, "culprit: the irqfd clean-up queue in irqfd_shutdown "));
	str_fini(&out);
	trace_free(trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flush_waits_for_the_work_before_it),
		cmocka_unit_test(a_flush_waits_for_the_longest_of_many),
		cmocka_unit_test(a_queue_is_no_function),
	};

	return cmocka_run_group_tests_name("irqfds", tests, NULL, NULL);
}
