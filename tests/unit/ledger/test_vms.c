// SPDX-License-Identifier: GPL-2.0-only
/* The VMs that a ledger knows: which of them is not the first of its process. */
#include "ledger/vms.h"

#include "unit.h"

static bool is_further(struct vms *vms, uint32_t tgid, uint64_t kvm)
{
	struct vm *vm = calloc(1, sizeof(*vm));

	assert_non_null(vm);
	vm->kvm = kvm;
	vm->tgid = tgid;
	assert_int_equal(vms_add(vms, vm), 0);
	return vm->is_further;
}

/* Also long after the first of them has been forgotten: names are in a log by then. */
static void all_but_the_first_of_a_process_are_further_ones(void **state)
{
	struct vms vms;
	struct vm *dead;

	(void)state;
	vms_init(&vms);
	assert_false(is_further(&vms, 7, 1));
	assert_true(is_further(&vms, 7, 2));
	assert_false(is_further(&vms, 8, 3));
	assert_non_null(vms_retire(&vms, 1, 100));
	assert_non_null(vms_retire(&vms, 2, 100));
	while ((dead = vms_bury(&vms, UINT64_MAX)))
		vm_free(dead);
	assert_true(is_further(&vms, 7, 1));
	vms_fini(&vms);
}

static void processes_that_are_not_remembered_had_one(void **state)
{
	struct owners owners = {.seen = {.cap = 0}};

	(void)state;
	for (uint32_t tgid = 0; tgid < OWNERS_MAX; tgid++)
		assert_false(owners_add(&owners, tgid));
	assert_true(owners_add(&owners, OWNERS_MAX));
	assert_true(owners_add(&owners, OWNERS_MAX));
	assert_true(owners_add(&owners, 3));
	assert_int_equal(owners.seen.cnt, OWNERS_MAX);
	owners_fini(&owners);
}

static struct vm *born(struct vms *vms, uint32_t tgid, uint64_t kvm, uint64_t ts_ns)
{
	struct vm *vm = calloc(1, sizeof(*vm));

	assert_non_null(vm);
	vm->kvm = kvm;
	vm->tgid = tgid;
	vm->born_ns = ts_ns;
	assert_int_equal(vms_add(vms, vm), 0);
	return vm;
}

static void bury_one(struct vms *vms, const struct vm *expected)
{
	struct vm *vm = vms_bury(vms, UINT64_MAX);

	assert_ptr_equal(vm, expected);
	vm_free(vm);
}

/* One after the other at one address: an address alone is not a VM. */
static void the_dead_are_found_by_their_address_and_time(void **state)
{
	struct vm *vm[5];
	struct vms vms;

	(void)state;
	vms_init(&vms);
	for (uint64_t i = 0; i < 5; i++) {
		vm[i] = born(&vms, 7 + i, 1, 1000 * (i + 1));
		if (i < 4)
			assert_ptr_equal(vms_retire(&vms, 1, 1000 * (i + 1) + 500), vm[i]);
	}
	for (int round = 0; round < 3; round++) { /* the oldest go */
		for (int i = round; i < 5; i++)
			assert_ptr_equal(vms_find_at(&vms, 1, 1000 * (i + 1) + 300), vm[i]);
		assert_ptr_equal(vms_find(&vms, 1), vm[4]);
		bury_one(&vms, vm[round]);
	}
	assert_ptr_equal(vms_find_at(&vms, 1, 5), vm[4]); /* none that is known was there then */
	assert_ptr_equal(vms_retire(&vms, 1, 6000), vm[4]);
	assert_ptr_equal(vms_find(&vms, 1), vm[4]);
	bury_one(&vms, vm[3]);
	assert_ptr_equal(vms_find(&vms, 1), vm[4]);
	bury_one(&vms, vm[4]);
	assert_null(vms_find(&vms, 1));
	vms_fini(&vms);
}

static void the_newest_that_lives_is_its_processs(void **state)
{
	struct vm *vm[3], *other;
	struct vms vms;

	(void)state;
	vms_init(&vms);
	for (uint64_t i = 0; i < 3; i++)
		vm[i] = born(&vms, 7, i + 1, i);
	other = born(&vms, 8, 11, 3);
	assert_ptr_equal(vms_of_process(&vms, 7), vm[2]);
	vms_retire(&vms, 3, 100);
	assert_ptr_equal(vms_of_process(&vms, 7), vm[1]);
	vms_retire(&vms, 2, 200);
	vms_retire(&vms, 1, 300);
	assert_ptr_equal(vms_of_process(&vms, 7), vm[0]); /* it died last */
	bury_one(&vms, vm[2]);
	bury_one(&vms, vm[1]);
	assert_ptr_equal(vms_of_process(&vms, 7), vm[0]);
	bury_one(&vms, vm[0]);
	assert_null(vms_of_process(&vms, 7));
	assert_ptr_equal(vms_of_process(&vms, 8), other);
	vms_fini(&vms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_but_the_first_of_a_process_are_further_ones),
		cmocka_unit_test(processes_that_are_not_remembered_had_one),
		cmocka_unit_test(the_dead_are_found_by_their_address_and_time),
		cmocka_unit_test(the_newest_that_lives_is_its_processs),
	};

	return cmocka_run_group_tests_name("vms", tests, NULL, NULL);
}
