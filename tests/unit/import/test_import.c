// SPDX-License-Identifier: GPL-2.0-only
#include "import/import.h"

#include <errno.h>

#include "base/err.h"
#include "base/str.h"
#include "ledger/ioctls.h"
#include "import/event_line.h"
#include "import/ioctl_text.h"
#include "import/perf.h"
#include "import/perf_trace.h"
#include "import/stack_line.h"
#include "import/strace_line.h"
#include "output/summary.h"
#include "unit.h"

/* ---- strace, a line ---- */

static const struct {
	const char *text;
	uint32_t tid, fd;
	uint64_t ts_ns;
	enum line_time time;
	const char *request;
	int64_t ret;
	uint64_t latency_ns;
	const char *comm;
} lines[] = {
	{"45726 14:45:32.914330 ioctl(25, KVM_CREATE_VCPU, 0) = 28 <0.000137>", 45726, 25,
	 53132914330000, TIME_DAY, "KVM_CREATE_VCPU", 28, 137000, ""},
	{"45726<CPU 0/KVM> 14:45:32.914330 ioctl(25, KVM_RUN, 0) = 0 <0.000137>", 45726, 25,
	 53132914330000, TIME_DAY, "KVM_RUN", 0, 137000, "CPU 0/KVM"},
	{"[pid   77] 1795423830.615697 ioctl(4, KVM_CREATE_VM, 0) = 5 <0.000202>", 77, 4,
	 1795423830615697000, TIME_STAMP, "KVM_CREATE_VM", 5, 202000, ""},
	{"08:50:30 ioctl(6, KVM_RUN, 0)  = -1 EINTR (Interrupted system call) <0.000041>", 0, 6,
	 31830000000000, TIME_DAY, "KVM_RUN", -1, 41000, ""},
	{"1.5 ioctl(4</dev/kvm<char 10:232>>, KVM_CREATE_VM, 0) = 5<anon_inode:kvm-vm> <0.000212>",
	 0, 4, 1500000000, TIME_STAMP, "KVM_CREATE_VM", 5, 212000, ""},
	{"1.5 ioctl(5, _IOC(_IOC_NONE, 0xae, 0x41, 0), 0) = 6 <1.000000>", 0, 5, 1500000000,
	 TIME_STAMP, "_IOC(_IOC_NONE, 0xae, 0x41, 0)", 6, 1000000000, ""},
	{"1.5 ioctl(5, 0xae41 /* KVM_CREATE_VCPU */, 0) = 6 <0.5>", 0, 5, 1500000000, TIME_STAMP,
	 "0xae41", 6, 500000000, ""},
	{"1.5 ioctl(5, KVM_CREATE_IRQCHIP) = 0 <0.000001>", 0, 5, 1500000000, TIME_STAMP,
	 "KVM_CREATE_IRQCHIP", 0, 1000, ""},
	{"ioctl(5, KVM_CREATE_IRQCHIP) = 0 <0.000001>", 0, 5, 0, TIME_NONE, "KVM_CREATE_IRQCHIP", 0,
	 1000, ""},
	{"7 1716000000.500000 (+     0.000042) [  16] [00007f3d5c4d3b8d] ioctl(5, KVM_NMI) = 0 "
	 "<0.000001>",
	 7, 5, 1716000000500000000, TIME_STAMP, "KVM_NMI", 0, 1000, ""},
	{"Nov 25 18:30:56 host strace[9]: 7 14:45:32.914330 ioctl(5, KVM_NMI) = 0 <0.000001>", 7, 5,
	 53132914330000, TIME_DAY, "KVM_NMI", 0, 1000, ""},
};

static void strace_lines_are_understood(void **state)
{
	struct syscall_line line;
	struct fd_args args;

	(void)state;
	for (size_t i = 0; i < CNT(lines); i++) {
		print_message("%s\n", lines[i].text);
		assert_int_equal(strace_parse(lines[i].text, &line), LINE_CALL);
		assert_true(word_is(&line.name, "ioctl"));
		assert_int_equal(line.tid, lines[i].tid);
		assert_int_equal(line.has_tid, lines[i].tid != 0);
		assert_int_equal(line.time, lines[i].time);
		assert_int_equal(line.ts_ns, lines[i].ts_ns);
		assert_string_equal(line.comm, lines[i].comm);
		assert_true(line.has_ret && line.has_latency);
		assert_int_equal(line.ret, lines[i].ret);
		assert_int_equal(line.latency_ns, lines[i].latency_ns);
		assert_true(strace_parse_fd(line.args, &args));
		assert_int_equal(args.fd, lines[i].fd);
		assert_true(word_is(&args.request, lines[i].request));
	}
}

static void other_lines_are_not(void **state)
{
	static const struct {
		const char *text;
		enum line_kind kind;
	} others[] = {
		{"", LINE_PASSED},
		{"strace: Process 123 attached", LINE_PASSED},
		{"45726 14:45:32.914330 +++ exited with 0 +++", LINE_EXIT},
		{"45726 14:45:32.914330 --- SIGCHLD {si_signo=SIGCHLD} ---", LINE_PASSED},
		{" > /lib/x86_64-linux-gnu/libc.so.6(ioctl+0xb) [0x123]", LINE_PASSED},
		{"VCPU+ exit_reason=2 (KVM_EXIT_IO)", LINE_PASSED},
		{" <detached ...>", LINE_PASSED},
		{"45726 24:45:32 ioctl(25, KVM_CREATE_VCPU, 0) = 28 <0.000137>", LINE_OTHER},
		{"99999999999999999999 ioctl(5, KVM_CREATE_VCPU, 0) = 28 <0.000137>", LINE_OTHER},
		{"hello", LINE_OTHER},
		{"2019-05-30T09:37:08.955 [anonymous-instance:ERROR] failed!", LINE_OTHER},
		{"INFO, sa_restorer=0x53fc77}, NULL, 8) = 0", LINE_OTHER},
	};
	static const char *const bad_fds[] = {"", ", KVM_CREATE_VCPU", "99999999999, KVM_RUN",
					      "4</dev/kvm, KVM_CREATE_VM, 0"};
	struct syscall_line line;
	struct fd_args args;

	(void)state;
	for (size_t i = 0; i < CNT(others); i++)
		if (strace_parse(others[i].text, &line) != others[i].kind)
			fail_msg("'%s': %d", others[i].text, line.kind);
	for (size_t i = 0; i < CNT(bad_fds); i++)
		if (strace_parse_fd(bad_fds[i], &args))
			fail_msg("'%s'", bad_fds[i]);
}

static void a_request_is_its_whole_number(void **state)
{
	static const struct {
		const char *text;
		enum call_id id;
	} requests[] = {
		{"KVM_CREATE_VCPU", CALL_CREATE_VCPU},
		{"0xae41", CALL_CREATE_VCPU},
		{"0x4020ae46", CALL_SET_USER_MEMORY_REGION},
		{"_IOC(_IOC_NONE, 0xae, 0x41, 0)", CALL_CREATE_VCPU},
		{"_IOC(_IOC_READ|_IOC_WRITE, 0xae, 0x67, 0x8)", CALL_IRQ_LINE_STATUS},
		{"_IOC(_IOC_WRITE, 0xae, 0x67, 0x10)", CALL_REGISTER_COALESCED_MMIO},
		{"0xc008ae67", CALL_IRQ_LINE_STATUS},
		{"0x4010ae67", CALL_REGISTER_COALESCED_MMIO},
		{"0xae46", CALL_IOCTL}, /* nothing is passed: it is no memory slot */
		{"KVM_OF_TOMORROW", CALL_IOCTL},
		{"0x5401", CALL_NONE},
		{"TCGETS", CALL_NONE},
		{"", CALL_NONE},
	};

	(void)state;
	for (size_t i = 0; i < CNT(requests); i++) {
		const struct word word = {requests[i].text, strlen(requests[i].text)};

		print_message("%s\n", requests[i].text);
		assert_int_equal(ioctl_text_id(&word), requests[i].id);
	}
}

static void perf_trace_lines_are_understood(void **state)
{
	struct syscall_line line;
	struct fd_args args;
	char buf[256];

	(void)state;
	assert_int_equal(perf_trace_parse("     1.230 (25.182 ms): CPU 0/KVM/583 ioctl(fd: "
					  "25<anon_inode:kvm-vm>, cmd: KVM_CREATE_VCPU)    = 28",
					  &line, buf, sizeof(buf)),
			 LINE_CALL);
	assert_string_equal(line.comm, "CPU 0/KVM");
	assert_int_equal(line.tid, 583);
	assert_int_equal(line.ts_ns, 1230000);
	assert_int_equal(line.latency_ns, 25182000);
	assert_true(line.has_ret && line.ret == 28);
	assert_true(strace_parse_fd(line.args, &args));
	assert_int_equal(args.fd, 25);
	assert_true(word_is(&args.request, "KVM_CREATE_VCPU"));
	assert_true(word_is(&args.path, "anon_inode:kvm-vm"));
	assert_int_equal(perf_trace_parse("0.5 (         ): qemu/7 ioctl(fd: 1, cmd: 0xae80) ...",
					  &line, buf, sizeof(buf)),
			 LINE_CALL);
	assert_true(line.is_unfinished);
	assert_int_equal(perf_trace_parse("0.5 ( 2.000 ms): qemu/7  ... [continued]: ioctl()) = -4",
					  &line, buf, sizeof(buf)),
			 LINE_RESUMED);
	assert_int_equal(line.ret, -4);
	assert_int_equal(perf_trace_parse("hello", &line, buf, sizeof(buf)), LINE_OTHER);
}

/* ---- events, a line ---- */

static void events_are_understood(void **state)
{
	struct event_line line;
	const char *name;
	size_t len;

	(void)state;
	assert_true(event_parse(
		"fc_vcpu 0 19924 [035] 404.530829: probe:kvm_io_bus_register_dev: (0)", &line));
	assert_string_equal(line.comm, "fc_vcpu 0");
	assert_int_equal(line.tid, 19924);
	assert_int_equal(line.ts_ns, 404530829000);
	assert_true(word_is(&line.group, "probe"));
	assert_true(word_is(&line.event, "kvm_io_bus_register_dev"));
	assert_true(event_parse("   qemu 12/34 1.5: probe:srcu_barrier__return: (1 <- 2)", &line));
	assert_int_equal(line.pid, 12);
	assert_int_equal(line.tid, 34);
	assert_int_equal(perf_use(&line), EVENT_READ);
	assert_true(event_parse(
		"  a-b-c-36 (   35) [002] ..... 3.5: r_x: (__arm64_sys_ioctl+0xcc/0x124 <- "
		"kvm_dev_ioctl) arg1=0x0",
		&line));
	assert_string_equal(line.comm, "a-b-c");
	assert_int_equal(line.pid, 35);
	assert_int_equal(line.tid, 36);
	assert_int_equal(line.group.len, 0);
	assert_int_equal(perf_use(&line), EVENT_READ);
	assert_true(event_parse("x 583 [001] 151.297145: sched:sched_switch: x", &line));
	assert_int_equal(perf_use(&line), EVENT_OTHER);
	assert_true(event_parse("x-1 [003] d..1 83184.290326: kvm_entry: vcpu 0", &line));
	assert_int_equal(perf_use(&line), EVENT_KVM);
	assert_false(event_parse("", &line));
	name = perf_parse_frame("\tffffffff81234986 kvm_swap_active_memslots+0x136 ([k])", &len);
	assert_int_equal(len, strlen("kvm_swap_active_memslots"));
	assert_memory_equal(name, "kvm_swap_active_memslots", len);
	assert_null(perf_parse_frame("firecracker 583", &len));
}

/* ---- a log ---- */

/* What a log comes to: a line a call. */
static void on_stall(void *ctx, const struct stall *stall)
{
	struct str *out = ctx;
	uint64_t sum = 0;
	char args[128];

	for (size_t i = 0; i < stall->segments_cnt; i++)
		sum += stall->segments[i].ns;
	assert_int_equal(sum, stall->latency_ns);
	assert_true(stall->is_inferred);
	str_addf(out, "%s%u %s", stall->is_stuck ? "STUCK " : "", stall->vm ? stall->vm->id : 0,
		 call_name(stall->call));
	ioctl_format_args(stall->rec, args, sizeof(args));
	str_addf(out, "%s%s %s %luus %s", args[0] ? " " : "", args, phase_name(stall->phase),
		 (unsigned long)(stall->latency_ns / 1000), cause_name(stall->cause));
	if (stall->culprit.is_known)
		str_addf(out, " %s/%s", stall->culprit.func,
			 stall->culprit.call ? call_name(stall->culprit.call) : "-");
	str_adds(out, "\n");
}

/* Feed @text in pieces of @step bytes: what comes out must not depend on it. */
static int import(const char *text, size_t step, struct str *out, struct err *err)
{
	const struct replay_ops ops = {.ledger = {.stall = on_stall, .asleep = on_stall}};
	struct import_kind kind;
	struct import *import;
	size_t len = strlen(text);
	int ret = 0;

	import_detect(text, strlen(text), IMPORT_NONE, &kind);
	import = import_new(&kind, &ops, out);
	assert_non_null(import);
	for (size_t at = 0; !ret && at < len; at += step)
		ret = import_feed(import, text + at, step < len - at ? step : len - at, err);
	if (!ret)
		ret = import_finish(import, err);
	import_free(import);
	return ret;
}

static void assert_import(const char *text, const char *expected)
{
	for (size_t step = 1; step < 300; step += 37) {
		struct err err = {0};
		struct str out;

		str_init(&out);
		if (import(text, step, &out, &err))
			fail_msg("%s", err.msg);
		assert_string_equal(out.text, expected);
		str_fini(&out);
	}
}

static void a_life_is_told_with_its_culprit(void **state)
{
	(void)state;
	assert_import(
		"9 100.000000 ioctl(4, KVM_GET_API_VERSION, 0) = 12 <0.000005>\n"
		"9 100.000100 ioctl(4, KVM_CREATE_VM, 0) = 5 <0.000200>\n"
		"9 100.001000 ioctl(5, KVM_CREATE_IRQCHIP, 0) = 0 <0.000100>\n"
		"9 100.001200 ioctl(5, KVM_CREATE_PIT2, 0x7ffd) = 0 <0.003000>\n"
		"9 100.005000 ioctl(5, KVM_CREATE_VCPU, 0) = 6 <0.000100>\n"
		"9 100.006000 ioctl(5, KVM_SET_USER_MEMORY_REGION, {slot=3, flags=0, "
		"guest_phys_addr=0x1000, memory_size=4096, userspace_addr=0x7f}) = 0 <0.007255>\n"
		"10 100.014000 ioctl(6, KVM_RUN, 0) = 0 <0.5>\n"
		"9 100.020000 ioctl(5, KVM_IOEVENTFD, 0x7ffd) = -1 EEXIST (File exists) "
		"<0.000004>\n"
		"9 100.030000 ioctl(4, KVM_CREATE_VM, 0) = 5 <0.000300>\n"
		"9 100.031000 ioctl(5, KVM_CREATE_VCPU, 0) = 6 <0.020000>\n"
		"9 100.060000 +++ exited with 0 +++\n",
		"1 KVM_CREATE_VM type=0 setup 200us unexplained\n"
		"1 KVM_CREATE_IRQCHIP setup 100us unexplained\n"
		"1 KVM_CREATE_PIT2 setup 3000us unexplained\n"
		"1 KVM_CREATE_VCPU id=0 setup 100us unexplained\n"
		"1 KVM_SET_USER_MEMORY_REGION slot=3 gpa=0x1000 size=0x1000 vcpus 7255us gp-timer "
		"kvm_io_bus_register_dev/KVM_CREATE_PIT2\n"
		"1 KVM_IOEVENTFD running 4us unexplained\n"
		"2 KVM_CREATE_VM type=0 setup 300us unexplained\n"
		/* No device was registered on it: not a timer, then. */
		"2 KVM_CREATE_VCPU id=0 setup 20000us unexplained\n");
}

static void a_log_without_a_device_explains_nothing(void **state)
{
	(void)state;
	assert_import("30295 14:47:08.057412 ioctl(25, KVM_CREATE_VCPU, 0) = 28 <0.025182>\n"
		      "30295 14:47:08.082663 ioctl(25, KVM_CREATE_VCPU, 1) = 30 <0.000031>",
		      "1 KVM_CREATE_VCPU id=0 setup 25182us unexplained\n"
		      "1 KVM_CREATE_VCPU id=1 vcpus 31us unexplained\n");
}

static void calls_that_were_interrupted_are_put_together(void **state)
{
	(void)state;
	assert_import(
		"[pid 7] 10.000000 ioctl(5, KVM_CREATE_VCPU, 0 <unfinished ...>\n"
		"[pid 8] 10.000500 ioctl(5, KVM_SET_USER_MEMORY_REGION, {slot=2, flags=0, "
		"guest_phys_addr=0, memory_size=4096, userspace_addr=0} <unfinished ...>\n"
		"[pid 8] 10.001000 <... ioctl resumed>) = 0 <0.000490>\n"
		"[pid 7] 10.002000 <... ioctl resumed>) = 6\n"
		"[pid 6] 10.002000 <... ioctl resumed>) = 0 <0.1>\n",
		"1 KVM_SET_USER_MEMORY_REGION slot=2 gpa=0x0 size=0x1000 setup 490us unexplained\n"
		"1 KVM_CREATE_VCPU id=0 setup 2000us unexplained\n");
}

static void waits_in_perf_are_part_of_the_function_around_them(void **state)
{
	(void)state;
	assert_import(
		"qemu 5 [000] 1.000000: probe:kvm_io_bus_register_dev: (0)\n"
		"qemu 5 [000] 1.000003: probe:kvm_io_bus_register_dev__return: (0 <- 0)\n"
		"qemu 5 [000] 1.001000: probe:kvm_vm_ioctl_create_vcpu: (0)\n"
		"qemu 5 [000] 1.001100: probe:synchronize_srcu_expedited: (0)\n"
		"\tffffffff813e5cf1 synchronize_srcu_expedited+0x1 ([kernel.kallsyms])\n"
		"\tffffffff81234986 kvm_swap_active_memslots+0x136 ([kernel.kallsyms])\n"
		"\n"
		"qemu 5 [000] 1.021100: probe:synchronize_srcu_expedited__return: (0 <- 0)\n"
		"qemu 5 [000] 1.021200: probe:kvm_vm_ioctl_create_vcpu__return: (0 <- 0)\n",
		"1 kvm_io_bus_register_dev setup 3us unexplained\n"
		"1 kvm_vm_ioctl_create_vcpu vcpus 20200us gp-timer kvm_io_bus_register_dev/-\n");
}

/* ---- what is not a log ---- */

static const struct {
	int ret;
	const char *text;
	const char *says;
} bad[] = {
	{-EINVAL, "1.5 ioctl(1, TCGETS, 0) = 0 <0.000001>\n",
	 "offset 39: the end, and there was no call on KVM"},
	{-ENODATA, "1.5 ioctl(5, KVM_CREATE_VCPU, 0) = 6\n",
	 "strace without durations (-T); record with: strace -f -ttt -T -y -e "
	 "trace=ioctl,close,clone,clone3 -o FILE"},
	{-ENODATA, "ioctl(5, KVM_CREATE_VCPU, 0) = 6\n",
	 "strace without times of day (-ttt) and durations (-T); record with: strace -f -ttt -T -y "
	 "-e trace=ioctl,close,clone,clone3 -o FILE"},
	{-ENODATA,
	 "1 0.000000 ioctl(5, KVM_NMI) = 0 <0.1>\n2 0.000100 ioctl(5, KVM_NMI) = 0 <0.1>\n",
	 "strace -r of several threads without times of day (-ttt), so the threads' calls have no "
	 "order; record with: strace -f -ttt -T -y -e trace=ioctl,close,clone,clone3 -o FILE"},
	{-ENODATA, "x 5 [000] 1.5: probe:srcu_barrier: (0)\n",
	 "perf without returns of the functions ('func%return'); record with: perf probe "
	 "kvm_vm_ioctl; perf probe kvm_vm_ioctl%return; perf record -e 'probe:*' -a; perf script "
	 ">FILE"},
	{-EINVAL, "hello\n",
	 "text without any line of a log that is known; record with: strace -f -ttt -T "
	 "-y -e trace=ioctl,close,clone,clone3 -o FILE"},
};

static void bad_logs_are_answered_in_one_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < CNT(bad); i++) {
		struct err err = {0};
		struct str out;

		str_init(&out);
		assert_int_equal(import(bad[i].text, 7, &out, &err), bad[i].ret);
		assert_string_equal(err.msg, bad[i].says);
		assert_string_equal(out.text, "");
		str_fini(&out);
	}
}

static void bytes_that_are_no_text_are_refused_where_they_are(void **state)
{
	static const char head[] = "1.5 ioctl(5, KVM_CREATE_VCPU, 0) = 6 <0.1>\nxx\0yy\n";
	static const struct import_kind kind = {.format = IMPORT_STRACE};
	const struct replay_ops ops = {.ledger = {.stall = on_stall}};
	struct err err = {0};
	struct import *import;
	struct str out;

	(void)state;
	str_init(&out);
	import = import_new(&kind, &ops, &out);
	assert_int_equal(import_feed(import, head, sizeof(head) - 1, &err), -EINVAL);
	assert_string_equal(err.msg, "offset 43: not text");
	import_free(import);
	str_fini(&out);
}

/* The end has the result, so the middle is what is cut. */
static void a_long_line_is_read_by_its_ends(void **state)
{
	static char text[100000];

	(void)state;
	snprintf(text, 100, "9 100.5 ioctl(5, KVM_SET_GSI_ROUTING, {nr=1, ");
	memset(text + strlen(text), 'x', 90000);
	strcat(text, "}) = 0 <0.500000>\n");
	assert_import(text, "1 KVM_SET_GSI_ROUTING nr=1 setup 500000us unexplained\n");
}

static void logs_are_told_by_their_content(void **state)
{
	static const struct {
		const char *text;
		enum import_format format;
	} texts[] = {
		{"\n# x\nx 5 [0] 1.5: probe:srcu_barrier: ()", IMPORT_PERF},
		{"0.5 ( 2.000 ms): qemu/7 ioctl(fd: 1, cmd: 0xae80) = 0", IMPORT_PERF_TRACE},
		{"", IMPORT_NONE},
		{"hello\nworld\n", IMPORT_TEXT},
		{"1 ioctl(5, KVM_RUN) = 0\nx-5 [0] 1.5: p_1: (srcu_barrier+0x0)\n", IMPORT_PERF},
		{"PERFILE2xyz", IMPORT_PERF_DATA},
		{"% time     seconds  usecs/call     calls    errors syscall\n",
		 IMPORT_STRACE_COUNT},
		{" 0)   0.060 us    |     is_tdp_mmu_root [kvm]();\n", IMPORT_GRAPH},
		{"x-1 [003] d..1 83184.290326: kvm_entry: vcpu 0", IMPORT_KVM_EVENTS},
	};
	struct import_kind kind;

	(void)state;
	for (size_t i = 0; i < CNT(lines); i++) {
		import_detect(lines[i].text, strlen(lines[i].text), IMPORT_NONE, &kind);
		assert_int_equal(kind.format, IMPORT_STRACE);
	}
	for (size_t i = 0; i < CNT(texts); i++) {
		print_message("%s\n", texts[i].text);
		import_detect(texts[i].text, strlen(texts[i].text), IMPORT_NONE, &kind);
		assert_int_equal(kind.format, texts[i].format);
	}
	import_detect("\0\0\0\0", 4, IMPORT_NONE, &kind);
	assert_int_equal(kind.format, IMPORT_NONE);
}

/* ---- stacks ---- */

static void stack_lines_are_understood(void **state)
{
	static const struct {
		const char *text;
		enum stack_line_kind kind;
		const char *name;
		uint32_t tid;
	} texts[] = {
		{"[  245.197530]  __mutex_lock.constprop.0+0x2ab/0x480 [kvm]", STACK_FRAME,
		 "__mutex_lock.constprop.0", 0},
		{"[<0>] __synchronize_srcu+0xfc/0x110", STACK_FRAME, "__synchronize_srcu", 0},
		{" #1 [ffffc90000b1bb90] __schedule at ffffffff81e0d3b0", STACK_FRAME, "__schedule",
		 0},
		{"#2  __synchronize_srcu (./kernel/rcu/srcutree.c:1408:2)", STACK_FRAME,
		 "__synchronize_srcu", 0},
		{"[  245.1] INFO: task CPU 0/KVM:3543 blocked for more than 122 seconds.",
		 STACK_AGE, "CPU 0/KVM", 3543},
		{"Nov 25 x kernel: [ 9.1] task:a b  state:D stack:0     pid:71    tgid:70",
		 STACK_TASK, "a b", 71},
		{"PID: 70  TASK: ffff8881  CPU: 1    COMMAND: \"fc\"", STACK_TASK, "fc", 70},
		{"==> /proc/3487/task/3543/stack <==", STACK_TASK, "", 3543},
		{"[  245.1]  ? srso_alias_return_thunk+0x5/0xfbef5", STACK_OTHER, "", 0},
		{"#0  0x00007f3d5c4d3b8d in ioctl () from /lib/libc.so.6", STACK_OTHER, "", 0},
		{"[  245.1] Call Trace:", STACK_OTHER, "", 0},
		{"", STACK_END, "", 0},
	};
	struct stack_line line;

	(void)state;
	for (size_t i = 0; i < CNT(texts); i++) {
		print_message("%s\n", texts[i].text);
		assert_int_equal(stack_line_parse(texts[i].text, &line), texts[i].kind);
		assert_int_equal(line.tid, texts[i].tid);
		if (texts[i].kind == STACK_FRAME)
			assert_true(word_is(&line.func, texts[i].name));
		else if (texts[i].tid)
			assert_string_equal(line.comm, texts[i].name);
	}
}

/* ---- whose, and how long ---- */

#define REGION                                                                                     \
	"ioctl(5, KVM_SET_USER_MEMORY_REGION, {slot=0, flags=0, guest_phys_addr=0, "               \
	"memory_size=4096, userspace_addr=0}) = 0 "
#define BORN                                                                                       \
	"9 100.000000 ioctl(4, KVM_CREATE_VM, 0) = 5 <0.000200>\n"                                 \
	"9 100.000500 ioctl(5, KVM_CREATE_PIT2, 0x7f) = 0 <0.000020>\n"
#define IS_BORN                                                                                    \
	"1 KVM_CREATE_VM type=0 setup 200us unexplained\n1 KVM_CREATE_PIT2 setup 20us "            \
	"unexplained\n"
#define REGION_IS "1 KVM_SET_USER_MEMORY_REGION slot=0 gpa=0x0 size=0x1000 setup "

static void a_timer_takes_at_most_four_jiffies(void **state)
{
	(void)state;
	assert_import(BORN "9 100.001000 " REGION "<0.040000>\n", IS_BORN REGION_IS
		      "40000us gp-timer kvm_io_bus_register_dev/KVM_CREATE_PIT2\n");
	assert_import(BORN "9 100.001000 " REGION "<0.041000>\n",
		      IS_BORN REGION_IS "41000us unexplained\n");
	assert_import(BORN "9 100.001000 " REGION "<0.000999>\n",
		      IS_BORN REGION_IS "999us unexplained\n");
	/* the grace period was over when it began */
	assert_import(BORN "9 100.041000 " REGION "<0.012000>\n",
		      IS_BORN REGION_IS "12000us unexplained\n");
}

static void a_thread_belongs_to_who_cloned_it(void **state)
{
	(void)state;
	assert_import("8 99.000000 ioctl(4, KVM_CREATE_VM, 0) = 5 <0.000100>\n" BORN
		      "8 100.000600 clone3({flags=CLONE_VM|CLONE_THREAD}, 88) = 18 <0.1>\n"
		      "9 100.000600 clone(child_stack=0, flags=CLONE_THREAD <unfinished ...>\n"
		      "9 100.000700 <... clone resumed>) = 19 <0.1>\n"
		      "18 100.001000 " REGION "<0.012000>\n"
		      "19 100.001000 " REGION "<0.012000>\n",
		      "1 KVM_CREATE_VM type=0 setup 100us unexplained\n"
		      "2 KVM_CREATE_VM type=0 setup 200us unexplained\n"
		      "2 KVM_CREATE_PIT2 setup 20us unexplained\n" REGION_IS "12000us unexplained\n"
		      "2 KVM_SET_USER_MEMORY_REGION slot=0 gpa=0x0 size=0x1000 setup 12000us "
		      "gp-timer kvm_io_bus_register_dev/KVM_CREATE_PIT2\n");
}

/* Without clone() in the log, what another thread did may have been another VMM's. */
static void a_thread_of_nobody_known_is_no_evidence(void **state)
{
	(void)state;
	assert_import(BORN "11 100.001000 " REGION "<0.012000>\n",
		      IS_BORN REGION_IS "12000us unexplained\n");
	assert_import("a 5 [0] 1.000000: probe:kvm_io_bus_register_dev: (0)\n"
		      "a 5 [0] 1.000003: probe:kvm_io_bus_register_dev__return: (0 <- 0)\n"
		      "b 6 [0] 1.001000: probe:kvm_set_memory_region: (0)\n"
		      "b 6 [0] 1.021000: probe:kvm_set_memory_region__return: (0 <- 0)\n",
		      "1 kvm_io_bus_register_dev setup 3us unexplained\n"
		      "1 kvm_set_memory_region setup 20000us unexplained\n");
}

static void what_did_not_end_is_stuck(void **state)
{
	(void)state;
	assert_import(BORN "8 100.500000 ioctl(6, KVM_RUN, 0 <unfinished ...>\n"
			   "9 101.000000 ioctl(5, KVM_CREATE_VCPU, 3 <unfinished ...>\n"
			   "7 103.000000 futex(0x7f) = 0 <0.500000>\n",
		      IS_BORN "STUCK 1 KVM_CREATE_VCPU id=3 setup 2500000us unexplained\n");
	assert_import(BORN "9 101.000000 close(5<anon_inode:kvm-vm> <unfinished ...>\n"
			   "9 103.000000 <... close resumed>) = ? <unavailable>\n",
		      IS_BORN "STUCK 1 close setup 2000000us unexplained\n");
}

static void what_a_descriptor_is_said_to_be_is_believed(void **state)
{
	(void)state;
	assert_import(
		"9 1.0 ioctl(6<anon_inode:kvm-vcpu:0>, KVM_ENABLE_CAP, 0x7f) = 0 <0.05>\n"
		"9 1.1 ioctl(7<anon_inode:[vfio-device]>, KVM_SET_DEVICE_ATTR, 0) = 0 <0.05>\n"
		"9 1.2 ioctl(5<anon_inode:kvm-vm>, KVM_CREATE_IRQCHIP) = 0 <0.05>\n"
		"9 1.3 close(5<anon_inode:kvm-vm>) = 0 <0.05>\n"
		"9 1.4 close(5</etc/passwd>) = 0 <0.05>\n",
		"0 KVM_ENABLE_CAP setup 50000us unexplained\n"
		"0 KVM_SET_DEVICE_ATTR setup 50000us unexplained\n"
		"1 KVM_CREATE_IRQCHIP setup 50000us unexplained\n"
		"1 close setup 50000us unexplained\n");
}

static void relative_times_are_summed(void **state)
{
	(void)state;
	assert_import("     0.000000 ioctl(4, KVM_CREATE_VM, 0) = 5 <0.000200>\n"
		      "     0.000500 ioctl(5, KVM_CREATE_PIT2, 0x7f) = 0 <0.000020>\n"
		      "     2.000500 " REGION "<0.012000>\n",
		      IS_BORN REGION_IS "12000us unexplained\n");
}

static void midnight_is_a_day_later(void **state)
{
	(void)state;
	assert_import("9 23:59:59.990000 ioctl(4, KVM_CREATE_VM, 0) = 5 <0.000200>\n"
		      "9 23:59:59.999500 ioctl(5, KVM_CREATE_PIT2, 0x7f) = 0 <0.000020>\n"
		      "9 00:00:00.001000 " REGION "<0.012000>\n",
		      IS_BORN REGION_IS
		      "12000us gp-timer kvm_io_bus_register_dev/KVM_CREATE_PIT2\n");
}

static void ioctls_that_nobody_watches_are_calls_if_slow(void **state)
{
	(void)state;
	assert_import(BORN "9 101.000000 ioctl(5, KVM_SET_CPUID2, 0) = 0 <4.693806>\n"
			   "9 106.000000 ioctl(5, KVM_SET_CPUID2, 0) = 0 <0.000999>\n",
		      IS_BORN "1 KVM_SET_CPUID2 setup 4693806us unexplained\n");
}

static void ioctls_of_tracepoints_are_calls(void **state)
{
	(void)state;
	assert_import(
		"vmm 9 [0] 1.000000: syscalls:sys_enter_ioctl: fd: 0x5, cmd: 0xae41, arg: 0x3\n"
		"vmm 9 [0] 1.020000: syscalls:sys_exit_ioctl: 0x7\n",
		"1 KVM_CREATE_VCPU id=3 setup 20000us unexplained\n");
}

/* What a log out of order says of a wait cannot be true, so nothing is made of it. */
static void a_wait_outside_its_call_explains_nothing(void **state)
{
	(void)state;
	assert_import("fc 7 [000] 1.002000: probe:kvm_vm_ioctl_create_vcpu: (1)\n"
		      "fc 7 [000] 1.001000: probe:synchronize_srcu_expedited: (1)\n"
		      "fc 7 [000] 1.012000: probe:synchronize_srcu_expedited__return: (1 <- 2)\n"
		      "fc 7 [000] 1.013000: probe:kvm_vm_ioctl_create_vcpu__return: (1 <- 2)\n"
		      "fc 7 [000] 2.001000: probe:kvm_vm_ioctl_create_vcpu: (1)\n"
		      "fc 7 [000] 2.002000: probe:synchronize_srcu_expedited: (1)\n"
		      "fc 7 [000] 2.014000: probe:synchronize_srcu_expedited__return: (1 <- 2)\n"
		      "fc 7 [000] 2.013000: probe:kvm_vm_ioctl_create_vcpu__return: (1 <- 2)\n",
		      "1 kvm_vm_ioctl_create_vcpu vcpus 11000us unexplained\n"
		      "1 kvm_vm_ioctl_create_vcpu vcpus 12000us unexplained\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strace_lines_are_understood),
		cmocka_unit_test(other_lines_are_not),
		cmocka_unit_test(a_request_is_its_whole_number),
		cmocka_unit_test(perf_trace_lines_are_understood),
		cmocka_unit_test(events_are_understood),
		cmocka_unit_test(a_life_is_told_with_its_culprit),
		cmocka_unit_test(a_log_without_a_device_explains_nothing),
		cmocka_unit_test(calls_that_were_interrupted_are_put_together),
		cmocka_unit_test(waits_in_perf_are_part_of_the_function_around_them),
		cmocka_unit_test(bad_logs_are_answered_in_one_line),
		cmocka_unit_test(bytes_that_are_no_text_are_refused_where_they_are),
		cmocka_unit_test(a_wait_outside_its_call_explains_nothing),
		cmocka_unit_test(logs_are_told_by_their_content),
		cmocka_unit_test(stack_lines_are_understood),
		cmocka_unit_test(a_long_line_is_read_by_its_ends),
		cmocka_unit_test(a_timer_takes_at_most_four_jiffies),
		cmocka_unit_test(a_thread_belongs_to_who_cloned_it),
		cmocka_unit_test(a_thread_of_nobody_known_is_no_evidence),
		cmocka_unit_test(what_did_not_end_is_stuck),
		cmocka_unit_test(what_a_descriptor_is_said_to_be_is_believed),
		cmocka_unit_test(relative_times_are_summed),
		cmocka_unit_test(midnight_is_a_day_later),
		cmocka_unit_test(ioctls_that_nobody_watches_are_calls_if_slow),
		cmocka_unit_test(ioctls_of_tracepoints_are_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
