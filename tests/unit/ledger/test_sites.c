// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/sites.h"

#include "ledger/symbols.h"
#include "unit.h"

static void a_function_has_one_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < sites_cnt; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(sites[i].func, sites[j].func);
}

/* A stack with two of them must have one caller, so one domain. */
static void a_function_waits_on_one_domain(void **state)
{
	(void)state;
	for (size_t i = 0; i < sites_cnt; i++) {
		assert_true(!(sites[i].domains & (sites[i].domains - 1)));
		assert_true(sites[i].domains < 1 << DOMAIN_KIND_CNT);
		if (sites[i].api && !(sites[i].is & (SITE_SRCU | SITE_RCU)))
			assert_true(sites[i].domains);
		if (sites[i].is & SITE_RCU)
			assert_false(sites[i].domains);
	}
}

static void every_call_has_a_name_of_its_own(void **state)
{
	(void)state;
	assert_null(call_name(CALL_NONE));
	assert_null(call_name(CALL_CNT));
	for (int i = CALL_NONE + 1; i < CALL_CNT; i++) {
		assert_non_null(call_name(i));
		for (int j = CALL_NONE + 1; j < i; j++)
			assert_string_not_equal(call_name(i), call_name(j));
	}
	assert_string_equal(call_name(CALL_FN_IRQFD_SHUTDOWN), "irqfd_shutdown");
	assert_string_equal(call_name(CALL_FN_SYNC_EXPEDITED), "synchronize_srcu_expedited");
}

static void a_callback_names_who_queues_it(void **state)
{
	(void)state;
	assert_string_equal(site_of_callback("__free_bus")->func, "kvm_io_bus_register_dev");
	assert_string_equal(site_of_callback("__free_bus.cold")->func, "kvm_io_bus_register_dev");
	assert_string_equal(site_of_callback("mmu_notifier_free_rcu")->func, "mmu_notifier_put");
	assert_null(site_of_callback("kvm_io_bus_register_dev"));
	assert_null(site_of_callback(NULL));
}

static void a_name_is_found_but_for_a_compilers_suffix(void **state)
{
	(void)state;
	assert_string_equal(site_find("irqfd_shutdown.isra.0")->func, "irqfd_shutdown");
	assert_null(site_find("kvm_no_such_function")); /* patterns are no functions */
	assert_null(site_find("irqfd_shutdowns"));
	assert_null(site_find(""));
	assert_null(site_find(NULL));
	assert_int_equal(site_is("kvm_no_such_function"), SITE_KVM);
	assert_int_equal(site_is("no_such_function"), 0);
	assert_true(site_is("kvm_irqfd_deassign.constprop.0") & SITE_FLUSHES);
	/* one that is named is none of a tracer's, whatever they are called like */
	assert_int_equal(site_is("perf_event_alloc"), 0);
	assert_int_equal(site_is("perf_trace_sched_switch"), SITE_NOISE);
	assert_int_equal(site_is("ftrace_trampoline"), SITE_NOISE);
	assert_string_equal(site_that(SITE_REGISTERS)->func, "kvm_io_bus_register_dev");
}

static void apis_have_the_kernels_names(void **state)
{
	(void)state;
	assert_string_equal(api_name(KS_API_SYNC), "synchronize_srcu");
	assert_string_equal(api_name(KS_API_SYNC_EXPEDITED), "synchronize_srcu_expedited");
	assert_string_equal(api_name(KS_API_BARRIER), "srcu_barrier");
	assert_string_equal(api_name(KS_API_RCU), "synchronize_rcu");
	assert_string_equal(api_name(KS_API_RCU_EXPEDITED), "synchronize_rcu_expedited");
	assert_string_equal(api_name(KS_API_RCU_BARRIER), "rcu_barrier");
	assert_null(api_name(KS_API_NONE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_function_has_one_row),
		cmocka_unit_test(a_function_waits_on_one_domain),
		cmocka_unit_test(every_call_has_a_name_of_its_own),
		cmocka_unit_test(a_callback_names_who_queues_it),
		cmocka_unit_test(a_name_is_found_but_for_a_compilers_suffix),
		cmocka_unit_test(apis_have_the_kernels_names),
	};

	return cmocka_run_group_tests_name("sites", tests, NULL, NULL);
}
