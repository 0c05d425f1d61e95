// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/suspect.h"

#include "unit.h"

#define FRAMES_MAX 16
#define RUNS	   0
#define SLEEPS	   2 /* TASK_UNINTERRUPTIBLE */

struct placed_task {
	const char *what;
	uint32_t state;
	const char *names[FRAMES_MAX];
};

static void resolve(const struct placed_task *task, struct stack *stack)
{
	size_t cnt = 0;

	while (task->names[cnt])
		cnt++;
	stack_of_names(stack, task->names, cnt);
}

/* Those that hold the read side, the least likely first. */
static void check_order(enum domain_kind kind, const struct placed_task *tasks, size_t cnt)
{
	int before = 0;

	for (size_t i = 0; i < cnt; i++) {
		struct stack stack;
		int rank;

		resolve(&tasks[i], &stack);
		rank = suspect_rank(kind, &stack, tasks[i].state);
		if (rank <= before)
			fail_msg("%s: rank %d after %d", tasks[i].what, rank, before);
		before = rank;
	}
}

static void check_none(enum domain_kind kind, const struct placed_task *tasks, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		struct stack stack;

		resolve(&tasks[i], &stack);
		if (suspect_rank(kind, &stack, tasks[i].state))
			fail_msg("%s: a reader", tasks[i].what);
	}
}

/* Levitsky, "Conditionally allow SynIC with APICv/AVIC", 2021-05-27. */
#define AVIC                                                                                       \
	"__synchronize_srcu", "synchronize_srcu_expedited", "install_new_memslots",                \
		"kvm_set_memslot", "__kvm_set_memory_region", "__x86_set_memory_region",           \
		"avic_update_access_page", "synic_update_vector", "kvm_hv_set_msr_common",         \
		"kvm_set_msr_common", "vcpu_enter_guest", "kvm_arch_vcpu_ioctl_run",               \
		"kvm_vcpu_ioctl"

static void of_a_vms_domain_sleepers_come_before_who_runs(void **state)
{
	static const struct placed_task tasks[] = {
		{"the waiter itself", SLEEPS, {AVIC}},
		{"may wait for the vCPU's mutex",
		 SLEEPS,
		 {"__mutex_lock", "kvm_arch_vcpu_ioctl_translate", "kvm_vcpu_ioctl"}},
		{"emulates",
		 RUNS,
		 {"kvm_io_bus_write", "vcpu_enter_guest", "kvm_arch_vcpu_ioctl_run"}},
		{"waits for a page",
		 SLEEPS,
		 {"handle_userfault", "kvm_arch_vcpu_ioctl_translate", "kvm_vcpu_ioctl"}},
	};

	(void)state;
	check_order(DOMAIN_SRCU, tasks, CNT(tasks));
}

static void who_runs_a_guest_or_has_dropped_it_is_no_reader(void **state)
{
	static const struct placed_task tasks[] = {
		{"on a CPU, in the guest, inlined",
		 RUNS,
		 {"kvm_arch_vcpu_ioctl_run", "kvm_vcpu_ioctl"}},
		{"on a CPU, in the guest",
		 RUNS,
		 {"vcpu_enter_guest", "kvm_arch_vcpu_ioctl_run", "kvm_vcpu_ioctl"}},
		{"halted", SLEEPS, {"kvm_vcpu_block", "kvm_arch_vcpu_ioctl_run", "kvm_vcpu_ioctl"}},
		{"in user space", RUNS, {NULL}},
		{"waits in a memslot's update",
		 SLEEPS,
		 {"__synchronize_srcu", "kvm_swap_active_memslots", "kvm_set_memslot",
		  "kvm_vm_ioctl"}},
		/* arm64, up to 6.17: the vGIC's distributor, before anything is held */
		{"registers a device in its first run",
		 SLEEPS,
		 {"__synchronize_srcu", "kvm_io_bus_register_dev", "vgic_register_dist_iodev",
		  "kvm_arch_vcpu_run_pid_change", "kvm_vcpu_ioctl"}},
		{"notifies, which is another domain",
		 RUNS,
		 {"kvm_mmu_notifier_invalidate_range_start",
		  "__mmu_notifier_invalidate_range_start", "zap_page_range_single"}},
	};

	(void)state;
	check_none(DOMAIN_SRCU, tasks, CNT(tasks));
}

#define UNMAPS                                                                                     \
	"__kvm_rmap_zap_gfn_range", "kvm_unmap_gfn_range",                                         \
		"kvm_mmu_notifier_invalidate_range_start",                                         \
		"__mmu_notifier_invalidate_range_start", "zap_page_range_single_batched",          \
		"do_madvise", "__x64_sys_madvise", "do_syscall_64"

static void of_the_hosts_domain_who_notifies_is_a_reader(void **state)
{
	static const struct placed_task tasks[] = {
		{"unmaps", RUNS, {UNMAPS}},
		{"sleeps in it",
		 SLEEPS,
		 {"kvm_mmu_notifier_release", "__mmu_notifier_release", "exit_mmap"}},
	};
	static const struct placed_task none[] = {
		{"waits itself, having notified",
		 SLEEPS,
		 {"__synchronize_srcu", "synchronize_srcu", "__mmu_notifier_release", "exit_mmap"}},
		{"waits",
		 SLEEPS,
		 {"__synchronize_srcu", "mmu_notifier_unregister", "kvm_destroy_vm"}},
		{"holds kvm->srcu only",
		 SLEEPS,
		 {"handle_userfault", "kvm_arch_vcpu_ioctl_translate", "kvm_vcpu_ioctl"}},
	};

	(void)state;
	check_order(DOMAIN_SHARED, tasks, CNT(tasks));
	check_none(DOMAIN_SHARED, none, CNT(none));
}

static void a_notifiers_reader_is_named_by_callback_and_system_call(void **state)
{
	static const struct placed_task compacts = {
		"compacts",
		RUNS,
		{"kvm_mmu_notifier_invalidate_range_start", "mn_hlist_invalidate_range_start",
		 "__mmu_notifier_invalidate_range_start", "try_to_migrate_one", "kcompactd"}};
	static const struct placed_task unmaps = {"unmaps", RUNS, {UNMAPS}};
	struct stack stack;

	(void)state;
	resolve(&unmaps, &stack);
	assert_string_equal(suspect_function(DOMAIN_SHARED, &stack),
			    "kvm_mmu_notifier_invalidate_range_start");
	assert_string_equal(call_name(suspect_call(DOMAIN_SHARED, &stack)), "madvise");
	resolve(&compacts, &stack);
	assert_string_equal(suspect_function(DOMAIN_SHARED, &stack),
			    "kvm_mmu_notifier_invalidate_range_start");
	assert_int_equal(suspect_call(DOMAIN_SHARED, &stack), CALL_NONE);
}

/* A guest uses its first counter, which waits for RCU inside KVM_RUN. */
static void a_reader_that_waits_for_rcu_is_named_by_who_asked(void **state)
{
	static const struct placed_task counts = {
		"counts",
		SLEEPS,
		{"wait_for_completion", "synchronize_rcu_normal", "perf_event_alloc",
		 "perf_event_create_kernel_counter", "pmc_reprogram_counter",
		 "kvm_pmu_handle_event", "vcpu_enter_guest", "kvm_arch_vcpu_ioctl_run"}};
	struct stack stack;

	(void)state;
	resolve(&counts, &stack);
	assert_true(suspect_rank(DOMAIN_SRCU, &stack, SLEEPS) > 0);
	assert_string_equal(suspect_function(DOMAIN_SRCU, &stack), "perf_event_alloc");
	assert_int_equal(suspect_call(DOMAIN_SRCU, &stack), CALL_RUN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_a_vms_domain_sleepers_come_before_who_runs),
		cmocka_unit_test(who_runs_a_guest_or_has_dropped_it_is_no_reader),
		cmocka_unit_test(of_the_hosts_domain_who_notifies_is_a_reader),
		cmocka_unit_test(a_notifiers_reader_is_named_by_callback_and_system_call),
		cmocka_unit_test(a_reader_that_waits_for_rcu_is_named_by_who_asked),
	};

	return cmocka_run_group_tests_name("suspect", tests, NULL, NULL);
}
