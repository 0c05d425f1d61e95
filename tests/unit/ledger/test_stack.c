// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/stack.h"

#include "ledger/symbols.h"
#include "unit.h"

#define FRAMES_MAX 30

/* A stack of these functions, resolved. */
static struct symbols *resolve(const char *const *names, struct stack *stack)
{
	struct symbols *syms = symbols_new();
	__u64 addrs[FRAMES_MAX];
	size_t cnt = 0;

	for (; names[cnt]; cnt++) {
		assert_int_equal(symbols_add(syms, 0x1000 * (cnt + 1), names[cnt]), 0);
		addrs[cnt] = 0x1000 * (cnt + 1) + 5;
	}
	symbols_sort(syms);
	stack_resolve(stack, syms, addrs, cnt);
	return syms;
}

static void a_compilers_suffix_is_not_part_of_a_name(void **state)
{
	(void)state;
	assert_true(symbol_is("call_srcu", "call_srcu"));
	assert_true(symbol_is("call_srcu.part.0", "call_srcu"));
	assert_true(symbol_is("call_srcu.isra.0", "call_srcu"));
	assert_true(symbol_is("call_srcu.constprop.0.cold", "call_srcu"));
	assert_false(symbol_is("call_srcu_expedited", "call_srcu"));
	assert_false(symbol_is("call_src", "call_srcu"));
	assert_false(symbol_is("__call_srcu", "call_srcu"));
	assert_false(symbol_is("", "call_srcu"));
}

static const struct {
	const char *what;
	const char *names[FRAMES_MAX];
	size_t left; /* frames that say something */
	enum ks_api api;
	bool in_srcu;
	const char *caller; /* of SRCU */
	const char *sleeps_in;
	bool in_mutex;
} stacks[] = {
	{"nothing", {NULL}, 0, KS_API_NONE, false, NULL, NULL, false},
	{"only noise",
	 {"bpf_get_stack", "__schedule", "schedule", "schedule_timeout"},
	 0,
	 KS_API_NONE,
	 false,
	 NULL,
	 NULL,
	 false},
	{"an expedited wait in a memslot's change",
	 {"bpf_prog_1_tp", "bpf_trace_run4", "__traceiter_sched_switch", "__schedule", "schedule",
	  "schedule_timeout", "__wait_for_common", "wait_for_completion", "__synchronize_srcu",
	  "synchronize_srcu_expedited", "kvm_swap_active_memslots", "kvm_set_memslot",
	  "kvm_vm_ioctl", "__x64_sys_ioctl", "do_syscall_64"},
	 9,
	 KS_API_SYNC_EXPEDITED,
	 true,
	 "kvm_swap_active_memslots",
	 "__synchronize_srcu",
	 false},
	{"who started a grace period, below the interrupt that queues it: x86 7.3",
	 {"__mod_timer", "queue_delayed_work_on", "irq_work_run_list", "irq_work_run",
	  "__sysvec_irq_work", "sysvec_irq_work", "asm_sysvec_irq_work",
	  "_raw_spin_unlock_irqrestore", "srcu_gp_start_if_needed", "kvm_io_bus_register_dev",
	  "kvm_vm_ioctl"},
	 11,
	 KS_API_NONE,
	 true,
	 "kvm_io_bus_register_dev",
	 "__mod_timer",
	 false},
	{"the interrupt came late: nobody is named",
	 {"queue_delayed_work_on", "srcu_irq_work", "irq_work_single", "sysvec_irq_work",
	  "asm_sysvec_irq_work", "kvm_vm_ioctl", "__x64_sys_ioctl"},
	 7,
	 KS_API_NONE,
	 true,
	 NULL,
	 "queue_delayed_work_on",
	 false},
	{"the same after a tail call: the site tells",
	 {"schedule", "wait_for_completion", "__synchronize_srcu.part.0",
	  "kvm_swap_active_memslots", "kvm_set_memslot"},
	 4,
	 KS_API_SYNC_EXPEDITED,
	 true,
	 "kvm_swap_active_memslots",
	 "__synchronize_srcu.part.0",
	 false},
	{"a normal wait by its site",
	 {"wait_for_completion", "__synchronize_srcu", "kvm_unregister_irq_mask_notifier"},
	 3,
	 KS_API_SYNC,
	 true,
	 "kvm_unregister_irq_mask_notifier",
	 "__synchronize_srcu",
	 false},
	{"a wait from a site that is not known",
	 {"wait_for_completion", "__synchronize_srcu", "irqfd_shutdown", "process_one_work"},
	 4,
	 KS_API_NONE,
	 true,
	 "irqfd_shutdown",
	 "__synchronize_srcu",
	 false},
	{"a normal wait",
	 {"wait_for_completion", "__synchronize_srcu", "synchronize_srcu", "irqfd_shutdown"},
	 4,
	 KS_API_SYNC,
	 true,
	 "irqfd_shutdown",
	 "__synchronize_srcu",
	 false},
	{"a barrier",
	 {"wait_for_completion", "srcu_barrier", "kvm_destroy_vm", "kvm_vm_release"},
	 4,
	 KS_API_BARRIER,
	 true,
	 "kvm_destroy_vm",
	 "srcu_barrier",
	 false},
	{"a deferred callback",
	 {"__queue_delayed_work", "queue_delayed_work_on", "srcu_funnel_gp_start",
	  "srcu_gp_start_if_needed", "__call_srcu", "kvm_io_bus_register_dev", "kvm_create_pic",
	  "kvm_arch_vm_ioctl"},
	 8,
	 KS_API_NONE,
	 true,
	 "kvm_io_bus_register_dev",
	 "__queue_delayed_work",
	 false},
	{"SRCU called by what has no name",
	 {"wait_for_completion", "__synchronize_srcu"},
	 2,
	 KS_API_NONE,
	 true,
	 NULL,
	 "__synchronize_srcu",
	 false},
	{"a mutex",
	 {"schedule", "schedule_preempt_disabled", "__mutex_lock.constprop.0",
	  "kvm_vm_ioctl_set_memory_region", "kvm_vm_ioctl"},
	 3,
	 KS_API_NONE,
	 false,
	 NULL,
	 "kvm_vm_ioctl_set_memory_region",
	 true},
	{"a kthread's end",
	 {"schedule", "wait_for_completion", "kthread_stop", "kvm_free_pit"},
	 3,
	 KS_API_NONE,
	 false,
	 NULL,
	 "kthread_stop",
	 false},
	{"a flush",
	 {"schedule", "wait_for_completion", "__flush_workqueue", "kvm_irqfd_release"},
	 3,
	 KS_API_NONE,
	 false,
	 NULL,
	 "kvm_irqfd_release",
	 false},
	{"only ways to sleep",
	 {"wait_for_completion", "down_write"},
	 2,
	 KS_API_NONE,
	 false,
	 NULL,
	 NULL,
	 false},
	{"a probed function, twice",
	 {"kvm_vm_ioctl", "kvm_vm_ioctl"},
	 1,
	 KS_API_NONE,
	 false,
	 NULL,
	 "kvm_vm_ioctl",
	 false},
};

static void same(const char *a, const char *b)
{
	if (!a || !b)
		assert_ptr_equal(a, b);
	else
		assert_string_equal(a, b);
}

static void a_stack_says_what_it_waits_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < CNT(stacks); i++) {
		struct stack stack;
		struct symbols *syms = resolve(stacks[i].names, &stack);

		print_message("%s\n", stacks[i].what);
		if (strstr(stacks[i].what, "twice")) { /* one function at two addresses */
			__u64 addrs[] = {0x1001, 0x1004};

			stack_resolve(&stack, syms, addrs, 2);
		}
		assert_int_equal(stack.cnt, stacks[i].left);
		assert_int_equal(stack_api(&stack), stacks[i].api);
		assert_int_equal(stack_in_srcu(&stack), stacks[i].in_srcu);
		same(stack_srcu_caller(&stack), stacks[i].caller);
		same(stack_sleeps_in(&stack), stacks[i].sleeps_in);
		assert_int_equal(stack_in_mutex(&stack), stacks[i].in_mutex);
		symbols_free(syms);
	}
}

static void a_stack_has_its_functions(void **state)
{
	static const char *const names[] = {"wait_for_completion", "__synchronize_srcu.part.0",
					    "kvm_destroy_vm", NULL};
	struct stack stack;
	struct symbols *syms = resolve(names, &stack);

	(void)state;
	assert_true(stack_has(&stack, SITE_SYNC));
	assert_true(stack_has(&stack, SITE_KVM));
	assert_true(stack_has(&stack, SITE_SLEEPS | SITE_REGISTERS));
	assert_false(stack_has(&stack, SITE_REGISTERS));
	assert_false(stack_has(&stack, SITE_MUTEX));
	symbols_free(syms);
}

static void frames_without_a_name_or_too_many_are_left_out(void **state)
{
	struct symbols *syms = symbols_new();
	__u64 addrs[2 * KS_STACK_MAX];
	struct stack stack;

	(void)state;
	symbols_add(syms, 0x1000, "one");
	symbols_add(syms, 0x2000, "two");
	symbols_sort(syms);
	for (size_t i = 0; i < CNT(addrs); i++)
		addrs[i] = i % 2 ? 0x1000 : 0x2000;
	stack_resolve(&stack, syms, addrs, CNT(addrs));
	assert_int_equal(stack.cnt, KS_STACK_MAX);
	addrs[0] = 0x500;
	addrs[1] = 0;
	stack_resolve(&stack, syms, addrs, 3);
	assert_int_equal(stack.cnt, 1);
	assert_string_equal(stack.names[0], "two");
	stack_resolve(&stack, syms, NULL, 0);
	assert_int_equal(stack.cnt, 0);
	symbols_free(syms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_compilers_suffix_is_not_part_of_a_name),
		cmocka_unit_test(a_stack_says_what_it_waits_for),
		cmocka_unit_test(a_stack_has_its_functions),
		cmocka_unit_test(frames_without_a_name_or_too_many_are_left_out),
	};

	return cmocka_run_group_tests_name("stack", tests, NULL, NULL);
}
