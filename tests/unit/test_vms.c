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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_but_the_first_of_a_process_are_further_ones),
		cmocka_unit_test(processes_that_are_not_remembered_had_one),
	};

	return cmocka_run_group_tests_name("vms", tests, NULL, NULL);
}
