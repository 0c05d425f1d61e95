// SPDX-License-Identifier: GPL-2.0-only
#include "import/import.h"

#include <errno.h>

#include "base/err.h"
#include "base/str.h"
#include "ledger/ioctls.h"
#include "import/perf.h"
#include "import/strace.h"
#include "output/summary.h"
#include "unit.h"

/* ---- strace, a line ---- */

static const struct {
	const char *text;
	uint32_t tid, fd;
	uint64_t ts_ns;
	const char *request;
	int64_t ret;
	uint64_t latency_ns;
} lines[] = {
	{"45726 14:45:32.914330 ioctl(25, KVM_CREATE_VCPU, 0) = 28 <0.000137>", 45726, 25,
	 53132914330000, "KVM_CREATE_VCPU", 28, 137000},
	{"[pid   77] 1795423830.615697 ioctl(4, KVM_CREATE_VM, 0) = 5 <0.000202>", 77, 4,
	 1795423830615697000, "KVM_CREATE_VM", 5, 202000},
	{"08:50:30 ioctl(6, KVM_RUN, 0)  = -1 EINTR (Interrupted system call) <0.000041>", 0, 6,
	 31830000000000, "KVM_RUN", -1, 41000},
	{"1.5 ioctl(4</dev/kvm<char 10:232>>, KVM_CREATE_VM, 0) = 5<anon_inode:kvm-vm> <0.000212>",
	 0, 4, 1500000000, "KVM_CREATE_VM", 5, 212000},
	{"1.5 ioctl(5, _IOC(_IOC_NONE, 0xae, 0x41, 0), 0) = 6 <1.000000>", 0, 5, 1500000000,
	 "_IOC(_IOC_NONE, 0xae, 0x41, 0)", 6, 1000000000},
	{"1.5 ioctl(5, 0xae41 /* KVM_CREATE_VCPU */, 0) = 6 <0.5>", 0, 5, 1500000000, "0xae41", 6,
	 500000000},
	{"1.5 ioctl(5, KVM_CREATE_IRQCHIP) = 0 <0.000001>", 0, 5, 1500000000, "KVM_CREATE_IRQCHIP",
	 0, 1000},
};

static void strace_lines_are_understood(void **state)
{
	struct strace_line line;

	(void)state;
	for (size_t i = 0; i < CNT(lines); i++) {
		print_message("%s\n", lines[i].text);
		assert_true(strace_parse(lines[i].text, &line));
		assert_int_equal(line.tid, lines[i].tid);
		assert_int_equal(line.fd, lines[i].fd);
		assert_int_equal(line.ts_ns, lines[i].ts_ns);
		assert_int_equal(line.request_len, strlen(lines[i].request));
		assert_memory_equal(line.request, lines[i].request, line.request_len);
		assert_true(line.has_ret && line.has_latency);
		assert_int_equal(line.ret, lines[i].ret);
		assert_int_equal(line.latency_ns, lines[i].latency_ns);
	}
}

static void other_lines_are_not(void **state)
{
	static const char *const others[] = {
		"",
		"45726",
		"strace: Process 123 attached",
		"45726 14:45:32.914330 +++ exited with 0 +++",
		"45726 14:45:32.914330 --- SIGCHLD {si_signo=SIGCHLD} ---",
		"ioctl(25, KVM_CREATE_VCPU, 0) = 28 <0.000137>",
		"45726 24:45:32 ioctl(25, KVM_CREATE_VCPU, 0) = 28 <0.000137>",
		"1.5 ioctl(, KVM_CREATE_VCPU, 0) = 28 <0.000137>",
		"1.5 ioctl(99999999999, KVM_CREATE_VCPU, 0) = 28 <0.000137>",
		"99999999999999999999 ioctl(5, KVM_CREATE_VCPU, 0) = 28 <0.000137>",
		"1.5 ioctl(4</dev/kvm, KVM_CREATE_VM, 0) = 5",
		"1.5 ioctl(4",
	};
	struct strace_line line;

	(void)state;
	for (size_t i = 0; i < CNT(others); i++)
		if (strace_parse(others[i], &line))
			fail_msg("'%s'", others[i]);
}

/* ---- perf, a line ---- */

static void perf_events_are_understood(void **state)
{
	struct perf_line line;
	const char *name;
	size_t len;

	(void)state;
	assert_true(perf_parse(
		"fc_vcpu 0 19924 [035] 404.530829: probe:kvm_io_bus_register_dev: (0)", &line));
	assert_string_equal(line.comm, "fc_vcpu 0");
	assert_int_equal(line.tid, 19924);
	assert_int_equal(line.ts_ns, 404530829000);
	assert_int_equal(line.func_len, strlen("kvm_io_bus_register_dev"));
	assert_false(line.is_return);
	assert_true(perf_parse("   qemu 12/34 1.5: probe:srcu_barrier__return: (1 <- 2)", &line));
	assert_int_equal(line.pid, 12);
	assert_int_equal(line.tid, 34);
	assert_true(line.is_return);
	assert_int_equal(line.func_len, strlen("srcu_barrier"));
	assert_false(perf_parse("firecracker 583 [001] 151.297145: sched:sched_switch: x", &line));
	assert_false(perf_parse("firecracker 583 [001] 151.297145: probe:x", &line));
	assert_false(perf_parse("", &line));
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
	str_addf(out, "%u %s", stall->vm ? stall->vm->id : 0, call_name(stall->call));
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
	const struct replay_ops ops = {.ledger = {.stall = on_stall}};
	struct import *import = import_new(import_detect(text, strlen(text)), &ops, out);
	size_t len = strlen(text);
	int ret = 0;

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

static void the_seed_is_a_timer_of_nobody_known(void **state)
{
	(void)state;
	assert_import("30295 14:47:08.057412 ioctl(25, KVM_CREATE_VCPU, 0) = 28 <0.025182>\n"
		      "30295 14:47:08.082663 ioctl(25, KVM_CREATE_VCPU, 1) = 30 <0.000031>",
		      "1 KVM_CREATE_VCPU id=0 setup 25182us gp-timer\n"
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
		"1 KVM_CREATE_VCPU id=0 setup 2000us gp-timer\n");
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
	const char *text;
	const char *says;
} bad[] = {
	{"1.5 ioctl(1, TCGETS, 0) = 0 <0.000001>\n",
	 "offset 39: the end, and there was no call on KVM"},
	{"1.5 ioctl(5, KVM_CREATE_VCPU, 0) = 6\n",
	 "offset 37: the end, and no call says how long it took (strace -T)"},
	{"x 5 [000] 1.5: probe:srcu_barrier: (0)\n",
	 "offset 39: the end, and no function was seen to return: probe its return, too "
	 "('func%return')"},
};

static void bad_logs_are_answered_in_one_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < CNT(bad); i++) {
		struct err err = {0};
		struct str out;

		str_init(&out);
		assert_int_equal(import(bad[i].text, 7, &out, &err), -EINVAL);
		assert_string_equal(err.msg, bad[i].says);
		assert_string_equal(out.text, "");
		str_fini(&out);
	}
}

static void bytes_that_are_no_text_are_refused_where_they_are(void **state)
{
	static const char head[] = "1.5 ioctl(5, KVM_CREATE_VCPU, 0) = 6 <0.1>\nxx\0yy\n";
	const struct replay_ops ops = {.ledger = {.stall = on_stall}};
	struct err err = {0};
	struct import *import;
	struct str out;
	char *longest = malloc(10000);

	(void)state;
	str_init(&out);
	import = import_new(IMPORT_STRACE, &ops, &out);
	assert_int_equal(import_feed(import, head, sizeof(head) - 1, &err), -EINVAL);
	assert_string_equal(err.msg, "offset 43: not text");
	import_free(import);

	import = import_new(IMPORT_PERF, &ops, &out);
	memset(longest, 'x', 10000);
	assert_int_equal(import_feed(import, longest, 10000, &err), -EINVAL);
	assert_string_equal(err.msg, "offset 0: a line longer than any of these logs");
	import_free(import);
	str_fini(&out);
	free(longest);
}

static void logs_are_told_by_their_content(void **state)
{
	(void)state;
	for (size_t i = 0; i < CNT(lines); i++)
		assert_int_equal(import_detect(lines[i].text, strlen(lines[i].text)),
				 IMPORT_STRACE);
	assert_int_equal(import_detect("\n# x\nx 5 [0] 1.5: probe:x: ()", 29), IMPORT_PERF);
	assert_int_equal(import_detect("", 0), IMPORT_NONE);
	assert_int_equal(import_detect("hello\nworld\n", 12), IMPORT_NONE);
	assert_int_equal(import_detect("\0\0\0\0", 4), IMPORT_NONE);
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
		cmocka_unit_test(perf_events_are_understood),
		cmocka_unit_test(a_life_is_told_with_its_culprit),
		cmocka_unit_test(the_seed_is_a_timer_of_nobody_known),
		cmocka_unit_test(calls_that_were_interrupted_are_put_together),
		cmocka_unit_test(waits_in_perf_are_part_of_the_function_around_them),
		cmocka_unit_test(bad_logs_are_answered_in_one_line),
		cmocka_unit_test(bytes_that_are_no_text_are_refused_where_they_are),
		cmocka_unit_test(a_wait_outside_its_call_explains_nothing),
		cmocka_unit_test(logs_are_told_by_their_content),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
