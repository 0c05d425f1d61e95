// SPDX-License-Identifier: GPL-2.0-only
#include "metrics/vmset.h"

#include "ledger/stall.h"
#include "unit.h"

static struct vm make_vm(uint32_t id, const char *name)
{
	struct vm vm = {.id = id, .tgid = 1000 + id, .born_ns = id};

	snprintf(vm.comm, sizeof(vm.comm), "vmm");
	snprintf(vm.name, sizeof(vm.name), "%s", name);
	return vm;
}

static void stall(struct vmset *set, const struct vm *vm, uint64_t ns)
{
	const uint64_t by_cause[KS_CAUSE_CNT] = {[KS_CAUSE_RUN] = 7, [KS_CAUSE_GP_TIMER] = ns};

	vmset_count(set, vm, by_cause);
}

static struct vmset_vm *shown(const struct vmset *set, const char *label)
{
	for (size_t i = 0; i < set->shown_cnt; i++)
		if (!strcmp(set->shown[i]->label, label))
			return set->shown[i];
	return NULL;
}

/* All time that anybody can read: nothing is lost, nothing is there twice. */
static uint64_t readable_ns(const struct vmset *set)
{
	uint64_t sum = set->other_ns[KS_CAUSE_GP_TIMER];

	for (size_t i = 0; i < set->shown_cnt; i++)
		sum += set->shown[i]->ns[KS_CAUSE_GP_TIMER];
	return sum;
}

static void those_who_stall_most_have_series(void **state)
{
	struct vm vms[5];
	struct vmset set;

	(void)state;
	assert_int_equal(vmset_init(&set, 2), 0);
	for (int i = 0; i < 5; i++) {
		vms[i] = make_vm(i + 1, "");
		vmset_add(&set, &vms[i]);
		stall(&set, &vms[i], (i + 1) * 100);
	}
	vmset_judge(&set, 1);
	assert_int_equal(set.shown_cnt, 2);
	assert_int_equal(shown(&set, "vmm[1005]")->ns[KS_CAUSE_GP_TIMER], 500);
	assert_int_equal(shown(&set, "vmm[1004]")->ns[KS_CAUSE_GP_TIMER], 400);
	assert_int_equal(set.other_ns[KS_CAUSE_GP_TIMER], 600);
	assert_int_equal(set.other_ns[KS_CAUSE_RUN], 0);
	vmset_fini(&set);
}

/* The third stalls more and more, then the second again. */
static void other_never_goes_back_and_nothing_counts_twice(void **state)
{
	struct vm vms[3];
	struct vmset set;
	uint64_t other = 0, total = 0, second = 0;

	(void)state;
	vmset_init(&set, 2);
	for (int i = 0; i < 3; i++) {
		vms[i] = make_vm(i + 1, "");
		vmset_add(&set, &vms[i]);
	}
	for (int round = 0; round < 101; round++) {
		const struct vmset_vm *vm;

		for (int i = 0; i < 3; i++) {
			uint64_t ns = 100 + (i == (round < 50 ? 2 : 1)) * 10000;

			stall(&set, &vms[i], ns);
			total += ns;
		}
		vmset_judge(&set, 1);
		assert_true(set.other_ns[KS_CAUSE_GP_TIMER] >= other);
		other = set.other_ns[KS_CAUSE_GP_TIMER];
		vm = shown(&set, "vmm[1002]");
		if (vm) {
			assert_true(vm->ns[KS_CAUSE_GP_TIMER] >= second);
			second = vm->ns[KS_CAUSE_GP_TIMER];
		}
		assert_true(set.shown_cnt <= 2);
	}
	assert_true(set.evictions > 0 && set.evictions < 5);
	/* What is not readable just now is with those who were shown once and are not now. */
	assert_true(readable_ns(&set) <= total);
	vmset_fini(&set);
}

static void while_nobody_is_evicted_all_time_can_be_read(void **state)
{
	struct vmset set;
	uint64_t total = 0;

	(void)state;
	vmset_init(&set, 3);
	for (uint32_t id = 1; id <= 101; id++) {
		struct vm vm = make_vm(id, "");

		vmset_add(&set, &vm);
		stall(&set, &vm, 13);
		total += 13;
		if (id % 7 == 0)
			vmset_judge(&set, 1);
		stall(&set, &vm, 17);
		total += 17;
		vmset_judge(&set, 1);
		assert_int_equal(set.evictions, 0);
		assert_int_equal(readable_ns(&set), total);
	}
	vmset_fini(&set);
}

#define MINUTE 60000000000ULL

static void the_dead_keep_their_series_for_five_minutes(void **state)
{
	struct vm vm = make_vm(1, "web1"), unseen = make_vm(2, "web2");
	struct vmset set;

	(void)state;
	vmset_init(&set, 10);
	vmset_add(&set, &vm);
	stall(&set, &vm, 5);
	vmset_judge(&set, MINUTE);
	vmset_remove(&set, 1);
	stall(&set, &vm, 6); /* the close that ended it is counted after its end */
	assert_int_equal(set.living, 0);
	assert_int_equal(shown(&set, "web1")->ns[KS_CAUSE_GP_TIMER], 11);
	vmset_judge(&set, 2 * MINUTE);
	stall(&set, &vm, 7);
	/* However often somebody judges: time counts. */
	for (int i = 0; i < 23; i++)
		vmset_judge(&set, 7 * MINUTE - 1);
	assert_int_equal(shown(&set, "web1")->ns[KS_CAUSE_GP_TIMER], 18);
	assert_int_equal(set.other_ns[KS_CAUSE_GP_TIMER], 0);
	vmset_judge(&set, 7 * MINUTE);
	assert_null(shown(&set, "web1"));
	/* One that no judgement ever saw has no series of one point. */
	vmset_add(&set, &unseen);
	stall(&set, &unseen, 9);
	vmset_remove(&set, 2);
	vmset_judge(&set, 7 * MINUTE);
	assert_int_equal(set.shown_cnt, 0);
	assert_int_equal(set.other_ns[KS_CAUSE_GP_TIMER], 9);
	assert_int_equal(set.vms.cnt, 0);
	vmset_fini(&set);
}

static void the_living_take_the_places_of_the_dead_after_a_minute(void **state)
{
	struct vm vms[5];
	struct vmset set;

	(void)state;
	vmset_init(&set, 2);
	for (int i = 0; i < 5; i++)
		vms[i] = make_vm(i + 1, "");
	vmset_add(&set, &vms[0]);
	vmset_add(&set, &vms[1]);
	stall(&set, &vms[0], 1000);
	stall(&set, &vms[1], 1000);
	vmset_judge(&set, MINUTE);
	vmset_remove(&set, 2);
	vmset_judge(&set, MINUTE + 2);
	vmset_remove(&set, 1);
	vmset_judge(&set, MINUTE + 3);
	vmset_add(&set, &vms[2]);
	vmset_judge(&set, 2 * MINUTE + 1);
	assert_null(shown(&set, "vmm[1003]"));
	vmset_judge(&set, 2 * MINUTE + 2);
	assert_non_null(shown(&set, "vmm[1003]"));
	assert_null(shown(&set, "vmm[1002]")); /* the longest dead */
	assert_non_null(shown(&set, "vmm[1001]"));
	assert_int_equal(set.evictions, 0);
	vmset_fini(&set);
}

#define ASLEEP_NS (2 * 1000000000ULL)

/* Its wait may never end, and so never be counted: who is asked about is shown first (M8). */
static void one_that_waits_now_is_shown_before_those_that_stalled_more(void **state)
{
	struct vm vms[3];
	struct vmset set;

	(void)state;
	vmset_init(&set, 2);
	for (int i = 0; i < 3; i++) {
		vms[i] = make_vm(i + 1, "");
		vmset_add(&set, &vms[i]);
		stall(&set, &vms[i], i < 2 ? MINUTE : 0);
	}
	vmset_judge(&set, 1);
	assert_null(shown(&set, "vmm[1003]"));
	vmset_asleep_begin(&set);
	vmset_asleep(&set, 3, ASLEEP_NS);
	assert_true(vmset_due_ns(&set, MINUTE) < 2 * MINUTE);
	vmset_asleep_begin(&set); /* the next scan is under way */
	vmset_judge(&set, 2 * MINUTE);
	assert_non_null(shown(&set, "vmm[1003]"));
	/* Nor does another take its place for what it stalled before. */
	vmset_asleep(&set, 3, 2 * ASLEEP_NS);
	stall(&set, &vms[0], 100 * MINUTE);
	stall(&set, &vms[1], 100 * MINUTE);
	vmset_judge(&set, 3 * MINUTE);
	assert_int_equal(shown(&set, "vmm[1003]")->asleep_ns, 2 * ASLEEP_NS);
	vmset_fini(&set);
}

/* What waits for nothing does not wake anybody. */
static void a_judgement_is_due_when_something_has_changed(void **state)
{
	struct vm vm = make_vm(1, "web");
	struct vmset set;
	uint64_t due_ns;

	(void)state;
	vmset_init(&set, 10);
	assert_int_equal(vmset_due_ns(&set, 5), UINT64_MAX);
	vmset_add(&set, &vm);
	due_ns = vmset_due_ns(&set, 5);
	assert_true(due_ns > 5 && due_ns < MINUTE);
	assert_int_equal(vmset_due_ns(&set, 6), due_ns);
	vmset_judge(&set, due_ns);
	assert_int_equal(vmset_due_ns(&set, due_ns), UINT64_MAX);
	stall(&set, &vm, 0);
	assert_int_equal(vmset_due_ns(&set, due_ns), UINT64_MAX);
	stall(&set, &vm, 1);
	assert_true(vmset_due_ns(&set, due_ns) < UINT64_MAX);
	vmset_judge(&set, 2 * due_ns);
	vmset_remove(&set, 1);
	assert_true(vmset_due_ns(&set, 2 * due_ns) < MINUTE);
	vmset_judge(&set, MINUTE);
	assert_int_equal(vmset_due_ns(&set, MINUTE), 6 * MINUTE);
	vmset_judge(&set, 6 * MINUTE);
	assert_int_equal(vmset_due_ns(&set, 6 * MINUTE), UINT64_MAX);
	vmset_fini(&set);
}

static void labels_are_unique_and_never_other(void **state)
{
	struct vm one = make_vm(1, "web"), two = make_vm(2, "web"), three = make_vm(3, "other");
	struct vmset set;

	(void)state;
	vmset_init(&set, 10);
	vmset_add(&set, &one);
	vmset_add(&set, &two);
	vmset_add(&set, &three);
	stall(&set, &one, 5);
	vmset_judge(&set, 1);
	assert_non_null(shown(&set, "web"));
	assert_non_null(shown(&set, "web#2"));
	assert_non_null(shown(&set, "other#2"));
	vmset_fini(&set);
}

/* A VM that is started anew continues the series of its name: no reset for nothing. */
static void a_successor_continues_the_series(void **state)
{
	struct vm one = make_vm(1, "web"), two = make_vm(2, "web");
	struct vmset set;

	(void)state;
	vmset_init(&set, 10);
	vmset_add(&set, &one);
	stall(&set, &one, 5);
	vmset_judge(&set, 1);
	vmset_remove(&set, 1);
	vmset_add(&set, &two);
	stall(&set, &two, 6);
	vmset_judge(&set, 1);
	assert_int_equal(set.shown_cnt, 1);
	assert_int_equal(shown(&set, "web")->ns[KS_CAUSE_GP_TIMER], 11);
	assert_int_equal(shown(&set, "web")->id, 2);
	vmset_fini(&set);
}

/* Of 10 000 VMs few have series; the others are to cost little. */
static void only_those_with_series_have_memory_for_them(void **state)
{
	struct vm one = make_vm(1, "web"), two = make_vm(2, "db");
	const struct vmset_vm *hidden;
	struct vmset set;

	(void)state;
	vmset_init(&set, 1);
	vmset_add(&set, &one);
	vmset_add(&set, &two);
	stall(&set, &one, 7);
	stall(&set, &two, 5);
	vmset_judge(&set, 1);
	hidden = map_get(&set.vms, 2);
	assert_non_null(shown(&set, "web"));
	assert_null(hidden->ns);
	assert_null(hidden->label);
	stall(&set, &two, 3);
	assert_null(hidden->ns);
	assert_int_equal(set.other_ns[KS_CAUSE_GP_TIMER], 8);
	vmset_fini(&set);
}

static void no_limit_at_all_is_other_for_all(void **state)
{
	struct vm vm = make_vm(1, "web");
	struct vmset set;

	(void)state;
	vmset_init(&set, 0);
	vmset_add(&set, &vm);
	stall(&set, &vm, 5);
	stall(&set, NULL, 6);
	vmset_judge(&set, 1);
	assert_int_equal(set.shown_cnt, 0);
	assert_int_equal(set.other_ns[KS_CAUSE_GP_TIMER], 11);
	vmset_fini(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(those_who_stall_most_have_series),
		cmocka_unit_test(other_never_goes_back_and_nothing_counts_twice),
		cmocka_unit_test(while_nobody_is_evicted_all_time_can_be_read),
		cmocka_unit_test(the_dead_keep_their_series_for_five_minutes),
		cmocka_unit_test(the_living_take_the_places_of_the_dead_after_a_minute),
		cmocka_unit_test(one_that_waits_now_is_shown_before_those_that_stalled_more),
		cmocka_unit_test(a_judgement_is_due_when_something_has_changed),
		cmocka_unit_test(labels_are_unique_and_never_other),
		cmocka_unit_test(a_successor_continues_the_series),
		cmocka_unit_test(only_those_with_series_have_memory_for_them),
		cmocka_unit_test(no_limit_at_all_is_other_for_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
