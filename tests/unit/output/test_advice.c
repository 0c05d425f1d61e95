// SPDX-License-Identifier: GPL-2.0-only
#include "trace.h"

#include "output/advice.h"

static const struct advice_host x86 = {.hz = TRACE_HZ, .arch = ARCH_X86};
static const struct advice_host arm64 = {.hz = 1000, .arch = ARCH_ARM64};

static const char *advise(const struct stall *stall, const struct advice_host *host)
{
	static char buf[ADVICE_MAX];

	assert_ptr_equal(advice_for(stall, host, buf, sizeof(buf)), buf);
	assert_true(strlen(buf) < sizeof(buf) - 1);
	return buf;
}

/* A call of @latency_us, stalled by a device that @culprit registered. */
static struct stall make_stall(enum call_id call, enum call_id culprit)
{
	static struct ks_call rec = {.kind = KS_KIND_VM};
	struct stall stall = {
		.rec = &rec,
		.call = call,
		.latency_ns = 4760000,
		.stall_ns = 4700000,
		.without_ns = 270000,
		.cause = KS_CAUSE_GP_TIMER,
		.phase = PHASE_SETUP,
		.culprit = {.kind = CULPRIT_INITIATOR,
			    .is_known = true,
			    .func = "kvm_io_bus_register_dev",
			    .call = culprit},
		.by_cause = {[KS_CAUSE_GP_TIMER] = 4490000, [KS_CAUSE_KWORKER] = 30000},
	};

	return stall;
}

static void a_swap_names_both_calls_and_its_gain(void **state)
{
	struct trace *trace = RUN(trace_seed_rows);
	struct stall stall = trace_stall(trace, 0, NULL);

	(void)state;
	trace->stalls[0].rec.args[16] = 1; /* its size: 0 would take it away */
	assert_string_equal(
		advise(&stall, &x86),
		"KVM_SET_USER_MEMORY_REGION before KVM_CREATE_IRQCHIP: 65us instead of "
		"5.67ms; or three jiffies of other work between them (HZ=1000 shortens "
		"it); or a kernel with call_srcu_expedited() in kvm_io_bus_register_dev()");
	assert_string_equal(advise(&stall, &arm64),
			    "KVM_SET_USER_MEMORY_REGION before KVM_CREATE_IRQCHIP: 65us instead of "
			    "5.67ms; or three jiffies of other work between them; or a kernel with "
			    "call_srcu_expedited() in kvm_io_bus_register_dev()");
	trace_free(trace);
}

static void who_came_too_soon_hears_that_chance_decides(void **state)
{
	struct stall stall = make_stall(CALL_CLOSE_LAST, CALL_CLOSE_LAST);

	(void)state;
	stall.cause = KS_CAUSE_CB_TIMER;
	stall.by_cause[KS_CAUSE_CB_TIMER] = 4490000;
	stall.culprit.func = "kvm_pit_set_reinject";
	stall.culprit.is_self = true;
	assert_non_null(strstr(advise(&stall, &x86), "nobody expedited"));
	stall.culprit.rest_ns = 17000;
	assert_non_null(strstr(advise(&stall, &x86), "it came 17us after another"));
	assert_null(strstr(advise(&stall, &x86), "seen"));
	/* 26us would have been expedited: the two are seen some microseconds after they happened */
	stall.culprit.rest_ns = 26000;
	assert_non_null(
		strstr(advise(&stall, &x86), "end (both seen some microseconds late), and"));
}

static void no_advice_is_to_do_what_kvm_refuses(void **state)
{
	static const struct {
		enum call_id call, culprit;
		const struct advice_host *host;
		const char *advice; /* its beginning */
	} cases[] = {
		{CALL_SET_USER_MEMORY_REGION, CALL_CREATE_IRQCHIP, &x86,
		 "KVM_SET_USER_MEMORY_REGION before KVM_CREATE_IRQCHIP: 270us instead of 4.76ms; "
		 "or "},
		{CALL_CREATE_VCPU, CALL_CREATE_IRQCHIP, &x86,
		 "three jiffies of other work between KVM_CREATE_IRQCHIP and KVM_CREATE_VCPU: "
		 "270us "
		 "instead of 4.76ms (HZ=1000 shortens it); they cannot be swapped: x86 refuses "
		 "KVM_CREATE_IRQCHIP once there is a vCPU; or a kernel "},
		{CALL_CREATE_VCPU, CALL_CREATE_PIT2, &x86,
		 "three jiffies of other work between KVM_CREATE_PIT2 and KVM_CREATE_VCPU: "},
		{CALL_CREATE_VCPU, CALL_IOEVENTFD, &x86, "KVM_CREATE_VCPU before KVM_IOEVENTFD: "},
		{CALL_CREATE_VCPU, CALL_CREATE_DEVICE, &arm64,
		 "KVM_CREATE_VCPU before KVM_CREATE_DEVICE: "},
		{CALL_IOEVENTFD, CALL_IOEVENTFD, &x86,
		 "three jiffies of other work between KVM_IOEVENTFD and KVM_IOEVENTFD: 270us "
		 "instead "
		 "of 4.76ms (HZ=1000 shortens it); they cannot be swapped: the second "},
		{CALL_CLOSE, CALL_IOEVENTFD, &x86,
		 "three jiffies of other work between KVM_IOEVENTFD and close: "},
		{CALL_SET_USER_MEMORY_REGION, CALL_NONE, &x86,
		 "three jiffies of other work between the device and this call: 270us instead of "
		 "4.76ms (HZ=1000 shortens it); or a kernel"},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		const struct stall stall = make_stall(cases[i].call, cases[i].culprit);
		const char *advice = advise(&stall, cases[i].host);

		if (strncmp(advice, cases[i].advice, strlen(cases[i].advice)))
			fail_msg("'%s', not '%s'", advice, cases[i].advice);
	}
}

/* The guest's drivers, and a slot that is taken away, have an order that no VMM chooses. */
static void only_set_up_is_swapped(void **state)
{
	const struct vm other = {.id = 2};
	struct ks_call rec = {.kind = KS_KIND_VM, .cmd = 0x46, .flags = KS_CALL_HAS_ARG};
	struct stall stall = make_stall(CALL_SET_USER_MEMORY_REGION, CALL_IOEVENTFD);

	(void)state;
	stall.phase = PHASE_RUNNING;
	assert_null(strstr(advise(&stall, &x86), " before "));
	stall.phase = PHASE_VCPUS;
	assert_non_null(strstr(advise(&stall, &x86), " before "));
	stall.culprit.vm = &other;
	assert_null(strstr(advise(&stall, &x86), " before "));
	stall.culprit.vm = NULL;
	stall.rec = &rec; /* its size is 0 */
	assert_null(strstr(advise(&stall, &x86), " before "));
	rec.args[16] = 1;
	assert_non_null(strstr(advise(&stall, &x86), " before "));
}

static void a_wait_for_rcu_or_another_sleep_gets_the_advice_of_its_site(void **state)
{
	static const struct ks_call rec = {.kind = KS_KIND_VM};
	struct segment seg = {.cause = KS_CAUSE_RCU, .ns = 9000000, .func = "expand_files.part.0"};
	struct stall stall = {
		.rec = &rec,
		.call = CALL_CREATE_VCPU,
		.latency_ns = seg.ns,
		.stall_ns = seg.ns,
		.without_ns = seg.ns,
		.cause = KS_CAUSE_RCU,
		.culprit = {.seg = &seg},
		.by_cause = {[KS_CAUSE_RCU] = seg.ns, [KS_CAUSE_OTHER_SLEEP] = seg.ns}};

	(void)state;
	assert_non_null(strstr(advise(&stall, &x86), "F_DUPFD"));
	seg.func = "submit_bio_wait"; /* a file that was removed goes with the process */
	assert_non_null(strstr(advise(&stall, &x86), "disk"));
	seg.func = "ksys_unknown";
	assert_string_equal(advise(&stall, &x86), advice_for_cause(KS_CAUSE_RCU));
	seg.func = NULL;
	assert_string_equal(advise(&stall, &x86), advice_for_cause(KS_CAUSE_RCU));
	stall.cause = KS_CAUSE_OTHER_SLEEP;
	assert_non_null(strstr(advise(&stall, &x86), "no record says"));
	seg.func = "__mem_cgroup_handle_over_high";
	assert_non_null(strstr(advise(&stall, &x86), "memory.high"));
	seg.func = "handle_userfault";
	assert_non_null(strstr(advise(&stall, &x86), "userfaultfd"));
	seg.func = "ksys_unknown";
	assert_string_equal(advise(&stall, &x86), advice_for_cause(KS_CAUSE_OTHER_SLEEP));
	seg.func = "kvm_vcpu_ioctl"; /* for a vCPU's mutex, and up to 6.12 for RCU */
	assert_non_null(strstr(advise(&stall, &x86), "immediate_exit"));
	stall.cause = KS_CAUSE_RCU;
	seg.func = "kvm_destroy_mpidr_data";
	assert_non_null(strstr(advise(&stall, &x86), "before the first KVM_RUN"));
	/* each fits */
	for (size_t i = 0; i < sites_cnt; i++) {
		seg.func = sites[i].func;
		if (sites[i].advice)
			assert_string_equal(advise(&stall, &x86), sites[i].advice);
	}
}

/* A slot that begins to log what is written write-protects all its pages. */
static void a_slot_that_logs_hears_how_to_do_it_in_parts(void **state)
{
	struct ks_call rec = {.kind = KS_KIND_VM, .cmd = 0x46, .flags = KS_CALL_HAS_ARG};
	struct stall stall = make_stall(CALL_SET_USER_MEMORY_REGION, CALL_NONE);

	(void)state;
	stall.rec = &rec;
	stall.cause = KS_CAUSE_RUN;
	stall.by_cause[KS_CAUSE_RUN] = 4490000;
	rec.args[16] = 1; /* its size */
	assert_string_equal(advise(&stall, &x86), advice_for_cause(KS_CAUSE_RUN));
	rec.args[4] = 1; /* its flags: KVM_MEM_LOG_DIRTY_PAGES */
	assert_non_null(strstr(advise(&stall, &x86), "KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2"));
	rec.args[4] = 2; /* KVM_MEM_READONLY */
	assert_string_equal(advise(&stall, &x86), advice_for_cause(KS_CAUSE_RUN));
	rec.args[4] = 1;
	rec.args[16] = 0; /* it is taken away */
	assert_string_equal(advise(&stall, &x86), advice_for_cause(KS_CAUSE_RUN));
}

/* The one thread that KVM_CREATE_VM waits for: up to Linux 6.12. */
static void a_vm_whose_own_thread_comes_late_hears_of_nx_huge_pages(void **state)
{
	struct stall stall = make_stall(CALL_CREATE_VM, CALL_NONE);

	(void)state;
	stall.cause = KS_CAUSE_KTHREAD;
	stall.by_cause[KS_CAUSE_KTHREAD] = 4490000;
	assert_non_null(strstr(advise(&stall, &x86), "kvm.nx_huge_pages=never"));
	assert_non_null(strstr(advise(&stall, &x86), "favordynmods"));
	stall.call = CALL_CREATE_PIT2;
	assert_string_equal(advise(&stall, &x86), advice_for_cause(KS_CAUSE_KTHREAD));
}

static void of_many_calls_fewer_are_the_advice(void **state)
{
	static struct storm storm = {.call = CALL_SET_USER_MEMORY_REGION,
				     .by_cause = {[KS_CAUSE_WAKEUP] = 7, [KS_CAUSE_RUN] = 5}};

	(void)state;
	assert_non_null(strstr(advice_for_storm(&storm), "make fewer"));
	storm.call = CALL_SET_GSI_ROUTING;
	assert_non_null(strstr(advice_for_storm(&storm), "set them once"));
	storm.call = CALL_CLEAR_DIRTY_LOG;
	assert_string_equal(advice_for_storm(&storm), advice_for_cause(KS_CAUSE_WAKEUP));
	storm.is_unawaited = true;
	assert_null(advice_for_storm(&storm));
}

/* A guest's first counter, with kvm->srcu held. */
static void a_reader_that_waits_for_rcu_gets_the_advice_of_its_site(void **state)
{
	struct stall stall = make_stall(CALL_SET_USER_MEMORY_REGION, CALL_NONE);

	(void)state;
	stall.cause = KS_CAUSE_READER;
	stall.by_cause[KS_CAUSE_READER] = 4490000;
	stall.culprit = (struct culprit){.kind = CULPRIT_READER};
	assert_string_equal(advise(&stall, &x86), advice_for_cause(KS_CAUSE_READER));
	stall.culprit.func = "ksys_unknown";
	assert_string_equal(advise(&stall, &x86), advice_for_cause(KS_CAUSE_READER));
	stall.culprit.func = "kvm_vcpu_ioctl";
	assert_string_equal(advise(&stall, &x86), advice_for_cause(KS_CAUSE_READER));
	stall.culprit.func = "perf_event_alloc";
	assert_non_null(strstr(advise(&stall, &x86), "perf stat -p 1 sleep inf"));
}

static void who_has_used_its_quota_up_is_advised_to_raise_it(void **state)
{
	struct stall stall = make_stall(CALL_CREATE_VCPU, CALL_NONE);

	(void)state;
	stall.cause = KS_CAUSE_RUNNABLE;
	stall.by_cause[KS_CAUSE_RUNNABLE] = 4490000;
	stall.culprit = (struct culprit){.kind = CULPRIT_CPU};
	assert_non_null(strstr(advise(&stall, &x86), "give its VMM CPUs of its own"));
	stall.culprit.is_throttled = true;
	assert_non_null(strstr(advise(&stall, &x86), "cpu.max"));
}

static void a_cause_that_made_no_stall_gets_no_advice(void **state)
{
	struct advice_host host = {.min_ns = 100000};
	struct stall stall = make_stall(CALL_SET_USER_MEMORY_REGION, CALL_CREATE_IRQCHIP);

	(void)state;
	stall.cause = KS_CAUSE_KWORKER; /* 30us: the call was long for other reasons */
	assert_string_equal(advise(&stall, &host), "");
	host.min_ns = 30000;
	assert_non_null(strstr(advise(&stall, &host), "SRCU's workers"));
	host.min_ns = 4700000; /* a stall by several causes, of which this is the largest */
	stall.cause = KS_CAUSE_GP_TIMER;
	assert_string_not_equal(advise(&stall, &host), "");
	host.min_ns = stall.latency_ns + 1; /* none, as --all shows it */
	assert_string_equal(advise(&stall, &host), "");
	stall.cause = KS_CAUSE_RUN; /* of which there was none */
	assert_string_equal(advise(&stall, &host), "");
}

static void the_obvious_comes_first(void **state)
{
	const char *advice = advice_for_cause(KS_CAUSE_WAKEUP);

	(void)state;
	assert_true(strstr(advice, "busy tasks") < strstr(advice, "cgroup quota"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_swap_names_both_calls_and_its_gain),
		cmocka_unit_test(who_came_too_soon_hears_that_chance_decides),
		cmocka_unit_test(no_advice_is_to_do_what_kvm_refuses),
		cmocka_unit_test(only_set_up_is_swapped),
		cmocka_unit_test(a_wait_for_rcu_or_another_sleep_gets_the_advice_of_its_site),
		cmocka_unit_test(a_slot_that_logs_hears_how_to_do_it_in_parts),
		cmocka_unit_test(a_vm_whose_own_thread_comes_late_hears_of_nx_huge_pages),
		cmocka_unit_test(of_many_calls_fewer_are_the_advice),
		cmocka_unit_test(a_reader_that_waits_for_rcu_gets_the_advice_of_its_site),
		cmocka_unit_test(who_has_used_its_quota_up_is_advised_to_raise_it),
		cmocka_unit_test(a_cause_that_made_no_stall_gets_no_advice),
		cmocka_unit_test(the_obvious_comes_first),
	};

	return cmocka_run_group_tests_name("advice", tests, NULL, NULL);
}
