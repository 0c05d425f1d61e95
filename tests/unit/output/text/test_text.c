// SPDX-License-Identifier: GPL-2.0-only
/* Lines for people, letter by letter: a change of them is a change that people see. */
#include "output/text/summary_text.h"
#include "output/text/text.h"

#include "base/str.h"
#include "output/summary.h"
#include "trace.h"

/* The columns before the cause: TIME, VM, TID, CALL, LATENCY, STALL. */
#define COLUMNS "%-12s  %-18s %7u  %-36s %8s %8s  "

#define HOUR_NS 3600000000000LL

static char *text_of(const struct stall *stall, const struct text_cfg *cfg)
{
	struct str out;

	str_init(&out);
	text_stall(&out, stall, cfg);
	assert_false(str_failed(&out));
	return str_take(&out);
}

/* The line of the last stall of @rows, without its columns. */
static void assert_cause(const struct row *rows, size_t cnt, const char *cause)
{
	static const struct text_cfg cfg = {.host.hz = TRACE_HZ};
	struct trace *trace = trace_run(rows, cnt);
	const struct stall stall =
		trace_stall(trace, trace->cnt - 1, ledger_vm(trace->ledger, KVM(1)));
	char *text = text_of(&stall, &cfg), *end = strrchr(text, '\n');
	size_t columns = snprintf(NULL, 0, COLUMNS, "", "", 0, "", "", "");

	assert_non_null(end);
	assert_string_equal(end, "\n");
	*end = 0;
	assert_true(strlen(text) > columns);
	assert_string_equal(text + columns, cause);
	free(text);
	trace_free(trace);
}

#define CAUSE(rows, text) assert_cause(rows, CNT(rows), text)

static void the_headers_columns_are_the_lines(void **state)
{
	struct trace *trace = RUN(trace_seed_rows);
	const struct stall stall = trace_stall(trace, 0, ledger_vm(trace->ledger, KVM(1)));
	const struct text_cfg cfg = {.clock_offset_ns = 14 * HOUR_NS + 5 * HOUR_NS / 60,
				     .host.hz = TRACE_HZ};
	char *text = text_of(&stall, &cfg);
	struct str header;

	(void)state;
	assert_string_equal(text, "14:05:00.000  vmm[1000]               12  "
				  "KVM_SET_USER_MEMORY_REGION slot=0      5.67ms   5.65ms  "
				  "gp-timer: GP 1 started by KVM_CREATE_IRQCHIP 312us before\n");
	str_init(&header);
	text_header(&header);
	assert_string_equal(header.text, "TIME          VM                     TID  "
					 "CALL                                  LATENCY    STALL  "
					 "CAUSE\n");
	str_fini(&header);
	free(text);
	trace_free(trace);
}

static void time_of_day_wraps_at_midnight(void **state)
{
	static const struct {
		uint64_t us;
		int64_t offset_ns;
		const char *time;
	} cases[] = {
		{999, 0, "00:00:00.000"},
		{61001000, 0, "00:01:01.001"},
		{2000000, 24 * HOUR_NS - 1000000000, "00:00:01.000"},
		{2000000, -1000000000, "00:00:01.000"},
		{1000000, 23 * HOUR_NS + 59 * (HOUR_NS / 60), "23:59:01.000"},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		const struct row rows[] = {CALL(cases[i].us, cases[i].us + 1, 12, 0, VCPU, 0)};
		const struct text_cfg cfg = {.clock_offset_ns = cases[i].offset_ns};
		struct trace *trace = RUN(rows);
		const struct stall stall = trace_stall(trace, 0, NULL);
		char *text = text_of(&stall, &cfg);

		text[12] = 0;
		assert_string_equal(text, cases[i].time);
		free(text);
		trace_free(trace);
	}
}

static void causes_name_who_is_behind_them(void **state)
{
	const struct row self[] = {
		BORN(10, 1),
		START(105, 12, SRCU(1), GP(1), .val = 7, .kind = KS_KIND_CLOSE,
		      .stack = STARTS_PIT_CLOSE),
		SLEEP(110, 9000, 9000, 12, SRCU(1), .stack = IN_PIT_CLOSE),
		{.type = KS_CALL,
		 .from = 100,
		 .us = 9100,
		 .tid = 12,
		 .vm = 1,
		 .sleeps = 1,
		 .kind = KS_KIND_CLOSE,
		 .flags = KS_CALL_KILLED},
	};
	const struct row in_flight[] = {
		BORN(10, 1, .seq = GP(1), .val = 7, .flags = KS_VM_FOUND),
		SLEEP(110, 9000, 9000, 12, SRCU(1), .stack = IN_MEMSLOT),
		CALL(100, 9100, 12, 1, MEMSLOT, 1),
	};
	const struct row elsewhere[] = {
		SLEEP(110, 9000, 9000, 12, 0, .stack = IN_KTHREAD_STOP),
		CALL(100, 9100, 12, 0, VCPU, 1),
	};
	const struct row lost[] = {
		SLEEP(110, 9000, 9000, 12, 0, .stack = IN_PIT_CLOSE),
		CALL(100, 9100, 12, 0, VCPU, 2),
	};
	const struct row nothing[] = {CALL(100, 9100, 12, 0, VCPU, 0)};

	(void)state;
	CAUSE(self, "gp-timer: GP 1 started by this call (killed)");
	CAUSE(in_flight, "gp-timer: GP 1 already in flight");
	CAUSE(elsewhere, "kthread in kthread_stop");
	CAUSE(lost, "unexplained (incomplete)");
	CAUSE(nothing, "run");
}

/* KVM_CREATE_VM that a signal ended, again and again, looked like one that made a VM. */
static void a_call_that_failed_says_so(void **state)
{
	const struct row rows[] = {CALL(100, 9100, 12, 0, VCPU, 0)};
	struct trace *trace = RUN(rows);
	struct stall stall = trace->stalls[0].stall;
	struct ks_call rec = *stall.rec;
	struct str out;

	(void)state;
	stall.rec = &rec;
	rec.ret = -4;
	str_init(&out);
	text_stall(&out, &stall, &(struct text_cfg){.show_account = false});
	assert_non_null(strstr(out.text, "  run (failed: EINTR)\n"));
	rec.ret = -4096; /* no error's number */
	text_stall(&out, &stall, &(struct text_cfg){.show_account = false});
	assert_non_null(strstr(out.text, "  run\n"));
	str_fini(&out);
	trace_free(trace);
}

static void a_thread_that_is_waited_for_says_where_it_is(void **state)
{
	const struct row rows[] = {CALL(100, 9100, 12, 0, VCPU, 0)};
	struct trace *trace = RUN(rows);
	struct stall stall = trace->stalls[0].stall;
	struct culprit culprit = {.is_known = true, .tid = 13, .comm = "vmm"};
	char *text;

	(void)state;
	culprit.func = "zap_page_range_single";
	culprit.call = CALL_CLOSE;
	culprit.seg = &(struct segment){.cause = KS_CAUSE_INVALIDATION};
	culprit.callbacks = -1;
	stall.culprit = culprit;
	stall.culprit.kind = CULPRIT_WAKER;
	stall.is_stuck = true;
	text = text_of(&stall, &(struct text_cfg){.show_account = true});
	assert_non_null(strstr(text, ": waits for vmm[13] in zap_page_range_single (close)\n"));
	assert_non_null(strstr(text, "culprit: zap_page_range_single in close by vmm[13]\n"));
	free(text);
	trace_free(trace);
}

/* Short stacks are not taken: what is not known leaves no hole in a sentence. */
static void a_sentence_is_whole_without_a_function_or_a_call(void **state)
{
	struct {
		const char *func;
		enum call_id call;
		enum culprit_kind kind;
		bool is_self;
		const char *line;
	} cases[] = {
		{"f", CALL_RUN, CULPRIT_INITIATOR, false, "f in KVM_RUN by vmm[11]"},
		{NULL, CALL_RUN, CULPRIT_INITIATOR, true,
		 "KVM_RUN by vmm[11], the stalled call itself"},
		{"f", CALL_NONE, CULPRIT_INITIATOR, false, "f by vmm[11]"},
		{NULL, CALL_NONE, CULPRIT_INITIATOR, false, "vmm[11]"},
		{"f", CALL_RUN, CULPRIT_READER, false, "f in KVM_RUN by the reader vmm[11]"},
		{NULL, CALL_RUN, CULPRIT_READER, false, "KVM_RUN by the reader vmm[11]"},
		{NULL, CALL_NONE, CULPRIT_READER, false, "the reader vmm[11]"},
		{"f", CALL_RUN, CULPRIT_HOLDER, false, "f in KVM_RUN held by vmm[11]"},
		{NULL, CALL_RUN, CULPRIT_HOLDER, false, "a lock in KVM_RUN held by vmm[11]"},
		{NULL, CALL_NONE, CULPRIT_HOLDER, false, "a lock held by vmm[11]"},
		{"f", CALL_RUN, CULPRIT_WAKER, false, "f in KVM_RUN by vmm[11]"},
		{NULL, CALL_NONE, CULPRIT_WAKER, false, "vmm[11]"},
	};
	static const struct text_cfg cfg = {.show_account = true};
	struct trace *trace = RUN(trace_seed_rows);

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		struct stall stall = trace_stall(trace, 0, NULL);
		char *text, line[128];

		stall.culprit.func = cases[i].func;
		stall.culprit.call = cases[i].call;
		stall.culprit.kind = cases[i].kind;
		stall.culprit.is_self = cases[i].is_self;
		stall.culprit.callbacks = -1;
		text = text_of(&stall, &cfg);
		snprintf(line, sizeof(line), "    culprit: %s\n", cases[i].line);
		if (!strstr(text, line))
			fail_msg("no '%s' in:\n%s", cases[i].line, text);
		free(text);
	}
	trace_free(trace);
}

/* The kworkers of irqfds start grace periods for each other. */
static void a_gp_that_began_after_the_wait_did_not_begin_before(void **state)
{
	struct trace *trace = RUN(trace_seed_rows);
	struct stall stall = trace_stall(trace, 0, NULL);
	static const struct text_cfg cfg = {.show_account = false};
	char *text;

	(void)state;
	stall.culprit.age_ns = 0;
	text = text_of(&stall, &cfg);
	assert_non_null(strstr(text, ": GP 1 started by KVM_CREATE_IRQCHIP meanwhile\n"));
	free(text);
	stall.culprit.call = CALL_NONE;
	text = text_of(&stall, &cfg);
	assert_non_null(strstr(text, ": GP 1 started by vmm[11] meanwhile\n"));
	free(text);
	trace_free(trace);
}

/* Its end has not come: "waited until it had ended" would say that the call went on. */
static void a_stuck_call_waits_for_an_end_that_has_not_come(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(105, 12, SRCU(1), GP(1), .kind = KS_KIND_VM, .cmd = MEMSLOT),
		STEP(GP_BEGIN, 106, SRCU(1), GP(1)),
		STEP(GP_END, 107, SRCU(1), GP(1) + 1),
	};
	static const struct text_cfg cfg = {.show_account = true};
	struct trace *trace = RUN(rows);
	struct stall stall;
	char *text;

	(void)state;
	trace_asleep(trace, 12, 110, 9110, DONE(1));
	stall = trace_stall(trace, 0, NULL);
	stall.is_stuck = true;
	text = text_of(&stall, &cfg);
	if (!strstr(text, "        waits for the end of GP 1\n") || strstr(text, "had ended"))
		fail_msg("not what it waits for:\n%s", text);
	free(text);
	trace_free(trace);
}

/* @rows, and then a memslot's update that has slept for 3 s. */
static char *stuck_text(const struct row *rows, size_t cnt)
{
	static const struct text_cfg cfg = {.show_account = true};
	struct trace *trace = trace_run(rows, cnt);
	struct stall stall;
	char *text;

	trace_asleep(trace, 12, 110, 3000110, DONE(1));
	stall = trace_stall(trace, 0, NULL);
	stall.is_stuck = true;
	text = text_of(&stall, &cfg);
	trace_free(trace);
	return text;
}

static void callbacks_that_nobody_runs_are_said_to_wait(void **state)
{
	const struct row queued[] = {
		BORN(10, 1),
		START(105, 12, SRCU(1), GP(1), .kind = KS_KIND_VM, .cmd = MEMSLOT),
		STEP(GP_BEGIN, 106, SRCU(1), GP(1)),
		STEP(CB_QUEUE, 109, SRCU(1), DONE(1)),
		STEP(GP_END, 110, SRCU(1), DONE(1)),
		CPU_WAIT(WANTS, 111, 3000100, 31, 78),
	};
	static const struct {
		size_t rows;
		const char *line;
	} cases[] = {
		{5, "        GP 1 ended 3.00s ago; its callbacks wait on CPU 0\n"},
		{6, "        GP 1 ended 3.00s ago; its callbacks wait on CPU 0, which runs hog[78] "
		    "(real-time 49)\n"},
	};
	const struct row nowhere[] = {
		BORN(10, 1),
		START(105, 12, SRCU(1), GP(1), .kind = KS_KIND_VM, .cmd = MEMSLOT),
		STEP(GP_BEGIN, 106, SRCU(1), GP(1)),
		STEP(GP_END, 107, SRCU(1), DONE(1)),
	};
	char *text;

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		text = stuck_text(queued, cases[i].rows);
		if (!strstr(text, cases[i].line))
			fail_msg("not what keeps the callbacks:\n%s", text);
		free(text);
	}
	text = stuck_text(nowhere, CNT(nowhere));
	if (!strstr(text, "        GP 1 ended 3.00s ago, and no callbacks are queued: the one "))
		fail_msg("not that they may be lost:\n%s", text);
	free(text);
}

static void a_reader_that_was_not_seen_is_not_made_up(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		START(105, 12, SRCU(1), GP(1), .kind = KS_KIND_VM, .cmd = MEMSLOT),
		STEP(GP_BEGIN, 106, SRCU(1), GP(1)),
		STEP(GP_END, 107, SRCU(1), GP(1) + 1),
		STEP(GP_BEGIN, 8000, SRCU(1), GP(1) + 1),
		STEP(GP_END, 8001, SRCU(1), GP(1) + 1),
		SLEEP(110, 9000, 9000, 12, SRCU(1), .stack = IN_MEMSLOT),
		CALL(100, 9100, 12, 1, MEMSLOT, 1),
	};

	(void)state;
	CAUSE(rows, "reader: GP 1 held by a reader that was not seen");
}

#define HELD                                                                                       \
	BORN(10, 1), START(105, 12, SRCU(1), GP(1), .kind = KS_KIND_VM, .cmd = MEMSLOT),           \
		STEP(GP_BEGIN, 106, SRCU(1), GP(1)), STEP(GP_END, 107, SRCU(1), GP(1) + 1),        \
		COUNTED(7000, SRCU(1), GP(1) + 1, .val = 104, .needed = 101)

static void readers_that_were_counted_are_told_by_their_number(void **state)
{
	const struct row rows[] = {HELD,
				   COUNTED(1607000, SRCU(1), GP(1) + 1, .val = 104, .needed = 101)};
	const struct row come[] = {HELD,
				   COUNTED(1607000, SRCU(1), GP(1) + 1, .val = 151, .needed = 140)};
	const struct row left[] = {HELD,
				   COUNTED(1607000, SRCU(1), GP(1) + 1, .val = 104, .needed = 104)};
	const struct {
		const struct row *rows;
		size_t cnt;
		const char *cause, *readers;
	} cases[] = {
		{rows, 5, "reader: GP 1 held by 3 readers, not seen\n",
		 "    readers: 3 in; locks less unlocks: 3 on CPU 3\n"},
		{rows, 6,
		 "reader: GP 1 held by 3 readers for 1.60s, and no thread of its process is in a "
		 "place that holds it: a leaked read lock?\n",
		 "    readers: 3 in, the same for 1.60s; locks less unlocks: 3 on CPU 3\n"},
		{come, 6, "reader: GP 1 held by 11 readers, who come and go\n",
		 "    readers: 11 in, 47 came since; locks less unlocks: 11 on CPU 3\n"},
		{left, 6, "reader: GP 1 held by a reader that had left before the scan\n",
		 "    readers: 0 in\n"},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		char *text = stuck_text(cases[i].rows, cases[i].cnt);

		if (!strstr(text, cases[i].cause) || !strstr(text, cases[i].readers))
			fail_msg("no '%s' '%s' in:\n%s", cases[i].cause, cases[i].readers, text);
		assert_true(!strstr(text, "advice: a read lock of this domain was taken") ==
			    (i != 1));
		free(text);
	}
}

static void a_vm_has_its_name_or_its_comm_or_none(void **state)
{
	struct vm vm = {.tgid = 7, .comm = "fc"};
	char buf[16];

	(void)state;
	assert_string_equal(text_vm(NULL, buf, sizeof(buf)), "-");
	assert_string_equal(text_vm(&vm, buf, sizeof(buf)), "fc[7]");
	strcpy(vm.name, "web1");
	assert_string_equal(text_vm(&vm, buf, sizeof(buf)), "web1[7]");
	strcpy(vm.name, "a-very-long-name-of-a-vm");
	assert_string_equal(text_vm(&vm, buf, sizeof(buf)), "a-very-long-nam");
	strcpy(vm.name, "a\033[2Jb\n");
	assert_string_equal(text_vm(&vm, buf, sizeof(buf)), "a?[2Jb?[7]");
}

/* The second one of a process has a number, and the number is its id in JSON. */
static void vms_of_one_process_differ(void **state)
{
	struct vm vm = {.id = 52, .tgid = 7, .comm = "tests", .is_further = true};
	char buf[32];

	(void)state;
	assert_string_equal(text_vm(&vm, buf, sizeof(buf)), "tests[7]#52");
}

/* The line's columns for VM and TID, each from where the one before ends. */
static void assert_columns(struct text_cfg *cfg, struct stall *stall, const char *expected)
{
	char *text;

	text_fit(cfg, stall);
	text = text_of(stall, cfg);
	assert_memory_equal(text + strlen("00:00:00.000  "), expected, strlen(expected));
	free(text);
}

static void a_long_name_widens_its_column_for_the_run(void **state)
{
	struct trace *trace = RUN(trace_seed_rows);
	struct vm vm = {.id = 3, .tgid = 10122, .comm = "fc"};
	struct stall stall = trace_stall(trace, 0, &vm);
	struct text_cfg cfg = {.vm_width = 0};

	(void)state;
	assert_columns(&cfg, &stall, "fc[10122]               12  KVM_");
	strcpy(vm.comm, "qemu-system-x86");
	assert_columns(&cfg, &stall, "qemu-system-x86[10122]      12  KVM_");
	strcpy(vm.comm, "fc");
	assert_columns(&cfg, &stall, "fc[10122]                   12  KVM_");
	strcpy(vm.name, "a-name-of-forty-columns-and-of-some-more-of-them-at-its-end");
	assert_columns(&cfg, &stall, "a-name-of-forty-..them-at-its-end[10122]      12  KVM_");
	vm.is_further = true;
	assert_columns(&cfg, &stall, "a-name-of-forty..hem-at-its-end[10122]#3      12  KVM_");
	trace_free(trace);
}

/* Characters are what has columns, and none is cut in two. */
static void names_are_measured_in_characters(void **state)
{
	struct trace *trace = RUN(trace_seed_rows);
	struct vm vm = {.id = 3, .tgid = 7, .name = "\xc3\xa9t\xc3\xa9"};
	struct stall stall = trace_stall(trace, 0, &vm);
	struct text_cfg cfg = {.vm_width = 0};

	(void)state;
	assert_columns(&cfg, &stall, "\xc3\xa9t\xc3\xa9[7]                  12  KVM_");
	for (size_t i = 0; i + 2 < sizeof(vm.name); i += 2)
		memcpy(vm.name + i, "\xc3\xa9", 3);
	cfg.vm_width = 0;
	assert_columns(&cfg, &stall, vm.name);
	trace_free(trace);
}

/* What a process calls itself must not reach a terminal as it is. */
static void names_of_tasks_are_printable(void **state)
{
	struct trace *trace = RUN(trace_seed_rows);
	struct stall stall = trace_stall(trace, 0, NULL);
	const struct text_cfg cfg = {.show_account = true};
	char *text;

	(void)state;
	strcpy(stall.culprit.comm, "e\033]0;x\a");
	stall.culprit.tgid++;
	text = text_of(&stall, &cfg);
	assert_null(strchr(text, '\033'));
	assert_null(strchr(text, '\a'));
	assert_non_null(strstr(text, "e?]0;x?[11]"));
	free(text);
	trace_free(trace);
}

static void colour_is_only_asked_for(void **state)
{
	struct trace *trace = RUN(trace_seed_rows);
	const struct stall stall = trace_stall(trace, 0, NULL);
	struct text_cfg cfg = {.use_colour = true};
	char *text = text_of(&stall, &cfg);

	(void)state;
	assert_non_null(strstr(text, "\033[31mgp-timer\033[0m"));
	free(text);
	cfg.use_colour = false;
	text = text_of(&stall, &cfg);
	assert_null(strchr(text, '\033'));
	free(text);
	trace_free(trace);
}

/* The account: every segment of weight, the rest in one line, nothing wider than a terminal. */
static void the_account_tells_waits_segments_and_what_if(void **state)
{
	struct trace *trace = RUN(trace_seed_rows);
	const struct stall stall = trace_stall(trace, 0, NULL);
	const struct text_cfg cfg = {.show_account = true, .host.hz = TRACE_HZ};
	char *text = text_of(&stall, &cfg), *line, *save = NULL;
	static const char *const parts[] = {
		"    wait 5.65ms  synchronize_srcu_expedited(kvm.srcu) in kvm_swap_active_memslots",
		"GP 1 was in flight",
		"until GP 2",
		"    gp-timer        5.59ms  98.5%  kvm.srcu GP 1, 1.4 jiffies\n",
		"    under 1% each      85us   1.5%  run 25us, kworker 30us, gp-work 20us, wakeup "
		"10us\n",
		"    culprit: kvm_io_bus_register_dev in KVM_CREATE_IRQCHIP by vmm[11]",
		"4 callbacks",
		"    without the outstanding grace period: 65us instead of 5.67ms\n",
	};
	const char *from = text;

	(void)state;
	for (size_t i = 0; i < CNT(parts); i++) { /* in this order */
		from = strstr(from, parts[i]);
		if (!from)
			fail_msg("no '%s' (in its place) in:\n%s", parts[i], text);
	}
	strtok_r(text, "\n", &save); /* the stall's own line may be longer */
	while ((line = strtok_r(NULL, "\n", &save)))
		assert_true(strlen(line) < 100);
	free(text);
	trace_free(trace);
}

static void a_summary_tells_counts_causes_and_losses(void **state)
{
	struct summary summary = {
		.vms = 1, .records = 16, .command_status = -1, .duration_ns = 2000000000};
	struct trace *trace = RUN(trace_seed_rows);
	const struct stall stall = trace_stall(trace, 0, NULL);
	struct str out;

	(void)state;
	summary_add(&summary, &stall, true);
	summary_add(&summary, &stall, false); /* under the threshold */
	assert_int_equal(summary.calls, 2);
	assert_int_equal(summary.stalls, 1);
	assert_int_equal(summary.latency_ns, 2 * 5670000);
	assert_int_equal(summary.stalled_latency_ns, 5670000);
	assert_int_equal(summary.without_ns, 65000);
	assert_int_equal(summary.by_cause[KS_CAUSE_GP_TIMER], 2 * 5585000);
	assert_int_equal(summary.stalls_by_cause[KS_CAUSE_GP_TIMER], 1);
	assert_int_equal(summary.incomplete, 0);
	summary.losses[KS_LOSS_TASKS] = 3;
	str_init(&out);
	summary_text(&out, &summary, "fentry");
	assert_non_null(strstr(out.text, "1 stall "));
	assert_non_null(strstr(out.text, "2 calls"));
	assert_non_null(strstr(out.text, "fentry"));
	assert_non_null(strstr(out.text, "3 lost"));
	assert_non_null(strstr(out.text, loss_help(KS_LOSS_TASKS)));
	assert_non_null(strstr(out.text, "gp-timer"));
	assert_null(strstr(out.text, "cb-timer"));
	str_fini(&out);
	trace_free(trace);
}

static void a_storm_says_what_to_do_about_so_many(void **state)
{
	static struct storm storm = {.call = CALL_SET_GSI_ROUTING,
				     .tid = 11,
				     .begin_ns = 1000000,
				     .end_ns = 261000000,
				     .cnt = 520,
				     .sum_ns = 258000000,
				     .max_ns = 1000000,
				     .by_cause = {[KS_CAUSE_RUN] = 158000000}};
	struct text_cfg cfg = {.width = 400};
	struct str out;

	(void)state;
	str_init(&out);
	storm.is_over = true;
	text_storm(&out, &storm, &cfg);
	assert_non_null(strstr(out.text, "520 x KVM_SET_GSI_ROUTING"));
	assert_null(strstr(out.text, "advice"));
	cfg.show_account = true;
	storm.is_over = false; /* said once */
	text_storm(&out, &storm, &cfg);
	assert_null(strstr(out.text, "advice"));
	storm.is_over = true;
	text_storm(&out, &storm, &cfg);
	assert_non_null(strstr(out.text, "\n    advice: each call replaces the whole table"));
	str_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_storm_says_what_to_do_about_so_many),
		cmocka_unit_test(the_headers_columns_are_the_lines),
		cmocka_unit_test(time_of_day_wraps_at_midnight),
		cmocka_unit_test(causes_name_who_is_behind_them),
		cmocka_unit_test(a_call_that_failed_says_so),
		cmocka_unit_test(a_sentence_is_whole_without_a_function_or_a_call),
		cmocka_unit_test(a_gp_that_began_after_the_wait_did_not_begin_before),
		cmocka_unit_test(a_stuck_call_waits_for_an_end_that_has_not_come),
		cmocka_unit_test(callbacks_that_nobody_runs_are_said_to_wait),
		cmocka_unit_test(a_reader_that_was_not_seen_is_not_made_up),
		cmocka_unit_test(readers_that_were_counted_are_told_by_their_number),
		cmocka_unit_test(a_vm_has_its_name_or_its_comm_or_none),
		cmocka_unit_test(vms_of_one_process_differ),
		cmocka_unit_test(a_long_name_widens_its_column_for_the_run),
		cmocka_unit_test(names_are_measured_in_characters),
		cmocka_unit_test(names_of_tasks_are_printable),
		cmocka_unit_test(colour_is_only_asked_for),
		cmocka_unit_test(the_account_tells_waits_segments_and_what_if),
		cmocka_unit_test(a_thread_that_is_waited_for_says_where_it_is),
		cmocka_unit_test(a_summary_tells_counts_causes_and_losses),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
