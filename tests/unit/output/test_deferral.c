// SPDX-License-Identifier: GPL-2.0-only
/* Callbacks as the BPF side reports them: no stack, but the address of the callback's function. */
#include "output/deferral.h"

#include "base/str.h"
#include "ledger/domain.h"
#include "ledger/symbols.h"
#include "metrics/collect.h"
#include "metrics/metrics.h"
#include "output/table.h"
#include "unit.h"

#define SRCU	 0xffff888000001000ULL
#define IRQ_SRCU 0xffff888000002000ULL

#define FREE_BUS     0xffffffff81001000ULL
#define FREE_RCU     0xffffffff81002000ULL
#define OTHER	     0xffffffff81003000ULL
#define REGISTER_DEV 0xffffffff81004000ULL

static struct symbols *make_symbols(void)
{
	struct symbols *syms = symbols_new();

	assert_non_null(syms);
	assert_int_equal(symbols_add(syms, FREE_BUS, "__free_bus"), 0);
	assert_int_equal(symbols_add(syms, FREE_RCU, "mmu_notifier_free_rcu"), 0);
	assert_int_equal(symbols_add(syms, OTHER, "somebodys_callback"), 0);
	assert_int_equal(symbols_add(syms, REGISTER_DEV, "kvm_io_bus_register_dev"), 0);
	symbols_sort(syms);
	return syms;
}

/* As start_emit_bare() of bpf/ has it: .frames is 0, and nothing follows it. */
static struct ks_start make_callback(uint64_t func)
{
	return (struct ks_start){
		.head = {.type = KS_CALLBACK, .ts_ns = 1000, .tid = 11},
		.ssp = SRCU,
		.func = func,
		.kind = KS_KIND_VM,
		.comm = "vmm",
	};
}

#define BARE offsetof(struct ks_start, stack)

struct found_function {
	const char *function;
	uint64_t cnt;
};

static void find(void *ctx, const struct metric_value *sample)
{
	struct found_function *found = ctx;

	if (!strcmp(sample->labels[0], found->function))
		found->cnt += sample->value;
}

static uint64_t deferred(const struct metrics *metrics, const char *function)
{
	struct found_function found = {.function = function};

	collect_each(metrics, METRIC_DEFERRED, find, &found);
	return found.cnt;
}

static void a_callback_is_counted_for_the_function_that_queues_it(void **state)
{
	static const struct {
		uint64_t func;
		uint64_t times;
	} fed[] = {{FREE_BUS, 23}, {FREE_RCU + 8, 3}, {OTHER, 5}, {0, 2}, {0x500, 7}};
	static const struct metrics_cfg cfg = {.vm_limit = 10};
	static const struct metrics_totals totals = {.sees_callbacks = true};
	struct metrics *metrics = metrics_new(&cfg);
	struct symbols *syms = make_symbols();

	(void)state;
	assert_non_null(metrics);
	metrics_set_totals(metrics, &totals);
	for (size_t i = 0; i < CNT(fed); i++) {
		const struct ks_start start = make_callback(fed[i].func);

		for (uint64_t n = 0; n < fed[i].times; n++)
			metrics_record(metrics, syms, &start, BARE);
	}
	assert_int_equal(deferred(metrics, "kvm_io_bus_register_dev"), 23);
	assert_int_equal(deferred(metrics, "mmu_notifier_put"), 3);
	assert_int_equal(deferred(metrics, "unknown"), 5 + 2 + 7);
	metrics_free(metrics);
	symbols_free(syms);
}

/* How many callbacks a VM's row has; 0: it has none. */
static uint64_t count_deferrals(bool sees_callbacks, const struct ks_start *start, size_t size)
{
	struct deferral *deferral = deferral_new();
	struct symbols *syms = make_symbols();
	struct vm vm = {.id = 1, .tgid = 11, .comm = "vmm"};
	struct table table;
	uint64_t cnt;

	assert_non_null(deferral);
	vm.srcu = domain_new(SRCU, DOMAIN_SRCU, 1);
	vm.irq_srcu = domain_new(IRQ_SRCU, DOMAIN_IRQ_SRCU, 1);
	deferral_next_file(deferral, "a.cap", sees_callbacks);
	assert_int_equal(deferral_vm_new(deferral, &vm), 0);
	for (int i = 0; i < 23; i++)
		assert_int_equal(deferral_record(deferral, start, size, syms), 0);
	assert_int_equal(deferral_table(deferral, &table), 0);
	cnt = table.cnt ? table.cells[0].value : 0;
	table_fini(&table);
	deferral_free(deferral);
	domain_put(vm.srcu);
	domain_put(vm.irq_srcu);
	symbols_free(syms);
	return cnt;
}

static void only_what_registering_devices_defers_is_its_saving(void **state)
{
	struct ks_start start = make_callback(FREE_BUS);

	(void)state;
	assert_int_equal(count_deferrals(true, &start, BARE), 23);
	start.func = 0; /* not known whose: a VM's own domains have no other */
	assert_int_equal(count_deferrals(true, &start, BARE), 23);
	start.func = OTHER;
	assert_int_equal(count_deferrals(true, &start, BARE), 0);
	start.func = FREE_RCU;
	assert_int_equal(count_deferrals(true, &start, BARE), 0);
}

/* The tracepoint backend has no record of a callback, only of a grace period that one started. */
static void without_callbacks_the_stack_of_a_start_tells(void **state)
{
	struct ks_start start = make_callback(0);

	(void)state;
	start.head.type = KS_START;
	start.expires = 4711;
	start.frames = 1;
	start.stack[0] = REGISTER_DEV + 0x42;
	assert_int_equal(count_deferrals(false, &start, sizeof(start)), 23);
	assert_int_equal(count_deferrals(true, &start, sizeof(start)), 0);
	start.stack[0] = OTHER;
	assert_int_equal(count_deferrals(false, &start, sizeof(start)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_callback_is_counted_for_the_function_that_queues_it),
		cmocka_unit_test(only_what_registering_devices_defers_is_its_saving),
		cmocka_unit_test(without_callbacks_the_stack_of_a_start_tells),
	};

	return cmocka_run_group_tests_name("deferral", tests, NULL, NULL);
}
